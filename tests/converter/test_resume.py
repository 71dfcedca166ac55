"""A conversion that is killed, or that runs out of room, leaves no finished-looking folder,
and the next run ends with the same digests."""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from converter import Options, convert, plan_conversion
from converter.convert import RESULT_NAME, work_folder
from converter.errors import WriteError
from converter.journal import Journal, Mark
from converter.progress import Quiet

Builder = Callable[..., Path]
OPTIONS = Options(max_shard_bytes=600_000)
MARK_BYTES = 60_000

# Runs a conversion that kills itself without warning after so many bytes.
PROGRAM = """
import os, signal, sys
from pathlib import Path
from converter import Options, convert, plan_conversion
from converter.progress import Quiet

class Deadly(Quiet):
    left = int(sys.argv[3])
    def advance(self, done_bytes):
        self.left -= done_bytes
        if self.left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

plan = plan_conversion(Path(sys.argv[1]), Path(sys.argv[2]), Options(max_shard_bytes=600_000))
convert(plan, Deadly(), mark_bytes=60_000)
"""


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory, plain_builder: Builder) -> Path:
    folder = tmp_path_factory.mktemp("resume") / "source"
    return plain_builder(folder, layers=8, hidden=64, inner=256, vocab=512, shards=2)


@pytest.fixture(scope="module")
def wanted(tmp_path_factory: pytest.TempPathFactory, source: Path) -> dict[str, str]:
    destination = tmp_path_factory.mktemp("wanted") / "out"
    convert(plan_conversion(source, destination, OPTIONS), mark_bytes=MARK_BYTES)
    return digests(destination)


def digests(folder: Path) -> dict[str, str]:
    return {path.name: sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def run_until_killed(source: Path, destination: Path, after_bytes: int) -> int:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, str(source), str(destination), str(after_bytes)],
        check=False,
    ).returncode


def test_killed_again_and_again_it_still_ends_with_the_same_digests(
    tmp_path: Path, source: Path, wanted: dict[str, str]
) -> None:
    destination = tmp_path / "out"
    total = plan_conversion(source, destination, OPTIONS).payload_bytes
    draw = random.Random(20)
    for after in sorted(draw.randrange(total) for _ in range(6)):
        assert run_until_killed(source, destination, after) == -signal.SIGKILL
        assert not destination.exists()
    convert(plan_conversion(source, destination, OPTIONS), mark_bytes=MARK_BYTES)
    assert digests(destination) == wanted
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.soak
def test_killed_from_outside_at_any_moment_it_never_looks_finished_when_it_is_not(
    tmp_path: Path, source: Path, wanted: dict[str, str]
) -> None:
    draw = random.Random(4)
    for attempt in range(60):
        destination = tmp_path / f"out-{attempt}"
        arguments = [sys.executable, "-c", PROGRAM, str(source), str(destination), "999999999"]
        with subprocess.Popen(arguments) as process:
            time.sleep(draw.uniform(0.05, 0.5))
            process.kill()
        if destination.exists():
            assert digests(destination) == wanted
        convert(plan_conversion(source, destination, OPTIONS), mark_bytes=MARK_BYTES)
        assert digests(destination) == wanted
        assert not work_folder(destination).exists()


class Stop(Quiet):
    """Breaks off after so many bytes, as Ctrl-C does."""

    def __init__(self, after_bytes: int) -> None:
        self.left = after_bytes

    def advance(self, done_bytes: int) -> None:
        self.left -= done_bytes
        if self.left < 0:
            raise KeyboardInterrupt


