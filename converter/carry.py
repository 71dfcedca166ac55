"""Which files beside the weights go along, and which stay behind. Reads names and sizes only,
and chat templates where they have to move."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from converter.checkpoint import read_json
from converter.errors import SourceError

MANIFEST_NAME = "chewie-manifest.json"
TEMPLATE_NAME = "chat_template.jinja"

# Written anew by the conversion, never copied.
REWRITTEN = frozenset({"config.json", "generation_config.json", MANIFEST_NAME})
# What only a model that sees images needs.
IMAGE_FILES = frozenset(
    {
        "preprocessor_config.json",
        "processor_config.json",
        "image_processor_config.json",
        "video_preprocessor_config.json",
        "chat_template.json",
    }
)
# Where transformers 4.x and 5.x keep a processor's chat template if the tokenizer has none.
PROCESSOR_TEMPLATE_FILES = ("chat_template.json", "processor_config.json")
TOKENIZER_FILES = frozenset(
    {
        "tokenizer.json",
        "tokenizer.model",
        "tokenizer_config.json",
        "special_tokens_map.json",
        "added_tokens.json",
        TEMPLATE_NAME,
    }
)
TEXT_SUFFIXES = frozenset({".json", ".jinja", ".md", ".txt"})
TEXT_NAMES = frozenset({"LICENSE", "NOTICE", "USE_POLICY"})
# A note or a setting is small; larger unknown files are data of some other program.
MAX_TEXT_BYTES = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """File names by fate: `copied` as they are, `left_out` with those of images and weights."""

    copied: tuple[str, ...]
    left_out: tuple[str, ...]


def sort_files(folder: Path) -> Carried:
    """Looks at the plain files of `folder`; folders and hidden files stay behind unnamed."""
    copied: list[str] = []
    left_out: list[str] = []
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or not path.is_file() or path.name in REWRITTEN:
            continue
        (copied if _goes_along(path) else left_out).append(path.name)
    return Carried(copied=tuple(copied), left_out=tuple(left_out))


def _goes_along(path: Path) -> bool:
    if path.name in TOKENIZER_FILES:
        return True
    if path.name in IMAGE_FILES or path.name.endswith(".index.json"):
        return False
    textual = path.suffix in TEXT_SUFFIXES or path.name in TEXT_NAMES
    return textual and path.stat().st_size <= MAX_TEXT_BYTES


def moved_chat_template(folder: Path, copied: tuple[str, ...]) -> Mapping[str, bytes]:
    """The processor's chat template as the tokenizer's, where the tokenizer has none of its own."""
    if TEMPLATE_NAME in copied:
        return {}
    if "tokenizer_config.json" in copied and read_json(folder / "tokenizer_config.json").get(
        "chat_template"
    ):
        return {}
    for name in PROCESSOR_TEMPLATE_FILES:
        if not (folder / name).exists():
            continue
        template = read_json(folder / name).get("chat_template")
        if isinstance(template, str):
            return {TEMPLATE_NAME: template.encode()}
        if template is not None:
            raise SourceError(f"{folder / name}: chat_template is no text, expected one template")
    return {}
