"""What the service is measured beside, each in a process of its own:

    python -m tests.benchmarks.inference_peers bare FOLDER
    python -m tests.benchmarks.inference_peers transformers FOLDER TOKENS

Prints one line of JSON, last.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

from clinical import read_case
from clinical.case import Case, Message
from inference_svc.engine import GenerationRequest
from inference_svc.prompt import ChatTurn, messages_for
from inference_svc.settings import load_settings
from tests.benchmarks.inference_load import MAX_OUTPUT_TOKENS, measure, texts

SEQUENTIAL_ANSWERS = 4


def turns_of(text: str) -> list[ChatTurn]:
    """The production prompt of one text."""
    return messages_for(read_case(Case(messages=(Message(text=text),))).case, "en")


def bare(folder: Path) -> dict[str, float]:
    """AsyncLLM with the service's own arguments, schema and prompts, and nothing around it."""
    from inference_svc.vllm_engine import start_vllm

    async def run() -> dict[str, float]:
        engine = start_vllm(load_settings(engine="vllm", model_path=folder, demo=True))
        prompts: dict[str, list[ChatTurn]] = {}

        async def ask(text: str) -> int:
            request = GenerationRequest(
                request_id=uuid4().hex,
                turns=prompts.setdefault(text, turns_of(text)),
                max_output_tokens=MAX_OUTPUT_TOKENS,
            )
            async for piece in engine.generate(request):
                last = piece
            return last.usage.output_tokens if last.usage else 0

        try:
            return (await measure(ask)).as_dict()
        finally:
            engine.shutdown()

    return asyncio.run(run())


def transformers_one_at_a_time(folder: Path, tokens: int) -> dict[str, float]:
    """`generate()` of the multimodal model, one request after the other, as many tokens each."""
    import torch
    from transformers import AutoTokenizer, Gemma3Config, Gemma3ForConditionalGeneration

    text_config = json.loads((folder / "config.json").read_text())
    tokenizer = AutoTokenizer.from_pretrained(folder)
    vision: dict[str, Any] = {
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "image_size": 56,
        "patch_size": 14,
        "vision_use_head": False,
    }
    config = Gemma3Config(text_config=text_config, vision_config=vision, mm_tokens_per_image=4)
    torch.manual_seed(11)
    torch.set_default_dtype(torch.bfloat16)
    model = Gemma3ForConditionalGeneration(config).eval()
    taken = []
    for text in texts(1)[: SEQUENTIAL_ANSWERS + 1]:
        ids = tokenizer.apply_chat_template(
            turns_of(text), add_generation_prompt=True, return_tensors="pt"
        )["input_ids"]
        began = time.perf_counter()
        with torch.inference_mode():
            model.generate(
                ids, max_new_tokens=tokens, min_new_tokens=tokens, do_sample=False, pad_token_id=0
            )
        taken.append(time.perf_counter() - began)
    seconds = sum(taken[1:]) / SEQUENTIAL_ANSWERS
    return {
        "tokens_per_second": tokens / seconds,
        "answers_per_second": 1 / seconds,
        "single_seconds": seconds,
        "single_tokens": tokens,
    }


def main(name: str, folder: str, *rest: str) -> None:
    """Run one peer and print what it measured."""
    peers = {"bare": bare, "transformers": transformers_one_at_a_time}
    print(json.dumps(peers[name](Path(folder), *map(int, rest))), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
