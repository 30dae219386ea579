"""A sandbox in which everything has happened once, for the checks of shapes."""

from typing import Any

import stripe

from ledger.sandbox.lists import LISTS, SINGLE
from tests.faults.conftest import Sandbox
from tests.sandbox.conftest import (
    client_of,
    clocked_customer,
    debited,
    kept_card,
    monthly,
    page_params,
    paid,
    raw,
    refused,
    subscribed,
    subscription_page,
)


def build(sandbox: Sandbox) -> None:
    """Have everything happen once."""
    client = client_of(sandbox)
    client.v1.webhook_endpoints.create({"url": "http://127.0.0.1:1/", "enabled_events": ["*"]})
    _pages(sandbox, client)
    _cards(client)
    _saved(sandbox, client)
    _money(sandbox, client)
    _debits(sandbox, client)
    _disputes(sandbox, client)
    _regular(sandbox, client)


def objects(sandbox: Sandbox) -> list[dict[str, Any]]:
    """Everything that can be listed, and what the objects of events name besides."""
    found = [raw(sandbox, "account"), raw(sandbox, "balance")]
    for path in LISTS:
        found += everything(sandbox, path)
    for page in everything(sandbox, "checkout/sessions"):
        found += everything(sandbox, f"checkout/sessions/{page['id']}/line_items")
    for invoice in everything(sandbox, "invoices"):
        found += everything(sandbox, f"invoices/{invoice['id']}/lines")
    for subscription in everything(sandbox, "subscriptions", status="all"):
        found += everything(sandbox, "subscription_items", subscription=subscription["id"])
    for setup in everything(sandbox, "setup_intents"):
        if setup["mandate"]:
            found.append(raw(sandbox, f"mandates/{setup['mandate']}"))
    assert set(SINGLE.values()) <= {item["object"] for item in found}
    return found


def everything(sandbox: Sandbox, path: str, **params: str) -> list[dict[str, Any]]:
    """A whole list, page by page."""
    found: list[dict[str, Any]] = []
    more: dict[str, str] = {}
    while True:
        page = raw(sandbox, path, limit="100", **params, **more)
        found += page["data"]
        if not page["has_more"]:
            return found
        more = {"starting_after": found[-1]["id"]}


