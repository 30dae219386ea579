"""Equipment and hours: each in one place, counted once, worth what was found (I-50 to I-55)."""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, Text, and_, case, cast, exists, func, or_, select
from sqlalchemy.orm import aliased

from ledger.core.accounts import Acct
from ledger.core.states import AgreementKind, AgreementState, Move
from ledger.db import ReadSession
from ledger.models.agreements import Agreement, Step
from ledger.models.assets import Asset, AssetLoan, AssetState, Intake, Valuation, ValuationState
from ledger.models.books import Book, Fund
from ledger.models.hours import HoursEntry, HoursState
from ledger.models.journal import Entry, Posting
from ledger.models.parties import Party
from ledger.queries.invariants.result import Finding, count, first, on

OWNED = (Acct.ITEMS_HELD, Acct.ITEMS_LENT, Acct.ITEMS_DAMAGED)
SOURCES = (Acct.ITEMS_GIVEN, Acct.ITEMS_ACQUIRED, Acct.OPENING_QUANTITIES)
GONE = (Acct.TRANSFERRED, Acct.DISPOSED, Acct.LOST, Acct.RETURNED_TO_DONOR, Acct.RECLASSIFIED)
TIME = (Acct.TIME_APPLIED, Acct.TIME_GIVEN, Acct.TRANSFERRED)
WORTH = (
    Acct.INVENTORY,
    Acct.EQUIPMENT,
    Acct.UNDER_CONSTRUCTION,
    Acct.SERVICES_USED,
    Acct.USE_OF_ASSETS,
    Acct.LOW_VALUE_ITEMS,
    Acct.TIME_STATISTIC,
    Acct.USE_STATISTIC,
)
MINUTES_PER_DAY = 16 * 60


def custody(session: ReadSession) -> Finding:
    """I-50: each thing is in exactly one place, the one that its row says."""
    # Several that came together are counted on one leg, which names no single one of them.
    together = case((Intake.quantity > 1, 1), (Asset.intake_id.is_(None), None), else_=0)
    legs = (
        select(
            Posting.book_id,
            Posting.asset,
            on(Acct.ITEMS_HELD).label("here"),
            on(Acct.ITEMS_LENT).label("out"),
            on(Acct.ITEMS_DAMAGED).label("damaged"),
            func.sum(
                case(
                    (
                        and_(
                            Posting.account == Acct.ITEMS_HELD,
                            Posting.quantity > 0,
                            Entry.event_type == "giving_on",
                        ),
                        1,
                    ),
                    else_=0,
                )
            ).label("given"),
        )
        .join(Entry, and_(Entry.book_id == Posting.book_id, Entry.id == Posting.entry_id))
        .where(Posting.account.in_(OWNED), Posting.asset.is_not(None))
        .group_by(Posting.book_id, Posting.asset)
        .subquery()
    )
    came = func.coalesce(
        together,
        # Brought along at the opening it is on a common leg, given on it has its own.
        case((func.coalesce(legs.c.given, 0) > 0, 0), else_=1),
    )
    here, out, damaged = (func.coalesce(legs.c[name], 0) for name in ("here", "out", "damaged"))
    expected = (
        (here + came, "in_custody"),
        (out, "on_loan"),
        (damaged, "damaged"),
    )
    wrong = or_(*(place != case((Asset.state == state, 1), else_=0) for place, state in expected))
    query = (
        select(Asset.tag, Asset.state, here + came, out, damaged)
        .outerjoin(Intake, Intake.id == Asset.intake_id)
        .outerjoin(legs, and_(legs.c.book_id == Asset.book_id, legs.c.asset == Asset.tag))
        # What was never here may have left its tag to another item.
        .where(wrong, Asset.state != AssetState.WITHDRAWN)
        .limit(1)
    )
    lent = (
        select(Asset.tag, Asset.state, func.count(AssetLoan.id))
        .outerjoin(AssetLoan, and_(AssetLoan.asset_id == Asset.id, AssetLoan.returned_on.is_(None)))
        .group_by(Asset.id, Asset.tag, Asset.state)
        .having(func.count(AssetLoan.id) != case((Asset.state == AssetState.ON_LOAN, 1), else_=0))
        .limit(1)
    )
    found = first(
        session, query, "{0} is {1}, the journal has it {2} here, {3} out, {4} damaged"
    ) or first(session, lent, "{0} is {1} with {2} open loans")
    return count(session, Asset), found


