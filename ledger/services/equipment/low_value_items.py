"""Things of low value: given with what they are worth, and used up at once (event EQP-04).

Quantity and value go into one entry, so nothing waits for a value; the things stay on the
register. What is worth the capitalisation threshold or more is received and valued in two steps.
"""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from ledger.core import bookkeeping
from ledger.core.days import day_in
from ledger.db import Session
from ledger.errors import Invalid
from ledger.models.approval_requests import ApprovalRequest
from ledger.models.assets import Intake, Valuation, ValuationMethod, ValuationState
from ledger.models.books import Book, Fund
from ledger.queries.books.policies import capitalised_from
from ledger.services.approvals.registry import ApprovalKind, Decision, register
from ledger.services.approvals.requests import propose
from ledger.services.books import journal
from ledger.services.books.books import ensure_commodity
from ledger.services.equipment.assets import Receipt, check_receipt, next_label, tag_items

KIND = "small_gift"


@dataclass(frozen=True, slots=True)
class LowValueGift:
    """Items of one kind that were given; ``quantity`` is what they are worth, in minor units."""

    fund: UUID
    thing: str
    items: int
    description: str
    condition: str
    received_on: date
    quantity: int
    commodity: str


def propose_small_gift(
    session: Session,
    *,
    book: Book,
    fund: Fund,
    receipt: Receipt,
    value: int,
    evidence: str,
    made_by: UUID,
    now: datetime,
) -> ApprovalRequest:
    """Ask to take things in at what they are worth together, in minor units.

    Raises Invalid for what is no thing, a day ahead, a wrong number or fund, no value, or things
    worth so much that they are equipment.
    """
    check_receipt(book, fund, receipt)
    if receipt.received_on > day_in(book.time_zone, now):
        raise Invalid("This date is in the future.", place="received_on")
    if value <= 0:
        raise Invalid("A value must be above zero.", place="value")
    if value >= capitalised_from(session, book, day_in(book.time_zone, now)):
        raise Invalid(
            "Items of this value must be recorded as equipment. Enter a valuation instead.",
            place="value",
        )
    ensure_commodity(session, receipt.commodity)
    return propose(
        session,
        book_id=book.id,
        kind=KIND,
        title=f"Gift of {receipt.description}",
        reason=evidence,
        payload=LowValueGift(
            fund=fund.id,
            thing=receipt.commodity,
            items=receipt.quantity,
            description=receipt.description,
            condition=receipt.condition,
            received_on=receipt.received_on,
            quantity=value,
            commodity=book.commodity,
        ),
        made_by=made_by,
        now=now,
    )


def receive_small_gift(
    session: Session, approval_request: ApprovalRequest, payload: LowValueGift, decision: Decision
) -> None:
    """Count the things in and book their value, on the day they came (EQP-04)."""
    book = session.get_one(Book, approval_request.book_id)
    fund = session.get_one(Fund, payload.fund)
    receipt = Receipt(
        payload.thing, payload.items, payload.description, payload.condition, payload.received_on
    )
    intake = Intake(
        book_id=book.id,
        fund_id=fund.id,
        commodity=payload.thing,
        quantity=payload.items,
        received_on=payload.received_on,
        received_by=approval_request.made_by,
        created_at=decision.now,
        valued=True,
    )
    session.add(intake)
    session.flush()
    items = tag_items(session, intake, receipt)
    valuation = _valued(session, intake, approval_request, payload, decision)
    posted = bookkeeping.small_items_given(
        book=book.code,
        fund=fund.code,
        commodity=intake.commodity,
        quantity=intake.quantity,
        currency=valuation.currency,
        amount=valuation.total,
        valuation=valuation.label,
        asset=",".join(item.tag for item in items) if 0 < len(items) <= 5 else None,
    )
    journal.post(
        session,
        posted,
        event_type="small_gift_received",
        source="intake",
        external_ref=str(intake.id),
        accounting_on=min(intake.received_on, decision.on),
        now=decision.now,
        made_by=journal.Approved(approval_request.made_by, by=decision.by),
    )


def _valued(
    session: Session,
    intake: Intake,
    approval_request: ApprovalRequest,
    payload: LowValueGift,
    decision: Decision,
) -> Valuation:
    valuation = Valuation(
        book_id=intake.book_id,
        label=next_label(session, intake.book_id),
        intake_id=intake.id,
        commodity=intake.commodity,
        quantity=intake.quantity,
        currency=payload.commodity,
        total=payload.quantity,
        method=ValuationMethod.OBSERVABLE,
        evidence=approval_request.reason,
        capitalise=False,
        valued_on=decision.on,
        valued_by=approval_request.made_by,
        approved_by=decision.by,
        state=ValuationState.APPROVED,
    )
    session.add(valuation)
    session.flush()
    return valuation


register(ApprovalKind(KIND, LowValueGift, receive_small_gift))
