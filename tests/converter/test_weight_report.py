"""inspect: the parts add up to the file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from converter.checkpoint import open_checkpoint
from converter.weight_report import part_prefix, report_table, report_weights


def test_parts_add_up_and_tell_their_fate(tiny_multimodal_checkpoint: Path) -> None:
    checkpoint = open_checkpoint(tiny_multimodal_checkpoint)
    report = report_weights(checkpoint)
    tensors = list(checkpoint.tensors())
    assert report.total().tensors == len(tensors)
    assert report.total().nbytes == sum(tensor.nbytes for tensor in tensors)
    fates = {part.prefix: part.fate for part in report.parts}
    assert fates["language_model.model.layers"] == "kept"
    assert fates["vision_tower.vision_model.encoder.layers"] == "dropped"
    assert fates["multi_modal_projector"] == "dropped"
    layers = next(p for p in report.parts if p.prefix == "language_model.model.layers")
    assert layers.tensors == 13 * 7
    assert layers.nbytes == 2 * layers.parameters


def test_table_and_json_tell_the_same(tmp_path: Path, plain_builder: Callable[..., Path]) -> None:
    report = report_weights(open_checkpoint(plain_builder(tmp_path / "source")))
    table = report_table(report).splitlines()
    assert table[0] == "layout: hub"
    assert len(table) == 2 + len(report.parts) + 3
    told = report.as_json()
    assert told["kept"]["tensors"] == 2 + 13 * 2
    assert f"{told['kept']['bytes']:,}" in table[-3]
    assert f"{told['total']['bytes']:,}" in table[-1]
    assert told["total"]["bytes"] == told["kept"]["bytes"] + told["dropped"]["bytes"]
    assert set(told["parts"][0]) == {"prefix", "tensors", "parameters", "bytes", "fate"}
    assert len({line.rstrip().count("  ") > 0 for line in table[1:]}) == 1


def test_prefix_gathers_layers_and_single_weights() -> None:
    assert part_prefix("model.layers.3.mlp.up_proj.weight") == "model.layers"
    assert part_prefix("model.norm.weight") == "model.norm"
    assert (
        part_prefix("multi_modal_projector.mm_input_projection_weight") == "multi_modal_projector"
    )
