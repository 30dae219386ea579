"""What approvers see of hours that were not worked: whose, when, and how many were confirmed."""

from flask_babel import gettext as _

from ledger.core.written import format_day
from ledger.db import ReadSession
from ledger.models.books import Fund
from ledger.models.hours import HoursEntry
from ledger.models.parties import Party
from ledger.queries.approvals.requests import RequestRow
from ledger.queries.books.books import commodities
from ledger.services.volunteering import hours
from ledger.web.approvals.evidence import Evidence, register
from ledger.web.site.context import visitor
from ledger.web.site.locale import chosen


def _hours(session: ReadSession, row: RequestRow, payload: hours.HoursCorrection) -> Evidence:
    worked = session.get_one(HoursEntry, payload.hours)
    terms = [
        (_("Day"), format_day(worked.worked_on, chosen())),
        (_("Skill"), commodities(session)[worked.commodity].plural),
        (_("Work"), worked.description),
        (_("Fund"), session.get_one(Fund, worked.fund_id).name),
    ]
    if visitor().may("read_donors", row.book_id):
        terms.insert(0, (_("Volunteer"), session.get_one(Party, worked.party_id).name))
    return Evidence(
        terms=terms,
        amounts=[
            (_("Confirmed"), worked.worked_minutes, worked.commodity),
            (_("Not worked"), payload.quantity, payload.commodity),
        ],
    )


register(hours.CORRECTION, _hours)
