"""Small checkpoints of the real kind, built by transformers itself, for all converter tests."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

WINDOW = 64
BASE_VOCABULARY = 512
IMAGE_TOKEN = BASE_VOCABULARY
PADDED_VOCABULARY = 576
END_OF_TURN = 5

# Gemma 3's own way: no system role, its text goes in front of the first user turn.
CHAT_TEMPLATE = """{{ bos_token }}
{%- if messages[0]['role'] == 'system' -%}
    {%- set content = messages[0]['content'] -%}
    {%- set prefix = (content if content is string else content[0]['text']) + '\n\n' -%}
    {%- set turns = messages[1:] -%}
{%- else -%}
    {%- set prefix = '' -%}
    {%- set turns = messages -%}
{%- endif -%}
{%- for message in turns -%}
    {%- set role = 'model' if message['role'] == 'assistant' else message['role'] -%}
    {{ '<start_of_turn>' + role + '\n' + (prefix if loop.first else '') }}
    {%- if message['content'] is string -%}
        {{ message['content'] | trim }}
    {%- else -%}
        {%- for item in message['content'] -%}
            {%- if item['type'] == 'image' -%}{{ '<start_of_image>' }}
            {%- else -%}{{ item['text'] | trim }}{%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {{ '<end_of_turn>\n' }}
{%- endfor -%}
{%- if add_generation_prompt -%}{{ '<start_of_turn>model\n' }}{%- endif -%}
"""

Renaming = Callable[[str], str]


def _hub_key(key: str) -> str:
    """In-memory names -> those on the hub."""
    if key.startswith("model.language_model."):
        return "language_model.model." + key.removeprefix("model.language_model.")
    if key.startswith("model.vision_tower."):
        rest = key.removeprefix("model.vision_tower.").removeprefix("vision_model.")
        return "vision_tower.vision_model." + rest
    return key.removeprefix("model.")


def _saved_by_5_19_key(key: str) -> str:
    return _hub_key(key).replace("vision_tower.vision_model.", "vision_tower.")


RENAMINGS: dict[str, Renaming] = {
    "hub": _hub_key,
    "saved-by-5.19": _saved_by_5_19_key,
    "in-memory": lambda key: key,
}


def _build_tokenizer(folder: Path) -> None:
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    special = ["<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>", "<end_of_turn>"]
    special.append("<start_of_image>")
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: number for number, token in enumerate(special + letters)}
    while len(vocabulary) < BASE_VOCABULARY:
        vocabulary[f"<unused{len(vocabulary)}>"] = len(vocabulary)
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[], unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(name, special=True) for name in special])
    tokenizer.add_special_tokens([AddedToken("<image_soft_token>", special=True)])
    assert tokenizer.token_to_id("<image_soft_token>") == IMAGE_TOKEN
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<bos>",
        eos_token="<eos>",
        pad_token="<pad>",
        unk_token="<unk>",
    )
    wrapped.chat_template = CHAT_TEMPLATE
    wrapped.save_pretrained(folder)
    # transformers 5 writes a class of its own here that 4.x does not know.
    path = folder / "tokenizer_config.json"
    change_json(path, lambda config: config.update(tokenizer_class="PreTrainedTokenizerFast"))


def _sparse_config(sizes: dict[str, Any]) -> dict[str, Any]:
    """As sparse as the hub's: what the class would fill in stays out where it can."""
    return {
        "architectures": ["Gemma3ForConditionalGeneration"],
        "boi_token_index": 6,
        "eoi_token_index": 6,
        "eos_token_id": [1, END_OF_TURN],
        "image_token_index": IMAGE_TOKEN,
        "initializer_range": 0.02,
        "mm_tokens_per_image": 4,
        "model_type": "gemma3",
        "torch_dtype": "bfloat16",
        "text_config": {
            "model_type": "gemma3_text",
            "rope_scaling": {"factor": 8.0, "rope_type": "linear"},
            **sizes,
        },
        "vision_config": {
            "model_type": "siglip_vision_model",
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_attention_heads": 2,
            "num_hidden_layers": 2,
            "image_size": 28,
            "patch_size": 7,
            "vision_use_head": False,
        },
    }


TINY_SIZES = {
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 7,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 32,
    "query_pre_attn_scalar": 32,
    "sliding_window": WINDOW,
    "max_position_embeddings": 1024,
    "vocab_size": PADDED_VOCABULARY,
}


def _random_state(config: dict[str, Any]) -> dict[str, Any]:
    """Every tensor of the multimodal model under its in-memory name, bf16, seeded."""
    import torch
    from transformers import AutoConfig, AutoModelForImageTextToText

    torch.manual_seed(7)
    with torch.device("meta"):
        model = AutoModelForImageTextToText.from_config(AutoConfig.for_model(**config))
    generator = torch.Generator().manual_seed(7)
    return {
        name: (torch.randn(tensor.shape, generator=generator) * _spread(name)).to(torch.bfloat16)
        for name, tensor in model.state_dict().items()
        if name != "lm_head.weight"
    }


def _spread(name: str) -> float:
    return 0.05 if name.endswith("norm.weight") else 0.25


def _write_shards(state: dict[str, Any], folder: Path, shards: int) -> None:
    from safetensors.torch import save_file

    names = sorted(state)
    if shards == 1:
        save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
        return
    weight_map = {}
    for number in range(shards):
        file_name = f"model-{number + 1:05d}-of-{shards:05d}.safetensors"
        part = {name: state[name] for name in names[number::shards]}
        save_file(part, folder / file_name, metadata={"format": "pt"})
        weight_map |= dict.fromkeys(part, file_name)
    index = {"metadata": {"total_size": 0}, "weight_map": weight_map}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))


