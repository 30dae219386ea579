"""A payment is booked from its balance transaction alone: once, exactly, and never backwards."""

from datetime import datetime
from itertools import permutations
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from ledger.core.vocabulary import FeeBearer
from ledger.db import Session
from ledger.errors import Conflict, Invalid, NotFound
from ledger.gateway import CheckoutSession
from ledger.models.journal import Posting
from ledger.models.parties import Party
from ledger.models.payments import BalanceTransaction, PaymentAttempt
from ledger.models.people import OutboxMessage
from ledger.models.pledges import Fulfilment, Pledge
from ledger.queries.payments import payments as questions
from ledger.queries.pledges.pledges import open_quantity
from ledger.services.payments import payments, refund_settlement
from ledger.services.stripe_balance import balance_transactions
from tests.conftest import NOW
from tests.factories import make_book, make_campaign, make_fund, make_pledge, make_pool
from tests.services.undone import shared_db_fixture, undone_fixture  # noqa: F401
from tests.worlds.till import Till, later


@pytest.fixture
def till(undone: Session) -> Till:
    return Till(undone)


def legs(till: Till, txn_id: str) -> list[tuple[int, str, int]]:
    """The money legs that carry a movement's id."""
    rows = till.session.execute(
        select(Posting.account, Posting.fund_id, Posting.quantity).where(Posting.payment == txn_id)
    )
    names = {till.general.id: "GEN", till.solar.id: "SOLAR"}
    return sorted((account, names[fund], quantity) for account, fund, quantity in rows)


def test_a_payment_is_booked_gross_with_its_exact_fee(till: Till) -> None:
    pledge = till.pledge(6000)
    row = till.charge(6000, 204, pledge)
    assert legs(till, row.stripe_txn_id) == [(1110, "SOLAR", 5796), (6510, "SOLAR", 204)]
    assert till.balance(4010) == -6000
    assert (till.balance(9110), till.balance(9190)) == (0, 0)
    assert open_quantity(till.session, pledge) == 0
    assert pledge.state == "fulfilled"
    assert (row.pledge_id, row.book_id, row.posted_at) == (pledge.id, till.book.id, NOW)


@pytest.mark.parametrize(
    ("amount", "fee"), [(6000, 0), (50, 31), (1, 1), (99_999_999, 2_900_030), (6000, 6000)]
)
def test_the_books_take_whatever_fee_the_balance_transaction_states(
    till: Till, amount: int, fee: int
) -> None:
    # Nobody can offer less than 1.00, but a part of an offer can come.
    till.charge(amount, fee, till.pledge(max(amount, 6000)))
    assert (till.balance(1110), till.balance(6510)) == (amount - fee, fee)
    assert till.balance(4010) == -amount


@pytest.mark.parametrize("fee", [-1, 6001])
def test_a_fee_below_nothing_or_above_the_amount_is_refused(till: Till, fee: int) -> None:
    txn = till.movement(6000, fee)
    with pytest.raises(Invalid):
        payments.settle_charge(till.session, txn_id=txn.id, pledge_id=till.pledge().id, now=NOW)
    assert till.balance(1110) == 0
    assert till.row(txn.id).posted_at is None


def test_a_fee_that_the_general_fund_bears_leaves_the_purpose_whole(till: Till) -> None:
    till.campaign.fee_bearer = FeeBearer.GENERAL
    till.charge(10_000, 320)
    assert (till.balance(1110, "SOLAR"), till.balance(1110, "GEN")) == (10_000, -320)
    assert till.balance(6510, "GEN") == 320


def test_told_twice_a_payment_is_booked_once(till: Till) -> None:
    pledge = till.pledge()
    txn = till.movement(6000, 204)
    for _ in range(3):
        payments.settle_charge(till.session, txn_id=txn.id, pledge_id=pledge.id, now=NOW)
    assert balance_transactions.store_transaction(till.session, txn=txn) is False
    assert till.balance(1110) == 5796
    assert len(till.entries("payment_settled")) == 1
    assert till.session.scalar(select(func.count()).select_from(Fulfilment)) == 1


def test_a_donor_is_told_once_what_arrived(till: Till) -> None:
    pledge = till.pledge()
    till.session.get_one(Party, pledge.party_id).email = "dana@example.org"
    txn = till.movement(6000, 204)
    for _ in range(2):
        payments.settle_charge(till.session, txn_id=txn.id, pledge_id=pledge.id, now=NOW)
    (message,) = till.session.scalars(select(OutboxMessage))
    assert message.to_email == "dana@example.org"
    assert message.subject == f"Thank you for your contribution to {till.campaign.title}"
    # What they paid, not what the fee left of it.
    assert "Your $60.00 arrived on Nov 2, 2026." in message.body
    assert pledge.reference in message.body


