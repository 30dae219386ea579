"""Hosted payment pages as the API has them: opened, expired, paid or used to keep a card.

A page in payment mode makes its payment intent when its form is first sent, one in setup mode
its setup intent when it is opened. Must not answer a browser (that is ``pages``).
"""

from copy import deepcopy

from ledger.sandbox import attempts, customers, methods, setups
from ledger.sandbox.cards import Means
from ledger.sandbox.currencies import check_amount, check_currency
from ledger.sandbox.errors import ApiError, missing, unknown
from ledger.sandbox.events import emit
from ledger.sandbox.intents import USES, check_kinds
from ledger.sandbox.params import (
    choice,
    group,
    inside,
    integer,
    metadata,
    only,
    optional_text,
    text,
    texts,
)
from ledger.sandbox.store import Object, Store

DAY = 86_400
SESSION_PARAMS = (
    "cancel_url",
    "client_reference_id",
    "currency",
    "customer",
    "customer_creation",
    "customer_email",
    "expand",
    "expires_at",
    "line_items",
    "locale",
    "metadata",
    "mode",
    "payment_intent_data",
    "payment_method_types",
    "setup_intent_data",
    "submit_type",
    "subscription_data",
    "success_url",
)
MODES = ("payment", "setup")
# What a page always starts with.
FRESH_SESSION: Object = {
    "amount_subtotal": None,
    "amount_total": None,
    "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
    "billing_address_collection": None,
    "client_secret": None,
    "currency": None,
    "custom_fields": [],
    "custom_text": {
        "after_submit": None,
        "shipping_address": None,
        "submit": None,
        "terms_of_service_acceptance": None,
    },
    "customer_details": None,
    "invoice": None,
    "livemode": False,
    "payment_intent": None,
    "payment_link": None,
    "payment_method_collection": None,
    "payment_status": "unpaid",
    "setup_intent": None,
    "shipping_options": [],
    "status": "open",
    "subscription": None,
    "total_details": None,
    "ui_mode": "hosted_page",
    "url": None,
}


def create(store: Store, params: Object) -> Object:
    """Open a hosted page in payment or setup mode. Raises ApiError."""
    only(params, SESSION_PARAMS)
    mode = choice(params, "mode", MODES)
    if mode is None:
        raise missing("mode")
    success_url = text(params, "success_url")
    customer = optional_text(params, "customer")
    if customer and store.get("customer", customer) is None:
        raise unknown("customer", customer, param="customer", status=400)
    made: Object = {
        **deepcopy(FRESH_SESSION),
        "cancel_url": optional_text(params, "cancel_url"),
        "client_reference_id": optional_text(params, "client_reference_id"),
        "created": store.now(),
        "customer": customer,
        "customer_creation": optional_text(params, "customer_creation") or "if_required",
        "customer_email": optional_text(params, "customer_email"),
        "expires_at": store.now() + DAY,
        "locale": optional_text(params, "locale"),
        "metadata": metadata(params),
        "mode": mode,
        "payment_method_types": texts(params, "payment_method_types") or ["card"],
        "submit_type": optional_text(params, "submit_type"),
        "success_url": success_url,
        "_intent": None,
        "_intent_data": {},
        "_name": "",
        # A payment method whose holder has not answered the bank's question yet.
        "_asking": None,
    }
    if mode == "payment":
        made |= _payment(params)
    else:
        made |= _setup(store, params, made)
    check_kinds(made["payment_method_types"], made["currency"])
    kept = store.add("checkout.session", "cs_test", made)
    kept["url"] = f"{store.control('base')}/c/pay/{kept['id']}"
    return store.save(kept)


def expire(store: Store, params: Object, session_id: str) -> Object:
    """Close a payment page."""
    only(params, ("expand",))
    session = store.get("checkout.session", session_id)
    if session is None:
        raise unknown("checkout.session", session_id, param="session")
    if session["status"] != "open":
        raise ApiError("Only open sessions can be expired.", param="session")
    session |= {"status": "expired", "url": None}
    emit(store, "checkout.session.expired", store.save(session))
    return session


def submit(store: Store, session: Object, means: Means) -> str:
    """Take what a page's form sends and return the reason of a refusal, or nothing.

    The bank's question waits in ``_asking``.
    """
    holder = {"email": session["customer_email"]}
    return _try(store, session, methods.make(store, means, holder=holder), answered=False)


