"""Questions about what waits for an approver."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from ledger.core.vocabulary import RequestState
from ledger.db import ReadSession
from ledger.models.approval_requests import Approval, ApprovalRequest
from ledger.models.books import Book
from ledger.models.people import Person


@dataclass(frozen=True, slots=True)
class RequestRow:
    """A proposal with the names behind it."""

    id: UUID
    book: str
    book_name: str
    kind: str
    title: str
    reason: str
    arguments: dict[str, Any]
    state: RequestState
    made_by: str
    made_by_id: UUID
    made_at: datetime
    book_id: UUID
    currency: str
    decided_by: str | None
    decision_note: str
    agreed: tuple[str, ...] = ()
    agreed_ids: tuple[UUID, ...] = ()

    @property
    def amount(self) -> tuple[int, str] | None:
        """What the request is about, in the smallest unit, and its commodity; None for nothing.

        The document may be of a kind that this version does not know.
        """
        quantity, unit = self.arguments.get("quantity"), self.arguments.get("commodity")
        if quantity is None:
            quantity, unit = self.arguments.get("amount"), self.currency
        if type(quantity) is int and quantity and type(unit) is str:
            return quantity, unit
        return None


def requests_for(
    session: ReadSession,
    *,
    book_ids: Collection[UUID],
    is_open: bool | None = None,
    kinds: Collection[str] = (),
    about: Mapping[str, str] = MappingProxyType({}),
    only: UUID | None = None,
    limit: int = 50,
) -> list[RequestRow]:
    """Return proposals of some books, of some kinds, ``about`` some arguments or ``only`` one
    if named: open ones oldest first, decided ones newest first; either, the newest asked first."""
    decider = select(Person.id, Person.name).subquery()
    query = (
        select(ApprovalRequest, Book, Person.name, decider.c.name)
        .join(Book, Book.id == ApprovalRequest.book_id)
        .join(Person, Person.id == ApprovalRequest.made_by)
        .outerjoin(decider, decider.c.id == ApprovalRequest.decided_by)
        .where(ApprovalRequest.book_id.in_(book_ids))
        .limit(limit)
    )
    if kinds:
        query = query.where(ApprovalRequest.kind.in_(kinds))
    if only is not None:
        query = query.where(ApprovalRequest.id == only)
    for name, value in about.items():
        query = query.where(ApprovalRequest.arguments[name].as_string() == value)
    if is_open is None:
        query = query.order_by(ApprovalRequest.made_at.desc(), ApprovalRequest.id)
    elif is_open:
        query = query.where(ApprovalRequest.state == RequestState.OPEN).order_by(
            ApprovalRequest.made_at, ApprovalRequest.id
        )
    else:
        query = query.where(ApprovalRequest.state != RequestState.OPEN).order_by(
            ApprovalRequest.decided_at.desc(), ApprovalRequest.id
        )
    found = session.execute(query).all()
    agreed: defaultdict[UUID, dict[UUID, str]] = defaultdict(dict)
    given = (
        select(Approval.request_id, Person.id, Person.name)
        .join(Person, Person.id == Approval.approved_by)
        .where(Approval.request_id.in_([row.id for row, *_names in found]))
        .order_by(Approval.approved_at)
    )
    for request_id, person_id, name in session.execute(given):
        agreed[request_id][person_id] = name
    return [
        RequestRow(
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
            book_id=book.id,
            currency=book.commodity,
            decided_by=decided_by,
            decision_note=row.decision_note,
            agreed=tuple(agreed[row.id].values()),
            agreed_ids=tuple(agreed[row.id]),
        )
        for row, book, maker, decided_by in found
    ]


def count_open(session: ReadSession, *, book_id: UUID) -> int:
    """Return how many proposals of a book wait."""
    return int(
        session.scalar(
            select(func.count())
            .select_from(ApprovalRequest)
            .where(ApprovalRequest.book_id == book_id, ApprovalRequest.state == RequestState.OPEN)
        )
        or 0
    )
