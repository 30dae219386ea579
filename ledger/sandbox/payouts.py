"""Payouts: what is available goes to the bank, by itself or on demand, and comes back on failure.

An automatic payout is exactly the sum of the balance transactions it takes along; one made
through the API takes none along, as at Stripe. Money is on its way ``arrival_seconds``.
"""

from ledger.sandbox import balance
from ledger.sandbox.currencies import check_currency
from ledger.sandbox.errors import ApiError
from ledger.sandbox.events import emit
from ledger.sandbox.params import integer, merged, metadata, optional_text, text
from ledger.sandbox.store import Object, Store

DAY = 86_400
# Currencies with decimals that banks move in whole units alone.
WHOLE = ("huf", "isk", "twd", "ugx")
REASONS = {
    "account_closed": "The bank account has been closed.",
    "no_account": "The bank account could not be found.",
    "declined": "The bank declined this payout.",
}


def create(store: Store, params: Object) -> Object:
    """Send money to the bank on demand. Raises ApiError beyond what is available."""
    currency = check_currency(text(params, "currency"), "currency")
    amount = integer(params, "amount")
    if currency in WHOLE and amount % 100:
        raise ApiError(f"Payouts in {currency.upper()} divide by 100.", param="amount")
    if amount > balance.total(store, currency, "available"):
        raise ApiError(
            "You have insufficient funds in your Stripe account for this transfer.",
            code="balance_insufficient",
            param="amount",
        )
    made = _make(store, amount, currency, automatic=False)
    made["metadata"] = metadata(params)
    made["description"] = optional_text(params, "description")
    made["statement_descriptor"] = optional_text(params, "statement_descriptor")
    return _send(store, made, [])


def update(store: Store, params: Object, payout_id: str) -> Object:
    """Change a payout's metadata."""
    payout = store.need("payout", payout_id)
    payout["metadata"] = merged(payout["metadata"], params)
    emit(store, "payout.updated", store.save(payout))
    return payout


def cancel(store: Store, _params: Object, payout_id: str) -> Object:
    """Call a payout back that has not left yet."""
    payout = store.need("payout", payout_id)
    if payout["status"] != "pending":
        raise ApiError("Only a payout that is pending can be canceled.")
    _back(store, payout, "payout_cancel")
    payout["status"] = "canceled"
    emit(store, "payout.canceled", store.save(payout))
    return payout


def pay_out(store: Store, currency: str, *, negative: bool = False) -> Object | None:
    """Send everything available to the bank; None when there is nothing.

    With ``negative``, a balance below zero is taken from the bank.
    """
    contained = [
        txn
        for txn in store.all("balance_transaction")
        if txn["currency"] == currency and txn["_payout"] is None and txn["status"] == "available"
    ]
    amount = sum(txn["net"] for txn in contained)
    if amount == 0 or (amount < 0 and not negative):
        return None
    return _send(store, _make(store, amount, currency, automatic=True), contained)


def arrive(store: Store, payout_id: str) -> bool:
    """Have a payout reach the bank; False when it failed or was canceled meanwhile."""
    payout = store.need("payout", payout_id)
    if payout["status"] not in ("pending", "in_transit"):
        return False
    payout["status"] = "paid"
    emit(store, "payout.paid", store.save(payout))
    return True


def fail(store: Store, payout: Object, reason: str = "account_closed") -> Object:
    """Bring a payout's money back to the balance, also when it was paid already.

    Raises ApiError when it has come back before.
    """
    if payout["status"] in ("failed", "canceled"):
        raise ApiError(f"This payout is {payout['status']} already.", param="payout")
    _back(store, payout, "payout_failure")
    payout |= {
        "status": "failed",
        "failure_code": reason,
        "failure_message": REASONS.get(reason, REASONS["declined"]),
    }
    emit(store, "payout.failed", store.save(payout))
    return payout


def _make(store: Store, amount: int, currency: str, *, automatic: bool) -> Object:
    arrival = store.now() + (int(store.control("arrival_seconds", "0")) or DAY)
    made = store.add(
        "payout",
        "po",
        {
            "amount": amount,
            "application_fee": None,
            "application_fee_amount": None,
            "arrival_date": arrival,
            "automatic": automatic,
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
            "reconciliation_status": "completed" if automatic else "not_applicable",
            "reversed_by": None,
            "source_type": "card",
            "statement_descriptor": "STRIPE",
            "status": "pending",
            "trace_id": {"status": "supported", "value": None},
            "type": "bank_account",
        },
    )
    made["trace_id"]["value"] = made["id"][-10:].upper()
    return made


def _send(store: Store, made: Object, contained: list[Object]) -> Object:
    out = balance.transaction(
        store,
        move=balance.Move(kind="payout", category="payout"),
        amount=-made["amount"],
        fee=0,
        currency=made["currency"],
        source=made["id"],
    )
    if made["automatic"]:
        for txn in (*contained, out):
            txn["_payout"] = made["id"]
            store.save(txn)
    made["balance_transaction"] = out["id"]
    emit(store, "payout.created", store.save(made))
    wait = int(store.control("arrival_seconds", "0"))
    if wait:
        store.wake("arrive", made["id"], wait)
    else:
        arrive(store, made["id"])
    if made["automatic"]:
        emit(store, "payout.reconciliation_completed", store.need("payout", made["id"]))
    return store.need("payout", made["id"])


def _back(store: Store, payout: Object, kind: str) -> None:
    back = balance.transaction(
        store,
        move=balance.Move(kind=kind, category="payout_reversal"),
        amount=payout["amount"],
        fee=0,
        currency=payout["currency"],
        source=payout["id"],
    )
    payout["failure_balance_transaction"] = back["id"]