def _pages(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    client.v1.checkout.sessions.create(page_params())
    declined = client.v1.checkout.sessions.create(page_params())
    sandbox.pay(declined.url or "", "4000000000009995")
    gone = client.v1.checkout.sessions.create(page_params())
    client.v1.checkout.sessions.expire(gone.id)


def _cards(client: stripe.StripeClient) -> None:
    ada = client.v1.customers.create(
        {"name": "Ada", "email": "ada@example.org", "metadata": {"a": "b"}}
    )
    good = kept_card(client, ada.id)
    common: Any = {"amount": 700, "currency": "usd", "customer": ada.id}
    cards: Any = {"allowed_payment_method_types": ["card"]}
    now: Any = {**cards, "confirm": True, "off_session": True}
    once: Any = {**common, **now, "payment_method": good.id}
    client.v1.payment_intents.create(once)
    bad = kept_card(client, ada.id, "4000000000000341")
    declined: Any = {**common, **now, "payment_method": bad.id}
    refused(client, declined)
    asks = kept_card(client, ada.id, "4000002760003184")
    back = {"confirm": True, "return_url": "http://127.0.0.1:1/back"}
    on_session: Any = {**common, **back, "payment_method": asks.id}
    client.v1.payment_intents.create(on_session)
    unconfirmed: Any = {**common, "payment_method": good.id}
    waiting = client.v1.payment_intents.create(unconfirmed)
    client.v1.payment_intents.cancel(waiting.id, {"cancellation_reason": "abandoned"})
    held: Any = {**common, **now, "payment_method": good.id, "capture_method": "manual"}
    part = client.v1.payment_intents.create(held)
    client.v1.payment_intents.create(held)
    client.v1.payment_intents.capture(part.id, {"amount_to_capture": 300})
    client.v1.payment_methods.detach(bad.id)
    client.v1.customers.delete(client.v1.customers.create({}).id)


def _saved(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    bea = client.v1.customers.create({"name": "Bea"})
    page = client.v1.checkout.sessions.create(
        {
            "mode": "setup",
            "customer": bea.id,
            "currency": "usd",
            "allowed_payment_method_types": ["card", "us_bank_account"],
            "success_url": "http://127.0.0.1:1/thanks",
        }
    )
    sandbox.pay(page.url or "", "4000000000000002")
    sandbox.pay(page.url or "", bank="000123456789")
    client.v1.setup_intents.create({"customer": bea.id})
    asking = client.v1.setup_intents.create(
        {
            "customer": bea.id,
            "payment_method": "pm_card_authenticationRequired",
            "confirm": True,
            "return_url": "http://127.0.0.1:1/back",
        }
    )
    client.v1.setup_intents.cancel(asking.id)
    method = client.v1.payment_methods.create(
        {
            "type": "sepa_debit",
            "sepa_debit": {"iban": "DE89370400440532013000"},
            "billing_details": {"name": "Bea"},
        }
    )
    client.v1.setup_intents.create(
        {
            "customer": bea.id,
            "payment_method": method.id,
            "allowed_payment_method_types": ["sepa_debit"],
            "confirm": True,
        }
    )


def _money(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    waiting = paid(sandbox, client)
    first = paid(sandbox, client, 10_000)
    sandbox.control("settle")
    client.v1.refunds.create({"charge": first.id, "amount": 100, "reason": "duplicate"})
    sandbox.control("payout")
    (payout,) = client.v1.payouts.list().data
    sandbox.control("fail_payout", payout=payout.id)
    assert waiting.balance_transaction is None


def _debits(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    accounts = ("AT611904300234573201", "AT861904300235473202", "AT591904300235473203")
    made = [debited(sandbox, client, account) for account in accounts]
    sandbox.control("now")
    sandbox.control("return_debit", charge=made[0].id)
    debited(sandbox, client, "000123456789")


def _disputes(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    for outcome in ("won", "lost", "escalated", ""):
        charge = paid(sandbox, client, 3000)
        inquiry = "1" if outcome == "escalated" else "0"
        made = sandbox.control("open_dispute", charge=charge.id, inquiry=inquiry)["object"]
        client.v1.disputes.update(made["id"], {"evidence": {"uncategorized_text": "A reason."}})
        if outcome:
            sandbox.control("close_dispute", dispute=made["id"], outcome=outcome)
    first = paid(sandbox, client, 4000)
    for how in ("pending", "failing", "pending"):
        made = sandbox.control("refund", charge=first.id, amount="500", how=how)["object"]
    sandbox.control("now", only="refund")
    sandbox.control("refund", charge=first.id, amount="500", how="pending")
    sandbox.control("fee", amount="700")
    sandbox.control("top_up", amount="5000")
    sandbox.control("move", kind="reserve_hold", amount="1000")
    sandbox.control("move", kind="climate_order_purchase", amount="-5", category="invented")


def _regular(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    price = monthly(client)
    client.v1.products.update(str(price.product), {"description": "Every month"})
    page = subscription_page(client, price.id)
    sandbox.pay(page.url or "", "4000000000000002")
    sandbox.pay(page.url or "")
    _clock, ada = clocked_customer(client)
    good = subscribed(client, ada, price.id, metadata={"pledge": "9"})
    client.v1.subscriptions.update(good.id, {"cancel_at_period_end": True})
    bad = subscribed(client, ada, price.id, card="4000000000000341")
    assert bad.status == "incomplete"
    open_invoice = str(bad.latest_invoice)
    client.v1.invoices.void_invoice(open_invoice)
    paused = subscribed(client, ada, price.id, trial_period_days=5)
    client.v1.subscriptions.update(paused.id, {"pause_collection": {"behavior": "void"}})
    client.v1.subscriptions.cancel(good.id)
    subscribed(client, ada, price.id, payment_behavior="default_incomplete")
