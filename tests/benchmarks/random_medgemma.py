"""A random multimodal checkpoint of MedGemma's shape, written as the hub lays it out.

python -m tests.benchmarks.random_medgemma 4b|tiny FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path

from demo.nano.architecture import Sizes

SHAPES = {
    "4b": Sizes(
        vocab_size=262_208,
        hidden=2560,
        intermediate=10_240,
        layers=34,
        heads=8,
        kv_heads=4,
        head_dim=256,
        sliding_window=1024,
        full_attention_every=6,
        max_positions=131_072,
        vision_hidden=1152,
        vision_intermediate=4304,
        vision_layers=27,
        vision_heads=16,
        image_size=896,
        patch_size=14,
        image_tokens=256,
    ),
    "tiny": Sizes(layers=6),
}
TOKENIZER_ENTRIES = 2112


def write(shape: str, folder: Path) -> None:
    """Build on the card when there is one, since 4 billion random numbers take a CPU minutes."""
    import torch
    from transformers import Gemma3Config, Gemma3ForConditionalGeneration

    from demo.nano.architecture import model_config
    from demo.nano.checkpoint import write_checkpoint
    from demo.nano.tokenizer import image_ids, train_tokenizer
    from inference_svc.prompt import PROMPT_LANGUAGES, system_text

    sizes = SHAPES[shape]
    tokenizer = train_tokenizer(map(system_text, PROMPT_LANGUAGES), size=TOKENIZER_ENTRIES)
    ids = image_ids(tokenizer)
    raw = model_config(sizes, boi=ids.boi, eoi=ids.eoi, image_token=ids.soft)
    config = Gemma3Config(**{key: value for key, value in raw.items() if key != "torch_dtype"})
    torch.manual_seed(11)
    torch.set_default_dtype(torch.bfloat16)
    with torch.device("cuda" if torch.cuda.is_available() else "cpu"):
        model = Gemma3ForConditionalGeneration(config)
    write_checkpoint(model.cpu(), tokenizer, sizes, folder)


if __name__ == "__main__":
    write(sys.argv[1], Path(sys.argv[2]))
