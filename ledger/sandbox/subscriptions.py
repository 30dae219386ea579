"""Subscriptions as the API has them: begun, changed, paused, cancelled.

The sandbox prorates nothing and refuses what would: say ``proration_behavior=none``. Must not
know what time brings (that is ``billing``).
"""

from typing import Any

from ledger.sandbox import billing, invoices, methods
from ledger.sandbox.errors import ApiError, missing
from ledger.sandbox.events import emit, public
from ledger.sandbox.params import (
    boolean,
    choice,
    group,
    inside,
    integer,
    merged,
    metadata,
    optional_text,
    text,
)
from ledger.sandbox.products import plan_of, price_of
from ledger.sandbox.store import Object, Store

DAY = 86_400
BEHAVIORS = (
    "allow_incomplete",
    "default_incomplete",
    "error_if_incomplete",
    "pending_if_incomplete",
)
PAUSES = ("keep_as_draft", "mark_uncollectible", "void")


def create(store: Store, params: Object) -> Object:
    """Begin a subscription; its first invoice is paid at once or it stays incomplete."""
    customer = store.need("customer", text(params, "customer"), param="customer")
    with store.at(billing.now_of(store, customer)):
        made = begin(
            store,
            customer,
            prices_of(store, params.get("items"), "items"),
            labels=metadata(params),
            description=optional_text(params, "description"),
            method=_default(store, params, customer["id"]),
            trial_end=_trial_end(store, params),
        )
        if made["status"] != "trialing":
            _first_payment(store, params, made)
        return _ending(store, store.need("subscription", made["id"]), params)


def begin(
    store: Store,
    customer: Object,
    prices: list[tuple[Object, int]],
    *,
    labels: Object,
    description: str | None = None,
    method: str | None = None,
    trial_end: int | None = None,
) -> Object:
    """Make a subscription that is incomplete, or on trial, with its first invoice drawn up."""
    start, first = store.now(), prices[0][0]
    made = store.add("subscription", "sub", _fresh(store, customer, first["currency"]))
    anchor = trial_end or start
    made |= {
        "billing_cycle_anchor": anchor,
        "default_payment_method": method,
        "description": description,
        "metadata": labels,
        "status": "trialing" if trial_end else "incomplete",
        "trial_end": trial_end,
        "trial_start": start if trial_end else None,
    }
    made["items"] = {
        "object": "list",
        "data": [_item(store, made, price, quantity) for price, quantity in prices],
        "has_more": False,
        "url": f"/v1/subscription_items?subscription={made['id']}",
    }
    billing.set_period(made, start, trial_end or billing.after(start, anchor, first))
    invoice = invoices.make(store, made, "subscription_create", free=trial_end is not None)
    emit(store, "customer.subscription.created", made)
    if trial_end:
        invoices.finalize(store, invoice)
    return made


def begin_paid(
    store: Store, customer: Object, prices: list[tuple[Object, int]], intent: Object, **data: Any
) -> Object:
    """Begin a subscription whose first invoice a payment page has paid, or is paying."""
    with store.at(billing.now_of(store, customer)):
        made = begin(store, customer, prices, method=intent["payment_method"], **data)
        invoice = store.need("invoice", made["latest_invoice"])
        invoice |= {"attempted": True, "attempt_count": 1}
        invoices.finalize(store, invoice, intent)
        return made


def update(store: Store, params: Object, subscription_id: str) -> Object:
    """Change a subscription from its next invoice on. Raises ApiError for a proration."""
    subscription = store.need("subscription", subscription_id)
    if subscription["ended_at"]:
        raise ApiError(f"This subscription is {subscription['status']}; it cannot change.")
    with store.at(billing.now_of(store, subscription)):
        new: Object = {}
        if "metadata" in params:
            new["metadata"] = merged(subscription["metadata"], params)
        if "description" in params:
            new["description"] = optional_text(params, "description")
        if "default_payment_method" in params:
            new["default_payment_method"] = _default(store, params, subscription["customer"])
        if "pause_collection" in params:
            new["pause_collection"] = _pause(params)
        if "items" in params:
            _check_proration(params)
            new["items"] = _changed_items(store, subscription, params["items"])
        if new:
            billing.change(store, subscription, **new)
        return _ending(store, subscription, params)


