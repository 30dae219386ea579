"""Pool agreements: a pool is opened, and joined, once an approver of each side has agreed.

A treasurer asks. The host's approver agrees to open a pool; a community joins when its own approver
and then the host's have agreed (domain section 11). Nothing is posted.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from ledger.core.vocabulary import BookKind, FundClass, Role
from ledger.db import ReadSession, Session
from ledger.errors import Conflict, Invalid
from ledger.models.approval_requests import ApprovalRequest
from ledger.models.books import Book, Fund
from ledger.models.pools import Pool, PoolMember
from ledger.queries.people.people import people_of
from ledger.services.approvals.registry import ApprovalKind, Decision, register
from ledger.services.approvals.requests import propose
from ledger.services.books.books import NewFund, check_code, check_own_fund, create_fund
from ledger.services.people.people import grant_role
from ledger.services.pools.pools import (
    NewPool,
    add_member,
    check_holder,
    check_newcomer,
    create_pool,
)

OPENING = "pool_opening"
JOINING = "pool_joining"
ADMISSION = "pool_admission"


@dataclass(frozen=True, slots=True)
class PoolTerms:
    """A pool that is to be opened; funds by their codes, the fee in hundredths of a percent.

    ``held_fund`` is the host's agency fund that keeps the money, a new one of the pool's code if
    empty; ``own_fund`` receives what the host gets as a member, and empty means that it is none.
    """

    code: str
    name: str
    fund: str
    held_fund: str
    own_fund: str
    fee_basis_points: int
    story: str


@dataclass(frozen=True, slots=True)
class Joining:
    """A community that is to join a pool, and the fund that receives what it gets from there."""

    pool: UUID
    member: UUID
    fund: UUID


def propose_pool(
    session: Session,
    *,
    host: Book,
    terms: PoolTerms,
    reason: str,
    made_by: UUID,
    now: datetime,
) -> ApprovalRequest:
    """Ask the host's approver to open a pool in the host's currency.

    Raises Invalid, or Conflict for a code that is taken.
    """
    if host.kind != BookKind.COMMUNITY:
        raise Invalid("Only a community can open a pool.", place="form")
    check_code(terms.code, "code")
    check_code(terms.fund, "fund")
    if not 0 <= terms.fee_basis_points <= 10_000:
        raise Invalid("A fee must be between 0% and 100%.", place="fee_basis_points")
    _check_free(session, host, terms.code, terms.held_fund)
    if terms.held_fund:
        check_holder(host, _fund(session, host, terms.held_fund, "held_fund"))
    if terms.own_fund:
        check_own_fund(host, _fund(session, host, terms.own_fund, "own_fund"), place="own_fund")
    return propose(
        session,
        book_id=host.id,
        kind=OPENING,
        title=f"Open the pool {terms.name}",
        reason=reason,
        payload=terms,
        made_by=made_by,
        now=now,
    )


def open_pool(
    session: Session, approval_request: ApprovalRequest, payload: PoolTerms, decision: Decision
) -> None:
    """Open an agreed pool; whoever gives roles in its host's book gives them in the pool's.

    Raises Conflict when its code was taken meanwhile.
    """
    host = session.get_one(Book, approval_request.book_id)
    _check_free(session, host, payload.code, payload.held_fund)
    if payload.held_fund:
        held = _fund(session, host, payload.held_fund, "held_fund")
    else:
        held = create_fund(
            session,
            book_id=host.id,
            fund=NewFund(
                code=payload.code, name=f"Held for {payload.name}", fund_class=FundClass.AGENCY
            ),
            now=decision.now,
        )
    pool = create_pool(
        session,
        new=NewPool(
            code=payload.code,
            name=payload.name,
            currency=host.commodity,
            fund=payload.fund,
            fee_basis_points=payload.fee_basis_points,
            members=[(host.code, payload.own_fund)] if payload.own_fund else [],
            story=payload.story,
        ),
        host=host,
        held_fund=held,
        now=decision.now,
    )
    # A new book has nobody; without them only an operator could let people in.
    for row in people_of(session, book_id=host.id, now=decision.now):
        if row.role == "admin":
            grant_role(
                session,
                person_id=row.person_id,
                book_id=pool.book_id,
                role=Role.ADMIN,
                now=decision.now,
                granted_by=decision.by,
            )


def propose_joining(
    session: Session,
    *,
    pool: Book,
    member: Book,
    fund: str,
    reason: str,
    made_by: UUID,
    now: datetime,
) -> ApprovalRequest:
    """Ask a community's approver to join a pool; ``fund`` receives what it gets from there.

    Raises Invalid for what is no pool, another currency or a fund that owns nothing, Conflict for
    a member.
    """
    terms = session.get(Pool, pool.id)
    if terms is None:
        raise Invalid("This pool does not exist.", place="pool")
    own = _fund(session, member, fund, "fund")
    check_newcomer(session, terms, member, own)
    if session.get(PoolMember, (pool.id, member.id)) is not None:
        raise Conflict("This community is already a member.", place="pool")
    return propose(
        session,
        book_id=member.id,
        kind=JOINING,
        title=f"Join {pool.name}",
        reason=reason,
        payload=Joining(pool.id, member.id, own.id),
        made_by=made_by,
        now=now,
    )


def agree_to_join(
    session: Session, approval_request: ApprovalRequest, payload: Joining, decision: Decision
) -> None:
    """Put an agreed joining before the host's approver, unless the host itself joins."""
    pool = session.get_one(Pool, payload.pool)
    if pool.host_id == approval_request.book_id:
        admit(session, approval_request, payload, decision)
        return
    member = session.get_one(Book, approval_request.book_id)
    propose(
        session,
        book_id=pool.host_id,
        kind=ADMISSION,
        title=f"Let {member.name} into {session.get_one(Book, pool.book_id).name}",
        reason=approval_request.reason,
        payload=payload,
        made_by=approval_request.made_by,
        now=decision.now,
    )


def admit(
    session: Session, _approval_request: ApprovalRequest, payload: Joining, _decision: Decision
) -> None:
    """Let a community in to which both sides have agreed. Raises as ``add_member``."""
    add_member(
        session,
        pool=session.get_one(Pool, payload.pool),
        book_code=session.get_one(Book, payload.member).code,
        fund_code=session.get_one(Fund, payload.fund).code,
    )


def _check_free(session: ReadSession, host: Book, code: str, held_fund: str) -> None:
    if session.scalar(select(Book.id).where(Book.code == code)) is not None:
        raise Conflict("Another book already has the code {code}.", place="code", code=code)
    taken = select(Fund.id).where(Fund.book_id == host.id, Fund.code == code)
    if not held_fund and session.scalar(taken) is not None:
        raise Conflict(
            "{name} already has a fund {code}. Choose that fund to hold the money, or enter "
            "another code.",
            place="code",
            name=host.name,
            code=code,
        )


def _fund(session: ReadSession, book: Book, code: str, place: str) -> Fund:
    fund = session.scalar(select(Fund).where(Fund.book_id == book.id, Fund.code == code))
    if fund is None:
        raise Invalid("{name} has no fund {code}.", place=place, name=book.name, code=code)
    return fund


register(ApprovalKind(OPENING, PoolTerms, open_pool, books_nothing=True))
register(ApprovalKind(JOINING, Joining, agree_to_join, books_nothing=True))
register(ApprovalKind(ADMISSION, Joining, admit, books_nothing=True))
