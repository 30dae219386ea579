"""Commitments: opened, put before an approver, and carried out step by step; minor units, units.

Every step is guarded by the state it starts from, is done once whatever its reference is told,
and leaves the entries it made. The nouns (spending, grants, loans …) say what a step means.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from ledger.core.entry import Entry
from ledger.core.reference import new_reference
from ledger.core.states import AgreementKind, AgreementState, Move, after
from ledger.db import ReadSession, Session
from ledger.errors import Conflict, Invalid, NotAllowed, NotFound
from ledger.models.agreements import Agreement, Step
from ledger.models.approval_requests import ApprovalRequest
from ledger.models.books import Book, Fund
from ledger.queries.books.journal import told_anew
from ledger.services.approvals.registry import ApprovalKind, Decision
from ledger.services.approvals.requests import propose
from ledger.services.books import journal
from ledger.services.books.books import check_own_fund

PREFIX = "C"


@dataclass(frozen=True, slots=True)
class AgreementAsked:
    """An agreement that waits for its approver; its quantity in the smallest unit."""

    commitment: UUID
    quantity: int
    commodity: str


def agreement_kind(
    name: AgreementKind, carry_out: Callable[[Session, Agreement, Decision], None]
) -> ApprovalKind[AgreementAsked]:
    """Return the approval kind of agreements that ``submit_for_approval`` asks for."""

    def approve_it(
        session: Session,
        _approval_request: ApprovalRequest,
        payload: AgreementAsked,
        decision: Decision,
    ) -> None:
        carry_out(session, load(session, payload.commitment, name), decision)

    def reject_it(
        session: Session,
        _approval_request: ApprovalRequest,
        payload: AgreementAsked,
        _decision: Decision,
    ) -> None:
        reject(session, load(session, payload.commitment, name))

    return ApprovalKind(name, AgreementAsked, approve_it, reject_it)


@dataclass(frozen=True, slots=True)
class NewAgreement:
    """What is agreed or asked for; ``quantity`` in the smallest unit of the book's currency or of
    ``commodity``, ``other`` the book on the other side, ``terms`` what its kind keeps besides."""

    kind: AgreementKind
    book: Book
    fund: Fund
    quantity: int
    title: str
    commodity: str = ""
    other: Book | None = None
    terms: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MoneyRequest:
    """How much money is asked for, in minor units, for what and why."""

    amount: int
    title: str
    reason: str


@dataclass(frozen=True, slots=True)
class StepTaken:
    """How much was done, when and by whom; the reference is the outside world's name for it.

    ``asked_by`` is who asked for a step to which ``by`` only agrees. ``left`` is how much the step
    may take at most, and what that is called. ``entry_id`` names what the caller has posted under
    another source.
    """

    quantity: int
    on: date
    now: datetime
    reference: str = ""
    by: UUID | None = None
    asked_by: UUID | None = None
    left: tuple[int, str] | None = None
    entry_id: UUID | None = None


def open_agreement(
    session: Session,
    *,
    agreement: NewAgreement,
    now: datetime,
    state: AgreementState = AgreementState.SUBMITTED,
    made_by: UUID | None = None,
) -> Agreement:
    """Write down what is agreed or asked for; nothing is posted.

    Raises Invalid for an amount that is not above zero, a fund of another book or no title.
    """
    book, other = agreement.book, agreement.other
    check_own_fund(book, agreement.fund)
    if agreement.quantity <= 0:
        raise Invalid("Enter an amount above zero.", place="amount")
    if not agreement.title.strip():
        raise Invalid("Enter what it is for.", place="title")
    if other is not None and other.id == book.id:
        raise Invalid("Choose another community.", place="other")
    if other is not None and other.commodity != book.commodity:
        raise Invalid("Both communities must use the same currency.", place="other")
    row = Agreement(
        book_id=book.id,
        kind=agreement.kind,
        reference=new_reference(PREFIX, secrets.choice),
        fund_id=agreement.fund.id,
        commodity=agreement.commodity or book.commodity,
        quantity=agreement.quantity,
        state=state,
        other_id=other.id if other else None,
        title=agreement.title.strip(),
        terms=dict(agreement.terms),
        made_by=made_by,
        created_at=now,
    )
    session.add(row)
    session.flush()
    return row


def submit_for_approval(
    session: Session, row: Agreement, *, reason: str, now: datetime
) -> ApprovalRequest:
    """Ask an approver of the commitment's book. Raises Invalid without a reason."""
    if row.made_by is None:
        raise Invalid("A request must name the person who makes it.", place="made_by")
    return propose(
        session,
        book_id=row.book_id,
        kind=row.kind,
        title=row.title,
        reason=reason,
        payload=AgreementAsked(row.id, row.quantity, row.commodity),
        made_by=row.made_by,
        now=now,
    )


