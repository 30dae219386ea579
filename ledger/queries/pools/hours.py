"""Questions about hours pledged to a pool and allocated to its members; minutes."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from ledger.core.states import AgreementKind, AgreementState, Move
from ledger.core.vocabulary import BookKind
from ledger.db import ReadSession
from ledger.models.agreements import Agreement, Step
from ledger.models.books import Book
from ledger.models.parties import Party
from ledger.models.pledges import Pledge

KIND = AgreementKind.CONDITIONAL_ALLOCATION


@dataclass(frozen=True, slots=True)
class AllocatedHours:
    """Hours that a pool allocated to a member; ``left`` is not worked yet."""

    id: UUID
    pool_id: UUID
    pool: str
    member_id: UUID
    member: str
    commodity: str
    left: int


def allocated_hours(
    session: ReadSession, *, pool_ids: Collection[UUID], commodity: str = ""
) -> list[AllocatedHours]:
    """Return the allocations of some pools that have hours left to work, oldest first."""
    pool, member = aliased(Book), aliased(Book)
    worked = func.coalesce(
        select(func.sum(Step.quantity))
        .where(Step.agreement_id == Agreement.id, Step.name == Move.WORK)
        .scalar_subquery(),
        0,
    )
    left = Agreement.quantity - worked
    rows = session.execute(
        select(Agreement, pool.name, member.name, left)
        .join(pool, pool.id == Agreement.book_id)
        .join(member, member.id == Agreement.other_id)
        .where(
            Agreement.book_id.in_(pool_ids),
            Agreement.kind == KIND,
            Agreement.state == AgreementState.APPROVED,
            Agreement.commodity == commodity
            if commodity
            else Agreement.commodity.startswith("MIN."),
            left > 0,
        )
        .order_by(Agreement.created_at, Agreement.id)
    )
    return [
        AllocatedHours(
            id=row.id,
            pool_id=row.book_id,
            pool=pool_name,
            member_id=row.other_id,
            member=member_name,
            commodity=row.commodity,
            left=int(minutes),
        )
        for row, pool_name, member_name, minutes in rows
        if row.other_id is not None
    ]


def allocated_to(session: ReadSession, *, person_id: UUID) -> list[AllocatedHours]:
    """Return the allocations of hours that somebody pledged to a pool."""
    pledged = session.execute(
        select(Pledge.book_id, Pledge.commodity)
        .join(Party, Party.id == Pledge.party_id)
        .join(Book, Book.id == Pledge.book_id)
        .where(
            Party.person_id == person_id,
            Book.kind == BookKind.POOL,
            Pledge.commodity.startswith("MIN."),
        )
    ).all()
    pairs = {(book_id, commodity) for book_id, commodity in pledged}
    if not pairs:
        return []
    found = allocated_hours(session, pool_ids={book_id for book_id, _commodity in pairs})
    return [row for row in found if (row.pool_id, row.commodity) in pairs]
