"""Allocations: what there is to give, by which rule, approved by whom, and given only once."""

from datetime import timedelta
from functools import partial
from uuid import UUID

import pytest
from sqlalchemy import select

from ledger.core.allocation import Rule, recomputed
from ledger.core.vocabulary import PartyKind
from ledger.db import Database, Session
from ledger.errors import Conflict, Invalid, NotAllowed
from ledger.gateway import BalanceTransaction
from ledger.models.agreements import Agreement
from ledger.models.approval_requests import ApprovalRequest
from ledger.models.journal import Entry
from ledger.models.pledges import Pledge
from ledger.models.pools import AllocationLine, AllocationRun
from ledger.queries.pools.pools import allocatable, available, gifts_to_match, held_back
from ledger.services.approvals import decisions
from ledger.services.books import policies
from ledger.services.campaigns.campaigns import Need
from ledger.services.payments import gifts, payments
from ledger.services.people.people import grant_role
from ledger.services.pools import allocations
from ledger.services.pools import hours as pool_hours
from ledger.services.stripe_balance import balance_transactions
from ledger.services.volunteering import hours
from tests.conftest import NOW
from tests.factories import make_campaign, make_party, make_person, make_pledge
from tests.worlds.hamlet import (
    TODAY,
    Hamlet,
    account,
    at_the_same_moment,
    build,
    decide,
    fund,
    open_request,
    paid_into,
    sound,
    text,
)


def proposed(
    session: Session, hamlet: Hamlet, rule: Rule, quantity: int = 100_000, commodity: str = ""
) -> AllocationRun:
    return allocations.propose_allocation(
        session,
        pool_id=hamlet.pool_id,
        wanted=allocations.Allocation(
            quantity=quantity, rule=rule, purpose="Seeds", commodity=commodity
        ),
        proposed_by=hamlet.maker,
        now=NOW,
    )


def shares_of(session: Session, run: AllocationRun) -> list[int]:
    return list(
        session.scalars(
            select(AllocationLine.quantity)
            .where(AllocationLine.run_id == run.id)
            .order_by(AllocationLine.position)
        )
    )


def charged(
    session: Session, amount: int, *, kind: str = "charge", days_ago: int = 0, name: str = "1"
) -> None:
    """A gift to the pool through the host's Stripe account, without a fee."""
    txn = BalanceTransaction(
        id=f"txn_{kind}_{name}",
        livemode=False,
        kind=kind,
        reporting_category="charge",
        amount=amount,
        fee=0,
        net=amount,
        currency="USD",
        source_id=f"ch_{kind}_{name}",
        created_at=NOW - timedelta(days=days_ago),
        available_on=TODAY,
        body={},
    )
    balance_transactions.store_transaction(session, txn=txn)
    gifts.settle_gift(session, txn_id=txn.id, fund=fund(session, "P", "JOINT"), now=NOW)


def there(session: Session, hamlet: Hamlet, commodity: str = "") -> int:
    return available(session, pool_id=hamlet.pool_id, on=TODAY, commodity=commodity)


RULES = [
    (Rule("equal"), [33_334, 33_333, 33_333]),
    (Rule("weights", {"A": 7, "B": 5, "C": 3}), [46_667, 33_333, 20_000]),
    (Rule("percent", {"A": 3_333, "B": 3_333, "C": 3_333}), [33_330, 33_330, 33_330]),
    (Rule("fixed", {"A": 50_000, "B": 30_000}), [50_000, 30_000, 0]),
    (
        Rule("need_capped", caps={"A": 30_000, "B": 90_000, "C": 20_000}),
        [30_000, 50_000, 20_000],
    ),
]