def answer(store: Store, session: Object, *, yes: bool) -> str:
    """Take the answer to the bank's question and return the reason of a refusal, or nothing."""
    method = store.need("payment_method", session["_asking"])
    session["_asking"] = None
    store.save(session)
    if yes:
        return _try(store, session, method, answered=True)
    if session["mode"] == "setup":
        setup = store.need("setup_intent", session["setup_intent"])
        return setups.fail(store, setup, method, "refused_by_holder")
    return attempts.refuse_answer(store, _intent(store, session), method)


def follow(store: Store, intent: Object, outcome: str) -> None:
    """Carry what became of a payment intent over to its page."""
    session_id = intent.get("_session")
    session = store.get("checkout.session", session_id) if session_id else None
    if session is None:
        return
    if session["status"] == "open" and outcome in ("succeeded", "held", "processing"):
        paid = outcome == "succeeded"
        session["payment_intent"] = intent["id"]
        _complete(store, session, "paid" if paid else "unpaid")
        return
    if session["status"] == "complete" and session["payment_status"] == "unpaid":
        if outcome == "succeeded":
            session["payment_status"] = "paid"
            emit(store, "checkout.session.async_payment_succeeded", store.save(session))
        elif outcome == "failed":
            emit(store, "checkout.session.async_payment_failed", session)


def _payment(params: Object) -> Object:
    amount, currency, name = _line_items(params)
    inner = group(params, "payment_intent_data")
    known = ("capture_method", "description", "metadata", "receipt_email", "setup_future_usage")
    only(inner, known, within="payment_intent_data")
    return {
        "amount_subtotal": amount,
        "amount_total": amount,
        "currency": currency,
        "_intent_data": {
            "capture_method": optional_text(inner, "capture_method") or "automatic_async",
            "description": optional_text(inner, "description"),
            "email": optional_text(inner, "receipt_email")
            or optional_text(params, "customer_email"),
            "metadata": metadata(inner),
            "setup_future_usage": choice(
                inner, "setup_future_usage", USES, within="payment_intent_data"
            ),
        },
        "_name": name,
    }


def _setup(store: Store, params: Object, made: Object) -> Object:
    if "line_items" in params:
        raise ApiError("A page in setup mode has no line items.", param="line_items")
    inner = group(params, "setup_intent_data")
    only(inner, ("description", "metadata"), within="setup_intent_data")
    setup = setups.make(
        store,
        customer=made["customer"],
        kinds=made["payment_method_types"],
        labels=metadata(inner),
        description=optional_text(inner, "description"),
    )
    currency = optional_text(params, "currency")
    return {
        "currency": check_currency(currency, "currency") if currency else None,
        "payment_status": "no_payment_required",
        "setup_intent": setup["id"],
    }


def _try(store: Store, session: Object, method: Object, *, answered: bool) -> str:
    if session["mode"] == "setup":
        setup = store.need("setup_intent", session["setup_intent"])
        reason = setups.set_up(store, setup, method, answered=answered)
        if setup["status"] == "requires_action":
            _ask(store, session, method)
        elif setup["status"] == "succeeded":
            _complete(store, session, "no_payment_required")
        return reason
    intent = _intent(store, session)
    reason = attempts.attempt(store, intent, method, answered=answered)
    if intent["status"] == "requires_action":
        _ask(store, session, method)
    return reason


def _ask(store: Store, session: Object, method: Object) -> None:
    session["_asking"] = method["id"]
    store.save(session)


def _intent(store: Store, session: Object) -> Object:
    """Return the page's payment intent, made when its form is first sent."""
    if session["_intent"]:
        return store.need("payment_intent", session["_intent"])
    data = dict(session["_intent_data"])
    customer = session["customer"]
    if customer is None and session["customer_creation"] == "always":
        given = {"email": session["customer_email"]} if session["customer_email"] else {}
        customer = customers.create(store, given)["id"]
        session["customer"] = customer
    intent = attempts.make_intent(
        store,
        amount=session["amount_total"],
        currency=session["currency"],
        customer=customer,
        kinds=session["payment_method_types"],
        _session=session["id"],
        **data,
    )
    session["_intent"] = intent["id"]
    store.save(session)
    return intent


def _complete(store: Store, session: Object, payment_status: str) -> None:
    # The form may have been saved meanwhile with what it made.
    session |= {
        "customer_details": {
            "address": None,
            "email": session["customer_email"],
            "name": None,
            "phone": None,
            "tax_exempt": "none",
            "tax_ids": [],
        },
        "payment_status": payment_status,
        "status": "complete",
        "url": None,
    }
    emit(store, "checkout.session.completed", store.save(session))


def _line_items(params: Object) -> tuple[int, str, str]:
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
