"""Disputes (case 15): what they take and give back, by balance transactions alone, and until when
somebody must answer."""

from datetime import datetime

import pytest

from ledger.gateway import BalanceTransaction
from ledger.models.disputes import Dispute
from ledger.models.pledges import Pledge
from ledger.queries.payments.disputes import waiting_for_evidence
from ledger.queries.workflow import desk
from tests.payments.sabotage import Broken, Case, named, nothing, turns_red
from tests.payments.test_money_back import moved, paid, refunded
from tests.worlds.shop import Shop


def disputed(shop: Shop, pledge: Pledge, **how: str) -> str:
    """Have a bank dispute a payment; return Stripe's id of it."""
    (charge,) = shop.charges(pledge)
    made = shop.sandbox.control("open_dispute", charge=charge.id, **how)["object"]
    shop.sync_stripe()
    return str(made["id"])


def close(shop: Shop, dispute_id: str, outcome: str) -> None:
    shop.sandbox.control("close_dispute", dispute=dispute_id, outcome=outcome)
    shop.sync_stripe()
    shop.hear("charge.dispute.closed", dispute_id)


def row(shop: Shop, dispute_id: str) -> Dispute:
    with shop.db.snapshot() as session:
        return session.get_one(Dispute, dispute_id)


def state(shop: Shop, pledge: Pledge) -> str:
    with shop.db.snapshot() as session:
        return session.get_one(Pledge, pledge.id).state


def an_inquiry_moves_nothing_and_waits_on_the_desk(shop: Shop) -> None:
    pledge = paid(shop)
    dispute_id = disputed(shop, pledge, inquiry="1")
    assert moved(shop, pledge, "dispute_moved") == []
    assert state(shop, pledge) == "fulfilled"
    with shop.db.snapshot() as session:
        (waiting,) = waiting_for_evidence(session, book_id=pledge.book_id)
        (shown,) = (
            one
            for one in desk.waiting(
                session,
                book_id=pledge.book_id,
                currency="USD",
                standing=desk.standing(session, book_id=pledge.book_id),
            )
            if one.kind == "disputes"
        )
    assert (waiting.status, waiting.amount) == ("warning_needs_response", 10_000)
    assert (shown.count, shown.due_at) == (1, waiting.evidence_due_at)
    assert waiting.evidence_due_at is not None
    close(shop, dispute_id, "warning_closed")
    with shop.db.snapshot() as session:
        assert waiting_for_evidence(session, book_id=pledge.book_id) == []


def an_inquiry_that_becomes_a_dispute_is_booked_then(shop: Shop) -> None:
    pledge = paid(shop)
    dispute_id = disputed(shop, pledge, inquiry="1")
    assert moved(shop, pledge, "dispute_moved") == []
    close(shop, dispute_id, "escalated")
    assert moved(shop, pledge, "dispute_moved") == [(1110, -11_500), (4092, 10_000), (6520, 1500)]
    assert (state(shop, pledge), row(shop, dispute_id).status) == ("charged_back", "needs_response")


def a_part_of_a_payment_is_taken_back(shop: Shop) -> None:
    pledge = paid(shop)
    disputed(shop, pledge, amount="4000")
    assert moved(shop, pledge, "dispute_moved") == [(1110, -5500), (4092, 4000), (6520, 1500)]
    assert state(shop, pledge) == "fulfilled"


def a_dispute_that_is_lost_moves_nothing_more(shop: Shop) -> None:
    pledge = paid(shop)
    dispute_id = disputed(shop, pledge)
    taken = [(1110, -11_500), (4092, 10_000), (6520, 1500)]
    assert moved(shop, pledge, "dispute_moved") == taken
    close(shop, dispute_id, "lost")
    assert moved(shop, pledge, "dispute_moved") == taken
    assert (state(shop, pledge), row(shop, dispute_id).status) == ("charged_back", "lost")


def a_dispute_that_is_won_brings_the_money_back(shop: Shop) -> None:
    pledge = paid(shop)
    dispute_id = disputed(shop, pledge)
    assert state(shop, pledge) == "charged_back"
    close(shop, dispute_id, "won")
    assert (shop.balance(pledge, 4092), shop.balance(pledge, 6520)) == (0, 1500)
    assert shop.balance(pledge, 1110) == 9680 - 1500
    assert (state(shop, pledge), row(shop, dispute_id).status) == ("fulfilled", "won")