@pytest.mark.parametrize(("rule", "shares"), RULES, ids=[rule.kind for rule, _ in RULES])
def test_a_run_is_split_posted_and_can_be_computed_again(
    hamlet_session: Session, hamlet: Hamlet, rule: Rule, shares: list[int]
) -> None:
    paid_into(hamlet_session, hamlet, 200_000)
    run = proposed(hamlet_session, hamlet, rule)
    assert shares_of(hamlet_session, run) == shares
    assert [share.quantity for share in recomputed(run.inputs).shares] == shares
    decide(hamlet_session, open_request(hamlet_session, "allocation").id, hamlet.checker)
    assert -account(hamlet_session, "A", 4540) == shares[0]
    assert there(hamlet_session, hamlet) == 200_000 - sum(shares)
    sound(hamlet_session)


def test_inputs_of_the_first_form_are_computed_as_they_were() -> None:
    first = {"amount": 10, "rule": "percent", "parameters": {"A": 5_000}, "members": ["A", "B"]}
    assert [share.quantity for share in recomputed(first).shares] == [5, 0]
    with pytest.raises(Invalid):
        recomputed({"rule": "equal", "members": {"A": 1}})


def test_young_card_gifts_are_held_back_in_part_and_bank_debits_whole(
    hamlet_session: Session, hamlet: Hamlet
) -> None:
    charged(hamlet_session, 10_001, name="young", days_ago=119)
    charged(hamlet_session, 10_000, name="old", days_ago=121)
    charged(hamlet_session, 4_000, kind="payment", name="young", days_ago=55)
    charged(hamlet_session, 2_000, kind="payment", name="old", days_ago=57)
    held = held_back(hamlet_session, book=hamlet.books["P"], on=TODAY)
    assert held == 501 + 4_000
    assert there(hamlet_session, hamlet) == 26_001 - held
    with pytest.raises(Invalid) as refusal:
        proposed(hamlet_session, hamlet, Rule("equal"), 26_001 - held + 1)
    assert refusal.value.place == "amount"


def test_a_book_can_hold_back_less(hamlet_session: Session, hamlet: Hamlet) -> None:
    charged(hamlet_session, 10_000)
    policies.choose_policy(
        hamlet_session,
        book=hamlet.books["P"],
        key="holdback_points",
        value="0",
        valid_from_on=TODAY,
        now=NOW,
    )
    assert there(hamlet_session, hamlet) == 10_000
    yesterday = TODAY - timedelta(days=1)
    assert held_back(hamlet_session, book=hamlet.books["P"], on=yesterday) == 500


def pledged_hours(session: Session, hamlet: Hamlet) -> Pledge:
    campaign = make_campaign(
        session,
        hamlet.books["P"],
        fund(session, "P", "JOINT"),
        needs=(Need("MIN.ELEC", "Electricians", 1_200, 1_200),),
    )
    return make_pledge(session, campaign, make_party(session), "MIN.ELEC", 1_200)


def test_hours_of_the_pool_are_allocated_in_minutes_and_worked(
    hamlet_session: Session, hamlet: Hamlet
) -> None:
    """ALC-8, ALC-9 for several members at once."""
    pledge = pledged_hours(hamlet_session, hamlet)
    assert allocatable(hamlet_session, pool_id=hamlet.pool_id, on=TODAY)["MIN.ELEC"] == 1_200
    run = proposed(
        hamlet_session, hamlet, Rule("weights", {"A": 7, "B": 5, "C": 3}), 1_200, "MIN.ELEC"
    )
    assert shares_of(hamlet_session, run) == [560, 400, 240]
    decide(hamlet_session, open_request(hamlet_session, "allocation").id, hamlet.checker)
    assert there(hamlet_session, hamlet, "MIN.ELEC") == 0
    assert account(hamlet_session, "P", 9210, "MIN.ELEC") == 1_200
    hours.set_rate(
        hamlet_session,
        book=hamlet.books["B"],
        commodity="MIN.ELEC",
        currency="USD",
        rate_per_hour=4_800,
        specialised=True,
        source="A wage table",
        valid_from_on=TODAY,
    )
    worked = hours.log_hours(
        hamlet_session,
        book=hamlet.books["B"],
        fund=fund(hamlet_session, "B", "BARN"),
        party=make_party(hamlet_session),
        work=hours.Work(commodity="MIN.ELEC", minutes=240, worked_on=TODAY, description="Wiring"),
        now=NOW,
        logged_by=hamlet.member,
    )
    share = hamlet_session.scalars(
        select(Agreement).where(Agreement.other_id == hamlet.books["B"].id)
    ).one()
    pool_hours.confirm_pooled_hours(
        hamlet_session,
        hours_id=worked.id,
        allocation_id=share.id,
        pledge=pledge,
        confirmed_by=hamlet.checker,
        on=TODAY,
        now=NOW,
    )
    assert account(hamlet_session, "P", 9210, "MIN.ELEC") == 960
    assert account(hamlet_session, "B", 8410, "MIN.ELEC") == 240
    assert -account(hamlet_session, "B", 4540) == 19_200
    sound(hamlet_session)


