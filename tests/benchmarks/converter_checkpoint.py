"""Writes a synthetic checkpoint of the real 4B shape, streamed: hub key names, two shards.

Weights are random but finite. Fewer bytes are reached with fewer layers in the language model and
the image encoder; all widths stay those of the real one. `BENCH_BYTES` sets the size.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from math import prod
from pathlib import Path

FULL_BYTES = 8_600_158_944
FULL_LAYERS = 34
FULL_IMAGE_LAYERS = 27
HIDDEN, INNER, HEADS, KV_HEADS, HEAD_DIM = 2560, 10240, 8, 4, 256
VOCABULARY = 262_208
IMAGE_HIDDEN, IMAGE_INNER, IMAGE_PATCHES, PATCH = 1152, 4304, 4096, 14
NOISE_BYTES = 2**26
SHARDS = 2

Shapes = dict[str, tuple[int, ...]]


def language_layer(number: int) -> Shapes:
    """The 13 tensors of one layer."""
    at = f"language_model.model.layers.{number}"
    norms = ("input", "post_attention", "pre_feedforward", "post_feedforward")
    return {
        **{f"{at}.{norm}_layernorm.weight": (HIDDEN,) for norm in norms},
        f"{at}.mlp.down_proj.weight": (HIDDEN, INNER),
        f"{at}.mlp.gate_proj.weight": (INNER, HIDDEN),
        f"{at}.mlp.up_proj.weight": (INNER, HIDDEN),
        f"{at}.self_attn.k_norm.weight": (HEAD_DIM,),
        f"{at}.self_attn.k_proj.weight": (KV_HEADS * HEAD_DIM, HIDDEN),
        f"{at}.self_attn.o_proj.weight": (HIDDEN, HEADS * HEAD_DIM),
        f"{at}.self_attn.q_norm.weight": (HEAD_DIM,),
        f"{at}.self_attn.q_proj.weight": (HEADS * HEAD_DIM, HIDDEN),
        f"{at}.self_attn.v_proj.weight": (KV_HEADS * HEAD_DIM, HIDDEN),
    }


def image_layer(number: int) -> Shapes:
    """The 16 tensors of one layer of the image encoder."""
    at = f"vision_tower.vision_model.encoder.layers.{number}"
    linear = {f"self_attn.{name}": (IMAGE_HIDDEN, IMAGE_HIDDEN) for name in
              ("k_proj", "out_proj", "q_proj", "v_proj")}  # fmt: skip
    linear |= {"mlp.fc1": (IMAGE_INNER, IMAGE_HIDDEN), "mlp.fc2": (IMAGE_HIDDEN, IMAGE_INNER)}
    shapes: Shapes = {f"{at}.{name}.weight": shape for name, shape in linear.items()}
    shapes |= {f"{at}.{name}.bias": shape[:1] for name, shape in linear.items()}
    for norm in ("layer_norm1", "layer_norm2"):
        shapes |= {f"{at}.{norm}.{part}": (IMAGE_HIDDEN,) for part in ("weight", "bias")}
    return shapes


def all_shapes(layers: int, image_layers: int) -> Shapes:
    """Every tensor, in the order in which the hub's shards hold them."""
    at = "vision_tower.vision_model"
    shapes: Shapes = {"language_model.model.embed_tokens.weight": (VOCABULARY, HIDDEN)}
    for number in range(layers):
        shapes |= language_layer(number)
    shapes |= {
        "language_model.model.norm.weight": (HIDDEN,),
        "multi_modal_projector.mm_input_projection_weight": (IMAGE_HIDDEN, HIDDEN),
        "multi_modal_projector.mm_soft_emb_norm.weight": (IMAGE_HIDDEN,),
        f"{at}.embeddings.patch_embedding.bias": (IMAGE_HIDDEN,),
        f"{at}.embeddings.patch_embedding.weight": (IMAGE_HIDDEN, 3, PATCH, PATCH),
        f"{at}.embeddings.position_embedding.weight": (IMAGE_PATCHES, IMAGE_HIDDEN),
    }
    for number in range(image_layers):
        shapes |= image_layer(number)
    post = {f"{at}.post_layernorm.{part}": (IMAGE_HIDDEN,) for part in ("bias", "weight")}
    return shapes | post


