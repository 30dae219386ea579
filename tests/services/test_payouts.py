"""A payout moves exactly what it contains, fund by fund, and comes back the same way."""

from dataclasses import replace

import pytest

from ledger.core.vocabulary import FeeBearer
from ledger.db import Session
from ledger.errors import Conflict
from ledger.gateway import Payout
from ledger.queries.payments import payments as questions
from ledger.services.payments import payments
from ledger.services.stripe_balance import payouts
from tests.conftest import NOW
from tests.factories import make_campaign, make_pledge
from tests.payout_rows import payouts_of
from tests.services.undone import shared_db_fixture, undone_fixture  # noqa: F401
from tests.worlds.till import Till


@pytest.fixture
def till(undone: Session) -> Till:
    return Till(undone)


def general_charge(till: Till, amount: int, fee: int) -> str:
    """A charge for the general fund."""
    campaign = make_campaign(till.session, till.book, till.general, slug=f"g{till.seconds}")
    pledge = make_pledge(till.session, campaign, till.party, quantity=amount)
    return till.charge(amount, fee, pledge).stripe_txn_id


def test_a_payout_is_split_by_the_funds_of_what_it_contains(till: Till) -> None:
    one, two = till.charge(), general_charge(till, 10_000, 320)
    payout = till.payout(5796 + 9680, one.stripe_txn_id, two)
    assert (till.balance(1120, "SOLAR"), till.balance(1120, "GEN")) == (5796, 9680)
    assert till.balance(1110) == 0
    assert questions.payout_funds(till.session, payout.id) == {"GEN": 9680, "SOLAR": 5796}
    (row,) = payouts_of(till.session, book_id=till.book.id)
    assert (row.amount, row.arrived, len(row.transactions)) == (15_476, False, 2)
    assert [
        item.stripe_payout_id
        for item in questions.payouts_in_transit(till.session, book_id=till.book.id)
    ] == [payout.id]


def test_a_refund_inside_a_payout_makes_it_smaller(till: Till) -> None:
    charge = till.charge(10_000, 320)
    refund = till.refund(charge, 4000)
    till.payout(5680, charge.stripe_txn_id, refund.stripe_txn_id)
    assert (till.balance(1110), till.balance(1120)) == (0, 5680)


def test_a_fee_borne_by_the_general_fund_is_paid_out_of_it(till: Till) -> None:
    till.campaign.fee_bearer = FeeBearer.GENERAL
    charge = till.charge(10_000, 320)
    payout = till.payout(9680, charge.stripe_txn_id)
    assert questions.payout_funds(till.session, payout.id) == {"GEN": -320, "SOLAR": 10_000}
    assert (till.balance(1120, "GEN"), till.balance(1110)) == (-320, 0)


def test_what_is_not_in_a_payout_stays_on_the_balance(till: Till) -> None:
    inside, _outside = till.charge(), till.charge(10_000, 320)
    till.payout(5796, inside.stripe_txn_id)
    assert (till.balance(1110), till.balance(1120)) == (9680, 5796)


def test_a_payout_told_twice_is_booked_once(till: Till) -> None:
    charge = till.charge()
    txn = till.movement(-5796, category="payout", source="po_1")
    for _ in range(3):
        payouts.settle_payout(
            till.session,
            txn_id=txn.id,
            payout=till.as_payout(txn),
            contained=[charge.stripe_txn_id],
            now=NOW,
        )
    assert till.balance(1120) == 5796
    assert len(till.entries("payout_created")) == 1


def test_a_payout_that_differs_from_its_parts_by_one_is_refused(till: Till) -> None:
    charge = till.charge()
    for amount in (5795, 5797):
        with pytest.raises(Conflict, match="differs"):
            till.payout(amount, charge.stripe_txn_id)
    assert till.balance(1120) == 0
    till.payout(5796, charge.stripe_txn_id)
    assert till.balance(1120) == 5796


