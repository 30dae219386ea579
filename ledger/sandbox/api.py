"""The part of Stripe's API v1 that donations need, with its checks and its lists."""

from collections.abc import Callable
from typing import Any

from ledger.sandbox import money
from ledger.sandbox.errors import ApiError, missing, unknown
from ledger.sandbox.events import emit, public
from ledger.sandbox.params import integer, metadata, text
from ledger.sandbox.store import Object, Store

Params = dict[str, Any]
DAY = 86_400
MINIMUM = 50
LISTS = {
    "customers": "customer",
    "checkout/sessions": "checkout.session",
    "payment_intents": "payment_intent",
    "charges": "charge",
    "refunds": "refund",
    "balance_transactions": "balance_transaction",
    "payouts": "payout",
    "events": "event",
    "webhook_endpoints": "webhook_endpoint",
}
EXPANDABLE = {
    "balance_transaction": "balance_transaction",
    "latest_charge": "charge",
    "charge": "charge",
    "payment_intent": "payment_intent",
    "source": "charge",
}


def create_customer(store: Store, params: Params, _base: str) -> Object:
    """Make a customer."""
    made = store.add(
        "customer",
        "cus",
        {
            "created": store.now(),
            "default_source": None,
            "description": params.get("description"),
            "email": params.get("email"),
            "invoice_prefix": None,
            "invoice_settings": {
                "custom_fields": None,
                "default_payment_method": None,
                "footer": None,
                "rendering_options": None,
            },
            "livemode": False,
            "metadata": metadata(params),
            "name": params.get("name"),
            "shipping": None,
        },
    )
    emit(store, "customer.created", made)
    return made


def create_session(store: Store, params: Params, base: str) -> Object:
    """Open a hosted payment page in payment mode."""
    if params.get("mode") != "payment":
        raise ApiError("This sandbox opens pages in payment mode.", param="mode")
    success_url = text(params, "success_url")
    amount, currency, name = _line_items(params)
    inner = params.get("payment_intent_data") or {}
    intent = money.create_intent(
        store,
        amount=amount,
        currency=currency,
        metadata=metadata(inner),
        email=params.get("customer_email"),
    )
    made = store.add(
        "checkout.session",
        "cs_test",
        {
            "amount_subtotal": amount,
            "amount_total": amount,
            "automatic_tax": {
                "enabled": False,
                "liability": None,
                "provider": None,
                "status": None,
            },
            "billing_address_collection": None,
            "cancel_url": params.get("cancel_url"),
            "client_reference_id": params.get("client_reference_id"),
            "client_secret": None,
            "created": store.now(),
            "currency": currency,
            "custom_fields": [],
            "custom_text": {
                "after_submit": None,
                "shipping_address": None,
                "submit": None,
                "terms_of_service_acceptance": None,
            },
            "customer": params.get("customer"),
            "customer_creation": "if_required",
            "customer_details": None,
            "customer_email": params.get("customer_email"),
            "expires_at": store.now() + DAY,
            "invoice": None,
            "livemode": False,
            "locale": None,
            "metadata": metadata(params),
            "mode": "payment",
            "payment_intent": None,
            "payment_link": None,
            "payment_method_collection": None,
            "payment_method_types": ["card"],
            "payment_status": "unpaid",
            "setup_intent": None,
            "status": "open",
            "submit_type": params.get("submit_type"),
            "subscription": None,
            "success_url": success_url,
            "total_details": None,
            "url": None,
            "_intent": intent["id"],
            "_name": name,
        },
    )
    made["url"] = f"{base}/c/pay/{made['id']}"
    return store.save(made)


def expire_session(store: Store, session_id: str, _params: Params) -> Object:
    """Close a payment page."""
    session = store.get("checkout.session", session_id)
    if session is None:
        raise unknown("checkout.session", session_id)
    if session["status"] != "open":
        raise ApiError("Only open sessions can be expired.", param="session")
    session |= {"status": "expired", "url": None}
    store.save(session)
    emit(store, "checkout.session.expired", session)
    return session


def create_refund(store: Store, params: Params, _base: str) -> Object:
    """Send money back."""
    charge_id = params.get("charge")
    if not charge_id and params.get("payment_intent"):
        intent = store.get("payment_intent", str(params["payment_intent"]))
        charge_id = intent["latest_charge"] if intent else None
    if not charge_id:
        raise missing("charge")
    amount = integer(params, "amount") if "amount" in params else None
    made = money.refund(store, charge_id=str(charge_id), amount=amount, metadata=metadata(params))
    emit(store, "refund.created", made)
    charge = store.get("charge", str(charge_id))
    if charge is not None:
        emit(store, "charge.refunded", charge)
    return made


