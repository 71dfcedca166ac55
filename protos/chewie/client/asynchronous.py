"""The asyncio client. Make it inside a running loop; keep one for the loop's life."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from types import TracebackType
from typing import Self

import grpc

from chewie.client.channel import Tls, call_metadata, channel_options
from chewie.client.errors import error_from
from chewie.client.requests import with_id
from chewie.triage.v1 import triage_pb2 as pb
from chewie.triage.v1.triage_pb2_grpc import TriageServiceStub


class AsyncTriageClient:
    """As `TriageClient`, for asyncio."""

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
            grpc.aio.insecure_channel(target, options)
            if tls is None
            else grpc.aio.secure_channel(target, tls.credentials(), options)
        )
        self._stub = TriageServiceStub(self._channel)
        self._token = token

    async def assess(self, request: pb.AssessRequest, *, timeout_seconds: float) -> pb.Assessment:
        """Return the assessment; retries share the one deadline. Raises `TriageError`."""
        try:
            response: pb.AssessResponse = await self._stub.Assess(
                with_id(request), timeout=timeout_seconds, metadata=call_metadata(self._token)
            )
        except grpc.aio.AioRpcError as error:
            raise error_from(error) from error
        return response.assessment

    async def assess_stream(
        self, request: pb.AssessRequest, *, timeout_seconds: float
    ) -> AsyncGenerator[pb.AssessStreamResponse, None]:
        """Yield the events; the last one holds the assessment. Raises `TriageError`.

        Close the generator (`contextlib.aclosing`) to give up early; that frees the engine.
        """
        call = self._stub.AssessStream(
            pb.AssessStreamRequest(request=with_id(request)),
            timeout=timeout_seconds,
            metadata=call_metadata(self._token),
        )
        try:
            async for event in call:
                yield event
        except grpc.aio.AioRpcError as error:
            raise error_from(error) from error
        finally:
            call.cancel()

    async def info(self, *, timeout_seconds: float) -> pb.GetServiceInfoResponse:
        """Return what answers at the target, its limits and load. Raises `TriageError`."""
        try:
            response: pb.GetServiceInfoResponse = await self._stub.GetServiceInfo(
                pb.GetServiceInfoRequest(),
                timeout=timeout_seconds,
                metadata=call_metadata(self._token),
            )
        except grpc.aio.AioRpcError as error:
            raise error_from(error) from error
        return response

    async def close(self) -> None:
        """Close the connection; running calls are cancelled."""
        await self._channel.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()
