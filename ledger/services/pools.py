"""Pools: opened with host and members, paid into, allocated by an exact split, paid out.

The host holds the money in an agency fund; the pool's own book says whose it is. All amounts
are minor units of the pool's currency.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select

from ledger.core import bookkeeping
from ledger.core.allocation import split
from ledger.db import ReadSession, Session
from ledger.errors import Conflict, Invalid, NotAllowed, NotFound
from ledger.models.books import Book, Fund
from ledger.models.pools import AllocationLine, AllocationRun, Pool, PoolMember
from ledger.models.proposals import Proposal
from ledger.queries.books import book_by_code, fund_by_code
from ledger.queries.pools import available, members_of
from ledger.services import journal
from ledger.services.books import create_book, create_fund
from ledger.services.limits import check_left, lock_fund
from ledger.services.proposals import propose


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


def create_pool(
    session: Session,
    *,
    code: str,
    name: str,
    currency: str,
    host: Book,
    held_fund: Fund,
    fund: str,
    fee_basis_points: int,
    members: Sequence[tuple[str, str]],
    now: datetime,
    place: str = "",
    story: str = "",
) -> Pool:
    """Open a pool's book and fund and let members in, each with the fund that receives.

    Raises Invalid unless the host keeps the money in an agency fund.
    """
    if held_fund.fund_class != "agency" or held_fund.book_id != host.id:
        raise Invalid("The host keeps a pool's money in an agency fund.", place="held_fund")
    if not 0 <= fee_basis_points <= 10_000:
        raise Invalid("A fee is between 0 and 10,000 basis points.", place="fee_basis_points")
    book = create_book(
        session,
        code=code,
        name=name,
        kind="pool",
        currency=currency,
        now=now,
        place=place,
        story=story,
    )
    own = create_fund(session, book_id=book.id, code=fund, fund_class="purpose", now=now)
    pool = Pool(
        book_id=book.id,
        fund_id=own.id,
        host_id=host.id,
        held_fund_id=held_fund.id,
        fee_basis_points=fee_basis_points,
    )
    session.add(pool)
    session.flush()
    for member, member_fund in members:
        add_member(session, pool=pool, book_code=member, fund_code=member_fund)
    return pool


def add_member(session: Session, *, pool: Pool, book_code: str, fund_code: str) -> PoolMember:
    """Let a community in; its place in line settles ties of the splitter for good."""
    book = book_by_code(session, book_code)
    fund = fund_by_code(session, book.id, fund_code)
    taken = session.scalars(
        select(PoolMember.member_seq).where(PoolMember.pool_id == pool.book_id)
    ).all()
    member = PoolMember(
        pool_id=pool.book_id,
        book_id=book.id,
        member_seq=max(taken, default=0) + 1,
        fund_id=fund.id,
    )
    session.add(member)
    session.flush()
    return member


def contribute(
    session: Session,
    *,
    pool_id: UUID,
    member_id: UUID,
    member_fund: Fund,
    amount: int,
    reference: str,
    on: date,
    now: datetime,
    made_by: UUID | None = None,
    approved_by: UUID | None = None,
) -> None:
    """Book what a member promises its pool; the host's own is settled at once (POL-1, -2).

    Raises Conflict when the host's fund has less.
    """
    parts = PoolParts(session, pool_id)
    locked = lock_fund(session, member_fund.id)
    if member_id == parts.host.id:
        entries = bookkeeping.host_contribution(
            host=parts.host.code,
            host_fund=member_fund.code,
            held_fund=parts.held.code,
            pool=parts.book.code,
            pool_fund=parts.fund.code,
            currency=parts.book.commodity,
            amount=amount,
        )
    else:
        entries = bookkeeping.contribution_made(
            member=session.get_one(Book, member_id).code,
            member_fund=member_fund.code,
            pool=parts.book.code,
            pool_fund=parts.fund.code,
            currency=parts.book.commodity,
            amount=amount,
        )
    posted = journal.post(
        session,
        entries,
        event_type="contribution_made",
        source="pool",
        external_ref=reference,
        accounting_on=on,
        now=now,
        made_by=made_by,
        approved_by=approved_by,
    )
    if member_id == parts.host.id and posted.postings:
        check_left(session, locked)


def propose_contribution(
    session: Session,
    *,
    member: Book,
    fund: Fund,
    pool: Book,
    amount: int,
    reason: str,
    made_by: UUID,
    now: datetime,
) -> Proposal:
    """Ask a member's approver to contribute. Raises Invalid for somebody who is no member."""
    if member.id not in {row.book_id for row in members_of(session, pool_id=pool.id)}:
        raise Invalid("This community is not a member of the pool.", place="receiver")
    if amount <= 0:
        raise Invalid("Contribute an amount above zero.", place="amount")
    return propose(
        session,
        book_id=member.id,
        kind="contribution",
        title=f"Contribution to {pool.name}",
        reason=reason,
        arguments={
            "pool": str(pool.id),
            "fund": str(fund.id),
            "quantity": amount,
            "commodity": pool.commodity,
        },
        made_by=made_by,
        now=now,
    )


def settle_contribution(
    session: Session,
    *,
    pool_id: UUID,
    member_id: UUID,
    member_fund: Fund,
    amount: int,
    reference: str,
    on: date,
    now: datetime,
    made_by: UUID | None = None,
) -> None:
    """Book the bank transfer of a contribution to the host (POL-1).

    Raises Conflict when the member's fund has less.
    """
    parts = PoolParts(session, pool_id)
    locked = lock_fund(session, member_fund.id)
    posted = journal.post(
        session,
        bookkeeping.contribution_settled(
            member=session.get_one(Book, member_id).code,
            member_fund=member_fund.code,
            pool=parts.book.code,
            pool_fund=parts.fund.code,
            host=parts.host.code,
            held_fund=parts.held.code,
            currency=parts.book.commodity,
            amount=amount,
        ),
        event_type="contribution_settled",
        source="pool",
        external_ref=reference,
        accounting_on=on,
        now=now,
        made_by=made_by,
    )
    if posted.postings:
        check_left(session, locked)


