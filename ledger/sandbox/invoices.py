"""Invoices of subscriptions: drawn up, finalised, paid, tried again, given up.

A finalised invoice has one payment intent for all its tries; which payment belongs to which
invoice is told by invoice payments, as the pinned API has it. Must not decide when (``billing``).
"""

from copy import deepcopy

from ledger.sandbox import attempts, methods
from ledger.sandbox.errors import ApiError
from ledger.sandbox.events import emit
from ledger.sandbox.params import boolean, merged, optional_text
from ledger.sandbox.store import Object, Store

HOUR = 3600
DAY = 86_400
WORDS = {
    "subscription_create": "Subscription creation",
    "subscription_cycle": "Subscription update",
    "subscription_update": "Subscription update",
}

# What every invoice starts with.
BLANK: Object = {
    "account_country": "US",
    "account_name": "Sandbox",
    "account_tax_ids": None,
    "amount_overpaid": 0,
    "amount_paid": 0,
    "amount_shipping": 0,
    "application": None,
    "attempt_count": 0,
    "attempted": False,
    "auto_advance": True,
    "automatic_tax": {
        "disabled_reason": None,
        "enabled": False,
        "liability": None,
        "provider": None,
        "status": None,
    },
    "collection_method": "charge_automatically",
    "custom_fields": None,
    "customer_account": None,
    "customer_address": None,
    "customer_phone": None,
    "customer_shipping": None,
    "customer_tax_exempt": "none",
    "customer_tax_ids": [],
    "default_payment_method": None,
    "default_source": None,
    "default_tax_rates": [],
    "description": None,
    "discounts": [],
    "due_date": None,
    "effective_at": None,
    "ending_balance": 0,
    "footer": None,
    "from_invoice": None,
    "hosted_invoice_url": None,
    "invoice_pdf": None,
    "issuer": {"type": "self"},
    "last_finalization_error": None,
    "latest_revision": None,
    "livemode": False,
    "metadata": {},
    "next_payment_attempt": None,
    "number": None,
    "on_behalf_of": None,
    "payment_settings": {
        "default_mandate": None,
        "payment_method_options": None,
        "payment_method_types": None,
    },
    "post_payment_credit_notes_amount": 0,
    "pre_payment_credit_notes_amount": 0,
    "receipt_number": None,
    "rendering": None,
    "shipping_cost": None,
    "shipping_details": None,
    "starting_balance": 0,
    "statement_descriptor": None,
    "status": "draft",
    "status_transitions": {
        "finalized_at": None,
        "marked_uncollectible_at": None,
        "paid_at": None,
        "voided_at": None,
    },
    "total_discount_amounts": [],
    "total_pretax_credit_amounts": [],
    "total_taxes": [],
    "_intent": None,
    "_payment": None,
}


def make(
    store: Store, subscription: Object, reason: str, *, since: int | None = None, free: bool = False
) -> Object:
    """Draw up a subscription's invoice for its current period, as a draft.

    The invoice itself names the period that ended, which began ``since``.
    """
    items = subscription["items"]["data"]
    customer = store.need("customer", subscription["customer"])
    start = items[0]["current_period_start"]
    made = store.add("invoice", "in", _fresh(store, subscription, customer, reason))
    lines = [_line(store, made, subscription, item, free=free) for item in items]
    total = sum(line["amount"] for line in lines)
    made |= {
        "lines": {
            "object": "list",
            "data": lines,
            "has_more": False,
            "url": f"/v1/invoices/{made['id']}/lines",
        },
        "amount_due": total,
        "amount_remaining": total,
        "subtotal": total,
        "subtotal_excluding_tax": total,
        "total": total,
        "total_excluding_tax": total,
        "period_start": since or start,
        "period_end": start,
    }
    subscription["latest_invoice"] = made["id"]
    store.save(subscription)
    emit(store, "invoice.created", store.save(made))
    return made


