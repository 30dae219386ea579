"""Volunteer hours: logged by one person, confirmed by another, valued at a known rate."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import and_, func, or_, select

from ledger.core import bookkeeping
from ledger.core.accounts import Acct
from ledger.core.days import day_in
from ledger.core.entry import Entry
from ledger.core.figures import given
from ledger.core.vocabulary import FulfilmentSource
from ledger.db import ReadSession, Session
from ledger.errors import Conflict, Invalid, NotAllowed, NotFound
from ledger.models.approval_requests import ApprovalRequest
from ledger.models.assets import Valuation, ValuationMethod, ValuationState
from ledger.models.books import Book, Fund
from ledger.models.hours import HoursEntry, HoursState, SkillRate
from ledger.models.journal import Posting
from ledger.models.parties import Party
from ledger.models.people import Person
from ledger.models.pledges import Pledge
from ledger.queries.books.policies import policy_of
from ledger.queries.people.parties import labels_for
from ledger.queries.people.people import roles_of
from ledger.services.approvals.registry import ApprovalKind, Decision, register
from ledger.services.approvals.requests import propose
from ledger.services.books import journal
from ledger.services.books.books import check_own_fund, ensure_commodity
from ledger.services.pledges.pledges import record_fulfilment, release_for

CORRECTION = "hours_correction"
# Where the value of time stands: used up, in what was built, or as a statistic.
WORTH = (Acct.SERVICES_USED, Acct.UNDER_CONSTRUCTION, Acct.TIME_STATISTIC)
MINUTES_PER_DAY = 16 * 60
# Older work needs evidence that a form cannot give.
WINDOW = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Work:
    """Time that somebody gave on one day with one skill; ``pledge`` is what it fulfils."""

    commodity: str
    minutes: int
    worked_on: date
    description: str
    pledge: Pledge | None = None
    campaign_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class HoursCorrection:
    """Minutes of confirmed hours that were not worked."""

    hours: UUID
    quantity: int
    commodity: str


def set_rate(
    session: Session,
    *,
    book: Book,
    commodity: str,
    currency: str,
    rate_per_hour: int,
    specialised: bool,
    source: str,
    valid_from_on: date,
) -> SkillRate:
    """Set what an hour of a skill is worth from a day on, in minor units per hour.

    Of two rates for one day the one set last holds. Raises Invalid for what is no skill, a rate
    below zero or in another currency than the book's, or one that names no source.
    """
    if not commodity.startswith("MIN."):
        raise Invalid("Enter a skill for the rate, for example MIN.ELEC.", place="commodity")
    if rate_per_hour < 0:
        raise Invalid("A rate cannot be negative.", place="rate_per_hour")
    if currency != book.commodity:
        raise Invalid("The rate must be in the book's currency.", place="currency")
    if not source.strip():
        raise Invalid("Enter the source of the rate.", place="source")
    ensure_commodity(session, commodity)
    rate = SkillRate(
        book_id=book.id,
        commodity=commodity,
        currency=currency,
        rate_per_hour=rate_per_hour,
        specialised=specialised,
        source=source,
        valid_from_on=valid_from_on,
    )
    session.add(rate)
    session.flush()
    return rate


def log_hours(
    session: Session,
    *,
    book: Book,
    fund: Fund,
    party: Party,
    work: Work,
    now: datetime,
    logged_by: UUID | None = None,
) -> HoursEntry:
    """Note time that somebody says they gave; nothing is posted yet (HRS-2).

    Raises Invalid for a day in the future, more than 16 hours on one day, a fund that cannot own
    what is given, or a pledge of another skill, giver or community.
    """
    pledge = work.pledge
    if not work.commodity.startswith("MIN."):
        raise Invalid("Choose a skill.", place="commodity")
    if work.worked_on > day_in(book.time_zone, now):
        raise Invalid("This date is in the future.", place="worked_on")
    if work.worked_on < day_in(book.time_zone, now) - WINDOW:
        raise Invalid("These hours were worked more than a year ago.", place="worked_on")
    already = session.scalar(
        select(func.coalesce(func.sum(HoursEntry.worked_minutes), 0)).where(
            HoursEntry.party_id.in_(
                select(Party.id).where(
                    or_(
                        Party.id == party.id,
                        and_(Party.person_id.is_not(None), Party.person_id == party.person_id),
                    )
                )
            ),
            HoursEntry.worked_on == work.worked_on,
            HoursEntry.state != HoursState.REJECTED,
        )
    )
    if work.minutes <= 0 or int(already or 0) + work.minutes > MINUTES_PER_DAY:
        raise Invalid("You can record at most 16 hours for one person in a day.", place="worked")
    if pledge is None:
        check_own_fund(book, fund)
    else:
        if pledge.book_id != book.id:
            raise Invalid("This pledge is to another community.", place="pledge")
        if pledge.commodity != work.commodity or pledge.party_id != party.id:
            raise Invalid(
                "This pledge is for another skill or from another person.", place="pledge"
            )
    ensure_commodity(session, work.commodity)
    row = HoursEntry(
        book_id=book.id,
        fund_id=pledge.fund_id if pledge else fund.id,
        campaign_id=work.campaign_id,
        pledge_id=pledge.id if pledge else None,
        party_id=party.id,
        commodity=work.commodity,
        worked_minutes=work.minutes,
        worked_on=work.worked_on,
        description=work.description,
        state=HoursState.LOGGED,
        logged_by=logged_by,
        created_at=now,
    )
    session.add(row)
    session.flush()
    return row


def confirm_hours(
    session: Session,
    *,
    hours_id: UUID,
    confirmed_by: UUID,
    on: date,
    now: datetime,
    builds: bool = False,
) -> HoursEntry:
    """Confirm another person's time and post it (HRS-3, HRS-4); ``builds`` says that it created
    or enhanced an asset, so that its value joins what is being built (HRS-5).

    Raises NotFound, Conflict when it is decided already, NotAllowed for the volunteer or
    whoever logged it (invariant I-54), and for anybody but an approver when it was logged later
    than the book's policy lets it.
    """
    row = undecided(session, hours_id, confirmed_by)
    book = session.get_one(Book, row.book_id)
    check_window(session, row, book, confirmed_by, now)
    fund = session.get_one(Fund, row.fund_id)
    pledge = session.get(Pledge, row.pledge_id) if row.pledge_id else None
    _check_own(row, pledge)
    valuation = value_hours(session, row, book, confirmed_by, on, builds=builds)
    builds = builds and valuation.capitalise
    released = release_for(session, pledge, row.worked_minutes)[0] if pledge else 0
    reference = pledge.reference if pledge else None
    worked = bookkeeping.Hours(
        commodity=row.commodity,
        minutes=row.worked_minutes,
        currency=valuation.currency,
        value=valuation.total,
        valuation=valuation.label,
    )
    fulfilled = bookkeeping.Fulfilled(pledge=reference, released=released)
    entries = (
        bookkeeping.hours_built(book=book.code, fund=fund.code, hours=worked, fulfilled=fulfilled)
        if builds
        else bookkeeping.hours_confirmed(
            book=book.code,
            fund=fund.code,
            hours=worked,
            specialised=valuation.capitalise,
            fulfilled=fulfilled,
        )
    )
    posted = journal.post(
        session,
        _labelled(session, row, entries),
        event_type="hours_confirmed",
        source="hours",
        external_ref=str(row.id),
        accounting_on=on,
        now=now,
        made_by=journal.Approved(row.logged_by, by=confirmed_by),
    )
    mark_confirmed(row, confirmed_by, now)
    if pledge is not None:
        record_fulfilment(
            session,
            pledge=pledge,
            entry_id=posted.ids[0],
            quantity=row.worked_minutes,
            source=FulfilmentSource.HOURS,
            source_ref=str(row.id),
            now=now,
        )
    session.flush()
    return row


def _check_own(row: HoursEntry, pledge: Pledge | None) -> None:
    """Refuse hours that a pool allocated: ``pools.hours`` books those. Raises Conflict."""
    if pledge is not None and pledge.book_id != row.book_id:
        raise Conflict(
            "A pool allocated these hours, so they pass through its book as well.", place="hours"
        )


def _labelled(session: ReadSession, row: HoursEntry, entries: list[Entry]) -> list[Entry]:
    """Return entries whose legs of time given name volunteer and campaign."""
    pledge = session.get(Pledge, row.pledge_id) if row.pledge_id else None
    labels = labels_for(
        session,
        campaign_id=row.campaign_id or (pledge.campaign_id if pledge else None),
        party_id=row.party_id,
    )
    return [item.about(labels, given) for item in entries]


def mark_confirmed(row: HoursEntry, by: UUID, now: datetime) -> None:
    """Write down who confirmed hours, and when."""
    row.state = HoursState.CONFIRMED
    row.confirmed_by = by
    row.confirmed_at = now


def reject_hours(
    session: Session, *, hours_id: UUID, rejected_by: UUID, now: datetime
) -> HoursEntry:
    """Send time back; nothing is posted. Raises as ``confirm_hours``."""
    row = undecided(session, hours_id, rejected_by)
    row.state = HoursState.REJECTED
    row.confirmed_by = rejected_by
    row.confirmed_at = now
    session.flush()
    return row


def propose_hours_correction(
    session: Session, *, hours_id: UUID, minutes: int, reason: str, made_by: UUID, now: datetime
) -> ApprovalRequest:
    """Ask to take back minutes that were confirmed and not worked (HRS-6).

    Raises NotFound, Conflict for hours that are not confirmed or fewer than that.
    """
    row = session.get(HoursEntry, hours_id)
    if row is None:
        raise NotFound("This record of hours does not exist.", place="hours")
    if not 0 < minutes <= _still_counted(session, row):
        raise Conflict("This is more than the minutes confirmed.", place="minutes")
    pledge = session.get(Pledge, row.pledge_id) if row.pledge_id else None
    if pledge is not None and pledge.book_id != row.book_id:
        raise Conflict(
            "A pool allocated these hours, so they cannot be taken back in one book alone.",
            place="hours",
        )
    return propose(
        session,
        book_id=row.book_id,
        kind=CORRECTION,
        title="Hours were not worked",
        reason=reason,
        payload=HoursCorrection(row.id, minutes, row.commodity),
        made_by=made_by,
        now=now,
    )


def correct_hours(
    session: Session,
    approval_request: ApprovalRequest,
    payload: HoursCorrection,
    decision: Decision,
) -> None:
    """Take minutes back with their share of the value, under the same valuation (HRS-6).

    What stays is worth its share to half a minor unit, however often something is taken back.
    """
    row = session.get_one(HoursEntry, payload.hours)
    minutes = payload.quantity
    counted = _still_counted(session, row)
    if minutes > counted:
        raise Conflict("This is more than the minutes confirmed.", place="minutes")
    valuation = session.scalars(select(Valuation).where(Valuation.hours_id == row.id)).one()
    booked = _booked_worth(session, row, valuation)
    share = 2 * valuation.total * (counted - minutes) + valuation.quantity
    kept = share // (2 * valuation.quantity)
    entries = bookkeeping.hours_taken_back(
        book=session.get_one(Book, row.book_id).code,
        fund=session.get_one(Fund, row.fund_id).code,
        hours=bookkeeping.Hours(
            commodity=row.commodity,
            minutes=minutes,
            currency=valuation.currency,
            value=sum(booked.values()) - kept,
            valuation=valuation.label,
        ),
        specialised=valuation.capitalise,
        built=bool(booked.get(Acct.UNDER_CONSTRUCTION)),
    )
    journal.post(
        session,
        _labelled(session, row, entries),
        event_type="hours_corrected",
        source="hours",
        external_ref=str(approval_request.id),
        accounting_on=decision.on,
        now=decision.now,
        made_by=journal.Approved(approval_request.made_by, by=decision.by),
    )


def _still_counted(session: ReadSession, row: HoursEntry) -> int:
    """Return minutes of confirmed hours that no correction took back."""
    if row.state != HoursState.CONFIRMED:
        return 0
    taken = session.scalar(
        select(func.sum(Posting.quantity))
        .join(Valuation, Valuation.label == Posting.valuation)
        .where(
            Posting.book_id == row.book_id,
            Posting.account == Acct.TIME_APPLIED,
            Valuation.book_id == row.book_id,
            Valuation.hours_id == row.id,
        )
    )
    return int(taken or 0)


def check_window(
    session: ReadSession, row: HoursEntry, book: Book, person_id: UUID, now: datetime
) -> None:
    """Refuse whoever is no approver where hours were logged long after they were worked.

    Raises NotAllowed.
    """
    window = timedelta(days=policy_of(session, book, day_in(book.time_zone, now)).hours_window_days)
    if row.worked_on >= day_in(book.time_zone, row.created_at) - window:
        return
    if "approver" not in roles_of(session, person_id=person_id, book_id=book.id, now=now):
        raise NotAllowed(
            "Hours recorded this late must be confirmed by an approver.", place="hours"
        )


def _booked_worth(session: ReadSession, row: HoursEntry, valuation: Valuation) -> dict[int, int]:
    """Return what hours are worth in the books now, by the account that has it."""
    rows = session.execute(
        select(Posting.account, func.sum(Posting.quantity))
        .where(
            Posting.book_id == row.book_id,
            Posting.valuation == valuation.label,
            Posting.account.in_(WORTH),
        )
        .group_by(Posting.account)
    )
    return {account: int(quantity) for account, quantity in rows}


def worth(minutes: int, rate_per_hour: int) -> int:
    """Return what a time is worth in minor units; half a unit goes to the even one, so that
    many small entries do not drift upwards (domain section 3.4)."""
    whole, rest = divmod(minutes * rate_per_hour, 60)
    return whole + (rest > 30 or (rest == 30 and whole % 2 == 1))


def rate_for(session: ReadSession, *, book_id: UUID, commodity: str, on: date) -> SkillRate | None:
    """Return the rate of a skill that is valid on a day."""
    return session.scalar(
        select(SkillRate)
        .where(
            SkillRate.book_id == book_id,
            SkillRate.commodity == commodity,
            SkillRate.valid_from_on <= on,
        )
        .order_by(SkillRate.valid_from_on.desc(), SkillRate.id.desc())
        .limit(1)
    )


def undecided(session: Session, hours_id: UUID, person_id: UUID) -> HoursEntry:
    """Return hours that this person may decide on. Raises as ``confirm_hours``."""
    row = session.get(HoursEntry, hours_id)
    if row is None:
        raise NotFound("This record of hours does not exist.", place="hours")
    if row.state != HoursState.LOGGED:
        raise Conflict("These hours have already been decided.", place="hours")
    giver = session.get_one(Party, row.party_id)
    asking = session.get(Person, person_id)
    # Whoever gave before they had an account is known by the address alone.
    same_address = asking is not None and asking.email == giver.email
    if person_id in (row.logged_by, giver.person_id) or same_address:
        raise NotAllowed(
            "Hours must be confirmed by a person who neither worked nor recorded them."
        )
    return row


def value_hours(
    session: Session,
    row: HoursEntry,
    book: Book,
    confirmed_by: UUID,
    on: date,
    *,
    builds: bool = False,
) -> Valuation:
    """Write down what hours are worth by the rate of the day they were worked.

    They are income where the book's policy recognises services, and the skill is one that would
    be bought or the work ``builds`` an asset (ASC 958-605-25-16); otherwise a statistic.
    """
    rate = rate_for(session, book_id=book.id, commodity=row.commodity, on=row.worked_on)
    recognised = policy_of(session, book, on).services
    valuation = Valuation(
        book_id=book.id,
        label=f"H-{row.id.hex[-12:].upper()}",
        hours_id=row.id,
        commodity=row.commodity,
        quantity=row.worked_minutes,
        currency=rate.currency if rate else book.commodity,
        total=worth(row.worked_minutes, rate.rate_per_hour) if rate else 0,
        method=ValuationMethod.RATE_TABLE if rate else ValuationMethod.NONE,
        evidence=rate.source if rate else "",
        capitalise=bool(rate and (rate.specialised or builds) and recognised),
        valued_on=on,
        valued_by=row.logged_by,
        approved_by=confirmed_by,
        state=ValuationState.APPROVED,
    )
    session.add(valuation)
    session.flush()
    return valuation


register(ApprovalKind(CORRECTION, HoursCorrection, correct_hours))
