"""Currencies whose smallest unit is not a hundredth, whose amounts cards bound, or that settle in
another one (case 17), and SEPA debits (case 18)."""

from typing import Any

import pytest

from ledger.errors import Conflict, Invalid
from ledger.gateway import StripeGateway
from ledger.models.books import Book
from ledger.models.campaigns import Campaign
from ledger.models.pledges import Pledge
from ledger.services.books.books import ensure_commodity
from ledger.services.campaigns.campaigns import Need
from ledger.services.stripe_balance import accounts
from ledger.stripe.sync import check_account
from tests.factories import make_book, make_campaign, make_fund, make_party, make_pledge, make_pool
from tests.payments.sabotage import Broken, Case, named, nothing, turns_red
from tests.payments.test_money_back import debited_page, moved
from tests.worlds.shop import Shop

GOOD_IBAN, DISPUTED_IBAN = "AT611904300234573201", "AT591904300235473203"


def yen_have_no_decimals(shop: Shop) -> None:
    pledge = shop.pledge(5000, "JPY")
    shop.pay(pledge)
    shop.sync_stripe()
    assert [found.amount for found in shop.charges(pledge)] == [5000]
    assert (shop.balance(pledge, 1110), shop.balance(pledge, 4010)) == (4825, -5000)


def dinars_end_in_a_zero(shop: Shop) -> None:
    pledge = shop.pledge(5120, "KWD")
    shop.pay(pledge)
    shop.sync_stripe()
    assert shop.balance(pledge, 4010) == -5120
    refused(shop, "KWD", 5124, "last digit")


def kronur_shillings_and_ariary_are_not_taken(shop: Shop) -> None:
    # Stripe counts them in other units than the books do: 50 would be taken for 5000.
    for currency in ("ISK", "UGX", "MGA"):
        refused(shop, currency, 5000, "not supported")


def less_than_the_minimum_is_refused_in_words(shop: Shop) -> None:
    for currency, amount in (("JPY", 49), ("HUF", 17_499), ("CZK", 1499)):
        refused(shop, currency, amount, "start at")
    with pytest.raises(Invalid):
        shop.pledge(49)


def refused(shop: Shop, currency: str, amount: int, words: str) -> None:
    pledge = shop.pledge(amount, currency)
    with pytest.raises(Conflict, match=words):
        shop.page(pledge)
    assert shop.charges(pledge) == []


def forints_leave_in_whole_units(shop: Shop) -> None:
    pledge = shop.pledge(50_050, "HUF")
    check_account(shop.db, shop.gateway, now=shop.now())
    with shop.db.transaction() as session:
        accounts.assign(session, book=session.get_one(Book, pledge.book_id))
    assert shop.sandbox.pay(shop.page(pledge), "4000000000000077").status_code == 303
    shop.sync_stripe()
    on_balance = shop.balance(pledge, 1110)
    shop.client.v1.payouts.create({"amount": 48_500, "currency": "huf"})
    shop.sync_stripe()
    assert (on_balance, shop.balance(pledge, 1110)) == (48_569, 69)
    assert shop.balance(pledge, 1120) == 48_500


def euros_that_settle_in_dollars(shop: Shop) -> None:
    pledge = abroad(shop, 5000)
    shop.sandbox.control("set", settles="usd", rates="eur:usd=1.0824")
    try:
        shop.pay(pledge)
        shop.sync_stripe()
        assert (shop.balance(pledge, 4010), shop.booked(pledge, 9110)) == (-5412, 0)
        (charge,) = shop.charges(pledge)
        assert (charge.amount, charge.currency) == (5000, "eur")
        # What goes back is exchanged at the rate of its own day.
        shop.sandbox.control("set", rates="eur:usd=1.05")
        shop.sandbox.control("refund", charge=charge.id, amount="2000")
        shop.sync_stripe()
    finally:
        shop.sandbox.control("set", settles="", rates="")
    assert moved(shop, pledge, "refund_settled") == [(1110, -2100), (4090, 2100)]


def euros_for_a_pool_come_through_its_host(shop: Shop) -> None:
    pledge = abroad(shop, 5000, host=True)
    shop.sandbox.control("set", settles="usd", rates="eur:usd=1.0824")
    try:
        shop.pay(pledge)
        shop.sync_stripe()
    finally:
        shop.sandbox.control("set", settles="", rates="")
    assert (shop.balance(pledge, 4010), shop.booked(pledge, 9110)) == (-5412, 0)
    assert shop.balance(pledge, 1110) == 0
    # Five percent of what came, of which the host keeps two dollars and seventy.
    assert moved(shop, pledge, "host_fee") == [(1300, -270), (6530, 270)]


