"""Runs in a process of its own: loads a checkpoint into vLLM and writes what it thinks of prompts.

    python engine_logprobs.py FOLDER PROMPTS.json OUT.npz

PROMPTS.json is a list of token id lists; OUT.npz holds `logprobs`, (positions, vocabulary) in
nats over all prompts, and `generated`, eight greedy tokens for each prompt.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from vllm import LLM, SamplingParams


def main(folder: str, prompts_path: str, out: str) -> None:
    prompts = json.loads(Path(prompts_path).read_text())
    engine = LLM(
        folder,
        max_model_len=512,
        enforce_eager=True,
        disable_log_stats=True,
        max_logprobs=-1,
        skip_tokenizer_init=True,
    )
    settings = SamplingParams(
        temperature=0, max_tokens=8, prompt_logprobs=-1, ignore_eos=True, detokenize=False
    )
    answers = engine.generate(
        [{"prompt_token_ids": ids} for ids in prompts], settings, use_tqdm=False
    )
    rows = [
        [position[token].logprob for token in sorted(position)]
        for answer in answers
        for position in answer.prompt_logprobs[1:]
    ]
    generated = [list(answer.outputs[0].token_ids) for answer in answers]
    np.savez(out, logprobs=np.array(rows, dtype=np.float32), generated=np.array(generated))


if __name__ == "__main__":
    main(*sys.argv[1:])
