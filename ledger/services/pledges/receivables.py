"""Promises that are owed: recognised at present value, increased, doubted, written off.

Events PLG-03 to -05 and -10 to -12; minor units. Each is proposed with its evidence and approved
by a second person.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select

from ledger.core import bookkeeping
from ledger.core.accounts import Acct
from ledger.core.days import day_in
from ledger.core.instalments import Part
from ledger.core.states import AgreementKind, AgreementState, Move
from ledger.core.vocabulary import LegalNature, PledgeState
from ledger.db import ReadSession, Session
from ledger.errors import Conflict, Invalid
from ledger.models.agreements import Agreement
from ledger.models.approval_requests import ApprovalRequest
from ledger.models.books import Book, Fund
from ledger.models.parties import Party
from ledger.models.pledges import Pledge
from ledger.queries.books.funds import on_account
from ledger.queries.books.policies import policy_of
from ledger.queries.pledges.pledges import open_quantity
from ledger.queries.pledges.saved_cards import parts_of
from ledger.services.approvals.agreements import (
    NewAgreement,
    StepTaken,
    agreement_kind,
    approve,
    load,
    open_agreement,
    place_of,
    submit_for_approval,
    total,
    transition,
)
from ledger.services.approvals.registry import ApprovalKind, Decision, register
from ledger.services.approvals.requests import propose
from ledger.services.books import journal
from ledger.services.pledges.pledges import Promised, add_to_last_part, make_promise, spread

KIND = AgreementKind.PROMISE
INCREASE = "promise_increase"
ALLOWANCE = "allowance"
WRITE_OFF = "write_off"
MAX_RATE = 5_000

Schedule = Sequence[tuple[date, int]]


@dataclass(frozen=True, slots=True)
class PromiseChange:
    """By how much a promise is increased, or what of it is written off; minor units."""

    promise: UUID
    quantity: int
    commodity: str


@dataclass(frozen=True, slots=True)
class Allowance:
    """What of a fund's promises is set aside as doubtful; minor units."""

    fund: UUID
    quantity: int
    commodity: str


@dataclass(frozen=True, slots=True)
class Letter:
    """What a donor signed: days and amounts in minor units, and what proves it. Without a yearly
    rate in ``basis_points`` the book's policy gives it."""

    schedule: Schedule
    evidence: str
    basis_points: int | None = None


def propose_promise(
    session: Session,
    *,
    party: Party,
    book: Book,
    fund: Fund,
    letter: Letter,
    made_by: UUID,
    now: datetime,
) -> Agreement:
    """Ask to recognise an unconditional promise.

    Raises Invalid for an empty schedule, amounts not above zero, days out of order, or a rate
    outside 0 to 50 %.
    """
    schedule, basis_points = letter.schedule, letter.basis_points
    if not schedule or any(amount <= 0 for _day, amount in schedule):
        raise Invalid(
            "Enter a date and an amount above zero for each instalment.", place="schedule"
        )
    days = [day for day, _amount in schedule]
    if days != sorted(set(days)):
        raise Invalid("Enter the instalments in order of their dates.", place="schedule")
    if basis_points is None:
        basis_points = policy_of(session, book, day_in(book.time_zone, now)).discount_points
    if not 0 <= basis_points <= MAX_RATE:
        raise Invalid("The annual rate must be between 0% and 50%.", place="basis_points")
    row = open_agreement(
        session,
        agreement=NewAgreement(
            kind=KIND,
            book=book,
            fund=fund,
            quantity=sum(amount for _day, amount in schedule),
            title="Unconditional promise",
            terms={
                "party": str(party.id),
                "schedule": [[day.isoformat(), amount] for day, amount in schedule],
                "basis_points": basis_points,
            },
        ),
        made_by=made_by,
        now=now,
    )
    submit_for_approval(session, row, reason=letter.evidence, now=now)
    return row


