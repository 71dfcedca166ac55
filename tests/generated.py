"""Generates the contract's Python from protos/; with --check tells whether it is stale."""

from __future__ import annotations

import argparse
import sys
import tempfile
from importlib import resources
from pathlib import Path

from grpc_tools import protoc

PROTOS = Path(__file__).resolve().parents[1] / "protos"
MESSAGES_ONLY = ["buf/validate/validate.proto"]
SERVICES = ["chewie/triage/v1/triage.proto"]
SUFFIXES = ("_pb2.py", "_pb2.pyi", "_pb2_grpc.py")


def generate(out: Path) -> None:
    """Write the generated modules of every proto below `out`."""
    well_known = str(resources.files("grpc_tools") / "_proto")
    for sources, plugins in ((MESSAGES_ONLY, []), (SERVICES, [f"--grpc_python_out={out}"])):
        command = ["protoc", f"-I{PROTOS}", f"-I{well_known}", f"--python_out={out}"]
        code = protoc.main([*command, f"--pyi_out={out}", *plugins, *sources])
        if code:
            sys.exit(f"protoc ended with code {code} for {', '.join(sources)}")


def drift() -> list[str]:
    """Names of generated modules whose committed form differs from what protoc writes now."""
    with tempfile.TemporaryDirectory() as folder:
        generate(Path(folder))
        return sorted(
            str(fresh.relative_to(folder))
            for fresh in Path(folder).rglob("*")
            if fresh.name.endswith(SUFFIXES) and not same(fresh, PROTOS / fresh.relative_to(folder))
        )


def same(fresh: Path, committed: Path) -> bool:
    """Whether the committed module exists with the same bytes."""
    return committed.is_file() and committed.read_bytes() == fresh.read_bytes()


def main() -> None:
    """Generate in place, or with --check only compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare only; exit 1 on a difference")
    if not parser.parse_args().check:
        generate(PROTOS)
        return
    if stale := drift():
        sys.exit(f"generated code is stale: {', '.join(stale)}; run `make protos`")
    print("generated code: as protos/ says")


if __name__ == "__main__":
    main()
