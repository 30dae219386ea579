"""Money objects: payment intents, charges, balance transactions, refunds, payouts.

The fee is 2.9 % plus 30 of the smallest unit, half rounded up. A charge has no balance
transaction at first: it follows later, as Stripe's does under asynchronous capture.
"""

from typing import Any

from ledger.sandbox.errors import ApiError, unknown
from ledger.sandbox.store import Object, Store

FEE_PER_MILLE = 29
FEE_FIXED = 30
DAY = 86_400


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
    charge = store.add(
        "charge",
        "ch",
        {
            "amount": intent["amount"],
            "amount_captured": intent["amount"],
            "amount_refunded": 0,
            "balance_transaction": None,
            "billing_details": {
                "address": None,
                "email": intent["receipt_email"],
                "name": None,
                "phone": None,
                "tax_id": None,
            },
            "captured": True,
            "created": store.now(),
            "currency": intent["currency"],
            "customer": None,
            "description": None,
            "disputed": False,
            "failure_code": None,
            "failure_message": None,
            "livemode": False,
            "metadata": intent["metadata"],
            "outcome": None,
            "paid": True,
            "payment_intent": intent["id"],
            "payment_method": None,
            "payment_method_details": {"type": "card", "card": {"brand": brand, "last4": last4}},
            "receipt_email": intent["receipt_email"],
            "refunded": False,
            "status": "succeeded",
        },
    )
    intent |= {
        "status": "succeeded",
        "amount_received": intent["amount"],
        "latest_charge": charge["id"],
        "next_action": None,
        "last_payment_error": None,
    }
    store.save(intent)
    return charge


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


def refund(store: Store, *, charge_id: str, amount: int | None, metadata: dict[str, str]) -> Object:
    """Send back all or part of a charge; Stripe keeps the fee. Raises ApiError beyond it."""
    charge = store.get("charge", charge_id)
    if charge is None:
        raise unknown("charge", charge_id)
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
            "reason": None,
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


def balance(store: Store, currency: str) -> int:
    """Return what is on the balance, in the smallest unit."""
    return sum(
        txn["net"] for txn in store.all("balance_transaction") if txn["currency"] == currency
    )


def pay_out(store: Store, currency: str) -> Object | None:
    """Send everything on the balance to the bank; None when there is nothing."""
    contained = [
        txn
        for txn in store.all("balance_transaction")
        if txn["currency"] == currency and txn["_payout"] is None
    ]
    amount = sum(txn["net"] for txn in contained)
    if amount <= 0:
        return None
    made = store.add(
        "payout",
        "po",
        {
            "amount": amount,
            "application_fee": None,
            "application_fee_amount": None,
            "arrival_date": store.now() + DAY,
            "automatic": True,
            "balance_transaction": None,
            "created": store.now(),
            "currency": currency,
            "description": "STRIPE PAYOUT",
            "destination": None,
            "failure_balance_transaction": None,
            "failure_code": None,
            "failure_message": None,
            "livemode": False,
            "metadata": {},
            "method": "standard",
            "original_payout": None,
            "payout_method": None,
            "reconciliation_status": "completed",
            "reversed_by": None,
            "source_type": "card",
            "statement_descriptor": "STRIPE",
            "status": "paid",
            "trace_id": {"status": "supported", "value": None},
            "type": "bank_account",
        },
    )
    out = transaction(
        store,
        kind="payout",
        category="payout",
        amount=-amount,
        fee=0,
        currency=currency,
        source=made["id"],
    )
    for txn in (*contained, out):
        txn["_payout"] = made["id"]
        store.save(txn)
    made["balance_transaction"] = out["id"]
    made["trace_id"]["value"] = made["id"][-10:].upper()
    return store.save(made)
