"""A contribution by bank or in cash that was a mistake is owed back, repaid, and both undone."""

from uuid import UUID

import pytest

from ledger.db import Session
from ledger.errors import Conflict, Invalid
from ledger.queries.payments.owed_refunds import newest_without_stripe, owed_refunds
from ledger.queries.pledges.pledges import pledge_by_reference
from ledger.services.banking import cash, mistakes, repayments
from ledger.services.undoing import undo
from tests.conftest import NOW
from tests.factories import make_campaign, make_party, make_pledge
from tests.worlds.hamlet import TODAY, Hamlet, account, decide, fund, sound


@pytest.fixture(name="session")
def of_hamlet(hamlet_session: Session) -> Session:
    return hamlet_session


def count(session: Session, hamlet: Hamlet, amount: int, pledge: str = "") -> UUID:
    book = hamlet.books["A"]
    named = pledge_by_reference(session, book.id, pledge) if pledge else None
    return cash.record_cash(
        session,
        book=book,
        counted=cash.Counted(
            fund=fund(session, "A", "ROOF" if pledge else "GEN"),
            amount=amount,
            reference=f"sheet {amount}",
            on=TODAY,
        ),
        now=NOW,
        made_by=hamlet.maker,
        pledge=named,
    )


def owe(session: Session, hamlet: Hamlet, entry_id: UUID, amount: int | None = None) -> UUID:
    return mistakes.owe_back(
        session,
        book=hamlet.books["A"],
        entry_id=entry_id,
        amount=amount,
        by=hamlet.maker,
        on=TODAY,
        now=NOW,
    )


def repay(session: Session, hamlet: Hamlet, name: str, amount: int | None = None) -> UUID:
    return repayments.repay(
        session,
        owed=name,
        book=hamlet.books["A"],
        amount=amount,
        by=hamlet.maker,
        on=TODAY,
        now=NOW,
    )


def undone(session: Session, hamlet: Hamlet, entry_id: UUID) -> None:
    asked = undo.ask(
        session,
        book_id=hamlet.books["A"].id,
        entry_id=entry_id,
        reason="It was none",
        by=hamlet.maker,
        now=NOW,
    )
    if asked is not None:
        decide(session, asked.id, hamlet.checker)


def owed(session: Session, hamlet: Hamlet) -> list[tuple[str, int]]:
    rows = owed_refunds(session, book_id=hamlet.books["A"].id)
    return [(row.name, row.owed) for row in rows]


@pytest.mark.parametrize("pledged", [False, True], ids=["of nobody known", "for a pledge"])
def test_it_is_owed_repaid_and_each_is_undone(
    session: Session, hamlet: Hamlet, pledged: bool
) -> None:
    campaign = make_campaign(session, hamlet.books["A"], fund(session, "A", "ROOF"))
    reference = make_pledge(session, campaign, make_party(session)).reference if pledged else ""
    brought = count(session, hamlet, 4_000, reference)
    name = reference or str(brought)
    names = [row.name for row in newest_without_stripe(session, book_id=hamlet.books["A"].id)]
    assert names == [str(brought)]
    first = owe(session, hamlet, brought, 1_500)
    assert (account(session, "A", 4010), account(session, "A", 2140)) == (-2_500, -1_500)
    assert owed(session, hamlet) == [(name, 1_500)]
    sound(session)
    undone(session, hamlet, first)
    assert owed(session, hamlet) == []
    again = owe(session, hamlet, brought)
    assert account(session, "A", 4010) == 0
    with pytest.raises(Conflict, match="Nothing of this payment is left"):
        owe(session, hamlet, brought, 1)
    paid = repay(session, hamlet, name, 1_000)
    assert owed(session, hamlet) == [(name, 3_000)]
    with pytest.raises(Conflict, match="paid back"), session.begin_nested():
        undone(session, hamlet, again)
    undone(session, hamlet, paid)
    assert owed(session, hamlet) == [(name, 4_000)]
    sound(session)
    # The contribution itself goes with what is owed of it.
    undone(session, hamlet, brought)
    assert (account(session, "A", 1030), account(session, "A", 2140)) == (0, 0)
    assert owed(session, hamlet) == []
    sound(session)


def test_what_is_no_contribution_or_more_than_it_is_refused(
    session: Session, hamlet: Hamlet
) -> None:
    brought = count(session, hamlet, 4_000)
    with pytest.raises(Invalid, match="more than what is left"):
        owe(session, hamlet, brought, 4_001)
    back = owe(session, hamlet, brought, 100)
    with pytest.raises(Invalid, match="no such contribution"):
        owe(session, hamlet, back)
    undone(session, hamlet, brought)
    with pytest.raises(Invalid, match="no such contribution"):
        owe(session, hamlet, brought)
