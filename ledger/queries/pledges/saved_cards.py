"""Questions about saved cards and instalments: what is due, what is charged next."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select

from ledger.core.instalments import Part, due_by, next_due
from ledger.core.vocabulary import (
    OPEN_PLEDGES,
    AttemptKind,
    AttemptState,
    LegalNature,
    MandateState,
)
from ledger.db import ReadSession
from ledger.models.mandates import Mandate
from ledger.models.payments import PaymentAttempt
from ledger.models.pledges import Pledge, PledgeLine
from ledger.queries.pledges.pledges import fulfilled_quantity, open_quantity

UNDER_WAY = (AttemptState.PROCESSING, AttemptState.SUCCEEDED)


def mandate_of(session: ReadSession, *, pledge_id: UUID) -> Mandate | None:
    """Return the saved card of a pledge, if its donor was ever asked for one."""
    return session.scalar(select(Mandate).where(Mandate.pledge_id == pledge_id))


def parts_of(session: ReadSession, *, pledge_id: UUID) -> list[Part]:
    """Return the instalments of a pledge, oldest first; none for one that is paid at once."""
    rows = session.scalars(
        select(PledgeLine).where(PledgeLine.pledge_id == pledge_id).order_by(PledgeLine.n)
    )
    return [Part(row.due_on, row.quantity) for row in rows]


def amount_due(session: ReadSession, pledge: Pledge, on: date) -> int:
    """Return what of a pledge may be charged on a day, in minor units, less what is on its way.

    Nothing while a promise is conditional; of instalments those that are due.
    """
    if pledge.legal_nature == LegalNature.CONDITIONAL:
        return 0
    rest = open_quantity(session, pledge) - under_way(session, pledge_id=pledge.id)
    parts = parts_of(session, pledge_id=pledge.id)
    if parts:
        paid = fulfilled_quantity(session, pledge) + under_way(session, pledge_id=pledge.id)
        rest = min(rest, due_by(parts, on, paid))
    return max(0, rest)


def next_due_on(session: ReadSession, pledge: Pledge) -> date | None:
    """Return when the oldest instalment falls due that is neither paid nor on its way."""
    paid = fulfilled_quantity(session, pledge) + under_way(session, pledge_id=pledge.id)
    return next_due(parts_of(session, pledge_id=pledge.id), paid)


def under_way(session: ReadSession, *, pledge_id: UUID) -> int:
    """Return what attempts have taken that is not in the books yet, in minor units."""
    rows = session.scalars(
        select(PaymentAttempt.amount).where(
            PaymentAttempt.pledge_id == pledge_id,
            PaymentAttempt.kind.in_((AttemptKind.CHECKOUT, AttemptKind.OFF_SESSION)),
            PaymentAttempt.state.in_(UNDER_WAY),
        )
    )
    return sum(rows)


def chargeable(session: ReadSession, *, now: datetime, limit: int = 200) -> list[Mandate]:
    """Return saved cards that may be charged now, the longest due first."""
    return list(
        session.scalars(
            select(Mandate)
            .where(Mandate.state == MandateState.SAVED, Mandate.next_charge_at <= now)
            .order_by(Mandate.next_charge_at, Mandate.id)
            .limit(limit)
        )
    )


def to_forget(session: ReadSession, *, limit: int = 200) -> list[Mandate]:
    """Return cards that are kept though their pledge has ended or is made good."""
    return list(
        session.scalars(
            select(Mandate)
            .join(Pledge, Pledge.id == Mandate.pledge_id)
            .where(Mandate.state != MandateState.ENDED, Pledge.state.not_in(OPEN_PLEDGES))
            .limit(limit)
        )
    )


def charge_in_doubt(session: ReadSession, *, pledge_id: UUID) -> PaymentAttempt | None:
    """Return a charge that was asked for and whose outcome nobody has noted yet."""
    return session.scalar(
        select(PaymentAttempt).where(
            PaymentAttempt.pledge_id == pledge_id,
            PaymentAttempt.kind == AttemptKind.OFF_SESSION,
            PaymentAttempt.state == AttemptState.CREATED,
        )
    )