def owned(session: ReadSession) -> Finding:
    """I-51: what is owned came from somewhere, and went where the books say."""
    accounts = (*OWNED, *SOURCES, *GONE)
    query = (
        select(Book.code, Posting.commodity, func.sum(Posting.quantity))
        .join(Book, Book.id == Posting.book_id)
        .where(Posting.account.in_(accounts), Posting.commodity.like("EQP.%"))
        .group_by(Book.id, Book.code, Posting.commodity)
        .having(func.sum(Posting.quantity) != 0)
        .limit(1)
    )
    below = (
        select(Book.code, Posting.commodity, func.sum(Posting.quantity))
        .join(Book, Book.id == Posting.book_id)
        .where(Posting.account.in_(OWNED))
        .group_by(Book.id, Book.code, Posting.fund_id, Posting.account, Posting.commodity)
        .having(func.sum(Posting.quantity) < 0)
        .limit(1)
    )
    found = first(session, query, "book {0}: {2} {1} came from or went nowhere") or first(
        session, below, "book {0} has {2} {1}"
    )
    return count(session, Posting, Posting.account.in_(accounts)), found


def worth(session: ReadSession) -> Finding:
    """I-52: value stands to its quantity as it was found, to half a minor unit."""
    legs = (
        select(
            Posting.valuation,
            on(*WORTH).label("value"),
            on(Acct.TIME_APPLIED).label("minutes"),
        )
        .where(Posting.valuation.is_not(None))
        .group_by(Posting.valuation, Posting.book_id)
    )
    # Pooled hours carry their label in two books; the pool's has none of these accounts.
    sums = (
        legs.having(or_(on(*WORTH) != 0, on(Acct.TIME_APPLIED) != 0))
        .add_columns(Posting.book_id)
        .subquery()
    )
    posted = case((Valuation.hours_id.is_not(None), sums.c.minutes), else_=Valuation.quantity)
    value = func.coalesce(sums.c.value, 0)
    apart = func.abs(value * Valuation.quantity - Valuation.total * func.coalesce(posted, 0))
    query = (
        select(Valuation.label, value, Valuation.total)
        .outerjoin(
            sums,
            and_(sums.c.book_id == Valuation.book_id, sums.c.valuation == Valuation.label),
        )
        .where(Valuation.state == ValuationState.APPROVED, 2 * apart > Valuation.quantity)
        .limit(1)
    )
    return count(session, Valuation, Valuation.state == ValuationState.APPROVED), first(
        session, query, "valuation {0}: {1} in the journal, {2} found"
    )


def time(session: ReadSession) -> Finding:
    """I-53: time applied is time given, and what was confirmed, less what was taken back."""
    skill = Posting.commodity.like("MIN.%")
    given = (
        select(Book.code, Posting.commodity, func.sum(Posting.quantity))
        .join(Book, Book.id == Posting.book_id)
        .where(Posting.account.in_(TIME), skill)
        .group_by(Book.id, Book.code, Posting.commodity)
        .having(func.sum(Posting.quantity) != 0)
        .limit(1)
    )
    taken = aliased(Entry)
    # What was taken back, and what was not taken back after all.
    back = or_(
        Entry.event_type == "hours_corrected",
        exists().where(
            taken.book_id == Entry.book_id,
            taken.id == Entry.reverses,
            taken.event_type == "hours_corrected",
        ),
    )
    legs = (
        select(
            Posting.book_id,
            Posting.valuation,
            func.sum(case((back, 0), else_=Posting.quantity)).label("confirmed"),
            func.sum(Posting.quantity).label("left"),
        )
        .join(Entry, and_(Entry.book_id == Posting.book_id, Entry.id == Posting.entry_id))
        .where(Posting.account == Acct.TIME_APPLIED, Posting.valuation.is_not(None))
        .group_by(Posting.book_id, Posting.valuation)
        .subquery()
    )
    confirmed = func.coalesce(legs.c.confirmed, 0)
    counted = (
        select(HoursEntry.id, HoursEntry.worked_minutes, confirmed)
        .join(Valuation, Valuation.hours_id == HoursEntry.id)
        .outerjoin(
            legs,
            and_(legs.c.book_id == Valuation.book_id, legs.c.valuation == Valuation.label),
        )
        .where(
            HoursEntry.state == HoursState.CONFIRMED,
            or_(HoursEntry.worked_minutes != confirmed, legs.c.left < 0),
        )
        .limit(1)
    )
    found = first(session, given, "book {0}: {2} minutes of {1} came from nowhere") or first(
        session, counted, "hours {0}: {1} minutes confirmed, {2} in the journal"
    )
    return count(session, HoursEntry, HoursEntry.state == HoursState.CONFIRMED), found


