"""Payment methods: cards and bank accounts, kept for a customer or used once, and mandates.

A payment method made from a number or a token of Stripe's testing page behaves like it. Must
not charge anything.
"""

import hashlib
from typing import Any

from ledger.sandbox.cards import BY_NUMBER, BY_TOKEN, Means, code_of, found, sentence_of
from ledger.sandbox.errors import ApiError, missing, unknown
from ledger.sandbox.events import emit, public
from ledger.sandbox.params import choice, group, merged, metadata, optional_text, text, texts
from ledger.sandbox.store import Object, Store

# What this account offers, as its owner would have set it up in Stripe's dashboard.
KINDS = ("card", "sepa_debit", "us_bank_account")
# The only currency of a kind, for kinds that have one.
CURRENCIES = {"sepa_debit": "eur", "us_bank_account": "usd"}
ALLOWED, EXCLUDED = "allowed_payment_method_types", "excluded_payment_method_types"
NUMBERS = {"card": "number", "sepa_debit": "iban", "us_bank_account": "account_number"}
HOLDER = ("address", "email", "name", "phone", "tax_id")


def create(store: Store, params: Object) -> Object:
    """Make a payment method of a test card or account."""
    kind = choice(params, "type", KINDS)
    if kind is None:
        raise missing("type")
    inner = group(params, kind)
    token = optional_text(inner, "token", within=kind)
    if kind == "card" and token:
        means = BY_TOKEN.get(token.replace("tok_", "pm_card_", 1))
    else:
        means = found(text(inner, NUMBERS[kind], within=kind))
    if means is None or means.kind != kind:
        raise wrong_number(kind)
    return make(store, means, holder=group(params, "billing_details"), labels=metadata(params))


def make(
    store: Store, means: Means, *, holder: Object | None = None, labels: Object | None = None
) -> Object:
    """Keep a payment method that behaves like a test card or account."""
    given = holder or {}
    return store.add(
        "payment_method",
        "pm",
        {
            "allow_redisplay": "unspecified",
            "billing_details": {name: given.get(name) or None for name in HOLDER},
            "created": store.now(),
            "customer": None,
            "customer_account": None,
            means.kind: _known(means),
            "livemode": False,
            "metadata": labels or {},
            "type": means.kind,
            "_number": means.number,
            # Set up for charges in its holder's absence; used without a customer.
            "_set_up": False,
            "_used": False,
            "_mandate": None,
        },
    )


def means_of(method: Object) -> Means:
    """Return how a payment method behaves."""
    return BY_NUMBER[method["_number"]]


def chosen(store: Store, given: str, customer: str | None, *, param: str) -> Object:
    """Return a payment method by its id or token, for a customer's use. Raises ApiError."""
    if given in BY_TOKEN:
        return make(store, BY_TOKEN[given])
    method = store.get("payment_method", given)
    if method is None:
        raise unknown("PaymentMethod", given, param=param, status=400)
    if method["customer"] and method["customer"] != customer:
        raise ApiError(
            f"The payment method {given} belongs to another customer; name that customer.",
            param=param,
        )
    if method["_used"] and not method["customer"]:
        raise ApiError(
            f"The payment method {given} was used without being attached to a customer, or was "
            "detached from one; it may not be used again.",
            param=param,
        )
    return method


def offered(params: Object, currency: str | None) -> list[str]:
    """Return which of the account's kinds a page or intent offers in a currency.

    Stripe filters and refuses only an empty rest: kinds that are allowed but do not fit the
    currency, or that the account does not have, are left out without a word. Raises ApiError.
    """
    allowed, excluded = texts(params, ALLOWED), texts(params, EXCLUDED)
    if allowed and (excluded or "automatic_payment_methods" in params):
        other = EXCLUDED if excluded else "automatic_payment_methods"
        raise ApiError(
            f"You may only specify one of these parameters: {ALLOWED}, {other}.", param=ALLOWED
        )
    found = [
        kind
        for kind in KINDS
        if kind in (allowed or KINDS)
        and kind not in excluded
        and currency in (None, CURRENCIES.get(kind, currency))
    ]
    if not found:
        raise ApiError("No valid payment method types.", param=ALLOWED if allowed else EXCLUDED)
    return found


def stated(params: Object) -> Object:
    """Return what an intent shows of the methods that its request asked for.

    They may lead a person away unless they are named or the request says otherwise.
    """
    given = group(params, "automatic_payment_methods")
    redirects = choice(
        given, "allow_redirects", ("always", "never"), within="automatic_payment_methods"
    )
    automatic = {"allow_redirects": redirects or "always", "enabled": True}
    return {
        ALLOWED: texts(params, ALLOWED) or None,
        EXCLUDED: texts(params, EXCLUDED) or None,
        "automatic_payment_methods": None if ALLOWED in params else automatic,
    }


def check_return(intent: Object, params: Object) -> None:
    """Refuse to confirm without a ``return_url`` where a person may be led away.

    Raises ApiError.
    """
    found = intent["automatic_payment_methods"]
    if found and found["allow_redirects"] == "always" and not optional_text(params, "return_url"):
        raise ApiError(
            "A `return_url` must be specified because this Intent is configured to automatically"
            " accept the payment methods enabled in the Dashboard, some of which may require a"
            " full page redirect to succeed.",
            param="return_url",
        )


