"""A payout gift by gift, on a page and as a file for spreadsheets."""

from decimal import Decimal

from flask import Blueprint, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from ledger.models.rights_log import RightsKind
from ledger.models.statements import BankLine
from ledger.queries.payments.payout_detail import payout_detail, payout_lines
from ledger.services.people.rights_log import record
from ledger.web.site.context import book_for, now, page, reading, visitor, write
from ledger.web.site.formatting import plain_decimal
from ledger.web.site.spreadsheets import Cell, as_file

pages = Blueprint("payout", __name__)
KINDS = "any(csv, xlsx)"
# A payout of more is what the whole journal's export is for.
MOST_LINES = 10_000


@pages.get("/books/<code>/payouts/<payout_id>")
def show(code: str, payout_id: str) -> Response:
    """Show what a payout holds: each gift with its donor, by right, and what else moved."""
    book = book_for("read_books", code)
    with reading() as session:
        detail = payout_detail(session, book=book, payout_id=payout_id)
        lines, after = payout_lines(
            session,
            book=book,
            payout=detail.payout,
            donors=visitor().may("read_donors", book.id),
            after=request.args.get("after", ""),
        )
        seen = detail.payout.bank_line_id if detail.whole else None
        line = session.get(BankLine, seen) if seen else None
    return page(
        "payments/payout.html",
        book=book,
        detail=detail,
        payout=detail.payout,
        lines=lines,
        after=after,
        line=line,
    )


@pages.get(f"/books/<code>/payouts/<payout_id>/sheet/<{KINDS}:sheet>")
def download(code: str, payout_id: str, sheet: str) -> Response:
    """Download every line of a payout; the net amounts sum to the payout, or to the share."""
    book = book_for("export_journal", code)
    with reading() as session:
        detail = payout_detail(session, book=book, payout_id=payout_id)
        lines, _more = payout_lines(
            session,
            book=book,
            payout=detail.payout,
            donors=visitor().may("read_donors", book.id),
            limit=MOST_LINES,
        )
    write(
        lambda session: record(
            session,
            kind=RightsKind.DATA_EXPORTED,
            actor=visitor().id,
            book=book.id,
            about={"format": f"payout.{sheet}"},
            now=now(),
        )
    )
    headings = (
        *(_("Payout"), _("Day"), _("Kind"), _("Balance transaction"), _("Community")),
        *(_("Reference"), _("Donor"), _("Gross"), _("Fee"), _("Net"), _("Unit")),
    )
    rows: list[tuple[Cell, ...]] = [
        (
            payout_id,
            line.txn.created_at.date(),
            line.txn.reporting_category.replace("_", " "),
            line.txn.stripe_txn_id,
            line.book,
            line.reference,
            line.donor,
            *(
                Decimal(plain_decimal(figure, line.txn.commodity))
                for figure in (line.txn.amount, line.txn.fee, line.txn.net)
            ),
            line.txn.commodity,
        )
        for line in lines
    ]
    return as_file(f"{book.code}-payout", sheet, headings, rows)
