"""Grants: received on conditions in tranches, and made to groups outside (events GRT); minor units.

What is earned and returned never exceeds what was awarded, nor what of the advance is left
(invariant I-37).
"""

from datetime import date, datetime
from uuid import UUID

from ledger.core import bookkeeping
from ledger.core.states import AgreementKind, AgreementState, Move
from ledger.db import ReadSession, Session
from ledger.models.agreements import Agreement
from ledger.models.books import Book, Fund
from ledger.services.accounting.fund_control import hold
from ledger.services.approvals.agreements import (
    MoneyRequest,
    NewAgreement,
    StepTaken,
    agreement_kind,
    approve,
    check_payer,
    load,
    open_agreement,
    place_of,
    submit_for_approval,
    total,
    transition,
)
from ledger.services.approvals.registry import Decision, register
from ledger.services.books import journal

RECEIVED = AgreementKind.GRANT
MADE = AgreementKind.OUTSIDE_GRANT


def award_grant(
    session: Session,
    *,
    book: Book,
    fund: Fund,
    amount: int,
    title: str,
    by: UUID,
    on: date,
    now: datetime,
) -> Agreement:
    """Note a conditional grant that was awarded to us (GRT-1); it is no income yet."""
    row = open_agreement(
        session,
        agreement=NewAgreement(kind=RECEIVED, book=book, fund=fund, quantity=amount, title=title),
        state=AgreementState.ACTIVE,
        made_by=by,
        now=now,
    )
    journal.post(
        session,
        bookkeeping.grant_awarded(**_grant(session, row), amount=amount),
        event_type="grant_awarded",
        source=RECEIVED,
        external_ref=row.reference,
        accounting_on=on,
        now=now,
        made_by=by,
    )
    return row


def receive_tranche(
    session: Session,
    *,
    grant_id: UUID,
    amount: int,
    reference: str,
    by: UUID,
    on: date,
    now: datetime,
) -> None:
    """Book money that came before its conditions were met (GRT-2).

    Raises Conflict when more comes than was awarded and is not claimed already.
    """
    row = load(session, grant_id, RECEIVED)
    left = row.quantity - total(session, row, Move.RECEIVE, Move.CLAIM)
    transition(
        session,
        row,
        Move.RECEIVE,
        bookkeeping.tranche_received(**_grant(session, row), amount=amount),
        taken=StepTaken(
            left=(left, "the amount awarded"),
            quantity=amount,
            reference=reference,
            by=by,
            on=on,
            now=now,
        ),
    )


def earn_grant(
    session: Session,
    *,
    grant_id: UUID,
    amount: int,
    reference: str,
    by: UUID,
    on: date,
    now: datetime,
) -> None:
    """Conditions are met for money that is here (GRT-3). Raises Conflict above the advance."""
    row = load(session, grant_id, RECEIVED)
    transition(
        session,
        row,
        Move.EARN,
        bookkeeping.grant_earned(**_grant(session, row), amount=amount, received=True),
        taken=StepTaken(
            left=(advance_left(session, row), "the rest of the advance"),
            quantity=amount,
            reference=reference,
            by=by,
            on=on,
            now=now,
        ),
    )


def claim_grant(
    session: Session,
    *,
    grant_id: UUID,
    amount: int,
    reference: str,
    by: UUID,
    on: date,
    now: datetime,
) -> None:
    """Claim in arrears what conditions are met for (GRT-4). Raises Conflict above the award."""
    row = load(session, grant_id, RECEIVED)
    transition(
        session,
        row,
        Move.CLAIM,
        bookkeeping.grant_earned(**_grant(session, row), amount=amount, received=False),
        taken=StepTaken(
            left=(
                row.quantity - total(session, row, Move.RECEIVE, Move.CLAIM),
                "the rest of the award",
            ),
            quantity=amount,
            reference=reference,
            by=by,
            on=on,
            now=now,
        ),
    )


def return_grant(
    session: Session,
    *,
    grant_id: UUID,
    amount: int,
    reference: str,
    by: UUID,
    on: date,
    now: datetime,
) -> None:
    """Give unspent money back to the funder (GRT-5). Raises Conflict above the advance."""
    row = load(session, grant_id, RECEIVED)
    transition(
        session,
        row,
        Move.RETURN,
        bookkeeping.grant_returned(**_grant(session, row), amount=amount),
        taken=StepTaken(
            left=(advance_left(session, row), "the rest of the advance"),
            quantity=amount,
            reference=reference,
            by=by,
            on=on,
            now=now,
        ),
    )


def advance_left(session: ReadSession, row: Agreement) -> int:
    """Return what of the money received is neither earned nor returned."""
    return total(session, row, Move.RECEIVE) - total(session, row, Move.EARN, Move.RETURN)


def propose_outside_grant(
    session: Session,
    *,
    book: Book,
    fund: Fund,
    request: MoneyRequest,
    made_by: UUID,
    now: datetime,
) -> Agreement:
    """Ask to give a grant to a group outside the system."""
    row = open_agreement(
        session,
        agreement=NewAgreement(
            kind=MADE, book=book, fund=fund, quantity=request.amount, title=request.title
        ),
        made_by=made_by,
        now=now,
    )
    submit_for_approval(session, row, reason=request.reason, now=now)
    return row


def approve_outside_grant(session: Session, row: Agreement, decision: Decision) -> None:
    """Book what is owed to the group (GRT-6). Raises Conflict when the fund has less."""
    hold(session, row.fund_id, row.quantity)
    entries = bookkeeping.outside_grant_made(**place_of(session, row), amount=row.quantity)
    approve(session, row, entries, decision)


def pay_outside_grant(
    session: Session,
    *,
    grant_id: UUID,
    amount: int,
    reference: str,
    by: UUID,
    on: date,
    now: datetime,
) -> None:
    """Pay a grant or part of it (GRT-6). Raises Conflict above what is owed, NotAllowed for the
    approver."""
    row = load(session, grant_id, MADE)
    check_payer(row, by)
    transition(
        session,
        row,
        Move.PAY,
        bookkeeping.outside_grant_paid(**place_of(session, row), amount=amount),
        taken=StepTaken(
            left=(row.quantity - total(session, row, Move.PAY), "the amount owed"),
            quantity=amount,
            reference=reference,
            by=by,
            on=on,
            now=now,
        ),
    )
    if total(session, row, Move.PAY) == row.quantity:
        transition(
            session,
            row,
            Move.COMPLETE,
            [],
            taken=StepTaken(quantity=row.quantity, on=on, now=now, by=by),
        )


def _grant(session: ReadSession, row: Agreement) -> dict[str, str]:
    return {**place_of(session, row), "grant": row.reference}


register(agreement_kind(MADE, approve_outside_grant))
