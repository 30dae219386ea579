"""Bank lines that carry out what was agreed before: an approved bill, claim or grant.

The agreement's own service takes the step, with its own rules about who may; the line is tied to
the entry of that step. Amounts in minor units.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from ledger.core.accounts import Acct
from ledger.core.amount import plain_text
from ledger.core.states import AgreementKind, AgreementState, Move
from ledger.db import ReadSession, Session
from ledger.errors import Conflict, Invalid, NotFound
from ledger.models.agreements import Agreement, Step
from ledger.models.statements import MatchRule
from ledger.services.approvals.agreements import total
from ledger.services.banking.items import Item, reference_of, tie
from ledger.services.spending import expenses, grants, spending

MOST_SHOWN = 50
# What can be paid from the bank, and the state in which it waits for that.
PAYABLE = {
    AgreementKind.SPENDING: (AgreementState.BILLED, AgreementState.RELEASED),
    AgreementKind.EXPENSE: (AgreementState.APPROVED,),
    AgreementKind.OUTSIDE_GRANT: (AgreementState.APPROVED,),
}


def pay(session: Session, *, item: Item, reference: str, by: UUID, now: datetime) -> None:
    """Book an outgoing line as the payment of an approved bill, claim or outside grant.

    Raises NotFound for no such agreement, Conflict for another amount or state, and NotAllowed
    for the person who approved it.
    """
    row = _agreement(session, item, reference)
    if row.state not in PAYABLE.get(row.kind, ()):
        raise Conflict("This agreement has no payment waiting.", place="target")
    owed, amount = owed_on(session, row), -item.amount
    named = reference_of(session, item)
    if amount != owed and (row.kind != AgreementKind.OUTSIDE_GRANT or amount > owed):
        raise Conflict(
            "{reference} comes to {owed}. Enter that amount, or choose something else.",
            place="amount",
            reference=row.reference,
            owed=plain_text(owed, row.commodity),
        )
    if row.kind == AgreementKind.EXPENSE:
        expenses.reimburse(session, expense_id=row.id, by=by, on=item.booked_on, now=now)
        _tie(session, item, row, Move.REIMBURSE, "", by, now)
        return
    if row.kind == AgreementKind.OUTSIDE_GRANT:
        grants.pay_outside_grant(
            session,
            grant_id=row.id,
            amount=amount,
            reference=named,
            by=by,
            on=item.booked_on,
            now=now,
        )
        _tie(session, item, row, Move.PAY, named, by, now)
        return
    for state, step in (
        (AgreementState.BILLED, spending.release_payment),
        (AgreementState.RELEASED, spending.see_payment),
    ):
        if row.state == state:
            step(session, spending_id=row.id, reference=named, by=by, on=item.booked_on, now=now)
    _tie(session, item, row, Move.CLEAR, named, by, now)


def receive_tranche(
    session: Session, *, item: Item, reference: str, by: UUID, now: datetime
) -> None:
    """Book an incoming line as money of a grant that was awarded (GRT-2).

    Raises NotFound for no such grant, Conflict for more than is left of it.
    """
    row = _agreement(session, item, reference)
    named = reference_of(session, item)
    grants.receive_tranche(
        session,
        grant_id=row.id,
        amount=item.amount,
        reference=named,
        by=by,
        on=item.booked_on,
        now=now,
    )
    _tie(session, item, row, Move.RECEIVE, named, by, now)


def waiting(session: ReadSession, *, book_id: UUID, out: bool) -> list[tuple[Agreement, int]]:
    """Return what of a book waits for its payment, or for money that was awarded, with how much;
    minor units, the oldest first."""
    kinds = tuple(PAYABLE) if out else (AgreementKind.GRANT,)
    states = {state for named in PAYABLE.values() for state in named}
    rows = session.scalars(
        select(Agreement)
        .where(
            Agreement.book_id == book_id,
            Agreement.kind.in_(kinds),
            Agreement.state.in_(states if out else (AgreementState.ACTIVE,)),
        )
        .order_by(Agreement.created_at, Agreement.id)
        .limit(MOST_SHOWN)
    ).all()
    done = (Move.BILL, Move.PAY) if out else (Move.RECEIVE, Move.CLAIM)
    sums = dict(
        session.execute(
            select(Step.agreement_id, func.sum(Step.quantity))
            .where(Step.agreement_id.in_([row.id for row in rows]), Step.name.in_(done))
            .group_by(Step.agreement_id)
        ).all()
    )
    found = []
    for row in rows:
        moved = int(sums.get(row.id, 0))
        owed = moved if row.kind == AgreementKind.SPENDING else row.quantity - moved
        if row.state in PAYABLE.get(row.kind, (AgreementState.ACTIVE,)) and owed > 0:
            found.append((row, owed))
    return found


def owed_on(session: ReadSession, row: Agreement) -> int:
    """Return what is still to be paid on an agreement that is payable."""
    if row.kind == AgreementKind.SPENDING:
        return total(session, row, Move.BILL)
    if row.kind == AgreementKind.OUTSIDE_GRANT:
        return row.quantity - total(session, row, Move.PAY)
    return row.quantity


def _agreement(session: ReadSession, item: Item, reference: str) -> Agreement:
    if item.account != Acct.BANK:
        raise Conflict(
            "Lines of this account can only be matched to existing journal entries.", place="line"
        )
    row = session.scalar(
        select(Agreement).where(
            Agreement.book_id == item.book_id, Agreement.reference == reference.strip().upper()
        )
    )
    if row is None:
        raise NotFound("This book has no agreement with this reference.", place="target")
    if row.commodity != item.commodity:
        raise Invalid("This agreement is in another currency.", place="target")
    return row


def _tie(
    session: Session,
    item: Item,
    row: Agreement,
    move: Move,
    reference: str,
    by: UUID,
    now: datetime,
) -> None:
    step = session.scalars(
        select(Step)
        .where(Step.agreement_id == row.id, Step.name == move, Step.reference == reference)
        .limit(1)
    ).one()
    if step.entry_id is None:
        raise Conflict("This step books nothing.", place="target")
    rule = MatchRule.GRANT if move in (Move.RECEIVE, Move.PAY) else MatchRule.BILL
    if move == Move.REIMBURSE:
        rule = MatchRule.EXPENSE
    tie(session, item, step.entry_id, rule, by, now)
