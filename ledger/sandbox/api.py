"""The part of Stripe's API v1 that donations need: what can be made, with Stripe's checks.

Must not read lists (that is ``lists``) nor answer requests (``server``).
"""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from ledger.sandbox import money, payouts
from ledger.sandbox.currencies import check_amount, check_currency
from ledger.sandbox.errors import ApiError, missing, unknown
from ledger.sandbox.events import emit
from ledger.sandbox.params import group, inside, integer, metadata, only, optional_text, text
from ledger.sandbox.store import Object, Store

Params = dict[str, Any]
DAY = 86_400
SESSION_PARAMS = (
    "cancel_url",
    "client_reference_id",
    "customer",
    "customer_email",
    "expand",
    "line_items",
    "metadata",
    "mode",
    "payment_intent_data",
    "submit_type",
    "success_url",
)
REASONS = ("duplicate", "fraudulent", "requested_by_customer")


def create_customer(store: Store, params: Params, _base: str) -> Object:
    """Make a customer."""
    only(params, ("description", "email", "expand", "metadata", "name"))
    made = store.add(
        "customer",
        "cus",
        {
            "created": store.now(),
            "default_source": None,
            "description": optional_text(params, "description"),
            "email": optional_text(params, "email"),
            "invoice_prefix": None,
            "invoice_settings": {
                "custom_fields": None,
                "default_payment_method": None,
                "footer": None,
                "rendering_options": None,
            },
            "livemode": False,
            "metadata": metadata(params),
            "name": optional_text(params, "name"),
            "shipping": None,
        },
    )
    emit(store, "customer.created", made)
    return made


# What a page in payment mode always starts with.
FRESH_SESSION: Object = {
    "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
    "billing_address_collection": None,
    "client_secret": None,
    "custom_fields": [],
    "custom_text": {
        "after_submit": None,
        "shipping_address": None,
        "submit": None,
        "terms_of_service_acceptance": None,
    },
    "customer_creation": "if_required",
    "customer_details": None,
    "invoice": None,
    "livemode": False,
    "locale": None,
    "mode": "payment",
    "payment_intent": None,
    "payment_link": None,
    "payment_method_collection": None,
    "payment_method_types": ["card"],
    "payment_status": "unpaid",
    "setup_intent": None,
    "shipping_options": [],
    "status": "open",
    "subscription": None,
    "total_details": None,
    "url": None,
}


def create_session(store: Store, params: Params, base: str) -> Object:
    """Open a hosted payment page in payment mode."""
    only(params, SESSION_PARAMS)
    if text(params, "mode") != "payment":
        raise ApiError("This sandbox opens pages in payment mode.", param="mode")
    success_url = text(params, "success_url")
    amount, currency, name = _line_items(params)
    inner = group(params, "payment_intent_data")
    only(inner, ("metadata",), within="payment_intent_data")
    customer = optional_text(params, "customer")
    if customer and store.get("customer", customer) is None:
        raise unknown("customer", customer, param="customer", status=400)
    intent = money.create_intent(
        store,
        amount=amount,
        currency=currency,
        metadata=metadata(inner),
        email=optional_text(params, "customer_email"),
    )
    made = store.add(
        "checkout.session",
        "cs_test",
        {
            **deepcopy(FRESH_SESSION),
            "amount_subtotal": amount,
            "amount_total": amount,
            "cancel_url": optional_text(params, "cancel_url"),
            "client_reference_id": optional_text(params, "client_reference_id"),
            "created": store.now(),
            "currency": currency,
            "customer": customer,
            "customer_email": optional_text(params, "customer_email"),
            "expires_at": store.now() + DAY,
            "metadata": metadata(params),
            "submit_type": optional_text(params, "submit_type"),
            "success_url": success_url,
            "_intent": intent["id"],
            "_name": name,
        },
    )
    made["url"] = f"{base}/c/pay/{made['id']}"
    return store.save(made)


def expire_session(store: Store, session_id: str, params: Params) -> Object:
    """Close a payment page."""
    only(params, ("expand",))
    session = store.get("checkout.session", session_id)
    if session is None:
        raise unknown("checkout.session", session_id, param="session")
    if session["status"] != "open":
        raise ApiError("Only open sessions can be expired.", param="session")
    session |= {"status": "expired", "url": None}
    store.save(session)
    emit(store, "checkout.session.expired", session)
    return session


def create_refund(store: Store, params: Params, _base: str) -> Object:
    """Send money back."""
    only(params, ("amount", "charge", "expand", "metadata", "payment_intent", "reason"))
    charge_id = optional_text(params, "charge")
    intent_id = optional_text(params, "payment_intent")
    if not charge_id and intent_id:
        intent = store.get("payment_intent", intent_id)
        if intent is None:
            raise unknown("payment_intent", intent_id, param="payment_intent")
        charge_id = intent["latest_charge"]
    if not charge_id:
        raise missing("charge")
    reason = optional_text(params, "reason")
    if reason and reason not in REASONS:
        raise ApiError(f"Invalid reason: must be one of {', '.join(REASONS)}.", param="reason")
    made = money.refund(
        store,
        charge_id=charge_id,
        amount=integer(params, "amount") if "amount" in params else None,
        metadata=metadata(params),
        reason=reason,
    )
    emit(store, "refund.created", made)
    charge = store.get("charge", charge_id)
    if charge is not None:
        emit(store, "charge.refunded", charge)
    return made


def create_endpoint(store: Store, params: Params, _base: str) -> Object:
    """Register where messages go."""
    only(params, ("enabled_events", "expand", "secret", "url"))
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
            {"amount": payouts.balance_of(store, code), "currency": code, "source_types": {}}
            for code in currencies
        ],
        "livemode": False,
        "pending": [{"amount": 0, "currency": code, "source_types": {}} for code in currencies],
    }


CREATE: dict[str, Callable[[Store, Params, str], Object]] = {
    "customers": create_customer,
    "checkout/sessions": create_session,
    "refunds": create_refund,
    "webhook_endpoints": create_endpoint,
}


def _line_items(params: Params) -> tuple[int, str, str]:
    """Return what a page asks for: the amount in Stripe's smallest unit, currency and name."""
    items = params.get("line_items")
    if not items:
        raise missing("line_items")
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise ApiError("Invalid array.", param="line_items")
    total, currencies, name = 0, set(), ""
    for position, item in enumerate(items):
        here = f"line_items[{position}]"
        only(item, ("price_data", "quantity"), within=here)
        price, place = group(item, "price_data", within=here), f"{here}[price_data]"
        if not price:
            raise missing(place)
        only(price, ("currency", "product_data", "unit_amount"), within=place)
        currencies.add(
            check_currency(text(price, "currency", within=place), inside(place, "currency"))
        )
        each = integer(price, "unit_amount", within=place, least=0)
        total += each * integer(item, "quantity", within=here)
        product = group(price, "product_data", within=place)
        only(product, ("description", "metadata", "name"), within=f"{place}[product_data]")
        name = text(product, "name", within=f"{place}[product_data]")
    if len(currencies) > 1:
        raise ApiError("All line items must have the same currency.", param="line_items")
    currency = currencies.pop()
    check_amount(total, currency, "line_items")
    return total, currency, name
