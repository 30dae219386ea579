"""What all tables share: the declarative base, naming of constraints, and column types.

Must not hold any table of its own.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from enum import Enum, StrEnum
from typing import Annotated, Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    DateTime,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    Uuid,
    event,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, mapped_column
from sqlalchemy.types import JSON

from ledger.ids import new_id


class UtcDateTime(TypeDecorator[datetime]):
    """An aware instant, stored in UTC; SQLite has no zones, so the zone is put back on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive instants; hand UTC to the database."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(
        self,
        value: datetime | None,
        dialect: Dialect,  # noqa: ARG002
    ) -> datetime | None:
        """Return an aware instant in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def in_words(column: str, words: Sequence[str]) -> str:
    """Return the SQL condition that a column holds one of some words."""
    return f"{column} in ({', '.join(repr(str(word)) for word in words)})"


def _stored(words: type[Enum]) -> list[str]:
    return [word.value for word in words]


class Base(DeclarativeBase):
    """The declarative base. Constraint names are fixed so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012
        datetime: UtcDateTime,
        date: Date,
        UUID: Uuid,
        str: Text,
        int: BigInteger,
        dict[str, Any]: JSON,
        # A closed set of words, stored as such; ``check_words`` makes its CHECK constraint.
        StrEnum: sa.Enum(
            Enum,
            native_enum=False,
            create_constraint=False,
            length=64,
            values_callable=_stored,
        ),
    }


@event.listens_for(Table, "after_parent_attach")
def check_words(table: Table, metadata: MetaData) -> None:
    """Let every column of a closed set of words hold no other word, on both engines."""
    if metadata is not Base.metadata:
        return
    for column in table.columns:
        if isinstance(column.type, sa.Enum) and "append_only" not in column.info:
            condition = in_words(column.name, column.type.enums)
            table.append_constraint(CheckConstraint(condition, name=column.name))


# For words in a table whose rows may only be added: a longer list would have to copy every row.
APPEND_ONLY = {"append_only": True}

Key = Annotated[UUID, mapped_column(primary_key=True, default=new_id)]
Code = Annotated[str, mapped_column(String(64))]
# Stripe's ids are up to 255 characters (its API reference); those of checkout sessions have 66.
StripeId = Annotated[str, mapped_column(String(255))]
