"""What Poolbook relies on at Stripe, asked of the sandbox and of Stripe in the same words."""

from typing import Any
from uuid import uuid4

import pytest
import stripe

from tests.contract.conftest import KEY, Side
from tests.sandbox.conftest import present
from tests.sandbox.shapes import CLASSES, problems

VISA = "pm_card_visa"
BACK = "https://example.org/back"


def test_stripe_itself_is_asked_when_there_is_a_key() -> None:
    if not KEY:
        pytest.skip("STRIPE_TEST_KEY is not set: only the sandbox keeps the contract in this run")
    assert KEY.startswith(("sk_test_", "rk_test_"))


def shaped(*objects: stripe.StripeObject) -> None:
    """Every object has the shape that the pinned SDK states."""
    for found in objects:
        body = found.to_dict()
        assert problems(body, CLASSES[body["object"]]) == []


def kept(client: stripe.StripeClient, customer: str, means: str = VISA) -> str:
    """A card of Stripe's testing page, attached to a customer."""
    return client.v1.payment_methods.attach(means, {"customer": customer}).id


def absent(customer: str, method: str, amount: int = 2500) -> Any:
    """A charge in its holder's absence."""
    return {
        "amount": amount,
        "currency": "usd",
        "customer": customer,
        "payment_method": method,
        "allowed_payment_method_types": ["card"],
        "off_session": True,
        "confirm": True,
        "metadata": {"contract": "1"},
    }


def paid(side: Side, customer: str, means: str = VISA, amount: int = 2500) -> str:
    """A charge that succeeded and has its balance transaction."""
    client = side.client
    method = kept(client, customer, means)
    made = client.v1.payment_intents.create(absent(customer, method, amount))
    assert made.status == "succeeded"
    charge = side.eventually(
        lambda: client.v1.charges.retrieve(str(made.latest_charge)),
        lambda found: found.balance_transaction is not None,
    )
    return charge.id


def movements(client: stripe.StripeClient, source: str) -> list[stripe.BalanceTransaction]:
    return client.v1.balance_transactions.list({"source": source}).data


def test_a_customer_is_made_changed_found_and_deleted(client: stripe.StripeClient) -> None:
    made = client.v1.customers.create({"name": "Ada", "metadata": {"a": "1", "b": "2"}})
    shaped(made)
    assert (made.livemode, made.name) == (False, "Ada")
    changed = client.v1.customers.update(made.id, {"metadata": {"a": ""}})
    assert present(changed.metadata).to_dict() == {"b": "2"}
    assert client.v1.customers.delete(made.id).deleted is True
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.customers.retrieve("cus_contract_none")
    assert (caught.value.http_status, caught.value.code) == (404, "resource_missing")


def test_a_kept_card_is_charged_in_its_holders_absence(side: Side, customer: str) -> None:
    charge = side.client.v1.charges.retrieve(paid(side, customer))
    shaped(charge)
    (txn,) = movements(side.client, charge.id)
    shaped(txn)
    assert (charge.paid, charge.metadata["contract"]) == (True, "1")
    assert (txn.type, txn.reporting_category, txn.source) == ("charge", "charge", charge.id)
    assert txn.net == txn.amount - txn.fee
    assert txn.fee == sum(detail.amount for detail in txn.fee_details) > 0


@pytest.mark.parametrize(
    ("token", "code"),
    [
        ("pm_card_chargeCustomerFail", "card_declined"),
        ("pm_card_authenticationRequired", "authentication_required"),
    ],
)
def test_a_bank_that_does_not_pay_answers_402_with_the_intent_inside(
    client: stripe.StripeClient, customer: str, token: str, code: str
) -> None:
    method = kept(client, customer, token)
    with pytest.raises(stripe.CardError) as caught:
        client.v1.payment_intents.create(absent(customer, method))
    error: Any = caught.value
    assert (error.http_status, error.code) == (402, code)
    inner = error.json_body["error"]["payment_intent"]
    assert inner["status"] == "requires_payment_method"
    assert inner["last_payment_error"]["payment_method"]["id"] == method
    intent = client.v1.payment_intents.retrieve(inner["id"])
    shaped(intent)
    good = kept(client, customer)
    again = client.v1.payment_intents.confirm(
        intent.id, {"payment_method": good, "off_session": True}
    )
    assert again.status == "succeeded"


