"""Equipment that is bought, and put to use (event EQP-11); minor units, items.

Where the money was restricted, the book's policy says whether being in use ends the restriction:
always (US), only if the terms of whoever gave it asked for no more (UK, INPAS), or never.
"""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from ledger.core import bookkeeping
from ledger.core.amount import kind_of
from ledger.core.states import AgreementKind, Move
from ledger.core.vocabulary import FundClass
from ledger.db import Session
from ledger.errors import Invalid
from ledger.models.agreements import Agreement
from ledger.models.books import Book, Fund
from ledger.queries.books.policies import policy_of
from ledger.services.accounting.fund_control import hold
from ledger.services.approvals.agreements import (
    NewAgreement,
    StepTaken,
    agreement_kind,
    approve,
    load,
    open_agreement,
    place_of,
    submit_for_approval,
    transition,
)
from ledger.services.approvals.registry import Decision, register
from ledger.services.books.books import check_own_fund, ensure_commodity

KIND = AgreementKind.PURCHASE


@dataclass(frozen=True, slots=True)
class PurchaseRequest:
    """Which items and how many of them are to be bought, for how much together in minor units."""

    commodity: str
    items: int
    amount: int
    title: str
    reason: str


def propose_purchase(
    session: Session,
    *,
    book: Book,
    fund: Fund,
    request: PurchaseRequest,
    made_by: UUID,
    now: datetime,
) -> Agreement:
    """Ask to book a bill for equipment. Raises Invalid for what is no thing or no number."""
    if kind_of(request.commodity) != "things":
        raise Invalid("Choose what was bought.", place="commodity")
    if request.items <= 0:
        raise Invalid("Enter at least one item.", place="items")
    ensure_commodity(session, request.commodity)
    row = open_agreement(
        session,
        agreement=NewAgreement(
            kind=KIND,
            book=book,
            fund=fund,
            quantity=request.amount,
            title=request.title,
            terms={"thing": request.commodity, "items": request.items},
        ),
        made_by=made_by,
        now=now,
    )
    submit_for_approval(session, row, reason=request.reason, now=now)
    return row


def approve_purchase(session: Session, row: Agreement, decision: Decision) -> None:
    """Book the bill and the things. Raises Conflict when the fund has less."""
    hold(session, row.fund_id, row.quantity)
    entries = bookkeeping.items_bought(
        **place_of(session, row),
        commodity=row.terms["thing"],
        quantity=row.terms["items"],
        amount=row.quantity,
    )
    approve(session, row, entries, decision)


def place_in_service(
    session: Session,
    *,
    purchase_id: UUID,
    to_fund: Fund,
    by: UUID,
    on: date,
    now: datetime,
    terms: str = "",
) -> None:
    """Put bought things to use: the restriction on their money has ended (EQP-11), where the
    book's policy says so. ``terms`` are the words by which the money was only to buy them.

    Where it has not ended nothing is posted: the things stay in their fund. Raises Invalid for a
    fund that is not free or is their own.
    """
    row = load(session, purchase_id, KIND)
    book = session.get_one(Book, row.book_id)
    check_own_fund(book, to_fund, place="to_fund")
    rule = policy_of(session, book, on).release_on_service
    if terms.strip():
        row.terms = {**row.terms, "terms": terms.strip()}
    if rule == "never" or (rule == "by_terms" and not terms.strip()):
        transition(
            session,
            row,
            Move.SERVE,
            [],
            taken=StepTaken(quantity=row.quantity, by=by, on=on, now=now),
        )
        return
    if to_fund.fund_class != FundClass.UNRESTRICTED or to_fund.id == row.fund_id:
        raise Invalid("Choose another fund, which must be unrestricted.", place="to_fund")
    own = place_of(session, row)
    entries = bookkeeping.items_placed_in_service(
        book=own["book"],
        from_fund=own["fund"],
        to_fund=to_fund.code,
        commodity=row.terms["thing"],
        quantity=row.terms["items"],
        currency=row.commodity,
        amount=row.quantity,
    )
    transition(
        session,
        row,
        Move.SERVE,
        entries,
        taken=StepTaken(quantity=row.quantity, by=by, on=on, now=now),
    )


register(agreement_kind(KIND, approve_purchase))
