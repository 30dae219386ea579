"""Controls that Stripe does not have: the clock, payouts, lost answers, dropped messages."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, redirect, request, url_for

from ledger.sandbox import (
    attempts,
    clockwork,
    disputes,
    endpoints,
    faults,
    movements,
    payouts,
    refunds,
)
from ledger.sandbox.currencies import parsed
from ledger.sandbox.errors import ApiError
from ledger.sandbox.events import public
from ledger.sandbox.store import Object, Store

pages = Blueprint("controls", __name__, url_prefix="/_test")
OK = 200
SETTABLE = (
    "advance",
    "arrival_seconds",
    "available_seconds",
    "debit_seconds",
    "delay_seconds",
    "drop",
    "drop_next",
    "duplicate",
    "fail",
    "fee_card",
    "fee_countered",
    "fee_dispute",
    "fee_return",
    "fee_sepa_debit",
    "fee_us_bank_account",
    "horizon",
    "key_seconds",
    "limit_per_second",
    "livemode",
    "payout_seconds",
    "rates",
    "refund_seconds",
    "retry_days",
    "retry_end",
    "retry_waits",
    "settle_seconds",
    "settles",
    "shuffle",
    "webhook_timeout",
    "won_returns_fee",
)


@pages.after_request
def back_to_the_page(answer: Response) -> Any:
    """Redirect a person who used a control back to the dashboard, with its result."""
    if request.form.get("_page") != "1":
        return answer
    told = answer.get_json(silent=True)
    error = told.get("error") if isinstance(told, dict) else None
    said = error["message"] if isinstance(error, dict) else error
    failed = 0 if answer.status_code == OK else 1
    return redirect(url_for("dashboard.show", said=said or "Done.", failed=failed), 303)


@pages.post("/set")
def set_control() -> Any:
    """Change settings; see ``SETTABLE`` and this package's README. Anything else is refused."""
    store = _store()
    given = {name: value for name, value in request.form.items() if name != "_page"}
    unknown = sorted(set(given) - set(SETTABLE))
    if unknown:
        return jsonify(error=f"No such setting: {', '.join(unknown)}."), 400
    with store.transaction():
        for name, value in given.items():
            store.set_control(name, value)
    return jsonify(ok=True)


@pages.post("/settle")
def settle() -> Response:
    """Give every waiting charge its balance transaction now."""
    store = _store()
    with store.transaction():
        count = clockwork.wake(store, now=True, only="settle_charge")
    return jsonify(settled=count)


@pages.post("/advance")
def advance() -> Response:
    """Let so many ``seconds`` pass on the sandbox's clock, and do what becomes due."""
    store = _store()
    with store.transaction():
        ahead = int(store.control("advance", "0")) + int(request.form.get("seconds", "86400"))
        store.set_control("advance", str(ahead))
        clockwork.tick(store)
    return jsonify(ok=True, advance=ahead)


@pages.post("/tick")
def tick() -> Response:
    """Do what is due by the clock, as happens several times a second by itself."""
    store = _store()
    with store.transaction():
        clockwork.tick(store)
    return jsonify(ok=True)


@pages.post("/now")
def everything_now() -> Response:
    """Have all that waits happen now, or only what ``only`` names: end_debit, settle_charge,
    refund, dispute."""
    store = _store()
    with store.transaction():
        count = clockwork.wake(store, now=True, only=request.form.get("only"))
    return jsonify(done=count)


@pages.post("/payout")
def payout() -> Response:
    """Pay the balance out now; with ``negative=1`` take what is missing from the bank."""
    store = _store()
    with store.transaction():
        clockwork.wake(store, now=True, only="settle_charge")
        currency, negative = request.form.get("currency", "usd"), "negative" in request.form
        made = payouts.pay_out(store, currency, negative=negative)
    return jsonify(payout=made)


@pages.post("/end_debit")
def end_debit() -> Any:
    """End the bank debit ``charge`` now: as its test account does, or by ``reason``."""
    return _act(
        lambda store, form: attempts.end_debit(store, form["charge"], reason=form.get("reason"))
    )


@pages.post("/return_debit")
def return_debit() -> Any:
    """Have the bank return the debit ``charge`` that had succeeded, for a ``reason``."""

    def act(store: Store, form: dict[str, str]) -> bool:
        charge = store.need("charge", form["charge"])
        if charge["status"] != "succeeded" or charge["payment_method_details"]["type"] == "card":
            raise ApiError("Only a bank debit that succeeded can be returned.", param="charge")
        attempts.return_debit(store, charge, form.get("reason", "insufficient_funds"))
        return True

    return _act(act)