def test_a_share_of_hours_is_not_paid_out_by_bank(hamlet_session: Session, hamlet: Hamlet) -> None:
    pledged_hours(hamlet_session, hamlet)
    run = proposed(hamlet_session, hamlet, Rule("equal"), 300, "MIN.ELEC")
    decide(hamlet_session, open_request(hamlet_session, "allocation").id, hamlet.checker)
    with pytest.raises(Conflict):
        allocations.settle_allocation_line(
            hamlet_session, run_id=run.id, book_id=hamlet.books["A"].id, on=TODAY, now=NOW
        )
    assert text(hamlet_session, "allocation_settled") == ""


def test_matching_counts_parties_not_gifts(hamlet_session: Session, hamlet: Hamlet) -> None:
    paid_into(hamlet_session, hamlet, 200_000)
    gift(hamlet_session, hamlet, "A", "ROOF", ["ada", "bo"], [400, 400])
    # One party's two gifts are one of 2,000; a community is no party here.
    gift(hamlet_session, hamlet, "B", "BARN", ["ada", "ada"], [1_000, 1_000])
    gift(hamlet_session, hamlet, "C", "FIELD", ["ada", "town"], [900, 900])
    make_party(hamlet_session, "town@example.org").kind = PartyKind.COMMUNITY
    hamlet_session.flush()
    found = gifts_to_match(
        hamlet_session, pool_id=hamlet.pool_id, since=TODAY - timedelta(days=1), until=TODAY
    )
    assert found == {"A": [400, 400], "B": [2_000], "C": [900]}
    run = allocations.propose_allocation(
        hamlet_session,
        pool_id=hamlet.pool_id,
        wanted=allocations.Allocation(
            quantity=100_000,
            rule=Rule("quadratic"),
            since=TODAY - timedelta(days=1),
            until=TODAY,
            purpose="Matching",
        ),
        proposed_by=hamlet.maker,
        now=NOW,
    )
    # Twice the root of 400, squared, less 800: the rest stays in the pool.
    assert shares_of(hamlet_session, run) == [800, 0, 0]
    assert run.quantity == 800
    assert run.inputs["gifts"] == found
    assert [share.quantity for share in recomputed(run.inputs).shares] == [800, 0, 0]
    with pytest.raises(Invalid):
        proposed(hamlet_session, hamlet, Rule("quadratic"))


def gift(
    session: Session,
    hamlet: Hamlet,
    book: str,
    in_fund: str,
    names: list[str],
    amounts: list[int],
) -> None:
    campaign = make_campaign(
        session,
        hamlet.books[book],
        fund(session, book, in_fund),
        slug=f"round-{book.lower()}",
        needs=(Need("USD", "Money", 10_000, 10_000),),
    )
    for number, (name, amount) in enumerate(zip(names, amounts, strict=True)):
        party = make_party(session, f"{name}@example.org", name.title())
        pledge = make_pledge(session, campaign, party, "USD", amount)
        txn = BalanceTransaction(
            id=f"txn_{book}_{number}",
            livemode=False,
            kind="charge",
            reporting_category="charge",
            amount=amount,
            fee=0,
            net=amount,
            currency="USD",
            source_id=f"ch_{book}_{number}",
            created_at=NOW,
            available_on=TODAY,
            body={},
        )
        balance_transactions.store_transaction(session, txn=txn)
        payments.settle_charge(session, txn_id=txn.id, pledge_id=pledge.id, now=NOW)


