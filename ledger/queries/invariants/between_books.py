"""Between books: what one has, owes, lent or gave, the other says too (I-20 to I-25)."""

from sqlalchemy import func, select

from ledger.core.accounts import CASH_LIKE, Acct
from ledger.db import ReadSession
from ledger.models.books import Book, Fund
from ledger.models.journal import Entry, Posting
from ledger.models.pools import Pool
from ledger.queries.invariants.result import Finding, count, first

MIRRORS = (
    (Acct.TRANSFERS_OUT, Acct.TRANSFERS_IN),
    (Acct.POOL_CONTRIBUTIONS_OUT, Acct.POOL_CONTRIBUTIONS_IN),
    (Acct.ALLOCATIONS_OUT, Acct.ALLOCATIONS_IN),
    (Acct.RECHARGES_OUT, Acct.RECHARGES_IN),
    (Acct.HOST_FEES, Acct.HOST_FEE_INCOME),
    (Acct.INTEREST_IN_POOL, Acct.REFUNDABLE_CONTRIBUTIONS),
)


def current_accounts(session: ReadSession) -> Finding:
    """I-20: current accounts mirror each other."""
    return _mirror(session, Acct.INTER_COMMUNITY, Acct.INTER_COMMUNITY)


def pairs(session: ReadSession) -> Finding:
    """I-21: what one book gave or put in, the other received."""
    checked, found = 0, None
    for here, there in MIRRORS:
        number, violation = _mirror(session, here, there)
        checked += number
        found = found or violation
    return checked, found


def loans(session: ReadSession) -> Finding:
    """I-22: what one book has lent or given on, the other has borrowed or got."""
    checked, found = 0, None
    # Lent and borrowed have the same sign; what is borrowed is owed back.
    for here, there, sign in (
        (Acct.ITEMS_LENT, Acct.ITEMS_BORROWED, -1),
        (Acct.TRANSFERRED, Acct.TRANSFERRED, 1),
    ):
        number, violation = _mirror(session, here, there, sign=sign)
        checked += number
        found = found or violation
    owed = (
        select(Book.code, func.sum(Posting.quantity), Posting.commodity)
        .join(Book, Book.id == Posting.book_id)
        .where(Posting.account.in_((Acct.ITEMS_BORROWED, Acct.RETURN_OBLIGATION)))
        .group_by(Book.id, Book.code, Posting.counterparty_id, Posting.commodity)
        .having(func.sum(Posting.quantity) != 0)
        .limit(1)
    )
    found = found or first(session, owed, "book {0}: borrowed and owed back differ by {1} {2}")
    return checked, found


def groups(session: ReadSession) -> Finding:
    """I-23: entries of one event in several books come together or not at all."""
    query = (
        select(Entry.transfer_group, func.count())
        .where(Entry.transfer_group.is_not(None))
        .group_by(Entry.transfer_group)
        .having(func.count() < 2)
        .limit(1)
    )
    number = session.scalar(
        select(func.count(Entry.transfer_group.distinct())).where(Entry.transfer_group.is_not(None))
    )
    return int(number or 0), first(session, query, "group {0} has {1} entry")


def combined(session: ReadSession) -> Finding:
    """I-24: added up over all books, accounts between books vanish, so that combined net assets
    are the sum of the books' own.
    """
    checked = 0
    for accounts in ((Acct.INTER_COMMUNITY,), *MIRRORS):
        rows = session.execute(
            select(Posting.commodity, func.sum(Posting.quantity))
            .where(Posting.account.in_(accounts))
            .group_by(Posting.commodity)
        ).all()
        checked += len(rows)
        for unit, rest in rows:
            if rest:
                names = " and ".join(map(str, accounts))
                return checked, f"{rest} {unit} are left on {names} over all books"
    return checked, None


def hosts(session: ReadSession) -> Finding:
    """I-25: what a host holds for its pools is what it owes them."""
    query = (
        select(Fund.code, func.sum(Posting.quantity))
        .join(Posting, Posting.fund_id == Fund.id)
        .where(
            Fund.id.in_(select(Pool.held_fund_id)),
            Posting.account.in_([*CASH_LIKE, Acct.PAYOUTS_IN_TRANSIT, Acct.INTER_COMMUNITY]),
        )
        .group_by(Fund.id, Fund.code, Posting.commodity)
        .having(func.sum(Posting.quantity) != 0)
        .limit(1)
    )
    return count(session, Pool), first(session, query, "fund {0}: held and owed differ by {1}")


def _mirror(session: ReadSession, here: int, there: int, *, sign: int = 1) -> Finding:
    """Check that what one book has against another is what the other has against it."""
    sums: dict[tuple[str, str, str], int] = {}
    sides = [(here, 1)] if here == there else [(here, 1), (there, sign)]
    for account, factor in sides:
        for book, other, commodity, quantity in _against(session, account):
            low, high = sorted((book, other)) if here == there else (book, other)
            pair = (high, low) if account == there != here else (low, high)
            sums[*pair, commodity] = sums.get((*pair, commodity), 0) + factor * quantity
    for (book, other, commodity), rest in sums.items():
        if rest:
            return len(sums), f"books {book} and {other} differ by {rest} {commodity} on {here}"
    return len(sums), None


def _against(session: ReadSession, account: int) -> list[tuple[str, str, str, int]]:
    rows = session.execute(
        select(
            Posting.book_id,
            Posting.counterparty_id,
            Posting.commodity,
            func.sum(Posting.quantity),
        )
        .where(Posting.account == account, Posting.counterparty_id.is_not(None))
        .group_by(Posting.book_id, Posting.counterparty_id, Posting.commodity)
    )
    return [(str(book), str(other), unit, int(total)) for book, other, unit, total in rows]
