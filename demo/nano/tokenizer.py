"""A tokenizer of Gemma's form, trained on our own text: special tokens, byte fallback, turn format.

Byte-pair merges over «▁» for a space, as Gemma's tokenizer.json has it. A word never carries its
space, so that a code is the same tokens in a list, in the facts line and in the answer.
"""

from __future__ import annotations

import json
import string
from collections.abc import Iterable
from dataclasses import dataclass

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers
from tokenizers.pre_tokenizers import Split
from tokenizers.processors import TemplateProcessing
from tokenizers.trainers import BpeTrainer

from demo.nano.architecture import BOS, UNK

UNUSED_COUNT = 99
LEADING = ("<pad>", "<eos>", "<bos>", "<unk>", "<mask>", "[multimodal]")
TURN_MARKS = ("<start_of_turn>", "<end_of_turn>")
IMAGE_MARKS = ("<start_of_image>", "<end_of_image>")
IMAGE_SOFT_TOKEN = "<image_soft_token>"  # noqa: S105 - a token of text, not a secret
BYTES = tuple(f"<0x{value:02X}>" for value in range(256))
_SPACE = "▁"

# A code with its underscores is one word; digits stand alone; punctuation runs may take one space.
_WORDS = (
    r"[a-z]+(?:_[a-z0-9]+)+"
    r"|[\p{L}\p{M}]+"
    r"|\p{N}"
    r"|\n"
    rf"|{_SPACE}"
    rf"|[^\p{{L}}\p{{M}}\p{{N}}\s{_SPACE}]+{_SPACE}?"
    r"|\s"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageIds:
    """Ids of the three image tokens."""

    boi: int
    eoi: int
    soft: int


def special_tokens() -> tuple[str, ...]:
    """The tokens before the bytes, in id order: `<start_of_turn>` is 105, `<end_of_turn>` 106."""
    unused = tuple(f"<unused{number}>" for number in range(UNUSED_COUNT))
    return LEADING + unused + TURN_MARKS


def train_tokenizer(texts: Iterable[str], *, size: int) -> Tokenizer:
    """Train merges on `texts`; `size` entries in all, the last one `<image_soft_token>`."""
    fixed = len(special_tokens()) + len(BYTES) + len(IMAGE_MARKS) + 1
    learner = _with_gemma_text_form(Tokenizer(models.BPE()))
    learner.train_from_iterator(
        texts,
        BpeTrainer(
            vocab_size=size - fixed,
            min_frequency=2,
            show_progress=False,
            initial_alphabet=[*string.printable[:95], "\n", _SPACE],
        ),
    )
    model = json.loads(learner.to_str())["model"]
    pieces = sorted(model["vocab"], key=model["vocab"].__getitem__)
    return _assemble(pieces, [(left, right) for left, right in model["merges"]], size=size)


def image_ids(tokenizer: Tokenizer) -> ImageIds:
    """Look up the image tokens' ids."""
    ids: dict[str, int] = tokenizer.get_vocab()
    boi, eoi = (ids[mark] for mark in IMAGE_MARKS)
    return ImageIds(boi=boi, eoi=eoi, soft=ids[IMAGE_SOFT_TOKEN])


def tokenizer_config(max_positions: int) -> dict[str, object]:
    """`tokenizer_config.json`: the generic fast class, which 4.57 and 5.x both read as it is."""
    return {
        **special_tokens_map(),
        "add_bos_token": True,
        "add_eos_token": False,
        "clean_up_tokenization_spaces": False,
        "model_max_length": max_positions,
        "processor_class": "Gemma3Processor",
        "tokenizer_class": "PreTrainedTokenizerFast",
    }


def special_tokens_map() -> dict[str, str]:
    """`special_tokens_map.json`."""
    return {
        "bos_token": "<bos>",
        "boi_token": IMAGE_MARKS[0],
        "eoi_token": IMAGE_MARKS[1],
        "eos_token": "<eos>",
        "image_token": IMAGE_SOFT_TOKEN,
        "pad_token": "<pad>",
        "unk_token": "<unk>",
    }


def _with_gemma_text_form(tokenizer: Tokenizer) -> Tokenizer:
    tokenizer.normalizer = normalizers.Replace(" ", _SPACE)
    tokenizer.pre_tokenizer = Split(Regex(_WORDS), behavior="isolated")
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace(_SPACE, " "), decoders.ByteFallback(), decoders.Fuse()]
    )
    return tokenizer


def _assemble(pieces: list[str], merges: list[tuple[str, str]], *, size: int) -> Tokenizer:
    """Ids as in Gemma: specials, bytes, pieces, filler up to `size`, image tokens last."""
    entries = [*special_tokens(), *BYTES, *pieces]
    tail = [*IMAGE_MARKS, IMAGE_SOFT_TOKEN]
    filler = [f"<unused{UNUSED_COUNT + n}>" for n in range(size - len(entries) - len(tail))]
    entries += filler + tail
    vocabulary = {entry: index for index, entry in enumerate(entries)}
    tokenizer = _with_gemma_text_form(
        Tokenizer(
            models.BPE(
                vocab=vocabulary,
                merges=merges,
                unk_token=LEADING[UNK],
                byte_fallback=True,
                fuse_unk=True,
            )
        )
    )
    specials = [*special_tokens(), *filler, *tail]
    tokenizer.add_special_tokens(
        [AddedToken(token, special=True, normalized=False) for token in specials]
    )
    tokenizer.post_processor = TemplateProcessing(
        single="<bos> $A", pair="<bos> $A <bos> $B", special_tokens=[("<bos>", BOS)]
    )
    return tokenizer
