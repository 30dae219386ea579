"""Changing a table that holds rows, on both engines.

PostgreSQL alters it in place. SQLite rebuilds it: alembic copies columns, constraints and
indexes, but not triggers. Migrations use this instead of ``op.batch_alter_table``; a test holds
them to it.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from alembic import op
from alembic.operations import BatchOperations


@contextmanager
def change_table(table: str) -> Iterator[BatchOperations]:
    """Yield alembic's batch for a table, and put its triggers back where it was rebuilt."""
    connection = op.get_bind()
    triggers = _triggers(connection, table)
    with op.batch_alter_table(table) as batch:
        yield batch
    for name, statement in triggers.items():
        if name not in _triggers(connection, table):
            connection.exec_driver_sql(statement)


def _triggers(connection: sa.Connection, table: str) -> dict[str, str]:
    if connection.dialect.name != "sqlite":
        return {}
    query = "select name, sql from sqlite_master where type = 'trigger' and tbl_name = :table"
    return dict(iter(connection.execute(sa.text(query), {"table": table})))