@pages.post("/refund")
def refund() -> Any:
    """Refund ``charge`` from the dashboard: all of it, an ``amount`` in the smallest unit or a
    ``sum`` with decimals, for a ``reason``; ``how`` is ok, pending or failing."""

    def act(store: Store, form: dict[str, str]) -> Object:
        how = form.get("how")
        charge = store.need("charge", form["charge"])
        if form.get("sum"):
            form["amount"] = str(parsed(form["sum"], charge["currency"]))
        return refunds.refund(
            store,
            charge,
            amount=int(form["amount"]) if form.get("amount") else None,
            labels={},
            reason=form.get("reason") or "requested_by_customer",
            how="" if how == "ok" else how or None,
        )

    return _act(act)


@pages.post("/end_refund")
def end_refund() -> Any:
    """End ``refund`` now: its ``outcome`` is succeeded or failed."""
    return _act(
        lambda store, form: refunds.end(
            store, form["refund"], "failing" if form.get("outcome") == "failed" else "pending"
        )
    )


@pages.post("/open_dispute")
def open_dispute() -> Any:
    """Dispute ``charge``: all of it or an ``amount``, for a ``reason``; ``inquiry=1`` asks
    first."""
    return _act(
        lambda store, form: disputes.open_one(
            store,
            store.need("charge", form["charge"]),
            form.get("reason") or "fraudulent",
            amount=int(form["amount"]) if form.get("amount") else None,
            inquiry=form.get("inquiry") == "1",
        )
    )


@pages.post("/close_dispute")
def close_dispute() -> Any:
    """End ``dispute``: its ``outcome`` is won, lost, warning_closed or escalated."""
    return _act(
        lambda store, form: disputes.end(
            store, store.need("dispute", form["dispute"]), form["outcome"]
        )
    )


@pages.post("/fee")
def fee() -> Any:
    """Take a stand-alone fee: ``amount``, ``currency``, ``description``."""
    return _act(movements.fee)


@pages.post("/move")
def move() -> Any:
    """Move the balance: ``kind``, ``amount``, ``currency``, ``category``, ``fee``, ``source``."""
    return _act(movements.move)


@pages.post("/top_up")
def top_up() -> Any:
    """Top the balance up: ``amount``, ``currency``."""
    return _act(movements.top_up)


@pages.post("/fail_payout")
def fail_payout() -> Any:
    """Have the bank send a payout back, for a ``reason``."""
    return _act(
        lambda store, form: payouts.fail(
            store, store.need("payout", form["payout"]), form.get("reason", "account_closed")
        )
    )


@pages.post("/fault")
def fault() -> Any:
    """Have the next ``count`` requests to ``path`` by ``method`` fail: ``kind`` is before,
    after, cut, slow (``seconds``), busy, limit or unavailable."""
    return _act(faults.plan)


@pages.post("/endpoint")
def endpoint() -> Any:
    """Register where messages go, ``url``, with a ``secret`` of one's own; Stripe chooses it."""
    return _act(lambda store, form: endpoints.create(store, {"url": form["url"], **form}))


@pages.post("/roll_secret")
def roll_secret() -> Any:
    """Give ``endpoint`` a new secret; for ``seconds`` the old one signs as well."""

    def act(store: Store, form: dict[str, str]) -> Object:
        endpoint = store.need("webhook_endpoint", form["endpoint"])
        return endpoints.roll(store, endpoint, seconds=int(form.get("seconds", "86400")))

    return _act(act)


@pages.get("/deliveries")
def deliveries() -> Response:
    """Show what was sent and how it was answered."""
    rows = _store().run("select event, tries, status, done from delivery order by seq")
    names = ("event", "tries", "status", "done")
    return jsonify([dict(zip(names, row, strict=True)) for row in rows])


@pages.post("/redeliver")
def redeliver() -> Response:
    """Send every event once more, or one ``event``; also what was dropped or given up."""
    store = _store()
    with store.transaction():
        only = request.form.get("event", "")
        store.run("update delivery set done = 0, due = 0, tries = 0 where ? in ('', event)", only)
    return jsonify(ok=True)


def _act(act: Callable[[Store, dict[str, str]], Any]) -> Any:
    """Run a control and return the object it made or changed."""
    store = _store()
    try:
        with store.transaction():
            done = act(store, dict(request.form.items()))
    except KeyError as lacking:
        return jsonify(error=f"Give {lacking}."), 400
    except ApiError as refusal:
        return jsonify(refusal.body), refusal.status
    return jsonify(ok=True, object=public(done) if isinstance(done, dict) else done)


def _store() -> Store:
    found: Store = current_app.extensions["store"]
    return found
