"""Names: where a tensor of a source checkpoint goes. Pure; reads no file.

Three key layouts exist for the same Gemma 3 weights, by who saved them; each is a row of LAYOUTS.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

EMBEDDING = "model.embed_tokens.weight"
LM_HEAD = "lm_head.weight"


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Prefixes of one layout: `body` becomes `model.`, `head` `lm_head.`; `dropped` is left out."""

    name: str
    body: str
    heads: tuple[str, ...]
    dropped: tuple[str, ...]

    def text_name(self, key: str) -> str | None:
        """The text-only name of `key`, or None where it is dropped; KeyError if unknown."""
        if key.startswith(self.dropped):
            return None
        for head in self.heads:
            if key.startswith(head):
                return "lm_head." + key[len(head) :]
        if key.startswith(self.body) and _is_body(key[len(self.body) :]):
            return "model." + key[len(self.body) :]
        raise KeyError(key)


def _is_body(rest: str) -> bool:
    return rest.startswith(("embed_tokens.", "layers.", "norm."))


LAYOUTS = (
    # The hub, and whatever transformers 4.50-5.x saves (5.19 without `vision_model.` in between).
    Layout(
        name="hub",
        body="language_model.model.",
        heads=("language_model.lm_head.", "lm_head."),
        dropped=("vision_tower.", "multi_modal_projector."),
    ),
    # The in-memory names since transformers 4.52, as some trainers write them out.
    Layout(
        name="in-memory",
        body="model.language_model.",
        heads=("lm_head.",),
        dropped=("model.vision_tower.", "model.multi_modal_projector."),
    ),
    Layout(name="text-only", body="model.", heads=("lm_head.",), dropped=()),
)


def detect_layout(keys: Iterable[str]) -> Layout | None:
    """The layout whose embedding is among `keys`; None if there is none."""
    present = set(keys)
    for layout in LAYOUTS:
        if f"{layout.body}embed_tokens.weight" in present:
            return layout
    return None
