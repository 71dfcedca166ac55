"""Who may call what: from a method and its metadata to a caller, or a refusal. Keeps no state."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from inference_svc.errors import permission_denied, unauthenticated
from inference_svc.tokens import Scope, TokenBook

SERVICE = "/chewie.triage.v1.TriageService/"
METHOD_SCOPES = {
    SERVICE + "Assess": Scope.ASSESS,
    SERVICE + "AssessStream": Scope.ASSESS,
    SERVICE + "GetServiceInfo": Scope.INFO,
}
OPEN_PREFIX = "/grpc.health.v1.Health/"
"""Health tells nothing of a case, and kubelet's probes carry no token."""

MAX_TOKEN_CHARACTERS = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who calls, by the name in the tokens file."""

    name: str
    scopes: frozenset[Scope]

    def require(self, scope: Scope) -> None:
        """Raise PERMISSION_DENIED when the scope is missing."""
        if scope not in self.scopes:
            raise permission_denied(scope.value)


LOOPBACK_CALLER = Caller(name="loopback", scopes=frozenset(Scope))


class Gate:
    """Lets callers in by token; with no book (demo on loopback only) everyone is one caller."""

    def __init__(self, book: TokenBook | None) -> None:
        self._book = book

    def caller_of(self, method: str, metadata: Iterable[tuple[str, str | bytes]]) -> Caller:
        """Return the caller of a method. Raises UNAUTHENTICATED or PERMISSION_DENIED.

        A method that is not in the table (reflection) needs the scope info.
        """
        if self._book is None:
            return LOOPBACK_CALLER
        grant = self._book.grant_of(_bearer_token(metadata))
        if grant is None:
            raise unauthenticated("the token is unknown or expired")
        caller = Caller(name=grant.caller, scopes=grant.scopes)
        caller.require(METHOD_SCOPES.get(method, Scope.INFO))
        return caller


def _bearer_token(metadata: Iterable[tuple[str, str | bytes]]) -> str:
    values = [value for key, value in metadata if key == "authorization"]
    if len(values) != 1 or not isinstance(values[0], str):
        raise unauthenticated("expected one authorization entry: «Bearer TOKEN»")
    kind, _, token = values[0].partition(" ")
    if kind.lower() != "bearer" or not token or len(token) > MAX_TOKEN_CHARACTERS:
        raise unauthenticated("expected authorization «Bearer TOKEN»")
    return token
