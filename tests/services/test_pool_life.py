"""A pool's shares and what is given back, at the edge of what is there."""

from typing import Any

import pytest

from ledger.core import bookkeeping
from ledger.db import Session
from ledger.errors import Conflict, Invalid
from ledger.models.agreements import Agreement
from ledger.services.books import journal
from ledger.services.pools import lifecycle
from tests.conftest import NOW
from tests.worlds.hamlet import TODAY, Hamlet, account, decide, fund, open_request, sound

SHARE = 40_000


@pytest.fixture
def share(hamlet_session: Session, hamlet: Hamlet) -> Agreement:
    """What B has put into the pool and may take out again."""
    row = lifecycle.propose_refundable(
        hamlet_session,
        pool=hamlet.books["P"],
        member=hamlet.books["B"],
        fund=fund(hamlet_session, "B", "GEN"),
        amount=SHARE,
        reason="A reserve",
        made_by=hamlet.maker,
        now=NOW,
    )
    decide(hamlet_session, open_request(hamlet_session, "refundable").id, hamlet.checker)
    return row


def given_away(session: Session, amount: int, member: str = "C") -> None:
    """Give a member money of the pool, whatever there is."""
    journal.post(
        session,
        bookkeeping.allocation_made(
            pool="P", pool_fund="JOINT", currency="USD", shares=[(member, "GEN", amount)]
        ),
        event_type="allocation_made",
        source="test",
        external_ref=f"{member}/{amount}",
        accounting_on=TODAY,
        now=NOW,
    )


def leave(session: Session, hamlet: Hamlet, share: Agreement) -> Any:
    return lifecycle.propose_exit(
        session, contribution_id=share.id, reason="We leave", made_by=hamlet.maker, now=NOW
    )


def test_a_share_leaves_with_all_that_the_host_holds_and_not_with_more(
    hamlet_session: Session, hamlet: Hamlet, share: Agreement
) -> None:
    """POL-6; asked and decided, each looks at what is there."""
    asked = leave(hamlet_session, hamlet, share)
    with hamlet_session.begin_nested() as attempt:
        given_away(hamlet_session, 1)
        with pytest.raises(Conflict, match="holds less than this"):
            decide(hamlet_session, asked.id, hamlet.checker)
        attempt.rollback()
    assert share.state == "held"
    cash = account(hamlet_session, "B", 1010)
    decide(hamlet_session, asked.id, hamlet.checker)
    assert share.state == "returned"
    assert account(hamlet_session, "B", 1010) == cash + SHARE
    sound(hamlet_session)


def test_nobody_asks_for_a_share_that_the_host_does_not_hold(
    hamlet_session: Session, hamlet: Hamlet, share: Agreement
) -> None:
    given_away(hamlet_session, 1)
    with pytest.raises(Conflict, match="holds less than this") as refused:
        leave(hamlet_session, hamlet, share)
    assert refused.value.place == "amount"


def test_a_member_gives_back_at_most_what_it_got(hamlet_session: Session, hamlet: Hamlet) -> None:
    """ALC-5."""
    given_away(hamlet_session, 5_000, "B")
    common: dict[str, Any] = {
        "pool": hamlet.books["P"],
        "member": hamlet.books["B"],
        "fund": fund(hamlet_session, "B", "GEN"),
        "by": hamlet.maker,
        "on": TODAY,
        "now": NOW,
    }
    with pytest.raises(Conflict, match="more than the pool allocated"):
        lifecycle.return_unspent(
            hamlet_session, unspent=lifecycle.Unspent(amount=5_001, reference="1"), **common
        )
    lifecycle.return_unspent(
        hamlet_session, unspent=lifecycle.Unspent(amount=2_000, reference="2"), **common
    )
    with pytest.raises(Conflict, match="more than the pool allocated"):
        lifecycle.return_unspent(
            hamlet_session, unspent=lifecycle.Unspent(amount=3_001, reference="3"), **common
        )
    with pytest.raises(Invalid, match="above zero"):
        lifecycle.return_unspent(
            hamlet_session, unspent=lifecycle.Unspent(amount=0, reference="4"), **common
        )
    lifecycle.return_unspent(
        hamlet_session, unspent=lifecycle.Unspent(amount=3_000, reference="5"), **common
    )
    assert account(hamlet_session, "B", 4540) == 0


def test_only_members_put_money_in(hamlet_session: Session, hamlet: Hamlet) -> None:
    common: dict[str, Any] = {"reason": "A reserve", "made_by": hamlet.maker, "now": NOW}
    with pytest.raises(Invalid, match="not a member of the pool"):
        lifecycle.propose_refundable(
            hamlet_session,
            pool=hamlet.books["A"],
            member=hamlet.books["B"],
            fund=fund(hamlet_session, "B", "GEN"),
            amount=SHARE,
            **common,
        )
    with pytest.raises(Invalid, match="belongs to another book"):
        lifecycle.propose_conditional(
            hamlet_session,
            pool=hamlet.books["P"],
            member=hamlet.books["B"],
            fund=fund(hamlet_session, "C", "GEN"),
            condition=lifecycle.Condition(quantity=1, milestone="Roof is up"),
            **common,
        )


def test_what_waits_for_its_condition_is_there(hamlet_session: Session, hamlet: Hamlet) -> None:
    """ALC-4."""
    lifecycle.propose_conditional(
        hamlet_session,
        pool=hamlet.books["P"],
        member=hamlet.books["B"],
        fund=fund(hamlet_session, "B", "GEN"),
        condition=lifecycle.Condition(quantity=1, milestone="Roof is up"),
        reason="As agreed",
        made_by=hamlet.maker,
        now=NOW,
    )
    asked = open_request(hamlet_session, "conditional_allocation")
    with pytest.raises(Conflict, match="less than this to allocate"):
        decide(hamlet_session, asked.id, hamlet.checker)
