"""Limits: nobody spends from a fund what it does not have (domain invariant I-14).

A command that spends takes the fund's row as a lock and looks at what is there after it has the
lock. What happens to a fund unasked, as a refund or a bank's charge, is booked without asking.
"""

from uuid import UUID

from sqlalchemy import select

from ledger.db import Session
from ledger.errors import Conflict
from ledger.models.books import Fund
from ledger.queries.books.funds import spendable


def lock_fund(session: Session, fund_id: UUID) -> Fund:
    """Return a fund that nobody else can spend from until this transaction ends.

    What a lock protects is read after it; SQLite's one writer needs no lock. On PostgreSQL a
    command that had to wait is refused by its snapshot and run again by ``db.run``.
    """
    return session.scalars(select(Fund).where(Fund.id == fund_id).with_for_update()).one()


def check_left(session: Session, fund: Fund) -> None:
    """Refuse what was posted just now, if it took more from a locked fund than there was.

    For commands that may be repeated: only the first run takes anything. Raises Conflict.
    """
    if not fund.negative_allowed and spendable(session, fund) < 0:
        raise Conflict("The fund does not have enough to spend this amount.", place="amount")


def hold(
    session: Session, fund_id: UUID, amount: int, *, currency: str = "", place: str = "amount"
) -> Fund:
    """Lock a fund and return it, if it has this much to spend, in minor units.

    A fund that may be overdrawn is locked all the same. Raises Conflict for less.
    """
    fund = lock_fund(session, fund_id)
    if not fund.negative_allowed and spendable(session, fund, currency=currency) < amount:
        raise Conflict("The fund does not have enough to spend this amount.", place=place)
    return fund