def test_more_members_than_fit_into_an_entry_are_allocated_to_in_several(
    hamlet_session: Session, hamlet: Hamlet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with 251 members, whose 502 postings were refused when somebody agreed."""
    paid_into(hamlet_session, hamlet, 200_000)
    monkeypatch.setattr("ledger.core.entry.MAX_POSTINGS", 4)
    run = proposed(hamlet_session, hamlet, Rule("equal"))
    decide(hamlet_session, open_request(hamlet_session, "allocation").id, hamlet.checker)
    made = hamlet_session.scalars(
        select(Entry.external_ref)
        .where(Entry.event_type == "allocation_made", Entry.book_id == hamlet.pool_id)
        .order_by(Entry.external_ref)
    ).all()
    assert made == [str(run.id), f"{run.id}#2"]
    sound(hamlet_session)


def test_nobody_of_the_one_community_that_gets_something_approves_it(
    hamlet_session: Session, hamlet: Hamlet
) -> None:
    """I-44; somebody of another community, or of the pool alone, can."""
    paid_into(hamlet_session, hamlet, 200_000)
    run = proposed(hamlet_session, hamlet, Rule("fixed", {"B": 1_000}))
    asked = open_request(hamlet_session, "allocation")
    for place, refused in (("B", True), ("C", False), ("P", False)):
        person = make_person(hamlet_session, f"Only {place}", hamlet.books[place], "approver")
        savepoint = hamlet_session.begin_nested()
        if refused:
            with pytest.raises(NotAllowed, match="another community"):
                allocations.post_allocation(
                    hamlet_session, run_id=run.id, approved_by=person.id, on=TODAY, now=NOW
                )
        else:
            pool = hamlet.books["P"]
            grant_role(
                hamlet_session, person_id=person.id, book_id=pool.id, role="approver", now=NOW
            )
            decide(hamlet_session, asked.id, person.id)
            assert run.state == "posted"
        savepoint.rollback()


def test_two_approvals_at_one_second_give_no_more_than_there_is(db: Database) -> None:
    """I-41: each run fits alone, both together do not."""
    with db.transaction() as session:
        hamlet = build(session)
        paid_into(session, hamlet, 100_000)
        for _ in range(2):
            proposed(session, hamlet, Rule("equal"), 60_000)
        waiting = session.scalars(
            select(ApprovalRequest.id).where(ApprovalRequest.kind == "allocation")
        ).all()

    def approve(session: Session, approval_request: UUID) -> None:
        decisions.decide(
            session,
            request_id=approval_request,
            approve=True,
            decided_by=hamlet.checker,
            note="",
            now=NOW,
        )

    done, refused = at_the_same_moment(
        db, *(partial(approve, approval_request=approval_request) for approval_request in waiting)
    )
    assert (len(done), len(refused)) == (1, 1)
    assert refused[0].place == "amount"
    with db.snapshot() as reading:
        assert available(reading, pool_id=hamlet.pool_id, on=TODAY) == 40_000
        sound(reading)


def test_gifts_of_one_address_weigh_as_one_whoever_was_signed_in(
    hamlet_session: Session, hamlet: Hamlet
) -> None:
    """Each gift without signing in is a party of its own."""
    gift(hamlet_session, hamlet, "A", "ROOF", ["ada", "bo"], [400, 400])
    make_party(hamlet_session, "bo@example.org").email = "ada@example.org"
    hamlet_session.flush()
    found = gifts_to_match(
        hamlet_session, pool_id=hamlet.pool_id, since=TODAY - timedelta(days=1), until=TODAY
    )
    assert found == {"A": [800]}
