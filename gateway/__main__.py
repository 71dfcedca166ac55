"""The gateway's command line: web, worker, migrate, and the commands for people and places."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from gateway.commands import run_command
from gateway.settings import SettingsError


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status: 0 done, 1 failed, 2 wrong use or settings."""
    try:
        return run_command(sys.argv[1:] if arguments is None else arguments)
    except SettingsError as error:
        print(f"The gateway's settings are not complete:\n{error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
