"""Bank debits take their time: they process, succeed or fail, and may come back afterwards."""

import pytest
import requests
import stripe

from tests.faults.conftest import Sandbox
from tests.sandbox.conftest import debited, movements, page_params, present, types

GOOD = "AT611904300234573201"


def page_of(client: stripe.StripeClient, charge: stripe.Charge) -> stripe.checkout.Session:
    (found,) = client.v1.checkout.sessions.list({"payment_intent": str(charge.payment_intent)}).data
    return found


def test_a_page_offers_the_bank_beside_the_card(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    both = page_params(2000, "eur", allowed_payment_method_types=["card", "sepa_debit"])
    page = client.v1.checkout.sessions.create(both)
    text = requests.get(page.url or "", timeout=60).text
    assert ("IBAN" in text, "Card number" in text) == (True, True)
    dynamic = client.v1.checkout.sessions.create(page_params(2000, "eur"))
    assert dynamic.payment_method_types == ["card", "sepa_debit"]
    cards = page_params(2000, "eur", allowed_payment_method_types=["card", "us_bank_account"])
    only = client.v1.checkout.sessions.create(cards)
    assert only.payment_method_types == ["card"]
    assert "IBAN" not in requests.get(only.url or "", timeout=60).text
    assert sandbox.pay(only.url or "", bank=GOOD).status_code == 402
    wrong = page_params(2000, "usd", allowed_payment_method_types=["sepa_debit"])
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.checkout.sessions.create(wrong)
    assert caught.value.param == "allowed_payment_method_types"


def test_a_debit_processes_before_it_succeeds(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    charge = debited(sandbox, client, GOOD)
    page = page_of(client, charge)
    assert (page.status, page.payment_status) == ("complete", "unpaid")
    assert (charge.status, charge.paid, charge.id[:3]) == ("pending", False, "py_")
    intent = client.v1.payment_intents.retrieve(str(charge.payment_intent))
    assert (intent.status, intent.amount_received) == ("processing", 0)
    sandbox.control("settle")
    assert movements(client, charge.id) == []

    sandbox.control("end_debit", charge=charge.id)
    sandbox.control("settle")
    page = page_of(client, charge)
    assert page.payment_status == "paid"
    assert types(client, page.id) == [
        "checkout.session.completed",
        "checkout.session.async_payment_succeeded",
    ]
    assert types(client, intent.id) == [
        "payment_intent.created",
        "payment_intent.processing",
        "payment_intent.succeeded",
    ]
    assert types(client, charge.id) == ["charge.pending", "charge.succeeded", "charge.updated"]
    assert movements(client, charge.id) == [("charge", "payment", 20_000, 35)]


@pytest.mark.parametrize(
    ("account", "code"),
    [
        ("AT861904300235473202", "debit_not_authorized"),
        ("000111111113", "account_closed"),
        ("000222222227", "payment_intent_payment_attempt_failed"),
    ],
)
def test_a_debit_that_fails_moves_nothing_and_says_why(
    sandbox: Sandbox, client: stripe.StripeClient, account: str, code: str
) -> None:
    charge = debited(sandbox, client, account)
    sandbox.control("end_debit", charge=charge.id)
    charge = client.v1.charges.retrieve(charge.id)
    assert (charge.status, charge.paid, charge.failure_code) == ("failed", False, code)
    intent = client.v1.payment_intents.retrieve(str(charge.payment_intent))
    assert (intent.status, present(intent.last_payment_error).code) == (
        "requires_payment_method",
        code,
    )
    page = page_of(client, charge)
    assert (page.status, page.payment_status) == ("complete", "unpaid")
    assert types(client, page.id)[-1] == "checkout.session.async_payment_failed"
    sandbox.control("settle")
    assert movements(client, charge.id) == []


def test_a_us_debit_costs_a_share_up_to_a_cap(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    small = debited(sandbox, client, "000123456789", 20_000)
    large = debited(sandbox, client, "000123456789", 1_000_000)
    for charge in (small, large):
        sandbox.control("end_debit", charge=charge.id)
    sandbox.control("settle")
    assert movements(client, small.id) == [("charge", "payment", 20_000, 160)]
    assert movements(client, large.id) == [("charge", "payment", 1_000_000, 500)]


def test_a_debit_that_succeeded_can_be_returned(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    charge = debited(sandbox, client, GOOD)
    url = f"{sandbox.url}/_test/return_debit"
    assert requests.post(url, {"charge": charge.id}, timeout=60).status_code == 400
    sandbox.control("end_debit", charge=charge.id)
    sandbox.control("return_debit", charge=charge.id, reason="insufficient_funds")
    assert movements(client, charge.id) == [
        ("charge", "payment", 20_000, 35),
        ("charge_failure", "payment_failure_refund", -20_000, 400),
    ]
    charge = client.v1.charges.retrieve(charge.id, {"expand": ["failure_balance_transaction"]})
    back = charge.failure_balance_transaction
    assert isinstance(back, stripe.BalanceTransaction)
    assert (charge.status, charge.paid, back.net) == ("failed", False, -20_400)
    assert types(client, charge.id)[-1] == "charge.failed"
    assert types(client, str(charge.payment_intent))[-1] == "payment_intent.payment_failed"


def test_a_sepa_debit_that_its_holder_disputes_is_lost_at_once(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    charge = debited(sandbox, client, "AT591904300235473203")
    sandbox.control("now")
    (dispute,) = client.v1.disputes.list({"charge": charge.id}).data
    assert (dispute.status, dispute.reason) == ("lost", "debit_not_authorized")
    assert [txn.net for txn in dispute.balance_transactions] == [-20_000 - 1500]
    assert types(client, dispute.id) == [
        "charge.dispute.created",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.closed",
    ]


def test_a_saved_account_is_debited_in_its_holders_absence(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    customer = client.v1.customers.create({}).id
    page = client.v1.checkout.sessions.create(
        {
            "mode": "setup",
            "customer": customer,
            "allowed_payment_method_types": ["sepa_debit"],
            "success_url": "http://127.0.0.1:1/",
        }
    )
    assert sandbox.pay(page.url or "", bank=GOOD).status_code == 303
    setup = client.v1.setup_intents.retrieve(str(page.setup_intent), {"expand": ["mandate"]})
    assert isinstance(setup.mandate, stripe.Mandate)
    made = client.v1.payment_intents.create(
        {
            "amount": 1500,
            "currency": "eur",
            "customer": customer,
            "payment_method": str(setup.payment_method),
            "allowed_payment_method_types": ["sepa_debit"],
            "confirm": True,
            "off_session": True,
        }
    )
    assert made.status == "processing"
    charge = client.v1.charges.retrieve(str(made.latest_charge))
    details = present(present(charge.payment_method_details).sepa_debit)
    assert (details.mandate, details.last4) == (setup.mandate.id, "3201")
