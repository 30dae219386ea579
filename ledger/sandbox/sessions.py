"""Hosted payment pages as the API has them: opened, expired, paid or used to keep a card.

A page in payment mode makes its payment intent when its form is first sent, one in setup mode
its setup intent when it is opened. Must not answer a browser (that is ``pages``).
"""

from copy import deepcopy

from ledger.sandbox import attempts, baskets, billing, customers, methods, setups, subscriptions
from ledger.sandbox.cards import Means
from ledger.sandbox.currencies import check_currency
from ledger.sandbox.errors import ApiError, missing, unknown
from ledger.sandbox.events import emit
from ledger.sandbox.intents import USES
from ledger.sandbox.params import (
    choice,
    group,
    integer,
    metadata,
    optional_text,
    text,
    texts,
)
from ledger.sandbox.store import Object, Store

DAY = 86_400
HALF_AN_HOUR = 1800
MODES = ("payment", "setup", "subscription")
# What goes with some modes alone.
OF_MODES = {
    "line_items": ("payment", "subscription"),
    "payment_intent_data": ("payment",),
    "setup_intent_data": ("setup",),
    "subscription_data": ("subscription",),
}
# What a page always starts with.
FRESH_SESSION: Object = {
    **dict.fromkeys(
        (
            "adaptive_pricing",
            "after_expiration",
            "allow_promotion_codes",
            "amount_subtotal",
            "amount_total",
            "billing_address_collection",
            "client_secret",
            "collected_information",
            "consent",
            "consent_collection",
            "currency",
            "currency_conversion",
            "customer_account",
            "customer_details",
            "discounts",
            "integration_identifier",
            "invoice",
            "invoice_creation",
            "managed_payments",
            "origin_context",
            "payment_intent",
            "payment_link",
            "payment_method_collection",
            "payment_method_configuration_details",
            "payment_method_options",
            "permissions",
            "recovered_from",
            "saved_payment_method_options",
            "setup_intent",
            "shipping_address_collection",
            "shipping_cost",
            "subscription",
            "total_details",
            "url",
            "wallet_options",
        )
    ),
    "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
    "custom_fields": [],
    "custom_text": {
        "after_submit": None,
        "shipping_address": None,
        "submit": None,
        "terms_of_service_acceptance": None,
    },
    "livemode": False,
    "payment_status": "unpaid",
    "shipping_options": [],
    "status": "open",
    "ui_mode": "hosted_page",
}


def create(store: Store, params: Object) -> Object:
    """Open a hosted page in payment, setup or subscription mode. Raises ApiError."""
    mode = choice(params, "mode", MODES)
    if mode is None:
        raise missing("mode")
    for name, modes in OF_MODES.items():
        if name in params and mode not in modes:
            raise ApiError(f"You cannot pass {name} in {mode} mode.", param=name)
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
        "expires_at": _expiry(store, params),
        "locale": optional_text(params, "locale"),
        "metadata": metadata(params),
        "mode": mode,
        "payment_method_types": [],
        methods.ALLOWED: texts(params, methods.ALLOWED) or None,
        "submit_type": optional_text(params, "submit_type"),
        "success_url": success_url,
        "_intent": None,
        "_intent_data": {},
        "_line_items": [],
        "_name": "",
        # A payment method whose holder has not answered the bank's question yet.
        "_asking": None,
    }
    if mode == "payment":
        made |= _payment(store, params)
    elif mode == "subscription":
        made |= _subscription(store, params)
    else:
        made |= _setup(store, params, made)
    if methods.EXCLUDED in params:
        made[methods.EXCLUDED] = texts(params, methods.EXCLUDED)
    made["payment_method_types"] = methods.offered(params, made["currency"])
    kept = store.add("checkout.session", "cs_test", made)
    kept["url"] = f"{store.control('base')}/c/pay/{kept['id']}"
    return store.save(kept)


def expire(store: Store, _params: Object, session_id: str) -> Object:
    """Close a payment page."""
    session = store.get("checkout.session", session_id)
    if session is None:
        raise unknown("checkout.session", session_id, param="session")
    if session["status"] != "open":
        raise ApiError("Only open sessions can be expired.", param="session")
    session |= {"status": "expired", "url": None}
    emit(store, "checkout.session.expired", store.save(session))
    return session


def expire_due(store: Store) -> None:
    """Close the pages that were open for too long."""
    for session in store.where("checkout.session", "status", "open"):
        if session["expires_at"] <= store.now():
            expire(store, {}, session["id"])


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
        if session["mode"] == "subscription":
            _begin(store, session, intent)
            billing.follow(store, intent, outcome)
        else:
            session["payment_intent"] = intent["id"]
        _complete(store, session, "paid" if paid else "unpaid")
        return
    if session["status"] == "complete" and session["payment_status"] == "unpaid":
        if outcome == "succeeded":
            session["payment_status"] = "paid"
            emit(store, "checkout.session.async_payment_succeeded", store.save(session))
        elif outcome == "failed":
            emit(store, "checkout.session.async_payment_failed", session)


def _payment(store: Store, params: Object) -> Object:
    basket = baskets.once(store, params)
    inner = group(params, "payment_intent_data")
    return {
        **_asked(store, basket),
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
    }


def _subscription(store: Store, params: Object) -> Object:
    basket = baskets.regular(store, params)
    inner = group(params, "subscription_data")
    return {
        **_asked(store, basket),
        "_intent_data": {
            "description": "Subscription creation",
            "metadata": {},
            "setup_future_usage": "off_session",
        },
        "_prices": [[price["id"], quantity] for price, quantity in basket.prices],
        "_subscription_data": {
            "description": optional_text(inner, "description"),
            "labels": metadata(inner),
        },
    }


def _asked(store: Store, basket: baskets.Basket) -> Object:
    """Return what a page shows of what it asks for; its lines only where they are asked for."""
    return {
        "amount_subtotal": basket.amount,
        "amount_total": basket.amount,
        "currency": basket.currency,
        "_line_items": basket.lines(store),
        "_name": basket.name,
    }


def _setup(store: Store, params: Object, made: Object) -> Object:
    if "currency" not in params and methods.ALLOWED not in params:
        raise missing("currency")
    currency = optional_text(params, "currency")
    currency = check_currency(currency, "currency") if currency else None
    inner = group(params, "setup_intent_data")
    setup = setups.make(
        store,
        customer=made["customer"],
        kinds=methods.offered(params, currency),
        labels=metadata(inner),
        description=optional_text(inner, "description"),
    )
    return {
        "currency": currency,
        "payment_status": "no_payment_required",
        "setup_intent": setup["id"],
    }


def _expiry(store: Store, params: Object) -> int:
    if "expires_at" not in params:
        return store.now() + DAY
    given = integer(params, "expires_at")
    if not store.now() + HALF_AN_HOUR <= given <= store.now() + DAY:
        raise ApiError("A page is open for 30 minutes to 24 hours.", param="expires_at")
    return given


def _begin(store: Store, session: Object, intent: Object) -> None:
    customer = store.need("customer", session["customer"])
    prices = [(store.need("price", price), quantity) for price, quantity in session["_prices"]]
    data = session["_subscription_data"]
    made = subscriptions.begin_paid(store, customer, prices, intent, **data)
    session |= {"subscription": made["id"], "invoice": made["latest_invoice"]}


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
    wanted = session["customer_creation"] == "always" or session["mode"] == "subscription"
    if customer is None and wanted:
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
            "business_name": None,
            "email": session["customer_email"],
            "individual_name": None,
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
