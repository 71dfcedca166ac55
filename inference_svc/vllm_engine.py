"""The engine on vLLM's AsyncLLM, in process. The only module that imports vllm.

Translates between our requests and vLLM's, and vLLM's errors into ours. Decides nothing medical.
"""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry

from inference_svc.engine import (
    EngineDeadError,
    EngineError,
    EngineLoad,
    EngineOverloadedError,
    EngineStartError,
    EngineUnavailableError,
    Generated,
    GenerationRequest,
    PromptRejectedError,
    TokenUsage,
)
from inference_svc.logs import ENGINE_LOGGING
from inference_svc.output import schema
from inference_svc.settings import ENV_PREFIX, InferenceSettings

if TYPE_CHECKING:
    from vllm import SamplingParams
    from vllm.engine.arg_utils import AsyncEngineArgs
    from vllm.outputs import RequestOutput
    from vllm.v1.engine.async_llm import AsyncLLM


def prepare_environment(settings: InferenceSettings) -> None:
    """Set what vLLM reads from the environment when it is imported, unless an operator has.

    Its worker processes must be spawned: gRPC does not survive a fork.
    """
    wanted = {
        "VLLM_WORKER_MULTIPROC_METHOD": "spawn",
        "VLLM_CPU_KVCACHE_SPACE": str(settings.cpu_kv_cache_gib),
        "VLLM_LOGGING_LEVEL": "WARNING",
        "VLLM_LOGGING_CONFIG_PATH": str(ENGINE_LOGGING),
        "VLLM_NO_USAGE_STATS": "1",
        "VLLM_DO_NOT_TRACK": "1",
        "HF_HUB_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "false",
    }
    if settings.cache_dir is not None:
        wanted["VLLM_CACHE_ROOT"] = str(settings.cache_dir)
    for name, value in wanted.items():
        os.environ.setdefault(name, value)


def engine_arguments(settings: InferenceSettings) -> AsyncEngineArgs:
    """Our settings as vLLM's."""
    from vllm.engine.arg_utils import AsyncEngineArgs

    places = settings.max_running_requests + settings.max_waiting_requests
    speculative: dict[str, Any] | None = None
    if settings.speculative_ngram_tokens:
        speculative = {
            "method": "ngram",
            "num_speculative_tokens": settings.speculative_ngram_tokens,
            "prompt_lookup_max": 4,
        }
    return AsyncEngineArgs(
        model=str(settings.model_path),
        dtype=settings.dtype,
        quantization=settings.quantization or None,
        max_model_len=settings.max_model_tokens,
        max_num_seqs=settings.max_running_requests,
        max_num_queued_reqs=places + settings.emergency_reserve,
        gpu_memory_utilization=settings.gpu_memory_share,
        tensor_parallel_size=settings.tensor_parallel,
        enforce_eager=settings.enforce_eager,
        enable_prefix_caching=True,
        # vLLM's own value keeps sliding-window blocks only where a prompt ended: with Gemma's
        # sliding layers a second case would then find nothing of the system text.
        prefix_cache_retention_interval=None,
        scheduling_policy="priority",
        speculative_config=speculative,
        otlp_traces_endpoint=settings.otlp_endpoint or None,
        structured_outputs_config={"backend": "xgrammar", "disable_any_whitespace": True},
        disable_log_stats=False,
        enable_log_requests=False,
    )


def start_vllm(settings: InferenceSettings) -> VllmEngine:
    """Load the model and start the engine's process; blocks for 25 s to minutes.

    Call it before any gRPC server, channel or exporter exists. Raises `EngineStartError`.
    """
    prepare_environment(settings)
    try:
        from vllm.v1.engine.async_llm import AsyncLLM

        return VllmEngine(AsyncLLM.from_engine_args(engine_arguments(settings)), settings)
    except Exception as error:  # vLLM, torch and the card fail in many types
        raise EngineStartError(
            f"vLLM does not start on {settings.model_path}: {error}\n"
            f"Look at {ENV_PREFIX}MODEL_PATH, QUANTIZATION, DTYPE, MAX_MODEL_TOKENS and the memory "
            "settings; lines above, if any, are the engine's own."
        ) from error


