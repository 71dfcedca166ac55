"""Calls webhooks as Twilio does: form, signature, time limits, retries, fallback."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

import urllib3
from twilio.request_validator import RequestValidator

from demo.phone.overrides import Outcome, Overrides, split_url

MAX_RESPONSE_BYTES = 64 * 1024  # Twilio's limit for TwiML


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What came of a webhook call: `status` is None when no HTTP answer was had."""

    status: int | None
    outcome: Outcome
    attempts: int
    detail: str = ""

    @property
    def accepted(self) -> bool:
        """Whether the application said 2xx."""
        return self.outcome is Outcome.OK


class WebhookCaller:
    """Signs and posts forms. Safe to use from many threads."""

    def __init__(self, auth_token: str, *, signs_fragment: bool = False) -> None:
        self._validator = RequestValidator(auth_token)
        self._signs_fragment = signs_fragment
        # an own pool, so that proxy settings of the shell cannot send loopback calls elsewhere
        self._pool = urllib3.PoolManager(num_pools=8, maxsize=16, retries=False)

    def call(
        self, url: str, form: Mapping[str, str], *, token: str, fallback_url: str | None = None
    ) -> Call:
        """Post a form; `token` names the event, the same for all its attempts."""
        call = self._call_one(url, form, token)
        if call.accepted or fallback_url is None:
            return call
        error = {"ErrorCode": "11200", "ErrorUrl": url}
        return self._call_one(fallback_url, {**form, **error}, token)

    def _call_one(self, url: str, form: Mapping[str, str], token: str) -> Call:
        bare, overrides = split_url(url)
        headers = self._headers(url if self._signs_fragment else bare, form, token)
        give_up_at = time.monotonic() + overrides.total_seconds
        attempts = 0
        while True:
            attempts += 1
            left = give_up_at - time.monotonic()
            status, outcome, detail = self._attempt(bare, form, headers, overrides, left)
            out_of_time = time.monotonic() >= give_up_at
            if out_of_time or not overrides.retries_after(outcome, attempts):
                return Call(status=status, outcome=outcome, attempts=attempts, detail=detail)

    def _headers(self, signed_url: str, form: Mapping[str, str], token: str) -> dict[str, str]:
        return {
            "X-Twilio-Signature": self._validator.compute_signature(signed_url, dict(form)),
            "I-Twilio-Idempotency-Token": token,
            "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
            "User-Agent": "TwilioProxy/1.1",
            "Accept": "*/*",
        }

    def _attempt(
        self,
        url: str,
        form: Mapping[str, str],
        headers: Mapping[str, str],
        overrides: Overrides,
        seconds_left: float,
    ) -> tuple[int | None, Outcome, str]:
        limit = max(seconds_left, 0.1)
        timeout = urllib3.Timeout(
            connect=min(overrides.connect_seconds, limit), read=min(overrides.read_seconds, limit)
        )
        try:
            response = self._pool.request(
                "POST",
                url,
                body=urlencode(form),
                headers=dict(headers),
                timeout=timeout,
                redirect=False,
                preload_content=False,
            )
            response.read(MAX_RESPONSE_BYTES)
            # what is left unread would be taken for the start of the next answer
            response.drain_conn()
            response.release_conn()
        except urllib3.exceptions.ReadTimeoutError:
            return None, Outcome.READ, "no answer in time"
        except urllib3.exceptions.HTTPError as error:
            return None, Outcome.CONNECT, type(error).__name__
        return response.status, _outcome(response.status), f"HTTP {response.status}"

    def close(self) -> None:
        """Close the connections that are kept open."""
        self._pool.clear()


def _outcome(status: int) -> Outcome:
    if 200 <= status < 300:
        return Outcome.OK
    return Outcome.SERVER_ERROR if status >= 500 else Outcome.CLIENT_ERROR
