"""Questions about funds: what one can still spend."""

from collections import Counter
from uuid import UUID

from ledger.core.accounts import CASH_LIKE, Acct
from ledger.db import ReadSession
from ledger.models.books import Book, Fund
from ledger.queries.books.balances import balance_of, trial_balance

# What is owed soon, in credit; and what is set aside or promised away, in debit (domain section 6).
OWED = (
    Acct.ACCOUNTS_PAYABLE,
    Acct.REIMBURSEMENTS_PAYABLE,
    Acct.GRANTS_PAYABLE,
    Acct.REFUNDS_PAYABLE,
    Acct.REFUNDABLE_CONTRIBUTIONS,
    Acct.REFUNDABLE_ADVANCES,
)
SET_ASIDE = (Acct.ALLOCATIONS_APPROVED, Acct.ENCUMBRANCES)


def spendable(session: ReadSession, fund: Fund, *, currency: str = "") -> int:
    """Return money that is there, less what is owed and what is set aside; minor units."""
    unit = currency or session.get_one(Book, fund.book_id).commodity
    there = _sum(session, fund, [*CASH_LIKE, *OWED], unit)
    return there - _sum(session, fund, [*SET_ASIDE], unit)


def spendable_by_fund(session: ReadSession, book: Book) -> dict[str, int]:
    """Return what ``spendable`` says of every fund of a book that holds anything, by its code."""
    found: Counter[str] = Counter()
    rows = trial_balance(session, book_id=book.id, accounts=[*CASH_LIKE, *OWED, *SET_ASIDE])
    for row in rows:
        if row.commodity == book.commodity:
            found[row.fund] += -row.quantity if row.account in SET_ASIDE else row.quantity
    return found


def on_account(session: ReadSession, fund: Fund, account: int, *, currency: str = "") -> int:
    """Return what one account of a fund holds, debit positive, in minor units or units."""
    unit = currency or session.get_one(Book, fund.book_id).commodity
    return _sum(session, fund, [account], unit)


def between(session: ReadSession, book_id: UUID, other_id: UUID, account: int) -> int:
    """Return what a book has on an account against another book, debit positive."""
    unit = session.get_one(Book, book_id).commodity
    return balance_of(session, book_id=book_id, accounts=[account], counterparty_id=other_id)[unit]


def _sum(session: ReadSession, fund: Fund, accounts: list[int], unit: str) -> int:
    return balance_of(session, book_id=fund.book_id, accounts=accounts, fund_id=fund.id)[unit]
