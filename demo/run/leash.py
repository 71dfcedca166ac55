"""Runs a command that gets SIGTERM when the process that started it dies, however it dies.

A closed terminal or a killed `make run` must leave nothing running. Linux only.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1

if __name__ == "__main__":
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606
