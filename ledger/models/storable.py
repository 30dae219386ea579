"""The last guard before the database: no row is written that either engine could not hold.

Each entry point names what is wrong by field and line; this one catches what slipped by all of
them, so that it becomes a refusal instead of a page that can never be shown again or a backup that
the other engine refuses. Core statements (the journal's writer, restores) check for themselves.
"""

from collections.abc import Collection, Iterator
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlalchemy import Column, SmallInteger, Table, UniqueConstraint, event, inspect
from sqlalchemy.orm import InstanceState, Mapper

from ledger.core.bounds import (
    LARGEST_QUANTITY,
    LONGEST_INDEXED,
    check_day,
    check_text,
)
from ledger.db import Session
from ledger.errors import Invalid

LARGEST_SMALL = 2**15 - 1


@event.listens_for(Session, "before_flush")
def check_rows(session: Session, _context: object, _instances: object) -> None:
    """Refuse what is about to be written and cannot be. Raises Invalid, naming the column."""
    for row in session.new:
        _check_row(inspect(row), inspect(row).dict)
    for row in session.dirty:
        # What was stored before these bounds were stays as it is.
        _check_row(inspect(row), inspect(row).committed_state)


def _check_row(state: InstanceState[Any], names: Collection[str]) -> None:
    for name, column, longest in _columns(state.mapper):
        if name in names and (value := state.dict.get(name)) is not None:
            _check(value, column, longest)


@cache
def _columns(mapper: Mapper[Any]) -> list[tuple[str, Column[Any], int | None]]:
    """Return attributes with their columns and the most characters that each holds, if any."""
    indexed: set[str] = set()
    table = mapper.local_table
    if isinstance(table, Table):
        indexed.update(column.name for index in table.indexes for column in index.columns)
        for constraint in table.constraints:
            if isinstance(constraint, UniqueConstraint):
                indexed.update(column.name for column in constraint.columns)
    found = []
    for attribute in mapper.column_attrs:
        column = attribute.columns[0]
        if isinstance(column, Column):
            longest = getattr(column.type, "length", None)
            if longest is None and column.name in indexed:
                longest = LONGEST_INDEXED
            found.append((attribute.key, column, longest))
    return found


def _check(value: Any, column: Column[Any], longest: int | None) -> None:
    place = f"{column.table.name}.{column.name}"
    if isinstance(value, str):
        check_text(value, longest=longest or len(value), place=place)
    elif isinstance(value, datetime):
        check_day(value.date(), place=place)
    elif isinstance(value, date):
        check_day(value, place=place)
    elif isinstance(value, int):
        largest = LARGEST_SMALL if isinstance(column.type, SmallInteger) else LARGEST_QUANTITY
        if abs(value) > largest:
            raise Invalid("This number is too large to be stored.", place=place)
    elif isinstance(value, dict | list):
        for text in _texts(value):
            check_text(text, longest=len(text), place=place)


def _texts(value: Any) -> Iterator[str]:
    """Yield every text in a JSON document, keys as well."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield str(key)
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
