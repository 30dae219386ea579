"""What approvers see of changed settings in words: bank details, policies, rules of approval."""

from flask_babel import gettext as _

from ledger.core.approval_rules import KEY, read_bands
from ledger.core.iban import in_groups
from ledger.core.policies import with_choices
from ledger.core.written import format_day
from ledger.db import ReadSession
from ledger.models.books import Book
from ledger.queries.approvals import rules as approvals
from ledger.queries.approvals.requests import RequestRow
from ledger.queries.books.details import details_of
from ledger.queries.books.policies import policy_of
from ledger.services.approvals.rules import RuleChange
from ledger.services.approvals.settings import PolicyChange
from ledger.services.books.details import BankDetails
from ledger.web.approvals.evidence import Evidence, register
from ledger.web.settings.policies import MEANINGS
from ledger.web.settings.policy_values import bands_in_words, in_words
from ledger.web.site.context import today
from ledger.web.site.locale import chosen


def _rule(session: ReadSession, row: RequestRow, payload: RuleChange) -> Evidence:
    """Return how many people would approve what, beside what holds today."""
    book = session.get_one(Book, row.book_id)
    present = policy_of(session, book, today(book)).bands_of(payload.kind)
    return Evidence(
        terms=[
            (_("Requests"), payload.kind.replace("_", " ") or _("all kinds")),
            (_("Approvers"), bands_in_words(read_bands(KEY, payload.rule), row.currency)),
            (_("Today"), bands_in_words(present, row.currency)),
        ]
    )


def _bank(session: ReadSession, row: RequestRow, payload: BankDetails) -> Evidence:
    """Return the account that donors would be shown, beside the present one."""
    present = details_of(session, row.book_id)
    return Evidence(
        terms=[
            (_("Account holder"), payload.account_holder or _("none")),
            (_("IBAN"), in_groups(payload.iban) or _("none")),
            (_("BIC"), payload.bic or _("none")),
            (_("Shown now"), present.iban_in_groups or _("none")),
        ]
    )


def _policy(session: ReadSession, row: RequestRow, payload: PolicyChange) -> Evidence:
    """Return what a policy decides, its value as people read it, and what holds today."""
    book = session.get_one(Book, row.book_id)
    present = policy_of(session, book, today(book))
    wanted = with_choices(present, {payload.key: payload.value})
    return Evidence(
        terms=[
            (_("Policy"), str(MEANINGS.get(payload.key, payload.key))),
            (_("Value"), in_words(payload.key, wanted, row.currency)),
            (_("Today"), in_words(payload.key, present, row.currency)),
            (_("From"), format_day(payload.valid_from_on, chosen())),
        ]
    )


register(approvals.BANK_DETAILS, _bank)
register(approvals.POLICY, _policy)
register(approvals.RULE, _rule)
