"""Hub ids: huggingface_hub's own client against a small hub on this machine."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from converter import convert, plan_conversion
from converter.errors import HubError, SourceError
from converter.hub import download_checkpoint, resolve_source

COMMIT = "0123456789abcdef0123456789abcdef01234567"
REPOSITORY = "clinic/medgemma-tiny"


class HubHandler(BaseHTTPRequestHandler):
    """The few calls of the hub's HTTP interface that a download makes."""

    folder: ClassVar[Path]
    fetched: ClassVar[list[tuple[str, str | None]]] = []
    cut_after: ClassVar[int | None] = None

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, *, body: bool) -> None:
        path = self.path.split("?")[0]
        if "gated" in path:
            self._refuse(403, "GatedRepo")
        elif "no-such" in path or REPOSITORY not in path:
            self._refuse(401, "RepoNotFound")
        elif "/revision/" in path and not path.endswith(("/main", COMMIT)):
            self._refuse(404, "RevisionNotFound")
        elif path.startswith("/api/models/") and "/tree/" in path:
            self._json(self._tree())
        elif path.startswith("/api/models/"):
            files = [{"rfilename": entry["path"]} for entry in self._tree()]
            self._json({"id": REPOSITORY, "sha": COMMIT, "siblings": files})
        else:
            self._file(path.rsplit("/", 1)[-1], body=body)

    def _tree(self) -> list[dict[str, object]]:
        return [
            {
                "type": "file",
                "path": path.name,
                "size": path.stat().st_size,
                "oid": sha256(path.read_bytes()).hexdigest()[:40],
            }
            for path in sorted(self.folder.iterdir())
        ]

    def _refuse(self, status: int, code: str) -> None:
        self.send_response(status)
        self.send_header("X-Error-Code", code)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _json(self, value: object) -> None:
        self._send(200, json.dumps(value).encode(), {}, body=True)

    def _file(self, name: str, *, body: bool) -> None:
        path = self.folder / name
        if not path.exists():
            self._refuse(404, "EntryNotFound")
            return
        content = path.read_bytes()
        headers = {
            "ETag": f'"{sha256(content).hexdigest()}"',
            "X-Repo-Commit": COMMIT,
            "Accept-Ranges": "bytes",
            "Content-Type": "application/octet-stream",
        }
        asked = self.headers.get("Range")
        status = 200
        if body:
            type(self).fetched.append((name, asked))
        if asked:
            start = int(asked.removeprefix("bytes=").split("-")[0])
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
            content, status = content[start:], 206
        self._send(status, content, headers, body=body)

    def _send(self, status: int, content: bytes, headers: dict[str, str], *, body: bool) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if not body:
            return
        kind = headers.get("Content-Type", "")
        if (cut := type(self).cut_after) is not None and status == 200 and "octet" in kind:
            content = content[:cut]
            self.close_connection = True
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Silence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hub:
    """A running hub and a cache of its own."""

    endpoint: str
    cache: Path

    def download(self, repository: str, revision: str | None = None) -> Path:
        return Path(download_checkpoint(repository, revision, self.endpoint, self.cache))


@pytest.fixture
def hub(tmp_path: Path, tiny_multimodal_checkpoint: Path) -> Iterator[Hub]:
    HubHandler.folder = tiny_multimodal_checkpoint
    HubHandler.fetched = []
    HubHandler.cut_after = None
    server = ThreadingHTTPServer(("127.0.0.1", 0), HubHandler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield Hub(endpoint=f"http://127.0.0.1:{server.server_port}", cache=tmp_path / "cache")
    server.shutdown()
    thread.join()
    server.server_close()


def test_hub_id_is_downloaded_and_converted(
    hub: Hub, tmp_path: Path, independent_reader: Callable[..., dict[str, object]]
) -> None:
    folder, origin = resolve_source(
        REPOSITORY, None, lambda name, revision: str(hub.download(name, revision))
    )
    assert (origin.name, origin.revision) == (REPOSITORY, COMMIT)
    manifest = convert(plan_conversion(folder, tmp_path / "out", origin=origin))
    assert manifest["source"]["name"] == REPOSITORY
    assert manifest["source"]["revision"] == COMMIT
    assert len(independent_reader(tmp_path / "out")) == 2 + 13 * 7


def test_nothing_is_drawn_where_no_terminal_is(hub: Hub, tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "converter", REPOSITORY, str(tmp_path / "out")],
        env={**os.environ, "HF_ENDPOINT": hub.endpoint, "HF_HOME": str(hub.cache)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "")


def test_what_is_in_the_cache_is_not_fetched_again(hub: Hub) -> None:
    hub.download(REPOSITORY)
    first = len(HubHandler.fetched)
    hub.download(REPOSITORY)
    assert first > 0
    assert len(HubHandler.fetched) == first


def test_connection_that_breaks_is_continued_inside_the_file(hub: Hub, tmp_path: Path) -> None:
    # The library writes in pieces of 10 MB; what came after the last whole piece is asked again.
    HubHandler.folder = tmp_path / "large"
    HubHandler.folder.mkdir()
    content = random.Random(0).randbytes(12 * 2**20)
    (HubHandler.folder / "model.safetensors").write_bytes(content)
    HubHandler.cut_after = 11 * 2**20
    folder = hub.download(REPOSITORY)
    assert (folder / "model.safetensors").read_bytes() == content
    (_, first), (_, second) = HubHandler.fetched
    assert first is None
    assert second is not None
    assert 10**7 <= int(second.removeprefix("bytes=").rstrip("-")) <= 11 * 2**20


def test_files_of_an_earlier_run_are_kept(hub: Hub) -> None:
    folder = hub.download(REPOSITORY)
    shard = folder / "model-00002-of-00002.safetensors"
    shard.resolve().unlink()
    shard.unlink()
    HubHandler.fetched = []
    hub.download(REPOSITORY)
    assert [name for name, _ in HubHandler.fetched] == [shard.name]


@pytest.mark.parametrize(
    ("name", "revision", "words"),
    [
        ("clinic/gated", None, "accept its terms at https://huggingface.co/clinic/gated"),
        ("clinic/no-such", None, "unknown to the hub, or private"),
        (REPOSITORY, "v9", "has no revision 'v9'"),
    ],
)
def test_what_the_hub_withholds_is_told_with_what_to_do(
    name: str, revision: str | None, words: str, hub: Hub
) -> None:
    with pytest.raises(HubError, match=words):
        hub.download(name, revision)


def test_hub_out_of_reach_is_told(hub: Hub) -> None:
    with pytest.raises(HubError, match="cannot be reached"):
        download_checkpoint(REPOSITORY, None, "http://127.0.0.1:9", hub.cache)


def test_local_folder_is_never_looked_up(tmp_path: Path) -> None:
    def never(name: str, revision: str | None) -> str:
        raise AssertionError(name)

    folder, origin = resolve_source(str(tmp_path), None, never)
    assert (folder, origin.name, origin.revision) == (tmp_path, tmp_path.name, None)


@pytest.mark.parametrize("name", ["clinic/a--b", "clinic/a..b", f"clinic/{'a' * 120}"])
def test_name_that_the_hub_could_not_hold_is_told(name: str, hub: Hub) -> None:
    with pytest.raises(SourceError, match="no name that the hub could hold"):
        hub.download(name)


@pytest.mark.parametrize("text", ["nowhere", "./a/b", "/a/b", "a/b/c", "a b/c"])
def test_what_is_neither_folder_nor_hub_id_is_told(text: str) -> None:
    with pytest.raises(SourceError, match="no such folder"):
        resolve_source(text)
