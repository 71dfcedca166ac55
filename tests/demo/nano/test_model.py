"""Training's shortcut, the shared prefix, computes what a full forward computes."""

from __future__ import annotations

import pytest
import torch

from demo.nano.architecture import Sizes
from demo.nano.model import Batch, answer_loss, build_model, suffix_states
from demo.nano.tokenizer import ImageIds

IDS = ImageIds(boi=253, eoi=254, soft=255)
SMALL = Sizes(vocab_size=256, hidden=32, intermediate=64, heads=2, kv_heads=1, sliding_window=16)


@pytest.fixture(scope="module")
def model():
    return build_model(SMALL, IDS, seed=3)


def tokens(*shape: int) -> torch.Tensor:
    return torch.randint(5, 250, shape, generator=torch.Generator().manual_seed(1))


def test_the_shared_prefix_gives_what_a_full_forward_gives(model):
    """Prefix and suffix are both longer than the window, so sliding layers really slide."""
    prefix, suffix = tokens(40), tokens(3, 25)
    rows = torch.cat([prefix.expand(3, -1), suffix], dim=1)
    with torch.no_grad():
        whole = model.model.language_model(input_ids=rows, use_cache=False).last_hidden_state
        shared = suffix_states(model, prefix, suffix)
    torch.testing.assert_close(shared, whole[:, 40:], atol=1e-4, rtol=1e-4)


def test_padding_on_the_right_changes_nothing_before_it(model):
    prefix, suffix = tokens(40), tokens(2, 20)
    padded = torch.cat([suffix, torch.zeros(2, 6, dtype=torch.long)], dim=1)
    with torch.no_grad():
        assert torch.allclose(
            suffix_states(model, prefix, padded)[:, :20],
            suffix_states(model, prefix, suffix),
            atol=1e-5,
        )


def test_only_the_answer_counts_in_the_loss(model):
    prefix, suffix = tokens(10), tokens(2, 12)
    answer = torch.zeros(2, 12, dtype=torch.bool)
    answer[:, 8:] = True
    with torch.no_grad():
        loss = answer_loss(model, Batch(prefix=prefix, suffix=suffix, answer=answer))
        rows = torch.cat([prefix.expand(2, -1), suffix], dim=1)
        labels = rows.clone()
        labels[:, : 10 + 8] = -100
        full = model.model.language_model(input_ids=rows, use_cache=False).last_hidden_state
        logits = full @ model.model.language_model.embed_tokens.weight.T
        expected = torch.nn.functional.cross_entropy(
            logits[:, :-1].reshape(-1, 256), labels[:, 1:].reshape(-1), ignore_index=-100
        )
    torch.testing.assert_close(loss, expected, atol=1e-4, rtol=1e-4)


def test_the_same_seed_builds_the_same_weights(model):
    again = build_model(SMALL, IDS, seed=3)
    assert all(
        torch.equal(a, b) for a, b in zip(model.parameters(), again.parameters(), strict=True)
    )
