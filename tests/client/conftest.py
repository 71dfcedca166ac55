"""A real service that answers by the rules, and npm's packages for clients in other languages."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from inference_svc.tokens import Scope, new_token
from tests.inference_svc.process import ServiceProcess, running

TOKEN = new_token("tests", frozenset({Scope.ASSESS, Scope.INFO}))


@pytest.fixture(scope="session")
def service() -> Iterator[ServiceProcess]:
    """Without token and TLS, reflection on."""
    with running(REFLECTION="true") as process:
        yield process


@pytest.fixture(scope="session")
def guarded_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceProcess]:
    """A service that wants `TOKEN`."""
    tokens = tmp_path_factory.mktemp("tokens") / "tokens"
    tokens.write_text(TOKEN.line)
    with running(TOKENS_FILE=str(tokens)) as process:
        yield process


@pytest.fixture(scope="session")
def node_packages(root: Path) -> Path:
    """Folder with the example's packages installed; without npm a skip."""
    if shutil.which("npm") is None:
        pytest.skip("needs npm: apt-get install npm")
    folder = root / ".build" / "client-node"
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "ask.js"):
        shutil.copyfile(root / "tests" / "client" / "node" / name, folder / name)
    command = ["npm", "install", "--no-fund", "--no-audit", "--silent", "--prefer-offline"]
    installed = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if installed.returncode:
        pytest.skip(f"needs npm's registry, which was out of reach: {installed.stderr[-200:]}")
    return folder
