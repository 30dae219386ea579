"""Questions about volunteer hours; times in minutes."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from operator import attrgetter
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import aliased

from ledger.db import ReadSession
from ledger.models.books import Book, Fund
from ledger.models.hours import HoursEntry, HoursState
from ledger.models.parties import Party
from ledger.models.pledges import Pledge
from ledger.paging import PAGE, Page, behind, cut


@dataclass(frozen=True, slots=True)
class HoursRow:
    """Time somebody gave, as people see it."""

    id: UUID
    book: str
    fund: str
    volunteer: str
    volunteer_id: UUID | None
    logged_by: UUID | None
    commodity: str
    minutes: int
    worked_on: date
    description: str
    state: HoursState
    # The pool that it was pledged to, where that is not where it was worked.
    pool: str = ""
    book_id: UUID | None = None
    book_code: str = ""


def hours_to_confirm(
    session: ReadSession, *, book_ids: Collection[UUID], after: UUID | None = None
) -> Page[HoursRow]:
    """Return a page of the time that waits for a second person in some books, oldest first."""
    rows = _rows(
        session,
        HoursEntry.book_id.in_(book_ids),
        HoursEntry.state == HoursState.LOGGED,
        behind(session, after, HoursEntry.worked_on, HoursEntry.id),
    )
    return cut(rows, attrgetter("id"))


def hours_confirmed(session: ReadSession, *, book_id: UUID, limit: int = 100) -> list[HoursRow]:
    """Return the time that stands in the books, newest first."""
    return _rows(
        session,
        HoursEntry.book_id == book_id,
        HoursEntry.state == HoursState.CONFIRMED,
        newest_first=True,
        limit=limit,
    )


def hours_of_person(
    session: ReadSession, *, person_id: UUID, after: UUID | None = None
) -> Page[HoursRow]:
    """Return a page of a person's own time, newest first."""
    rows = _rows(
        session,
        Party.person_id == person_id,
        behind(session, after, HoursEntry.worked_on, HoursEntry.id, newest_first=True),
        newest_first=True,
    )
    return cut(rows, attrgetter("id"))


def _rows(
    session: ReadSession,
    *conditions: ColumnElement[bool],
    newest_first: bool = False,
    limit: int = PAGE + 1,
) -> list[HoursRow]:
    order = (HoursEntry.worked_on, HoursEntry.id)
    pool = aliased(Book)
    query = (
        select(HoursEntry, Book.name, Book.code, Fund.name, Party, pool.name)
        .join(Book, Book.id == HoursEntry.book_id)
        .join(Fund, Fund.id == HoursEntry.fund_id)
        .join(Party, Party.id == HoursEntry.party_id)
        .outerjoin(Pledge, Pledge.id == HoursEntry.pledge_id)
        .outerjoin(pool, (pool.id == Pledge.book_id) & (pool.id != HoursEntry.book_id))
        .where(*conditions)
        .order_by(*(column.desc() for column in order) if newest_first else order)
        .limit(limit)
    )
    return [
        HoursRow(
            id=row.id,
            book=book,
            fund=fund,
            volunteer=party.name,
            volunteer_id=party.person_id,
            logged_by=row.logged_by,
            commodity=row.commodity,
            minutes=row.worked_minutes,
            worked_on=row.worked_on,
            description=row.description,
            state=row.state,
            pool=pool_name or "",
            book_id=row.book_id,
            book_code=code,
        )
        for row, book, code, fund, party, pool_name in session.execute(query)
    ]