def abroad(shop: Shop, amount: int, *, host: bool = False) -> Pledge:
    """A pledge in euros to a campaign of a book in dollars, or of a pool that has a host."""
    shop.count += 1
    with shop.db.transaction() as session:
        book = make_book(session, f"B{shop.count}")
        fund = make_fund(session, book)
        if host:
            book, fund = make_pool(
                session,
                book,
                f"P{shop.count}",
                fee_basis_points=500,
                members=[(book.code, "GEN")],
                now=shop.now(),
            )
        need = Need("USD", "Panels", 500_000, 800_000)
        campaign: Campaign = make_campaign(
            session, book, fund, slug=f"c{shop.count}", needs=(need,)
        )
        ensure_commodity(session, "EUR")
        campaign.currencies = "EUR"
        party = make_party(session, f"donor{shop.count}@example.org")
        return make_pledge(session, campaign, party, "EUR", amount)


def a_sepa_debit_clears_and_is_returned(shop: Shop) -> None:
    pledge = shop.pledge(20_000, "EUR")
    debited_page(shop, pledge, GOOD_IBAN)
    assert (shop.booked(pledge, 9130), shop.legs(pledge)) == (20_000, [])
    (charge,) = shop.charges(pledge)
    shop.sandbox.control("end_debit", charge=charge.id)
    shop.sync_stripe()
    assert (shop.booked(pledge, 9130), shop.balance(pledge, 1110)) == (0, 19_965)
    shop.sandbox.control("return_debit", charge=charge.id, reason="debit_not_authorized")
    shop.sync_stripe()
    assert moved(shop, pledge, "debit_returned") == [(1110, -20_400), (4091, 20_000), (6520, 400)]
    assert shop.booked(pledge, 9110) == 20_000


def a_sepa_debit_is_disputed_and_lost_at_once(shop: Shop) -> None:
    pledge = shop.pledge(20_000, "EUR")
    debited_page(shop, pledge, DISPUTED_IBAN)
    (charge,) = shop.charges(pledge)
    shop.sandbox.control("end_debit", charge=charge.id)
    shop.sync_stripe()
    shop.sandbox.control("now", only="dispute")
    shop.sync_stripe()
    assert moved(shop, pledge, "dispute_moved") == [(1110, -21_500), (4092, 20_000), (6520, 1500)]
    with shop.db.snapshot() as session:
        assert session.get_one(Pledge, pledge.id).state == "charged_back"


CASES: list[Case] = [
    yen_have_no_decimals,
    dinars_end_in_a_zero,
    kronur_shillings_and_ariary_are_not_taken,
    less_than_the_minimum_is_refused_in_words,
    forints_leave_in_whole_units,
    euros_that_settle_in_dollars,
    euros_for_a_pool_come_through_its_host,
    a_sepa_debit_clears_and_is_returned,
    a_sepa_debit_is_disputed_and_lost_at_once,
]


@pytest.mark.parametrize("case", CASES, ids=named)
def test_each_currency_is_charged_and_booked_in_its_own_units(shop: Shop, case: Case) -> None:
    case(shop)
    assert shop.waiting() == []


OPEN = StripeGateway.create_checkout_session
PAGE = "ledger.gateway.StripeGateway.create_checkout_session"


def _in_hundredths(gateway: StripeGateway, **asked: Any) -> Any:
    return OPEN(gateway, **{**asked, "amount": asked["amount"] * 100})


# The bounds are held before Stripe is asked, and once more at the gateway.
BOUNDS = ("ledger.services.payments.payments.refusal", nothing)
UNITS: list[Broken] = [("ledger.gateway.checkout_pages.check_units", nothing), BOUNDS]
BROKEN: list[tuple[Case, list[Broken]]] = [
    (yen_have_no_decimals, [(PAGE, _in_hundredths)]),
    (dinars_end_in_a_zero, UNITS),
    (kronur_shillings_and_ariary_are_not_taken, UNITS),
    (less_than_the_minimum_is_refused_in_words, [(PAGE, _in_hundredths), BOUNDS]),
    (
        forints_leave_in_whole_units,
        [("ledger.stripe.sync.balance_transactions.payouts.settle_manual_payout", nothing)],
    ),
    (
        euros_that_settle_in_dollars,
        [("ledger.services.payments.payments.settle_foreign", nothing)],
    ),
    (
        euros_for_a_pool_come_through_its_host,
        [("ledger.services.payments.payments.take_host_fee", nothing)],
    ),
    (
        a_sepa_debit_clears_and_is_returned,
        [("ledger.stripe.sync.balance_transactions.refund_settlement.settle_return", nothing)],
    ),
    (
        a_sepa_debit_is_disputed_and_lost_at_once,
        [("ledger.services.payments.disputes.settle_dispute", nothing)],
    ),
]


@pytest.mark.parametrize(("case", "broken"), BROKEN, ids=named)
def test_broken_code_turns_each_case_red(
    sqlite_shop: Shop, case: Case, broken: list[Broken]
) -> None:
    turns_red(case, sqlite_shop, *broken)


def test_every_case_has_its_control() -> None:
    assert [case for case, _broken in BROKEN] == CASES
