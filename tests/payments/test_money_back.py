"""Refunds (case 14) and debits that come back (case 18), from the sandbox to the journal."""

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

import pytest
import stripe

from ledger.db import Session
from ledger.errors import Invalid
from ledger.gateway import Refund, StripeGateway
from ledger.models.payments import BalanceTransaction
from ledger.models.periods import Period
from ledger.models.pledges import Pledge
from ledger.queries.pledges.pledges import open_quantity
from ledger.services.payments import refund_settlement
from tests.payments.sabotage import Broken, Case, named, nothing, turns_red
from tests.worlds.shop import Shop

FAILING, PENDING = "4000000000005126", "4000000000007726"
US_BANK = "000123456789"


def paid(shop: Shop, amount: int = 10_000, card: str = "4242424242424242") -> Pledge:
    """A pledge that was paid and is in the books."""
    pledge = shop.pledge(amount)
    assert shop.sandbox.pay(shop.page(pledge), card).status_code == 303
    shop.sync_stripe()
    return pledge


def refunded(shop: Shop, pledge: Pledge, amount: int) -> None:
    """Ask, agree, send, and book."""
    shop.approved_refund(pledge, amount)
    shop.work(seconds=1)
    shop.sync_stripe()


def moved(shop: Shop, pledge: Pledge, event: str) -> list[tuple[int, int]]:
    """The legs of one kind of event."""
    return [(account, value) for name, account, value in shop.legs(pledge) if name == event]


def partial_refunds_to_exactly_full(shop: Shop) -> None:
    pledge = paid(shop)
    refunded(shop, pledge, 4000)
    refunded(shop, pledge, 6000)
    assert (shop.balance(pledge, 4090), shop.balance(pledge, 1110)) == (10_000, -320)
    with pytest.raises(Invalid):
        shop.approved_refund(pledge, 1)
    (charge,) = shop.charges(pledge)
    with pytest.raises(stripe.InvalidRequestError):
        shop.client.v1.refunds.create({"charge": charge.id, "amount": 1})


def two_equal_refunds_both_go(shop: Shop) -> None:
    pledge = paid(shop)
    refunded(shop, pledge, 2000)
    refunded(shop, pledge, 2000)
    assert shop.charges(pledge)[0].amount_refunded == 4000
    assert shop.balance(pledge, 4090) == 4000


def a_dashboard_refund_is_booked(shop: Shop) -> None:
    pledge = paid(shop)
    shop.sandbox.control("refund", charge=shop.charges(pledge)[0].id, amount="2500")
    shop.sync_stripe()
    assert moved(shop, pledge, "refund_settled") == [(1110, -2500), (4090, 2500)]


def a_pending_refund_is_booked_once(shop: Shop) -> None:
    pledge = paid(shop, card=PENDING)
    refund_id = shop.approved_refund(pledge, 3000)
    shop.work(seconds=1)
    shop.sync_stripe()
    shop.sandbox.control("now", only="refund")
    shop.sync_stripe()
    assert moved(shop, pledge, "refund_settled") == [(1110, -3000), (4090, 3000)]
    assert shop.refund(refund_id).state == "posted"


def a_refund_that_bounces_is_owed_to_the_donor(shop: Shop) -> None:
    pledge = paid(shop, card=FAILING)
    refund_id = shop.approved_refund(pledge, 3000)
    shop.work(seconds=1)
    shop.sync_stripe()
    shop.sandbox.control("now", only="refund")
    shop.sync_stripe()
    assert moved(shop, pledge, "refund_bounced") == [(1110, 3000), (2140, -3000)]
    assert shop.balance(pledge, 4090) == 3000
    assert shop.refund(refund_id).state == "bounced"


