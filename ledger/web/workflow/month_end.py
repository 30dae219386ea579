"""The end of a month, step by step, and what the next days bring: two pages beside the desk."""

from datetime import date, timedelta

from flask import Blueprint, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from ledger.errors import NotFound
from ledger.models.books import Book
from ledger.queries.workflow.month_end import last_day, month_steps
from ledger.queries.workflow.outlook import outlook
from ledger.web.site.context import book_for, now, page, reading, today

pages = Blueprint("month_end", __name__)

# How far ahead money is looked at.
DAYS = timedelta(days=30)


@pages.get("/books/<code>/month-end")
def show(code: str) -> Response:
    """Show the steps of a month, each with its state and where it is done."""
    book = book_for("read_desk", code)
    month = _month(book)
    with reading() as session:
        steps = month_steps(session, book=book, month=month)
    until = last_day(month)
    following = until + timedelta(days=1)
    return page(
        "workflow/month_end.html",
        book=book,
        steps=steps,
        month=month,
        until=until,
        words=_words(book, until),
        before=(month - timedelta(days=1)).replace(day=1),
        following=following if following <= today(book) else None,
        is_over=until < today(book),
    )


@pages.get("/books/<code>/outlook")
def ahead(code: str) -> Response:
    """Show what money there is, and what is due to come and go within thirty days."""
    book = book_for("read_desk", code)
    day = today(book)
    with reading() as session:
        found = outlook(session, book=book, today=day, until=day + DAYS)
    return page("workflow/outlook.html", book=book, found=found, made_at=now())


def _month(book: Book) -> date:
    """Return the first day of the month asked for; without one, of the last that is over."""
    text = request.args.get("month", "")
    if not text:
        return (today(book).replace(day=1) - timedelta(days=1)).replace(day=1)
    try:
        month = date.fromisoformat(f"{text}-01")
    except ValueError:
        raise NotFound(_("This is no month.")) from None
    if month > today(book) or month.year < 1970:
        raise NotFound(_("This month has not begun."))
    return month


def _words(book: Book, until: date) -> dict[str, tuple[str, str, str]]:
    """Return what each step is called, one sentence about it, and where it is done."""
    code = book.code
    day = until.isoformat()
    stripe = url_for("payouts.show", code=code)
    agreements = url_for("agreements.index", code=code)
    return _later_words(code, day) | {
        "statements": (
            _("Bank statements are in"),
            _("Every bank account has statements up to the last day, without a gap."),
            url_for("reconciliation.show", code=code, until=day),
        ),
        "lines": (
            _("Bank lines are cleared"),
            _("Each line of the bank is matched, or booked as what it is."),
            url_for("statements.show", code=code),
        ),
        "stripe": (
            _("Stripe agrees"),
            _("All transactions are booked and recognised, and Stripe's balance is that of 1110."),
            stripe,
        ),
        "cash": (
            _("Cash is counted"),
            _("Two people count what the books say is in the cash box, and take it to the bank."),
            url_for("offline.show", code=code),
        ),
        "hours": (
            _("Hours are confirmed"),
            _("A second person has confirmed the hours of volunteers."),
            url_for("hours.show"),
        ),
        "equipment": (
            _("Equipment has a value"),
            _("What was received is valued, or is booked as a low-value item."),
            url_for("things.show"),
        ),
        "accruals": (
            _("Bills are accrued"),
            _("What is owed and not paid yet. Book the bills of the month that came late."),
            agreements,
        ),
    }


def _later_words(code: str, day: str) -> dict[str, tuple[str, str, str]]:
    """Return the same of the steps that come last."""
    return {
        "depreciation": (
            _("Depreciation is booked"),
            _("Each item that lasts for years costs a part of its price every month."),
            url_for("things.show"),
        ),
        "claims": (
            _("Claims between communities are settled"),
            _("What communities and pools owe each other, as both books say."),
            url_for("transfers.show", code=code),
        ),
        "check": (
            _("The nightly check is green"),
            _("Every rule of the books held when they were last checked."),
            url_for("desk.check", code=code),
        ),
        "reconciliation": (
            _("Reconciliation is signed"),
            _("Two people have signed that bank and books agree on the last day."),
            url_for("reconciliation.show", code=code, until=day),
        ),
        "closed": (
            _("The month is closed"),
            _("Nothing up to its last day changes any more; an approver has agreed."),
            url_for("periods.show", code=code),
        ),
    }
