"""What an approver sees of a reconciliation statement before signing it."""

from flask_babel import gettext as _

from ledger.core.written import format_day
from ledger.db import ReadSession
from ledger.queries.approvals.requests import RequestRow
from ledger.queries.reconciliation.statements import bank_of, reconcile
from ledger.services.reconciliation import signed_statements as statements
from ledger.web.approvals.evidence import Evidence, register
from ledger.web.site.locale import chosen


def _statement(session: ReadSession, row: RequestRow, payload: statements.Prepared) -> Evidence:
    bank = bank_of(
        session, book_id=row.book_id, account=payload.account, commodity=payload.currency
    )
    found = reconcile(session, book_id=row.book_id, bank=bank, until=payload.until)
    changed = found.sha256() != payload.document_sha256
    unit = payload.currency
    return Evidence(
        terms=[
            (_("Bank account"), ", ".join(bank.names)),
            (_("Up to and including"), format_day(payload.until, chosen())),
            (_("Still as prepared"), _("no, prepare it again") if changed else _("yes")),
        ],
        amounts=[
            (_("Statement balance"), found.bank, unit),
            (_("+ only in the books"), found.only_books, unit),
            (_("− only at the bank"), found.only_bank, unit),
            (_("Book balance"), found.books, unit),
            (_("Unexplained difference"), found.unexplained, unit),
        ],
    )


register(statements.KIND, _statement)
