"""What a pool and its members still owe each other; minor units of the pool's currency."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import and_, func, not_, or_, select

from ledger.core.accounts import Acct
from ledger.db import ReadSession
from ledger.models.books import Book, Fund
from ledger.models.journal import Posting
from ledger.models.pools import AllocationLine, AllocationRun, Pool, PoolMember


@dataclass(frozen=True, slots=True)
class OpenBalance:
    """What the pool owes to a fund of a community; below zero, what that fund owes the pool."""

    book_id: UUID
    code: str
    name: str
    fund_id: UUID
    fund: str
    amount: int


def open_balances(session: ReadSession, *, pool_id: UUID) -> list[OpenBalance]:
    """Return what is open with each fund, by code of community and fund, as their books say.

    The money that the host keeps for the pool is no debt of the host as a member.
    """
    pool = session.get_one(Pool, pool_id)
    has_shares = (
        select(AllocationLine.book_id)
        .join(AllocationRun, AllocationRun.id == AllocationLine.run_id)
        .where(AllocationRun.pool_id == pool_id)
    )
    members = select(PoolMember.book_id).where(PoolMember.pool_id == pool_id)
    amount = func.sum(Posting.quantity)
    rows = session.execute(
        select(Book.id, Book.code, Book.name, Fund.id, Fund.code, amount)
        .join(Posting, Posting.book_id == Book.id)
        .join(Fund, and_(Fund.book_id == Posting.book_id, Fund.id == Posting.fund_id))
        .where(
            or_(Book.id.in_(members), Book.id.in_(has_shares)),
            Posting.account == Acct.INTER_COMMUNITY,
            Posting.counterparty_id == pool_id,
            Posting.commodity == session.get_one(Book, pool_id).commodity,
            not_(and_(Book.id == pool.host_id, Fund.id == pool.held_fund_id)),
        )
        .group_by(Book.id, Book.code, Book.name, Fund.id, Fund.code)
        .having(amount != 0)
        .order_by(Book.code, Fund.code)
    )
    return [
        OpenBalance(book_id, code, name, fund_id, fund, int(total))
        for book_id, code, name, fund_id, fund, total in rows
    ]