def a_pending_refund_that_fails_is_owed_to_the_donor(shop: Shop) -> None:
    pledge = paid(shop, card=PENDING)
    refund_id = shop.approved_refund(pledge, 3000)
    shop.work(seconds=1)
    shop.sync_stripe()
    name = shop.refund(refund_id).stripe_refund_id or ""
    assert shop.client.v1.refunds.retrieve(name).status == "pending"
    shop.sandbox.control("end_refund", refund=name, outcome="failed")
    shop.sync_stripe()
    assert moved(shop, pledge, "refund_bounced") == [(1110, 3000), (2140, -3000)]
    assert shop.refund(refund_id).state == "bounced"


def a_refund_of_a_closed_period_is_booked_as_such(shop: Shop) -> None:
    pledge = paid(shop)
    close(shop, pledge, shop.now().date())
    shop.sandbox.control("refund", charge=shop.charges(pledge)[0].id, amount="2500")
    shop.sync_stripe()
    assert moved(shop, pledge, "refund_settled") == [(1110, -2500), (4095, 2500)]


def what_was_given_twice_goes_back_without_touching_income(shop: Shop) -> None:
    pledge = paid(shop)
    (charge,) = shop.charges(pledge)
    with shop.db.transaction() as session:
        refund_settlement.owe_back(
            session, charge_id=charge.id, amount=10_000, on=shop.now().date(), now=shop.now()
        )
    refunded(shop, pledge, 10_000)
    assert moved(shop, pledge, "refund_owed") == [(2140, -10_000), (4010, 10_000)]
    assert moved(shop, pledge, "refund_settled") == [(1110, -10_000), (2140, 10_000)]


def close(shop: Shop, pledge: Pledge, until: date) -> None:
    """A period that is closed; who signed it is not what is tried here."""
    with shop.db.transaction() as session:
        made, agreed = (shop.person(session, pledge, "approver") for _ in range(2))
        session.add(
            Period(
                book_id=pledge.book_id,
                until_on=until,
                state="closed",
                snapshot_sha256="0" * 64,
                snapshot="[]",
                log_size=0,
                log_root="",
                closed_by=made,
                approved_by=agreed,
                closed_at=shop.now(),
            )
        )


def debited(shop: Shop, amount: int = 20_000) -> Pledge:
    """A pledge that a bank debit is on its way for."""
    pledge = shop.pledge(amount)
    debited_page(shop, pledge, US_BANK)
    return pledge


def debited_page(shop: Shop, pledge: Pledge, account: str) -> None:
    """Pay a pledge from a bank account, and hear that it is on its way."""
    assert shop.sandbox.pay(shop.page(pledge), bank=account).status_code == 303
    look_up(shop, pledge)


def look_up(shop: Shop, pledge: Pledge) -> None:
    """Hear that something became of the page."""
    (attempt,) = shop.attempts(pledge)
    shop.hear("checkout.session.completed", attempt.stripe_session_id or "")


def memo(shop: Shop, pledge: Pledge, account: int) -> int:
    return shop.booked(pledge, account)


def a_bank_debit_waits_clears_and_comes_back(shop: Shop) -> None:
    pledge = debited(shop)
    assert (memo(shop, pledge, 9130), shop.legs(pledge)) == (20_000, [])
    (charge,) = shop.charges(pledge)
    shop.sandbox.control("end_debit", charge=charge.id)
    shop.sync_stripe()
    assert (memo(shop, pledge, 9130), shop.balance(pledge, 4010)) == (0, -20_000)
    fee = shop.balance(pledge, 6510)
    shop.sandbox.control("return_debit", charge=charge.id, reason="insufficient_funds")
    shop.sync_stripe()
    assert moved(shop, pledge, "debit_returned") == [(1110, -20_400), (4091, 20_000), (6520, 400)]
    assert shop.balance(pledge, 1110) == -fee - 400
    with shop.db.snapshot() as session:
        again = session.get_one(Pledge, pledge.id)
        assert (again.state, open_quantity(session, again)) == ("open", 20_000)
    assert memo(shop, pledge, 9110) == 20_000


