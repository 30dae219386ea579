"""Long lists in pages: a page begins behind a row that is named by its id, never at a number.

So a page costs the same at any place of any list, and a row that comes in meanwhile moves nothing
(keyset paging). Must not know any list.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, select, true, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from ledger.db import ReadSession

Row = TypeVar("Row")
Shown = TypeVar("Shown")
# Rows on a page; on one where each row is a card with its own form.
PAGE = 50
CARDS = 20


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Rows of a list, and the id of the last of them where more follow."""

    rows: tuple[Row, ...]
    after: UUID | None = None


def cut(rows: Sequence[Row], id_of: Callable[[Row], UUID], limit: int = PAGE) -> Page[Row]:
    """Return a page of rows of which one more than ``limit`` was asked for."""
    shown = tuple(rows[:limit])
    return Page(shown, id_of(shown[-1]) if len(rows) > limit else None)


def behind(
    session: ReadSession,
    after: UUID | None,
    *order: InstrumentedAttribute[Any],
    newest_first: bool = False,
) -> ColumnElement[bool]:
    """Return the condition that a row stands behind the row with the id ``after``.

    ``order`` are the columns a list is in order of, the id last; an id that is not there is as
    none, so an old address leads to the first page.
    """
    if after is None:
        return true()
    last = session.execute(select(*order).where(order[-1] == after)).one_or_none()
    if last is None:
        return true()
    here = tuple_(*order)
    return here < tuple(last) if newest_first else here > tuple(last)
