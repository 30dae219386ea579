"""What time does to subscriptions: they renew, are tried again, pause, and end.

The settings ``retry_days`` (``3,5,7``: days between the tries) and ``retry_end`` (canceled,
unpaid or past_due) are those of Stripe's page on billing. Must not read requests.
"""

from calendar import monthrange
from datetime import UTC, datetime

from ledger.sandbox import invoices
from ledger.sandbox.events import emit
from ledger.sandbox.store import Object, Store

DAY = 86_400
INCOMPLETE_SECONDS = 23 * 3600
LIVING = ("active", "past_due", "trialing", "unpaid")
MOST_STEPS = 5000


def after(start: int, anchor: int, price: Object) -> int:
    """Return when a period that begins at ``start`` ends, on the day of the month of ``anchor``."""
    recurring = price["recurring"]
    interval, count = recurring["interval"], int(recurring["interval_count"])
    if interval in ("day", "week"):
        return start + count * (7 if interval == "week" else 1) * DAY
    moment = datetime.fromtimestamp(start, UTC)
    months = moment.year * 12 + moment.month - 1 + count * (12 if interval == "year" else 1)
    year, month = divmod(months, 12)
    day = min(datetime.fromtimestamp(anchor, UTC).day, monthrange(year, month + 1)[1])
    return int(moment.replace(year=year, month=month + 1, day=day).timestamp())


def run(store: Store, clock: str | None, until: int) -> int:
    """Do all that is due for the customers of a test clock, or of none, in its order."""
    for step in range(MOST_STEPS):
        due = _next(store, clock)
        if due is None or due[0] > until:
            return step
        with store.at(due[0]):
            _step(store, due[1])
    raise RuntimeError("a test clock goes in circles")


def pay(
    store: Store, invoice: Object, *, off_session: bool = True, method: str | None = None
) -> str:
    """Try to pay an invoice by itself and return the reason of a decline, or nothing."""
    subscription = store.need("subscription", invoice["_subscription"])
    chosen = method or default_method(store, subscription)
    reason = invoices.collect(store, invoice, chosen, off_session=off_session)
    if reason:
        _plan_retry(store, store.need("invoice", invoice["id"]))
    return reason


def default_method(store: Store, subscription: Object) -> str | None:
    """Return what a subscription is paid with."""
    given = subscription["default_payment_method"]
    customer = store.need("customer", subscription["customer"])
    found = given or customer["invoice_settings"]["default_payment_method"]
    return str(found) if found else None


def follow(store: Store, intent: Object, outcome: str) -> None:
    """Carry what became of a payment intent over to its invoice and subscription."""
    invoice_id = intent.get("_invoice")
    if not invoice_id:
        return
    invoice = store.need("invoice", invoice_id)
    subscription = store.need("subscription", invoice["_subscription"])
    with store.at(now_of(store, subscription)):
        if outcome == "succeeded" and invoice["status"] in ("open", "uncollectible"):
            invoices.mark_paid(store, invoice)
            _recover(store, subscription["id"])
        elif outcome == "processing" and subscription["status"] == "incomplete":
            change(store, subscription, status="active")
        elif outcome == "failed" and invoice["status"] in ("open", "paid"):
            invoice |= {"status": "open", "amount_paid": 0, "amount_remaining": invoice["total"]}
            emit(store, "invoice.payment_failed", store.save(invoice))
            _plan_retry(store, invoice)


def now_of(store: Store, subscription: Object) -> int | None:
    """Return the instant of the test clock of a subscription or customer; None where it has
    none, or where its time is being worked off already."""
    clock = subscription["test_clock"]
    if clock is None or store.frozen:
        return None
    return int(store.need("test_helpers.test_clock", clock)["frozen_time"])


def change(store: Store, subscription: Object, **new: object) -> Object:
    """Change a subscription and tell what it was before."""
    before = {name: subscription[name] for name in new if not name.startswith("_")}
    subscription |= new
    emit(store, "customer.subscription.updated", store.save(subscription), before)
    return subscription


def cancel(store: Store, subscription: Object, reason: str = "cancellation_requested") -> Object:
    """End a subscription now."""
    details = subscription["cancellation_details"]
    subscription |= {
        "status": "canceled",
        "canceled_at": subscription["canceled_at"] or store.now(),
        "ended_at": store.now(),
        "cancellation_details": {**details, "reason": reason},
    }
    for invoice in _open_invoices(store, subscription["id"]):
        # Nobody is charged after the end; what is owed can still be paid by hand.
        invoice |= {"auto_advance": False, "next_payment_attempt": None, "_finalize_at": None}
        store.save(invoice)
    emit(store, "customer.subscription.deleted", store.save(subscription))
    return subscription


