"""What approvers see of a promise on paper: its instalments, what changes of it and what is still
owed, and who gave it where that is theirs to know."""

from dataclasses import replace

from flask_babel import gettext as _

from ledger.core.accounts import Acct
from ledger.db import ReadSession
from ledger.models.agreements import Agreement
from ledger.models.books import Fund
from ledger.queries.approvals.requests import RequestRow
from ledger.queries.books.funds import on_account
from ledger.queries.pledges.receivables import PromiseRow, promise_behind
from ledger.services.approvals.agreements import AgreementAsked
from ledger.services.pledges import receivables
from ledger.web.approvals.evidence import Evidence, register
from ledger.web.site.context import visitor


def _promise(session: ReadSession, row: RequestRow, payload: AgreementAsked) -> Evidence:
    promise = promise_behind(session, payload.commitment)
    if not _knows_donors(row):
        promise = replace(promise, donor="")
    return Evidence(about=promise)


def _change(session: ReadSession, row: RequestRow, payload: receivables.PromiseChange) -> Evidence:
    """Return whose promise changes, what was promised, what came of it and what is open."""
    agreement = session.get_one(Agreement, payload.promise)
    promise: PromiseRow = promise_behind(session, agreement.id)
    terms = [
        (_("Agreement"), agreement.reference),
        (_("Pledge"), promise.pledge),
        (_("Fund"), session.get_one(Fund, agreement.fund_id).name),
    ]
    if _knows_donors(row):
        terms.insert(0, (_("From"), promise.donor))
    return Evidence(
        terms=terms,
        amounts=[
            (_("Received"), promise.fulfilled, promise.commodity),
            (_("Open"), promise.open, promise.commodity),
        ],
    )


def _allowance(session: ReadSession, row: RequestRow, payload: receivables.Allowance) -> Evidence:
    """Return what is owed in the fund, and what of it is set aside already."""
    fund = session.get_one(Fund, payload.fund)
    owed = on_account(session, fund, Acct.PLEDGES_RECEIVABLE)
    aside = -on_account(session, fund, Acct.PLEDGE_ALLOWANCE)
    return Evidence(
        amounts=[
            (_("Pledges receivable"), owed, row.currency),
            (_("Allowance so far"), aside, row.currency),
        ]
    )


def _knows_donors(row: RequestRow) -> bool:
    return visitor().may("read_donors", row.book_id)


register(receivables.KIND, _promise, part="pledges/evidence.html")
register(receivables.INCREASE, _change)
register(receivables.WRITE_OFF, _change)
register(receivables.ALLOWANCE, _allowance)
