"""Setup intents: a payment method is kept for charges in its holder's absence.

Must not charge anything.
"""

from ledger.sandbox import methods
from ledger.sandbox.errors import ApiError, missing
from ledger.sandbox.events import emit, public
from ledger.sandbox.intents import OPEN, USES
from ledger.sandbox.params import boolean, choice, merged, metadata, optional_text
from ledger.sandbox.store import Object, Store


def create(store: Store, params: Object) -> Object:
    """Make a setup intent and, with ``confirm``, set a payment method up. Raises ApiError."""
    customer = optional_text(params, "customer")
    if customer:
        store.need("customer", customer, param="customer")
    made = make(
        store,
        customer=customer,
        kinds=methods.offered(params, None),
        labels=metadata(params),
        description=optional_text(params, "description"),
        usage=choice(params, "usage", USES) or "off_session",
    )
    made |= methods.stated(params)
    store.save(made)
    given = optional_text(params, "payment_method")
    if given:
        method = methods.chosen(store, given, customer, param="payment_method")
        made |= {"payment_method": method["id"], "status": "requires_confirmation"}
        store.save(made)
    return _confirmed(store, made, params) if boolean(params, "confirm") else made


def make(
    store: Store,
    *,
    customer: str | None,
    kinds: list[str],
    labels: dict[str, str],
    description: str | None = None,
    usage: str = "off_session",
) -> Object:
    """Make a setup intent that waits for a payment method."""
    made = store.add(
        "setup_intent",
        "seti",
        {
            "allowed_payment_method_types": None,
            "application": None,
            "automatic_payment_methods": None,
            "cancellation_reason": None,
            "client_secret": None,
            "created": store.now(),
            "customer": customer,
            "description": description,
            "excluded_payment_method_types": None,
            "last_setup_error": None,
            "latest_attempt": None,
            "livemode": False,
            "mandate": None,
            "metadata": labels,
            "next_action": None,
            "on_behalf_of": None,
            "payment_method": None,
            "payment_method_configuration_details": None,
            "payment_method_options": None,
            "payment_method_types": kinds,
            "single_use_mandate": None,
            "status": "requires_payment_method",
            "usage": usage,
        },
    )
    made["client_secret"] = f"{made['id']}_secret_sandbox"
    emit(store, "setup_intent.created", store.save(made))
    return made


def confirm(store: Store, params: Object, setup_id: str) -> Object:
    """Set a payment method up. Raises ApiError 402 where its bank refuses."""
    setup = store.need("setup_intent", setup_id, param="intent")
    if setup["status"] not in OPEN:
        raise _unexpected(setup, "confirmed")
    given = optional_text(params, "payment_method")
    if given:
        method = methods.chosen(store, given, setup["customer"], param="payment_method")
        setup["payment_method"] = method["id"]
    return _confirmed(store, setup, params)


def update(store: Store, params: Object, setup_id: str) -> Object:
    """Change a setup intent's texts."""
    setup = store.need("setup_intent", setup_id, param="intent")
    setup["metadata"] = merged(setup["metadata"], params)
    if "description" in params:
        setup["description"] = optional_text(params, "description")
    return store.save(setup)


def cancel(store: Store, params: Object, setup_id: str) -> Object:
    """Give a setup intent up."""
    setup = store.need("setup_intent", setup_id, param="intent")
    if setup["status"] not in OPEN:
        raise _unexpected(setup, "canceled")
    reasons = ("abandoned", "duplicate", "requested_by_customer")
    setup |= {
        "status": "canceled",
        "cancellation_reason": choice(params, "cancellation_reason", reasons),
        "next_action": None,
    }
    emit(store, "setup_intent.canceled", store.save(setup))
    return setup


def set_up(
    store: Store,
    setup: Object,
    method: Object,
    *,
    answered: bool = False,
    return_url: str | None = None,
) -> str:
    """Try to set a payment method up and return the reason of a refusal, or nothing."""
    means = methods.means_of(method)
    setup |= {"payment_method": method["id"], "last_setup_error": None, "next_action": None}
    asks = means.asks in ("always", "unless_set_up")
    if asks and not answered:
        url = f"{store.control('base')}/c/authenticate/{setup['id']}"
        question = {"return_url": return_url, "url": url}
        setup |= {
            "status": "requires_action",
            "next_action": {"type": "redirect_to_url", "redirect_to_url": question},
        }
        emit(store, "setup_intent.requires_action", store.save(setup))
        return ""
    if not means.kept:
        return fail(store, setup, method, means.refuses)
    if setup["customer"]:
        methods.keep(store, method, setup["customer"])
    method["_set_up"] = True
    store.save(method)
    setup |= {"status": "succeeded", "mandate": methods.mandate(store, method)}
    emit(store, "setup_intent.succeeded", store.save(setup))
    return ""


def fail(store: Store, setup: Object, method: Object, reason: str) -> str:
    """Note that a bank refused; the setup intent waits for another payment method."""
    error = methods.refusal(reason, method["type"], payment_method=methods.shown(method))
    if reason == "refused_by_holder":
        error = {**error, "code": "setup_intent_authentication_failure"}
        error.pop("decline_code", None)
    setup |= {
        "status": "requires_payment_method",
        "last_setup_error": error,
        "next_action": None,
        "payment_method": None,
    }
    emit(store, "setup_intent.setup_failed", store.save(setup))
    return reason


def _confirmed(store: Store, setup: Object, params: Object) -> Object:
    if not setup["payment_method"]:
        raise missing("payment_method")
    methods.check_return(setup, params)
    method = store.need("payment_method", setup["payment_method"])
    reason = set_up(store, setup, method, return_url=optional_text(params, "return_url"))
    if reason:
        raise methods.declined(
            reason,
            method["type"],
            payment_method=methods.shown(method),
            setup_intent=public(setup),
        )
    return setup


def _unexpected(setup: Object, what: str) -> ApiError:
    return ApiError(
        f"This SetupIntent could not be {what} because it has a status of {setup['status']}.",
        code="setup_intent_unexpected_state",
        setup_intent=public(setup),
    )