Builder = Callable[..., Path]


def build_multimodal(
    folder: Path, *, layout: str = "hub", shards: int = 1, tied_copy: bool = False, **sizes: Any
) -> Path:
    """A folder with random weights, config, tokenizer, template, image files and a note of ours."""
    folder.mkdir(parents=True)
    config = _sparse_config({**TINY_SIZES, **sizes})
    state = _random_state(config)
    if tied_copy:
        state["lm_head.weight"] = state["model.language_model.embed_tokens.weight"].clone()
    _write_shards({RENAMINGS[layout](name): value for name, value in state.items()}, folder, shards)
    _build_tokenizer(folder)
    for name, value in {
        "config.json": config,
        "generation_config.json": {
            "bos_token_id": 2,
            "do_sample": True,
            "eos_token_id": [1, END_OF_TURN],
            "pad_token_id": 0,
            "top_k": 64,
            "top_p": 0.95,
        },
        "preprocessor_config.json": {"image_processor_type": "Gemma3ImageProcessor"},
        "processor_config.json": {"processor_class": "Gemma3Processor", "image_seq_length": 4},
        "chewie.json": {"kind": "demo"},
    }.items():
        (folder / name).write_text(json.dumps(value))
    return folder


@pytest.fixture(scope="session")
def multimodal_builder() -> Builder:
    """`build_multimodal`, for tests that need another layout, split or size."""
    return build_multimodal


@pytest.fixture(scope="session")
def tiny_multimodal_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Gemma3ForConditionalGeneration in the hub's layout, 7 layers, two shards; read only."""
    return build_multimodal(tmp_path_factory.mktemp("tiny") / "tiny-medgemma", shards=2)


# Names and shapes of a text model, written out by hand: the tests' own reading of the
# architecture, apart from the converter's.
def hand_written_tensors(
    *, layers: int, hidden: int, inner: int, heads: int, kv_heads: int, head_dim: int, vocab: int
) -> dict[str, tuple[int, ...]]:
    tensors: dict[str, tuple[int, ...]] = {
        "embed_tokens.weight": (vocab, hidden),
        "norm.weight": (hidden,),
    }
    for number in range(layers):
        at = f"layers.{number}"
        tensors |= {
            f"{at}.input_layernorm.weight": (hidden,),
            f"{at}.post_attention_layernorm.weight": (hidden,),
            f"{at}.pre_feedforward_layernorm.weight": (hidden,),
            f"{at}.post_feedforward_layernorm.weight": (hidden,),
            f"{at}.self_attn.q_proj.weight": (heads * head_dim, hidden),
            f"{at}.self_attn.k_proj.weight": (kv_heads * head_dim, hidden),
            f"{at}.self_attn.v_proj.weight": (kv_heads * head_dim, hidden),
            f"{at}.self_attn.o_proj.weight": (hidden, heads * head_dim),
            f"{at}.self_attn.q_norm.weight": (head_dim,),
            f"{at}.self_attn.k_norm.weight": (head_dim,),
            f"{at}.mlp.gate_proj.weight": (inner, hidden),
            f"{at}.mlp.up_proj.weight": (inner, hidden),
            f"{at}.mlp.down_proj.weight": (hidden, inner),
        }
    return tensors