def test_a_card_that_always_declines_cannot_be_kept(
    client: stripe.StripeClient, customer: str
) -> None:
    with pytest.raises(stripe.CardError) as caught:
        kept(client, customer, "pm_card_visa_chargeDeclined")
    assert (caught.value.http_status, caught.value.code) == (402, "card_declined")


def test_on_session_the_bank_asks(client: stripe.StripeClient, customer: str) -> None:
    made = client.v1.payment_intents.create(
        {
            "amount": 900,
            "currency": "usd",
            "customer": customer,
            "payment_method": "pm_card_authenticationRequired",
            "allowed_payment_method_types": ["card"],
            "confirm": True,
            "return_url": BACK,
        }
    )
    shaped(made)
    step = present(made.next_action).type
    assert (made.status, step) == ("requires_action", "redirect_to_url")
    gone = client.v1.payment_intents.cancel(made.id)
    assert gone.status == "canceled"
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.cancel(made.id)
    assert caught.value.code == "payment_intent_unexpected_state"


def test_a_card_is_set_up_and_listed(client: stripe.StripeClient, customer: str) -> None:
    setup = client.v1.setup_intents.create(
        {
            "customer": customer,
            "payment_method": "pm_card_visa",
            "allowed_payment_method_types": ["card"],
            "usage": "off_session",
            "confirm": True,
        }
    )
    shaped(setup)
    assert setup.status == "succeeded"
    (method,) = client.v1.customers.payment_methods.list(customer).data
    shaped(method)
    assert method.id == setup.payment_method


def test_a_key_acts_once_and_refuses_other_parameters(client: stripe.StripeClient) -> None:
    key: Any = {"idempotency_key": f"contract:{uuid4()}"}
    first = client.v1.customers.create({"name": "Once"}, options=key)
    again = client.v1.customers.create({"name": "Once"}, options=key)
    assert again.id == first.id
    with pytest.raises(stripe.IdempotencyError):
        client.v1.customers.create({"name": "Other"}, options=key)
    client.v1.customers.delete(first.id)


def test_refunds_go_up_to_the_charge_and_not_beyond(side: Side, customer: str) -> None:
    client = side.client
    charge = paid(side, customer)
    made = client.v1.refunds.create({"charge": charge, "amount": 1000})
    shaped(made)
    assert made.status == "succeeded"
    (txn,) = movements(client, made.id)
    assert (txn.reporting_category, txn.amount, txn.fee) == ("refund", -1000, 0)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.refunds.create({"charge": charge, "amount": 1501})
    assert caught.value.param == "amount"
    client.v1.refunds.create({"charge": charge})
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.refunds.create({"charge": charge})
    assert caught.value.code == "charge_already_refunded"
    assert client.v1.charges.retrieve(charge).refunded is True


def test_a_refund_can_be_pending_first(side: Side, customer: str) -> None:
    client = side.client
    charge = paid(side, customer, "pm_card_pendingRefund")
    made = client.v1.refunds.create({"charge": charge})
    assert made.status == "pending"
    side.eventually(
        lambda: client.v1.refunds.retrieve(made.id), lambda found: found.status == "succeeded"
    )


def test_a_refund_that_succeeded_can_fail(side: Side, customer: str) -> None:
    client = side.client
    charge = paid(side, customer, "pm_card_refundFail")
    made = client.v1.refunds.create({"charge": charge})
    assert made.status == "succeeded"
    failed = side.eventually(
        lambda: client.v1.refunds.retrieve(made.id, {"expand": ["failure_balance_transaction"]}),
        lambda found: found.status == "failed",
    )
    back: Any = failed.failure_balance_transaction
    assert (back.reporting_category, back.amount) == ("refund_failure", 2500)


