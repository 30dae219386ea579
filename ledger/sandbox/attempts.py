"""One try to pay a payment intent: does the bank ask, refuse, take its time, or pay?

Tells the followers (payment pages, invoices) how it went; ``api`` names them. Must not read
parameters of a request.
"""

from collections.abc import Callable
from typing import Any

from ledger.sandbox import charges, methods
from ledger.sandbox.cards import BY_NUMBER, Means, code_of, sentence_of
from ledger.sandbox.events import emit
from ledger.sandbox.store import Object, Store

SLOW_SECONDS = 180
# What an intent has at Stripe and has no value unless something gives it one.
EMPTY: Object = dict.fromkeys(
    (
        "allowed_payment_method_types",
        "application",
        "application_fee_amount",
        "automatic_payment_methods",
        "canceled_at",
        "cancellation_reason",
        "client_secret",
        "customer_account",
        "excluded_payment_method_types",
        "last_payment_error",
        "latest_charge",
        "managed_payments",
        "next_action",
        "on_behalf_of",
        "payment_method",
        "payment_method_configuration_details",
        "payment_method_options",
        "payment_record",
        "processing",
        "review",
        "setup_future_usage",
        "shipping",
        "source",
        "statement_descriptor",
        "statement_descriptor_suffix",
        "transfer_data",
        "transfer_group",
    )
)
# Who wants to know what became of an intent: succeeded, processing, failed.
FOLLOWERS: list[Callable[[Store, Object, str], None]] = []


def make_intent(
    store: Store,
    *,
    amount: int,
    currency: str,
    metadata: dict[str, str],
    customer: str | None = None,
    email: str | None = None,
    description: str | None = None,
    kinds: list[str] | None = None,
    **more: Any,
) -> Object:
    """Make a payment intent that waits for a payment method."""
    made = store.add(
        "payment_intent",
        "pi",
        {
            **EMPTY,
            "amount": amount,
            "amount_capturable": 0,
            "amount_received": 0,
            "capture_method": "automatic_async",
            "confirmation_method": "automatic",
            "created": store.now(),
            "currency": currency,
            "customer": customer,
            "description": description,
            "livemode": False,
            "metadata": metadata,
            "payment_method_types": kinds or ["card"],
            "receipt_email": email,
            "status": "requires_payment_method",
            **more,
        },
    )
    made["client_secret"] = f"{made['id']}_secret_sandbox"
    emit(store, "payment_intent.created", store.save(made))
    return made


def attempt(
    store: Store,
    intent: Object,
    method: Object,
    *,
    off_session: bool = False,
    answered: bool = False,
    return_url: str | None = None,
) -> str:
    """Try to pay an intent and return the reason of a decline, or nothing.

    ``answered`` says that the holder has answered the bank's question with yes.
    """
    means = methods.means_of(method)
    intent |= {"payment_method": method["id"], "last_payment_error": None, "next_action": None}
    if _asks(means, method, off_session=off_session) and not answered:
        if off_session:
            return fail(store, intent, method, "authentication_required")
        intent |= {"status": "requires_action", "next_action": _question(store, intent, return_url)}
        emit(store, "payment_intent.requires_action", store.save(intent))
        return ""
    if means.kind != "card":
        _start_debit(store, intent, method, means)
        return ""
    if means.refuses:
        return fail(store, intent, method, means.refuses)
    charge = charges.make(store, intent, method, means, status="succeeded")
    intent["latest_charge"] = charge["id"]
    _keep(store, intent, method)
    emit(store, "charge.succeeded", charge)
    if intent["capture_method"] == "manual":
        intent |= {"status": "requires_capture", "amount_capturable": intent["amount"]}
        emit(store, "payment_intent.amount_capturable_updated", store.save(intent))
        _tell(store, intent, "held")
        return ""
    succeed(store, intent, charge)
    return ""


def succeed(store: Store, intent: Object, charge: Object) -> None:
    """Note that an intent's charge went through; its balance transaction follows later."""
    intent |= {
        "status": "succeeded",
        "amount_received": charge["amount_captured"],
        "amount_capturable": 0,
        "processing": None,
    }
    store.save(intent)
    store.wake("settle_charge", charge["id"], float(store.control("settle_seconds", "1")))
    then = BY_NUMBER[charge["_number"]].then
    if then:
        store.wake(f"dispute:{then}", charge["id"], 0)
    emit(store, "payment_intent.succeeded", intent)
    _tell(store, intent, "succeeded")


