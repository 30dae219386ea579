"""Questions about the value of an hour: minor units of the book's currency per hour."""

from datetime import date
from uuid import UUID

from sqlalchemy import select

from ledger.db import ReadSession
from ledger.models.hours import SkillRate


def rates_of(session: ReadSession, *, book_id: UUID) -> list[SkillRate]:
    """Return every rate of a book by skill and day; of two for one day the later made last."""
    return list(
        session.scalars(
            select(SkillRate)
            .where(SkillRate.book_id == book_id)
            .order_by(SkillRate.commodity, SkillRate.valid_from_on, SkillRate.id)
        )
    )


def current_rates(session: ReadSession, *, book_id: UUID, on: date) -> dict[str, SkillRate]:
    """Return the rate of each skill that is in force on a day, by the skill's code."""
    return {
        rate.commodity: rate
        for rate in rates_of(session, book_id=book_id)
        if rate.valid_from_on <= on
    }
