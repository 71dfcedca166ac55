import pytest
from sqlalchemy import select, text

from gateway import dead_letter
from gateway.first_reading import read_first
from gateway.jobs import MAX_ATTEMPTS, queue_app
from gateway.rescue import rescue_rows, rescue_stalled
from gateway.tables import inbox, incident


@pytest.fixture
def rescue(apart):
    """Takes up stalled jobs; how many."""

    def run(gateway):
        app = queue_app(gateway, pool_size=2)

        async def once():
            async with app.open_async():
                return await rescue_stalled(app, 30)

        return apart(once())

    return run


def test_a_job_of_a_dead_worker_runs_again(talk, rescue):
    talk.send("child 3 yrs runny nose eats and plays")
    with talk.gateway.engine.begin() as connection:
        connection.execute(
            text(
                "WITH w AS (INSERT INTO procrastinate_workers (last_heartbeat) "
                "VALUES (now() - interval '1 minute') RETURNING id) "
                "UPDATE procrastinate_jobs SET status = 'doing', worker_id = (SELECT id FROM w)"
            )
        )
    talk.work()
    assert talk.replies() == []
    assert rescue(talk.gateway) == 1
    talk.work()
    assert len(talk.replies()) == 1


def test_a_job_of_a_living_worker_is_left_alone(talk, rescue):
    talk.send("child hot")
    with talk.gateway.engine.begin() as connection:
        connection.execute(
            text(
                "WITH w AS (INSERT INTO procrastinate_workers DEFAULT VALUES RETURNING id) "
                "UPDATE procrastinate_jobs SET status = 'doing', worker_id = (SELECT id FROM w)"
            )
        )
    assert rescue(talk.gateway) == 0


def test_rows_whose_job_is_gone_get_a_new_one(talk, clock):
    talk.send("child 3 yrs runny nose eats and plays")
    with talk.gateway.engine.begin() as connection:
        connection.execute(text("DELETE FROM procrastinate_jobs"))
    assert rescue_rows(talk.gateway) == 0
    clock.forward(minutes=5)
    assert rescue_rows(talk.gateway) == 1
    talk.work()
    with talk.gateway.engine.begin() as connection:
        connection.execute(text("UPDATE outbox SET state = 'pending', provider_sid = NULL"))
    clock.forward(minutes=5)
    assert rescue_rows(talk.gateway) == 1


def handlings(talk):
    with talk.gateway.engine.begin() as connection:
        return connection.execute(select(inbox.c.handling).order_by(inbox.c.id)).scalars().all()


def test_what_cannot_be_answered_gets_the_fixed_sentence_and_a_person(
    registered, triage, twilio, supervisor
):
    def fails():
        raise RuntimeError("a defect")

    triage.before = fails
    registered.send("child 3 yrs runny nose eats and plays")
    for _ in range(MAX_ATTEMPTS + 1):
        registered.wake()
    (reply,) = registered.replies()
    assert "could not assess" in reply
    assert "fits" in reply
    assert handlings(registered) == ["dead_letter:RuntimeError"]
    assert "could not be answered" in twilio.replies(supervisor)[0].body
    with registered.gateway.engine.begin() as connection:
        assert connection.execute(select(incident.c.kind)).scalars().all() == ["dead_letter"]


def test_an_emergency_is_instructed_even_where_the_fuller_answer_fails(registered, triage):
    def fails():
        raise RuntimeError("a defect")

    triage.before = fails
    registered.send("2yr old fitting")
    for _ in range(MAX_ATTEMPTS + 1):
        registered.wake()
    assert "EMERGENCY" in registered.replies()[0]


def test_giving_up_twice_says_it_once(talk):
    talk.send("child hot")
    read_first(talk.gateway, 1)
    for _ in range(2):
        dead_letter.give_up(talk.gateway, 1, reason="x")
    talk.work()
    assert len(talk.replies()) == 1
