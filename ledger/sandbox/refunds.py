"""Refunds: money sent back, at once, after a while, or in vain.

How a refund goes is the test card's: at once, pending first, or failing after it succeeded.
Must not charge anything.
"""

from ledger.sandbox import balance
from ledger.sandbox.cards import BY_NUMBER
from ledger.sandbox.currencies import check_granularity
from ledger.sandbox.errors import ApiError, missing, unknown
from ledger.sandbox.events import emit
from ledger.sandbox.params import choice, integer, merged, metadata, optional_text
from ledger.sandbox.store import Object, Store

REASONS = ("duplicate", "fraudulent", "requested_by_customer")


def create(store: Store, params: Object) -> Object:
    """Send money back. Raises ApiError beyond what is left of the charge."""
    reason = choice(params, "reason", REASONS)
    charge_id = optional_text(params, "charge")
    intent_id = optional_text(params, "payment_intent")
    if not charge_id and intent_id:
        intent = store.get("payment_intent", intent_id)
        if intent is None:
            raise unknown("payment_intent", intent_id, param="payment_intent")
        charge_id = intent["latest_charge"]
    if not charge_id:
        raise missing("charge")
    charge = store.get("charge", charge_id)
    if charge is None:
        raise unknown("charge", charge_id, param="charge")
    return refund(
        store,
        charge,
        amount=integer(params, "amount") if "amount" in params else None,
        labels=metadata(params),
        reason=reason,
    )


def update(store: Store, params: Object, refund_id: str) -> Object:
    """Change a refund's metadata."""
    found = store.need("refund", refund_id)
    found["metadata"] = merged(found["metadata"], params)
    emit(store, "refund.updated", store.save(found))
    return found


def refund(
    store: Store,
    charge: Object,
    *,
    amount: int | None,
    labels: Object,
    reason: str | None,
    how: str | None = None,
) -> Object:
    """Send back all or part of a charge; Stripe keeps the fee. Raises ApiError beyond it.

    ``how`` it goes is the test card's unless given: at once, pending or failing.
    """
    if not charge["paid"]:
        raise ApiError("This charge did not succeed.", param="charge")
    rest = charge["amount_captured"] - charge["amount_refunded"]
    if rest <= 0:
        raise ApiError(
            f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded"
        )
    if charge["disputed"] and not charge.get("_inquired"):
        raise ApiError(
            f"Charge {charge['id']} has been charged back; it cannot be refunded.",
            code="charge_disputed",
            param="charge",
        )
    wanted = rest if amount is None else amount
    if wanted > rest:
        raise ApiError(
            f"Refund amount ({wanted}) is greater than unrefunded amount on charge ({rest})",
            param="amount",
        )
    check_granularity(wanted, charge["currency"], "amount")
    how = BY_NUMBER[charge["_number"]].refund if how is None else how
    made = _make(store, charge, wanted, labels, reason, how)
    charge["amount_refunded"] += wanted
    charge["refunded"] = charge["amount_refunded"] == charge["amount_captured"]
    store.save(charge)
    seconds = float(store.control("refund_seconds") or store.control("settle_seconds", "1"))
    if how:
        store.wake(f"refund:{how}", made["id"], seconds)
    emit(store, "refund.created", made)
    emit(store, "charge.refunded", charge)
    return made


def end(store: Store, refund_id: str, how: str) -> bool:
    """Let a refund succeed (``pending``) or fail (``failing``); False when it has ended."""
    made = store.get("refund", refund_id)
    if made is None or made["status"] in ("failed", "canceled"):
        return False
    if how == "pending":
        if made["status"] != "pending":
            return False
        made["status"] = "succeeded"
        made.pop("pending_reason")
        made["destination_details"] = _destination("available")
        emit(store, "refund.updated", store.save(made))
        return True
    charge = store.need("charge", made["charge"])
    txn = store.need("balance_transaction", made["balance_transaction"])
    back = balance.transaction(
        store,
        move=balance.Move(
            kind="refund_failure",
            category="refund_failure",
            rate=str(txn["exchange_rate"]) if txn["exchange_rate"] else None,
        ),
        amount=-txn["amount"],
        fee=0,
        currency=txn["currency"],
        source=made["id"],
    )
    made |= {
        "status": "failed",
        "failure_reason": "expired_or_canceled_card",
        "failure_balance_transaction": back["id"],
    }
    made.pop("pending_reason", None)
    store.save(made)
    charge["amount_refunded"] -= made["amount"]
    charge["refunded"] = False
    store.save(charge)
    emit(store, "refund.updated", made)
    emit(store, "refund.failed", made)
    emit(store, "charge.refund.updated", made)
    return True


def _make(
    store: Store, charge: Object, amount: int, labels: Object, reason: str | None, how: str
) -> Object:
    made = store.add(
        "refund",
        "re" if charge["id"].startswith("ch") else "pyr",
        {
            "amount": amount,
            "balance_transaction": None,
            "charge": charge["id"],
            "created": store.now(),
            "currency": charge["currency"],
            "customer": charge["customer"],
            "customer_account": None,
            "destination_details": _destination("pending"),
            "metadata": labels,
            "payment_intent": charge["payment_intent"],
            "payment_method": charge["payment_method"],
            **({"pending_reason": "processing"} if how == "pending" else {}),
            "reason": reason,
            "receipt_number": None,
            "source_transfer_reversal": None,
            "status": "pending" if how == "pending" else "succeeded",
            "transfer_reversal": None,
        },
    )
    # Refunds are exchanged at the rate of their day, not at that of the charge.
    settled, currency, rate = balance.settled(store, amount, charge["currency"])
    txn = balance.transaction(
        store,
        move=balance.Move(
            kind="refund" if charge["id"].startswith("ch") else "payment_refund",
            category="refund",
            rate=rate,
        ),
        amount=-settled,
        fee=0,
        currency=currency,
        source=made["id"],
    )
    made["balance_transaction"] = txn["id"]
    return store.save(made)


def _destination(status: str) -> Object:
    card = {"reference_status": status, "reference_type": "acquirer_reference_number"}
    return {"type": "card", "card": {**card, "type": "refund"}}
