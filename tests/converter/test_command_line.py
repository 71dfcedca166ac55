"""Words, exit codes and what is printed where."""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from converter.__main__ import main
from converter.command_line import options_from, parse, size_bytes

Builder = Callable[..., Path]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("5GB", 5_000_000_000), ("2GiB", 2**31), ("1.5mb", 1_500_000), ("17", 17), ("3 kB", 3000)],
)
def test_size_is_read(text: str, expected: int) -> None:
    assert size_bytes(text) == expected


@pytest.mark.parametrize("text", ["", "GB", "5 apples", "-1"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        size_bytes(text)


def test_all_flags_reach_the_options() -> None:
    words = "a b --max-shard-size 1GB --dtype float16 --max-position-embeddings 8192 --trim-vocab"
    words += " --adapter lora --quantize w4a16 --lm-head int8 --group-size 64 --ignore x --ignore y"
    options = options_from(parse(words.split()))
    assert options.max_shard_bytes == 10**9
    assert (options.dtype, options.max_position_embeddings, options.trim_vocab) == ("F16", 8192, 0)
    assert (options.adapter, options.quantize, options.lm_head) == (Path("lora"), "w4a16", "int8")
    assert (options.group_size, options.ignore) == (64, ("x", "y"))


def test_source_and_destination_alone_mean_convert() -> None:
    assert parse(["a", "b"]).command == "convert"
    assert parse(["verify", "a", "b"]).command == "verify"
    assert parse(["./inspect", "b"]).source == "./inspect"


@pytest.mark.parametrize(
    ("words", "expected"),
    [("--trim-vocab a b", 0), ("a b --trim-vocab", 0), ("a b --trim-vocab 40", 40),
     ("--trim-vocab 40 a b", 40), ("a b --trim-vocab=40 --dtype float32", 40), ("a b", None)],
)  # fmt: skip
def test_trim_vocab_takes_a_number_or_none(words: str, expected: int | None) -> None:
    parsed = parse(words.split())
    assert (parsed.source, parsed.trim_vocab) == ("a", expected)


def test_destination_of_somebody_is_refused_before_anything_is_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    (tmp_path / "thesis.txt").write_text("mine")
    assert main(["google/medgemma-4b-it", str(tmp_path)]) == 4
    assert "thesis.txt" in capsys.readouterr().err


def test_reader_that_went_away_is_no_traceback(tmp_path: Path, plain_builder: Builder) -> None:
    source = plain_builder(tmp_path / "source")
    program = (
        "import os, sys; from converter.__main__ import main; "
        "reader, writer = os.pipe(); os.close(reader); os.dup2(writer, 1); "
        "sys.exit(main(sys.argv[1:]))"
    )
    run = subprocess.run(
        [sys.executable, "-c", program, "inspect", str(source), "--json"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (run.returncode, run.stderr) == (141, "")


def test_convert_verify_and_inspect_from_end_to_end(
    tmp_path: Path, plain_builder: Builder, capsys: pytest.CaptureFixture[str]
) -> None:
    source, out = str(plain_builder(tmp_path / "source")), str(tmp_path / "out")
    assert main([source, out, "--max-shard-size", "4kB"]) == 0
    told = capsys.readouterr()
    assert "28 tensors" in told.out
    assert "sha256:" in told.out
    assert told.err == ""
    assert main(["verify", source, out, "--json"]) == 0
    verdict = json.loads(capsys.readouterr().out)
    assert (verdict["tensors"], verdict["differences"]) == (28, [])
    assert main(["inspect", source, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["kept"]["tensors"] == 28
    assert main(["inspect", source]) == 0
    assert "language_model.model.layers" in capsys.readouterr().out


def test_every_kind_of_failure_has_its_code(
    tmp_path: Path, plain_builder: Builder, capsys: pytest.CaptureFixture[str]
) -> None:
    source, out = str(plain_builder(tmp_path / "source")), str(tmp_path / "out")
    assert main([str(tmp_path / "nowhere"), out]) == 3
    assert main([source, source]) == 4
    assert main([source, out, "--lm-head", "fp8"]) == 2
    assert main([source, out]) == 0
    weights = tmp_path / "out" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x01")
    capsys.readouterr()
    assert main(["verify", source, out]) == 6
    lines = capsys.readouterr().err.splitlines()
    assert any("payload differs" in line for line in lines)
    assert lines[-1].endswith("differences")


def test_wrong_words_exit_with_two() -> None:
    with pytest.raises(SystemExit) as stop:
        main(["verify"])
    assert stop.value.code == 2


def test_readme_tells_every_flag_and_exit_code(root: Path) -> None:
    from converter.command_line import _parser
    from converter.errors import ConversionError

    readme = (root / "converter" / "README.md").read_text()
    subparsers = next(action for action in _parser()._actions if action.dest == "command")
    flags = {
        flag
        for parser in subparsers.choices.values()  # type: ignore[union-attr]
        for action in parser._actions  # type: ignore[attr-defined]
        for flag in action.option_strings
        if flag.startswith("--") and flag not in ("--help", "--json")
    }
    assert not {flag for flag in flags if f"`{flag}" not in readme}
    codes = {error.exit_code for error in ConversionError.__subclasses__()}
    assert not {code for code in codes if f"\n| {code} | " not in readme}


def test_memory_does_not_grow_with_the_model(
    tmp_path: Path, plain_builder: Builder, json_changer: Callable[..., None]
) -> None:
    """A checkpoint of 270 MB, of which one tensor has 256; its bytes are a hole in the file."""
    source = plain_builder(tmp_path / "source", hidden=64, vocab=64)
    path = source / "model.safetensors"
    raw = path.read_bytes()
    length = int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8 : 8 + length])
    rows = 2**21
    header["language_model.model.embed_tokens.weight"]["shape"] = [rows, 64]
    position = 0
    for name, entry in header.items():
        if name != "__metadata__":
            size = 2 * math.prod(entry["shape"])
            entry["data_offsets"] = [position, position + size]
            position += size
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text)
    os.truncate(path, 8 + len(text) + position)
    json_changer(source / "config.json", lambda told: told["text_config"].update(vocab_size=rows))
    program = (
        "import sys; from converter.__main__ import main; assert main(sys.argv[1:]) == 0; "
        "print(next(line for line in open('/proc/self/status') if line.startswith('VmHWM')))"
    )
    for name, options in (("copy", []), ("cast", ["--dtype", "float16"])):
        told = subprocess.run(
            [sys.executable, "-c", program, str(source), str(tmp_path / name), *options],
            capture_output=True,
            text=True,
            check=True,
        )
        peak_kb = int(told.stdout.split()[-2])
        assert peak_kb < 150_000
