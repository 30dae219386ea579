"""Numbered, linear migrations, and the one function that applies them."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection


def alembic_config(connection: Connection | None = None) -> Config:
    """Return alembic's configuration for an open connection."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    return config


def upgrade(connection: Connection, revision: str = "head") -> str:
    """Bring the database to ``revision`` and return the head's name."""
    command.upgrade(alembic_config(connection), revision)
    return head()


def head() -> str:
    """Return the one newest revision."""
    name = ScriptDirectory.from_config(alembic_config()).get_current_head()
    if name is None:
        raise LookupError("there are no migrations")
    return name