def broken_off(source: Path, destination: Path) -> Path:
    plan = plan_conversion(source, destination, OPTIONS)
    with pytest.raises(KeyboardInterrupt):
        convert(plan, Stop(plan.payload_bytes * 2 // 3), mark_bytes=MARK_BYTES)
    return work_folder(destination)


class Advances(Quiet):
    """Remembers each advance."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def advance(self, done_bytes: int) -> None:
        self.sizes.append(done_bytes)


def test_what_was_marked_is_not_copied_again(
    tmp_path: Path, source: Path, wanted: dict[str, str]
) -> None:
    destination = tmp_path / "out"
    work = broken_off(source, destination)
    shard = sorted(path.name for path in (work / RESULT_NAME).iterdir())[0]
    stamp = (work / RESULT_NAME / shard).stat()
    convert(plan_conversion(source, destination, OPTIONS), mark_bytes=MARK_BYTES)
    after = (destination / shard).stat()
    assert (after.st_ino, after.st_size) == (stamp.st_ino, stamp.st_size)
    assert digests(destination) == wanted


def test_marked_bytes_that_changed_are_written_again(
    tmp_path: Path, source: Path, wanted: dict[str, str]
) -> None:
    destination = tmp_path / "out"
    work = broken_off(source, destination)
    shard = min((work / RESULT_NAME).glob("*.safetensors"))
    content = bytearray(shard.read_bytes())
    content[-100] ^= 1
    shard.write_bytes(content)
    convert(plan_conversion(source, destination, OPTIONS))
    assert digests(destination) == wanted


def test_torn_journal_line_counts_as_not_written(
    tmp_path: Path, source: Path, wanted: dict[str, str]
) -> None:
    destination = tmp_path / "out"
    work = broken_off(source, destination)
    journal = work / "journal.jsonl"
    journal.write_bytes(journal.read_bytes()[:-25])
    convert(plan_conversion(source, destination, OPTIONS))
    assert digests(destination) == wanted


def test_other_options_start_anew(tmp_path: Path, source: Path) -> None:
    destination = tmp_path / "out"
    broken_off(source, destination)
    manifest = convert(plan_conversion(source, destination, Options()))
    assert {path.name for path in destination.glob("*.safetensors")} == {"model.safetensors"}
    assert manifest["options"]["max_shard_bytes"] == Options().max_shard_bytes


def test_crash_right_after_the_rename_is_cleaned_up(
    tmp_path: Path, source: Path, wanted: dict[str, str]
) -> None:
    destination = tmp_path / "out"
    convert(plan_conversion(source, destination, OPTIONS))
    left = work_folder(destination)
    left.mkdir()
    (left / "plan.json").write_text("{}")
    convert(plan_conversion(source, destination, OPTIONS))
    assert not left.exists()
    assert digests(destination) == wanted


def test_journal_gives_the_last_whole_mark_of_every_shard(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    assert journal.last_marks() == {}
    marks = [
        Mark(shard="a", tensors=("1",), sources={}),
        Mark(shard="a", tensors=("1", "2"), sources={"x": "y"}),
        Mark(shard="b", tensors=(), sources={}),
    ]
    for mark in marks:
        journal.append(mark)
    assert journal.last_marks() == {"a": marks[1], "b": marks[2]}


def test_quota_that_ends_midway_is_one_sentence_and_no_destination(
    tmp_path: Path, source: Path, wanted: dict[str, str]
) -> None:
    before = digests(source)
    arguments = [sys.executable, "-m", "converter", str(source), str(tmp_path / "out")]
    run = subprocess.run(
        arguments,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000)),
    )
    assert run.returncode == WriteError.exit_code
    assert len(run.stderr.strip().splitlines()) == 1
    assert "run the same command again" in run.stderr
    assert not (tmp_path / "out").exists()
    assert digests(source) == before
    subprocess.run(arguments, check=True, capture_output=True)
    tensors = json.loads((tmp_path / "out" / "chewie-manifest.json").read_text())["tensors"]
    assert len(tensors) == 2 + 13 * 8


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("mounting a small tmpfs needs root; run the tests as root to include this one")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


class Hog(Quiet):
    """Fills the disk while the conversion is under way."""

    def __init__(self, disk: Path) -> None:
        self.disk = disk

    def start(self, label: str, total_bytes: int) -> None:
        free = os.statvfs(self.disk)
        (self.disk / "hog").write_bytes(b"x" * (free.f_bavail * free.f_frsize - 500_000))


def test_disk_that_fills_up_leaves_the_source_and_no_destination(
    small_disk: Path, source: Path, wanted: dict[str, str]
) -> None:
    before = digests(source)
    destination = small_disk / "out"
    plan = plan_conversion(source, destination, OPTIONS)
    with pytest.raises(WriteError, match="No space left"):
        convert(plan, Hog(small_disk), mark_bytes=MARK_BYTES)
    assert not destination.exists()
    assert digests(source) == before
    (small_disk / "hog").unlink()
    convert(plan)
    assert digests(destination) == wanted


def test_too_small_a_disk_is_refused_before_the_first_byte(small_disk: Path, source: Path) -> None:
    from converter.errors import DestinationError

    (small_disk / "film").write_bytes(b"x" * 2_000_000)
    with pytest.raises(DestinationError, match="bytes are free, the conversion needs"):
        convert(plan_conversion(source, small_disk / "out"))
    assert [path.name for path in small_disk.iterdir()] == ["film"]
