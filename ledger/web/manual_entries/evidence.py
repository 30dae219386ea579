"""What approvers see of manual entries and opening balances: the exact legs and balances."""

from babel.dates import format_date
from flask_babel import gettext as _

from ledger.db import ReadSession
from ledger.models.books import Book
from ledger.queries.approvals.requests import RequestRow
from ledger.queries.books import journal
from ledger.queries.books.books import accounts_of, funds_of
from ledger.services.accounting import manual_entries, opening_balances
from ledger.web.approvals.evidence import Evidence, register
from ledger.web.site.locale import chosen


def _manual(session: ReadSession, row: RequestRow, payload: manual_entries.ManualEntry) -> Evidence:
    """Return on which day what would be booked, and what the sender calls it."""
    book = session.get_one(Book, row.book_id)
    names = {account.number: account.name for account in accounts_of(session, book.id)}
    return Evidence(
        terms=[
            (_("Day"), format_date(payload.accounting_date, locale=chosen())),
            (_("Kind"), payload.event_type),
            (_("Reference"), payload.external_ref),
        ],
        legs=[
            journal.Leg(
                line=line,
                account=leg.account,
                account_name=names[leg.account],
                fund=leg.fund,
                commodity=leg.commodity,
                quantity=leg.quantity,
                counterparty=None,
                labels=(("function", leg.function),) if leg.function else (),
            )
            for line, leg in enumerate(manual_entries.entry_of(book, payload).postings, start=1)
        ],
    )


def _opening(session: ReadSession, row: RequestRow, payload: opening_balances.Opening) -> Evidence:
    """Return each balance and each item that a book brings along, by their names."""
    accounts = {account.number: account.name for account in accounts_of(session, row.book_id)}
    funds = {fund.code: fund.name for fund in funds_of(session, row.book_id)}
    return Evidence(
        amounts=[
            (
                f"{line.account} {accounts.get(line.account, '')}, "
                f"{funds.get(line.fund, line.fund)}",
                line.quantity,
                line.commodity,
            )
            for line in payload.balances
        ]
        + [
            (
                f"{thing.tag} {thing.description}, {funds.get(thing.fund, thing.fund)}",
                thing.cost - thing.depreciated,
                row.currency,
            )
            for thing in payload.things
        ],
    )


register(manual_entries.KIND, _manual)
register(opening_balances.KIND, _opening)
