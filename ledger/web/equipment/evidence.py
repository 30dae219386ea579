"""What approvers see of requests about equipment: the value, and the amounts beside the first."""

from flask_babel import gettext as _

from ledger.db import ReadSession
from ledger.models.assets import Valuation
from ledger.queries.approvals.requests import RequestRow
from ledger.services.equipment import assets, disposals, low_value_items
from ledger.web.approvals.evidence import Evidence, register


def _valuation(session: ReadSession, _row: RequestRow, payload: assets.ValueAsked) -> Evidence:
    return Evidence(about=session.get(Valuation, payload.valuation))


def _low_value(
    _session: ReadSession, _row: RequestRow, payload: low_value_items.LowValueGift
) -> Evidence:
    return Evidence(amounts=[(_("Quantity"), payload.items, payload.thing)])


def _disposal(_session: ReadSession, row: RequestRow, payload: disposals.Disposal) -> Evidence:
    priced = [(_("Price"), payload.price, row.currency)] if payload.price else []
    return Evidence(amounts=priced)


def _damage(_session: ReadSession, row: RequestRow, payload: disposals.Damage) -> Evidence:
    amounts = [
        (_("Loss in value"), payload.impairment, row.currency),
        (_("Paid by the borrower"), payload.compensation, row.currency),
    ]
    return Evidence(amounts=[amount for amount in amounts if amount[1]])


register("valuation", _valuation, part="equipment/valuation_evidence.html")
register(low_value_items.KIND, _low_value)
register(disposals.DISPOSAL, _disposal)
register(disposals.DAMAGE, _damage)
