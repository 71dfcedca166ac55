"""The blocking client. Thread-safe; keep one for the life of a process."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Self

import grpc

from chewie.client.channel import Tls, call_metadata, channel_options
from chewie.client.errors import error_from
from chewie.client.requests import with_id
from chewie.triage.v1 import triage_pb2 as pb
from chewie.triage.v1.triage_pb2_grpc import TriageServiceStub


class TriageClient:
    """A client of `target` («host:port», or «dns:///name:port» for all its addresses in turn).

    Opens its connection at the first call. Without `tls` the connection is in clear.
    """

    def __init__(
        self,
        target: str,
        *,
        token: str | None = None,
        tls: Tls | None = None,
        max_attempts: int = 3,
    ) -> None:
        options = channel_options(max_attempts=max_attempts, tls=tls)
        self._channel = (
            grpc.insecure_channel(target, options)
            if tls is None
            else grpc.secure_channel(target, tls.credentials(), options)
        )
        self._stub = TriageServiceStub(self._channel)
        self._token = token

    def assess(self, request: pb.AssessRequest, *, timeout_seconds: float) -> pb.Assessment:
        """Return the assessment; retries share the one deadline. Raises `TriageError`."""
        return self.assess_with_trailers(request, timeout_seconds=timeout_seconds)[0]

    def assess_with_trailers(
        self, request: pb.AssessRequest, *, timeout_seconds: float
    ) -> tuple[pb.Assessment, Mapping[str, str]]:
        """Return the assessment, and the trailing metadata in text. Raises `TriageError`."""
        response: pb.AssessResponse
        try:
            response, call = self._stub.Assess.with_call(
                with_id(request), timeout=timeout_seconds, metadata=call_metadata(self._token)
            )
        except grpc.RpcError as error:
            raise error_from(error) from error
        trailers = {k: v for k, v in call.trailing_metadata() or () if isinstance(v, str)}
        return response.assessment, trailers

    def assess_stream(
        self, request: pb.AssessRequest, *, timeout_seconds: float
    ) -> Iterator[pb.AssessStreamResponse]:
        """Yield the events; the last one holds the assessment. Raises `TriageError`.

        Closing the iterator early cancels the call and frees the engine.
        """
        call = self._stub.AssessStream(
            pb.AssessStreamRequest(request=with_id(request)),
            timeout=timeout_seconds,
            metadata=call_metadata(self._token),
        )
        try:
            yield from call
        except grpc.RpcError as error:
            raise error_from(error) from error
        finally:
            call.cancel()

    def info(self, *, timeout_seconds: float) -> pb.GetServiceInfoResponse:
        """Return what answers at the target, its limits and load. Raises `TriageError`."""
        try:
            response: pb.GetServiceInfoResponse = self._stub.GetServiceInfo(
                pb.GetServiceInfoRequest(),
                timeout=timeout_seconds,
                metadata=call_metadata(self._token),
            )
        except grpc.RpcError as error:
            raise error_from(error) from error
        return response

    def close(self) -> None:
        """Close the connection; running calls are cancelled."""
        self._channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
