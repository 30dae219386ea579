"""Movements of the balance that no payment causes: fees, reserves, top-ups, adjustments.

Made by controls alone, as Stripe makes them by itself. Must not touch payments.
"""

from ledger.sandbox import balance, disputes
from ledger.sandbox.currencies import check_currency
from ledger.sandbox.errors import ApiError
from ledger.sandbox.events import emit
from ledger.sandbox.params import merged
from ledger.sandbox.store import Object, Store

KINDS = {
    "adjustment": "other_adjustment",
    "reserve_hold": "risk_reserved_funds",
    "reserve_release": "risk_reserved_funds",
}


def fee(store: Store, form: dict[str, str]) -> Object:
    """Take a stand-alone fee of ``amount`` in ``currency``; below zero, give one back."""
    words = form.get("description", "Billing - Usage fee")
    return disputes.stand_alone_fee(store, _currency(form), _amount(form), words)


def move(store: Store, form: dict[str, str]) -> Object:
    """Move ``amount``: ``kind`` is adjustment, reserve_hold, reserve_release, or any other with
    a ``category``, ``fee`` and ``source`` of one's own."""
    kind = form["kind"]
    amount = _amount(form)
    if kind == "reserve_hold":
        amount = -abs(amount)
    category = form.get("category") or KINDS.get(kind)
    if category is None:
        raise ApiError("Give a category.", param="category")
    return balance.transaction(
        store,
        move=balance.Move(kind=kind, category=category, description=form.get("description")),
        amount=amount,
        fee=int(form.get("fee", "0")),
        currency=_currency(form),
        source=form.get("source"),
    )


def top_up(store: Store, form: dict[str, str]) -> Object:
    """Pay ``amount`` from the bank into the balance."""
    made = store.add(
        "topup",
        "tu",
        {
            "amount": _amount(form),
            "balance_transaction": None,
            "created": store.now(),
            "currency": _currency(form),
            "description": form.get("description"),
            "expected_availability_date": store.now(),
            "failure_code": None,
            "failure_message": None,
            "initiated_by": "user",
            "livemode": False,
            "metadata": {},
            "payment_method": None,
            "source": None,
            "statement_descriptor": None,
            "status": "pending",
            "transfer_group": None,
        },
    )
    emit(store, "topup.created", made)
    txn = balance.transaction(
        store,
        move=balance.Move(kind="topup", category="topup"),
        amount=made["amount"],
        fee=0,
        currency=made["currency"],
        source=made["id"],
    )
    made |= {"balance_transaction": txn["id"], "status": "succeeded"}
    emit(store, "topup.succeeded", store.save(made))
    return made


def update_topup(store: Store, params: Object, topup_id: str) -> Object:
    """Change a top-up's metadata."""
    found = store.need("topup", topup_id)
    found["metadata"] = merged(found["metadata"], params)
    return store.save(found)


def _currency(form: dict[str, str]) -> str:
    return check_currency(form.get("currency", "usd"), "currency")


def _amount(form: dict[str, str]) -> int:
    try:
        return int(form["amount"])
    except ValueError as error:
        raise ApiError("Give an amount in the smallest unit.", param="amount") from error