def finalize(store: Store, invoice: Object, intent: Object | None = None) -> Object:
    """Make a draft due; it is paid at once when it asks for nothing."""
    number = 1 + sum(1 for found in store.all("invoice") if found["number"])
    invoice |= {
        "status": "open",
        "number": f"SANDBOX-{number:04d}",
        "effective_at": store.now(),
        "_finalize_at": None,
        "automatically_finalizes_at": None,
    }
    invoice["status_transitions"]["finalized_at"] = store.now()
    emit(store, "invoice.finalized", store.save(invoice))
    if invoice["total"] == 0:
        return mark_paid(store, invoice)
    found = intent or attempts.make_intent(
        store,
        amount=invoice["total"],
        currency=invoice["currency"],
        metadata={},
        customer=invoice["customer"],
        description=WORDS[invoice["billing_reason"]],
        kinds=methods.offered({}, invoice["currency"]),
        setup_future_usage="off_session",
    )
    found["_invoice"] = invoice["id"]
    store.save(found)
    payment = store.add("invoice_payment", "inpay", _payment(store, invoice, found))
    invoice["_intent"], invoice["_payment"] = found["id"], payment["id"]
    return store.save(invoice)


def collect(store: Store, invoice: Object, method_id: str | None, *, off_session: bool) -> str:
    """Try to pay an invoice and return the reason of a decline, or nothing."""
    intent = store.need("payment_intent", invoice["_intent"])
    invoice |= {"attempted": True, "attempt_count": invoice["attempt_count"] + 1}
    store.save(invoice)
    if intent["status"] == "processing":
        return ""
    if method_id is None:
        return _failed(store, invoice, "missing_payment_method")
    method = methods.chosen(store, method_id, invoice["customer"], param="payment_method")
    reason = attempts.attempt(store, intent, method, off_session=off_session)
    if intent["status"] == "requires_action" or reason == "authentication_required":
        emit(store, "invoice.payment_action_required", store.need("invoice", invoice["id"]))
    return _failed(store, invoice, reason) if reason else ""


def mark_paid(store: Store, invoice: Object) -> Object:
    """Note that an invoice is paid."""
    invoice |= {
        "status": "paid",
        "amount_paid": invoice["total"],
        "amount_remaining": 0,
        "attempted": True,
        "auto_advance": False,
        "next_payment_attempt": None,
    }
    invoice["status_transitions"]["paid_at"] = store.now()
    store.save(invoice)
    if invoice["_payment"]:
        payment = store.need("invoice_payment", invoice["_payment"])
        payment |= {"status": "paid", "amount_paid": invoice["total"]}
        payment["status_transitions"]["paid_at"] = store.now()
        emit(store, "invoice_payment.paid", store.save(payment))
    emit(store, "invoice.paid", invoice)
    emit(store, "invoice.payment_succeeded", invoice)
    return invoice


def update(store: Store, params: Object, invoice_id: str) -> Object:
    """Change an invoice's texts."""
    invoice = store.need("invoice", invoice_id, param="invoice")
    invoice["metadata"] = merged(invoice["metadata"], params)
    if "description" in params:
        invoice["description"] = optional_text(params, "description")
    if "auto_advance" in params:
        invoice["auto_advance"] = boolean(params, "auto_advance")
    emit(store, "invoice.updated", store.save(invoice))
    return invoice


def finalize_now(store: Store, _params: Object, invoice_id: str) -> Object:
    """Make a draft due now."""
    invoice = store.need("invoice", invoice_id, param="invoice")
    if invoice["status"] != "draft":
        raise ApiError("This invoice is already finalized.", code="invoice_not_editable")
    return finalize(store, invoice)


def give_up(store: Store, invoice: Object, status: str) -> Object:
    """Void an invoice or mark it uncollectible. Raises ApiError when it is paid."""
    if invoice["status"] not in ("draft", "open", "uncollectible"):
        raise ApiError(f"This invoice is {invoice['status']} already.", param="invoice")
    moment = {"void": "voided_at", "uncollectible": "marked_uncollectible_at"}[status]
    invoice |= {
        "status": status,
        "auto_advance": False,
        "next_payment_attempt": None,
        "_finalize_at": None,
    }
    invoice["status_transitions"][moment] = store.now()
    kind = {"void": "invoice.voided", "uncollectible": "invoice.marked_uncollectible"}[status]
    emit(store, kind, store.save(invoice))
    return invoice