@pytest.mark.parametrize("missing", ["not posted", "not known"])
def test_a_payout_waits_for_what_it_contains(till: Till, missing: str) -> None:
    charge = till.charge()
    late = till.movement(6000, 204)
    other = late.id if missing == "not posted" else "txn_elsewhere"
    with pytest.raises(Conflict, match="waiting for its balance transactions"):
        till.payout(2 * 5796, charge.stripe_txn_id, other)
    if missing == "not posted":
        payments.settle_charge(till.session, txn_id=late.id, pledge_id=till.pledge().id, now=NOW)
        till.payout(2 * 5796, charge.stripe_txn_id, other)
        assert till.balance(1120) == 2 * 5796


def test_a_payout_of_nothing_known_is_refused(till: Till) -> None:
    with pytest.raises(Conflict):
        till.payout(100)
    assert till.balance(1120) == 0


def test_a_payout_of_more_than_a_hundred_payments_is_exact(till: Till) -> None:
    pledge = till.pledge(1_000_000)
    names = [till.charge(5000 + n, 175, pledge).stripe_txn_id for n in range(120)]
    total = sum(5000 + n - 175 for n in range(120))
    till.payout(total, *names)
    assert (till.balance(1110), till.balance(1120)) == (0, total)


# Failed payouts (PO-3)


def returned(till: Till, payout: Payout, amount: int | None = None, fee: int = 0) -> str:
    txn = till.movement(
        payout.amount if amount is None else amount,
        fee,
        category="payout_reversal",
        kind="payout_failure",
        source=payout.id,
    )
    payouts.settle_returned_payout(
        till.session, txn_id=txn.id, payout=replace(payout, status="failed"), now=NOW
    )
    return txn.id


def test_a_failed_payout_comes_back_fund_by_fund_and_goes_out_again(till: Till) -> None:
    one, two = till.charge(), general_charge(till, 10_000, 320)
    payout = till.payout(15_476, one.stripe_txn_id, two)
    back = returned(till, payout)
    assert (till.balance(1120), till.balance(1110)) == (0, 15_476)
    assert (till.balance(1110, "SOLAR"), till.balance(1110, "GEN")) == (5796, 9680)
    assert questions.payouts_in_transit(till.session, book_id=till.book.id) == []
    (row,) = payouts_of(till.session, book_id=till.book.id)
    assert row.state == "failed"
    again = till.payout(15_476, back)
    assert questions.payout_funds(till.session, again.id) == {"GEN": 9680, "SOLAR": 5796}
    assert (till.balance(1110), till.balance(1120)) == (0, 15_476)


def test_a_failed_payout_told_twice_comes_back_once(till: Till) -> None:
    payout = till.payout(5796, till.charge().stripe_txn_id)
    back = returned(till, payout)
    payouts.settle_returned_payout(till.session, txn_id=back, payout=payout, now=NOW)
    assert till.balance(1110) == 5796
    assert len(till.entries("payout_failed")) == 1


@pytest.mark.parametrize(("amount", "fee"), [(5795, 0), (5797, 0)])
def test_what_comes_back_must_be_what_went_out(till: Till, amount: int, fee: int) -> None:
    payout = till.payout(5796, till.charge().stripe_txn_id)
    with pytest.raises(Conflict, match="differs"):
        returned(till, payout, amount, fee)
    assert till.balance(1120) == 5796


def test_a_return_waits_for_the_payout_itself(till: Till) -> None:
    charge = till.charge()
    txn = till.movement(-5796, category="payout", source="po_late")
    payout = till.as_payout(txn, "failed")
    with pytest.raises(Conflict, match="waiting for the original payout"):
        returned(till, payout)
    payouts.settle_payout(
        till.session, txn_id=txn.id, payout=payout, contained=[charge.stripe_txn_id], now=NOW
    )
    waiting = questions.unposted(till.session)
    assert [row.kind for row in waiting] == ["payout_failure"]
    payouts.settle_returned_payout(
        till.session, txn_id=waiting[0].stripe_txn_id, payout=payout, now=NOW
    )
    assert (till.balance(1110), till.balance(1120)) == (5796, 0)
