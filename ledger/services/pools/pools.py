"""Pools: opened with host and members, and paid into (events POL).

The host holds the money in an agency fund; the pool's own book says whose it is. All amounts
are minor units of the pool's currency.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select

from ledger.core import bookkeeping
from ledger.core.vocabulary import BookKind, FundClass
from ledger.db import ReadSession, Session
from ledger.errors import Conflict, Invalid, NotFound
from ledger.models.approval_requests import ApprovalRequest
from ledger.models.books import Book, Fund
from ledger.models.pools import Pool, PoolMember
from ledger.queries.books.books import book_by_code, fund_by_code
from ledger.queries.payments.stripe_balance import general_fund
from ledger.queries.pools.pools import members_of
from ledger.services.accounting.fund_control import check_left, lock_fund
from ledger.services.approvals.registry import ApprovalKind, Decision, register
from ledger.services.approvals.requests import propose
from ledger.services.books import journal
from ledger.services.books.books import NewBook, NewFund, check_own_fund, create_book, create_fund


@dataclass(frozen=True, slots=True)
class ContributionAsked:
    """Money that a member is to put into its pool, in minor units."""

    pool: UUID
    fund: UUID
    quantity: int
    commodity: str


@dataclass(frozen=True, slots=True)
class NewPool:
    """A pool's book: its code, name, currency and fund, the host's fee in hundredths of a percent,
    and its members, each with the fund that receives; its host's time zone where none is named."""

    code: str
    name: str
    currency: str
    fund: str
    fee_basis_points: int
    members: Sequence[tuple[str, str]]
    place: str = ""
    story: str = ""
    time_zone: str = ""


def create_pool(
    session: Session, *, new: NewPool, host: Book, held_fund: Fund, now: datetime
) -> Pool:
    """Open a pool's book and fund and let members in, each with the fund that receives.

    Twice the same is once. Raises Invalid unless a community is host, in the pool's currency,
    and keeps the money in an agency fund; Conflict when there is a pool that is another.
    """
    _check_community(host, new.currency, place="host")
    check_holder(host, held_fund)
    if not 0 <= new.fee_basis_points <= 10_000:
        raise Invalid("A fee must be between 0 and 10,000 basis points.", place="fee_basis_points")
    book = create_book(
        session,
        new=NewBook(
            code=new.code,
            name=new.name,
            kind=BookKind.POOL,
            currency=new.currency,
            time_zone=new.time_zone or _zone(session, new.code, host),
            place=new.place,
            story=new.story,
        ),
        now=now,
    )
    own = create_fund(
        session, book_id=book.id, fund=NewFund(code=new.fund, fund_class=FundClass.PURPOSE), now=now
    )
    terms = (own.id, host.id, held_fund.id, new.fee_basis_points)
    pool = session.get(Pool, book.id)
    if pool is None:
        pool = Pool(
            book_id=book.id,
            fund_id=own.id,
            host_id=host.id,
            held_fund_id=held_fund.id,
            fee_basis_points=new.fee_basis_points,
        )
        session.add(pool)
        session.flush()
    elif terms != (pool.fund_id, pool.host_id, pool.held_fund_id, pool.fee_basis_points):
        raise Conflict(
            "Pool {code} already exists with different terms.", place="code", code=new.code
        )
    for member, member_fund in new.members:
        add_member(session, pool=pool, book_code=member, fund_code=member_fund)
    return pool


def _zone(session: ReadSession, code: str, host: Book) -> str:
    """Return the time zone of a pool that names none: its own where it is open, or its host's."""
    known = session.scalar(select(Book.time_zone).where(Book.code == code))
    return known or host.time_zone


def add_member(session: Session, *, pool: Pool, book_code: str, fund_code: str) -> PoolMember:
    """Let a community in; its place in line settles ties of the splitter for good.

    Twice the same is once. Raises Invalid unless a community comes, in the pool's currency, with
    a fund of its own money; Conflict when it receives into another fund already.
    """
    book = book_by_code(session, book_code)
    fund = fund_by_code(session, book.id, fund_code)
    check_newcomer(session, pool, book, fund)
    known = session.get(PoolMember, (pool.book_id, book.id))
    if known is not None:
        if known.fund_id != fund.id:
            raise Conflict(
                "{name} is already a member with another fund.", place="member", name=book.name
            )
        return known
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


def check_holder(host: Book, held_fund: Fund) -> None:
    """Refuse a fund in which a host could not keep the money of others. Raises Invalid."""
    if held_fund.fund_class != FundClass.AGENCY or held_fund.book_id != host.id:
        raise Invalid("The host must hold a pool's money in an agency fund.", place="held_fund")


def check_newcomer(session: ReadSession, pool: Pool, book: Book, fund: Fund) -> None:
    """Refuse who cannot be a member, or a fund that cannot own what comes. Raises Invalid."""
    _check_community(book, session.get_one(Book, pool.book_id).commodity, place="member")
    check_own_fund(book, fund)


