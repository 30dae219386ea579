"""What the last edition carried forward, as it was issued (domain T-17)."""

from collections.abc import Sequence
from datetime import date, timedelta

from ledger.db import ReadSession
from ledger.models.books import Book
from ledger.queries.books.editions import last_official
from reports.activities import Carried


def carried_forward(
    session: ReadSession, *, scope: str, books: Sequence[Book], since: date
) -> Carried | None:
    """Return each fund's net assets at the end of the last edition that ends the day before.

    None where no such edition of the same books was issued for a period that was over.
    """
    found = last_official(
        session,
        scope=scope,
        book_ids=[book.id for book in books],
        until=since - timedelta(days=1),
    )
    if found is None:
        return None
    _edition, data = found
    return {
        (row["book"], row["fund"], row["commodity"]): int(row["closing"]) for row in data["funds"]
    }
