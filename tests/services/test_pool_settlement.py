"""One transfer for all that a pool and its members owe each other (ALC-7)."""

import pytest
from sqlalchemy import select

from ledger.core import bookkeeping
from ledger.core.allocation import Rule
from ledger.db import Session
from ledger.errors import Conflict
from ledger.models.pools import AllocationLine
from ledger.queries.pools.open_balances import OpenBalance, open_balances
from ledger.services.books import journal
from ledger.services.pools import allocations, settlement
from tests.conftest import NOW
from tests.services.test_allocations import proposed
from tests.worlds.hamlet import (
    TODAY,
    Hamlet,
    account,
    decide,
    open_request,
    paid_into,
    sound,
)


def settle(session: Session, hamlet: Hamlet, reference: str = "June") -> list[OpenBalance]:
    return settlement.settle_open(
        session, pool_id=hamlet.pool_id, reference=reference, by=hamlet.maker, on=TODAY, now=NOW
    )


def given(session: Session, hamlet: Hamlet, *shares: tuple[str, str, int]) -> None:
    """Give funds money of the pool."""
    journal.post(
        session,
        bookkeeping.allocation_made(
            pool="P", pool_fund="JOINT", currency="USD", shares=list(shares)
        ),
        event_type="allocation_made",
        source="test",
        external_ref=str(shares),
        accounting_on=TODAY,
        now=NOW,
        made_by=journal.Approved(hamlet.maker, by=hamlet.checker),
    )


def owed(session: Session, hamlet: Hamlet) -> list[tuple[str, str, int]]:
    rows = open_balances(session, pool_id=hamlet.pool_id)
    return [(row.code, row.fund, row.amount) for row in rows]


def test_nothing_is_settled_where_nothing_is_owed(hamlet_session: Session, hamlet: Hamlet) -> None:
    with pytest.raises(Conflict, match="owe each other nothing"):
        settle(hamlet_session, hamlet)


def test_every_fund_gets_what_it_is_owed_and_the_host_its_own(
    hamlet_session: Session, hamlet: Hamlet
) -> None:
    paid_into(hamlet_session, hamlet, 10_000)
    shares = [("A", "ROOF", 1_000), ("B", "BARN", 2_000), ("B", "GEN", 300), ("C", "FIELD", 40)]
    given(hamlet_session, hamlet, *shares)
    assert owed(hamlet_session, hamlet) == shares
    before = {code: account(hamlet_session, code, 1010) for code in "ABC"}
    settled = settle(hamlet_session, hamlet)
    assert [(row.code, row.fund, row.amount) for row in settled] == shares
    assert owed(hamlet_session, hamlet) == []
    after = {code: account(hamlet_session, code, 1010) for code in "ABC"}
    # The host pays the others; its own share moves from one of its funds to another.
    assert {code: after[code] - before[code] for code in "ABC"} == {
        "A": -2_340,
        "B": 2_300,
        "C": 40,
    }
    sound(hamlet_session)
    with pytest.raises(Conflict, match="owe each other nothing"):
        settle(hamlet_session, hamlet, "July")


def test_a_share_that_was_settled_with_all_is_not_paid_again(
    hamlet_session: Session, hamlet: Hamlet
) -> None:
    paid_into(hamlet_session, hamlet, 200_000)
    run = proposed(hamlet_session, hamlet, Rule("equal"))
    decide(hamlet_session, open_request(hamlet_session, "allocation").id, hamlet.checker)
    settle(hamlet_session, hamlet)
    lines = hamlet_session.scalars(select(AllocationLine).where(AllocationLine.run_id == run.id))
    for line in lines:
        assert line.settled_at == NOW
        with pytest.raises(Conflict):
            allocations.settle_allocation_line(
                hamlet_session, run_id=run.id, book_id=line.book_id, on=TODAY, now=NOW
            )
