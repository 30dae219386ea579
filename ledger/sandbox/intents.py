"""Payment intents as the API has them: made, confirmed on and off session, captured, cancelled.

Must not know how a bank decides (that is ``attempts``).
"""

from ledger.sandbox import attempts, methods
from ledger.sandbox.currencies import check_amount, check_currency
from ledger.sandbox.errors import ApiError, missing
from ledger.sandbox.events import emit, public
from ledger.sandbox.params import (
    boolean,
    choice,
    integer,
    merged,
    metadata,
    optional_text,
    text,
)
from ledger.sandbox.store import Object, Store

OPEN = ("requires_payment_method", "requires_confirmation", "requires_action")
TEXTS = ("description", "receipt_email", "statement_descriptor", "statement_descriptor_suffix")
USES = ("off_session", "on_session")
CAPTURES = ("automatic", "automatic_async", "manual")
REASONS = ("abandoned", "duplicate", "fraudulent", "requested_by_customer")


def create(store: Store, params: Object) -> Object:
    """Make a payment intent and, with ``confirm``, try to pay it. Raises ApiError."""
    amount = integer(params, "amount")
    currency = check_currency(text(params, "currency"), "currency")
    check_amount(amount, currency, "amount")
    confirm = boolean(params, "confirm")
    if boolean(params, "off_session") and not confirm:
        raise ApiError("off_session goes together with confirm=true.", param="off_session")
    customer = optional_text(params, "customer")
    if customer:
        store.need("customer", customer, param="customer")
    intent = attempts.make_intent(
        store,
        amount=amount,
        currency=currency,
        metadata=metadata(params),
        customer=customer,
        email=optional_text(params, "receipt_email"),
        description=optional_text(params, "description"),
        kinds=methods.offered(params, currency),
        capture_method=choice(params, "capture_method", CAPTURES) or "automatic_async",
        setup_future_usage=choice(params, "setup_future_usage", USES),
        statement_descriptor=optional_text(params, "statement_descriptor"),
        statement_descriptor_suffix=optional_text(params, "statement_descriptor_suffix"),
    )
    intent |= methods.stated(params)
    given = optional_text(params, "payment_method")
    if given:
        method = methods.chosen(store, given, customer, param="payment_method")
        intent |= {"payment_method": method["id"], "status": "requires_confirmation"}
    store.save(intent)
    return _confirmed(store, intent, params) if confirm else intent


def confirm(store: Store, params: Object, intent_id: str) -> Object:
    """Try to pay. Raises ApiError 402 where the bank does not."""
    intent = store.need("payment_intent", intent_id, param="intent")
    if intent["status"] not in OPEN:
        raise unexpected(intent, "confirmed")
    given = optional_text(params, "payment_method")
    if given:
        method = methods.chosen(store, given, intent["customer"], param="payment_method")
        intent["payment_method"] = method["id"]
    if "setup_future_usage" in params:
        intent["setup_future_usage"] = choice(params, "setup_future_usage", USES)
    return _confirmed(store, intent, params)


def update(store: Store, params: Object, intent_id: str) -> Object:
    """Change an intent that nothing has paid yet."""
    intent = store.need("payment_intent", intent_id, param="intent")
    intent["metadata"] = merged(intent["metadata"], params)
    for name in TEXTS:
        if name in params:
            intent[name] = optional_text(params, name)
    if {"amount", "customer", "payment_method"} & set(params) and intent["status"] not in OPEN:
        raise unexpected(intent, "changed")
    if "amount" in params:
        intent["amount"] = integer(params, "amount")
        check_amount(intent["amount"], intent["currency"], "amount")
    if "customer" in params:
        intent["customer"] = text(params, "customer")
        store.need("customer", intent["customer"], param="customer")
    given = optional_text(params, "payment_method")
    if given:
        method = methods.chosen(store, given, intent["customer"], param="payment_method")
        intent |= {"payment_method": method["id"], "status": "requires_confirmation"}
    return store.save(intent)


def cancel(store: Store, params: Object, intent_id: str) -> Object:
    """Give an intent up; held money is let go."""
    intent = store.need("payment_intent", intent_id, param="intent")
    if intent["status"] not in (*OPEN, "requires_capture"):
        raise unexpected(intent, "canceled")
    intent |= {
        "status": "canceled",
        "amount_capturable": 0,
        "canceled_at": store.now(),
        "cancellation_reason": choice(params, "cancellation_reason", REASONS),
        "next_action": None,
    }
    emit(store, "payment_intent.canceled", store.save(intent))
    return intent


def capture(store: Store, params: Object, intent_id: str) -> Object:
    """Take held money, all or part of it."""
    intent = store.need("payment_intent", intent_id, param="intent")
    if intent["status"] != "requires_capture":
        raise unexpected(intent, "captured")
    amount = integer(params, "amount_to_capture") if "amount_to_capture" in params else None
    if amount is not None and amount > intent["amount_capturable"]:
        raise ApiError(
            "The amount to capture is greater than the amount held.",
            code="amount_too_large",
            param="amount_to_capture",
        )
    charge = store.need("charge", intent["latest_charge"])
    charge |= {"captured": True, "amount_captured": amount or intent["amount"]}
    emit(store, "charge.captured", store.save(charge))
    attempts.succeed(store, intent, charge)
    return intent


def unexpected(intent: Object, what: str) -> ApiError:
    """Return the refusal of what an intent's status does not allow."""
    return ApiError(
        f"This PaymentIntent could not be {what} because it has a status of {intent['status']}.",
        code="payment_intent_unexpected_state",
        payment_intent=public(intent),
    )


def _confirmed(store: Store, intent: Object, params: Object) -> Object:
    if not intent["payment_method"]:
        raise missing("payment_method")
    methods.check_return(intent, params)
    method = store.need("payment_method", intent["payment_method"])
    kind = method["type"]
    if kind not in intent["payment_method_types"]:
        raise ApiError(
            f"This intent does not take {kind}; it takes {intent['payment_method_types']}.",
            param="payment_method",
        )
    reason = attempts.attempt(
        store,
        intent,
        method,
        off_session=optional_text(params, "off_session") not in (None, "false"),
        return_url=optional_text(params, "return_url"),
    )
    if not reason and intent["status"] == "requires_action":
        if not boolean(params, "error_on_requires_action"):
            return intent
        reason = attempts.fail(store, intent, method, "authentication_required")
    if reason:
        raise methods.declined(
            reason,
            kind,
            charge=intent["latest_charge"],
            payment_intent=public(intent),
            payment_method=methods.shown(method),
        )
    return intent
