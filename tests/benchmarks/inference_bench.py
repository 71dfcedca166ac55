"""The service beside the bare engine, vLLM over HTTP, and transformers one at a time.

    python -m tests.benchmarks.inference_bench [--demo]

A random checkpoint of 4 layers at MedGemma 4B's widths, so that the engine is measured and not
Python; the demo checkpoint shows the overhead. All in one run, one engine at a time.

Goals: >= 0.95 of the bare engine and >= 1.0 of `vllm serve` at 16 callers; <= 5 ms added for one
caller; >= 9.5 times transformers one at a time at 16.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import httpx

from chewie.client import AsyncTriageClient, request_for
from inference_svc.logs import configure_logs
from inference_svc.output import schema
from tests.benchmarks.inference_load import MAX_OUTPUT_TOKENS, Measured, measure, table, texts
from tests.benchmarks.inference_peers import turns_of
from tests.benchmarks.machine import REPORT_FOLDER, ROOT
from tests.inference_svc.fakes import FakeEngine, a_request, serving
from tests.inference_svc.process import running
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
START_SECONDS = 600
CPU_BLOCK_TOKENS = 128


def service(folder: Path) -> Measured:
    """Our service as a process, asked by our client."""
    settings = {
        "ENGINE": "vllm",
        "MODEL_PATH": str(folder),
        "MAX_CALLS_PER_MINUTE_PER_CALLER": "1000000",
    }

    async def ask_all(target: str) -> Measured:
        async with AsyncTriageClient(target) as client:

            async def ask(text: str) -> int:
                request = request_for(text, max_output_tokens=MAX_OUTPUT_TOKENS)
                answer = await client.assess(request, timeout_seconds=600)
                return int(answer.usage.output_tokens)

            return await measure(ask)

    with running(start_seconds=START_SECONDS, **settings) as process:
        return asyncio.run(ask_all(process.target))


def http(folder: Path) -> Measured:
    """vLLM's own server over HTTP, with the same engine options, prompts and schema."""

    async def ask_all(url: str) -> Measured:
        async with httpx.AsyncClient(base_url=url, timeout=600) as client:

            async def ask(text: str) -> int:
                body = {
                    "model": "m",
                    "messages": turns_of(text),
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

            return await measure(ask)

    with http_server(folder) as url:
        return asyncio.run(ask_all(url))


@contextlib.contextmanager
def http_server(folder: Path) -> Iterator[str]:
    """`vllm serve` as a process, until it says that it is well."""
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
        url = f"http://127.0.0.1:{port}"
        wait_until_well(process, url)
        yield url
    finally:
        process.terminate()
        process.wait(60)


def wait_until_well(process: subprocess.Popen[bytes], url: str) -> None:
    """Poll /health until it answers 200."""
    for _ in range(START_SECONDS):
        if process.poll() is not None:
            raise SystemExit(f"vllm serve ended with {process.returncode}")
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"{url}/health", timeout=2).status_code == 200:
                return
        time.sleep(1)
    raise SystemExit("vllm serve did not get well")


def peer(name: str, folder: Path, *rest: str) -> Measured:
    """A peer of `inference_peers` in its own process."""
    command = [sys.executable, "-m", "tests.benchmarks.inference_peers", name, str(folder), *rest]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return Measured(**json.loads(done.stdout.splitlines()[-1]))


def own_milliseconds() -> float:
    """Median of a call whose engine answers at once: all that is ours, and the loopback."""

    async def scenario() -> float:
        taken = []
        limits = {"max_calls_per_minute_per_caller": 10**6, "log_level": "info"}
        async with serving(FakeEngine(piece=10_000), **limits) as one:
            for number in range(20):
                for text in texts(number):
                    began = time.perf_counter()
                    await one.stub.Assess(a_request(text), timeout=20)
                    taken.append(1000 * (time.perf_counter() - began))
        return median(taken)

    return asyncio.run(scenario())


def compare(title: str, folder: Path, *, against_transformers: bool) -> str:
    """Measure all peers on one checkpoint; return the section."""
    print(f"  {title}: bare engine", flush=True)
    engine = peer("bare", folder)
    print(f"  {title}: the service", flush=True)
    ours = service(folder)
    print(f"  {title}: vllm serve", flush=True)
    rows = [("bare AsyncLLM", engine), ("the service", ours), ("vLLM over HTTP", http(folder))]
    if against_transformers:
        print(f"  {title}: transformers one at a time", flush=True)
        tokens = str(round(ours.single_tokens))
        rows.append(
            ("transformers, multimodal, one at a time", peer("transformers", folder, tokens))
        )
    added = 1000 * (ours.single_seconds - engine.single_seconds)
    last = rows[-1][1]
    notes = [
        f"One caller: the service takes {added:+.1f} ms beside the bare engine.",
        f"The service is at {share(ours, engine):.2f} of the bare engine "
        f"and at {share(ours, rows[2][1]):.2f} of vLLM over HTTP.",
    ]
    if against_transformers:
        notes.append(
            f"Beside transformers one at a time: {last.single_seconds / ours.single_seconds:.1f} "
            f"times at 1 caller, {share(ours, last):.1f} at 16."
        )
    return "\n".join([f"### {title}", "", table(rows, engine), "", *notes])


def share(one: Measured, other: Measured) -> float:
    """Tokens per second of one as a share of the other's."""
    return one.tokens_per_second / other.tokens_per_second


def main(arguments: list[str]) -> None:
    """Measure, print, write the section."""
    configure_logs("warning")
    sections = [f"Own share of a call whose engine answers at once: {own_milliseconds():.1f} ms."]
    print(sections[0], flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        if "--demo" not in arguments:
            wide = write_random_checkpoint(Path(scratch) / "wide", REAL_WIDTHS)
            title = "4 random layers at the real widths"
            sections.append(compare(title, wide, against_transformers=True))
            print(sections[-1], flush=True)
        demo = converted_demo(Path(scratch) / "demo")
        if demo is not None:
            sections.append(compare("the demo checkpoint", demo, against_transformers=False))
            print(sections[-1], flush=True)
    REPORT_FOLDER.mkdir(parents=True, exist_ok=True)
    (REPORT_FOLDER / "inference_bench.md").write_text("\n\n".join(sections), encoding="utf-8")


def converted_demo(folder: Path) -> Path | None:
    """The demo checkpoint made text-only; None while there is none."""
    source = ROOT / "demo" / "nano" / "checkpoint"
    if not (source / "chewie.json").is_file():
        return None
    subprocess.run([sys.executable, "-m", "converter", str(source), str(folder)], check=True)
    return folder


if __name__ == "__main__":
    main(sys.argv[1:])
