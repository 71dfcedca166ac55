"""What the operations page names is there: paths, commands, overlays, settings."""

import re

import pytest

from gateway.commands import COMMANDS
from tests.k8s.manifests import OVERLAYS
from tests.k8s.test_wiring import known_settings


@pytest.fixture(scope="module")
def page(root):
    return (root / "k8s/README.md").read_text(encoding="utf-8")


def test_paths_exist(page, root):
    named = set(re.findall(r"`?\b((?:k8s/|components/|base/|overlays/)[\w./-]*\w)", page))
    missing = [path for path in named if not (root / "k8s" / path.removeprefix("k8s/")).exists()]
    assert len(named) > 12
    assert missing == []


def test_commands_of_the_gateway_exist(page):
    named = set(re.findall(r"chewie-gateway (?!web|worker)([a-z-]+)", page))
    assert len(named) > 2
    assert named <= set(COMMANDS)


def test_settings_exist(page):
    named = set(re.findall(r"CHEWIE_[A-Z_]+", page))
    assert named <= known_settings()


def test_every_component_and_overlay_is_told(page, root):
    components = {folder.name for folder in (root / "k8s/components").iterdir()}
    assert [name for name in components if name not in page] == []
    assert [name for name in OVERLAYS if f"`{name}`" not in page] == []
