"""Questions about books, funds and commodities."""

from collections.abc import Collection
from operator import attrgetter
from uuid import UUID

from sqlalchemy import func, or_, select

from ledger.core.vocabulary import FundClass
from ledger.db import ReadSession
from ledger.errors import NotFound
from ledger.models.books import Account, Book, Commodity, Fund
from ledger.paging import PAGE, Page, behind, cut


def book_by_code(session: ReadSession, code: str) -> Book:
    """Return a book. Raises NotFound."""
    book = session.scalar(select(Book).where(Book.code == code))
    if book is None:
        raise NotFound("There is no book {code}.", place="book", code=code)
    return book


def has_books(session: ReadSession) -> bool:
    """Tell whether an installation has a book at all."""
    return session.scalar(select(Book.id).limit(1)) is not None


def all_books(session: ReadSession) -> list[Book]:
    """Return every book, communities before pools, by code."""
    return list(session.scalars(select(Book).order_by(Book.kind, Book.code)))


def books_page(
    session: ReadSession, *, named: str = "", after: UUID | None = None, limit: int = PAGE
) -> Page[Book]:
    """Return a page of books by name, of those whose name or place has some text."""
    query = select(Book).where(behind(session, after, Book.name, Book.id))
    if named.strip():
        wanted = f"%{named.strip().lower()}%"
        query = query.where(
            or_(func.lower(Book.name).like(wanted), func.lower(Book.place).like(wanted))
        )
    rows = session.scalars(query.order_by(Book.name, Book.id).limit(limit + 1)).all()
    return cut(rows, attrgetter("id"), limit)


def fund_by_code(session: ReadSession, book_id: UUID, code: str) -> Fund:
    """Return a fund of a book. Raises NotFound."""
    fund = session.scalar(select(Fund).where(Fund.book_id == book_id, Fund.code == code))
    if fund is None:
        raise NotFound("This book has no fund {code}.", place="fund", code=code)
    return fund


def funds_of(session: ReadSession, book_id: UUID) -> list[Fund]:
    """Return the funds of a book by code, the closed ones too."""
    return list(session.scalars(select(Fund).where(Fund.book_id == book_id).order_by(Fund.code)))


def open_funds(session: ReadSession, book_id: UUID) -> list[Fund]:
    """Return the funds of a book that a form can offer, by code."""
    return [fund for fund in funds_of(session, book_id) if fund.closed_on is None]


def own_funds(session: ReadSession, book_id: UUID) -> list[Fund]:
    """Return the open funds whose money is the book's own: all but those held for others."""
    return [fund for fund in open_funds(session, book_id) if fund.fund_class != FundClass.AGENCY]


def funds_of_books(session: ReadSession, book_ids: Collection[UUID]) -> dict[UUID, list[Fund]]:
    """Return the funds of several books that a form can offer, by book and code."""
    found: dict[UUID, list[Fund]] = {book_id: [] for book_id in book_ids}
    query = (
        select(Fund)
        .where(Fund.book_id.in_(book_ids), Fund.closed_on.is_(None))
        .order_by(Fund.book_id, Fund.code)
    )
    for fund in session.scalars(query):
        found[fund.book_id].append(fund)
    return found


def account_names(session: ReadSession, book_id: UUID) -> dict[int, str]:
    """Return what the accounts of a book are called, by number."""
    rows = session.execute(select(Account.number, Account.name).where(Account.book_id == book_id))
    return dict(iter(rows))


def commodities(session: ReadSession) -> dict[str, Commodity]:
    """Return every commodity by code."""
    return {commodity.code: commodity for commodity in session.scalars(select(Commodity))}


def accounts_of(session: ReadSession, book_id: UUID) -> list[Account]:
    """Return the accounts of a book by number."""
    return list(
        session.scalars(select(Account).where(Account.book_id == book_id).order_by(Account.number))
    )