def void(store: Store, _params: Object, invoice_id: str) -> Object:
    """Void an invoice."""
    return give_up(store, store.need("invoice", invoice_id, param="invoice"), "void")


def mark_uncollectible(store: Store, _params: Object, invoice_id: str) -> Object:
    """Mark an invoice as one that nobody will pay."""
    return give_up(store, store.need("invoice", invoice_id, param="invoice"), "uncollectible")


def payments_of(store: Store, invoice_id: str) -> Object:
    """Return the payments of an invoice as ``payments`` shows them when expanded."""
    found = store.where("invoice_payment", "invoice", invoice_id)
    url = f"/v1/invoice_payments?invoice={invoice_id}"
    return {"object": "list", "data": found, "has_more": False, "url": url}


def _failed(store: Store, invoice: Object, reason: str) -> str:
    emit(store, "invoice.payment_failed", store.need("invoice", invoice["id"]))
    return reason


def _payment(store: Store, invoice: Object, intent: Object) -> Object:
    return {
        "amount_paid": None,
        "amount_requested": invoice["total"],
        "created": store.now(),
        "currency": invoice["currency"],
        "invoice": invoice["id"],
        "is_default": True,
        "livemode": False,
        "payment": {"payment_intent": intent["id"], "type": "payment_intent"},
        "status": "open",
        "status_transitions": {"canceled_at": None, "paid_at": None},
    }


def _fresh(store: Store, subscription: Object, customer: Object, reason: str) -> Object:
    return {
        **deepcopy(BLANK),
        "automatically_finalizes_at": store.now() + HOUR,
        "billing_reason": reason,
        "created": store.now(),
        "currency": subscription["currency"],
        "customer": customer["id"],
        "customer_email": customer["email"],
        "customer_name": customer["name"],
        "customer_phone": customer["phone"],
        "parent": {
            "quote_details": None,
            "subscription_details": {
                "metadata": subscription["metadata"],
                "subscription": subscription["id"],
            },
            "type": "subscription_details",
        },
        "test_clock": customer["test_clock"],
        "webhooks_delivered_at": store.now(),
        "_subscription": subscription["id"],
        "_finalize_at": store.now() + HOUR,
    }


def _line(
    store: Store, invoice: Object, subscription: Object, item: Object, *, free: bool
) -> Object:
    price = item["price"]
    amount = 0 if free else price["unit_amount"] * item["quantity"]
    name = store.need("product", price["product"])["name"]
    return {
        "id": f"il_{item['id'][3:]}_{invoice['id'][-6:]}",
        "object": "line_item",
        "amount": amount,
        "currency": price["currency"],
        "description": f"{item['quantity']} x {name}",
        "discount_amounts": [],
        "discountable": True,
        "discounts": [],
        "invoice": invoice["id"],
        "livemode": False,
        "metadata": subscription["metadata"],
        "parent": {
            "invoice_item_details": None,
            "subscription_item_details": {
                "invoice_item": None,
                "proration": False,
                "proration_details": {"credited_items": None},
                "subscription": subscription["id"],
                "subscription_item": item["id"],
            },
            "type": "subscription_item_details",
        },
        "period": {"start": item["current_period_start"], "end": item["current_period_end"]},
        "pretax_credit_amounts": [],
        "pricing": {
            "price_details": {"price": price["id"], "product": price["product"]},
            "type": "price_details",
            "unit_amount_decimal": price["unit_amount_decimal"],
        },
        "quantity": item["quantity"],
        "quantity_decimal": str(item["quantity"]),
        "subscription": subscription["id"],
        "subtotal": amount,
        "taxes": [],
    }
