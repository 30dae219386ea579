"""Funds and accounts that a book no longer uses: closed while they are empty, opened again at will.

Forms offer none of them and services refuse them for what is new. Money that still comes for one,
as a late return of a bank, is booked all the same: what happened is in the books.
"""

from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, exists, func, or_, select

from ledger.core.accounts import BY_NUMBER
from ledger.core.states import AgreementState, allowed
from ledger.core.vocabulary import OPEN_PLEDGES, CampaignState
from ledger.db import Session
from ledger.errors import Conflict, Invalid, NotFound
from ledger.models.agreements import Agreement
from ledger.models.books import Account, Book, Fund
from ledger.models.campaigns import Campaign
from ledger.models.journal import Posting
from ledger.models.pledges import Pledge
from ledger.models.pools import Pool, PoolMember
from ledger.queries.books.books import fund_by_code

# Assets and debts, and quantities that are held; what was received and spent stays in its year.
FIRST_OF_EQUITY = 3000
HELD = (8200, 8299)


def close_fund(session: Session, *, book: Book, code: str, on: date) -> Fund:
    """Close a fund that holds and owes nothing and that nothing open is for.

    Raises NotFound, and Conflict naming what is in the way. A closed one stays as it is.
    """
    fund = fund_by_code(session, book.id, code)
    if fund.closed_on is not None:
        return fund
    if _has_balance(session, book.id, Posting.fund_id == fund.id):
        raise Conflict("This fund still holds or owes something. Move it first.", place="fund")
    promised = exists().where(Pledge.fund_id == fund.id, Pledge.state.in_(OPEN_PLEDGES))
    if session.scalar(select(promised)):
        raise Conflict("Pledges to this fund are still open.", place="fund")
    live = (CampaignState.DRAFT, CampaignState.LIVE)
    if session.scalar(
        select(exists().where(Campaign.fund_id == fund.id, Campaign.state.in_(live)))
    ):
        raise Conflict("A campaign for this fund has not ended.", place="fund")
    if _agreed(session, fund.id):
        raise Conflict("An agreement about this fund has not ended.", place="fund")
    pools = or_(Pool.fund_id == fund.id, Pool.held_fund_id == fund.id)
    if session.scalar(select(exists().where(pools))) or session.scalar(
        select(exists().where(PoolMember.fund_id == fund.id))
    ):
        raise Conflict("A pool uses this fund.", place="fund")
    others = select(func.count()).select_from(Fund)
    if session.scalar(others.where(Fund.book_id == book.id, Fund.closed_on.is_(None))) == 1:
        raise Conflict("A book needs a fund. Create another one first.", place="fund")
    fund.closed_on = on
    session.flush()
    return fund


def open_fund_again(session: Session, *, book: Book, code: str) -> Fund:
    """Open a closed fund again. Raises NotFound."""
    fund = fund_by_code(session, book.id, code)
    fund.closed_on = None
    session.flush()
    return fund


def close_account(session: Session, *, book: Book, number: int, on: date) -> Account:
    """Close an account that a book added to the chart and that has no balance.

    Raises NotFound, Invalid for one of the chart, which services book on, Conflict for a balance.
    """
    account = _own(session, book, number)
    if account.closed_on is not None:
        return account
    if _has_balance(session, book.id, Posting.account == number):
        raise Conflict("This account still has a balance. Move it first.", place="account")
    account.closed_on = on
    session.flush()
    return account


def open_account_again(session: Session, *, book: Book, number: int) -> Account:
    """Open a closed account again. Raises as ``close_account``."""
    account = _own(session, book, number)
    account.closed_on = None
    session.flush()
    return account


def _own(session: Session, book: Book, number: int) -> Account:
    account = session.get(Account, (book.id, number))
    if account is None:
        raise NotFound("This book has no account {number}.", place="account", number=number)
    if number in BY_NUMBER:
        raise Invalid("Accounts that every book has stay open.", place="account")
    return account


def _has_balance(session: Session, book_id: UUID, wanted: ColumnElement[bool]) -> bool:
    """Tell whether anything is held or owed, in any unit."""
    held = or_(Posting.account < FIRST_OF_EQUITY, Posting.account.between(*HELD))
    query = (
        select(Posting.account)
        .where(Posting.book_id == book_id, wanted, held)
        .group_by(Posting.fund_id, Posting.account, Posting.commodity)
        .having(func.sum(Posting.quantity) != 0)
        .limit(1)
    )
    return session.scalar(query) is not None


def _agreed(session: Session, fund_id: UUID) -> bool:
    """Tell whether something is still to be done about an agreement of a fund."""
    rows = session.scalars(select(Agreement).where(Agreement.fund_id == fund_id))
    return any(allowed(row.kind, row.state) and row.state != AgreementState.CLEARED for row in rows)
