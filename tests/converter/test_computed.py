"""--dtype: every kept tensor cast, streamed, and what it cannot hold refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from converter import Options, convert, plan_conversion
from converter.errors import SourceError

Builder = Callable[..., Path]
FORMATS = {"BF16": torch.bfloat16, "F16": torch.float16, "F32": torch.float32}


@pytest.mark.parametrize("stored", ["bfloat16", "float32", "float16"])
@pytest.mark.parametrize("asked", FORMATS)
def test_cast_is_torchs_cast(
    asked: str, stored: str, tmp_path: Path, plain_builder: Builder
) -> None:
    source = plain_builder(tmp_path / "source", dtype=stored, style="text-only")
    convert(plan_conversion(source, tmp_path / "out", Options(dtype=asked)))
    before = load_file(source / "model.safetensors")
    after = load_file(tmp_path / "out" / "model.safetensors")
    assert after.keys() == before.keys()
    for name, tensor in before.items():
        assert torch.equal(after[name], tensor.to(FORMATS[asked]))
    told = json.loads((tmp_path / "out" / "config.json").read_text())
    expected = str(FORMATS[asked]).removeprefix("torch.")
    assert (told["dtype"], told["torch_dtype"]) == (expected, expected)


def test_value_too_large_for_float16_is_refused_by_name(
    tmp_path: Path, plain_builder: Builder
) -> None:
    huge = torch.full((16,), 70_000.0)
    source = plain_builder(
        tmp_path / "source", dtype="float32", extra={"language_model.model.norm.weight": huge}
    )
    with pytest.raises(SourceError, match=r"model\.norm\.weight holds values too large for F16"):
        convert(plan_conversion(source, tmp_path / "out", Options(dtype="F16")))
    assert [path.name for path in tmp_path.iterdir()] == ["source"]


def test_source_digest_is_the_same_whether_copied_or_cast(
    tmp_path: Path, plain_builder: Builder
) -> None:
    source = plain_builder(tmp_path / "source")
    plain = convert(plan_conversion(source, tmp_path / "a"))
    cast = convert(plan_conversion(source, tmp_path / "b", Options(dtype="F32")))
    assert plain["source"]["digest"] == cast["source"]["digest"]
    assert plain["digest"] != cast["digest"]


def test_cast_that_was_killed_ends_with_the_same_digest(
    tmp_path: Path, plain_builder: Builder
) -> None:
    from converter.progress import Quiet

    class Stop(Quiet):
        left = 12_000

        def advance(self, done_bytes: int) -> None:
            self.left -= done_bytes
            if self.left < 0:
                raise KeyboardInterrupt

    source = plain_builder(tmp_path / "source")
    options = Options(dtype="F32")
    whole = convert(plan_conversion(source, tmp_path / "a", options))
    with pytest.raises(KeyboardInterrupt):
        convert(plan_conversion(source, tmp_path / "b", options), Stop(), mark_bytes=1_000)
    resumed = convert(plan_conversion(source, tmp_path / "b", options), mark_bytes=1_000)
    assert resumed["digest"] == whole["digest"]
