from prometheus_client import REGISTRY

from gateway.backlog import measure_backlog
from gateway.chores import chores_of


def gauges() -> tuple[float | None, float | None]:
    return tuple(
        REGISTRY.get_sample_value(f"chewie_gateway_{name}")
        for name in ("waiting_messages", "oldest_waiting_seconds")
    )


def test_an_unhandled_message_shows_with_its_age_until_it_is_answered(talk, clock):
    talk.send("2 year old, cough for 3 days, drinks well")
    clock.forward(seconds=90)
    assert measure_backlog(talk.gateway) == 1
    count, age = gauges()
    assert count == 1
    assert 90 <= age < 91
    talk.wake()
    assert measure_backlog(talk.gateway) == 0
    assert gauges() == (0, 0)


def test_the_worker_measures_by_itself(talk):
    assert "backlog" in [chore.name for chore in chores_of(talk.gateway)]
