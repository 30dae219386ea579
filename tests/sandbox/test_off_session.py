"""Cards that are kept and charged in their holder's absence, as Stripe does it."""

from typing import Any

import pytest
import requests
import stripe
from stripe.params import PaymentIntentCreateParams

from tests.faults.conftest import Sandbox
from tests.sandbox.conftest import client_of, kept_card, present, refused, types
from tests.sandbox.shapes import problems

BACK = "http://127.0.0.1:1/back"


def charge_later(customer: str, method: str, amount: int = 2500) -> PaymentIntentCreateParams:
    """What charges a kept card in its holder's absence."""
    return {
        "amount": amount,
        "currency": "usd",
        "customer": customer,
        "payment_method": method,
        "allowed_payment_method_types": ["card"],
        "confirm": True,
        "off_session": True,
        "metadata": {"pledge": "7"},
    }


def inside(error: stripe.StripeError, kind: str) -> Any:
    """The object that an error carries, as it was sent."""
    body: Any = error.json_body
    return body["error"][kind]


def setup_page(client: stripe.StripeClient, customer: str) -> stripe.checkout.Session:
    return client.v1.checkout.sessions.create(
        {"mode": "setup", "customer": customer, "success_url": BACK, "currency": "usd"}
    )


@pytest.fixture
def customer(client: stripe.StripeClient) -> str:
    return client.v1.customers.create({"email": "kim@example.org"}).id


def test_a_card_saved_on_a_page_is_charged_later(
    sandbox: Sandbox, client: stripe.StripeClient, customer: str
) -> None:
    page = setup_page(client, customer)
    assert (page.payment_intent, page.amount_total) == (None, None)
    assert "Nothing is charged today" in requests.get(page.url or "", timeout=60).text
    assert sandbox.pay(page.url or "").status_code == 303
    page = client.v1.checkout.sessions.retrieve(page.id, {"expand": ["setup_intent"]})
    setup: Any = page.setup_intent
    assert (page.status, page.payment_status) == ("complete", "no_payment_required")
    assert (setup.status, setup.customer, setup.usage) == ("succeeded", customer, "off_session")
    (method,) = client.v1.customers.payment_methods.list(customer).data
    assert (method.id, method.customer, present(method.card).last4) == (
        setup.payment_method,
        customer,
        "4242",
    )
    assert client.v1.charges.list({"customer": customer}).data == []

    made = client.v1.payment_intents.create(charge_later(customer, method.id))
    assert (made.status, made.amount_received) == ("succeeded", 2500)
    charge = client.v1.charges.retrieve(str(made.latest_charge))
    assert (charge.customer, charge.payment_method) == (customer, method.id)
    assert (charge.balance_transaction, charge.metadata["pledge"]) == (None, "7")
    assert types(client, made.id) == ["payment_intent.created", "payment_intent.succeeded"]
    assert types(client, setup.id) == ["setup_intent.created", "setup_intent.succeeded"]


@pytest.mark.parametrize(
    ("number", "code", "decline"),
    [
        ("4000000000000341", "card_declined", "generic_decline"),
        ("4000002760003184", "authentication_required", "authentication_required"),
        ("4000000000003220", "authentication_required", "authentication_required"),
        ("4000002500003155", "authentication_required", "authentication_required"),
        ("4000008260003178", "card_declined", "insufficient_funds"),
    ],
)
def test_a_bank_that_does_not_pay_is_told_with_the_intent_inside_the_error(
    client: stripe.StripeClient, customer: str, number: str, code: str, decline: str
) -> None:
    method = kept_card(client, customer, number)
    error = refused(client, charge_later(customer, method.id))
    told = present(error.error)
    assert (error.http_status, error.code, told.decline_code) == (402, code, decline)
    inner = inside(error, "payment_intent")
    assert problems(inner, stripe.PaymentIntent) == []
    assert problems(inner["last_payment_error"], stripe.PaymentIntent.LastPaymentError) == []
    kept = client.v1.payment_intents.retrieve(inner["id"])
    assert kept.status == inner["status"] == "requires_payment_method"
    assert kept.payment_method is None
    assert present(present(kept.last_payment_error).payment_method).id == method.id
    charge = client.v1.charges.retrieve(str(kept.latest_charge))
    assert (charge.status, charge.paid, charge.failure_code) == ("failed", False, code)
    assert types(client, kept.id) == ["payment_intent.created", "payment_intent.payment_failed"]