def load(session: ReadSession, agreement_id: UUID, kind: AgreementKind) -> Agreement:
    """Return a commitment of a kind. Raises NotFound."""
    row = session.get(Agreement, agreement_id)
    if row is None or row.kind != kind:
        raise NotFound("This agreement does not exist.", place=kind)
    return row


def reject(session: Session, row: Agreement) -> None:
    """Note that an approver said no."""
    row.state = after(row.kind, row.state, Move.REJECT)
    session.flush()


def approve(session: Session, row: Agreement, entries: Sequence[Entry], decision: Decision) -> None:
    """Post what an approver's yes means. Raises NotAllowed for whoever asked."""
    if decision.by == row.made_by:
        raise NotAllowed("You requested this, so you cannot approve it.", place="approved_by")
    row.approved_by = decision.by
    transition(
        session,
        row,
        Move.APPROVE,
        entries,
        taken=StepTaken(quantity=row.quantity, on=decision.on, now=decision.now, by=decision.by),
    )


def check_payer(row: Agreement, by: UUID) -> None:
    """Raise NotAllowed when whoever approved what is to be paid would pay it (DIS-3)."""
    if by == row.approved_by:
        raise NotAllowed("You approved this, so you cannot pay it.", place="by")


def transition(
    session: Session,
    row: Agreement,
    name: Move,
    entries: Sequence[Entry],
    *,
    taken: StepTaken,
) -> Step:
    """Post what a step means and write it down; the same step told again is done once.

    Raises Conflict for more than is left, when the state does not allow the step, or the same
    reference had another amount.
    """
    quantity, reference, entry_id = taken.quantity, taken.reference, taken.entry_id
    known = _known(session, row, name, reference)
    if known is not None:
        if known.quantity != quantity:
            raise Conflict(
                "“{reference}” is already in the books with another amount.",
                place="reference",
                reference=reference,
            )
        return known
    if quantity <= 0:
        raise Invalid("Enter an amount above zero.", place="amount")
    if taken.left is not None and quantity > taken.left[0]:
        raise Conflict("This is more than {left}.", place="amount", left=taken.left[1])
    row.state = after(row.kind, row.state, name)
    agreed = name == Move.APPROVE or taken.asked_by is not None
    if entries:
        posted = journal.post(
            session,
            entries,
            event_type=f"{row.kind}_{name}",
            source=row.kind,
            external_ref=told_anew(
                session,
                book_id=row.book_id,
                source=row.kind,
                event_type=f"{row.kind}_{name}",
                reference=f"{row.reference}/{reference}" if reference else row.reference,
            ),
            accounting_on=taken.on,
            now=taken.now,
            made_by=journal.Approved(
                (taken.asked_by or row.made_by) if agreed else taken.by,
                by=taken.by if agreed else None,
            ),
        )
        own = session.get_one(Book, row.book_id).code
        entry_id = next(
            (key for key, item in zip(posted.ids, entries, strict=True) if item.book == own), None
        )
    step = Step(
        book_id=row.book_id,
        agreement_id=row.id,
        name=name,
        reference=reference,
        quantity=quantity,
        entry_id=entry_id,
        done_on=taken.on,
        done_by=taken.by,
        created_at=taken.now,
    )
    session.add(step)
    session.flush()
    return step


def place_of(session: ReadSession, row: Agreement) -> dict[str, str]:
    """Return book, fund and currency of a commitment, as bookkeeping names them."""
    return {
        "book": session.get_one(Book, row.book_id).code,
        "fund": session.get_one(Fund, row.fund_id).code,
        "currency": row.commodity,
    }


def total(session: ReadSession, row: Agreement, *names: Move) -> int:
    """Return what steps of these names come to."""
    found = session.scalar(
        select(func.sum(Step.quantity)).where(Step.agreement_id == row.id, Step.name.in_(names))
    )
    return int(found or 0)


def told(session: ReadSession, row: Agreement, name: Move, reference: str) -> bool:
    """Tell whether a step of this name and reference was taken already."""
    return _known(session, row, name, reference) is not None


def _known(session: ReadSession, row: Agreement, name: Move, reference: str) -> Step | None:
    return session.scalar(
        select(Step).where(
            Step.agreement_id == row.id, Step.name == name, Step.reference == reference
        )
    )
