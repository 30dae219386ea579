"""Questions about policies: what holds in a book on a day."""

from datetime import date

from sqlalchemy import select

from ledger.core.currencies import exponent
from ledger.core.policies import Policy, profile, with_choices
from ledger.db import ReadSession
from ledger.models.books import Book
from ledger.models.policies import PolicyChoice


def policy_of(session: ReadSession, book: Book, on: date) -> Policy:
    """Return the policy of a book on a day: its profile, and what it has chosen otherwise."""
    return with_choices(profile(book.profile), choices_of(session, book, on))


def choices_of(session: ReadSession, book: Book, on: date) -> dict[str, str]:
    """Return what a book has chosen otherwise until a day; the latest choice of a key holds."""
    rows = session.execute(
        select(PolicyChoice.key, PolicyChoice.value)
        .where(PolicyChoice.book_id == book.id, PolicyChoice.valid_from_on <= on)
        .order_by(PolicyChoice.valid_from_on, PolicyChoice.id)
    )
    return dict(iter(rows))


def capitalised_from(session: ReadSession, book: Book, on: date) -> int:
    """Return from which worth given or bought things are equipment, in minor units."""
    minor_units: int = 10 ** exponent(book.commodity)
    return policy_of(session, book, on).capitalise_from * minor_units
