"""The service beside the bare engine, vLLM over HTTP, and transformers one at a time.

    python -m tests.benchmarks.inference_bench [--demo | --wide]

A random checkpoint of 4 layers at MedGemma 4B's widths, so that the engine is measured and not
Python; the demo checkpoint shows the overhead. Peers live at once and take turns round by round, so
that what else the machine does falls on all of them; transformers and the service have rounds of
their own, since four such models want more than 24 GB. BENCH_ROUNDS (3) and BENCH_TOKENS
(160, of an answer) make it shorter on a slow machine.

Goals: >= 0.95 of the bare engine and >= 1.0 of `vllm serve` at 16 callers; <= 5 ms added for one
caller; >= 9.5 times transformers one at a time at 16.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from statistics import median

import httpx

from chewie.client import AsyncTriageClient, request_for
from chewie.triage.v1 import triage_pb2 as pb
from inference_svc.logs import configure_logs
from inference_svc.output import schema
from inference_svc.prompt import system_text
from tests.benchmarks.inference_load import (
    CALLERS,
    MAX_OUTPUT_TOKENS,
    Peer,
    Round,
    Taken,
    added_milliseconds,
    processor_ratios,
    ratios,
    spread,
    table,
    take_turns,
    texts,
    timed,
)
from tests.benchmarks.inference_peers import peer, turns_of
from tests.benchmarks.machine import ROOT
from tests.benchmarks.report import Outcome, at_least, at_most, write_section
from tests.inference_svc.fakes import FakeEngine, a_request, serving
from tests.inference_svc.process import ServiceProcess
from tests.inference_svc.random_checkpoint import Shape, write_random_checkpoint

REAL_WIDTHS = Shape(
    layers=4,
    hidden=2560,
    intermediate=10_240,
    heads=8,
    kv_heads=4,
    head_dim=256,
    vocabulary=262_144,
    sliding_window=1024,
)
DEMO_CHECKPOINT = ROOT / "demo" / "nano" / "checkpoint"
START_SECONDS = 600
CPU_BLOCK_TOKENS = 128
BARE, SERVICE, HTTP = "bare AsyncLLM", "the service", "vLLM over HTTP"
ONE_AT_A_TIME = "transformers, multimodal, one at a time"
MULTIMODAL = "bare AsyncLLM, multimodal checkpoint"
NO_MULTIMODAL = (
    "vLLM does not start here on the multimodal checkpoint: its image processor wants a "
    "torchvision built for this torch, which the project does not install."
)
TRANSFORMERS_ANSWERS = 2
"""Of a round: each takes as long as several rounds of the others."""


@asynccontextmanager
async def service(folder: Path, usages: list[pb.Usage]) -> AsyncIterator[Peer]:
    """Our service as a process, asked by our client; `usages` gets what each answer took."""
    settings = {
        "ENGINE": "vllm",
        "MODEL_PATH": str(folder),
        "MAX_CALLS_PER_MINUTE_PER_CALLER": "1000000",
    }
    process = await asyncio.to_thread(
        lambda: ServiceProcess(start_seconds=START_SECONDS, **settings)
    )
    try:
        async with AsyncTriageClient(process.target) as client:

            async def ask(text: str) -> int:
                request = request_for(text, max_output_tokens=MAX_OUTPUT_TOKENS)
                answer = await client.assess(request, timeout_seconds=600)
                usages.append(answer.usage)
                return int(answer.usage.output_tokens)

            yield Peer(ask_all=lambda asked: timed(ask, asked), pid=process.pid)
    finally:
        process.kill()


@asynccontextmanager
async def http(folder: Path) -> AsyncIterator[Peer]:
    """vLLM's own server over HTTP, with the same engine options, prompts and schema."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    outputs = {"backend": "xgrammar", "disable_any_whitespace": True}
    command = [
        *(sys.executable, "-m", "vllm.entrypoints.openai.api_server"),
        *("--model", str(folder), "--served-model-name", "m"),
        *("--host", "127.0.0.1", "--port", str(port), "--enforce-eager"),
        *("--max-model-len", "4096", "--max-num-seqs", "16"),
        *("--prefix-cache-retention-interval", str(CPU_BLOCK_TOKENS)),
        *("--structured-outputs-config", json.dumps(outputs)),
    ]
    environment = os.environ | {"VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_LOGGING_LEVEL": "ERROR"}
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=600) as client:
            await until_well(process, client)
            yield Peer(ask_all=lambda asked: asked_over_http(client, asked), pid=process.pid)
    finally:
        process.terminate()
        process.wait(60)


