"""Policies: what a book chooses otherwise than its profile, from a day on (domain section 13)."""

from datetime import date, datetime
from uuid import UUID

from ledger.core.policies import value_of
from ledger.db import Session
from ledger.errors import Invalid
from ledger.models.books import Book
from ledger.models.policies import PolicyChoice
from ledger.models.rights_log import RightsKind
from ledger.queries.accounting.periods import closed_until
from ledger.services.people.rights_log import record


def choose_policy(
    session: Session,
    *,
    book: Book,
    key: str,
    value: str,
    valid_from_on: date,
    now: datetime,
    made_by: UUID | None = None,
) -> PolicyChoice:
    """Note a choice. Raises Invalid at the key for what is no choice, and for a day in a period
    that is closed: what was signed there stands."""
    value_of(key, value)
    if valid_from_on <= closed_until(session, [book.id]).get(book.id, date.min):
        raise Invalid("This day is in a closed period.", place="valid_from_on")
    choice = PolicyChoice(
        book_id=book.id,
        key=key,
        value=value,
        valid_from_on=valid_from_on,
        made_by=made_by,
        created_at=now,
    )
    session.add(choice)
    session.flush()
    record(
        session,
        kind=RightsKind.SETTING_CHANGED,
        actor=made_by,
        book=book.id,
        about={"setting": key, "from": valid_from_on.isoformat()},
        now=now,
    )
    return choice