def cancel(store: Store, params: Object, subscription_id: str) -> Object:
    """End a subscription now."""
    if boolean(params, "prorate") or boolean(params, "invoice_now"):
        raise ApiError("This sandbox prorates nothing.", param="prorate")
    subscription = store.need("subscription", subscription_id)
    if subscription["ended_at"]:
        raise ApiError(f"No such subscription: '{subscription_id}'", status=404)
    details = group(params, "cancellation_details")
    subscription["cancellation_details"] |= details
    with store.at(billing.now_of(store, subscription)):
        return billing.cancel(store, subscription)


def pay_invoice(store: Store, params: Object, invoice_id: str) -> Object:
    """Try to pay an open invoice. Raises ApiError 402 where the bank does not."""
    invoice = store.need("invoice", invoice_id, param="invoice")
    if invoice["status"] == "paid":
        raise ApiError("Invoice is already paid", code="invoice_already_paid")
    if invoice["status"] not in ("open", "uncollectible"):
        raise ApiError(f"This invoice is {invoice['status']}; it cannot be paid.")
    subscription = store.need("subscription", invoice["_subscription"])
    with store.at(billing.now_of(store, subscription)):
        method = optional_text(params, "payment_method")
        reason = billing.pay(store, invoice, off_session=_absent(params), method=method)
        if reason:
            raise _declined(store, invoice, reason)
        return store.need("invoice", invoice_id)


def prices_of(store: Store, items: Any, place: str) -> list[tuple[Object, int]]:
    """Return the prices and quantities that are subscribed to. Raises ApiError."""
    if not items:
        raise missing(place)
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise ApiError("Invalid array.", param=place)
    found = []
    for position, item in enumerate(items):
        here = f"{place}[{position}]"
        price = price_of(store, item, within=here)
        if price["recurring"] is None:
            raise ApiError("The price is not recurring.", param=inside(here, "price"))
        found.append((price, integer({"quantity": "1", **item}, "quantity", within=here)))
    if len({(price["currency"], str(price["recurring"])) for price, _ in found}) > 1:
        raise ApiError("All prices have the same currency and interval.", param=place)
    return found


def _first_payment(store: Store, params: Object, made: Object) -> None:
    behavior = choice(params, "payment_behavior", BEHAVIORS) or "allow_incomplete"
    invoice = invoices.finalize(store, store.need("invoice", made["latest_invoice"]))
    if invoice["status"] == "paid" or behavior == "default_incomplete":
        if invoice["status"] == "paid":
            billing.change(store, made, status="active")
        return
    reason = billing.pay(store, invoice, off_session=_absent(params))
    if reason and behavior == "error_if_incomplete":
        refusal = _declined(store, invoice, reason)
        # Nothing was begun, so nothing stays.
        refusal.kept = False
        raise refusal


def _declined(store: Store, invoice: Object, reason: str) -> ApiError:
    intent = store.need("payment_intent", invoice["_intent"])
    if reason == "missing_payment_method":
        return ApiError(
            "This customer has no attached payment source or default payment method.",
            code="resource_missing",
        )
    return methods.declined(
        reason, "card", charge=intent["latest_charge"], payment_intent=public(intent)
    )


def _absent(params: Object) -> bool:
    return optional_text(params, "off_session") != "false"


def _default(store: Store, params: Object, customer: str) -> str | None:
    given = optional_text(params, "default_payment_method")
    if given is None:
        return None
    method = methods.chosen(store, given, customer, param="default_payment_method")
    return str(methods.keep(store, method, customer)["id"])


def _trial_end(store: Store, params: Object) -> int | None:
    if "trial_period_days" in params:
        return store.now() + integer(params, "trial_period_days") * DAY
    return integer(params, "trial_end") if "trial_end" in params else None


def _ending(store: Store, subscription: Object, params: Object) -> Object:
    """Plan or unplan a subscription's end."""
    if "cancel_at_period_end" in params:
        ends = boolean(params, "cancel_at_period_end")
        end = subscription["items"]["data"][0]["current_period_end"] if ends else None
    elif "cancel_at" in params:
        ends, end = False, integer(params, "cancel_at") if params["cancel_at"] else None
    else:
        return subscription
    reason = "cancellation_requested" if end else None
    return billing.change(
        store,
        subscription,
        cancel_at=end,
        cancel_at_period_end=ends,
        canceled_at=store.now() if end else None,
        cancellation_details={**subscription["cancellation_details"], "reason": reason},
    )


