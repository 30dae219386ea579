"""Subscriptions renew by the clock, are tried again when a card fails, pause, and end."""

from datetime import UTC, datetime
from typing import Any

import pytest
import requests
import stripe

from ledger.errors import Conflict
from ledger.gateway.subscriptions import _subscription
from tests.faults.conftest import Sandbox
from tests.sandbox.conftest import (
    DAY,
    KEY,
    START,
    advance,
    clocked_customer,
    kept_card,
    monthly,
    movements,
    present,
    subscribed,
    subscription_page,
    types,
)

HOUR = 3600


def invoices(client: stripe.StripeClient, subscription: str) -> list[stripe.Invoice]:
    """A subscription's invoices, the first first."""
    return client.v1.invoices.list({"subscription": subscription, "limit": 100}).data[::-1]


def charges(client: stripe.StripeClient, customer: str) -> list[tuple[str, int]]:
    found = client.v1.charges.list({"customer": customer, "limit": 100}).data
    return [(charge.status, charge.amount) for charge in found][::-1]


def on(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).date().isoformat()


def test_somebody_subscribes_on_a_page_and_the_first_invoice_is_paid(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    page = subscription_page(client, monthly(client).id)
    assert "every month" in requests.get(page.url or "", timeout=60).text
    assert sandbox.pay(page.url or "").status_code == 303
    page = client.v1.checkout.sessions.retrieve(
        page.id, {"expand": ["subscription.latest_invoice", "invoice.payments"]}
    )
    subscription, invoice = page.subscription, page.invoice
    assert isinstance(subscription, stripe.Subscription)
    assert isinstance(invoice, stripe.Invoice)
    assert (page.payment_status, page.payment_intent, page.amount_total) == ("paid", None, 1500)
    assert (subscription.status, subscription.metadata["promise"]) == ("active", "12")
    assert isinstance(subscription.latest_invoice, stripe.Invoice)
    assert subscription.latest_invoice.id == invoice.id
    assert (invoice.status, invoice.amount_paid, invoice.billing_reason) == (
        "paid",
        1500,
        "subscription_create",
    )
    (payment,) = present(invoice.payments).data
    intent = client.v1.payment_intents.retrieve(str(payment.payment.payment_intent))
    # As at Stripe, the payment itself says nothing of the subscription: the invoice does.
    assert (intent.status, intent.metadata.to_dict()) == ("succeeded", {})
    (back,) = client.v1.invoice_payments.list(
        {"payment": {"type": "payment_intent", "payment_intent": intent.id}}
    ).data
    assert back.invoice == invoice.id
    details = present(present(invoice.parent).subscription_details)
    assert details.subscription == subscription.id
    assert types(client, str(subscription.id)) == [
        "customer.subscription.created",
        "customer.subscription.updated",
    ]
    assert types(client, str(invoice.id)) == [
        "invoice.created",
        "invoice.finalized",
        "invoice.paid",
        "invoice.payment_succeeded",
    ]
    sandbox.control("settle")
    assert movements(client, str(intent.latest_charge)) == [("charge", "charge", 1500, 74)]
    (method,) = client.v1.customers.payment_methods.list(str(page.customer)).data
    assert subscription.default_payment_method == method.id


@pytest.mark.parametrize("card", ["4000002500003155", "4000000000000002"])
def test_a_page_for_a_subscription_asks_and_declines_like_any_other(
    sandbox: Sandbox, client: stripe.StripeClient, card: str
) -> None:
    page = subscription_page(client, monthly(client).id)
    answer = sandbox.pay(page.url or "", card)
    if card.endswith("3155"):
        yes = {"answer": "yes"}
        done = requests.post(f"{page.url}/challenge", yes, allow_redirects=False, timeout=60)
        assert done.status_code == 303
    else:
        assert answer.status_code == 402
    page = client.v1.checkout.sessions.retrieve(page.id)
    assert (page.subscription is not None) == card.endswith("3155")


def test_a_subscription_by_bank_debit_is_active_before_its_money_is_there(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    price = monthly(client, 2000, "eur").id
    page = subscription_page(client, price, allowed_payment_method_types=["sepa_debit"])
    sandbox.pay(page.url or "", bank="AT611904300234573201")
    page = client.v1.checkout.sessions.retrieve(page.id, {"expand": ["subscription", "invoice"]})
    subscription: Any = page.subscription
    assert isinstance(page.invoice, stripe.Invoice)
    assert (subscription.status, page.invoice.status) == ("active", "open")
    assert page.payment_status == "unpaid"
    sandbox.control("now", only="end_debit")
    assert client.v1.invoices.retrieve(str(page.invoice.id)).status == "paid"
    assert client.v1.checkout.sessions.retrieve(page.id).payment_status == "paid"


def test_a_subscription_renews_every_month_by_its_test_clock(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    clock, customer = clocked_customer(client)
    made = subscribed(client, customer, monthly(client).id, metadata={"promise": "3"})
    item = made["items"].data[0]
    assert (made.status, made.created) == ("active", START)
    assert (on(item.current_period_start), on(item.current_period_end)) == (
        "2026-03-04",
        "2026-04-04",
    )
    advance(client, clock, 31 * DAY)
    assert [invoice.status for invoice in invoices(client, made.id)] == ["paid", "draft"]
    advance(client, clock, HOUR)
    advance(client, clock, 92 * DAY)
    found = invoices(client, made.id)
    assert [(on(i.created), i.status, i.billing_reason) for i in found] == [
        ("2026-03-04", "paid", "subscription_create"),
        ("2026-04-04", "paid", "subscription_cycle"),
        ("2026-05-04", "paid", "subscription_cycle"),
        ("2026-06-04", "paid", "subscription_cycle"),
        ("2026-07-04", "paid", "subscription_cycle"),
    ]
    line = found[1].lines.data[0]
    assert (on(line.period.start), on(line.period.end)) == ("2026-04-04", "2026-05-04")
    assert (on(found[1].period_start), on(found[1].period_end)) == ("2026-03-04", "2026-04-04")
    details = present(present(found[1].parent).subscription_details)
    assert present(details.metadata).to_dict() == {"promise": "3"}
    assert charges(client, customer) == [("succeeded", 1500)] * 5


def test_a_month_that_is_too_short_does_not_move_the_day(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    clock = client.v1.test_helpers.test_clocks.create({"frozen_time": START - 33 * DAY})
    customer = client.v1.customers.create({"test_clock": clock.id}).id
    made = subscribed(client, customer, monthly(client).id)
    advance(client, clock.id, 95 * DAY)
    assert [on(invoice.created) for invoice in invoices(client, made.id)] == [
        "2026-01-30",
        "2026-02-28",
        "2026-03-30",
        "2026-04-30",
    ]


def failing(client: stripe.StripeClient) -> tuple[str, str, stripe.Subscription]:
    """A subscription whose card is replaced by one that declines, after its first month."""
    clock, customer = clocked_customer(client)
    made = subscribed(client, customer, monthly(client).id)
    bad = kept_card(client, customer, "4000000000000341")
    client.v1.subscriptions.update(made.id, {"default_payment_method": bad.id})
    advance(client, clock, 31 * DAY + HOUR)
    return clock, customer, made


def test_a_failing_renewal_is_tried_again_and_ends_the_subscription(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    clock, customer, made = failing(client)
    (_, second) = invoices(client, made.id)
    assert (second.status, second.attempt_count) == ("open", 1)
    assert on(second.next_payment_attempt or 0) == "2026-04-07"
    assert client.v1.subscriptions.retrieve(made.id).status == "past_due"
    advance(client, clock, 3 * DAY + HOUR)
    assert client.v1.invoices.retrieve(str(second.id)).attempt_count == 2
    advance(client, clock, 20 * DAY)
    second = client.v1.invoices.retrieve(str(second.id))
    assert (second.attempt_count, second.next_payment_attempt, second.status) == (4, None, "open")
    ended = client.v1.subscriptions.retrieve(made.id)
    why = present(ended.cancellation_details).reason
    assert (ended.status, why) == ("canceled", "payment_failed")
    assert types(client, str(second.id)).count("invoice.payment_failed") == 4
    assert types(client, made.id)[-1] == "customer.subscription.deleted"
    assert charges(client, customer) == [("succeeded", 1500)] + [("failed", 1500)] * 4
    listed = client.v1.subscriptions.list({"customer": customer}).data
    everything = client.v1.subscriptions.list({"customer": customer, "status": "all"}).data
    assert (listed, [found.id for found in everything]) == ([], [made.id])


def test_a_card_that_works_again_brings_a_subscription_back(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    clock, customer, made = failing(client)
    good = kept_card(client, customer)
    client.v1.subscriptions.update(made.id, {"default_payment_method": good.id})
    advance(client, clock, 3 * DAY + HOUR)
    assert client.v1.subscriptions.retrieve(made.id).status == "active"
    assert [invoice.status for invoice in invoices(client, made.id)] == ["paid", "paid"]


def test_an_open_invoice_is_paid_by_hand_or_refused_with_the_banks_words(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    _clock, customer, made = failing(client)
    invoice = str(invoices(client, made.id)[1].id)
    with pytest.raises(stripe.CardError) as caught:
        client.v1.invoices.pay(invoice)
    assert caught.value.code == "card_declined"
    good = kept_card(client, customer)
    assert client.v1.invoices.pay(invoice, {"payment_method": good.id}).status == "paid"
    assert client.v1.subscriptions.retrieve(made.id).status == "active"
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.invoices.pay(invoice)


def test_what_happens_after_the_last_try_is_a_setting(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    sandbox.control("set", retry_days="1", retry_end="unpaid")
    clock, _customer, made = failing(client)
    advance(client, clock, 2 * DAY)
    assert client.v1.subscriptions.retrieve(made.id).status == "unpaid"
    advance(client, clock, 31 * DAY)
    assert invoices(client, made.id)[-1].status == "draft"
    sandbox.control("set", retry_days="3,5,7", retry_end="canceled")


def test_a_bank_that_asks_in_the_holders_absence_says_so(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    clock, customer = clocked_customer(client)
    made = subscribed(client, customer, monthly(client).id)
    asks = kept_card(client, customer, "4000002760003184")
    client.v1.subscriptions.update(made.id, {"default_payment_method": asks.id})
    advance(client, clock, 31 * DAY + HOUR)
    invoice = invoices(client, made.id)[-1]
    assert invoice.status == "open"
    told = types(client, str(invoice.id))
    assert "invoice.payment_action_required" in told
    assert "invoice.payment_failed" in told


@pytest.mark.parametrize(
    ("behavior", "status"),
    [("void", "void"), ("mark_uncollectible", "uncollectible"), ("keep_as_draft", "draft")],
)
def test_a_paused_subscription_charges_nobody_until_it_resumes(
    sandbox: Sandbox, client: stripe.StripeClient, behavior: Any, status: str
) -> None:
    clock, customer = clocked_customer(client)
    made = subscribed(client, customer, monthly(client).id)
    resumes = START + 40 * DAY
    paused = client.v1.subscriptions.update(
        made.id, {"pause_collection": {"behavior": behavior, "resumes_at": resumes}}
    )
    pause = present(paused.pause_collection)
    assert (paused.status, pause.behavior) == ("active", behavior)
    advance(client, clock, 70 * DAY)
    assert [invoice.status for invoice in invoices(client, made.id)] == ["paid", status, "paid"]
    assert charges(client, customer) == [("succeeded", 1500)] * 2
    assert client.v1.subscriptions.retrieve(made.id).pause_collection is None


def test_a_subscription_ends_now_or_with_its_period(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    clock, customer = clocked_customer(client)
    price = monthly(client).id
    now, later, stays = (subscribed(client, customer, price) for _ in range(3))
    gone = client.v1.subscriptions.cancel(now.id)
    assert (gone.status, gone.ended_at) == ("canceled", START)
    for subscription in (later, stays):
        client.v1.subscriptions.update(subscription.id, {"cancel_at_period_end": True})
    client.v1.subscriptions.update(stays.id, {"cancel_at_period_end": False})
    advance(client, clock, 32 * DAY)
    ended = client.v1.subscriptions.retrieve(later.id)
    assert (ended.status, on(ended.ended_at or 0)) == ("canceled", "2026-04-04")
    assert client.v1.subscriptions.retrieve(stays.id).status == "active"
    assert [len(invoices(client, s.id)) for s in (now, later, stays)] == [1, 1, 2]
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.subscriptions.cancel(now.id)


def test_an_amount_changes_from_the_next_invoice_on(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    clock, customer = clocked_customer(client)
    made = subscribed(client, customer, monthly(client).id)
    item = made["items"].data[0]
    change: Any = {
        "items": [
            {
                "id": item.id,
                "price_data": {
                    "currency": "usd",
                    "product": item.price.product,
                    "unit_amount": 2500,
                    "recurring": {"interval": "month"},
                },
            }
        ]
    }
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.subscriptions.update(made.id, change)
    assert caught.value.param == "proration_behavior"
    change["proration_behavior"] = "none"
    changed = client.v1.subscriptions.update(made.id, change)
    assert changed["items"].data[0].price.unit_amount == 2500
    assert charges(client, customer) == [("succeeded", 1500)]
    advance(client, clock, 32 * DAY)
    assert charges(client, customer) == [("succeeded", 1500), ("succeeded", 2500)]


def test_a_first_payment_that_fails_leaves_it_incomplete_until_it_expires(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    clock, customer = clocked_customer(client)
    price = monthly(client).id
    made = subscribed(client, customer, price, "4000000000000341")
    assert made.status == "incomplete"
    with pytest.raises(stripe.CardError):
        subscribed(
            client, customer, price, "4000000000000341", payment_behavior="error_if_incomplete"
        )
    assert len(client.v1.subscriptions.list({"customer": customer}).data) == 1
    advance(client, clock, DAY)
    assert client.v1.subscriptions.retrieve(made.id).status == "incomplete_expired"
    assert [invoice.status for invoice in invoices(client, made.id)] == ["void"]


def test_a_trial_costs_nothing_until_it_is_over(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    clock, customer = clocked_customer(client)
    made = subscribed(client, customer, monthly(client).id, trial_period_days=10)
    assert (made.status, charges(client, customer)) == ("trialing", [])
    advance(client, clock, 11 * DAY)
    assert client.v1.subscriptions.retrieve(made.id).status == "active"
    assert charges(client, customer) == [("succeeded", 1500)]


def test_a_clock_goes_forwards_only_and_takes_its_customers_along(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    clock, customer = clocked_customer(client)
    made = subscribed(client, customer, monthly(client).id)
    for target in (START, START + 900 * DAY):
        with pytest.raises(stripe.InvalidRequestError):
            client.v1.test_helpers.test_clocks.advance(clock, {"frozen_time": target})
    client.v1.test_helpers.test_clocks.delete(clock)
    assert client.v1.subscriptions.retrieve(made.id).status == "canceled"
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.customers.retrieve(customer)


def test_without_a_test_clock_the_sandboxes_own_clock_renews(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    customer = client.v1.customers.create({}).id
    made = subscribed(client, customer, monthly(client).id)
    sandbox.control("set", advance=str(32 * DAY))
    sandbox.control("tick")
    assert charges(client, customer) == [("succeeded", 1500)] * 2
    assert [invoice.status for invoice in invoices(client, made.id)] == ["paid", "paid"]
    sandbox.control("set", advance="0")


def test_what_was_done_by_a_clock_survives_a_kill(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    clock, customer = clocked_customer(client)
    made = subscribed(client, customer, monthly(client).id)
    advance(client, clock, 32 * DAY)
    before = client.v1.subscriptions.retrieve(made.id).to_dict()
    sandbox.restart()
    sandbox.control("set", settle_seconds="86400")
    assert client.v1.subscriptions.retrieve(made.id).to_dict() == before
    advance(client, clock, 31 * DAY)
    assert charges(client, customer) == [("succeeded", 1500)] * 3


def test_a_subscription_of_another_kind_is_refused_in_words(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    """Somebody can make one in the dashboard that is priced by usage or by tiers."""
    _clock, customer = clocked_customer(client)
    found = subscribed(client, customer, monthly(client).id)
    assert _subscription(found).amount == 1500
    for item in (
        {"quantity": None},
        {"price": {**found.items.data[0].price.to_dict(), "unit_amount": None}},
    ):
        body = found.to_dict()
        body["items"]["data"][0] |= item
        with pytest.raises(Conflict, match="not made by Poolbook"):
            _subscription(stripe.Subscription.construct_from(body, KEY))
