"""Alembic's entry: runs the versions on the connection that `gateway.migrate` hands over."""

from alembic import context

from gateway.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transaction_per_migration=False,
    # The queue's tables are procrastinate's own: a generated version must never drop them.
    include_name=lambda name, kind, _: (
        kind != "table" or name is None or not name.startswith("procrastinate_")
    ),
)
with context.begin_transaction():
    context.run_migrations()
