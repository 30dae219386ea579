"""Hours pledged to a pool and worked at one of its members (event ALC-9); minutes.

The time and its value pass through both books, so that the combined report counts them once.
"""

from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

from ledger.core import bookkeeping
from ledger.core.figures import given
from ledger.core.states import AgreementState, Move
from ledger.core.vocabulary import FulfilmentSource
from ledger.db import Session
from ledger.errors import Conflict, Invalid
from ledger.models.agreements import Agreement
from ledger.models.books import Book, Fund
from ledger.models.hours import HoursEntry
from ledger.models.parties import Party
from ledger.models.pledges import Pledge
from ledger.queries.books.policies import policy_of
from ledger.queries.people.parties import labels_for
from ledger.queries.pools.hours import allocated_hours
from ledger.services.approvals.agreements import StepTaken, load, transition
from ledger.services.books import journal
from ledger.services.pledges.pledges import record_fulfilment, release_for
from ledger.services.pools.lifecycle import CONDITIONAL, hours_left
from ledger.services.volunteering.hours import (
    Work,
    check_window,
    confirm_hours,
    log_hours,
    mark_confirmed,
    undecided,
    value_hours,
)


def log_pooled_hours(
    session: Session,
    *,
    allocation_id: UUID,
    party: Party,
    work: Work,
    now: datetime,
    logged_by: UUID | None = None,
) -> HoursEntry:
    """Note time that somebody pledged to a pool and worked at a member; nothing is posted yet.

    Raises Invalid when the pledge in ``work`` and the allocation do not belong together, and as
    ``log_hours``; NotFound for no such allocation.
    """
    allocation = load(session, allocation_id, CONDITIONAL)
    pledge = work.pledge
    if pledge is None or (pledge.book_id, pledge.commodity) != (
        allocation.book_id,
        allocation.commodity,
    ):
        raise Invalid("These hours were not pledged to this pool.", place="allocation")
    if allocation.state != AgreementState.APPROVED or allocation.other_id is None:
        raise Invalid("This allocation has no hours left.", place="allocation")
    if pledge.party_id != party.id:
        raise Invalid("This pledge is for another skill or from another person.", place="pledge")
    row = log_hours(
        session,
        book=session.get_one(Book, allocation.other_id),
        fund=session.get_one(Fund, UUID(allocation.terms["member_fund"])),
        party=party,
        work=replace(work, pledge=None),
        now=now,
        logged_by=logged_by,
    )
    row.pledge_id = pledge.id
    session.flush()
    return row


def confirm(
    session: Session, *, hours_id: UUID, confirmed_by: UUID, on: date, now: datetime
) -> HoursEntry:
    """Confirm time where it was worked, by a pool's allocation where it was pledged to a pool.

    Raises as ``confirm_hours`` and ``confirm_pooled_hours``; Conflict when nothing is left of the
    allocations.
    """
    row = session.get(HoursEntry, hours_id)
    pledge = session.get(Pledge, row.pledge_id) if row is not None and row.pledge_id else None
    if row is None or pledge is None or pledge.book_id == row.book_id:
        return confirm_hours(session, hours_id=hours_id, confirmed_by=confirmed_by, on=on, now=now)
    allocations = [
        one
        for one in allocated_hours(session, pool_ids=[pledge.book_id], commodity=row.commodity)
        if one.member_id == row.book_id
    ]
    if not allocations:
        raise Conflict("The pool has allocated no more of these hours.", place="allocation")
    enough = [one for one in allocations if one.left >= row.worked_minutes]
    return confirm_pooled_hours(
        session,
        hours_id=hours_id,
        allocation_id=(enough or allocations)[0].id,
        pledge=pledge,
        confirmed_by=confirmed_by,
        on=on,
        now=now,
    )


def confirm_pooled_hours(
    session: Session,
    *,
    hours_id: UUID,
    allocation_id: UUID,
    pledge: Pledge,
    confirmed_by: UUID,
    on: date,
    now: datetime,
) -> HoursEntry:
    """Confirm time that the pool allocated and a volunteer pledged to it.

    Raises Invalid when hours, allocation and pledge do not belong together, Conflict for more
    than is left of either, NotAllowed as ``confirm_hours``.
    """
    row = undecided(session, hours_id, confirmed_by)
    allocation = load(session, allocation_id, CONDITIONAL)
    _check(session, row, allocation, pledge)
    check_window(session, row, session.get_one(Book, row.book_id), confirmed_by, now)
    posted = _post(session, row, allocation, pledge, confirmed_by, on, now)
    transition(
        session,
        allocation,
        Move.WORK,
        [],
        taken=StepTaken(
            quantity=row.worked_minutes,
            left=(hours_left(session, allocation), "the hours left in the allocation"),
            reference=str(row.id),
            by=confirmed_by,
            on=on,
            now=now,
            entry_id=posted.ids[0],
        ),
    )
    mark_confirmed(row, confirmed_by, now)
    record_fulfilment(
        session,
        pledge=pledge,
        entry_id=posted.ids[0],
        quantity=row.worked_minutes,
        source=FulfilmentSource.HOURS,
        source_ref=str(row.id),
        now=now,
    )
    return row


def _post(
    session: Session,
    row: HoursEntry,
    allocation: Agreement,
    pledge: Pledge,
    by: UUID,
    on: date,
    now: datetime,
) -> journal.Posted:
    book = session.get_one(Book, row.book_id)
    pool = session.get_one(Book, allocation.book_id)
    valuation = value_hours(session, row, book, by, on)
    # The value passes through both books, so both must call it income.
    valuation.capitalise = valuation.capitalise and policy_of(session, pool, on).services
    entries = bookkeeping.pooled_hours_confirmed(
        pool=pool.code,
        pool_fund=session.get_one(Fund, allocation.fund_id).code,
        member=book.code,
        member_fund=session.get_one(Fund, row.fund_id).code,
        hours=bookkeeping.Hours(
            commodity=row.commodity,
            minutes=row.worked_minutes,
            currency=valuation.currency,
            value=valuation.total,
            valuation=valuation.label,
        ),
        pledge=pledge.reference,
        recognised=valuation.capitalise,
    )
    labels = labels_for(session, campaign_id=pledge.campaign_id, party_id=row.party_id)
    return journal.post(
        session,
        [item.about(labels, given) for item in entries],
        event_type="hours_confirmed",
        source="hours",
        external_ref=str(row.id),
        accounting_on=on,
        now=now,
        made_by=journal.Approved(row.logged_by, by=by),
    )


def _check(session: Session, row: HoursEntry, allocation: Agreement, pledge: Pledge) -> None:
    if allocation.other_id != row.book_id or allocation.commodity != row.commodity:
        raise Invalid("These hours were not allocated to this community.", place="allocation")
    if pledge.book_id != allocation.book_id or pledge.party_id != row.party_id:
        raise Invalid("This pledge belongs to another pool or another person.", place="pledge")
    if release_for(session, pledge, row.worked_minutes)[0] != row.worked_minutes:
        raise Conflict("The hours worked are more than the hours pledged.", place="pledge")
