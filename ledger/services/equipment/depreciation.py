"""Wear of equipment, month by month, to the last unit (EQP-07): of one item, or of all that were
valued together.

A plan is a commitment of its cost in minor units; each month brings what is booked to its rounded
share, so that the last month closes exactly (invariant I-55).
"""

from collections.abc import Iterable
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select

from ledger.core import bookkeeping
from ledger.core.days import day_in
from ledger.core.states import AgreementKind, AgreementState, Move
from ledger.db import ReadSession, Session
from ledger.errors import Conflict, Invalid
from ledger.models.agreements import Agreement
from ledger.models.assets import Asset, AssetState, Intake, Valuation, ValuationState
from ledger.models.books import Book, Fund
from ledger.services.approvals.agreements import (
    NewAgreement,
    StepTaken,
    open_agreement,
    place_of,
    total,
    transition,
)

KIND = AgreementKind.DEPRECIATION
MAX_MONTHS = 600
# What is damaged, gone or lost wears no more.
WEARING = (AssetState.IN_CUSTODY, AssetState.ON_LOAN)


def start_wear(
    session: Session,
    *,
    valuation_id: UUID,
    months: int,
    first: date,
    by: UUID,
    now: datetime,
    asset_id: UUID | None = None,
) -> Agreement:
    """Plan the wear of one item that a valuation capitalised, from the month of ``first`` on; where
    no item is named, of all of them that have no plan of their own.

    Raises Invalid for a life that is no number of months, Conflict for what is not capitalised
    or planned already.
    """
    valuation = session.get_one(Valuation, valuation_id)
    if not 0 < months <= MAX_MONTHS:
        raise Invalid("The useful life must be between 1 and 600 months.", place="months")
    if (
        valuation.state != ValuationState.APPROVED
        or not valuation.capitalise
        or valuation.intake_id is None
    ):
        raise Conflict(
            "Only equipment with an approved value can be depreciated.", place="valuation"
        )
    intake = session.get_one(Intake, valuation.intake_id)
    cost = _cost_of(session, valuation, asset_id)
    terms = {} if asset_id is None else {"asset": str(asset_id)}
    return open_agreement(
        session,
        agreement=NewAgreement(
            kind=KIND,
            book=session.get_one(Book, valuation.book_id),
            fund=session.get_one(Fund, intake.fund_id),
            quantity=cost,
            title=f"Wear of {valuation.label}",
            terms={
                "intake": str(intake.id),
                **terms,
                "months": months,
                "first": first.replace(day=1).isoformat(),
                "brought": 0,
            },
        ),
        state=AgreementState.ACTIVE,
        made_by=by,
        now=now,
    )


def _cost_of(session: ReadSession, valuation: Valuation, asset_id: UUID | None) -> int:
    """Return the cost that a plan spreads. Raises Conflict where nothing is left to plan."""
    items = session.scalars(
        select(Asset).where(Asset.intake_id == valuation.intake_id).order_by(Asset.id)
    ).all()
    if asset_id is not None:
        item = next((one for one in items if one.id == asset_id), None)
        if item is None or item.state not in WEARING or not item.cost:
            raise Conflict("This equipment has no value left to depreciate.", place="valuation")
        if plan_with(session, item) is not None:
            raise Conflict("This equipment already has a depreciation plan.", place="valuation")
        return int(item.cost)
    if valuation.intake_id is not None and plan_of(session, valuation.intake_id) is not None:
        raise Conflict("This equipment already has a depreciation plan.", place="valuation")
    out = [one for one in items if one.state not in WEARING or _own_plan(session, one)]
    rest = valuation.total - sum(one.cost or 0 for one in out)
    if not rest:
        raise Conflict("This equipment has no value left to depreciate.", place="valuation")
    return rest


def book_wear(
    session: Session, *, book_id: UUID, month: date, by: UUID | None, now: datetime
) -> int:
    """Book a month's wear of every plan of a book, on the month's first day after it; return the
    number of plans that wore. Raises Conflict for a month that is not over. Told twice, once.
    """
    start = month.replace(day=1)
    on = _next(start)
    if day_in(session.get_one(Book, book_id).time_zone, now) < on:
        raise Conflict("This month has not ended yet.", place="month")
    plans = session.scalars(
        select(Agreement)
        .where(
            Agreement.book_id == book_id,
            Agreement.kind == KIND,
            Agreement.state == AgreementState.ACTIVE,
        )
        .order_by(Agreement.id)
    ).all()
    return sum(_wear(session, plan, start, by, now) for plan in plans)


def worn(session: ReadSession, plan: Agreement) -> int:
    """Return what of a plan is booked, in minor units."""
    brought: int = plan.terms["brought"]
    return brought + total(session, plan, Move.WEAR)


def plan_of(session: ReadSession, intake_id: UUID) -> Agreement | None:
    """Return the running plan of what came in together and was planned together."""
    return next(
        (
            plan
            for plan in _plans(session)
            if plan.terms["intake"] == str(intake_id) and "asset" not in plan.terms
        ),
        None,
    )


def _own_plan(session: ReadSession, asset: Asset) -> Agreement | None:
    """Return the running plan of one item alone."""
    return next(
        (plan for plan in _plans(session) if plan.terms.get("asset") == str(asset.id)), None
    )


def _plans(session: ReadSession) -> Iterable[Agreement]:
    return session.scalars(
        select(Agreement).where(Agreement.kind == KIND, Agreement.state != AgreementState.ENDED)
    )


def plan_with(session: ReadSession, asset: Asset) -> Agreement | None:
    """Return the running plan that an item wears by; what is damaged was taken out of it."""
    if asset.intake_id is None or asset.state not in WEARING:
        return None
    return _own_plan(session, asset) or plan_of(session, asset.intake_id)


def take_out(session: Session, asset: Asset, *, now: datetime) -> int:
    """Take an item out of its plan and return what of its cost is worn, in minor units.

    The rest of the plan goes on with the rest of the cost.
    """
    plan = plan_with(session, asset)
    if plan is None:
        return asset.depreciated
    done = worn(session, plan)
    share = (2 * done * asset.cost + plan.quantity) // (2 * plan.quantity)
    rest = plan.quantity - asset.cost
    if rest:
        open_agreement(
            session,
            agreement=NewAgreement(
                kind=KIND,
                book=session.get_one(Book, plan.book_id),
                fund=session.get_one(Fund, plan.fund_id),
                quantity=rest,
                title=plan.title,
                terms={**plan.terms, "brought": done - share},
            ),
            state=plan.state,
            made_by=plan.made_by,
            now=now,
        )
    plan.state = AgreementState.ENDED
    asset.depreciated = share
    session.flush()
    return share


def _wear(session: Session, plan: Agreement, month: date, by: UUID | None, now: datetime) -> int:
    first = date.fromisoformat(plan.terms["first"])
    number = (month.year - first.year) * 12 + month.month - first.month + 1
    months: int = plan.terms["months"]
    if number < 1:
        return 0
    due = (2 * plan.quantity * min(number, months) + months) // (2 * months)
    amount = due - worn(session, plan)
    if amount > 0:
        transition(
            session,
            plan,
            Move.WEAR,
            bookkeeping.depreciation_booked(**place_of(session, plan), amount=amount),
            taken=StepTaken(
                quantity=amount, reference=f"{month:%Y-%m}", by=by, on=_next(month), now=now
            ),
        )
    if worn(session, plan) == plan.quantity:
        transition(
            session,
            plan,
            Move.COMPLETE,
            [],
            taken=StepTaken(quantity=plan.quantity, by=by, on=month, now=now),
        )
    return int(amount > 0)


def _next(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)
