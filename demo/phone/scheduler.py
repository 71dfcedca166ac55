"""Runs small pieces of work later, on a few threads. Knows nothing of messages."""

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

Work = Callable[[], object]

_log = logging.getLogger(__name__)


class Scheduler:
    """A clock with a heap, and a pool that does the work. `stop` forgets what is still waiting."""

    def __init__(self, workers: int = 8) -> None:
        self._heap: list[tuple[float, int, Work]] = []
        self._order = itertools.count()
        self._wake = threading.Condition()
        self._stopped = False
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="phone-work")
        self._thread = threading.Thread(target=self._run, name="phone-clock", daemon=True)
        self._thread.start()

    def after(self, seconds: float, work: Work) -> None:
        """Do `work` in so many seconds; nothing happens once stopped."""
        with self._wake:
            heapq.heappush(self._heap, (time.monotonic() + seconds, next(self._order), work))
            self._wake.notify()

    def stop(self) -> None:
        """Forget the waiting work and wait for the work in hand."""
        with self._wake:
            self._stopped = True
            self._heap.clear()
            self._wake.notify()
        self._thread.join()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _run(self) -> None:
        while (work := self._next()) is not None:
            self._pool.submit(_do, work)

    def _next(self) -> Work | None:
        with self._wake:
            while not self._stopped:
                if not self._heap:
                    self._wake.wait()
                elif (due_in := self._heap[0][0] - time.monotonic()) > 0:
                    self._wake.wait(due_in)
                else:
                    return heapq.heappop(self._heap)[2]
        return None


def _do(work: Work) -> None:
    try:
        work()
    except Exception:  # noqa: BLE001 - one failed piece must not end the others
        _log.exception("work of the phone network failed")