def the_fee_comes_back_as_stripe_says(shop: Shop) -> None:
    for way in ("inside", "apart"):
        pledge = paid(shop)
        dispute_id = disputed(shop, pledge)
        shop.sandbox.control("set", won_returns_fee=way)
        try:
            close(shop, dispute_id, "won")
        finally:
            shop.sandbox.control("set", won_returns_fee="")
        assert (shop.balance(pledge, 4092), shop.balance(pledge, 6520)) == (0, 0), way
        assert shop.balance(pledge, 1110) == 9680, way


def an_answer_costs_a_further_fee(shop: Shop) -> None:
    pledge = paid(shop)
    dispute_id = disputed(shop, pledge)
    shop.client.v1.disputes.update(dispute_id, {"evidence": {"uncategorized_text": "Our receipt"}})
    shop.sync_stripe()
    shop.hear("charge.dispute.updated", dispute_id)
    assert (shop.balance(pledge, 4092), shop.balance(pledge, 6520)) == (10_000, 3000)
    assert row(shop, dispute_id).evidence_given
    with shop.db.snapshot() as session:
        assert waiting_for_evidence(session, book_id=pledge.book_id) == []


def what_a_refund_left_is_disputed(shop: Shop) -> None:
    pledge = paid(shop)
    refunded(shop, pledge, 4000)
    disputed(shop, pledge)
    assert (shop.balance(pledge, 4090), shop.balance(pledge, 4092)) == (4000, 6000)
    assert state(shop, pledge) == "charged_back"


def the_rest_is_disputed_before_the_refund_is_heard_of(shop: Shop) -> None:
    pledge = paid(shop)
    (charge,) = shop.charges(pledge)
    shop.sandbox.control("refund", charge=charge.id, amount="4000")
    whole = shop.gateway.list_balance_transactions

    def without_refunds(
        *, since: datetime | None = None, payout_id: str | None = None
    ) -> list[BalanceTransaction]:
        found = whole(since=since, payout_id=payout_id)
        return [txn for txn in found if txn.reporting_category != "refund"]

    # On this gateway alone.
    shop.gateway.list_balance_transactions = without_refunds  # type: ignore[method-assign]
    try:
        disputed(shop, pledge)
    finally:
        del shop.gateway.list_balance_transactions
    assert state(shop, pledge) == "fulfilled"
    shop.sync_stripe()
    assert state(shop, pledge) == "charged_back"


CASES: list[Case] = [
    an_inquiry_moves_nothing_and_waits_on_the_desk,
    an_inquiry_that_becomes_a_dispute_is_booked_then,
    a_part_of_a_payment_is_taken_back,
    a_dispute_that_is_lost_moves_nothing_more,
    a_dispute_that_is_won_brings_the_money_back,
    the_fee_comes_back_as_stripe_says,
    an_answer_costs_a_further_fee,
    what_a_refund_left_is_disputed,
    the_rest_is_disputed_before_the_refund_is_heard_of,
]


@pytest.mark.parametrize("case", CASES, ids=named)
def test_a_dispute_is_booked_as_the_balance_shows_it(shop: Shop, case: Case) -> None:
    case(shop)
    assert shop.waiting() == []


DEEDS = "ledger.services.payments.disputes."
BROKEN: list[tuple[Case, list[Broken]]] = [
    (
        an_inquiry_moves_nothing_and_waits_on_the_desk,
        [("ledger.stripe.sync.scheduler.sync_disputes", nothing)],
    ),
    (an_inquiry_that_becomes_a_dispute_is_booked_then, [(DEEDS + "settle_dispute", nothing)]),
    (a_part_of_a_payment_is_taken_back, [(DEEDS + "settle_dispute", nothing)]),
    (a_dispute_that_is_lost_moves_nothing_more, [(DEEDS + "restate_disputed", nothing)]),
    (a_dispute_that_is_won_brings_the_money_back, [(DEEDS + "restate", nothing)]),
    (the_fee_comes_back_as_stripe_says, [("ledger.stripe.sync.balance_transactions.DISPUTES", ())]),
    (an_answer_costs_a_further_fee, [("ledger.stripe.sync.balance_transactions.DISPUTES", ())]),
    (what_a_refund_left_is_disputed, [(DEEDS + "MONEY", ("dispute_reversal",))]),
    (
        the_rest_is_disputed_before_the_refund_is_heard_of,
        [("ledger.services.payments.refund_settlement.restate_disputed", nothing)],
    ),
]


@pytest.mark.parametrize(("case", "broken"), BROKEN, ids=named)
def test_broken_code_turns_each_case_red(
    sqlite_shop: Shop, case: Case, broken: list[Broken]
) -> None:
    turns_red(case, sqlite_shop, *broken)


def test_every_case_has_its_control() -> None:
    assert [case for case, _broken in BROKEN] == CASES
