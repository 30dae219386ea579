"""Money objects: payment intents, charges, balance transactions and refunds.

The fee is 2.9 % plus 30 of the smallest unit, half rounded up. A charge has no balance
transaction at first: it follows later, as Stripe's does under asynchronous capture.
"""

from typing import Any

from ledger.sandbox.currencies import check_granularity
from ledger.sandbox.errors import ApiError, unknown
from ledger.sandbox.store import Object, Store

FEE_PER_MILLE = 29
FEE_FIXED = 30
DAY = 86_400
# Reasons that are codes of their own; every other is a card_declined with a decline code.
OWN_CODES = ("card_declined", "expired_card", "incorrect_cvc", "processing_error")


def fee_of(amount: int) -> int:
    """Return the fee on a charge, in the smallest unit, half rounded up."""
    return (amount * FEE_PER_MILLE + 500) // 1000 + FEE_FIXED


def create_intent(
    store: Store, *, amount: int, currency: str, metadata: dict[str, str], email: str | None
) -> Object:
    """Make a payment intent that waits for a card."""
    return store.add(
        "payment_intent",
        "pi",
        {
            "amount": amount,
            "amount_capturable": 0,
            "amount_received": 0,
            "capture_method": "automatic_async",
            "client_secret": None,
            "confirmation_method": "automatic",
            "created": store.now(),
            "currency": currency,
            "customer": None,
            "description": None,
            "last_payment_error": None,
            "latest_charge": None,
            "livemode": False,
            "metadata": metadata,
            "next_action": None,
            "payment_method": None,
            "payment_method_types": ["card"],
            "receipt_email": email,
            "status": "requires_payment_method",
        },
    )


def succeed(store: Store, intent: Object, *, brand: str, last4: str) -> Object:
    """Charge an intent; the charge's balance transaction follows later."""
    if intent["status"] == "succeeded":
        raise ApiError(
            "This payment has succeeded already.", code="payment_intent_unexpected_state"
        )
    charge = _charge(store, intent, brand=brand, last4=last4, problem=None)
    intent |= {
        "status": "succeeded",
        "amount_received": intent["amount"],
        "latest_charge": charge["id"],
        "next_action": None,
        "last_payment_error": None,
    }
    store.save(intent)
    return charge


def decline(
    store: Store, intent: Object, *, brand: str, last4: str, code: str, sentence: str
) -> Object:
    """Try to charge an intent in vain; it waits for another card."""
    general = code if code in OWN_CODES else "card_declined"
    charge = _charge(store, intent, brand=brand, last4=last4, problem=(general, sentence))
    intent |= {
        "latest_charge": charge["id"],
        "last_payment_error": {
            "type": "card_error",
            "code": general,
            "decline_code": "generic_decline" if code == "card_declined" else code,
            "message": sentence,
            "charge": charge["id"],
        },
    }
    store.save(intent)
    return charge


def _charge(
    store: Store, intent: Object, *, brand: str, last4: str, problem: tuple[str, str] | None
) -> Object:
    good = problem is None
    return store.add(
        "charge",
        "ch",
        {
            "amount": intent["amount"],
            "amount_captured": intent["amount"] if good else 0,
            "amount_refunded": 0,
            "balance_transaction": None,
            "billing_details": {
                "address": None,
                "email": intent["receipt_email"],
                "name": None,
                "phone": None,
                "tax_id": None,
            },
            "captured": good,
            "created": store.now(),
            "currency": intent["currency"],
            "customer": None,
            "description": None,
            "disputed": False,
            "failure_code": problem[0] if problem else None,
            "failure_message": problem[1] if problem else None,
            "livemode": False,
            "metadata": intent["metadata"],
            "outcome": None,
            "paid": good,
            "payment_intent": intent["id"],
            "payment_method": None,
            "payment_method_details": {
                "type": "card",
                "card": {"brand": brand, "exp_month": 12, "exp_year": 2034, "last4": last4},
            },
            "receipt_email": intent["receipt_email"],
            "refunded": False,
            "status": "succeeded" if good else "failed",
        },
    )


def settle_charge(store: Store, charge: Object) -> Object | None:
    """Give a charge its balance transaction; None when it has one."""
    if charge["balance_transaction"]:
        return None
    txn = transaction(
        store,
        kind="charge",
        category="charge",
        amount=charge["amount"],
        fee=fee_of(charge["amount"]),
        currency=charge["currency"],
        source=charge["id"],
    )
    charge["balance_transaction"] = txn["id"]
    return store.save(charge)


def refund(
    store: Store,
    *,
    charge_id: str,
    amount: int | None,
    metadata: dict[str, str],
    reason: str | None = None,
) -> Object:
    """Send back all or part of a charge; Stripe keeps the fee. Raises ApiError beyond it."""
    charge = store.get("charge", charge_id)
    if charge is None:
        raise unknown("charge", charge_id, param="charge")
    if not charge["paid"]:
        raise ApiError("This charge did not succeed.", param="charge")
    rest = charge["amount"] - charge["amount_refunded"]
    if rest == 0:
        raise ApiError(
            f"Charge {charge_id} has already been refunded.", code="charge_already_refunded"
        )
    wanted = rest if amount is None else amount
    if wanted > rest:
        raise ApiError(
            f"Refund amount ({wanted}) is greater than unrefunded amount on charge ({rest})",
            param="amount",
        )
    check_granularity(wanted, charge["currency"], "amount")
    made = store.add(
        "refund",
        "re",
        {
            "amount": wanted,
            "balance_transaction": None,
            "charge": charge_id,
            "created": store.now(),
            "currency": charge["currency"],
            "metadata": metadata,
            "payment_intent": charge["payment_intent"],
            "reason": reason,
            "receipt_number": None,
            "source_transfer_reversal": None,
            "status": "succeeded",
            "transfer_reversal": None,
        },
    )
    txn = transaction(
        store,
        kind="refund",
        category="refund",
        amount=-wanted,
        fee=0,
        currency=charge["currency"],
        source=made["id"],
    )
    made["balance_transaction"] = txn["id"]
    charge["amount_refunded"] += wanted
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]
    store.save(charge)
    return store.save(made)


def transaction(
    store: Store,
    *,
    kind: str,
    category: str,
    amount: int,
    fee: int,
    currency: str,
    source: str | None,
) -> Object:
    """Move the balance."""
    details: list[dict[str, Any]] = []
    if fee:
        details.append(
            {
                "amount": fee,
                "application": None,
                "currency": currency,
                "description": "Stripe processing fees",
                "type": "stripe_fee",
            }
        )
    return store.add(
        "balance_transaction",
        "txn",
        {
            "amount": amount,
            "available_on": store.now() + 2 * DAY,
            "balance_type": "payments",
            "created": store.now(),
            "currency": currency,
            "description": None,
            "exchange_rate": None,
            "fee": fee,
            "fee_details": details,
            "net": amount - fee,
            "reporting_category": category,
            "source": source,
            "status": "available",
            "type": kind,
            # Which payout took it along; never shown, as at Stripe.
            "_payout": None,
        },
    )