async def asked_over_http(client: httpx.AsyncClient, asked: Sequence[str]) -> Round:
    """One round over HTTP; the prompts are made before it, as a caller of vLLM would."""
    prompts = {text: turns_of(text) for text in asked}

    async def ask(text: str) -> int:
        body = {
            "model": "m",
            "messages": prompts[text],
            "temperature": 0,
            "max_tokens": MAX_OUTPUT_TOKENS,
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "answer", "schema": dict(schema())},
            },
        }
        answer = await client.post("/v1/chat/completions", json=body)
        answer.raise_for_status()
        return int(answer.json()["usage"]["completion_tokens"])

    return await timed(ask, asked)


async def until_well(process: subprocess.Popen[bytes], client: httpx.AsyncClient) -> None:
    """Poll /health until it answers 200."""
    for _ in range(START_SECONDS):
        if process.poll() is not None:
            raise SystemExit(f"vllm serve ended with {process.returncode}")
        with suppress(httpx.HTTPError):
            if (await client.get("/health", timeout=2)).status_code == 200:
                return
        await asyncio.sleep(1)
    raise SystemExit("vllm serve did not get well")


def own_share() -> tuple[str, Outcome]:
    """A call whose engine answers at once: all that is ours, and the loopback.

    Processor time beside the clock's, client and server together: it stands on a busy machine too.
    """

    async def scenario() -> tuple[float, float]:
        taken, spent = [], []
        limits = {"max_calls_per_minute_per_caller": 10**6, "log_level": "info"}
        async with serving(FakeEngine(piece=10_000), **limits) as one:
            for number in range(20):
                for text in texts(number):
                    began, busy = time.perf_counter(), time.process_time()
                    await one.stub.Assess(a_request(text), timeout=20)
                    taken.append(1000 * (time.perf_counter() - began))
                    spent.append(1000 * (time.process_time() - busy))
        return median(taken), median(spent)

    clock, processor = asyncio.run(scenario())
    told = (
        f"Own share of a call whose engine answers at once: {clock:.1f} ms at the median, "
        f"{processor:.1f} ms of processor time, client and server together."
    )
    return told, at_most("added to a call by service, client and loopback", clock, 5, " ms")


async def compare(title: str, folder: Path, names: Sequence[str]) -> tuple[str, list[Outcome]]:
    """Start the named peers on one checkpoint and let them take turns; section and figures."""
    sizes = {ONE_AT_A_TIME: TRANSFORMERS_ANSWERS} if ONE_AT_A_TIME in names else {}
    usages: list[pb.Usage] = []
    starts = {
        BARE: lambda: peer("bare", folder),
        SERVICE: lambda: service(folder, usages),
        HTTP: lambda: http(folder),
        ONE_AT_A_TIME: lambda: peer("transformers", folder),
        MULTIMODAL: lambda: peer("bare", DEMO_CHECKPOINT),
    }
    async with AsyncExitStack() as stack:
        peers = {}
        for name in names:
            print(f"  {title}: starting {name}", flush=True)
            try:
                peers[name] = await stack.enter_async_context(starts[name]())
            except SystemExit:
                if name != MULTIMODAL:
                    raise
                print(f"  {title}: {NO_MULTIMODAL}", flush=True)
        print(f"  {title}: rounds", flush=True)
        taken = await take_turns(peers, sizes)
    cached, cached_note = prefix(folder, usages)
    notes = [*notes_on(taken), cached_note]
    if MULTIMODAL in names and MULTIMODAL not in taken:
        notes.append(NO_MULTIMODAL)
    section = [f"### {title}", "", table(taken, names[0]), "", *notes]
    return "\n".join(section), [*figures_of(taken), cached]


