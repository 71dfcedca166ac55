"""Runs under transformers 4.57: loads source and converted folder and compares what they say.

    python reload_in_4_57.py SOURCE CONVERTED

Prints one JSON object; decides nothing.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import torch
import transformers
from transformers import AutoModelForCausalLM, AutoTokenizer, Gemma3ForConditionalGeneration

TURNS = [
    {"role": "system", "content": "You help a community health worker."},
    {"role": "user", "content": "Fever for three days."},
]


def load(kind: Any, folder: str) -> tuple[Any, dict[str, list[str]]]:
    model, told = kind.from_pretrained(folder, dtype=torch.bfloat16, output_loading_info=True)
    return model.eval(), {name: sorted(map(str, keys)) for name, keys in told.items()}


def main(source: str, converted: str) -> None:
    multimodal, _ = load(Gemma3ForConditionalGeneration, source)
    text, told = load(AutoModelForCausalLM, converted)
    ids = torch.randint(7, 500, (1, 300), generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        wanted, found = (model(input_ids=ids).logits for model in (multimodal, text))
    templates = [
        AutoTokenizer.from_pretrained(folder).apply_chat_template(TURNS, tokenize=True)
        for folder in (source, converted)
    ]
    answer = {
        "version": transformers.__version__,
        "class": type(text).__name__,
        "loading": told,
        "equal": torch.equal(wanted, found),
        "spread": float(found.float().std()),
        "rope_scaling": text.config.rope_scaling,
        "eos": [text.config.eos_token_id, text.generation_config.eos_token_id],
        "generation_equal": text.generation_config.to_diff_dict()
        == multimodal.generation_config.to_diff_dict(),
        "template_equal": templates[0] == templates[1],
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    main(*sys.argv[1:])
