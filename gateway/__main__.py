"""The gateway's command line: web, worker, migrate, and the commands for people and places."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status: 0 done, 1 failed, 2 wrong use or settings."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] == ["web"]:
        # The metrics of gunicorn's processes are gathered from files. The library looks for their
        # folder when it is imported, so that this comes before any other import of ours.
        os.environ.setdefault(
            "PROMETHEUS_MULTIPROC_DIR", tempfile.mkdtemp(prefix="chewie-gateway-metrics-")
        )
    from gateway.commands import run_command
    from gateway.settings import SettingsError

    try:
        return run_command(given)
    except SettingsError as error:
        print(f"The gateway's settings are not complete:\n{error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
