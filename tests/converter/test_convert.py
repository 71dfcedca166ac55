"""Conversions of every layout, tensor for tensor against safetensors' own reader."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from converter import Options, convert, plan_conversion
from converter.convert import work_folder
from converter.errors import DestinationError
from converter.progress import Quiet

Payload = tuple[str, tuple[int, ...], bytes]
Reader = Callable[[Path], dict[str, Payload]]
Builder = Callable[..., Path]

BODY = {
    "hub": "language_model.model.",
    "saved-by-5.19": "language_model.model.",
    "in-memory": "model.language_model.",
    "text-only": "model.",
}


def expected_payloads(style: str, source: dict[str, Payload]) -> dict[str, Payload]:
    """The rename and drop, told a second time by plain string handling."""
    body = BODY[style]
    return {
        "model." + name[len(body) :]: payload
        for name, payload in source.items()
        if name.startswith(body) and "vision_tower" not in name and "projector" not in name
    }


def folder_digest(folder: Path) -> dict[str, str]:
    return {
        path.name: sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.iterdir())
        if path.is_file()
    }


@pytest.mark.parametrize("shards", [1, 3])
@pytest.mark.parametrize("style", BODY)
def test_every_layout_keeps_every_byte(
    style: str,
    shards: int,
    tmp_path: Path,
    plain_builder: Builder,
    independent_reader: Reader,
) -> None:
    source = plain_builder(tmp_path / "source", style=style, shards=shards)
    before = folder_digest(source)
    convert(plan_conversion(source, tmp_path / "destination"))
    found = independent_reader(tmp_path / "destination")
    assert found == expected_payloads(style, independent_reader(source))
    assert len(found) == 2 + 13 * 2
    assert folder_digest(source) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["destination", "source"]


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    style=st.sampled_from(sorted(BODY)),
    shards=st.integers(1, 5),
    layers=st.integers(1, 4),
    hidden=st.integers(1, 9),
    inner=st.integers(1, 11),
    kv_heads=st.integers(1, 2),
    head_dim=st.integers(1, 5),
    vocab=st.integers(5, 40),
    dtype=st.sampled_from(["bfloat16", "float16", "float32"]),
    max_shard_bytes=st.integers(1, 20_000),
    mark_bytes=st.integers(1, 5_000),
    seed=st.integers(0, 5),
)
def test_any_shape_dtype_and_split_keeps_every_byte(
    tmp_path_factory: pytest.TempPathFactory,
    plain_builder: Builder,
    independent_reader: Reader,
    style: str,
    max_shard_bytes: int,
    mark_bytes: int,
    kv_heads: int,
    **sizes: Any,
) -> None:
    folder = tmp_path_factory.mktemp("any")
    source = plain_builder(
        folder / "source", style=style, heads=2 * kv_heads, kv_heads=kv_heads, **sizes
    )
    options = Options(max_shard_bytes=max_shard_bytes)
    plan = plan_conversion(source, folder / "destination", options)
    convert(plan, mark_bytes=mark_bytes)
    found = independent_reader(folder / "destination")
    assert found == expected_payloads(style, independent_reader(source))
    for shard in plan.shards:
        assert len(shard.tensors) == 1 or sum(t.nbytes for t in shard.tensors) <= max_shard_bytes


def test_mixed_dtypes_are_kept_and_aligned(
    tmp_path: Path, plain_builder: Builder, independent_reader: Reader
) -> None:
    norm = {"language_model.model.norm.weight": torch.randn(5, dtype=torch.float32)}
    source = plain_builder(tmp_path / "source", hidden=5, heads=1, head_dim=3, extra=norm)
    convert(plan_conversion(source, tmp_path / "destination"))
    found = independent_reader(tmp_path / "destination")
    assert found == expected_payloads("hub", independent_reader(source))
    assert found["model.norm.weight"][0] == "F32"


def test_index_names_every_tensor_and_the_payloads_total(
    tmp_path: Path, plain_builder: Builder, independent_reader: Reader
) -> None:
    source = plain_builder(tmp_path / "source")
    convert(plan_conversion(source, tmp_path / "out", Options(max_shard_bytes=4_000)))
    index = json.loads((tmp_path / "out" / "model.safetensors.index.json").read_text())
    found = independent_reader(tmp_path / "out")
    assert index["weight_map"].keys() == found.keys()
    assert index["metadata"]["total_size"] == sum(len(data) for _, _, data in found.values())
    files = {path.name for path in (tmp_path / "out").glob("*.safetensors")}
    assert set(index["weight_map"].values()) == files
    assert len(files) > 2


def test_tied_duplicate_of_the_embedding_is_dropped(
    tmp_path: Path, multimodal_builder: Builder, independent_reader: Reader
) -> None:
    source = multimodal_builder(tmp_path / "source", layout="in-memory", tied_copy=True)
    convert(plan_conversion(source, tmp_path / "destination"))
    assert "lm_head.weight" not in independent_reader(tmp_path / "destination")


def test_head_of_an_untied_model_is_kept(
    tmp_path: Path, plain_builder: Builder, independent_reader: Reader
) -> None:
    head = torch.randn(48, 16, dtype=torch.bfloat16)
    source = plain_builder(
        tmp_path / "source",
        extra={"language_model.lm_head.weight": head},
        config={"tie_word_embeddings": False},
    )
    convert(plan_conversion(source, tmp_path / "destination"))
    found = independent_reader(tmp_path / "destination")
    assert found["lm_head.weight"][2] == head.view(torch.uint8).numpy().tobytes()
    assert json.loads((tmp_path / "destination/config.json").read_text())[
        "tie_word_embeddings"
    ] is False  # fmt: skip


def test_text_only_checkpoint_is_recognised_and_copied_as_it_is(
    tmp_path: Path, plain_builder: Builder, independent_reader: Reader
) -> None:
    source = plain_builder(tmp_path / "source", style="text-only")
    manifest = convert(plan_conversion(source, tmp_path / "destination"))
    assert manifest["source"]["kind"] == "text-only"
    assert independent_reader(tmp_path / "destination") == independent_reader(source)
    config = (tmp_path / "destination" / "config.json").read_bytes()
    assert config == (source / "config.json").read_bytes()


def test_text_config_over_multimodal_names_is_renamed(
    tmp_path: Path, plain_builder: Builder, independent_reader: Reader
) -> None:
    """What transformers 5 writes after loading a multimodal checkpoint into the text class."""
    source = plain_builder(tmp_path / "source")
    text = plain_builder(tmp_path / "text", style="text-only")
    (source / "config.json").write_bytes((text / "config.json").read_bytes())
    convert(plan_conversion(source, tmp_path / "destination"))
    assert "model.norm.weight" in independent_reader(tmp_path / "destination")


def test_manifest_tells_the_digests_of_all_that_is_there(
    tmp_path: Path, tiny_multimodal_checkpoint: Path, independent_reader: Reader
) -> None:
    destination = tmp_path / "destination"
    returned = convert(plan_conversion(tiny_multimodal_checkpoint, destination))
    manifest = json.loads((destination / "chewie-manifest.json").read_text())
    assert manifest == returned
    digests = folder_digest(destination)
    del digests["chewie-manifest.json"]
    assert {name: entry["sha256"] for name, entry in manifest["files"].items()} == digests
    found = independent_reader(destination)
    assert manifest["tensors"].keys() == found.keys()
    for name, (_, _, data) in found.items():
        assert manifest["tensors"][name]["sha256"] == sha256(data).hexdigest()
    assert manifest["dropped"]["tensors"] == 39
    assert "preprocessor_config.json" in manifest["left_out"]
    assert (destination / "chewie.json").exists()


def test_identity_does_not_depend_on_sharding_but_on_weights_and_files(
    tmp_path: Path, plain_builder: Builder
) -> None:
    source = plain_builder(tmp_path / "source")
    other = plain_builder(tmp_path / "other", seed=1)
    with_note = plain_builder(tmp_path / "with-note")
    (with_note / "tokenizer_config.json").write_text("{}")

    def identity(folder: Path, name: str, **options: Any) -> str:
        manifest = convert(plan_conversion(folder, tmp_path / name, Options(**options)))
        return str(manifest["digest"])

    plain = identity(source, "a")
    assert identity(source, "b", max_shard_bytes=3_000) == plain
    assert identity(other, "c") != plain
    assert identity(with_note, "d") != plain


def test_second_run_leaves_a_finished_destination_as_it_is(
    tmp_path: Path, plain_builder: Builder
) -> None:
    source = plain_builder(tmp_path / "source")
    first = convert(plan_conversion(source, tmp_path / "out"))
    stamp = (tmp_path / "out" / "model.safetensors").stat().st_mtime_ns
    assert convert(plan_conversion(source, tmp_path / "out")) == first
    assert (tmp_path / "out" / "model.safetensors").stat().st_mtime_ns == stamp


def test_finished_destination_of_other_options_is_refused(
    tmp_path: Path, plain_builder: Builder
) -> None:
    source = plain_builder(tmp_path / "source")
    convert(plan_conversion(source, tmp_path / "out"))
    with pytest.raises(DestinationError, match="holds files already"):
        convert(plan_conversion(source, tmp_path / "out", Options(dtype="F32")))


def _somebodys_files(destination: Path, _: Path) -> Path:
    destination.mkdir()
    (destination / "thesis.txt").write_text("mine")
    return destination


REFUSED_DESTINATIONS: dict[str, tuple[Callable[[Path, Path], Path], str]] = {
    "the source itself": (lambda _, source: source, "same folder"),
    "inside the source": (lambda _, source: source / "text", "inside the source"),
    "somebody's files": (_somebodys_files, "thesis.txt"),
    "a file": (lambda path, _: path.write_text("x") and path, "no folder"),
    "no parent": (lambda path, _: path / "deep" / "er", "no such folder"),
    "a mount point": (lambda *_: Path("/dev/shm"), "holds files|mount point"),
}


@pytest.mark.parametrize("name", REFUSED_DESTINATIONS)
def test_destination_is_refused_before_the_first_byte(
    name: str, tmp_path: Path, plain_builder: Builder
) -> None:
    prepare, words = REFUSED_DESTINATIONS[name]
    source = plain_builder(tmp_path / "source")
    destination = prepare(tmp_path / "destination", source)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(DestinationError, match=words):
        convert(plan_conversion(source, destination))
    assert sorted(tmp_path.rglob("*")) == before


def test_source_reached_over_a_link_is_still_the_source(
    tmp_path: Path, plain_builder: Builder
) -> None:
    source = plain_builder(tmp_path / "source")
    (tmp_path / "link").symlink_to(source)
    with pytest.raises(DestinationError, match="same folder"):
        convert(plan_conversion(source, tmp_path / "link"))


def test_empty_folder_is_taken(tmp_path: Path, plain_builder: Builder) -> None:
    (tmp_path / "out").mkdir()
    convert(plan_conversion(plain_builder(tmp_path / "source"), tmp_path / "out"))
    assert (tmp_path / "out" / "model.safetensors").exists()


def test_two_conversions_to_one_destination_do_not_meet(
    tmp_path: Path, plain_builder: Builder
) -> None:
    plan = plan_conversion(plain_builder(tmp_path / "source"), tmp_path / "out")
    refusals = []

    class Second(Quiet):
        def start(self, label: str, total_bytes: int) -> None:
            with pytest.raises(DestinationError, match="another conversion") as refusal:
                convert(plan)
            refusals.append(refusal)

    convert(plan, Second())
    assert len(refusals) == 1
    assert not work_folder(tmp_path / "out").exists()


def test_source_that_shrinks_while_it_is_read_leaves_nothing_behind(
    tmp_path: Path, plain_builder: Builder
) -> None:
    source = plain_builder(tmp_path / "source")

    class Shrink(Quiet):
        def start(self, label: str, total_bytes: int) -> None:
            path = source / "model.safetensors"
            path.write_bytes(path.read_bytes()[:4_000])

    from converter.errors import SourceError

    with pytest.raises(SourceError, match="became shorter"):
        convert(plan_conversion(source, tmp_path / "out"), Shrink())
    assert [path.name for path in tmp_path.iterdir()] == ["source"]


def test_copying_imports_neither_torch_nor_transformers(
    tmp_path: Path, plain_builder: Builder
) -> None:
    source = plain_builder(tmp_path / "source")
    program = (
        "import sys; from converter.__main__ import main; "
        f"assert main([{str(source)!r}, {str(tmp_path / 'out')!r}]) == 0; "
        "print(sorted({'torch', 'transformers', 'huggingface_hub'} & set(sys.modules)))"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stdout.splitlines()[-1] == "[]"
