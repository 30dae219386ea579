"""Automatic payouts: what is on the balance goes to the bank, and comes back when it fails.

A payout is exactly the sum of the balance transactions it takes along.
"""

from ledger.sandbox import money
from ledger.sandbox.errors import ApiError
from ledger.sandbox.store import Object, Store

DAY = 86_400


def balance_of(store: Store, currency: str) -> int:
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
    out = money.transaction(
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


def fail(store: Store, payout: Object) -> Object:
    """Bring a payout's money back to the balance, as when the bank account is closed.

    Raises ApiError when it has failed already.
    """
    if payout["status"] == "failed":
        raise ApiError("This payout has failed already.", param="payout")
    back = money.transaction(
        store,
        kind="payout_failure",
        category="payout_reversal",
        amount=payout["amount"],
        fee=0,
        currency=payout["currency"],
        source=payout["id"],
    )
    payout |= {
        "status": "failed",
        "failure_code": "account_closed",
        "failure_message": "The bank account has been closed.",
        "failure_balance_transaction": back["id"],
    }
    return store.save(payout)
