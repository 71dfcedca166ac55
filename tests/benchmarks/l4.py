"""What one stream on an NVIDIA L4 can reach for each recipe of the converter. Computed, not run.

    python -m tests.benchmarks.l4 [--tokens 110] [--context 2000]

A decode step reads every weight once, the output matrix and the cache of the tokens before it; so
bytes per token over the card's 300 GB/s is a ceiling that no software passes. The estimate takes
85% of the bandwidth and 2.5 ms a step for everything else. Sizes are MedGemma 4B's.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

from tests.benchmarks.report import write_section

BANDWIDTH = 300e9
BANDWIDTH_SHARE = 0.85
STEP_SECONDS = 2.5e-3
BF16_FLOPS = 121e12 * 0.5  # dense bf16 of an L4, half of it reached in prefill

LANGUAGE_PARAMETERS = 3_880_263_168
EMBEDDING_PARAMETERS = 671_252_480
SLIDING_LAYERS, FULL_LAYERS, WINDOW = 29, 5, 1024
CACHE_BYTES_PER_TOKEN_AND_LAYER = 2 * 4 * 256 * 2  # keys and values, 4 heads of 256, bf16
NEW_PROMPT_TOKENS = 120
"""Of a case: the system text before it comes from the prefix cache."""

BITS = {"bf16": 16.0, "fp8": 8.0, "int8": 8.0, "w4a16": 4.125, "int4": 4.125}
"""Bits per weight; 4 bits in groups of 128 carry a 16-bit scale each. Names as the converter's
`--quantize` and `--lm-head` have them; bf16 is neither."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How the layers and the output matrix are stored."""

    body: str
    head: str

    def bytes_per_token(self, context_tokens: int) -> float:
        """Bytes that one decode step reads after `context_tokens` of prompt and answer."""
        body = (LANGUAGE_PARAMETERS - EMBEDDING_PARAMETERS) * BITS[self.body] / 8
        head = EMBEDDING_PARAMETERS * BITS[self.head] / 8
        return body + head + cache_bytes(context_tokens)


RECIPES = (
    Recipe(body="bf16", head="bf16"),
    Recipe(body="fp8", head="bf16"),
    Recipe(body="fp8", head="fp8"),
    Recipe(body="int8", head="int8"),
    Recipe(body="w4a16", head="bf16"),
    Recipe(body="w4a16", head="int8"),
    Recipe(body="w4a16", head="int4"),
)


def cache_bytes(context_tokens: int) -> float:
    """Keys and values that a step reads: sliding layers no further back than their window."""
    sliding = SLIDING_LAYERS * min(context_tokens, WINDOW)
    return (sliding + FULL_LAYERS * context_tokens) * CACHE_BYTES_PER_TOKEN_AND_LAYER


def step_seconds(bytes_per_token: float) -> float:
    """Expected seconds of one decode step."""
    return bytes_per_token / (BANDWIDTH * BANDWIDTH_SHARE) + STEP_SECONDS


def prefill_seconds(tokens: int) -> float:
    """Expected seconds to read the new tokens of a prompt; each costs two operations a weight."""
    return 2 * LANGUAGE_PARAMETERS * tokens / BF16_FLOPS + STEP_SECONDS


def report(answer_tokens: int, context_tokens: int) -> str:
    """Markdown table of all recipes."""
    lines = [
        f"One stream, answers of {answer_tokens} tokens after {context_tokens} tokens of prompt, "
        f"{NEW_PROMPT_TOKENS} of them new.",
        "",
        "| `--quantize` / `--lm-head` | GB a token | ceiling, tokens/s | expected | s per answer |",
        "|---|---|---|---|---|",
    ]
    for recipe in RECIPES:
        size = recipe.bytes_per_token(context_tokens)
        step = step_seconds(size)
        seconds = prefill_seconds(NEW_PROMPT_TOKENS) + answer_tokens * step
        lines.append(
            f"| {recipe.body} / {recipe.head} | {size / 1e9:.2f} | {BANDWIDTH / size:.0f} "
            f"| {1 / step:.0f} | {seconds:.1f} |"
        )
    needed = Recipe(body="bf16", head="bf16").bytes_per_token(context_tokens) * 104 / 1e9
    lines += ["", f"104 tokens/s in bf16 would need {needed:.0f} GB/s: not an L4."]
    return "\n".join(lines)


def main() -> None:
    """Print the table and write the section."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--tokens", type=int, default=110, help="of an answer [110]")
    parser.add_argument("--context", type=int, default=2000, help="tokens of the prompt [2000]")
    asked = parser.parse_args()
    section = report(asked.tokens, asked.context)
    print(section)
    write_section("l4", section)


if __name__ == "__main__":
    main()
