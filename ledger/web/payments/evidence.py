"""What approvers see of a refund: whose pledge, what was paid, and what goes back."""

from flask_babel import gettext as _

from ledger.db import ReadSession
from ledger.models.books import Fund
from ledger.models.parties import Party
from ledger.models.payments import Refund
from ledger.models.pledges import Pledge
from ledger.queries.approvals.requests import RequestRow
from ledger.queries.pledges.pledges import fulfilled_quantity
from ledger.services.payments import refunds
from ledger.web.approvals.evidence import Evidence, register
from ledger.web.site.context import visitor


def _refund(session: ReadSession, row: RequestRow, payload: refunds.RefundAsked) -> Evidence:
    pledge = session.get_one(Pledge, session.get_one(Refund, payload.refund).pledge_id)
    terms = [
        (_("Pledge"), pledge.reference),
        (_("Fund"), session.get_one(Fund, pledge.fund_id).name),
    ]
    if visitor().may("read_donors", row.book_id):
        terms.insert(0, (_("Donor"), session.get_one(Party, pledge.party_id).name))
    return Evidence(
        terms=terms,
        amounts=[
            (_("Received"), fulfilled_quantity(session, pledge), pledge.commodity),
            (_("Refund"), payload.quantity, payload.commodity),
        ],
    )


register(refunds.KIND, _refund)
