"""Controls that Stripe does not have: the clock, payouts, lost answers, dropped messages."""

from typing import Any

from flask import Blueprint, current_app, jsonify, request
from werkzeug.wrappers import Response

from ledger.sandbox import money, payouts
from ledger.sandbox.errors import ApiError, unknown
from ledger.sandbox.events import emit
from ledger.sandbox.store import Store

pages = Blueprint("controls", __name__, url_prefix="/_test")
SETTABLE = ("drop", "duplicate", "shuffle", "settle_seconds", "fail", "advance")


@pages.post("/set")
def set_control() -> Response:
    """Set controls: drop, duplicate, shuffle (0 or 1), settle_seconds, advance (seconds), and
    fail: what becomes of the next change (``before`` or ``after`` its effect, ``busy`` or
    ``limit`` instead of it)."""
    store = _store()
    with store.transaction():
        for name, value in request.form.items():
            if name in SETTABLE:
                store.set_control(name, value)
    return jsonify(ok=True)


@pages.post("/settle")
def settle() -> Response:
    """Give every waiting charge its balance transaction now."""
    store = _store()
    with store.transaction():
        count = settle_due(store, everything=True)
    return jsonify(settled=count)


@pages.post("/payout")
def payout() -> Response:
    """Pay the balance out now."""
    store = _store()
    with store.transaction():
        settle_due(store, everything=True)
        made = pay_out(store, request.form.get("currency", "usd"))
    return jsonify(payout=made)


@pages.post("/fail_payout")
def fail_payout() -> tuple[Response, int] | Response:
    """Have the bank send a payout back."""
    store = _store()
    try:
        with store.transaction():
            found = store.get("payout", request.form.get("payout", ""))
            if found is None:
                raise unknown("payout", request.form.get("payout", ""))
            emit(store, "payout.failed", payouts.fail(store, found))
    except ApiError as refusal:
        return jsonify(refusal.body), refusal.status
    return jsonify(ok=True)


@pages.get("/deliveries")
def deliveries() -> Response:
    """Show what was sent and how it was answered."""
    rows = _store().run("select event, tries, status, done from delivery order by seq")
    names = ("event", "tries", "status", "done")
    return jsonify([dict(zip(names, row, strict=True)) for row in rows])


@pages.post("/redeliver")
def redeliver() -> Response:
    """Send every event once more."""
    store = _store()
    with store.transaction():
        store.run("update delivery set done = 0, due = 0, tries = 0")
    return jsonify(ok=True)


def settle_due(store: Store, *, everything: bool = False) -> int:
    """Settle the charges whose time has come."""
    rows = store.run(
        "select seq, object from wakeup where due <= ? or ?", store.now(), int(everything)
    )
    for seq, charge_id in rows:
        charge = store.get("charge", charge_id)
        settled = money.settle_charge(store, charge) if charge else None
        if settled:
            emit(store, "charge.updated", settled)
        store.run("delete from wakeup where seq = ?", seq)
    return len(rows)


def pay_out(store: Store, currency: str) -> dict[str, Any] | None:
    """Pay out and tell about it."""
    made = payouts.pay_out(store, currency)
    if made is not None:
        for kind in ("payout.created", "payout.paid", "payout.reconciliation_completed"):
            emit(store, kind, made)
    return made


def _store() -> Store:
    found: Store = current_app.extensions["store"]
    return found
