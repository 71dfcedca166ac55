"""Which guideline answered: a digest of the tables, stamped on every answer."""

from __future__ import annotations

import hashlib
from functools import cache

from clinical.tables.toml_file import room_file

DIGEST_CHARACTERS = 12


@cache
def guideline_version() -> str:
    """A short digest of every table file, names and bytes: two versions never look alike."""
    digest = hashlib.sha256()
    for folder in (room_file("tables"), room_file("tables", "rules")):
        for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
            if file.name.endswith(".toml"):
                digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:DIGEST_CHARACTERS]
