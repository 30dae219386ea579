"""One sandbox process for all tests of a file, and the real SDK on it."""

from collections.abc import Iterator
from typing import Any, TypeVar

import pytest
import requests
import stripe
from stripe.params import PaymentIntentCreateParams
from stripe.params.checkout import SessionCreateParams

from tests.faults.conftest import Sandbox
from tests.ports import free_port

KEY = "sk_test_sandbox"
Value = TypeVar("Value")


def present(value: Value | None) -> Value:
    """What Stripe may leave out, where it must be there."""
    assert value is not None
    return value


def client_of(sandbox: Sandbox, key: str = KEY, retries: int = 0) -> stripe.StripeClient:
    """The real SDK, speaking to the sandbox alone."""
    base: Any = dict.fromkeys(("api", "files", "connect", "meter_events"), sandbox.url)
    return stripe.StripeClient(key, base_addresses=base, max_network_retries=retries)


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A running sandbox that settles only when told to."""
    server = Sandbox(free_port(), tmp_path_factory.mktemp("sandbox") / "sandbox.db")
    server.start()
    server.control("set", settle_seconds="86400")
    yield server
    server.kill()


@pytest.fixture
def client(sandbox: Sandbox) -> stripe.StripeClient:
    """The real SDK."""
    return client_of(sandbox)


def page_params(amount: int = 6000, currency: str = "usd", **more: Any) -> SessionCreateParams:
    """What opens a payment page."""
    params: Any = {
        "mode": "payment",
        "success_url": "http://127.0.0.1:1/thanks",
        "cancel_url": "http://127.0.0.1:1/back",
        "line_items": [
            {
                "quantity": 1,
                "price_data": {
                    "currency": currency,
                    "unit_amount": amount,
                    "product_data": {"name": "Solar roof"},
                },
            }
        ],
        **more,
    }
    page: SessionCreateParams = params
    return page


def paid(
    sandbox: Sandbox,
    client: stripe.StripeClient,
    amount: int = 6000,
    currency: str = "usd",
    card: str = "4242424242424242",
) -> stripe.Charge:
    """A charge that somebody paid on a page, not settled yet."""
    made = client.v1.checkout.sessions.create(page_params(amount, currency))
    assert sandbox.pay(made.url or "", card).status_code == 303
    return charge_of(client, made.id)


def debited(
    sandbox: Sandbox, client: stripe.StripeClient, account: str, amount: int = 20_000
) -> stripe.Charge:
    """A charge by bank debit that is processing."""
    kind, currency = ("us_bank_account", "usd") if account[0] == "0" else ("sepa_debit", "eur")
    params = page_params(amount, currency, allowed_payment_method_types=["card", kind])
    made = client.v1.checkout.sessions.create(params)
    assert sandbox.pay(made.url or "", bank=account).status_code == 303
    return charge_of(client, made.id)


def charge_of(client: stripe.StripeClient, session: str) -> stripe.Charge:
    """The charge that a payment page led to."""
    found = client.v1.checkout.sessions.retrieve(session, {"expand": ["payment_intent"]})
    assert isinstance(found.payment_intent, stripe.PaymentIntent)
    return client.v1.charges.retrieve(str(found.payment_intent.latest_charge))


def raw(sandbox: Sandbox, path: str, **params: Any) -> Any:
    """An answer as it was sent, before the SDK reads it."""
    answer = requests.get(f"{sandbox.url}/v1/{path}", params, auth=(KEY, ""), timeout=60)
    assert answer.ok, answer.text
    return answer.json()


def kept_card(
    client: stripe.StripeClient, customer: str, number: str = "4242424242424242"
) -> stripe.PaymentMethod:
    """A test card that is attached to a customer, not set up."""
    made = client.v1.payment_methods.create({"type": "card", "card": {"number": number}})
    return client.v1.payment_methods.attach(made.id, {"customer": customer})


def refused(client: stripe.StripeClient, params: PaymentIntentCreateParams) -> stripe.CardError:
    """How Stripe refuses a payment intent that a bank does not pay."""
    with pytest.raises(stripe.CardError) as caught:
        client.v1.payment_intents.create(params)
    return caught.value


def types(client: stripe.StripeClient, about: str) -> list[str]:
    """The types of the events about an object, the first first."""
    events = client.v1.events.list({"limit": 100}).data
    return [str(event.type) for event in events if event.data.object.id == about][::-1]


def movements(client: stripe.StripeClient, source: str) -> list[tuple[str, str, int, int]]:
    """How an object moved the balance: category, type, amount and fee, the first first."""
    found = client.v1.balance_transactions.list({"source": source}).data
    return [(txn.reporting_category, txn.type, txn.amount, txn.fee) for txn in found][::-1]


START = 1_772_582_400  # 4 March 2026, midnight UTC
DAY = 86_400


def monthly(client: stripe.StripeClient, amount: int = 1500, currency: str = "usd") -> stripe.Price:
    """A price that is paid every month."""
    return client.v1.prices.create(
        {
            "currency": currency,
            "unit_amount": amount,
            "recurring": {"interval": "month"},
            "product_data": {"name": "Solar roof, monthly"},
        }
    )


def subscription_page(
    client: stripe.StripeClient, price: str, **more: Any
) -> stripe.checkout.Session:
    """A page on which somebody subscribes."""
    params: Any = {
        "mode": "subscription",
        "line_items": [{"price": price, "quantity": 1}],
        "success_url": "http://127.0.0.1:1/thanks",
        "customer_email": "kim@example.org",
        "subscription_data": {"metadata": {"promise": "12"}},
        **more,
    }
    return client.v1.checkout.sessions.create(params)


def clocked_customer(client: stripe.StripeClient) -> tuple[str, str]:
    """A test clock at the start of March 2026, and a customer of its time."""
    clock = client.v1.test_helpers.test_clocks.create({"frozen_time": START})
    customer = client.v1.customers.create({"test_clock": clock.id, "email": "ada@example.org"})
    return clock.id, customer.id


def subscribed(
    client: stripe.StripeClient,
    customer: str,
    price: str,
    card: str = "4242424242424242",
    **more: Any,
) -> stripe.Subscription:
    """A subscription that is paid by a kept card."""
    method = kept_card(client, customer, card)
    params: Any = {
        "customer": customer,
        "items": [{"price": price}],
        "default_payment_method": method.id,
        "off_session": True,
        **more,
    }
    return client.v1.subscriptions.create(params)


def advance(client: stripe.StripeClient, clock: str, seconds: int) -> int:
    """Advance a test clock and return where it stands."""
    now = client.v1.test_helpers.test_clocks.retrieve(clock).frozen_time + seconds
    moving = client.v1.test_helpers.test_clocks.advance(clock, {"frozen_time": now})
    assert moving.status == "advancing"
    found = client.v1.test_helpers.test_clocks.retrieve(clock)
    assert (found.status, found.frozen_time) == ("ready", now)
    return now