def set_period(subscription: Object, start: int, end: int) -> None:
    """Put all items of a subscription into a period."""
    for item in subscription["items"]["data"]:
        item |= {"current_period_start": start, "current_period_end": end}


def _next(store: Store, clock: str | None) -> tuple[int, Object] | None:
    found: list[tuple[int, int, Object]] = []
    for subscription in store.all("subscription"):
        if subscription["test_clock"] != clock or subscription["ended_at"]:
            continue
        found += [(at, len(found), subscription) for at in _moments(subscription)]
        for invoice in _open_invoices(store, subscription["id"]):
            at = invoice["_finalize_at"] or invoice["next_payment_attempt"]
            if at:
                found.append((at, len(found), invoice))
    if not found:
        return None
    at, _position, about = min(found, key=lambda row: row[:2])
    return at, about


def _moments(subscription: Object) -> list[int]:
    if subscription["status"] == "incomplete":
        return [subscription["created"] + INCOMPLETE_SECONDS]
    moments = [subscription["items"]["data"][0]["current_period_end"]]
    if subscription["cancel_at"]:
        moments.append(subscription["cancel_at"])
    pause = subscription["pause_collection"]
    if pause and pause["resumes_at"]:
        moments.append(pause["resumes_at"])
    return moments


def _step(store: Store, about: Object) -> None:
    now = store.now()
    if about["object"] == "invoice":
        _work(store, about)
    elif about["status"] == "incomplete":
        about |= {"status": "incomplete_expired", "ended_at": now}
        for invoice in _open_invoices(store, about["id"]):
            invoices.give_up(store, invoice, "void")
        emit(store, "customer.subscription.updated", store.save(about), {"status": "incomplete"})
    elif about["cancel_at"] and about["cancel_at"] <= now:
        cancel(store, about)
    elif about["pause_collection"] and (about["pause_collection"]["resumes_at"] or now + 1) <= now:
        change(store, about, pause_collection=None)
    else:
        _renew(store, about)


def _renew(store: Store, subscription: Object) -> None:
    first = subscription["items"]["data"][0]
    began, start = first["current_period_start"], first["current_period_end"]
    anchor = subscription["billing_cycle_anchor"]
    set_period(subscription, start, after(start, anchor, first["price"]))
    if subscription["status"] == "trialing":
        subscription["status"] = "active"
    before = {"latest_invoice": subscription["latest_invoice"]}
    invoice = invoices.make(store, subscription, "subscription_cycle", since=began)
    pause = subscription["pause_collection"]
    if subscription["status"] == "unpaid" or (pause and pause["behavior"] == "keep_as_draft"):
        invoice |= {"auto_advance": False, "_finalize_at": None}
        store.save(invoice)
    emit(store, "customer.subscription.updated", subscription, before)


def _work(store: Store, invoice: Object) -> None:
    """Finalise a draft and try it, or try an open invoice again."""
    if invoice["status"] == "draft":
        pause = store.need("subscription", invoice["_subscription"])["pause_collection"]
        invoice = invoices.finalize(store, invoice)
        if invoice["status"] == "paid":
            return
        if pause and pause["behavior"] in ("void", "mark_uncollectible"):
            status = "void" if pause["behavior"] == "void" else "uncollectible"
            invoices.give_up(store, invoice, status)
            return
    pay(store, invoice)


def _plan_retry(store: Store, invoice: Object) -> None:
    """Say when a failed invoice is tried again, or end the subscription as the settings say."""
    subscription = store.need("subscription", invoice["_subscription"])
    if subscription["status"] not in LIVING:
        return
    days = [int(part) for part in store.control("retry_days", "3,5,7").split(",") if part]
    tries = invoice["attempt_count"]
    if tries <= len(days):
        invoice["next_payment_attempt"] = store.now() + days[tries - 1] * DAY
        emit(store, "invoice.updated", store.save(invoice))
        if subscription["status"] != "past_due":
            change(store, subscription, status="past_due")
        return
    invoice |= {"next_payment_attempt": None, "auto_advance": False}
    store.save(invoice)
    end = store.control("retry_end", "canceled")
    if end == "canceled":
        cancel(store, subscription, "payment_failed")
    elif subscription["status"] != end:
        change(store, subscription, status=end)


def _recover(store: Store, subscription_id: str) -> None:
    subscription = store.need("subscription", subscription_id)
    if subscription["status"] in ("incomplete", "past_due", "unpaid"):
        change(store, subscription, status="active")


def _open_invoices(store: Store, subscription_id: str) -> list[Object]:
    return [
        invoice
        for invoice in store.where("invoice", "_subscription", subscription_id)
        if invoice["status"] in ("draft", "open")
    ]
