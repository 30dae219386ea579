"""What approvers see of the books: the entry in question, the funds it moves to, the period."""

from flask_babel import gettext as _

from ledger.core.written import format_day
from ledger.db import ReadSession
from ledger.models.periods import Period
from ledger.queries.approvals.requests import RequestRow
from ledger.queries.books import journal
from ledger.queries.books.books import funds_of
from ledger.services.accounting import corrections, periods
from ledger.web.approvals.evidence import Evidence, register
from ledger.web.site.locale import chosen


def _entry(
    session: ReadSession,
    row: RequestRow,
    payload: corrections.CorrectionAsked,
) -> Evidence:
    entry = journal.entry_detail(session, book_id=row.book_id, entry_id=payload.entry).entry
    names = {fund.code: fund.name for fund in funds_of(session, row.book_id)}
    return Evidence(
        terms=[
            (_("Entry"), entry.event_type.replace("_", " ")),
            (_("Day"), format_day(entry.accounting_on, chosen())),
            *(
                (_("To another fund"), f"{names.get(old, old)} → {names.get(new, new)}")
                for old, new in payload.funds.items()
            ),
        ],
        legs=entry.legs,
    )


def _closing(_session: ReadSession, _row: RequestRow, payload: periods.Closing) -> Evidence:
    terms = [(_("Last day of the closed period"), format_day(payload.until, chosen()))]
    if payload.unreconciled:
        terms.append((_("Closed without a reconciliation because"), payload.unreconciled))
    return Evidence(terms=terms)


def _reopening(session: ReadSession, _row: RequestRow, payload: periods.Reopening) -> Evidence:
    period = session.get_one(Period, payload.period)
    return Evidence(
        terms=[
            (_("Last day of the closed period"), format_day(period.until_on, chosen())),
            (_("Closed on"), format_day(period.closed_at.date(), chosen())),
        ]
    )


register(corrections.CORRECTION, _entry)
register(periods.CLOSING, _closing)
register(periods.REOPENING, _reopening)
