"""Plain functions that make what tests need, through the services."""

from datetime import datetime

from ledger.db import Session
from ledger.models.books import Book, Fund
from ledger.services.books import create_book, create_fund, ensure_commodity
from tests.conftest import NOW


def make_book(
    session: Session,
    code: str = "A",
    *,
    kind: str = "community",
    currency: str = "USD",
    now: datetime = NOW,
) -> Book:
    """Open a book named after its code."""
    return create_book(
        session, code=code, name=f"Book {code}", kind=kind, currency=currency, now=now
    )


def make_fund(
    session: Session, book: Book, code: str = "GEN", fund_class: str = "unrestricted"
) -> Fund:
    """Open a fund."""
    return create_fund(session, book_id=book.id, code=code, fund_class=fund_class, now=NOW)


def make_worked_books(session: Session, events: dict) -> None:  # type: ignore[type-arg]
    """Open every book, fund and commodity of the worked events."""
    for code in events["commodities"]:
        ensure_commodity(session, code)
    made = {}
    for code, book in events["books"].items():
        made[code] = create_book(
            session,
            code=code,
            name=book["name"],
            kind=book["kind"],
            currency=book["currency"],
            now=NOW,
        )
    for fund in events["funds"]:
        create_fund(
            session,
            book_id=made[fund["book"]].id,
            code=fund["code"],
            fund_class=fund["class"],
            now=NOW,
        )