def recognise(session: Session, row: Agreement, decision: Decision) -> None:
    """Book what is owed at its present value on this day, and keep the day: the rate is fixed.

    Where the book's policy calls no promise owed, it is noted until it is paid.
    """
    book = session.get_one(Book, row.book_id)
    owed = policy_of(session, book, decision.on).promises != "none"
    pledge = make_promise(
        session,
        promised=Promised(
            party=session.get_one(Party, UUID(row.terms["party"])),
            book=book,
            fund=session.get_one(Fund, row.fund_id),
            quantity=row.quantity,
            legal_nature=LegalNature.UNCONDITIONAL if owed else LegalNature.INTENTION,
            due_on=date.fromisoformat(row.terms["schedule"][0][0]),
        ),
        on=decision.on,
        now=decision.now,
    )
    parts = [Part(date.fromisoformat(day), amount) for day, amount in row.terms["schedule"]]
    if len(parts) > 1:
        spread(session, pledge, parts)
    row.terms = {**row.terms, "pledge": str(pledge.id), "from": decision.on.isoformat()}
    entries = (
        bookkeeping.promise_recognised(
            **place_of(session, row),
            amount=row.quantity,
            pledge=pledge.reference,
            discount=discount_after(row, 0),
        )
        if owed
        else []
    )
    approve(session, row, entries, decision)


def discount_after(row: Agreement, years: int) -> int:
    """Return what of the discount is left some whole years after recognition, in minor units."""
    return discount(
        [(date.fromisoformat(day), amount) for day, amount in row.terms["schedule"]],
        began=date.fromisoformat(row.terms["from"]),
        basis_points=int(row.terms["basis_points"]),
        years=years,
    )


def discount(schedule: Schedule, *, began: date, basis_points: int, years: int = 0) -> int:
    """Return what a schedule comes to above its present value, some whole years after it began.

    Payments of that day and before count in full; nothing due within a year is discounted
    unless later instalments are (ASC 958-310-35).
    """
    if whole_years(began, schedule[-1][0]) <= 1 and schedule[0][0] < _plus_years(began, 1):
        return 0
    later = [
        (whole_years(began, day) - years, amount)
        for day, amount in schedule
        if whole_years(began, day) > years
    ]
    worth = bookkeeping.present_value(later, basis_points=basis_points)
    total_due: int = sum(amount for _years, amount in later)
    return total_due - worth


def unwind(
    session: Session, *, promise_id: UUID, year: int, by: UUID | None, on: date, now: datetime
) -> int:
    """Book a year's share of the discount as income (PLG-05); after the last year it is zero.

    Raises Conflict before the year is over, Invalid for a year that is none.
    """
    row = load(session, promise_id, KIND)
    if year < 1:
        raise Invalid("The year must be 1 or later.", place="year")
    if on < _plus_years(date.fromisoformat(row.terms["from"]), year):
        raise Conflict("This year has not ended yet.", place="year")
    pledge = _pledge(session, row)
    share = discount_after(row, year - 1) - discount_after(row, year)
    if share <= 0 or pledge.legal_nature != LegalNature.UNCONDITIONAL:
        return 0
    entries = bookkeeping.discount_unwound(
        **place_of(session, row), amount=share, pledge=pledge.reference
    )
    transition(
        session,
        row,
        Move.UNWIND,
        entries,
        taken=StepTaken(quantity=share, reference=str(year), by=by, on=on, now=now),
    )
    return share


def unwind_due(session: Session, *, book_id: UUID, on: date, now: datetime) -> int:
    """Book the discount of every year that is over, of every promise that is owed; return the
    sum. Done twice, the second time books nothing more."""
    rows = session.scalars(
        select(Agreement)
        .where(
            Agreement.book_id == book_id,
            Agreement.kind == KIND,
            Agreement.state == AgreementState.OWED,
        )
        .order_by(Agreement.id)
    ).all()
    booked = 0
    for row in rows:
        began, year = date.fromisoformat(row.terms["from"]), 1
        while discount_after(row, year - 1) > 0 and _plus_years(began, year) <= on:
            booked += unwind(session, promise_id=row.id, year=year, by=None, on=on, now=now)
            year += 1
    return booked