def test_a_dispute_takes_money_and_a_fee_and_is_won_by_evidence(side: Side, customer: str) -> None:
    client = side.client
    charge = paid(side, customer, "pm_card_createDispute")
    (dispute,) = side.eventually(
        lambda: client.v1.disputes.list({"charge": charge}).data, lambda found: len(found) == 1
    )
    shaped(dispute)
    assert (dispute.status, dispute.reason, dispute.amount) == (
        "needs_response",
        "fraudulent",
        2500,
    )
    (txn,) = dispute.balance_transactions
    assert (txn.reporting_category, txn.amount) == ("dispute", -2500)
    assert txn.fee > 0
    client.v1.disputes.update(
        dispute.id, {"evidence": {"uncategorized_text": "winning_evidence"}, "submit": True}
    )
    won = side.eventually(
        lambda: client.v1.disputes.retrieve(dispute.id), lambda found: found.status == "won"
    )
    assert [t.reporting_category for t in won.balance_transactions] == [
        "dispute",
        "dispute_reversal",
    ]


def test_an_inquiry_moves_no_money(side: Side, customer: str) -> None:
    client = side.client
    charge = paid(side, customer, "pm_card_createDisputeInquiry")
    (dispute,) = side.eventually(
        lambda: client.v1.disputes.list({"charge": charge}).data, lambda found: len(found) == 1
    )
    assert (dispute.status, dispute.balance_transactions) == ("warning_needs_response", [])
    assert dispute.is_charge_refundable is True


@pytest.mark.parametrize(
    ("strange", "param"),
    [
        ({"payment_method_types": ["card"]}, "payment_method_types"),
        ({"colour": "red"}, "colour"),
        ({"payment_intent_data": {"colour": "red"}}, "payment_intent_data[colour]"),
    ],
    ids=["withdrawn", "invented", "inside a group"],
)
def test_a_page_with_a_parameter_that_does_not_exist_is_refused(
    client: stripe.StripeClient, strange: dict[str, Any], param: str
) -> None:
    price = {"currency": "usd", "unit_amount": 1500, "product_data": {"name": "Contract"}}
    params: Any = {
        "mode": "payment",
        "success_url": BACK,
        "line_items": [{"quantity": 1, "price_data": price}],
        **strange,
    }
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.checkout.sessions.create(params)
    error = caught.value
    assert (error.http_status, error.code, error.param) == (400, "parameter_unknown", param)


def test_intents_take_no_list_of_methods_any_more(client: stripe.StripeClient) -> None:
    old: Any = {"amount": 900, "currency": "usd", "payment_method_types": ["card"]}
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.create(old)
    assert caught.value.http_status == 400
    assert caught.value.code == "payment_method_types_no_longer_supported"


def test_a_kept_card_is_charged_as_poolbook_charges_it(
    client: stripe.StripeClient, customer: str
) -> None:
    """Without a way back nobody may be led away; off session Stripe has nobody to lead."""
    method = kept(client, customer)
    common: Any = {
        "amount": 900,
        "currency": "usd",
        "customer": customer,
        "payment_method": method,
        "off_session": True,
        "confirm": True,
    }
    stays: Any = {"enabled": True, "allow_redirects": "never"}
    common["automatic_payment_methods"] = stays
    made = client.v1.payment_intents.create(common)
    assert made.status == "succeeded"


def test_a_page_offers_what_is_allowed_and_fits(client: stripe.StripeClient) -> None:
    price = {"currency": "usd", "unit_amount": 1500, "product_data": {"name": "Contract"}}
    params: Any = {
        "mode": "payment",
        "success_url": BACK,
        "line_items": [{"quantity": 1, "price_data": price}],
        "allowed_payment_method_types": ["card", "sepa_debit"],
        "expand": ["line_items"],
    }
    made = client.v1.checkout.sessions.create(params)
    shaped(made)
    assert made.payment_method_types == ["card"]
    assert [line.amount_total for line in present(made.line_items).data] == [1500]


