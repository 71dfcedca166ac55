"""transformers 4.57 reads the converted folder with the same logits; in a venv of its own."""

from __future__ import annotations

import json
import subprocess
import sysconfig
import venv
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from converter import convert, plan_conversion

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

HERE = Path(__file__).parent
PINS = HERE / "transformers-4.57.txt"


@pytest.fixture(scope="module")
def python_with_4_57(root: Path) -> Path:
    """A venv under .build with the pinned versions; torch and the rest come from ours."""
    stamp = sha256(PINS.read_bytes()).hexdigest()[:12]
    folder = root / ".build" / f"transformers-4.57-{stamp}"
    python = folder / "bin" / "python"
    done = folder / "done"
    if not done.exists():
        venv.create(folder, clear=True, with_pip=True)
        install = [str(python), "-m", "pip", "install", "-q", "--no-deps", "-r", str(PINS)]
        told = subprocess.run(install, capture_output=True, text=True, check=False)
        if told.returncode != 0:
            pytest.skip(
                f"transformers 4.57 cannot be installed ({told.stderr.strip()[-200:]}); "
                "make a package index reachable to include this test"
            )
        packages = next((folder / "lib").glob("python*/site-packages"))
        (packages / "shared.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
        done.touch()
    return python


@pytest.mark.parametrize("layout", ["hub", "in-memory"])
def test_converted_folder_is_whole_and_equal_in_4_57(
    layout: str, tmp_path: Path, python_with_4_57: Path, multimodal_builder: Callable[..., Path]
) -> None:
    source = multimodal_builder(tmp_path / "source", layout=layout)
    convert(plan_conversion(source, tmp_path / "out"))
    run = subprocess.run(
        [
            str(python_with_4_57),
            str(HERE / "reload_in_4_57.py"),
            str(source),
            str(tmp_path / "out"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-3000:]
    told: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    assert told["version"].startswith("4.57")
    assert told["class"] == "Gemma3ForCausalLM"
    assert not any(told["loading"].values())
    assert told["equal"]
    assert told["spread"] > 0.1
    assert told["rope_scaling"] == {"factor": 8.0, "rope_type": "linear"}
    assert told["eos"] == [[1, 5], [1, 5]]
    assert told["generation_equal"]
    assert told["template_equal"]
