"""What approvers see of a bank line: who was paid, when, and on which account it is to stand."""

from flask_babel import gettext as _

from ledger.core.written import format_day
from ledger.db import ReadSession
from ledger.models.statements import BankLine, BankLinePart
from ledger.queries.approvals.requests import RequestRow
from ledger.queries.books.books import account_names
from ledger.services.banking.items import Item
from ledger.services.reconciliation import costs, rules
from ledger.web.approvals.evidence import Evidence, register
from ledger.web.banking.lines import LABELS
from ledger.web.site.context import now
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


def _rule(session: ReadSession, row: RequestRow, payload: rules.RuleAsked) -> Evidence:
    kept = rules.rule_by_id(session, book_id=row.book_id, rule_id=payload.rule)
    terms = rules.terms_of(kept)
    tried = rules.dry_run(session, book_id=row.book_id, terms=terms, now=now())
    return Evidence(
        terms=[
            (_("Money"), _("comes in") if kept.incoming else _("goes out")),
            (_("Words"), kept.words),
            (_("Bank account of the other side"), kept.counterparty_account),
            (_("Then it is"), str(LABELS[kept.meaning])),
            (_("Fund"), kept.fund),
            (_("Account"), str(kept.account or "")),
            (_("Past lines decided the same"), str(tried.same)),
            (_("Past lines decided otherwise"), str(tried.others)),
        ]
    )


register(costs.KIND, _cost)
register(rules.KIND, _rule)