def charge_host_fee(
    session: Session,
    *,
    pool_id: UUID,
    base: int,
    host_fund: Fund,
    reference: str,
    on: date,
    now: datetime,
) -> int:
    """Book the host's fee on a payment of ``base`` and return it, rounded down (POL-4)."""
    parts = PoolParts(session, pool_id)
    fee = base * parts.pool.fee_basis_points // 10_000
    if not fee:
        return 0
    journal.post(
        session,
        bookkeeping.host_fee(
            pool=parts.book.code,
            pool_fund=parts.fund.code,
            host=parts.host.code,
            held_fund=parts.held.code,
            host_fund=host_fund.code,
            currency=parts.book.commodity,
            amount=fee,
        ),
        event_type="host_fee",
        source="pool",
        external_ref=reference,
        accounting_on=on,
        now=now,
    )
    return fee


def preview_allocation(
    session: ReadSession, *, pool_id: UUID, amount: int, rule: str, parameters: Mapping[str, int]
) -> list[Share]:
    """Return the exact split before anybody decides; nothing is written."""
    members = members_of(session, pool_id=pool_id)
    shares, _kept = split(rule, amount, [member.code for member in members], parameters)
    by_code = {member.code: member for member in members}
    return [
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
        for share in shares
    ]


def propose_allocation(
    session: Session,
    *,
    pool_id: UUID,
    amount: int,
    rule: str,
    parameters: Mapping[str, int],
    purpose: str,
    proposed_by: UUID,
    now: datetime,
) -> AllocationRun:
    """Put a split before the approvers, with all that is needed to compute it again.

    Raises Invalid when the pool has less than the amount.
    """
    book = session.get_one(Book, pool_id)
    _check_available(session, pool_id, amount)
    shares = preview_allocation(
        session, pool_id=pool_id, amount=amount, rule=rule, parameters=parameters
    )
    inputs = {
        "amount": amount,
        "commodity": book.commodity,
        "rule": rule,
        "parameters": dict(sorted(parameters.items())),
        "members": [share.code for share in shares],
    }
    run = AllocationRun(
        pool_id=pool_id,
        commodity=book.commodity,
        quantity=sum(share.quantity for share in shares),
        rule=rule,
        inputs=inputs,
        inputs_sha256=hashlib.sha256(
            json.dumps(inputs, sort_keys=True, separators=(",", ":")).encode()
        ).hexdigest(),
        purpose=purpose,
        state="proposed",
        proposed_by=proposed_by,
        created_at=now,
    )
    session.add(run)
    session.flush()
    for position, share in enumerate(shares):
        session.add(
            AllocationLine(
                run_id=run.id,
                book_id=share.book_id,
                fund_id=share.fund_id,
                position=position,
                weight=share.weight,
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
        reason=purpose,
        arguments={"run": str(run.id), "commodity": run.commodity, "quantity": run.quantity},
        made_by=proposed_by,
        now=now,
    )
    return run


def post_allocation(
    session: Session, *, run_id: UUID, approved_by: UUID, on: date, now: datetime
) -> AllocationRun:
    """Post an approved split in the books of pool and members (ALC-1).

    Raises NotAllowed for whoever proposed it, Invalid when the pool has less by now.
    """
    run = _run(session, run_id)
    if run.state != "proposed":
        raise Conflict("This allocation is decided already.", place="run")
    if run.proposed_by == approved_by:
        raise NotAllowed("Whoever proposes an allocation cannot approve it.")
    parts = PoolParts(session, run.pool_id)
    lock_fund(session, parts.fund.id)
    _check_available(session, run.pool_id, run.quantity)
    lines = _lines(session, run)
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
        made_by=run.proposed_by,
        approved_by=approved_by,
    )
    run.state = "posted"
    run.decided_by = approved_by
    run.decided_at = now
    session.flush()
    return run


def reject_allocation(session: Session, *, run_id: UUID, rejected_by: UUID, now: datetime) -> None:
    """Note that an approver said no."""
    run = _run(session, run_id)
    run.state = "rejected"
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
        raise NotFound("This community has no share in the run.", place="book")
    if run.state != "posted" or line.settled_at is not None or not line.quantity:
        raise Conflict("This share is not waiting for its transfer.", place="book")
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
        external_ref=f"{run.id}/{book_id}",
        accounting_on=on,
        now=now,
        made_by=made_by,
    )
    line.settled_at = now
    session.flush()


class PoolParts:
    """The books and funds that every event of a pool names."""

    def __init__(self, session: ReadSession, pool_id: UUID) -> None:
        pool = session.get(Pool, pool_id)
        if pool is None:
            raise NotFound("There is no such pool.", place="pool")
        self.pool = pool
        self.book = session.get_one(Book, pool_id)
        self.fund = session.get_one(Fund, pool.fund_id)
        self.host = session.get_one(Book, pool.host_id)
        self.held = session.get_one(Fund, pool.held_fund_id)


def _run(session: ReadSession, run_id: UUID) -> AllocationRun:
    run = session.get(AllocationRun, run_id)
    if run is None:
        raise NotFound("There is no such allocation.", place="run")
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


def _check_available(session: ReadSession, pool_id: UUID, amount: int) -> None:
    if amount <= 0:
        raise Invalid("Allocate an amount above zero.", place="amount")
    if amount > available(session, pool_id=pool_id):
        raise Invalid("The pool has less than this to give.", place="amount")
