"""The pages people see: the hosted payment page without scripts, and the bank's question.

Must not decide whether money moves (that is ``sessions`` and ``attempts``).
"""

from typing import Any

from flask import Blueprint, Response, current_app, redirect, render_template, request

from ledger.sandbox import attempts, sessions, setups
from ledger.sandbox.cards import found, sentence_of
from ledger.sandbox.currencies import shown
from ledger.sandbox.store import Object, Store

pages = Blueprint("pages", __name__)
UNKNOWN = "This is no test card or account. Try 4242 4242 4242 4242."


def store_here() -> Store:
    """Return the sandbox's memory."""
    known: Store = current_app.extensions["store"]
    return known


@pages.get("/c/pay/<session_id>")
def form(session_id: str) -> Response | str | tuple[str, int]:
    """Show the form, or where the payment stands."""
    session = store_here().get("checkout.session", session_id)
    if session is None or session["status"] == "expired":
        return render_template("gone.html"), 404
    if session["status"] == "complete":
        return _back(session)
    return _page(session, None)


@pages.post("/c/pay/<session_id>")
def pay(session_id: str) -> Any:
    """Take a test card or a test account."""
    store = store_here()
    with store.transaction():
        session = store.get("checkout.session", session_id)
        if session is None or session["status"] == "expired":
            return render_template("gone.html"), 404
        if session["status"] == "complete":
            return _back(session)
        number = request.form.get("bank", "").strip() or request.form.get("card", "")
        means = found(number)
        if means is None or means.kind not in session["payment_method_types"]:
            # A number that is no test card never reaches a bank.
            return _page(session, UNKNOWN), 402
        reason = sessions.submit(store, session, means)
        if reason:
            return _page(session, sentence_of(reason, means.kind)), 402
        session = store.need("checkout.session", session_id)
        if session["_asking"]:
            action = f"/c/pay/{session_id}/challenge"
            return render_template("challenge.html", action=action)
    return _back(session)


@pages.post("/c/pay/<session_id>/challenge")
def challenge(session_id: str) -> Any:
    """Take the answer to the bank's question about a payment page."""
    store = store_here()
    with store.transaction():
        session = store.get("checkout.session", session_id)
        if session is None or session["status"] == "expired":
            return render_template("gone.html"), 404
        if session["status"] == "open" and session["_asking"]:
            yes = request.form.get("answer") == "yes"
            reason = sessions.answer(store, session, yes=yes)
            session = store.need("checkout.session", session_id)
            if reason:
                return _page(session, sentence_of(reason, "card")), 402
        if session["status"] == "open":
            return _page(session, None)
    return _back(session)


@pages.route("/c/authenticate/<intent_id>", methods=["GET", "POST"])
def authenticate(intent_id: str) -> Any:
    """Show the bank's question about an intent made through the API, and take the answer."""
    store = store_here()
    with store.transaction():
        kind = "setup_intent" if intent_id.startswith("seti") else "payment_intent"
        intent = store.get(kind, intent_id)
        if intent is None or intent["status"] != "requires_action":
            return render_template("gone.html"), 404
        if request.method == "GET":
            action = f"/c/authenticate/{intent_id}"
            return render_template("challenge.html", action=action)
        target = intent["next_action"]["redirect_to_url"]["return_url"]
        method = store.need("payment_method", intent["payment_method"])
        yes = request.form.get("answer") == "yes"
        if kind == "setup_intent":
            if yes:
                setups.set_up(store, intent, method, answered=True)
            else:
                setups.fail(store, intent, method, "refused_by_holder")
        elif yes:
            attempts.attempt(store, intent, method, answered=True)
        else:
            attempts.refuse_answer(store, intent, method)
    if target:
        return redirect(target, 303)
    return render_template("answered.html")


def _page(session: Object, problem: str | None) -> str:
    amount = session["amount_total"]
    return render_template(
        "pay.html",
        session=session,
        amount=shown(amount, session["currency"]) if amount else "",
        name=session["_name"],
        every=_every(session),
        problem=problem,
    )


def _every(session: Object) -> str:
    """Return how often a page charges, in words; nothing for once."""
    if session["mode"] != "subscription":
        return ""
    recurring = store_here().need("price", session["_prices"][0][0])["recurring"]
    count, interval = recurring["interval_count"], recurring["interval"]
    return f", every {interval}" if count == 1 else f", every {count} {interval}s"


def _back(session: Object) -> Response:
    target = session["success_url"].replace("{CHECKOUT_SESSION_ID}", session["id"])
    return redirect(target, 303)  # type: ignore[return-value]