def test_two_movements_are_two_payments(till: Till) -> None:
    """The control: it is the movement's id that makes a repetition, not its figures."""
    pledge = till.pledge()
    till.charge(6000, 204, pledge)
    till.charge(6000, 204, pledge)
    assert till.balance(1110) == 2 * 5796
    assert till.balance(9110) == 0


def test_a_part_leaves_the_rest_open_and_more_than_promised_is_a_gift(till: Till) -> None:
    pledge = till.pledge(6000)
    till.charge(2500, 103, pledge)
    assert (open_quantity(till.session, pledge), till.balance(9110)) == (3500, 3500)
    till.charge(5000, 175, pledge)
    assert (open_quantity(till.session, pledge), till.balance(9110)) == (0, 0)
    assert till.balance(4010) == -7500


def test_another_currency_or_an_unknown_pledge_is_not_booked(till: Till) -> None:
    pledge = till.pledge()
    euros = till.movement(6000, 204, currency="EUR")
    with pytest.raises(Conflict, match="currency"):
        payments.settle_charge(till.session, txn_id=euros.id, pledge_id=pledge.id, now=NOW)
    txn = till.movement(6000, 204)
    with pytest.raises(NotFound):
        payments.settle_charge(till.session, txn_id=txn.id, pledge_id=uuid4(), now=NOW)
    assert till.balance(1110) == 0
    waiting = [row.stripe_txn_id for row in questions.unposted(till.session)]
    assert waiting == [euros.id, txn.id]


def test_a_payment_for_a_pool_is_held_by_its_host(till: Till) -> None:
    make_fund(till.session, make_book(till.session, "B"))
    book, fund = make_pool(till.session, till.book, members=[("A", "GEN"), ("B", "GEN")])
    campaign = make_campaign(till.session, book, fund, slug="pool")
    row = till.charge(10_000, 320, make_pledge(till.session, campaign, till.party, quantity=10_000))
    assert (till.balance(1110, "HELD"), till.balance(4010)) == (9680, 0)
    till.refund(row, 4000)
    assert till.balance(1110, "HELD") == 5680
    payout = till.payout(5680, row.stripe_txn_id, f"txn_A{till.seconds:04d}")
    assert questions.payout_funds(till.session, payout.id) == {"HELD": 5680}


# Refunds


def test_refunds_lower_what_was_received_and_open_nothing(till: Till) -> None:
    pledge = till.pledge(10_000)
    row = till.charge(10_000, 320, pledge)
    till.refund(row, 4000)
    till.refund(row, 6000)
    assert (till.balance(4090), till.balance(1110)) == (10_000, -320)
    assert till.balance(6510) == 320
    assert open_quantity(till.session, pledge) == 0
    assert till.session.scalar(select(func.sum(Fulfilment.quantity))) == 0


def test_a_refund_told_twice_is_booked_once(till: Till) -> None:
    row = till.charge(10_000, 320)
    txn = till.movement(-4000, category="refund")
    for _ in range(2):
        refund_settlement.settle_refund(
            till.session, txn_id=txn.id, charge_id=str(row.source_id), now=NOW
        )
    assert till.balance(4090) == 4000


@pytest.mark.parametrize(("amount", "fee"), [(4000, 0), (0, 0)])
def test_a_refund_that_the_books_cannot_explain_waits(till: Till, amount: int, fee: int) -> None:
    row = till.charge(10_000, 320)
    txn = till.movement(amount, fee, category="refund")
    with pytest.raises(Conflict):
        refund_settlement.settle_refund(
            till.session, txn_id=txn.id, charge_id=str(row.source_id), now=NOW
        )
    assert till.balance(1110) == 9680


# Attempts


def attempt(till: Till, pledge: Pledge, params: str = "p", now: datetime = NOW) -> PaymentAttempt:
    return payments.prepare_attempt(
        till.session, pledge_id=pledge.id, params_sha256=params, now=now
    )


def answer(status: str, paid: str = "unpaid", name: str = "cs_1") -> CheckoutSession:
    intent = f"pi_{name}" if status == "complete" else None
    return CheckoutSession(name, f"http://pay/{name}", status, paid, intent)


def test_an_attempt_is_taken_up_again_under_its_own_key(till: Till) -> None:
    pledge = till.pledge()
    first = attempt(till, pledge)
    assert attempt(till, pledge).id == first.id
    assert attempt(till, pledge, now=later(22)).idempotency_key == first.idempotency_key


@pytest.mark.parametrize(
    ("params", "hours"), [("other", 0), ("p", 23)], ids=["other parameters", "a forgotten key"]
)
def test_another_question_gets_another_key(till: Till, params: str, hours: int) -> None:
    pledge = till.pledge()
    first = attempt(till, pledge)
    second = attempt(till, pledge, params, later(hours))
    assert (second.n, second.id == first.id) == (2, False)
    assert second.idempotency_key != first.idempotency_key
    assert first.state == "expired"


