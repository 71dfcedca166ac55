"""The committed checkpoint, loaded once."""

from __future__ import annotations

from pathlib import Path

import pytest

from demo.nano.checkpoint import FOLDER


@pytest.fixture(scope="session")
def checkpoint() -> Path:
    return FOLDER


@pytest.fixture(scope="session")
def checkpoint_tokenizer(checkpoint):
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(checkpoint)
