"""One peer of the GPU benchmark in a process of its own; prints one line of JSON, last.

python -m tests.benchmarks.gpu_peers transformers|multimodal|text-only FOLDER TOKENS
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.benchmarks.inference_load import Measured, measure, texts
from tests.benchmarks.inference_peers import turns_of

SEQUENTIAL_ANSWERS = 8


def in_vllm(folder: Path, tokens: int, **arguments: Any) -> Measured:
    """AsyncLLM on a folder; every answer has exactly `tokens` tokens, schema left out."""
    from vllm import SamplingParams
    from vllm.engine.arg_utils import AsyncEngineArgs
    from vllm.renderers import ChatParams
    from vllm.sampling_params import RequestOutputKind
    from vllm.v1.engine.async_llm import AsyncLLM

    sampling = SamplingParams(
        max_tokens=tokens,
        min_tokens=tokens,
        ignore_eos=True,
        temperature=0.0,
        output_kind=RequestOutputKind.FINAL_ONLY,
    )
    parameters = ChatParams(chat_template_kwargs={"add_generation_prompt": True})

    async def run() -> Measured:
        engine = AsyncLLM.from_engine_args(
            AsyncEngineArgs(
                model=str(folder),
                max_model_len=4096,
                max_num_seqs=16,
                prefix_cache_retention_interval=None,
                **arguments,
            )
        )

        async def ask(text: str) -> int:
            _, (prompt,) = await engine.renderer.render_chat_async(
                [list(turns_of(text))], parameters
            )
            async for output in engine.generate(prompt, sampling, uuid4().hex):
                last = output
            return len(last.outputs[0].token_ids)

        try:
            return await measure(ask)
        finally:
            engine.shutdown()

    return asyncio.run(run())


def in_transformers(folder: Path, tokens: int) -> Measured:
    """`generate()` of the multimodal model, one request after the other."""
    import torch
    from transformers import AutoTokenizer, Gemma3ForConditionalGeneration

    device = "cuda" if torch.cuda.is_available() else "cpu"
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = Gemma3ForConditionalGeneration.from_pretrained(folder, dtype=torch.bfloat16)
    model = model.to(device).eval()
    taken = []
    for text in texts(1)[: SEQUENTIAL_ANSWERS + 1]:
        ids = tokenizer.apply_chat_template(
            turns_of(text), add_generation_prompt=True, return_tensors="pt"
        )["input_ids"].to(device)
        began = time.perf_counter()
        with torch.inference_mode():
            model.generate(
                ids, max_new_tokens=tokens, min_new_tokens=tokens, do_sample=False, pad_token_id=0
            ).cpu()
        taken.append(time.perf_counter() - began)
    seconds = sum(taken[1:]) / SEQUENTIAL_ANSWERS
    return Measured(
        tokens_per_second=tokens / seconds,
        answers_per_second=1 / seconds,
        single_seconds=seconds,
        single_tokens=tokens,
    )


def main(name: str, folder: str, tokens: str) -> None:
    """Run one peer and print what it measured."""
    if name == "transformers":
        measured = in_transformers(Path(folder), int(tokens))
    elif name == "multimodal":
        measured = in_vllm(Path(folder), int(tokens), limit_mm_per_prompt={"image": 0})
    else:
        measured = in_vllm(Path(folder), int(tokens))
    print(json.dumps(measured.as_dict()), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
