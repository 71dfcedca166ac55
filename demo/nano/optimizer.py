"""The optimiser: Muon for the layers' matrices, AdamW for embedding and norms, one schedule."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Peak learning rates and the shape of the schedule, as shares of all steps."""

    matrices: float = 0.01
    embedding: float = 0.004
    norms: float = 0.004
    weight_decay: float = 0.01
    warm_up: float = 0.04
    floor: float = 0.02


class Optimiser:
    """Both optimisers as one, with warm-up and cosine decay over `steps`."""

    def __init__(self, text_model: Any, rates: Rates, *, steps: int) -> None:
        self._rates, self._steps, self._done = rates, steps, 0
        named = dict(text_model.named_parameters())
        matrices = [p for name, p in named.items() if p.ndim == 2 and "embed" not in name]
        embedding = [p for name, p in named.items() if "embed" in name]
        norms = [p for p in named.values() if p.ndim == 1]
        self._parts = (
            torch.optim.Muon(
                matrices,
                lr=rates.matrices,
                weight_decay=rates.weight_decay,
                adjust_lr_fn="match_rms_adamw",
            ),
            torch.optim.AdamW(
                [
                    {"params": embedding, "lr": rates.embedding},
                    {"params": norms, "lr": rates.norms},
                ],
                betas=(0.9, 0.98),
                weight_decay=0.0,
            ),
        )
        self._peaks = [group["lr"] for part in self._parts for group in part.param_groups]
        self._parameters = list(named.values())

    def step(self) -> None:
        """Clip, set the rate of this step, update, and clear the gradients."""
        torch.nn.utils.clip_grad_norm_(self._parameters, 1.0)
        groups = [group for part in self._parts for group in part.param_groups]
        for group, peak in zip(groups, self._peaks, strict=True):
            group["lr"] = peak * rate_share(self._done, self._steps, self._rates)
        for part in self._parts:
            part.step()
            part.zero_grad(set_to_none=True)
        self._done += 1


def rate_share(step: int, steps: int, rates: Rates) -> float:
    """Share of the peak rate at `step` of `steps`: linear up, then a cosine down to the floor."""
    warm = max(1, round(steps * rates.warm_up))
    if step < warm:
        return (step + 1) / warm
    progress = (step - warm) / max(1, steps - warm)
    return rates.floor + (1 - rates.floor) * 0.5 * (1 + math.cos(math.pi * progress))