def test_the_same_intent_is_paid_by_another_card(
    client: stripe.StripeClient, customer: str
) -> None:
    bad = kept_card(client, customer, "4000000000000341")
    error = refused(client, charge_later(customer, bad.id))
    intent = inside(error, "payment_intent")["id"]
    good = kept_card(client, customer)
    paid = client.v1.payment_intents.confirm(intent, {"payment_method": good.id})
    assert (paid.status, paid.last_payment_error) == ("succeeded", None)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.confirm(intent, {"payment_method": good.id})
    assert caught.value.code == "payment_intent_unexpected_state"


def test_a_card_that_asks_unless_set_up_is_silent_once_it_was(
    sandbox: Sandbox, client: stripe.StripeClient, customer: str
) -> None:
    page = setup_page(client, customer)
    asked = sandbox.pay(page.url or "", "4000002500003155")
    assert (asked.status_code, "Your bank asks" in asked.text) == (200, True)
    setup = client.v1.setup_intents.retrieve(str(page.setup_intent))
    assert setup.status == "requires_action"
    answer = {"answer": "yes"}
    done = requests.post(f"{page.url}/challenge", answer, allow_redirects=False, timeout=60)
    assert done.status_code == 303
    (method,) = client.v1.customers.payment_methods.list(customer).data
    made = client.v1.payment_intents.create(charge_later(customer, method.id))
    assert made.status == "succeeded"


def test_a_holder_who_says_no_keeps_no_card(
    sandbox: Sandbox, client: stripe.StripeClient, customer: str
) -> None:
    page = setup_page(client, customer)
    sandbox.pay(page.url or "", "4000002500003155")
    said = requests.post(f"{page.url}/challenge", {"answer": "no"}, timeout=60)
    assert said.status_code == 402
    setup = client.v1.setup_intents.retrieve(str(page.setup_intent))
    assert setup.status == "requires_payment_method"
    assert present(setup.last_setup_error).code == "setup_intent_authentication_failure"
    assert client.v1.customers.payment_methods.list(customer).data == []
    assert sandbox.pay(page.url or "").status_code == 303


def test_a_declining_card_cannot_be_saved(
    sandbox: Sandbox, client: stripe.StripeClient, customer: str
) -> None:
    page = setup_page(client, customer)
    assert sandbox.pay(page.url or "", "4000000000000002").status_code == 402
    setup = client.v1.setup_intents.retrieve(str(page.setup_intent))
    assert present(setup.last_setup_error).code == "card_declined"
    with pytest.raises(stripe.CardError) as caught:
        kept_card(client, customer, "4000000000009995")
    assert present(caught.value.error).decline_code == "insufficient_funds"
    with pytest.raises(stripe.CardError) as caught:
        client.v1.setup_intents.create(
            {
                "customer": customer,
                "payment_method": "pm_card_visa_chargeDeclined",
                "confirm": True,
                "return_url": BACK,
            }
        )
    inner = inside(caught.value, "setup_intent")
    assert inner["status"] == "requires_payment_method"


def test_on_session_the_bank_asks_and_the_holder_comes_back(
    client: stripe.StripeClient, customer: str
) -> None:
    params: Any = {"amount": 900, "currency": "usd", "customer": customer, "confirm": True}
    method = "pm_card_authenticationRequired"
    asked: Any = {**params, "payment_method": method, "return_url": BACK}
    keeping: Any = {**asked, "setup_future_usage": "off_session"}
    made = client.v1.payment_intents.create(keeping)
    assert (made.status, made.latest_charge) == ("requires_action", None)
    url = present(present(made.next_action).redirect_to_url).url
    assert "Is this payment yours?" in requests.get(str(url), timeout=60).text
    done = requests.post(str(url), {"answer": "yes"}, allow_redirects=False, timeout=60)
    assert (done.status_code, done.headers["Location"]) == (303, BACK)
    made = client.v1.payment_intents.retrieve(made.id)
    assert (made.status, made.next_action) == ("succeeded", None)
    assert [m.id for m in client.v1.customers.payment_methods.list(customer).data] == [
        made.payment_method
    ]
    again = client.v1.payment_intents.create(asked)
    url = present(present(again.next_action).redirect_to_url).url
    requests.post(str(url), {"answer": "no"}, allow_redirects=False, timeout=60)
    again = client.v1.payment_intents.retrieve(again.id)
    code = present(again.last_payment_error).code
    assert code == "payment_intent_authentication_failure"