@pytest.mark.parametrize("mode", ["payment", "setup", "subscription"])
def test_a_hosted_page_is_opened_and_closed(
    client: stripe.StripeClient, customer: str, mode: Any
) -> None:
    price: Any = {
        "currency": "usd",
        "unit_amount": 1500,
        "product_data": {"name": "Contract"},
        **({"recurring": {"interval": "month"}} if mode == "subscription" else {}),
    }
    params: Any = {
        "mode": mode,
        "customer": customer,
        "allowed_payment_method_types": ["card"],
        "success_url": BACK,
        "cancel_url": BACK,
        "client_reference_id": "contract",
        "metadata": {"contract": "1"},
    }
    if mode != "setup":
        params["line_items"] = [{"quantity": 1, "price_data": price}]
    made = client.v1.checkout.sessions.create(params)
    shaped(made)
    assert (made.status, made.mode, made.payment_intent) == ("open", mode, None)
    assert made.amount_total == (None if mode == "setup" else 1500)
    assert made.url is not None
    if mode == "setup":
        assert made.payment_status == "no_payment_required"
    closed = client.v1.checkout.sessions.expire(made.id)
    assert (closed.status, closed.url) == ("expired", None)
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.checkout.sessions.expire(made.id)


def test_a_subscription_renews_by_a_test_clock_and_its_invoice_names_the_payment(
    side: Side,
) -> None:
    client = side.client
    start = 1_772_582_400
    clock = client.v1.test_helpers.test_clocks.create({"frozen_time": start})
    shaped(clock)
    customer = client.v1.customers.create({"test_clock": clock.id}).id
    price = client.v1.prices.create(
        {
            "currency": "usd",
            "unit_amount": 1500,
            "recurring": {"interval": "month"},
            "product_data": {"name": "Contract"},
        }
    )
    shaped(price)
    made = client.v1.subscriptions.create(
        {
            "customer": customer,
            "items": [{"price": price.id}],
            "default_payment_method": kept(client, customer),
            "off_session": True,
            "metadata": {"contract": "1"},
        }
    )
    shaped(made)
    assert made.status == "active"
    client.v1.test_helpers.test_clocks.advance(
        clock.id, {"frozen_time": start + 31 * 86_400 + 7200}
    )
    side.eventually(
        lambda: client.v1.test_helpers.test_clocks.retrieve(clock.id),
        lambda found: found.status == "ready",
    )
    second, first = client.v1.invoices.list({"subscription": made.id}).data
    shaped(first, second)
    assert (first.billing_reason, second.billing_reason) == (
        "subscription_create",
        "subscription_cycle",
    )
    assert (first.status, second.status, second.amount_paid) == ("paid", "paid", 1500)
    details: Any = present(second.parent).subscription_details
    assert (details.subscription, details.metadata["contract"]) == (made.id, "1")
    (payment,) = client.v1.invoice_payments.list({"invoice": str(second.id)}).data
    shaped(payment)
    intent = client.v1.payment_intents.retrieve(str(payment.payment.payment_intent))
    assert (intent.status, intent.metadata.to_dict()) == ("succeeded", {})
    ending = client.v1.subscriptions.update(made.id, {"cancel_at_period_end": True})
    assert (ending.status, ending.cancel_at_period_end) == ("active", True)
    assert client.v1.subscriptions.cancel(made.id).status == "canceled"
    client.v1.test_helpers.test_clocks.delete(clock.id)


def test_events_are_listed_by_type_and_carry_the_pinned_version(side: Side, customer: str) -> None:
    client = side.client
    charge = paid(side, customer)
    found = side.eventually(
        lambda: client.v1.events.list({"type": "charge.succeeded", "limit": 20}).data,
        lambda events: any(event.data.object.id == charge for event in events),
    )
    shaped(*found)
    assert {event.type for event in found} == {"charge.succeeded"}
    client.v1.events.list({"delivery_success": False, "limit": 1})


def test_the_balance_and_its_movements_are_read_page_by_page(side: Side, customer: str) -> None:
    client = side.client
    for _ in range(3):
        paid(side, customer, amount=1000)
    shaped(client.v1.balance.retrieve())
    first = client.v1.balance_transactions.list({"limit": 2})
    assert (len(first.data), first.has_more) == (2, True)
    second = client.v1.balance_transactions.list({"limit": 2, "starting_after": first.data[1].id})
    back = client.v1.balance_transactions.list({"limit": 2, "ending_before": second.data[0].id})
    assert [txn.id for txn in back.data] == [txn.id for txn in first.data]
    shaped(*first.data, *second.data)
