"""The sandbox dashboard: what a person can make Stripe do, and what is there.

Its forms are sent to ``controls``, which come back here; no script is needed. Must not move
anything itself.
"""

from datetime import UTC, datetime
from urllib.parse import urlsplit

from flask import Blueprint, current_app, render_template, request

from ledger.sandbox.balance import balance
from ledger.sandbox.cards import BY_NUMBER
from ledger.sandbox.currencies import shown
from ledger.sandbox.disputes import ANSWERED, OPEN
from ledger.sandbox.store import Object, Store

pages = Blueprint("dashboard", __name__, url_prefix="/_test")
ROWS = 12
# What a person reads instead of Stripe's words.
WORDS = {
    "succeeded": "paid",
    "pending": "under way",
    "failed": "failed",
    "needs_response": "needs an answer",
    "warning_needs_response": "asked about",
    "under_review": "under review",
    "warning_under_review": "answered",
    "warning_closed": "inquiry closed",
    "won": "won",
    "lost": "lost",
    "paid": "at the bank",
    "in_transit": "on its way",
    "canceled": "ended",
    "past_due": "payment failed",
    "incomplete": "never paid",
    "incomplete_expired": "never paid",
}


@pages.get("/")
def show() -> str:
    """Show the controls and the latest objects of every kind."""
    store: Store = current_app.extensions["store"]
    counts = dict(store.run("select done, count(*) from delivery group by done"))
    return render_template(
        "dashboard.html",
        said=request.args.get("said", ""),
        failed=request.args.get("failed") == "1",
        home=_home(store),
        now=_when(store.now()),
        rows=_balance(store),
        waiting=store.run("select count(*) from wakeup")[0][0],
        unsettled=sum(1 for row in _latest(store, "charge", 100) if _unsettled(row)),
        charges=[_charge(row) for row in _latest(store, "charge")],
        refunds=[_plain(row) for row in _latest(store, "refund")],
        disputes=[
            {**_plain(row), "open": row["status"] in (*OPEN, *ANSWERED)}
            for row in _latest(store, "dispute")
        ],
        payouts=[_plain(row) for row in _latest(store, "payout")],
        subscriptions=[_subscription(row) for row in _latest(store, "subscription")],
        events=[
            {"type": row["type"], "when": _when(row["created"])} for row in _latest(store, "event")
        ],
        messages={"sent": counts.get(1, 0), "waits": counts.get(0, 0), "lost": counts.get(2, 0)},
        dropping=store.control("drop") == "1",
        doubling=store.control("duplicate") == "1",
        fail=store.control("fail"),
    )


def _home(store: Store) -> str:
    """Return where Poolbook is: where the first messages go."""
    for endpoint in store.all("webhook_endpoint")[::-1]:
        parts = urlsplit(endpoint["url"])
        return f"{parts.scheme}://{parts.netloc}/"
    return ""


def _balance(store: Store) -> list[Object]:
    found = balance(store, {})
    return [
        {
            "currency": row["currency"],
            "below": row["amount"] < 0,
            "available": shown(row["amount"], row["currency"]),
            "pending": shown(other["amount"], row["currency"]),
        }
        for row, other in zip(found["available"], found["pending"], strict=True)
    ]


def _latest(store: Store, kind: str, most: int = ROWS) -> list[Object]:
    return store.all(kind)[:most]


def _unsettled(charge: Object) -> bool:
    return charge["status"] == "succeeded" and charge["balance_transaction"] is None


def _plain(row: Object) -> Object:
    return {
        "id": row["id"],
        "amount": shown(row["amount"], row["currency"]),
        "status": row["status"],
        "state": WORDS.get(row["status"], row["status"]),
        "when": _when(row["created"]),
    }


def _charge(row: Object) -> Object:
    left = row["amount_captured"] - row["amount_refunded"]
    means = BY_NUMBER[row["_number"]]
    state = WORDS.get(row["status"], row["status"])
    if row["amount_refunded"]:
        state = "refunded" if left == 0 else "partly refunded"
    if row["disputed"]:
        state = "disputed"
    if _unsettled(row) and state == "paid":
        state = "paid, not settled"
    return {
        **_plain(row),
        "state": state,
        "means": f"{means.brand or means.kind.replace('_', ' ')} …{means.last4}",
        "debit": means.kind != "card",
        "left": left if row["paid"] and not row["disputed"] else 0,
        "left_shown": shown(left, row["currency"]).split()[0],
    }


def _subscription(row: Object) -> Object:
    items = row["items"]["data"]
    total = sum(item["price"]["unit_amount"] * item["quantity"] for item in items)
    return {
        "id": row["id"],
        "amount": shown(total, row["currency"]),
        "every": items[0]["price"]["recurring"]["interval"],
        "state": "paused" if row["pause_collection"] else WORDS.get(row["status"], row["status"]),
        "next": "" if row["ended_at"] else _when(items[0]["current_period_end"]),
        "clock": row["test_clock"],
    }


def _when(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%d %b %Y %H:%M")
