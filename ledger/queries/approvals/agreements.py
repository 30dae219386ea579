"""Questions about what is agreed and done in steps: spending, grants, loans, purchases."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select

from ledger.core.states import AgreementKind, AgreementState, Move, allowed
from ledger.db import ReadSession
from ledger.errors import NotFound
from ledger.models.agreements import Agreement, Step
from ledger.models.books import Book, Fund
from ledger.models.people import Person


@dataclass(frozen=True, slots=True)
class AgreementRow:
    """A commitment with the names behind it; ``quantity`` in the commodity's smallest unit."""

    id: UUID
    kind: AgreementKind
    reference: str
    title: str
    fund: str
    other: str | None
    quantity: int
    commodity: str
    state: AgreementState
    made_by: str
    made_by_id: UUID | None
    approved_by: str
    created_at: datetime

    @property
    def moves(self) -> list[Move]:
        """The steps that its state allows."""
        return allowed(self.kind, self.state)

    @property
    def running(self) -> bool:
        """Whether something is still to be done; that money may come back is nothing to do."""
        return bool(self.moves) and self.state != AgreementState.CLEARED


@dataclass(frozen=True, slots=True)
class StepRow:
    """One thing that was done, and the entry that says so; ``quantity`` as in the commitment."""

    name: Move
    reference: str
    quantity: int
    done_on: date
    done_by: str
    entry_id: UUID | None


def agreements_of(
    session: ReadSession, *, book_id: UUID, kinds: Sequence[AgreementKind], limit: int = 200
) -> list[AgreementRow]:
    """Return commitments of some kinds, newest first."""
    query = (
        _rows()
        .where(Agreement.book_id == book_id, Agreement.kind.in_(kinds))
        .order_by(Agreement.created_at.desc(), Agreement.reference)
        .limit(limit)
    )
    return [_row(found) for found in session.execute(query)]


def agreement_by_reference(session: ReadSession, book_id: UUID, reference: str) -> AgreementRow:
    """Return one commitment of a book. Raises NotFound."""
    query = _rows().where(Agreement.book_id == book_id, Agreement.reference == reference)
    found = session.execute(query).one_or_none()
    if found is None:
        raise NotFound("This book has no such agreement.", place="reference")
    return _row(found)


def steps_of(session: ReadSession, agreement_id: UUID) -> list[StepRow]:
    """Return what was done about a commitment, oldest first."""
    query = (
        select(Step, Person.name)
        .outerjoin(Person, Person.id == Step.done_by)
        .where(Step.agreement_id == agreement_id)
        .order_by(Step.created_at, Step.id)
    )
    return [
        StepRow(row.name, row.reference, row.quantity, row.done_on, name or "", row.entry_id)
        for row, name in session.execute(query)
    ]


def to_carry_out(session: ReadSession, *, book_id: UUID) -> int:
    """Return how many approved requests of members and treasurers wait for a bill or a payment."""
    query = (
        select(func.count())
        .select_from(Agreement)
        .where(
            Agreement.book_id == book_id,
            Agreement.kind.in_((AgreementKind.SPENDING, AgreementKind.EXPENSE)),
            Agreement.state.in_(
                (AgreementState.APPROVED, AgreementState.BILLED, AgreementState.RELEASED)
            ),
        )
    )
    return int(session.scalar(query) or 0)


def _rows() -> Select[tuple[Agreement, str, str, str, str]]:
    maker = select(Person.id, Person.name).subquery()
    checker = select(Person.id, Person.name).subquery()
    return (
        select(Agreement, Fund.code, Book.name, maker.c.name, checker.c.name)
        .join(Fund, (Fund.book_id == Agreement.book_id) & (Fund.id == Agreement.fund_id))
        .outerjoin(Book, Book.id == Agreement.other_id)
        .outerjoin(maker, maker.c.id == Agreement.made_by)
        .outerjoin(checker, checker.c.id == Agreement.approved_by)
    )


def _row(found: Sequence[Any]) -> AgreementRow:
    row, fund, other, maker, checker = found
    return AgreementRow(
        id=row.id,
        kind=row.kind,
        reference=row.reference,
        title=row.title,
        fund=fund,
        other=other,
        quantity=row.quantity,
        commodity=row.commodity,
        state=row.state,
        made_by=maker or "",
        made_by_id=row.made_by,
        approved_by=checker or "",
        created_at=row.created_at,
    )
