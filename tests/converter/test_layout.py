"""Names of all three layouts, and what none of them knows."""

import pytest

from converter.layout import LAYOUTS, detect_layout

BY_NAME = {layout.name: layout for layout in LAYOUTS}


@pytest.mark.parametrize(
    ("layout", "key", "expected"),
    [
        (
            "hub",
            "language_model.model.layers.3.mlp.up_proj.weight",
            "model.layers.3.mlp.up_proj.weight",
        ),
        ("hub", "language_model.model.norm.weight", "model.norm.weight"),
        ("hub", "language_model.lm_head.weight", "lm_head.weight"),
        ("hub", "vision_tower.vision_model.post_layernorm.bias", None),
        ("hub", "vision_tower.post_layernorm.bias", None),
        ("hub", "multi_modal_projector.mm_soft_emb_norm.weight", None),
        ("in-memory", "model.language_model.embed_tokens.weight", "model.embed_tokens.weight"),
        ("in-memory", "model.vision_tower.encoder.layers.0.bias", None),
        ("in-memory", "model.multi_modal_projector.mm_input_projection_weight", None),
        ("in-memory", "lm_head.weight", "lm_head.weight"),
        (
            "text-only",
            "model.layers.0.self_attn.q_norm.weight",
            "model.layers.0.self_attn.q_norm.weight",
        ),
    ],
)
def test_key_gets_its_text_only_name(layout: str, key: str, expected: str | None) -> None:
    assert BY_NAME[layout].text_name(key) == expected


@pytest.mark.parametrize(
    ("layout", "key"),
    [
        ("hub", "audio_tower.weight"),
        ("hub", "model.language_model.norm.weight"),
        ("text-only", "model.vision_tower.x"),
        ("text-only", "model.rotary.inv_freq"),
        ("in-memory", "language_model.model.norm.weight"),
    ],
)
def test_key_of_another_layout_is_not_placed(layout: str, key: str) -> None:
    with pytest.raises(KeyError):
        BY_NAME[layout].text_name(key)


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
def test_layout_is_told_by_its_embedding(layout: object) -> None:
    assert detect_layout([f"{layout.body}embed_tokens.weight", "x"]) is layout  # type: ignore[attr-defined]


def test_keys_without_an_embedding_have_no_layout() -> None:
    assert detect_layout(["transformer.wte.weight"]) is None
