"""Materials in bulk: given with their value, and used up (event EQP-12); grams, millilitres, minor
units. The value leaves with the quantity; with the last of it the last unit of value.
"""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func, select

from ledger.core import bookkeeping
from ledger.core.accounts import Acct
from ledger.db import ReadSession, Session
from ledger.errors import Conflict, Invalid
from ledger.models.approval_requests import ApprovalRequest
from ledger.models.assets import Valuation, ValuationMethod, ValuationState
from ledger.models.books import Book, Fund
from ledger.models.journal import Posting
from ledger.queries.books.funds import on_account
from ledger.services.approvals.registry import ApprovalKind, Decision, register
from ledger.services.approvals.requests import propose
from ledger.services.books import journal
from ledger.services.books.books import check_own_fund, ensure_commodity

KIND = "material"
BULK = ("GRM.", "MLT.")


@dataclass(frozen=True, slots=True)
class Material:
    """Material in grams or millilitres and what it is worth, in minor units."""

    commodity: str
    quantity: int
    value: int


@dataclass(frozen=True, slots=True)
class MaterialGiven:
    """Material in grams or millilitres; ``quantity`` is what it is worth, in minor units."""

    fund: UUID
    material: str
    amount_of_material: int
    quantity: int
    commodity: str


def propose_material(
    session: Session,
    *,
    book: Book,
    fund: Fund,
    material: Material,
    evidence: str,
    made_by: UUID,
    now: datetime,
) -> ApprovalRequest:
    """Ask to take given material on stock at its value. Raises Invalid for what is not bulk."""
    check_own_fund(book, fund)
    if not material.commodity.startswith(BULK):
        raise Invalid("Supplies are measured in grams or millilitres.", place="commodity")
    if material.quantity <= 0 or material.value <= 0:
        raise Invalid("Enter a quantity and a value above zero.", place="quantity")
    known = ensure_commodity(session, material.commodity)
    return propose(
        session,
        book_id=book.id,
        kind=KIND,
        title=f"{material.quantity:,} {known.plural} given",
        reason=evidence,
        payload=MaterialGiven(
            fund.id, material.commodity, material.quantity, material.value, book.commodity
        ),
        made_by=made_by,
        now=now,
    )


def receive_material(
    session: Session, approval_request: ApprovalRequest, payload: MaterialGiven, decision: Decision
) -> None:
    """Book material and value together (EQP-12)."""
    valuation = Valuation(
        book_id=approval_request.book_id,
        label=f"M-{approval_request.id.hex[-12:].upper()}",
        commodity=payload.material,
        quantity=payload.amount_of_material,
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
    journal.post(
        session,
        bookkeeping.material_received(
            book=session.get_one(Book, approval_request.book_id).code,
            fund=session.get_one(Fund, payload.fund).code,
            commodity=payload.material,
            quantity=payload.amount_of_material,
            currency=payload.commodity,
            amount=payload.quantity,
            valuation=valuation.label,
        ),
        event_type="material_received",
        source=KIND,
        external_ref=str(approval_request.id),
        accounting_on=decision.on,
        now=decision.now,
        made_by=journal.Approved(approval_request.made_by, by=decision.by),
    )


@dataclass(frozen=True, slots=True)
class MaterialUse:
    """So much of a material taken from stock, in its unit, and what that is known by."""

    commodity: str
    quantity: int
    reference: str


def use_material(
    session: Session,
    *,
    book: Book,
    fund: Fund,
    used: MaterialUse,
    by: UUID,
    on: date,
    now: datetime,
) -> tuple[UUID, int]:
    """Book what was used; return the entry and its value (EQP-12).

    Raises Conflict for more than is there, or so little that it has no value."""
    check_own_fund(book, fund)
    commodity, quantity = used.commodity, used.quantity
    there = on_account(session, fund, Acct.MATERIALS_HELD, currency=commodity)
    if not 0 < quantity <= there:
        raise Conflict("There is less than this in stock.", place="quantity")
    stock = _worth(session, fund, commodity)
    value = stock if quantity == there else stock * quantity // there
    if not value:
        raise Conflict(
            "This quantity is too small to have a value. Record it together with a larger "
            "quantity.",
            place="quantity",
        )
    entry_id = journal.post(
        session,
        bookkeeping.material_used(
            book=book.code,
            fund=fund.code,
            commodity=commodity,
            quantity=quantity,
            currency=book.commodity,
            amount=value,
        ),
        event_type="material_used",
        source=KIND,
        external_ref=f"{fund.code}/{commodity}/{used.reference}",
        accounting_on=on,
        now=now,
        made_by=by,
    ).ids[0]
    return entry_id, value


def _worth(session: ReadSession, fund: Fund, commodity: str) -> int:
    """Return what the stock of one material is worth: the value legs of the entries that moved it,
    for the account itself holds the value of all materials together."""
    moved = select(Posting.entry_id).where(
        Posting.book_id == fund.book_id,
        Posting.fund_id == fund.id,
        Posting.account == Acct.MATERIALS_HELD,
        Posting.commodity == commodity,
    )
    total = session.scalar(
        select(func.sum(Posting.quantity)).where(
            Posting.book_id == fund.book_id,
            Posting.fund_id == fund.id,
            Posting.account == Acct.INVENTORY,
            Posting.entry_id.in_(moved),
        )
    )
    return min(int(total or 0), on_account(session, fund, Acct.INVENTORY))


register(ApprovalKind(KIND, MaterialGiven, receive_material))