def vllm_registry() -> CollectorRegistry:
    """The registry in which vLLM keeps its own metrics."""
    from vllm.v1.metrics.prometheus import get_prometheus_registry

    registry: CollectorRegistry = get_prometheus_registry()
    return registry


class VllmEngine:
    """`Engine` on an AsyncLLM that runs already."""

    def __init__(self, llm: AsyncLLM, settings: InferenceSettings) -> None:
        self._llm = llm
        self._running_limit = settings.max_running_requests
        self._traces = bool(settings.otlp_endpoint)

    @property
    def max_model_tokens(self) -> int:
        """Longest prompt plus output, in tokens."""
        return int(self._llm.model_config.max_model_len)

    @property
    def dead(self) -> bool:
        """True once the engine's process is gone."""
        return bool(self._llm.errored)

    def load(self) -> EngineLoad:
        """Requests that are not finished; beyond the batch's size they wait."""
        unfinished = int(self._llm.get_num_unfinished_requests())
        running = min(unfinished, self._running_limit)
        return EngineLoad(running=running, waiting=unfinished - running)

    async def generate(self, request: GenerationRequest) -> AsyncGenerator[Generated, None]:
        """Yield the pieces of one answer. Raises `EngineError`."""
        try:
            prompt = await self._rendered(request)
            pieces = self._llm.generate(
                prompt,
                _sampling(request),
                request.request_id,
                priority=request.priority,
                trace_headers=dict(request.trace_headers) if self._traces else None,
            )
            async with aclosing(pieces):
                async for output in pieces:
                    yield _generated(output)
        except Exception as error:
            raise _translated(error) from error

    def shutdown(self, *, now: bool = False) -> None:
        """Stop the engine's process; `now` kills it, else vLLM gives it five seconds."""
        self._llm.shutdown(timeout=0 if now else None)

    async def _rendered(self, request: GenerationRequest) -> Any:
        from vllm.renderers import ChatParams

        parameters = ChatParams(chat_template_kwargs={"add_generation_prompt": True})
        _, (prompt,) = await self._llm.renderer.render_chat_async([list(request.turns)], parameters)
        return prompt


def _sampling(request: GenerationRequest) -> SamplingParams:
    from vllm import SamplingParams
    from vllm.sampling_params import RequestOutputKind, StructuredOutputsParams

    return SamplingParams(
        max_tokens=request.max_output_tokens,
        temperature=request.temperature,
        structured_outputs=StructuredOutputsParams(json=dict(schema())),
        output_kind=RequestOutputKind.DELTA if request.stream else RequestOutputKind.FINAL_ONLY,
    )


def _generated(output: RequestOutput) -> Generated:
    completion = output.outputs[0]
    if not output.finished:
        return Generated(text=completion.text)
    return Generated(
        text=completion.text,
        finish_reason=completion.finish_reason or "error",
        usage=_usage(output),
    )


def _usage(output: RequestOutput) -> TokenUsage:
    stats = output.metrics
    return TokenUsage(
        prompt_tokens=len(output.prompt_token_ids or ()),
        cached_tokens=output.num_cached_tokens or 0,
        output_tokens=stats.num_generation_tokens if stats else 0,
        queue_ms=round(1000 * (stats.scheduled_ts - stats.queued_ts)) if stats else 0,
        first_token_ms=round(1000 * stats.first_token_latency) if stats else 0,
    )


def _translated(error: Exception) -> EngineError:
    """Our error for vLLM's; sentences are fixed, since vLLM's may quote the prompt."""
    from vllm.exceptions import MaxQueuedTokensError, QueueOverflowError, VLLMClientError
    from vllm.v1.engine.exceptions import EngineDeadError as VllmDeadError

    if isinstance(error, EngineError):
        return error
    if isinstance(error, QueueOverflowError | MaxQueuedTokensError):
        return EngineOverloadedError()
    if isinstance(error, VllmDeadError):
        return EngineDeadError()
    if isinstance(error, VLLMClientError | ValueError):
        return PromptRejectedError("more text than the model's context holds; send a shorter one")
    return EngineUnavailableError()
