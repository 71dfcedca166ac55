"""Compares what source and converted checkpoint say: logits in transformers, text by text.

Imports torch and transformers; everything else of the converter does without them. One model is
in memory at a time, and of each text only the last positions' logits are kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from converter.errors import SourceError, VerificationError
from converter.manifest import Manifest
from converter.options import OptionsError
from converter.probe_texts import PROBE_TEXTS

if TYPE_CHECKING:
    import torch

# Positions whose logits are compared, all of them beyond the sliding window.
COMPARED_POSITIONS = 192
# What a quantized checkpoint may cost; nats, over the compared positions of one text.
MOST_KL_MEDIAN = 0.03
MOST_KL_P99 = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How far the converted model's next-token distributions are from the source's, for one text.

    Divergences in nats (source against converted); `top1` the share of positions with the same
    best token; perplexities over the same positions.
    """

    language: str
    tokens: int
    positions: int
    bitwise_equal: bool
    kl_median: float
    kl_p99: float
    top1: float
    perplexity_source: float
    perplexity_converted: float

    def acceptable(self, *, exact: bool) -> bool:
        """Bitwise where nothing was rounded; else within the limits for quantized weights."""
        if exact:
            return self.bitwise_equal
        return self.kl_median <= MOST_KL_MEDIAN and self.kl_p99 <= MOST_KL_P99

    def sentence(self) -> str:
        """One line for a person."""
        equal = "bitwise equal" if self.bitwise_equal else "not bitwise equal"
        return (
            f"{self.language}: {equal} over {self.positions} positions after {self.tokens} tokens, "
            f"KL median {self.kl_median:.4f}, p99 {self.kl_p99:.4f}, top-1 {self.top1:.1%}, "
            f"perplexity {self.perplexity_source:.2f} -> {self.perplexity_converted:.2f}"
        )

    def as_json(self) -> dict[str, Any]:
        """The same as plain data."""
        return asdict(self)


def compare_logits(
    source: Path, destination: Path, manifest: Manifest, texts: Mapping[str, str] = PROBE_TEXTS
) -> tuple[Agreement, ...]:
    """One agreement per language in `texts`, on prompts longer than the sliding window."""
    _refuse_other_model(manifest)
    prompts = {name: _prompt(destination, text) for name, text in texts.items()}
    wanted = _logits(source, prompts)
    found = _logits(destination, prompts)
    return tuple(
        _agreement(name, prompt, wanted[name], found[name]) for name, prompt in prompts.items()
    )


def check_texts(texts: Mapping[str, Any], where: str) -> None:
    """Refuses what is no table of language and text."""
    for language, text in texts.items():
        if not isinstance(text, str) or not text.strip():
            raise SourceError(f"{where}: {language} is {text!r}, expected a text")
    if not texts:
        raise SourceError(f"{where}: holds no text, expected an object of language and text")


def silence_transformers() -> None:
    """No progress bars of transformers' own."""
    from transformers.utils import logging

    logging.disable_progress_bar()


def is_exact(manifest: Manifest) -> bool:
    """Whether the conversion rounded nothing, so that logits have to be bitwise equal."""
    options = manifest["options"]
    return options["quantize"] is None and options["dtype"] is None


def _refuse_other_model(manifest: Manifest) -> None:
    if manifest["options"]["adapter"] is not None:
        raise OptionsError("--logits: the merged adapter changes the logits on purpose")


def _prompt(folder: Path, text: str) -> torch.Tensor:
    """Token ids (1, n) of `text`, repeated beyond the sliding window but within the positions."""
    from transformers import AutoConfig, AutoTokenizer

    config = AutoConfig.from_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    length = min(config.sliding_window + COMPARED_POSITIONS, config.max_position_embeddings)
    ids = tokenizer(text, return_tensors="pt").input_ids
    repeats = -(-length // ids.shape[1])
    return tokenizer(text * repeats, return_tensors="pt").input_ids[:, :length]


def _logits(folder: Path, prompts: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Logits (positions, vocabulary) of the last positions of every prompt."""
    import torch

    model = load_checked(folder)
    results = {}
    with torch.inference_mode():
        for name, ids in prompts.items():
            keep = min(COMPARED_POSITIONS, ids.shape[1])
            output = model(input_ids=ids, logits_to_keep=keep, use_cache=False)
            results[name] = output.logits[0].clone()
    return results


def load_checked(folder: Path) -> Any:
    """The model in `folder`, of whichever Gemma 3 class; missing or left-over keys are an error.

    transformers 5 only warns about them, and computes with random weights.
    """
    from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForImageTextToText

    multimodal = AutoConfig.from_pretrained(folder).model_type == "gemma3"
    kind = AutoModelForImageTextToText if multimodal else AutoModelForCausalLM
    model, told = kind.from_pretrained(folder, dtype="auto", output_loading_info=True)
    for name in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        if wrong := sorted(map(str, told[name])):
            raise VerificationError(f"{folder}: {name} in transformers, first {wrong[0]}")
    return model.eval()


def _agreement(
    language: str, ids: torch.Tensor, wanted: torch.Tensor, found: torch.Tensor
) -> Agreement:
    import torch

    shared = min(wanted.shape[-1], found.shape[-1])
    wanted, found = wanted[:, :shared], found[:, :shared]
    log_wanted = torch.log_softmax(wanted.float(), dim=-1)
    log_found = torch.log_softmax(found.float(), dim=-1)
    divergence = (log_wanted.exp() * (log_wanted - log_found)).sum(dim=-1).clamp(min=0)
    following = ids[0, ids.shape[1] - len(wanted) + 1 :]
    return Agreement(
        language=language,
        tokens=ids.shape[1],
        positions=len(wanted),
        bitwise_equal=bool(torch.equal(wanted, found)),
        kl_median=float(divergence.median()),
        kl_p99=float(divergence.quantile(0.99)),
        top1=float((wanted.argmax(-1) == found.argmax(-1)).float().mean()),
        perplexity_source=_perplexity(log_wanted, following),
        perplexity_converted=_perplexity(log_found, following),
    )


def _perplexity(log_probabilities: torch.Tensor, following: torch.Tensor) -> float:
    told = log_probabilities[:-1].gather(1, following.unsqueeze(1))
    return float((-told.mean()).exp())
