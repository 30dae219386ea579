"""Tax that the state adds to gifts with a declaration, such as Gift Aid (TAX-1); minor units."""

from datetime import datetime
from uuid import UUID

from ledger.core import bookkeeping
from ledger.core.accounts import Acct
from ledger.db import Session
from ledger.errors import Conflict, Invalid
from ledger.models.books import Book
from ledger.models.statements import MatchRule
from ledger.queries.books.books import fund_by_code
from ledger.queries.books.funds import on_account
from ledger.services.banking.items import tie
from ledger.services.banking.matching import open_incoming, post_line

CURRENCY = "GBP"
# Basic rate: 25 for every 75 of gift and tax together, so a quarter of what was given.
SHARE = 2_500


def match_gift_with_reclaim(
    session: Session, *, line_id: UUID, fund: str, by: UUID | None, now: datetime
) -> int:
    """Book a transfer as a gift with a valid declaration; return the reclaim, rounded down.

    The reclaim follows the gift's fund. Raises Invalid for a book outside the scheme.
    """
    line = open_incoming(session, line_id)
    book = session.get_one(Book, line.book_id)
    if book.commodity != CURRENCY:
        raise Invalid("Gift Aid is only available for books in pounds sterling.", place="book")
    fund_by_code(session, book.id, fund)
    reclaim = line.amount * SHARE // 10_000
    if not reclaim:
        raise Invalid("This contribution is too small to claim Gift Aid on.", place="line")
    entries = bookkeeping.gift_with_reclaim(
        book=book.code, fund=fund, currency=line.commodity, amount=line.amount, reclaim=reclaim
    )
    entry_id = post_line(session, line, entries, "gift_with_reclaim", by, now)
    tie(session, line, entry_id, MatchRule.PLEDGE, by, now)
    return reclaim


def match_reclaim(
    session: Session, *, line_id: UUID, fund: str, by: UUID | None, now: datetime
) -> None:
    """Book a transfer as reclaimed tax. Raises Conflict when it is more than was reclaimed."""
    line = open_incoming(session, line_id)
    book = session.get_one(Book, line.book_id)
    owner = fund_by_code(session, book.id, fund)
    if line.amount > on_account(session, owner, Acct.TAX_RECLAIM_RECEIVABLE):
        raise Conflict("This is more than the amount reclaimed.", place="line")
    entries = bookkeeping.reclaim_received(
        book=book.code, fund=fund, currency=line.commodity, amount=line.amount
    )
    entry_id = post_line(session, line, entries, "reclaim_received", by, now)
    tie(session, line, entry_id, MatchRule.PLEDGE, by, now)