def a_bank_debit_that_fails_leaves_nothing(shop: Shop) -> None:
    pledge = shop.pledge(8000)
    debited_page(shop, pledge, "000222222227")
    assert memo(shop, pledge, 9130) == 8000
    shop.sandbox.control("end_debit", charge=shop.charges(pledge)[0].id)
    look_up(shop, pledge)
    assert (memo(shop, pledge, 9130), shop.legs(pledge)) == (0, [])
    assert [row.state for row in shop.attempts(pledge)] == ["failed"]


CASES: list[Case] = [
    partial_refunds_to_exactly_full,
    two_equal_refunds_both_go,
    a_dashboard_refund_is_booked,
    a_pending_refund_is_booked_once,
    a_refund_that_bounces_is_owed_to_the_donor,
    a_pending_refund_that_fails_is_owed_to_the_donor,
    a_refund_of_a_closed_period_is_booked_as_such,
    what_was_given_twice_goes_back_without_touching_income,
    a_bank_debit_waits_clears_and_comes_back,
    a_bank_debit_that_fails_leaves_nothing,
]


@pytest.mark.parametrize("case", CASES, ids=named)
def test_money_goes_back_and_the_books_say_why(shop: Shop, case: Case) -> None:
    case(shop)
    assert shop.waiting() == []


def _all_that_came(session: Session, _pledge_id: UUID, charge: BalanceTransaction) -> int:
    return charge.amount


def _one_key_an_amount(
    gateway: StripeGateway, *, key: str, charge_id: str, amount: int, metadata: Mapping[str, str]
) -> Refund:
    del key, metadata
    made = gateway.client.v1.refunds.create(
        {"charge": charge_id, "amount": amount},
        options={"idempotency_key": f"{charge_id}:{amount}"},
    )
    return Refund(made.id, charge_id, amount, "succeeded", {})


def _never_closed(_session: Session, _books: Sequence[UUID]) -> dict[UUID, date]:
    return {}


BROKEN: list[tuple[Case, list[Broken]]] = [
    (
        partial_refunds_to_exactly_full,
        [("ledger.services.payments.refunds._refundable", _all_that_came)],
    ),
    (
        two_equal_refunds_both_go,
        [
            ("ledger.gateway.StripeGateway.create_refund", _one_key_an_amount),
            ("ledger.gateway.StripeGateway.find_refund", nothing),
        ],
    ),
    (
        a_dashboard_refund_is_booked,
        [("ledger.services.payments.refund_settlement.settle_refund", nothing)],
    ),
    (
        a_pending_refund_is_booked_once,
        [("ledger.services.payments.refund_settlement._note_posted", nothing)],
    ),
    (
        a_refund_that_bounces_is_owed_to_the_donor,
        [("ledger.services.payments.refund_settlement.settle_bounce", nothing)],
    ),
    (
        a_pending_refund_that_fails_is_owed_to_the_donor,
        [("ledger.services.payments.refund_settlement.settle_bounce", nothing)],
    ),
    (
        a_refund_of_a_closed_period_is_booked_as_such,
        [("ledger.services.payments.refund_settlement.closed_until", _never_closed)],
    ),
    (
        what_was_given_twice_goes_back_without_touching_income,
        [("ledger.services.payments.refund_settlement.owe_back", nothing)],
    ),
    (
        a_bank_debit_waits_clears_and_comes_back,
        [("ledger.services.payments.refund_settlement._owed_again", lambda *_: 0)],
    ),
    (
        a_bank_debit_that_fails_leaves_nothing,
        [("ledger.services.payments.bank_debits.fail_debit", nothing)],
    ),
]


@pytest.mark.parametrize(
    ("case", "broken"), BROKEN, ids=lambda value: getattr(value, "__name__", "")
)
def test_broken_code_turns_each_case_red(
    sqlite_shop: Shop, case: Case, broken: list[Broken]
) -> None:
    turns_red(case, sqlite_shop, *broken)
    # What the broken code left undone is done afterwards, so that the next case starts clean.
    sqlite_shop.sync_stripe()


def test_every_case_has_its_control() -> None:
    assert [case for case, _broken in BROKEN] == CASES
