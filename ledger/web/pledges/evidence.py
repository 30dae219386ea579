"""What approvers see of a promise on paper: its instalments, and who gave it where that is theirs
to know."""

from dataclasses import replace

from ledger.db import ReadSession
from ledger.queries.approvals.requests import RequestRow
from ledger.queries.pledges import receivables
from ledger.services.approvals.agreements import AgreementAsked
from ledger.web.approvals.evidence import Evidence, register
from ledger.web.site.context import visitor


def _promise(session: ReadSession, row: RequestRow, payload: AgreementAsked) -> Evidence:
    promise = receivables.promise_behind(session, payload.commitment)
    if not visitor().may("read_donors", row.book_id):
        promise = replace(promise, donor="")
    return Evidence(about=promise)


register(receivables.KIND, _promise, part="pledges/evidence.html")
