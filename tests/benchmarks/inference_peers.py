"""What the service is measured beside, each in a process of its own:

    python -m tests.benchmarks.inference_peers bare FOLDER
    python -m tests.benchmarks.inference_peers transformers FOLDER

Reads one round a line ({"texts": […], "tokens": N}), answers it and prints what it took as a line.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any
from uuid import uuid4

from clinical import read_case
from clinical.case import Case, Message
from inference_svc.engine import GenerationRequest
from inference_svc.prompt import ChatTurn, messages_for
from inference_svc.settings import load_settings
from tests.benchmarks.inference_load import MAX_OUTPUT_TOKENS, Peer, Round, timed
from tests.benchmarks.machine import ROOT

Answer = Callable[[Sequence[str], int], Awaitable[Round]]
READY = "ready"


def turns_of(text: str) -> list[ChatTurn]:
    """The production prompt of one text."""
    return messages_for(read_case(Case(messages=(Message(text=text),))).case, "en")


@asynccontextmanager
async def bare(folder: Path) -> AsyncIterator[Answer]:
    """AsyncLLM with the service's own arguments, schema and prompts, and nothing around it."""
    from inference_svc.vllm_engine import start_vllm

    engine = start_vllm(load_settings(engine="vllm", model_path=folder, demo=True))

    async def answer(texts: Sequence[str], tokens: int) -> Round:
        prompts = {text: turns_of(text) for text in texts}

        async def ask(text: str) -> int:
            request = GenerationRequest(
                request_id=uuid4().hex, turns=prompts[text], max_output_tokens=tokens
            )
            async for piece in engine.generate(request):
                last = piece
            return last.usage.output_tokens if last.usage else 0

        return await timed(ask, texts)

    try:
        yield answer
    finally:
        engine.shutdown()


@asynccontextmanager
async def transformers_one_at_a_time(folder: Path) -> AsyncIterator[Answer]:
    """`generate()` of the multimodal model, one request after the other, `tokens` each."""
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

    async def answer(texts: Sequence[str], tokens: int) -> Round:
        prompts = [
            tokenizer.apply_chat_template(
                turns_of(text), add_generation_prompt=True, return_tensors="pt"
            )["input_ids"]
            for text in texts
        ]
        began = time.perf_counter()
        with torch.inference_mode():
            for ids in prompts:
                model.generate(
                    ids,
                    max_new_tokens=tokens,
                    min_new_tokens=tokens,
                    do_sample=False,
                    pad_token_id=0,
                )
        return Round(tokens=tokens * len(texts), seconds=time.perf_counter() - began)

    yield answer


PEERS = {"bare": bare, "transformers": transformers_one_at_a_time}


@asynccontextmanager
async def peer(name: str, folder: Path) -> AsyncIterator[Peer]:
    """A peer in a process of its own, once it is ready."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.benchmarks.inference_peers", name, str(folder)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    sent, told = process.stdin, process.stdout

    async def line() -> dict[str, Any]:
        while said := await told.readline():
            if said.startswith(b"{"):
                return dict(json.loads(said))
        raise SystemExit(f"the peer {name} ended with {await process.wait()}")

    async def ask(texts: Sequence[str]) -> Round:
        sent.write(json.dumps({"texts": texts, "tokens": MAX_OUTPUT_TOKENS}).encode() + b"\n")
        await sent.drain()
        return Round(**await line())

    try:
        await line()
        yield Peer(ask_all=ask, pid=process.pid)
    finally:
        sent.close()
        await process.wait()


async def answer_rounds(name: str, folder: Path) -> None:
    """Answer the rounds that come on standard input, to its end."""
    async with PEERS[name](folder) as answer:
        print(json.dumps({READY: name}), flush=True)
        while asked := await asyncio.to_thread(sys.stdin.readline):
            order = json.loads(asked)
            print(json.dumps(asdict(await answer(order["texts"], order["tokens"]))), flush=True)


if __name__ == "__main__":
    asyncio.run(answer_rounds(sys.argv[1], Path(sys.argv[2])))