KEY_STYLES = {
    "hub": ("language_model.model.", ("vision_tower.vision_model.", "multi_modal_projector.")),
    "saved-by-5.19": ("language_model.model.", ("vision_tower.", "multi_modal_projector.")),
    "in-memory": ("model.language_model.", ("model.vision_tower.", "model.multi_modal_projector.")),
    "text-only": ("model.", ()),
}


def build_plain(
    folder: Path,
    *,
    style: str = "hub",
    shards: int = 1,
    layers: int = 2,
    hidden: int = 16,
    inner: int = 32,
    heads: int = 2,
    kv_heads: int = 1,
    head_dim: int = 8,
    vocab: int = 48,
    dtype: str = "bfloat16",
    seed: int = 0,
    spread: float = 0.1,
    extra: dict[str, Any] | None = None,
    config: dict[str, Any] | None = None,
) -> Path:
    """Weights and config alone, quickly: for tests that load no model."""
    import torch

    folder.mkdir(parents=True)
    generator = torch.Generator().manual_seed(seed)
    body, image_prefixes = KEY_STYLES[style]
    shapes = {
        body + name: shape
        for name, shape in hand_written_tensors(
            layers=layers, hidden=hidden, inner=inner, heads=heads, kv_heads=kv_heads,
            head_dim=head_dim, vocab=vocab,
        ).items()
    }  # fmt: skip
    for prefix in image_prefixes:
        shapes |= {f"{prefix}part.weight": (5, 3), f"{prefix}part.bias": (7,)}
    state = {
        name: (torch.randn(shape, generator=generator) * spread).to(getattr(torch, dtype))
        for name, shape in shapes.items()
    }
    _write_shards({**state, **(extra or {})}, folder, shards)
    text = {
        "model_type": "gemma3_text",
        "hidden_size": hidden,
        "intermediate_size": inner,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": kv_heads,
        "head_dim": head_dim,
        "vocab_size": vocab,
        "sliding_window": 8,
        "rope_scaling": {"factor": 8.0, "rope_type": "linear"},
    }
    told: dict[str, Any]
    if style == "text-only":
        told = {**text, "architectures": ["Gemma3ForCausalLM"], "eos_token_id": [1, END_OF_TURN]}
    else:
        told = {
            "architectures": ["Gemma3ForConditionalGeneration"],
            "model_type": "gemma3",
            "eos_token_id": [1, END_OF_TURN],
            "image_token_index": vocab - 4,
            "text_config": text,
        }
    (folder / "config.json").write_text(json.dumps({**told, **(config or {})}))
    return folder


@pytest.fixture(scope="session")
def plain_builder() -> Builder:
    """`build_plain`."""
    return build_plain


def change_json(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Rewrites a JSON file after `change` has edited its content in place."""
    value = json.loads(path.read_text())
    change(value)
    path.write_text(json.dumps(value))


@pytest.fixture(scope="session")
def json_changer() -> Callable[[Path, Callable[[dict[str, Any]], None]], None]:
    """`change_json`."""
    return change_json


def payloads(folder: Path) -> dict[str, tuple[str, tuple[int, ...], bytes]]:
    """Every tensor of a folder as safetensors' own reader sees it: dtype, shape, bytes."""
    from safetensors import deserialize

    found = {}
    for path in sorted(folder.glob("*.safetensors")):
        for name, entry in deserialize(path.read_bytes()):
            assert name not in found
            found[name] = (entry["dtype"], tuple(entry["shape"]), bytes(entry["data"]))
    return found


@pytest.fixture(scope="session")
def independent_reader() -> Callable[[Path], dict[str, tuple[str, tuple[int, ...], bytes]]]:
    """`payloads`."""
    return payloads
