"""Charges: one try to take money each, and the movement of the balance that follows later.

A charge has no balance transaction at first, as at Stripe under asynchronous capture: it comes
``settle_seconds`` later with ``charge.updated``. Must not decide whether money comes.
"""

from typing import Any

from ledger.sandbox import balance
from ledger.sandbox.cards import Means, code_of, sentence_of
from ledger.sandbox.events import emit
from ledger.sandbox.params import merged, optional_text
from ledger.sandbox.store import Object, Store

DAY = 86_400
HOLD_SECONDS = 7 * DAY
# What a charge has at Stripe and never has a value here.
EMPTY: Object = dict.fromkeys(
    (
        "application",
        "application_fee",
        "application_fee_amount",
        "on_behalf_of",
        "receipt_number",
        "receipt_url",
        "review",
        "shipping",
        "source",
        "source_transfer",
        "transfer_data",
        "transfer_group",
    )
)


def make(
    store: Store, intent: Object, method: Object, means: Means, *, status: str, reason: str = ""
) -> Object:
    """Make a charge of an intent that succeeded, is pending, or failed for a reason."""
    good = status != "failed"
    captured = good and intent["capture_method"] != "manual"
    return store.add(
        "charge",
        "ch" if means.kind == "card" else "py",
        {
            **EMPTY,
            "amount": intent["amount"],
            "amount_captured": intent["amount"] if captured else 0,
            "amount_refunded": 0,
            "balance_transaction": None,
            "billing_details": method["billing_details"],
            "calculated_statement_descriptor": _descriptor(intent, means),
            "captured": captured,
            "created": store.now(),
            "currency": intent["currency"],
            "customer": intent["customer"],
            "description": intent["description"],
            "disputed": False,
            "failure_balance_transaction": None,
            "failure_code": code_of(reason, means.kind) if reason else None,
            "failure_message": sentence_of(reason, means.kind) if reason else None,
            "fraud_details": {},
            "livemode": False,
            "metadata": intent["metadata"],
            "outcome": _outcome(reason),
            "paid": status == "succeeded",
            "payment_intent": intent["id"],
            "payment_method": method["id"],
            "payment_method_details": _details(store, means, method, held=good and not captured),
            "receipt_email": intent["receipt_email"],
            "refunded": False,
            "statement_descriptor": intent["statement_descriptor"],
            "statement_descriptor_suffix": intent["statement_descriptor_suffix"],
            "status": status,
            # How the card behaves later on: refunds and disputes.
            "_number": means.number,
        },
    )


def update(store: Store, params: Object, charge_id: str) -> Object:
    """Change a charge's texts."""
    charge = store.need("charge", charge_id)
    charge["metadata"] = merged(charge["metadata"], params)
    for name in ("description", "receipt_email"):
        if name in params:
            charge[name] = optional_text(params, name)
    emit(store, "charge.updated", store.save(charge))
    return charge


def settle(store: Store, charge_id: str) -> bool:
    """Give a charge its balance transaction; False when it has one or never gets one."""
    charge = store.get("charge", charge_id)
    if charge is None or charge["balance_transaction"] or not charge["captured"]:
        return False
    if charge["status"] != "succeeded":
        return False
    means = charge["payment_method_details"]["type"]
    amount, currency, rate = balance.settled(store, charge["amount"], charge["currency"])
    taken, _currency, _rate = balance.settled(store, charge["amount_captured"], charge["currency"])
    txn = balance.transaction(
        store,
        move=balance.Move(
            kind="charge" if means == "card" else "payment",
            category="charge",
            rate=rate,
            description=charge["description"],
        ),
        amount=amount,
        fee=balance.fee_of(store, taken, means),
        currency=currency,
        source=charge["id"],
        pending=charge["_number"] != "4000000000000077",
    )
    charge["balance_transaction"] = txn["id"]
    if taken != amount:
        # Stripe books the authorised amount and takes back what was not captured.
        balance.transaction(
            store,
            move=balance.Move(kind="refund", category="partial_capture_reversal", rate=rate),
            amount=taken - amount,
            fee=0,
            currency=currency,
            source=charge["id"],
            pending=True,
        )
    emit(store, "charge.updated", store.save(charge))
    return True


def fall_back(store: Store, charge: Object, reason: str) -> Object:
    """Bring back a bank debit that had succeeded: the bank returned it late."""
    settle(store, charge["id"])
    charge = store.need("charge", charge["id"])
    txn = store.need("balance_transaction", charge["balance_transaction"])
    back = balance.transaction(
        store,
        move=balance.Move(
            kind="payment_failure_refund",
            category="charge_failure",
            fee_description="Failed ACH or SEPA debit fee",
            rate=str(txn["exchange_rate"]) if txn["exchange_rate"] else None,
        ),
        amount=-txn["amount"],
        fee=balance.flat_fee(store, "return"),
        currency=txn["currency"],
        source=charge["id"],
    )
    charge |= {
        "status": "failed",
        "paid": False,
        "failure_balance_transaction": back["id"],
        "failure_code": code_of(reason, "debit"),
        "failure_message": sentence_of(reason, "debit"),
        "outcome": _outcome(reason),
    }
    return store.save(charge)


def _descriptor(intent: Object, means: Means) -> str | None:
    """Return what stands on the statement of a card."""
    if means.kind != "card":
        return None
    suffix = intent["statement_descriptor_suffix"]
    return str(intent["statement_descriptor"] or (f"SANDBOX* {suffix}" if suffix else "SANDBOX"))


def _outcome(reason: str) -> Object:
    if not reason:
        return {
            "advice_code": None,
            "network_advice_code": None,
            "network_decline_code": None,
            "network_status": "approved_by_network",
            "reason": None,
            "risk_level": "normal",
            "risk_score": 12,
            "seller_message": "Payment complete.",
            "type": "authorized",
        }
    return {
        "advice_code": None,
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": "declined_by_network",
        "reason": reason,
        "risk_level": "normal",
        "risk_score": 12,
        "seller_message": "The bank did not pay.",
        "type": "issuer_declined",
    }


def _details(store: Store, means: Means, method: Object, *, held: bool) -> dict[str, Any]:
    if means.kind == "card":
        card = method["card"]
        return {
            "type": "card",
            "card": {
                "amount_authorized": None,
                "authorization_code": None,
                "brand": card["brand"],
                **({"capture_before": store.now() + HOLD_SECONDS} if held else {}),
                "checks": card["checks"],
                "country": card["country"],
                "electronic_commerce_indicator": None,
                "exp_month": card["exp_month"],
                "exp_year": card["exp_year"],
                "fingerprint": card["fingerprint"],
                "funding": card["funding"],
                "installments": None,
                "last4": card["last4"],
                "mandate": None,
                "network": card["brand"],
                "network_transaction_id": None,
                "regulated_status": card["regulated_status"],
                "three_d_secure": None,
                "transaction_link_id": None,
                "wallet": None,
            },
        }
    known = method[means.kind]
    names: tuple[str, ...] = ("bank_code", "branch_code", "country", "fingerprint", "last4")
    if means.kind == "us_bank_account":
        names = (
            "account_holder_type",
            "account_type",
            "bank_name",
            "fingerprint",
            "last4",
            "routing_number",
        )
    details = {name: known[name] for name in names}
    if means.kind == "us_bank_account":
        details["payment_reference"] = None
    return {"type": means.kind, means.kind: {**details, "mandate": method["_mandate"]}}