def payload_bytes(shapes: Shapes) -> int:
    """Bytes of all payloads in bf16."""
    return sum(2 * prod(shape) for shape in shapes.values())


def shapes_of_about(wanted_bytes: int) -> tuple[Shapes, int, int]:
    """Shapes, layers and image layers of the largest such checkpoint within `wanted_bytes`."""
    layers = FULL_LAYERS
    while layers > 1:
        image_layers = max(1, FULL_IMAGE_LAYERS * layers // FULL_LAYERS)
        shapes = all_shapes(layers, image_layers)
        if payload_bytes(shapes) <= wanted_bytes:
            return shapes, layers, image_layers
        layers -= 1
    return all_shapes(1, 1), 1, 1


def write_checkpoint(folder: Path, wanted_bytes: int) -> Path:
    """Writes weights, index and config into the new `folder`."""
    shapes, layers, image_layers = shapes_of_about(wanted_bytes)
    folder.mkdir(parents=True)
    noise = _finite_noise()
    weight_map = {}
    for number, part in enumerate(_halves(shapes), 1):
        name = f"model-{number:05d}-of-{SHARDS:05d}.safetensors"
        _write_shard(folder / name, part, noise)
        weight_map |= dict.fromkeys(part, name)
    index = {"metadata": {"total_size": payload_bytes(shapes)}, "weight_map": weight_map}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    (folder / "config.json").write_text(json.dumps(_config(layers, image_layers)))
    (folder / "generation_config.json").write_text(json.dumps({"eos_token_id": [1, 106]}))
    return folder


def _finite_noise() -> bytes:
    # Only here, so that whoever imports the sizes alone stays small.
    import numpy as np

    values = np.random.default_rng(0).normal(0, 0.02, NOISE_BYTES // 2).astype(np.float32)
    return (values.view(np.uint32) >> 16).astype("<u2").tobytes()


def _halves(shapes: Shapes) -> Iterator[Shapes]:
    limit, part, size = payload_bytes(shapes) * 5 // 9, {}, 0
    for name, shape in shapes.items():
        if size > limit:
            yield part
            part, size = {}, -(10**18)
        part[name] = shape
        size += 2 * prod(shape)
    yield part


def _write_shard(path: Path, shapes: Shapes, noise: bytes) -> None:
    header, position = {}, 0
    for name, shape in shapes.items():
        end = position + 2 * prod(shape)
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [position, end]}
        position = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as stream:
        stream.write(len(text).to_bytes(8, "little") + text)
        left = position
        while left:
            left -= stream.write(noise[: min(left, len(noise))])
        stream.flush()
        os.fsync(stream.fileno())


def _config(layers: int, image_layers: int) -> dict[str, object]:
    return {
        "architectures": ["Gemma3ForConditionalGeneration"],
        "boi_token_index": 255_999,
        "eoi_token_index": 256_000,
        "eos_token_id": [1, 106],
        "image_token_index": 262_144,
        "initializer_range": 0.02,
        "mm_tokens_per_image": 256,
        "model_type": "gemma3",
        "torch_dtype": "bfloat16",
        "text_config": {
            "hidden_size": HIDDEN,
            "intermediate_size": INNER,
            "model_type": "gemma3_text",
            "num_hidden_layers": layers,
            "rope_scaling": {"factor": 8.0, "rope_type": "linear"},
            "sliding_window": 1024,
        },
        "vision_config": {
            "hidden_size": IMAGE_HIDDEN,
            "image_size": 896,
            "intermediate_size": IMAGE_INNER,
            "model_type": "siglip_vision_model",
            "num_attention_heads": 16,
            "num_hidden_layers": image_layers,
            "patch_size": PATCH,
            "vision_use_head": False,
        },
    }


if __name__ == "__main__":
    write_checkpoint(Path(sys.argv[1]), int(float(os.environ.get("BENCH_BYTES", FULL_BYTES))))
