"""Allocations: a pool's money, hours or things, split exactly by a rule that can be computed again;
approved by somebody else, paid out share by share (events ALC-1 to -3, ALC-8).

Quantities in the commodity's smallest unit: minor units, minutes, items.
"""

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select

from ledger.core import bookkeeping
from ledger.core.allocation import AllocationRule, Rule, Split, split
from ledger.core.amount import is_currency
from ledger.core.days import day_in
from ledger.core.vocabulary import BookKind
from ledger.db import ReadSession, Session
from ledger.errors import Conflict, Invalid, NotAllowed, NotFound
from ledger.models.approval_requests import ApprovalRequest
from ledger.models.books import Book, Fund
from ledger.models.people import Membership
from ledger.models.pools import AllocationLine, AllocationRun, RunState
from ledger.queries.books.journal import told_anew
from ledger.queries.pools.pools import available, gifts_to_match, members_of
from ledger.services.accounting.fund_control import lock_fund
from ledger.services.approvals.agreements import NewAgreement, open_agreement
from ledger.services.approvals.registry import ApprovalKind, Decision, register
from ledger.services.approvals.requests import propose
from ledger.services.books import journal
from ledger.services.pools.lifecycle import CONDITIONAL, promise
from ledger.services.pools.pools import PoolParts


@dataclass(frozen=True, slots=True)
class RunAsked:
    """A split that waits for its approver; what it hands out, in the smallest unit."""

    run: UUID
    commodity: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Allocation:
    """What a pool is to give, by which rule and for what; in the smallest unit of its currency or
    of ``commodity``. A rule that matches gifts counts those from ``since`` to ``until``."""

    quantity: int
    rule: Rule
    purpose: str
    commodity: str = ""
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """One member's part of a split."""

    book_id: UUID
    code: str
    name: str
    fund_id: UUID
    fund: str
    weight: int
    quantity: int
    residue: bool


@dataclass(frozen=True, slots=True)
class Preview:
    """A split before anybody decides: the shares, and what stays in the pool."""

    rule: Rule
    shares: tuple[Share, ...]
    kept: int

    @property
    def given(self) -> int:
        """What is handed out."""
        return sum(share.quantity for share in self.shares)


def preview_allocation(
    session: ReadSession,
    *,
    pool_id: UUID,
    quantity: int,
    rule: Rule,
    since: date | None = None,
    until: date | None = None,
) -> Preview:
    """Return the exact split before anybody decides; nothing is written.

    For quadratic matching the gifts of the round from ``since`` to ``until`` are read. Raises
    Invalid for what is no split, or a round without days.
    """
    members = members_of(session, pool_id=pool_id)
    if rule.kind == "quadratic":
        if since is None or until is None or until < since:
            raise Invalid("Enter a first and a last day for the round.", place="since")
        gifts = gifts_to_match(session, pool_id=pool_id, since=since, until=until)
        rule = replace(rule, gifts=gifts)
    places = {member.code: place for place, member in enumerate(members, 1)}
    result: Split = split(rule, quantity, places)
    by_code = {member.code: member for member in members}
    shares = tuple(
        Share(
            book_id=by_code[share.key].book_id,
            code=share.key,
            name=by_code[share.key].name,
            fund_id=by_code[share.key].fund_id,
            fund=by_code[share.key].fund,
            weight=share.weight,
            quantity=share.quantity,
            residue=share.residue,
        )
        for share in result.shares
    )
    return Preview(rule, shares, result.kept)


