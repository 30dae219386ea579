"""The demo's bank: a statement of what happened on the account and is not in the books yet.

Served in the demo only, so that a treasurer has a real file to import.
"""

from datetime import timedelta

from flask import Blueprint, render_template
from werkzeug.wrappers import Response

from ledger.core.accounts import Acct
from ledger.db import ReadSession
from ledger.models.books import Book
from ledger.queries.banking import statements
from ledger.queries.books import balances
from ledger.queries.payments import payments
from ledger.queries.pledges import pledges
from ledger.web.site.context import book_for, now, reading
from ledger.web.site.formatting import plain_decimal

pages = Blueprint("demo_bank", __name__)

FEE = 600
RECENT_DAYS = 60


@pages.get("/demo/bank/<code>.xml")
def download(code: str) -> Response:
    """Give the account's statement of today as camt.053."""
    book = book_for("import_statement", code)
    with reading() as session:
        lines = _lines(session, book)
        waiting = statements.agreement(session, book_id=book.id)
        opening = balances.balance_of(session, book_id=book.id, accounts=[Acct.BANK])[
            book.commodity
        ]
    opening += waiting.open_lines if waiting else 0
    closing = opening + sum(amount for amount, _text, _name in lines)
    moment = now()
    text = render_template(
        "banking/demo_statement.xml",
        book=book,
        moment=moment,
        lines=[
            (plain_decimal(abs(amount), book.commodity), amount > 0, text, name)
            for amount, text, name in lines
        ],
        opening=plain_decimal(abs(opening), book.commodity),
        opening_credit=opening >= 0,
        closing=plain_decimal(abs(closing), book.commodity),
        closing_credit=closing >= 0,
    )
    answer = Response(text, mimetype="application/xml")
    name = f"{book.code.lower()}-{moment:%Y%m%d-%H%M%S}.xml"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _lines(session: ReadSession, book: Book) -> list[tuple[int, str, str]]:
    """Return (amount, text, name): arrived payouts, one transfer for a pledge, and the fee."""
    since = now().date() - timedelta(days=RECENT_DAYS)
    known = statements.recent_texts(session, book_id=book.id, since=since)
    found = [
        (row.amount, f"{row.descriptor} PAYOUT {row.trace}", "Stripe Payments")
        for row in payments.payouts_in_transit(session, book_id=book.id)
        if row.trace not in known
    ]
    for part in pledges.open_pledges(session, book_id=book.id, kinds=("money",)):
        if part.age(now().date()) > 20 and part.reference not in known:
            found.append((part.open, f"Pledge {part.reference} with best wishes", part.donor))
            break
    found.append((-FEE, "Account fee", ""))
    return found