def confirmed(session: ReadSession) -> Finding:
    """I-54: hours are confirmed by somebody else, once, and worth only what may be recognised."""
    own = (
        select(HoursEntry.id)
        .join(Party, Party.id == HoursEntry.party_id)
        .where(
            HoursEntry.state == HoursState.CONFIRMED,
            or_(
                HoursEntry.confirmed_by == HoursEntry.logged_by,
                HoursEntry.confirmed_by == Party.person_id,
            ),
        )
        .limit(1)
    )
    # Pooled hours are a step of the pool's allocation, and have their legs there.
    unbooked = (
        select(HoursEntry.id)
        .where(
            HoursEntry.state == HoursState.CONFIRMED,
            ~exists().where(
                Entry.book_id == HoursEntry.book_id,
                Entry.source == "hours",
                func.replace(Entry.external_ref, "-", "")
                == func.replace(cast(HoursEntry.id, Text), "-", ""),
            ),
            ~exists().where(
                Step.name == Move.WORK,
                func.replace(Step.reference, "-", "")
                == func.replace(cast(HoursEntry.id, Text), "-", ""),
            ),
        )
        .limit(1)
    )
    unfounded = (
        select(Posting.entry_id, Posting.valuation)
        .join(
            Valuation,
            and_(Valuation.book_id == Posting.book_id, Valuation.label == Posting.valuation),
        )
        .where(
            Posting.account == Acct.SERVICES_USED,
            Valuation.hours_id.is_not(None),
            ~Valuation.capitalise,
        )
        .limit(1)
    )
    tireless = (
        select(HoursEntry.worked_on, func.sum(HoursEntry.worked_minutes))
        .where(HoursEntry.state == HoursState.CONFIRMED)
        .group_by(HoursEntry.party_id, HoursEntry.worked_on)
        .having(func.sum(HoursEntry.worked_minutes) > MINUTES_PER_DAY)
        .limit(1)
    )
    found = (
        first(session, own, "hours {0} were confirmed by the volunteer")
        or first(session, unbooked, "hours {0} are confirmed and not booked")
        or first(session, unfounded, "entry {0} recognises {1}, which may not be")
        or first(session, tireless, "somebody worked {1} minutes on {0}")
    )
    return count(session, HoursEntry), found


def wear(session: ReadSession) -> Finding:
    """I-55: nothing is worn more than it cost, and at the end of its life exactly that."""
    done: dict[UUID, int] = {
        plan_id: int(quantity)
        for plan_id, quantity in session.execute(
            select(Step.agreement_id, func.sum(Step.quantity))
            .where(Step.name == Move.WEAR)
            .group_by(Step.agreement_id)
        )
    }
    plans = session.execute(
        select(
            Agreement.id,
            Agreement.reference,
            Agreement.quantity,
            Agreement.state,
            Agreement.terms,
        ).where(
            Agreement.kind == AgreementKind.DEPRECIATION, Agreement.state != AgreementState.ENDED
        )
    ).all()
    for plan in plans:
        worn = plan.terms["brought"] + done.get(plan.id, 0)
        over = plan.state == "worn_out"
        if not 0 <= worn <= plan.quantity or (worn == plan.quantity) != over:
            return len(plans), f"plan {plan.reference} is {plan.state}, worn {worn}"
    items = (
        select(Asset.tag, Asset.cost, Asset.depreciated, Asset.impaired)
        .where(
            or_(
                Asset.depreciated < 0,
                Asset.impaired < 0,
                Asset.cost < 0,
                Asset.depreciated + Asset.impaired > Asset.cost,
            )
        )
        .limit(1)
    )
    found = first(session, items, "{0} cost {1} and is worn {2}, harmed {3}") or first(
        session, _fund_sheets(), "fund {0}: equipment cost {1} and lost {2}"
    )
    return len(plans) + count(session, Asset), found


def _fund_sheets() -> Select[Any]:
    """Ask for funds whose equipment has lost more than it cost, or less than nothing."""
    harmed, worn = Acct.ACCUMULATED_IMPAIRMENT, Acct.ACCUMULATED_DEPRECIATION
    cost, gone = on(Acct.EQUIPMENT), on(harmed, worn, sign=-1)
    return (
        select(Fund.code, cost, gone)
        .join(Posting, and_(Posting.book_id == Fund.book_id, Posting.fund_id == Fund.id))
        .where(Posting.account.in_((Acct.EQUIPMENT, harmed, worn)))
        .group_by(Fund.id, Fund.code, Posting.commodity)
        .having(or_(on(harmed) > 0, on(worn) > 0, gone > cost))
        .limit(1)
    )