def test_a_changed_amount_gets_another_key(till: Till) -> None:
    pledge = till.pledge(6000)
    first = attempt(till, pledge)
    till.charge(1000, 59, pledge)
    second = attempt(till, pledge)
    assert (first.amount, second.amount, second.n) == (6000, 5000, 2)


def test_nothing_is_asked_for_what_is_paid_or_unknown(till: Till) -> None:
    pledge = till.pledge()
    till.charge(6000, 204, pledge)
    with pytest.raises(Conflict, match="This pledge has nothing left to pay"):
        attempt(till, pledge)
    with pytest.raises(NotFound):
        payments.prepare_attempt(till.session, pledge_id=uuid4(), params_sha256="p", now=NOW)


def test_a_conditional_promise_is_not_asked_for(till: Till) -> None:
    campaign = make_campaign(till.session, till.book, till.solar, slug="all", mode="all_or_nothing")
    with pytest.raises(Conflict, match="succeeds"):
        attempt(till, make_pledge(till.session, campaign, till.party))


ANSWERS = {
    "open": answer("open"),
    "waits": answer("complete"),
    "paid": answer("complete", "paid"),
}


@pytest.mark.parametrize("order", list(permutations(ANSWERS)), ids=lambda order: "-".join(order))
def test_in_whatever_order_it_is_heard_a_paid_page_stays_paid(
    till: Till, order: tuple[str, ...]
) -> None:
    made = attempt(till, till.pledge())
    for name in order:
        payments.record_session(till.session, attempt_id=made.id, answer=ANSWERS[name], now=NOW)
    assert made.state == "succeeded"
    assert made.stripe_payment_intent_id == "pi_cs_1"


def test_what_is_in_the_books_is_never_taken_back(till: Till) -> None:
    pledge = till.pledge()
    made = attempt(till, pledge)
    till.charge(6000, 204, pledge)
    assert made.state == "posted"
    for status in ("open", "expired"):
        payments.record_session(till.session, attempt_id=made.id, answer=answer(status), now=NOW)
    payments.record_unknown(till.session, attempt_id=made.id, now=NOW)
    assert made.state == "posted"


def test_a_late_end_of_the_first_attempt_leaves_the_second_alone(till: Till) -> None:
    pledge = till.pledge()
    first = attempt(till, pledge)
    payments.record_session(till.session, attempt_id=first.id, answer=answer("expired"), now=NOW)
    second = attempt(till, pledge)
    paid = answer("complete", "paid", "cs_2")
    payments.record_session(till.session, attempt_id=second.id, answer=paid, now=NOW)
    payments.record_session(till.session, attempt_id=first.id, answer=answer("expired"), now=NOW)
    assert (first.state, second.state, second.n) == ("expired", "succeeded", 2)


def test_a_page_that_nobody_knows_ends_its_attempt(till: Till) -> None:
    pledge = till.pledge()
    first = attempt(till, pledge)
    payments.record_session(till.session, attempt_id=first.id, answer=answer("open"), now=NOW)
    payments.record_unknown(till.session, attempt_id=first.id, now=NOW)
    assert (first.state, first.failure) == ("failed", "page_unknown")
    assert attempt(till, pledge).n == 2


def test_attempts_nobody_heard_of_are_in_doubt(till: Till) -> None:
    pledge = till.pledge()
    made = attempt(till, pledge)
    assert questions.attempts_in_doubt(till.session, before=later(1)) == []
    payments.record_session(till.session, attempt_id=made.id, answer=answer("open"), now=NOW)
    assert questions.attempts_in_doubt(till.session, before=NOW) == []
    assert questions.attempts_in_doubt(till.session, before=later(1)) == [made]
    assert questions.attempt_by_session(till.session, "cs_1") == made
    assert questions.latest_attempt(till.session, pledge_id=pledge.id) == made


def test_a_payout_comes_after_what_it_contains(till: Till) -> None:
    payout = till.movement(-100, category="payout")
    back = till.movement(100, category="payout_reversal", kind="payout_failure")
    charge = till.movement(6000, 204)
    order = [row.stripe_txn_id for row in questions.unposted(till.session)]
    assert order == [charge.id, payout.id, back.id]


def test_many_payments_leave_the_clearing_account_at_the_sum_of_their_nets(till: Till) -> None:
    for n in range(1, 30):
        row = till.charge(500 + 37 * n, 30 + n)
        if n % 3 == 0:
            till.refund(row, 100 + n)
    net = till.session.scalar(select(func.sum(BalanceTransaction.net)))
    assert till.balance(1110) == net
