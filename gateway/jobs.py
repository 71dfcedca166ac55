"""The queue's tasks: thin, each hands an id to its use case. Errors are logged once, without text.

Tasks are plain functions: the worker runs them in threads, one conversation at a time by its lock.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import structlog
from procrastinate import App, JobContext, PsycopgConnector, RetryDecision
from procrastinate.jobs import Job
from procrastinate.retry import BaseRetryStrategy

from gateway import dead_letter, queue
from gateway.consultation import ConversationMovedError, answer_contact
from gateway.database import conninfo_from
from gateway.delivery import deliver
from gateway.first_reading import read_first
from gateway.queue import enqueue_answer, enqueue_delivery
from gateway.redaction import redact_pair
from gateway.retry import backoff
from gateway.traces import TRACER
from gateway.wiring import Gateway

MAX_ATTEMPTS = 6  # of a job that fails by itself; with the waits of `retry`, under a minute
log = structlog.get_logger("gateway.jobs")


class _Again(BaseRetryStrategy):
    """A conversation that moved runs again at once; anything else waits, and gives up at last."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        if isinstance(exception, ConversationMovedError) and job.attempts < 10 * MAX_ATTEMPTS:
            return RetryDecision(retry_at=datetime.now(UTC))
        if job.attempts + 1 >= MAX_ATTEMPTS:
            return None
        seconds = int(backoff(job.attempts + 1) / timedelta(seconds=1))
        return RetryDecision(retry_in={"seconds": seconds})


def queue_app(gateway: Gateway, *, pool_size: int = 4) -> App:
    """The queue with its tasks, bound to one gateway. Opened by the worker."""
    url = gateway.settings.database_url.get_secret_value()
    app = App(
        connector=PsycopgConnector(conninfo=conninfo_from(url), min_size=1, max_size=pool_size)
    )
    again = _Again()

    @app.task(name=queue.READ_FIRST, retry=again, pass_context=True)
    def _read_first(context: JobContext, /, inbox_id: int, **_later: object) -> None:
        try:
            with TRACER.start_as_current_span(queue.READ_FIRST, attributes={"inbox": inbox_id}):
                read_first(gateway, inbox_id)
        except Exception:
            # The conversation itself must go on where the first reading cannot.
            if _is_last(context):
                dead_letter.after_first_reading(gateway, inbox_id)
            raise

    @app.task(name=queue.ANSWER, retry=again, pass_context=True)
    def _answer(context: JobContext, /, contact_id: int, **_later: object) -> None:
        try:
            with TRACER.start_as_current_span(queue.ANSWER, attributes={"contact": contact_id}):
                answer_contact(gateway, contact_id)
        except ConversationMovedError:
            raise
        except Exception as error:
            log.error("answer_failed", contact_id=contact_id, error=type(error).__name__)
            if _is_last(context):
                dead_letter.give_up(gateway, contact_id, reason=type(error).__name__)
                return
            raise

    @app.task(name=queue.WAKE_ANSWER, retry=again)
    def _wake_answer(contact_id: int, **_later: object) -> None:
        with gateway.engine.begin() as connection:
            enqueue_answer(connection, contact_id)

    @app.task(name=queue.DELIVER, retry=again)
    def _deliver(contact_id: int, **_later: object) -> None:
        with TRACER.start_as_current_span(queue.DELIVER, attributes={"contact": contact_id}):
            deliver(gateway, contact_id)

    @app.task(name=queue.WAKE_DELIVERY, retry=again)
    def _wake_delivery(contact_id: int, **_later: object) -> None:
        with gateway.engine.begin() as connection:
            enqueue_delivery(connection, contact_id)

    @app.task(name=queue.REDACT, retry=again)
    def _redact(outbox_id: int, **_later: object) -> None:
        redact_pair(gateway, outbox_id)

    return app


def _is_last(context: JobContext) -> bool:
    return context.job.attempts + 1 >= MAX_ATTEMPTS