def propose_allocation(
    session: Session,
    *,
    pool_id: UUID,
    wanted: Allocation,
    proposed_by: UUID,
    now: datetime,
) -> AllocationRun:
    """Put a split before the approvers, with all that is needed to compute it again.

    Raises Invalid when the pool has less than the quantity, or the rule gives nothing.
    """
    book = session.get_one(Book, pool_id)
    unit = wanted.commodity or book.commodity
    _check_available(session, pool_id, wanted.quantity, unit, day_in(book.time_zone, now))
    preview = preview_allocation(
        session,
        pool_id=pool_id,
        quantity=wanted.quantity,
        rule=wanted.rule,
        since=wanted.since,
        until=wanted.until,
    )
    if not preview.given:
        raise Invalid("This rule allocates nothing to any member.", place="rule")
    inputs = _inputs(preview, wanted, unit).document()
    run = AllocationRun(
        pool_id=pool_id,
        commodity=unit,
        quantity=preview.given,
        rule=AllocationRule(wanted.rule.kind),
        inputs=inputs,
        inputs_sha256=hashlib.sha256(
            json.dumps(inputs, sort_keys=True, separators=(",", ":")).encode()
        ).hexdigest(),
        purpose=wanted.purpose,
        state=RunState.PROPOSED,
        proposed_by=proposed_by,
        created_at=now,
    )
    session.add(run)
    session.flush()
    for position, share in enumerate(preview.shares):
        session.add(
            AllocationLine(
                run_id=run.id,
                book_id=share.book_id,
                fund_id=share.fund_id,
                position=position,
                weight=min(share.weight, 2**62),
                quantity=share.quantity,
                residue=share.residue,
            )
        )
    session.flush()
    propose(
        session,
        book_id=pool_id,
        kind="allocation",
        title=f"Allocate from {book.name}",
        reason=wanted.purpose,
        payload=RunAsked(run.id, run.commodity, run.quantity),
        made_by=proposed_by,
        now=now,
    )
    return run


def post_allocation(
    session: Session, *, run_id: UUID, approved_by: UUID, on: date, now: datetime
) -> AllocationRun:
    """Post an approved split in the books of pool and members (ALC-1); hours and things are set
    aside for each member until they are worked or handed over (ALC-8).

    Raises NotAllowed for whoever proposed it or belongs to a community that alone would benefit
    (invariant I-44), Conflict when the pool has less by now (I-41).
    """
    run = _run(session, run_id)
    if run.state != RunState.PROPOSED:
        raise Conflict("This allocation has already been decided.", place="run")
    if run.proposed_by == approved_by:
        raise NotAllowed("You requested this allocation, so you cannot approve it.")
    parts = PoolParts(session, run.pool_id)
    # Read only after the lock: two approvers at one second see what the other one gave.
    lock_fund(session, parts.fund.id)
    lines = [(line, book, fund) for line, book, fund in _lines(session, run) if line.quantity]
    _check_disinterested(session, approved_by, {book.id for _line, book, _fund in lines}, now)
    if run.quantity > available(session, pool_id=run.pool_id, on=on, commodity=run.commodity):
        raise Conflict("The pool no longer has enough to allocate this amount.", place="amount")
    run.state = RunState.POSTED
    run.decided_by = approved_by
    run.decided_at = now
    if not is_currency(run.commodity):
        for line, book, fund in lines:
            _set_aside(session, run, parts, line, (book, fund), Decision(approved_by, on, now))
        session.flush()
        return run
    journal.post(
        session,
        bookkeeping.allocation_made(
            pool=parts.book.code,
            pool_fund=parts.fund.code,
            currency=run.commodity,
            shares=[(book.code, fund.code, line.quantity) for line, book, fund in lines],
        ),
        event_type="allocation_made",
        source="allocation",
        external_ref=str(run.id),
        accounting_on=on,
        now=now,
        made_by=journal.Approved(run.proposed_by, by=approved_by),
    )
    session.flush()
    return run


def _set_aside(
    session: Session,
    run: AllocationRun,
    parts: PoolParts,
    line: AllocationLine,
    to: tuple[Book, Fund],
    decision: Decision,
) -> None:
    """Promise hours or things of the pool to one member, to be worked or handed over later."""
    member, fund = to
    row = open_agreement(
        session,
        agreement=NewAgreement(
            kind=CONDITIONAL,
            book=parts.book,
            fund=parts.fund,
            quantity=line.quantity,
            commodity=run.commodity,
            title=run.purpose,
            other=member,
            terms={"member_fund": str(fund.id), "run": str(run.id)},
        ),
        made_by=run.proposed_by,
        now=decision.now,
    )
    promise(session, row, decision)


def reject_allocation(session: Session, *, run_id: UUID, rejected_by: UUID, now: datetime) -> None:
    """Note that an approver said no."""
    run = _run(session, run_id)
    run.state = RunState.REJECTED
    run.decided_by = rejected_by
    run.decided_at = now
    session.flush()


