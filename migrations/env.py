"""How alembic reaches the database: the URL comes from the caller, never from a file.

Must not import anything of ``ledger`` but the table definitions, and those for autogenerate only.
"""

from alembic import context
from sqlalchemy import Connection

from ledger.models import Base

config = context.config


def run(connection: Connection) -> None:
    """Run the migrations on an open connection, all in one transaction."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


run(config.attributes["connection"])