def attach(store: Store, params: Object, method_id: str) -> Object:
    """Keep a payment method for a customer. Raises ApiError when its bank refuses."""
    customer = text(params, "customer")
    store.need("customer", customer, param="customer")
    method = chosen(store, method_id, customer, param="payment_method")
    return keep(store, method, customer)


def keep(store: Store, method: Object, customer: str) -> Object:
    """Attach a payment method to a customer, once. Raises ApiError when its bank refuses."""
    if method["customer"] == customer:
        return method
    means = means_of(method)
    if not means.kept:
        raise declined(means.refuses, means.kind)
    method["customer"] = customer
    emit(store, "payment_method.attached", store.save(method))
    return method


def detach(store: Store, _params: Object, method_id: str) -> Object:
    """Take a payment method from its customer, for good."""
    method = store.need("payment_method", method_id)
    if not method["customer"]:
        raise ApiError("The payment method is not attached to a customer.")
    before = {"customer": method["customer"]}
    method |= {"customer": None, "_used": True}
    emit(store, "payment_method.detached", store.save(method), before)
    return method


def update(store: Store, params: Object, method_id: str) -> Object:
    """Change a payment method's texts."""
    method = store.need("payment_method", method_id)
    method["metadata"] = merged(method["metadata"], params)
    given = group(params, "billing_details")
    method["billing_details"] |= {name: given[name] or None for name in given}
    card = group(params, "card")
    for name, value in card.items():
        method["card"][name] = int(value)
    emit(store, "payment_method.updated", store.save(method))
    return method


def mandate(store: Store, method: Object) -> str | None:
    """Return the mandate under which a bank account is debited; None for a card."""
    if method["type"] == "card":
        return None
    if method["_mandate"]:
        return str(method["_mandate"])
    details: dict[str, Any] = {}
    if method["type"] == "sepa_debit":
        reference = method["id"][-12:].upper()
        details = {"reference": reference, "url": f"{store.control('base')}/mandate/{reference}"}
    made = store.add(
        "mandate",
        "mandate",
        {
            "customer_acceptance": {
                "accepted_at": store.now(),
                "online": {"ip_address": "127.0.0.1", "user_agent": "sandbox"},
                "type": "online",
            },
            "livemode": False,
            "multi_use": {},
            "payment_method": method["id"],
            "payment_method_details": {"type": method["type"], method["type"]: details},
            "status": "active",
            "type": "multi_use",
        },
    )
    method["_mandate"] = made["id"]
    store.save(method)
    return str(made["id"])


def wrong_number(kind: str) -> ApiError:
    """Return the refusal of what is no test card or account."""
    code = "incorrect_number" if kind == "card" else "invalid_bank_account_iban"
    return ApiError(
        "This is no number of Stripe's testing page; the sandbox takes no others.",
        status=402 if kind == "card" else 400,
        kind="card_error" if kind == "card" else "invalid_request_error",
        code=code,
        param="number" if kind == "card" else NUMBERS[kind],
    )


def refusal(reason: str, kind: str, **more: Any) -> Object:
    """Return the error of a bank that does not pay, as objects carry it."""
    code = code_of(reason, kind)
    error = {"type": "card_error", "code": code, "message": sentence_of(reason, kind), **more}
    if kind == "card":
        error["decline_code"] = reason
    return error


def declined(reason: str, kind: str, **more: Any) -> ApiError:
    """Return the answer 402 of a bank that does not pay; what happened until then stays."""
    error = refusal(reason, kind, **more)
    made = ApiError(error["message"], status=402, kept=True)
    made.body = {"error": error}
    return made


def shown(method: Object) -> Object:
    """Return a payment method as errors carry it."""
    return public(method)


def _known(means: Means) -> Object:
    fingerprint = hashlib.sha256(means.number.encode()).hexdigest()[:16]
    if means.kind == "card":
        return {
            "brand": means.brand,
            "checks": {
                "address_line1_check": None,
                "address_postal_code_check": None,
                "cvc_check": "pass",
            },
            "country": means.country,
            "display_brand": means.brand,
            "exp_month": 12,
            "exp_year": 2034,
            "fingerprint": fingerprint,
            "funding": "credit",
            "generated_from": None,
            "last4": means.last4,
            "networks": {"available": [means.brand], "preferred": None},
            "regulated_status": "unregulated",
            "three_d_secure_usage": {"supported": True},
            "wallet": None,
        }
    if means.kind == "sepa_debit":
        return {
            "bank_code": means.number[4:9],
            "branch_code": "",
            "country": means.country,
            "fingerprint": fingerprint,
            "generated_from": None,
            "last4": means.last4,
        }
    return {
        "account_holder_type": "individual",
        "account_type": "checking",
        "bank_name": "STRIPE TEST BANK",
        "financial_connections_account": None,
        "fingerprint": fingerprint,
        "last4": means.last4,
        "networks": {"preferred": "ach", "supported": ["ach"]},
        "routing_number": "110000000",
        "status_details": {},
    }
