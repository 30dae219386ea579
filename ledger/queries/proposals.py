"""Questions about what waits for an approver."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from ledger.db import ReadSession
from ledger.models.books import Book
from ledger.models.people import Person
from ledger.models.proposals import Proposal


@dataclass(frozen=True, slots=True)
class ProposalRow:
    """A proposal with the names behind it."""

    id: UUID
    book: str
    book_name: str
    kind: str
    title: str
    reason: str
    arguments: dict[str, Any]
    state: str
    made_by: str
    made_by_id: UUID
    made_at: datetime
    decided_by: str | None
    decision_note: str


def proposals_for(
    session: ReadSession, *, book_ids: Collection[UUID], is_open: bool, limit: int = 50
) -> list[ProposalRow]:
    """Return proposals of some books: open ones oldest first, decided ones newest first."""
    decider = select(Person.id, Person.name).subquery()
    query = (
        select(Proposal, Book, Person.name, decider.c.name)
        .join(Book, Book.id == Proposal.book_id)
        .join(Person, Person.id == Proposal.made_by)
        .outerjoin(decider, decider.c.id == Proposal.decided_by)
        .where(Proposal.book_id.in_(book_ids))
        .limit(limit)
    )
    if is_open:
        query = query.where(Proposal.state == "open").order_by(Proposal.made_at)
    else:
        query = query.where(Proposal.state != "open").order_by(Proposal.decided_at.desc())
    return [
        ProposalRow(
            id=row.id,
            book=book.code,
            book_name=book.name,
            kind=row.kind,
            title=row.title,
            reason=row.reason,
            arguments=row.arguments,
            state=row.state,
            made_by=maker,
            made_by_id=row.made_by,
            made_at=row.made_at,
            decided_by=decided_by,
            decision_note=row.decision_note,
        )
        for row, book, maker, decided_by in session.execute(query)
    ]


def count_open(session: ReadSession, *, book_id: UUID) -> int:
    """Return how many proposals of a book wait."""
    return int(
        session.scalar(
            select(func.count())
            .select_from(Proposal)
            .where(Proposal.book_id == book_id, Proposal.state == "open")
        )
        or 0
    )