def propose_increase(
    session: Session,
    *,
    promise_id: UUID,
    amount: int,
    evidence: str,
    made_by: UUID,
    now: datetime,
) -> ApprovalRequest:
    """Ask to raise a promise by what its donor added in writing (PLG-10)."""
    row = load(session, promise_id, KIND)
    if amount <= 0:
        raise Invalid("Enter an amount above zero.", place="amount")
    return _propose(session, row, INCREASE, "Promise increased", amount, evidence, made_by, now)


def increase(
    session: Session, approval_request: ApprovalRequest, payload: PromiseChange, decision: Decision
) -> None:
    """Book the difference; the promise is never reversed and booked again (PLG-10)."""
    row = load(session, payload.promise, KIND)
    amount = payload.quantity
    pledge = _pledge(session, row)
    place = place_of(session, row)
    if pledge.legal_nature == LegalNature.UNCONDITIONAL:
        entries = bookkeeping.promise_recognised(
            **place, amount=amount, pledge=pledge.reference, discount=0
        )
    else:
        entries = bookkeeping.pledge_made(
            book=place["book"],
            fund=place["fund"],
            commodity=pledge.commodity,
            quantity=amount,
            pledge=pledge.reference,
            legal_nature=pledge.legal_nature,
        )
    transition(
        session,
        row,
        Move.INCREASE,
        entries,
        taken=StepTaken(
            quantity=amount,
            reference=str(approval_request.id),
            by=decision.by,
            on=decision.on,
            now=decision.now,
        ),
    )
    pledge.quantity += amount
    add_to_last_part(session, pledge, amount)


def propose_allowance(
    session: Session,
    *,
    book: Book,
    fund: Fund,
    reason: str,
    made_by: UUID,
    now: datetime,
    amount: int | None = None,
) -> ApprovalRequest:
    """Ask to set aside what of a fund's promises may never come (PLG-11).

    Without an amount it is what the book's policy sets aside by age, less what is set aside
    already. Raises Invalid when that is nothing.
    """
    if amount is None:
        amount = doubtful(session, book=book, fund=fund, on=day_in(book.time_zone, now))
        amount += on_account(session, fund, Acct.PLEDGE_ALLOWANCE)
    if amount <= 0:
        raise Invalid("Enter an amount above zero.", place="amount")
    return propose(
        session,
        book_id=book.id,
        kind=ALLOWANCE,
        title=f"Allowance for doubtful pledges in {fund.code}",
        reason=reason,
        payload=Allowance(fund.id, amount, book.commodity),
        made_by=made_by,
        now=now,
    )


def doubtful(session: ReadSession, *, book: Book, fund: Fund, on: date) -> int:
    """Return what of a fund's owed promises may never come, by the policy and their age; minor
    units. What was paid counts for the oldest instalments first.
    """
    by_age: defaultdict[int, int] = defaultdict(int)
    rows = session.scalars(
        select(Agreement).where(
            Agreement.book_id == book.id,
            Agreement.fund_id == fund.id,
            Agreement.kind == KIND,
            Agreement.state == AgreementState.OWED,
        )
    )
    for row in rows:
        pledge = _pledge(session, row)
        if pledge.legal_nature != LegalNature.UNCONDITIONAL:
            continue
        left = open_quantity(session, pledge)
        whole = [Part(date.fromisoformat(row.terms["schedule"][0][0]), pledge.quantity)]
        for part in reversed(parts_of(session, pledge_id=pledge.id) or whole):
            aged = min(left, part.quantity)
            by_age[(on - part.due_on).days] += aged
            left -= aged
    return policy_of(session, book, on).allowance(by_age)


