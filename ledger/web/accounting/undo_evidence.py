"""What approvers see of what is to be undone: every entry that would be reversed, and the one that
was asked for with its postings."""

from flask_babel import gettext as _

from ledger.core.written import format_day, format_figure
from ledger.db import ReadSession
from ledger.models.books import Book
from ledger.queries.approvals.requests import RequestRow
from ledger.queries.approvals.rules import UNDO
from ledger.queries.books import journal
from ledger.services.undoing import plans, undo
from ledger.web.approvals.evidence import Evidence, register
from ledger.web.site.locale import chosen


def _undone(
    session: ReadSession, request: RequestRow, payload: undo.UndoAsked | undo.ReversalAsked
) -> Evidence:
    book_id = payload.entry_book if isinstance(payload, undo.UndoAsked) else request.book_id
    plan = plans.plan_of(session, book_id=book_id, entry_id=payload.entry)
    terms = []
    for event in plan.events:
        for row in event.entries:
            (entry,) = journal.entries_by_id(session, book_id=row.book_id, ids=[row.id])
            sums = ", ".join(f"{format_figure(total, unit)} {unit}" for unit, total in entry.totals)
            kind, day = (
                entry.event_type.replace("_", " "),
                format_day(entry.accounting_on, chosen()),
            )
            book = session.get_one(Book, row.book_id).name
            terms.append((_("Reverses in %(name)s", name=book), f"{kind}, {day}, {sums}"))
    detail = journal.entry_detail(session, book_id=book_id, entry_id=payload.entry)
    return Evidence(terms=terms, legs=detail.entry.legs)


register(undo.REVERSAL, _undone)
register(UNDO, _undone)
