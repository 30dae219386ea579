"""Questions about volunteer hours; times in minutes."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select

from ledger.db import ReadSession
from ledger.models.books import Book, Fund
from ledger.models.hours import HoursEntry
from ledger.models.parties import Party


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
    state: str


def hours_to_confirm(session: ReadSession, *, book_id: UUID) -> list[HoursRow]:
    """Return the time that waits for a second person, oldest first."""
    return _rows(session, HoursEntry.book_id == book_id, HoursEntry.state == "logged")


def hours_confirmed(session: ReadSession, *, book_id: UUID, limit: int = 100) -> list[HoursRow]:
    """Return the time that stands in the books, newest first."""
    return _rows(session, HoursEntry.book_id == book_id, HoursEntry.state == "confirmed")[
        : -limit - 1 : -1
    ]


def hours_of_person(session: ReadSession, *, person_id: UUID) -> list[HoursRow]:
    """Return a person's own time, newest first."""
    return _rows(session, Party.person_id == person_id)[::-1]


def _rows(session: ReadSession, *conditions: object) -> list[HoursRow]:
    query = (
        select(HoursEntry, Book.name, Fund.name, Party)
        .join(Book, Book.id == HoursEntry.book_id)
        .join(Fund, Fund.id == HoursEntry.fund_id)
        .join(Party, Party.id == HoursEntry.party_id)
        .where(*conditions)  # type: ignore[arg-type]
        .order_by(HoursEntry.worked_on, HoursEntry.id)
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
        )
        for row, book, fund, party in session.execute(query)
    ]