def allow(
    session: Session, approval_request: ApprovalRequest, payload: Allowance, decision: Decision
) -> None:
    """Book an allowance. Raises Conflict above what is owed in the fund (invariant I-39)."""
    fund = session.get_one(Fund, payload.fund)
    amount = payload.quantity
    if amount > on_account(session, fund, Acct.PLEDGES_RECEIVABLE) + on_account(
        session, fund, Acct.PLEDGE_ALLOWANCE
    ):
        raise Conflict("This is more than the fund's pledges receivable.", place="amount")
    journal.post(
        session,
        bookkeeping.allowance_made(
            book=session.get_one(Book, approval_request.book_id).code,
            fund=fund.code,
            currency=payload.commodity,
            amount=amount,
        ),
        event_type=ALLOWANCE,
        source=ALLOWANCE,
        external_ref=str(approval_request.id),
        accounting_on=decision.on,
        now=decision.now,
        made_by=journal.Approved(approval_request.made_by, by=decision.by),
    )


def propose_write_off(
    session: Session, *, promise_id: UUID, reason: str, made_by: UUID, now: datetime
) -> ApprovalRequest:
    """Ask to give up what is left of a promise (PLG-12). Raises Conflict when nothing is, or when
    it was only noted: that lapses or is cancelled."""
    row = load(session, promise_id, KIND)
    if _pledge(session, row).legal_nature != LegalNature.UNCONDITIONAL:
        raise Conflict(
            "This pledge is not receivable. It lapses instead of being written off.",
            place="promise",
        )
    left = open_quantity(session, _pledge(session, row))
    if not left:
        raise Conflict("This pledge has nothing left to pay.", place="promise")
    return _propose(session, row, WRITE_OFF, "Promise written off", left, reason, made_by, now)


def write_off(
    session: Session, _approval_request: ApprovalRequest, payload: PromiseChange, decision: Decision
) -> None:
    """Take what is left off the books: first out of the allowance, the rest is a loss (PLG-12)."""
    row = load(session, payload.promise, KIND)
    pledge = _pledge(session, row)
    left = open_quantity(session, pledge)
    if not left:
        raise Conflict("This pledge has nothing left to pay.", place="promise")
    aside = -on_account(session, session.get_one(Fund, row.fund_id), Acct.PLEDGE_ALLOWANCE)
    entries = bookkeeping.promise_written_off(
        **place_of(session, row),
        amount=left,
        pledge=pledge.reference,
        allowed=max(0, min(left, aside)),
    )
    transition(
        session,
        row,
        Move.WRITE_OFF,
        entries,
        taken=StepTaken(quantity=left, by=decision.by, on=decision.on, now=decision.now),
    )
    pledge.state = PledgeState.WRITTEN_OFF


def discount_left(session: ReadSession, promise_id: UUID) -> int:
    """Return what of a promise's discount is not income yet, in minor units."""
    row = load(session, promise_id, KIND)
    return discount_after(row, 0) - total(session, row, Move.UNWIND)


def whole_years(first: date, last: date) -> int:
    """Return how many whole years lie between two days."""
    years = last.year - first.year
    return years if _plus_years(first, years) <= last else years - 1


def _plus_years(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        # The 29th of February has its anniversary on the 28th.
        return day.replace(year=day.year + years, day=28)


def _pledge(session: ReadSession, row: Agreement) -> Pledge:
    if "pledge" not in row.terms:
        raise Conflict("This pledge is not in the books.", place="promise")
    return session.get_one(Pledge, UUID(row.terms["pledge"]))


def _propose(
    session: Session,
    row: Agreement,
    kind: str,
    title: str,
    amount: int,
    reason: str,
    made_by: UUID,
    now: datetime,
) -> ApprovalRequest:
    return propose(
        session,
        book_id=row.book_id,
        kind=kind,
        title=title,
        reason=reason,
        payload=PromiseChange(row.id, amount, row.commodity),
        made_by=made_by,
        now=now,
    )


register(agreement_kind(KIND, recognise))
register(ApprovalKind(INCREASE, PromiseChange, increase))
register(ApprovalKind(ALLOWANCE, Allowance, allow))
register(ApprovalKind(WRITE_OFF, PromiseChange, write_off))
