"""The hosted payment page: a card form without scripts, and the bank's question for 3-D Secure."""

from typing import Any

from flask import Blueprint, Response, current_app, redirect, render_template, request

from ledger.sandbox import money
from ledger.sandbox.currencies import shown
from ledger.sandbox.events import emit
from ledger.sandbox.store import Object, Store

pages = Blueprint("pages", __name__)

CARDS: dict[str, tuple[str, str]] = {
    "4242424242424242": ("pay", "visa"),
    "5555555555554444": ("pay", "mastercard"),
    "4000000000000002": ("card_declined", "visa"),
    "4000000000009995": ("insufficient_funds", "visa"),
    "4000000000000069": ("expired_card", "visa"),
    "4000000000000127": ("incorrect_cvc", "visa"),
    "4000000000000119": ("processing_error", "visa"),
    "4000000000009987": ("lost_card", "visa"),
    "4000002500003155": ("challenge", "visa"),
}
SENTENCES = {
    "card_declined": "The card was declined.",
    "insufficient_funds": "The card has insufficient funds.",
    "expired_card": "The card has expired.",
    "incorrect_cvc": "The security code is wrong.",
    "processing_error": "Something went wrong with the card. Try again in a little while.",
    "lost_card": "The card was declined.",
    "unknown": "This is no test card. Try 4242 4242 4242 4242.",
}


def store_here() -> Store:
    """Return the sandbox's memory."""
    found: Store = current_app.extensions["store"]
    return found


@pages.get("/c/pay/<session_id>")
def form(session_id: str) -> Response | str | tuple[str, int]:
    """Show the card form, or where the payment stands."""
    session = store_here().get("checkout.session", session_id)
    if session is None:
        return render_template("gone.html"), 404
    if session["status"] == "complete":
        return _back(session)
    return _page(session, None)


@pages.post("/c/pay/<session_id>")
def pay(session_id: str) -> Any:
    """Take a test card."""
    store = store_here()
    with store.transaction():
        session = store.get("checkout.session", session_id)
        if session is None or session["status"] == "expired":
            return render_template("gone.html"), 404
        if session["status"] == "complete":
            return _back(session)
        number = "".join(sign for sign in request.form.get("card", "") if sign.isdigit())
        outcome, brand = CARDS.get(number, ("unknown", ""))
        if outcome == "challenge":
            return render_template("challenge.html", session=session)
        if outcome != "pay":
            return _decline(session, outcome, brand, number[-4:]), 402
        complete(store, session, brand=brand, last4=number[-4:])
    return _back(session)


@pages.post("/c/pay/<session_id>/challenge")
def challenge(session_id: str) -> Any:
    """Take the answer to the bank's question."""
    store = store_here()
    with store.transaction():
        session = store.get("checkout.session", session_id)
        if session is None or session["status"] == "expired":
            return render_template("gone.html"), 404
        if session["status"] == "open" and request.form.get("answer") == "yes":
            complete(store, session, brand="visa", last4="3155")
        if session["status"] == "open":
            return _decline(session, "card_declined", "visa", "3155"), 402
    return _back(session)


def complete(store: Store, session: Object, *, brand: str, last4: str) -> None:
    """Charge the session's amount, once, and tell about it."""
    intent = store.get("payment_intent", session["_intent"])
    if intent is None:
        raise LookupError("a session without its intent")
    charge = money.succeed(store, intent, brand=brand, last4=last4)
    session |= {
        "status": "complete",
        "payment_status": "paid",
        "payment_intent": intent["id"],
        "url": None,
    }
    store.save(session)
    due = store.now() + float(store.control("settle_seconds", "1"))
    store.run(
        "insert into wakeup (kind, object, due) values ('settle_charge', ?, ?)", charge["id"], due
    )
    emit(store, "charge.succeeded", charge)
    emit(store, "payment_intent.succeeded", intent)
    emit(store, "checkout.session.completed", session)


def _decline(session: Object, outcome: str, brand: str, last4: str) -> str:
    """Show why a card did not pay; a number that is no test card never reaches a bank."""
    store = store_here()
    sentence = SENTENCES[outcome]
    intent = store.get("payment_intent", session["_intent"])
    if intent is not None and outcome != "unknown":
        charge = money.decline(
            store, intent, brand=brand, last4=last4, code=outcome, sentence=sentence
        )
        emit(store, "charge.failed", charge)
        emit(store, "payment_intent.payment_failed", intent)
    return _page(session, sentence)


def _page(session: Object, problem: str | None) -> str:
    return render_template(
        "pay.html",
        session=session,
        amount=shown(session["amount_total"], session["currency"]),
        name=session["_name"],
        problem=problem,
    )


def _back(session: Object) -> Response:
    target = session["success_url"].replace("{CHECKOUT_SESSION_ID}", session["id"])
    return redirect(target, 303)  # type: ignore[return-value]
