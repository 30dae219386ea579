"""What approvers see of requests about equipment: which item, its value, what changes."""

from collections.abc import Sequence
from uuid import UUID

from flask_babel import gettext as _

from ledger.core.written import format_day
from ledger.db import ReadSession
from ledger.models.assets import Asset, AssetLoan, Valuation
from ledger.models.books import Book
from ledger.queries.approvals.requests import RequestRow
from ledger.services.equipment import assets, contributed_use, disposals, low_value_items, supplies
from ledger.web.approvals.evidence import Evidence, register
from ledger.web.site.locale import chosen


def _item(
    session: ReadSession, row: RequestRow, asset_id: UUID
) -> tuple[list[tuple[str, str]], list[tuple[str, int, str]]]:
    """Return which item is decided on, and what it is worth in the books."""
    asset = session.get_one(Asset, asset_id)
    return (
        [
            (_("Equipment"), asset.description),
            (_("Tag"), asset.tag),
            (_("Condition"), str(asset.condition).replace("_", " ")),
        ],
        [(_("Carrying amount"), disposals.carrying(session, asset), row.currency)],
    )


def _loan(session: ReadSession, loan_id: UUID) -> Sequence[tuple[str, str]]:
    loan = session.get_one(AssetLoan, loan_id)
    return [
        (_("Lender"), session.get_one(Book, loan.lender_id).name),
        (_("Borrower"), session.get_one(Book, loan.borrower_id).name),
        (_("Lent on"), format_day(loan.lent_on, chosen())),
    ]


def _valuation(session: ReadSession, _row: RequestRow, payload: assets.ValueAsked) -> Evidence:
    found = session.get_one(Valuation, payload.valuation)
    kept = _("kept as equipment") if found.capitalise else _("expensed at once")
    return Evidence(
        terms=[
            (_("Method"), found.method.replace("_", " ")),
            (_("Valued on"), format_day(found.valued_on, chosen())),
            (_("In the books"), kept),
        ],
        amounts=[
            (_("Quantity"), found.quantity, found.commodity),
            (_("Value"), found.total, found.currency),
        ],
    )


def _low_value(
    _session: ReadSession, _row: RequestRow, payload: low_value_items.LowValueGift
) -> Evidence:
    return Evidence(
        terms=[
            (_("Description"), payload.description),
            (_("Condition"), payload.condition.replace("_", " ")),
            (_("Received on"), format_day(payload.received_on, chosen())),
        ],
        amounts=[(_("Quantity"), payload.items, payload.thing)],
    )


def _supplies(_session: ReadSession, _row: RequestRow, payload: supplies.MaterialGiven) -> Evidence:
    return Evidence(amounts=[(_("Quantity"), payload.amount_of_material, payload.material)])


def _disposal(session: ReadSession, row: RequestRow, payload: disposals.Disposal) -> Evidence:
    terms, worth = _item(session, row, payload.asset)
    priced = [(_("Price"), payload.price, row.currency)] if payload.price else []
    return Evidence(terms=[*terms, (_("Disposal"), _WAYS[payload.way]())], amounts=worth + priced)


def _giving(session: ReadSession, row: RequestRow, payload: disposals.Giving) -> Evidence:
    terms, worth = _item(session, row, payload.asset)
    return Evidence(terms=terms, amounts=worth)


def _damage(session: ReadSession, row: RequestRow, payload: disposals.Damage) -> Evidence:
    terms, worth = _item(session, row, payload.asset)
    amounts = [
        (_("Loss in value"), payload.impairment, row.currency),
        (_("Paid by the borrower"), payload.compensation, row.currency),
    ]
    return Evidence(
        terms=[*terms, *_loan(session, payload.loan)],
        amounts=worth + [amount for amount in amounts if amount[1]],
    )


def _use(session: ReadSession, _row: RequestRow, payload: contributed_use.UseValued) -> Evidence:
    asset = session.get_one(Asset, session.get_one(AssetLoan, payload.loan).asset_id)
    return Evidence(
        terms=[
            (_("Equipment"), asset.description),
            *_loan(session, payload.loan),
            (_("Days of use"), f"{payload.days:,}"),
        ]
    )


_WAYS = {
    "sold": lambda: _("sold"),
    "scrapped": lambda: _("scrapped"),
    "lost": lambda: _("lost"),
    "returned": lambda: _("given back to the donor"),
}
register("valuation", _valuation)
register(low_value_items.KIND, _low_value)
register(supplies.KIND, _supplies)
register(disposals.DISPOSAL, _disposal)
register(disposals.GIVING, _giving)
register(disposals.DAMAGE, _damage)
register(contributed_use.KIND, _use)