def figures_of(taken: dict[str, Taken]) -> list[Outcome]:
    """The medians of the goals' ratios."""
    ours = taken[SERVICE].together
    goals = {BARE: 0.95, HTTP: 1.0, ONE_AT_A_TIME: 9.5}
    return [
        at_least(
            f"16 callers beside {name}", median(ratios(ours, taken[name].together)), goal, " times"
        )
        for name, goal in goals.items()
        if name in taken
    ]


def prefix(folder: Path, usages: Sequence[pb.Usage]) -> tuple[Outcome, str]:
    """How much of the system text the later answers found in the prefix cache."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    covered = len(tokenizer(system_text("en"), add_special_tokens=False)["input_ids"])
    blocks = covered // CPU_BLOCK_TOKENS * CPU_BLOCK_TOKENS
    cached = min(usage.cached_tokens for usage in usages[CALLERS:])
    share = 100 * cached / blocks
    told = (
        f"Prefix cache: at least {cached} tokens of every later prompt; the system text has "
        f"{covered}, its full blocks hold {blocks} ({share:.0f}%)."
    )
    return at_least("system text found in the prefix cache", share, 95, "%"), told


def notes_on(taken: dict[str, Taken]) -> list[str]:
    """The goals' figures in words."""
    ours, engine, over_http = taken[SERVICE], taken.get(BARE), taken.get(HTTP)
    notes = []
    if engine is not None and over_http is not None:
        added = added_milliseconds(ours.alone, engine.alone)
        notes += [
            f"One caller: the service takes {spread(added, '+.1f')} ms beside the bare engine.",
            f"16 callers: the service is at {spread(ratios(ours.together, engine.together), '.2f')}"
            f" of the bare engine and at {spread(ratios(ours.together, over_http.together), '.2f')}"
            " of vLLM over HTTP.",
            "By processor time, "
            f"{spread(processor_ratios(ours.together, engine.together), '.2f')} and "
            f"{spread(processor_ratios(ours.together, over_http.together), '.2f')}.",
        ]
    whole = taken.get(MULTIMODAL)
    if engine is not None and whole is not None:
        notes.append(
            "The engine on the text-only checkpoint is at "
            f"{spread(ratios(engine.together, whole.together), '.2f')} of the engine on the "
            "multimodal one at 16 callers; one caller takes "
            f"{spread(added_milliseconds(engine.alone, whole.alone), '+.1f')} ms beside it."
        )
    slow = taken.get(ONE_AT_A_TIME)
    if slow is not None:
        alone = median(one.speed for one in ours.alone) / median(one.speed for one in slow.together)
        together = spread(ratios(ours.together, slow.together), ".1f")
        notes.append(
            f"Beside transformers one at a time: {alone:.1f} times at 1 caller, {together} at 16."
        )
    return notes


def main(arguments: list[str]) -> None:
    """Measure, print, write the section."""
    configure_logs("warning")
    told, own = own_share()
    sections, figures = [told], [own]
    print(told, flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        if "--demo" not in arguments:
            wide = write_random_checkpoint(Path(scratch) / "wide", REAL_WIDTHS)
            title = "4 random layers at the real widths"
            for names in ([BARE, SERVICE, HTTP], [SERVICE, ONE_AT_A_TIME]):
                section, found = asyncio.run(compare(title, wide, names))
                print(section, flush=True)
                sections.append(section)
                figures += [one for one in found if one not in figures]
        demo = None if "--wide" in arguments else converted_demo(Path(scratch) / "demo")
        if demo is not None:
            title = "the demo checkpoint"
            # No goal is set on it: a model this small measures Python.
            names = [BARE, SERVICE, HTTP, MULTIMODAL]
            section, _ = asyncio.run(compare(title, demo, names))
            print(section, flush=True)
            sections.append(section)
    write_section("inference_bench", "\n\n".join(sections), figures)


def converted_demo(folder: Path) -> Path | None:
    """The demo checkpoint made text-only; None while there is none."""
    if not (DEMO_CHECKPOINT / "chewie.json").is_file():
        return None
    command = [sys.executable, "-m", "converter", str(DEMO_CHECKPOINT), str(folder)]
    subprocess.run(command, check=True)
    return folder


if __name__ == "__main__":
    main(sys.argv[1:])
