from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text

from gateway import queue
from gateway.database import engine_from
from gateway.jobs import queue_app
from gateway.migrate import alembic_config, current_revision, head_revision, migrate
from gateway.tables import metadata

VERSIONS = Path(__file__).parents[2] / "gateway" / "migrations" / "versions"


@pytest.fixture
def engine(empty_database_url):
    engine = engine_from(empty_database_url)
    yield engine
    engine.dispose()


def test_migrating_twice_is_migrating_once(engine):
    assert migrate(engine) == migrate(engine) == head_revision()


def test_the_migrations_lead_to_the_tables_of_the_code(engine):
    migrate(engine)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "include_name": lambda name, kind, _: (
                    kind != "table" or not name.startswith("procrastinate_")
                )
            },
        )
        assert compare_metadata(context, metadata) == []


def test_every_version_only_adds_beside_a_running_one(engine):
    from alembic import command

    with engine.connect() as connection, connection.begin():
        from procrastinate.schema import SchemaManager

        connection.exec_driver_sql(SchemaManager.get_schema().replace("%", "%%"))
    before: dict[str, set[str]] = {}
    for version in sorted(path.name[:4] for path in VERSIONS.glob("0*.py")):
        with engine.connect() as connection, connection.begin():
            command.upgrade(alembic_config(connection), version)
            columns = {
                name: {column["name"] for column in inspect(connection).get_columns(name)}
                for name in inspect(connection).get_table_names()
            }
        for table, known in before.items():
            assert known <= columns[table], f"{version} takes away from {table}"
        before = columns


def test_the_queue_survives_every_version(engine):
    migrate(engine)
    with engine.connect() as connection:
        tables = inspect(connection).get_table_names()
        assert current_revision(connection) == head_revision()
    assert {"procrastinate_jobs", "procrastinate_workers"} <= set(tables)


def test_a_job_of_an_older_worker_with_fewer_arguments_runs(talk):
    """Jobs carry one id; an older or newer version may have added arguments to it."""
    talk.send("child 3 yrs runny nose eats and plays")
    with talk.gateway.engine.begin() as connection:
        connection.execute(
            text(
                "UPDATE procrastinate_jobs SET args = args || jsonb_build_object('added_later', 1)"
            )
        )
    talk.work()
    assert len(talk.replies()) == 1


def test_this_version_works_on_the_schema_of_a_later_one(talk):
    """Later versions only add: columns with defaults, tables, a revision of their own."""
    with talk.gateway.engine.begin() as connection:
        for table in metadata.sorted_tables:
            connection.execute(
                text(f'ALTER TABLE "{table.name}" ADD COLUMN later text NOT NULL DEFAULT 0')
            )
        connection.execute(text("CREATE TABLE of_a_later_version (id bigint)"))
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert talk.client.get("/readyz").status_code == 200
    assert "EMERGENCY" in talk.say("2yr old fitting")[0]
    assert "going" in talk.say("1")[0]


def test_every_job_that_can_be_enqueued_has_a_task(make_gateway):
    names = {value for name, value in vars(queue).items() if name.isupper()}
    tasks = set(queue_app(make_gateway()).tasks)
    assert {name for name in names if isinstance(name, str)} <= tasks