def fail(store: Store, intent: Object, method: Object, reason: str) -> str:
    """Note that a bank did not pay; the intent waits for another payment method."""
    means = methods.means_of(method)
    charge = charges.make(store, intent, method, means, status="failed", reason=reason)
    intent["latest_charge"] = charge["id"]
    wait_again(store, intent, method, reason, charge)
    return reason


def refuse_answer(store: Store, intent: Object, method: Object) -> str:
    """Note that the holder answered the bank's question with no."""
    error = {
        "type": "invalid_request_error",
        "code": "payment_intent_authentication_failure",
        "message": sentence_of("refused_by_holder", "card"),
        "payment_method": methods.shown(method),
    }
    _wait(store, intent, error)
    return "refused_by_holder"


def wait_again(store: Store, intent: Object, method: Object, reason: str, charge: Object) -> None:
    """Have an intent wait for another payment method after a failed charge."""
    emit(store, "charge.failed", charge)
    kind = methods.means_of(method).kind
    more = {"charge": charge["id"], "payment_method": methods.shown(method)}
    _wait(store, intent, methods.refusal(reason, kind, **more))


def end_debit(store: Store, charge_id: str, *, reason: str | None = None) -> bool:
    """Let a bank debit that is processing succeed or, for a reason, fail.

    None asks the test account how it ends. False when it is not pending any more.
    """
    charge = store.get("charge", charge_id)
    if charge is None or charge["status"] != "pending":
        return False
    intent = store.need("payment_intent", charge["payment_intent"])
    method = store.need("payment_method", charge["payment_method"])
    means = methods.means_of(method)
    why = means.refuses if reason is None else reason
    if why:
        charge |= {
            "status": "failed",
            "captured": False,
            "amount_captured": 0,
            "failure_code": code_of(why, means.kind),
            "failure_message": sentence_of(why, means.kind),
        }
        wait_again(store, intent, method, why, store.save(charge))
        _tell(store, intent, "failed")
        return True
    charge |= {"status": "succeeded", "paid": True}
    emit(store, "charge.succeeded", store.save(charge))
    succeed(store, intent, charge)
    return True


def return_debit(store: Store, charge: Object, reason: str) -> None:
    """Bring a bank debit back that had succeeded."""
    failed = charges.fall_back(store, charge, reason)
    intent = store.need("payment_intent", charge["payment_intent"])
    method = store.need("payment_method", charge["payment_method"])
    intent["amount_received"] = 0
    wait_again(store, intent, method, reason, failed)
    _tell(store, intent, "failed")


def _start_debit(store: Store, intent: Object, method: Object, means: Means) -> None:
    methods.mandate(store, method)
    charge = charges.make(store, intent, method, means, status="pending")
    intent |= {"status": "processing", "latest_charge": charge["id"]}
    _keep(store, intent, method)
    wait = float(store.control("debit_seconds") or store.control("settle_seconds", "1"))
    store.wake("end_debit", charge["id"], wait + (SLOW_SECONDS if means.slow else 0))
    emit(store, "charge.pending", charge)
    emit(store, "payment_intent.processing", store.save(intent))
    _tell(store, intent, "processing")


def _asks(means: Means, method: Object, *, off_session: bool) -> bool:
    if means.asks == "unless_set_up":
        return not (off_session and method["_set_up"])
    return means.asks == "always" or (means.asks == "on_session" and not off_session)


def _question(store: Store, intent: Object, return_url: str | None) -> Object:
    url = f"{store.control('base')}/c/authenticate/{intent['id']}"
    return {
        "type": "redirect_to_url",
        "redirect_to_url": {"return_url": return_url, "url": url},
    }


def _keep(store: Store, intent: Object, method: Object) -> None:
    """Keep a method for later where that was asked for; otherwise it was used once."""
    method["_used"] = True
    store.save(method)
    if intent["customer"] and intent["setup_future_usage"]:
        methods.keep(store, method, intent["customer"])
        method["_set_up"] = method["_set_up"] or intent["setup_future_usage"] == "off_session"
        store.save(method)


def _wait(store: Store, intent: Object, error: Object) -> None:
    intent |= {
        "status": "requires_payment_method",
        "last_payment_error": error,
        "next_action": None,
        "payment_method": None,
        "processing": None,
    }
    emit(store, "payment_intent.payment_failed", store.save(intent))


def _tell(store: Store, intent: Object, outcome: str) -> None:
    for follower in FOLLOWERS:
        follower(store, intent, outcome)