def create_endpoint(store: Store, params: Params, _base: str) -> Object:
    """Register where messages go."""
    return store.add(
        "webhook_endpoint",
        "we",
        {
            "api_version": None,
            "application": None,
            "created": store.now(),
            "description": None,
            "enabled_events": params.get("enabled_events") or ["*"],
            "livemode": False,
            "metadata": {},
            "secret": params.get("secret") or "whsec_sandbox",
            "status": "enabled",
            "url": text(params, "url"),
        },
    )


def balance(store: Store) -> Object:
    """Return what is on the balance, by currency."""
    currencies = sorted({txn["currency"] for txn in store.all("balance_transaction")}) or ["usd"]
    return {
        "object": "balance",
        "available": [
            {"amount": money.balance(store, code), "currency": code, "source_types": {}}
            for code in currencies
        ],
        "livemode": False,
        "pending": [{"amount": 0, "currency": code, "source_types": {}} for code in currencies],
    }


def retrieve(store: Store, kind: str, object_id: str, params: Params) -> Object:
    """Return one object, with what is to be expanded."""
    found = store.get(kind, object_id)
    if found is None:
        raise unknown(kind, object_id)
    return expanded(store, found, params)


def listing(store: Store, path: str, params: Params) -> Object:
    """Return a page of a list, newest first."""
    limit = integer(params, "limit") if "limit" in params else 10
    if limit > 100:
        raise ApiError("limit is at most 100.", param="limit")
    rows = [row for row in store.all(LISTS[path]) if _wanted(row, params)]
    after, before = params.get("starting_after"), params.get("ending_before")
    ids = [row["id"] for row in rows]
    if after:
        if after not in ids:
            raise unknown(LISTS[path], after)
        rows = rows[ids.index(after) + 1 :]
    if before:
        if before not in ids:
            raise unknown(LISTS[path], before)
        rows = rows[: ids.index(before)][-limit:]
    return {
        "object": "list",
        "data": [expanded(store, row, params) for row in rows[:limit]],
        "has_more": len(rows) > limit,
        "url": f"/v1/{path}",
    }


def expanded(store: Store, body: Object, params: Params) -> Object:
    """Return an object's public part with references replaced by what they name."""
    shown = public(body)
    for path in params.get("expand") or []:
        name = str(path).removeprefix("data.").split(".", 1)[0]
        kind = EXPANDABLE.get(name)
        if kind and isinstance(shown.get(name), str):
            found = store.get(kind, shown[name])
            shown[name] = public(found) if found else shown[name]
    return shown


CREATE: dict[str, Callable[[Store, Params, str], Object]] = {
    "customers": create_customer,
    "checkout/sessions": create_session,
    "refunds": create_refund,
    "webhook_endpoints": create_endpoint,
}


def _wanted(row: Object, params: Params) -> bool:
    created = params.get("created") or {}
    tests = {
        "gte": lambda at, limit: at >= limit,
        "gt": lambda at, limit: at > limit,
        "lte": lambda at, limit: at <= limit,
        "lt": lambda at, limit: at < limit,
    }
    if isinstance(created, dict):
        for name in created:
            if name not in tests or not tests[name](row["created"], integer(created, name)):
                return False
    hidden = {"payout": "_payout"}
    for name in ("payout", "source", "charge", "payment_intent", "type", "status", "email"):
        if name in params and row.get(hidden.get(name, name)) != params[name]:
            return False
    return True


def _line_items(params: Params) -> tuple[int, str, str]:
    items = params.get("line_items")
    if not isinstance(items, list) or not items:
        raise missing("line_items")
    total, currency, name = 0, "", ""
    for position, item in enumerate(items):
        price = item.get("price_data") if isinstance(item, dict) else None
        if not isinstance(price, dict):
            raise missing(f"line_items[{position}][price_data]")
        total += integer(price, "unit_amount") * integer(item, "quantity")
        currency = text(price, "currency").lower()
        product = price.get("product_data")
        name = text(product if isinstance(product, dict) else {}, "name")
    if total < MINIMUM:
        raise ApiError(
            "The total amount due must convert to at least 50 cents.",
            code="amount_too_small",
            param="line_items",
        )
    return total, currency, name
