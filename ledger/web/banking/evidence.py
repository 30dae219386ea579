"""What approvers see of a bank line: who was paid, when, and on which account it is to stand."""

from flask_babel import gettext as _

from ledger.core.written import format_day
from ledger.db import ReadSession
from ledger.models.statements import BankLine, BankLinePart
from ledger.queries.approvals.requests import RequestRow
from ledger.queries.books.books import account_names
from ledger.services.banking.items import Item
from ledger.services.reconciliation import costs
from ledger.web.approvals.evidence import Evidence, register
from ledger.web.site.locale import chosen


def _cost(session: ReadSession, row: RequestRow, payload: costs.LineCost) -> Evidence:
    # A part may have been joined again since.
    part = session.get(BankLinePart, payload.line)
    line = session.get_one(BankLine, payload.line if part is None else part.bank_line_id)
    item = Item(line, part)
    name = account_names(session, row.book_id).get(payload.account, "")
    return Evidence(
        terms=[
            (_("Paid to"), item.about.counterparty_name or _("not named")),
            (_("Day"), format_day(item.booked_on, chosen())),
            (_("Text of the line"), item.about.remittance),
            (_("Account"), f"{payload.account} {name}"),
        ]
    )


register(costs.KIND, _cost)
