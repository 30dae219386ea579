"""What approvers see of corrections: the entry in question, and which funds it moves to."""

from flask_babel import gettext as _

from ledger.db import ReadSession
from ledger.queries.approvals.requests import RequestRow
from ledger.queries.books import journal
from ledger.services.accounting import corrections
from ledger.web.approvals.evidence import Evidence, register


def _entry(
    session: ReadSession,
    row: RequestRow,
    payload: corrections.CorrectionAsked | corrections.ReversalAsked,
) -> Evidence:
    detail = journal.entry_detail(session, book_id=row.book_id, entry_id=payload.entry)
    funds = payload.funds if isinstance(payload, corrections.CorrectionAsked) else {}
    return Evidence(
        terms=[(_("To another fund"), f"{old} → {new}") for old, new in funds.items()],
        legs=detail.entry.legs,
    )


register(corrections.CORRECTION, _entry)
register(corrections.REVERSAL, _entry)