def _pause(params: Object) -> Object | None:
    if params["pause_collection"] == "":
        return None
    given = group(params, "pause_collection")
    behavior = choice(given, "behavior", PAUSES, within="pause_collection")
    if behavior is None:
        raise missing("pause_collection[behavior]")
    resumes = integer(given, "resumes_at") if given.get("resumes_at") else None
    return {"behavior": behavior, "resumes_at": resumes}


def _check_proration(params: Object) -> None:
    if optional_text(params, "proration_behavior") != "none":
        raise ApiError(
            "This sandbox prorates nothing; say proration_behavior=none.",
            param="proration_behavior",
        )


def _changed_items(store: Store, subscription: Object, given: Any) -> Object:
    if not isinstance(given, list) or not all(isinstance(item, dict) for item in given):
        raise ApiError("Invalid array.", param="items")
    items = {item["id"]: dict(item) for item in subscription["items"]["data"]}
    first = subscription["items"]["data"][0]
    for position, item in enumerate(given):
        here = f"items[{position}]"
        item_id = optional_text(item, "id", within=here)
        if item_id is not None and item_id not in items:
            raise ApiError(f"No such subscription item: '{item_id}'", param=inside(here, "id"))
        if item_id and boolean(item, "deleted", within=here):
            del items[item_id]
            continue
        known = items.get(item_id or "")
        price = known["price"] if known and not {"price", "price_data"} & set(item) else None
        price = price or public(price_of(store, item, within=here))
        if price["recurring"] != first["price"]["recurring"]:
            raise ApiError("This sandbox keeps the interval of a subscription.", param=here)
        quantity = str(known["quantity"] if known else 1)
        amount = integer({"quantity": quantity, **item}, "quantity", within=here)
        if known:
            known |= {"price": price, "plan": plan_of(price), "quantity": amount}
        else:
            made = _item(store, subscription, price, amount)
            period = ("current_period_start", "current_period_end")
            items[made["id"]] = {**made, **{name: first[name] for name in period}}
    if not items:
        raise ApiError("A subscription has at least one item.", param="items")
    return {**subscription["items"], "data": list(items.values())}


def _item(store: Store, subscription: Object, price: Object, quantity: int) -> Object:
    made = store.add("subscription_item", "si", {})
    # Kept inside the subscription; the row above only gives it an id.
    store.remove(made["id"])
    return {
        **made,
        "billing_thresholds": None,
        "created": store.now(),
        "current_period_end": 0,
        "current_period_start": 0,
        "current_trial": None,
        "discounts": [],
        "metadata": {},
        "plan": plan_of(price),
        "price": public(price),
        "quantity": quantity,
        "subscription": subscription["id"],
        "tax_rates": [],
    }


def _fresh(store: Store, customer: Object, currency: str) -> Object:
    return {
        "application": None,
        "application_fee_percent": None,
        "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None},
        "billing_cycle_anchor_config": None,
        "billing_mode": {"flexible": None, "type": "classic"},
        "billing_schedules": [],
        "billing_thresholds": None,
        "cancel_at": None,
        "cancel_at_period_end": False,
        "canceled_at": None,
        "cancellation_details": {
            "comment": None,
            "feedback": None,
            "feedback_option": None,
            "reason": None,
        },
        "collection_method": "charge_automatically",
        "created": store.now(),
        "currency": currency,
        "customer": customer["id"],
        "customer_account": None,
        "days_until_due": None,
        "default_source": None,
        "default_tax_rates": [],
        "discounts": [],
        "ended_at": None,
        "invoice_settings": {
            "account_tax_ids": None,
            "custom_fields": None,
            "description": None,
            "footer": None,
            "issuer": {"type": "self"},
        },
        "latest_invoice": None,
        "livemode": False,
        "managed_payments": None,
        "next_pending_invoice_item_invoice": None,
        "on_behalf_of": None,
        "pause_collection": None,
        "payment_settings": {
            "payment_method_options": None,
            "payment_method_types": None,
            "save_default_payment_method": "off",
        },
        "pending_invoice_item_interval": None,
        "pending_setup_intent": None,
        "pending_update": None,
        "schedule": None,
        "start_date": store.now(),
        "test_clock": customer["test_clock"],
        "transfer_data": None,
        "trial_settings": {
            "end_behavior": {
                "billing_cycle_anchor": None,
                "missing_payment_method": "create_invoice",
            }
        },
    }
