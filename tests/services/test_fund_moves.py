"""Money between funds, communities and pools: what is refused before anybody is asked."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from ledger.core.allocation import Rule
from ledger.core.written import format_day
from ledger.db import Session
from ledger.errors import Conflict, Invalid, NotAllowed
from ledger.services.accounting import fund_transfers
from ledger.services.pools import allocations, pools, transfers
from tests.conftest import NOW
from tests.factories import make_book, make_fund
from tests.worlds.hamlet import TODAY, Hamlet, decide, fund, open_request, paid_into


def move(
    session: Session, hamlet: Hamlet, ask: Callable[..., Any], *funds: str, amount: int = 500
) -> Any:
    first, second = (fund(session, "A", code) for code in funds)
    return ask(
        session,
        from_fund=first,
        to_fund=second,
        amount=amount,
        reason="Decided by the board",
        made_by=hamlet.maker,
        now=NOW,
    )


def test_only_free_money_is_designated_and_only_timed_money_released(
    hamlet_session: Session, hamlet: Hamlet
) -> None:
    designate, release = fund_transfers.propose_designation, fund_transfers.propose_release
    for ask, funds, amount, sentence in (
        (designate, ("ROOF", "GEN"), 500, "The board can only move unrestricted money"),
        (designate, ("GEN", "GEN"), 500, "Choose two different funds"),
        (designate, ("GEN", "ROOF"), 0, "above zero"),
        (release, ("GEN", "ROOF"), 500, "This fund has no time restriction"),
        (release, ("ROOF", "GEN"), 500, "This fund has no time restriction"),
    ):
        with pytest.raises(Invalid, match=sentence):
            move(hamlet_session, hamlet, ask, *funds, amount=amount)


def test_a_restriction_in_time_is_released_on_the_day_after_its_last(
    hamlet_session: Session, hamlet: Hamlet
) -> None:
    """REL-2."""
    timed = make_fund(hamlet_session, hamlet.books["A"], "LATER", "time")
    timed.restriction_until_on, timed.negative_allowed = TODAY, True
    move(hamlet_session, hamlet, fund_transfers.propose_release, "LATER", "GEN")
    asked = open_request(hamlet_session, "release")
    with (
        pytest.raises(Conflict, match=f"ends on {format_day(TODAY)}"),
        hamlet_session.begin_nested(),
    ):
        decide(hamlet_session, asked.id, hamlet.checker)
    timed.restriction_until_on = TODAY - timedelta(days=1)
    assert decide(hamlet_session, asked.id, hamlet.checker).state == "approved"


def test_a_grant_goes_to_another_community_in_the_same_currency(
    hamlet_session: Session, hamlet: Hamlet
) -> None:
    abroad = make_book(hamlet_session, "E", currency="EUR")
    theirs = make_fund(hamlet_session, abroad)
    own, b = fund(hamlet_session, "A", "GEN"), hamlet.books["B"]
    for receiver, receiver_fund, amount, sentence in (
        (hamlet.books["A"], own, 5, "to itself"),
        (abroad, theirs, 5, "same currency"),
        (b, fund(hamlet_session, "B", "GEN"), 0, "above zero"),
    ):
        with pytest.raises(Invalid, match=sentence):
            transfers.propose_grant(
                hamlet_session,
                giver=hamlet.books["A"],
                grant=transfers.Grant(
                    giver_fund=own, receiver_fund=receiver_fund, amount=amount, reason="Help"
                ),
                receiver=receiver,
                made_by=hamlet.maker,
                now=NOW,
            )


def test_only_members_contribute_to_a_pool_and_something(
    hamlet_session: Session, hamlet: Hamlet
) -> None:
    stranger = make_book(hamlet_session, "D")
    for member, its_fund, amount, sentence in (
        (stranger, make_fund(hamlet_session, stranger), 5, "not a member"),
        (hamlet.books["B"], fund(hamlet_session, "B", "GEN"), 0, "above zero"),
    ):
        with pytest.raises(Invalid, match=sentence):
            pools.propose_contribution(
                hamlet_session,
                member=member,
                fund=its_fund,
                pool=hamlet.books["P"],
                amount=amount,
                reason="Our part",
                made_by=hamlet.maker,
                now=NOW,
            )


def test_whoever_proposes_an_allocation_does_not_post_it_and_nobody_posts_it_twice(
    hamlet_session: Session, hamlet: Hamlet
) -> None:
    paid_into(hamlet_session, hamlet, 60_000)
    common: dict[str, Any] = {"pool_id": hamlet.pool_id, "now": NOW}
    with pytest.raises(Invalid):
        allocations.propose_allocation(
            hamlet_session,
            wanted=allocations.Allocation(0, Rule("equal"), "Seeds"),
            proposed_by=hamlet.maker,
            **common,
        )
    run = allocations.propose_allocation(
        hamlet_session,
        wanted=allocations.Allocation(30_000, Rule("equal"), "Seeds"),
        proposed_by=hamlet.maker,
        **common,
    )
    post: dict[str, Any] = {"run_id": run.id, "on": TODAY, "now": NOW}
    with pytest.raises(NotAllowed, match="cannot approve it"):
        allocations.post_allocation(hamlet_session, approved_by=hamlet.maker, **post)
    allocations.post_allocation(hamlet_session, approved_by=hamlet.checker, **post)
    with pytest.raises(Conflict, match="This allocation has already been decided"):
        allocations.post_allocation(hamlet_session, approved_by=hamlet.checker, **post)
