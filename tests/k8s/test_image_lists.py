"""Each image's pinned list is enough for its rooms: every module imports with nothing beside it.

The packages are those of the test environment, of the same versions (tests/test_project.py).
"""

import re
import subprocess
import sys
from importlib.metadata import distribution

import pytest

pytestmark = pytest.mark.slow

IMPORT_ALL = """
import importlib, pkgutil, sys
for room in sys.argv[1:]:
    package = importlib.import_module(room)
    for found in pkgutil.walk_packages(package.__path__, room + "."):
        if ".migrations" not in found.name:  # alembic's, run by alembic alone
            importlib.import_module(found.name)
print("imported", file=sys.stdout)
"""
IMAGES = [
    ("gateway/requirements.txt", ["gateway", "demo.phone"]),
    ("inference_svc/requirements-gpu.txt", ["inference_svc", "chewie"]),
    ("converter/requirements.txt", ["converter"]),
]


def only(listed, folder):
    """A site folder with links to the files of the listed packages alone."""
    for row in listed.read_text().splitlines():
        if row.startswith("#") or not applies(row):
            continue
        package = distribution(re.split(r"[\[=]", row)[0])
        for file in package.files or []:
            if file.parts[0] != ".." and "__pycache__" not in file.parts:
                link = folder / file
                link.parent.mkdir(parents=True, exist_ok=True)
                if not link.exists():
                    link.symlink_to(package.locate_file(file))
    return folder


def applies(row):
    from packaging.requirements import Requirement

    marker = Requirement(row).marker
    return marker is None or marker.evaluate()


@pytest.mark.parametrize(("listed", "rooms"), IMAGES, ids=lambda value: str(value).split("/")[0])
def test_the_list_of_an_image_is_enough_for_its_rooms(listed, rooms, root, tmp_path):
    site = only(root / listed, tmp_path)
    run = subprocess.run(
        # -S: the environment's own packages stay out
        [sys.executable, "-S", "-c", IMPORT_ALL, *rooms],
        env={"PYTHONPATH": f"{site}:{root}:{root / 'protos'}", "PATH": "/usr/bin:/bin"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-1500:]
    assert "imported" in run.stdout


def test_a_package_that_is_not_listed_is_missed(root, tmp_path):
    listed = tmp_path / "requirements.txt"
    text = (root / "gateway/requirements.txt").read_text()
    listed.write_text(re.sub(r"(?m)^procrastinate==.*\n", "", text))
    site = only(listed, tmp_path / "site")
    run = subprocess.run(
        [sys.executable, "-S", "-c", IMPORT_ALL, "gateway"],
        env={"PYTHONPATH": f"{site}:{root}:{root / 'protos'}", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode != 0
    assert "procrastinate" in run.stderr