def test_an_intent_can_be_cancelled_until_it_is_paid(
    client: stripe.StripeClient, customer: str
) -> None:
    good = kept_card(client, customer)
    made = client.v1.payment_intents.create(
        {"amount": 900, "currency": "usd", "customer": customer, "payment_method": good.id}
    )
    assert made.status == "requires_confirmation"
    gone = client.v1.payment_intents.cancel(made.id, {"cancellation_reason": "duplicate"})
    assert (gone.status, gone.cancellation_reason) == ("canceled", "duplicate")
    paid = client.v1.payment_intents.create(charge_later(customer, good.id))
    for intent in (gone.id, paid.id):
        with pytest.raises(stripe.InvalidRequestError) as caught:
            client.v1.payment_intents.cancel(intent)
        assert caught.value.code == "payment_intent_unexpected_state"
    mine = client.v1.payment_intents.list({"customer": customer}).data
    assert {intent.id for intent in mine} >= {made.id, paid.id}


def test_held_money_is_taken_in_part_and_booked_as_two_movements(
    sandbox: Sandbox, client: stripe.StripeClient, customer: str
) -> None:
    method = kept_card(client, customer)
    params: Any = {**charge_later(customer, method.id, 5000), "capture_method": "manual"}
    held = client.v1.payment_intents.create(params)
    assert (held.status, held.amount_capturable) == ("requires_capture", 5000)
    sandbox.control("settle")
    assert client.v1.balance_transactions.list({"source": str(held.latest_charge)}).data == []
    taken = client.v1.payment_intents.capture(held.id, {"amount_to_capture": 2000})
    assert (taken.status, taken.amount_received) == ("succeeded", 2000)
    sandbox.control("settle")
    txns = client.v1.balance_transactions.list({"source": str(held.latest_charge)}).data
    assert [(txn.reporting_category, txn.amount) for txn in txns] == [
        ("partial_capture_reversal", -3000),
        ("charge", 5000),
    ]
    assert sum(txn.net for txn in txns) == 2000 - 88


def test_a_payment_method_is_its_customers_own(client: stripe.StripeClient, customer: str) -> None:
    mine = kept_card(client, customer)
    other = client.v1.customers.create({}).id
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.payment_intents.create(charge_later(other, mine.id))
    client.v1.payment_methods.detach(mine.id)
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.payment_intents.create(charge_later(customer, mine.id))
    with pytest.raises(stripe.CardError) as caught:
        kept_card(client, customer, "4111111111111111")
    assert caught.value.code == "incorrect_number"


def test_a_decline_is_replayed_by_its_key_and_acts_once(
    sandbox: Sandbox, client: stripe.StripeClient, customer: str
) -> None:
    method = kept_card(client, customer, "4000000000000341")
    params: Any = charge_later(customer, method.id)
    seen = []
    for turn in range(2):
        with pytest.raises(stripe.CardError) as caught:
            client.v1.payment_intents.create(
                params, options={"idempotency_key": f"try:{method.id}"}
            )
        seen.append(caught.value.json_body)
        if turn == 0:
            sandbox.restart()
            sandbox.control("set", settle_seconds="86400")
    assert seen[0] == seen[1]
    assert len(client_of(sandbox).v1.charges.list({"customer": customer}).data) == 1


def test_defaults_and_texts_of_a_customer_can_be_changed(
    client: stripe.StripeClient, customer: str
) -> None:
    method = kept_card(client, customer)
    changed = client.v1.customers.update(
        customer,
        {
            "name": "Kim",
            "metadata": {"a": "1", "b": "2"},
            "invoice_settings": {"default_payment_method": method.id},
        },
    )
    assert present(changed.invoice_settings).default_payment_method == method.id
    changed = client.v1.customers.update(customer, {"metadata": {"a": ""}})
    assert (changed.name, present(changed.metadata).to_dict()) == ("Kim", {"b": "2"})
    gone = client.v1.customers.delete(customer)
    assert gone.deleted is True
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.customers.retrieve(customer)
    assert client.v1.payment_methods.retrieve(method.id).customer is None