def settle_allocation_line(
    session: Session,
    *,
    run_id: UUID,
    book_id: UUID,
    on: date,
    now: datetime,
    made_by: UUID | None = None,
) -> None:
    """Book the transfer of one share from the host's bank (ALC-2). Raises Conflict when it is
    settled already or the run is not posted."""
    run = _run(session, run_id)
    line = session.get(AllocationLine, (run_id, book_id))
    if line is None:
        raise NotFound("This community has no share in the allocation.", place="book")
    waits = run.state == RunState.POSTED and line.settled_at is None and line.quantity > 0
    if not waits or not is_currency(run.commodity):
        raise Conflict("This share is not waiting for a transfer.", place="book")
    parts = PoolParts(session, run.pool_id)
    journal.post(
        session,
        bookkeeping.allocation_settled(
            pool=parts.book.code,
            pool_fund=parts.fund.code,
            host=parts.host.code,
            held_fund=parts.held.code,
            member=session.get_one(Book, book_id).code,
            member_fund=session.get_one(Fund, line.fund_id).code,
            currency=run.commodity,
            amount=line.quantity,
        ),
        event_type="allocation_settled",
        source="allocation",
        external_ref=told_anew(
            session,
            book_id=run.pool_id,
            source="allocation",
            event_type="allocation_settled",
            reference=f"{run.id}/{book_id}",
        ),
        accounting_on=on,
        now=now,
        made_by=made_by,
    )
    line.settled_at = now
    session.flush()


def _run(session: ReadSession, run_id: UUID) -> AllocationRun:
    run = session.get(AllocationRun, run_id)
    if run is None:
        raise NotFound("This allocation does not exist.", place="run")
    return run


def _lines(session: ReadSession, run: AllocationRun) -> list[tuple[AllocationLine, Book, Fund]]:
    query = (
        select(AllocationLine, Book, Fund)
        .join(Book, Book.id == AllocationLine.book_id)
        .join(Fund, Fund.id == AllocationLine.fund_id)
        .where(AllocationLine.run_id == run.id)
        .order_by(AllocationLine.position)
    )
    return [(line, book, fund) for line, book, fund in session.execute(query)]


@dataclass(frozen=True, slots=True)
class RunInputs:
    """What a split was computed from; ``amount`` in the commodity's smallest unit.

    ``members`` says in which place each stands, ``round`` from and until which day gifts counted.
    """

    amount: int
    commodity: str
    members: dict[str, int]
    rule: dict[str, Any]
    round: tuple[str, str] | None

    def document(self) -> dict[str, object]:
        """Return them as the JSON document that ``core.allocation.recomputed`` reads."""
        whole: dict[str, object] = {
            "amount": self.amount,
            "commodity": self.commodity,
            "members": self.members,
            **self.rule,
        }
        return {**whole, "round": list(self.round)} if self.round else whole


def _inputs(preview: Preview, wanted: Allocation, unit: str) -> RunInputs:
    """Return what the split was computed from; it names no giver."""
    since, until = wanted.since, wanted.until
    return RunInputs(
        amount=wanted.quantity,
        commodity=unit,
        members={share.code: place for place, share in enumerate(preview.shares, 1)},
        rule=preview.rule.document(),
        round=(since.isoformat(), until.isoformat()) if since and until else None,
    )


def _check_available(
    session: ReadSession, pool_id: UUID, quantity: int, unit: str, on: date
) -> None:
    if quantity <= 0:
        raise Invalid("Enter an amount above zero.", place="amount")
    if quantity > available(session, pool_id=pool_id, on=on, commodity=unit):
        raise Invalid("The pool has less than this to allocate.", place="amount")


def _check_disinterested(
    session: ReadSession, person_id: UUID, benefits: set[UUID], now: datetime
) -> None:
    """Refuse an approver who belongs to one community only, where that one gets a share."""
    communities = set(
        session.scalars(
            select(Membership.book_id)
            .join(Book, Book.id == Membership.book_id)
            .where(
                Membership.person_id == person_id,
                Book.kind == BookKind.COMMUNITY,
                Membership.starts_at <= now,
                or_(Membership.ends_at.is_(None), Membership.ends_at > now),
            )
        )
    )
    if len(communities) == 1 and communities <= benefits:
        raise NotAllowed(
            "A person from another community must approve an allocation that benefits only yours."
        )


def _approve(
    session: Session, _approval_request: ApprovalRequest, payload: RunAsked, decision: Decision
) -> None:
    post_allocation(
        session,
        run_id=payload.run,
        approved_by=decision.by,
        on=decision.on,
        now=decision.now,
    )


def _reject(
    session: Session, _approval_request: ApprovalRequest, payload: RunAsked, decision: Decision
) -> None:
    reject_allocation(session, run_id=payload.run, rejected_by=decision.by, now=decision.now)


register(ApprovalKind("allocation", RunAsked, _approve, _reject))
