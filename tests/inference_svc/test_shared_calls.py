"""Idempotent ids: one run per caller, id and body; nothing runs on that nobody waits for."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable

import pytest

from inference_svc.errors import CallError
from inference_svc.shared_calls import SharedCalls
from tests.inference_svc.fakes import run, until


class Work:
    """Counts its runs; each waits until told to go on."""

    def __init__(self, *, ready: bool = False) -> None:
        self.runs = itertools.count(1)
        self.started = self.cancelled = 0
        self.go_on = asyncio.Event()
        if ready:
            self.go_on.set()

    async def __call__(self) -> int:
        self.started += 1
        try:
            await self.go_on.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return next(self.runs)


def calls(clock: Callable[[], float] = lambda: 0.0) -> SharedCalls[int]:
    return SharedCalls(window_seconds=10, clock=clock)


def ask(
    shared: SharedCalls[int],
    work: Callable[[], Awaitable[int]],
    *,
    caller: str = "a",
    request_id: str = "1",
    body: bytes = b"x",
) -> "asyncio.Task[int]":
    return asyncio.ensure_future(
        shared.run(caller=caller, request_id=request_id, body=body, work=work)  # type: ignore[arg-type]
    )


def test_repeat_joins_the_call_under_way() -> None:
    async def scenario() -> None:
        shared, work = calls(), Work()
        both = [ask(shared, work), ask(shared, work)]
        await until(lambda: work.started == 1)
        work.go_on.set()
        assert await asyncio.gather(*both) == [1, 1]

    run(scenario())


def test_repeat_within_the_window_gets_the_same_answer_and_after_it_a_new_one() -> None:
    async def scenario() -> None:
        now = [0.0]
        shared, work = calls(lambda: now[0]), Work(ready=True)
        assert [await ask(shared, work), await ask(shared, work)] == [1, 1]
        now[0] = 10.0
        assert await ask(shared, work) == 2

    run(scenario())


def test_window_ends_even_behind_an_older_call_that_still_runs() -> None:
    async def scenario() -> None:
        now = [0.0]
        shared, slow, work = calls(lambda: now[0]), Work(), Work(ready=True)
        older = ask(shared, slow, request_id="older")
        await until(lambda: slow.started == 1)
        assert await ask(shared, work) == 1
        now[0] = 10.0
        assert await ask(shared, work, body=b"another") == 2
        slow.go_on.set()
        assert await older == 1

    run(scenario())


@pytest.mark.parametrize("other", [{"caller": "b"}, {"request_id": "2"}, {"request_id": ""}])
def test_other_caller_or_id_is_another_call(other: dict[str, str]) -> None:
    async def scenario() -> None:
        shared, work = calls(), Work(ready=True)
        assert await ask(shared, work) == 1
        assert await ask(shared, work, **other) == 2  # type: ignore[arg-type]

    run(scenario())


def test_same_id_with_another_body_is_refused() -> None:
    async def scenario() -> None:
        shared, work = calls(), Work(ready=True)
        await ask(shared, work)
        with pytest.raises(CallError) as caught:
            await ask(shared, work, body=b"y")
        assert [wrong.field for wrong in caught.value.failure.fields] == ["request_id"]

    run(scenario())


def test_failure_is_not_kept() -> None:
    async def scenario() -> None:
        async def fail() -> int:
            raise RuntimeError

        shared, work = calls(), Work(ready=True)
        with pytest.raises(RuntimeError):
            await ask(shared, fail)
        assert await ask(shared, work) == 1

    run(scenario())


def test_work_goes_on_while_one_waits_and_ends_with_the_last() -> None:
    async def scenario() -> None:
        shared, work = calls(), Work()
        first, second = ask(shared, work), ask(shared, work)
        await until(lambda: work.started == 1)
        first.cancel()
        await asyncio.sleep(0)
        assert work.cancelled == 0
        second.cancel()
        await until(lambda: work.cancelled == 1)
        third = ask(shared, work)
        await until(lambda: work.started == 2)
        work.go_on.set()
        assert await third == 1

    run(scenario())


def test_memory_is_bounded() -> None:
    async def scenario() -> None:
        work = Work(ready=True)
        shared: SharedCalls[int] = SharedCalls(window_seconds=9, clock=lambda: 0.0, max_kept=5)
        for number in range(20):
            await ask(shared, work, request_id=str(number))
        assert len(shared._calls) <= 6

    run(scenario())