def _check_community(book: Book, currency: str, *, place: str) -> None:
    if book.kind != BookKind.COMMUNITY:
        raise Invalid("{code} is not a community.", place=place, code=book.code)
    if book.commodity != currency:
        raise Invalid(
            "{code} does not use {currency}.", place=place, code=book.code, currency=currency
        )


@dataclass(frozen=True, slots=True)
class Contribution:
    """What a member puts into its pool from one of its funds, in minor units."""

    pool_id: UUID
    member_id: UUID
    member_fund: Fund
    amount: int
    reference: str


def contribute(
    session: Session,
    *,
    paid: Contribution,
    on: date,
    now: datetime,
    made_by: UUID | None = None,
    approved_by: UUID | None = None,
) -> None:
    """Book what a member promises its pool; the host's own is settled at once (POL-1, -2).

    Raises Conflict when the host's fund has less.
    """
    member_id, member_fund = paid.member_id, paid.member_fund
    parts = PoolParts(session, paid.pool_id)
    locked = lock_fund(session, member_fund.id)
    if member_id == parts.host.id:
        entries = bookkeeping.host_contribution(
            host=parts.host.code,
            host_fund=member_fund.code,
            held_fund=parts.held.code,
            pool=parts.book.code,
            pool_fund=parts.fund.code,
            currency=parts.book.commodity,
            amount=paid.amount,
        )
    else:
        entries = bookkeeping.contribution_made(
            member=session.get_one(Book, member_id).code,
            member_fund=member_fund.code,
            pool=parts.book.code,
            pool_fund=parts.fund.code,
            currency=parts.book.commodity,
            amount=paid.amount,
        )
    posted = journal.post(
        session,
        entries,
        event_type="contribution_made",
        source="pool",
        external_ref=paid.reference,
        accounting_on=on,
        now=now,
        made_by=journal.Approved(made_by, by=approved_by),
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
) -> ApprovalRequest:
    """Ask a member's approver to contribute. Raises Invalid for somebody who is no member."""
    if member.id not in {row.book_id for row in members_of(session, pool_id=pool.id)}:
        raise Invalid("This community is not a member of the pool.", place="receiver")
    if amount <= 0:
        raise Invalid("Enter an amount above zero.", place="amount")
    return propose(
        session,
        book_id=member.id,
        kind="contribution",
        title=f"Contribution to {pool.name}",
        reason=reason,
        payload=ContributionAsked(pool.id, fund.id, amount, pool.commodity),
        made_by=made_by,
        now=now,
    )


def settle_contribution(
    session: Session,
    *,
    paid: Contribution,
    on: date,
    now: datetime,
    made_by: UUID | None = None,
) -> None:
    """Book the bank transfer of a contribution to the host (POL-1).

    Raises Conflict when the member's fund has less.
    """
    member_id, member_fund = paid.member_id, paid.member_fund
    parts = PoolParts(session, paid.pool_id)
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
            amount=paid.amount,
        ),
        event_type="contribution_settled",
        source="pool",
        external_ref=paid.reference,
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
    payment: str | None = None,
) -> int:
    """Book the host's fee on a payment of ``base`` and return it, rounded down (POL-4).

    ``payment`` is the movement of the Stripe balance that it is charged on.
    """
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
            payment=payment,
        ),
        event_type="host_fee",
        source="pool",
        external_ref=reference,
        accounting_on=on,
        now=now,
    )
    return fee


def take_host_fee(
    session: Session, *, book_id: UUID, base: int, payment: str, on: date, now: datetime
) -> int:
    """Book the host's fee on a payment that came for a pool, into the host's general fund, and
    return it; nothing for a book that is no pool. Told twice, it is booked once."""
    pool = session.get(Pool, book_id)
    if pool is None:
        return 0
    return charge_host_fee(
        session,
        pool_id=book_id,
        base=base,
        host_fund=general_fund(session, session.get_one(Book, pool.host_id)),
        reference=payment,
        payment=payment,
        on=on,
        now=now,
    )


class PoolParts:
    """The books and funds that every event of a pool names."""

    def __init__(self, session: ReadSession, pool_id: UUID) -> None:
        pool = session.get(Pool, pool_id)
        if pool is None:
            raise NotFound("This pool does not exist.", place="pool")
        self.pool = pool
        self.book = session.get_one(Book, pool_id)
        self.fund = session.get_one(Fund, pool.fund_id)
        self.host = session.get_one(Book, pool.host_id)
        self.held = session.get_one(Fund, pool.held_fund_id)


def _approve(
    session: Session,
    approval_request: ApprovalRequest,
    payload: ContributionAsked,
    decision: Decision,
) -> None:
    contribute(
        session,
        paid=Contribution(
            pool_id=payload.pool,
            member_id=approval_request.book_id,
            member_fund=session.get_one(Fund, payload.fund),
            amount=payload.quantity,
            reference=str(approval_request.id),
        ),
        on=decision.on,
        now=decision.now,
        made_by=approval_request.made_by,
        approved_by=decision.by,
    )


register(ApprovalKind("contribution", ContributionAsked, _approve))
