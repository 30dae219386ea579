"""Payment files: what is approved and not paid yet, put into one file for the bank.

A file pays nothing by itself: the bank does, and the payment is recorded as before. What went into
a file is marked with its day, so that nothing is paid from two files by mistake.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import and_, func, or_, select

from ledger.core.iban import in_groups
from ledger.core.payment_file import CURRENCY, Batch, Payment, as_csv, as_pain_001
from ledger.core.states import AgreementKind, AgreementState, Move
from ledger.db import ReadSession, Session
from ledger.errors import Conflict, Invalid, NotAllowed
from ledger.models.agreements import Agreement, Step
from ledger.models.books import Book
from ledger.models.people import Person
from ledger.queries.books.details import details_of
from ledger.services.approvals.agreements import check_payer
from ledger.services.spending.bills import IN_FILE

MOST = 500
XML, CSV = "xml", "csv"


@dataclass(frozen=True, slots=True)
class Payable:
    """Something approved that waits to be paid, in minor units; ``iban`` is empty where nobody
    has said it, ``in_file_on`` the ISO day of the file it is in."""

    row: Agreement
    payee: str
    iban: str
    amount: int
    due_on: str
    in_file_on: str

    @property
    def iban_in_groups(self) -> str:
        """The IBAN as it is printed."""
        return in_groups(self.iban)


@dataclass(frozen=True, slots=True)
class PaymentOrder:
    """What a treasurer puts into a file: references of agreements, the day, and the format.

    ``again``: the bank did not take the file in which some of them are.
    """

    references: Collection[str]
    pay_on: date
    file_format: str
    again: bool = False


def payables(session: ReadSession, *, book_id: UUID) -> list[Payable]:
    """Return bills that are booked and claims that are approved and not paid, by due day."""
    rows = session.execute(
        select(Agreement, Person.name)
        .outerjoin(Person, Person.id == Agreement.made_by)
        .where(
            Agreement.book_id == book_id,
            or_(
                and_(
                    Agreement.kind == AgreementKind.SPENDING,
                    Agreement.state == AgreementState.BILLED,
                ),
                and_(
                    Agreement.kind == AgreementKind.EXPENSE,
                    Agreement.state == AgreementState.APPROVED,
                ),
            ),
        )
        .order_by(Agreement.created_at, Agreement.id)
        .limit(MOST)
    ).all()
    billed = _billed(session, [row.id for row, _maker in rows])
    found = [_payable(row, maker or "", billed) for row, maker in rows]
    return sorted(found, key=lambda one: (one.due_on or "9999", one.row.created_at))


def make_file(
    session: Session, *, book: Book, order: PaymentOrder, by: UUID, now: datetime
) -> bytes:
    """Return the payment file of some payables, and mark each as being in it.

    Raises Invalid where nothing is chosen or an account is missing, Conflict for what is in a file
    already or no longer waits, and NotAllowed for what the maker of the file approved or claimed.
    """
    known = {one.row.reference: one for one in payables(session, book_id=book.id)}
    if not order.references:
        raise Invalid("Choose what to pay.", place="pay")
    chosen = []
    for reference in dict.fromkeys(order.references):
        one = known.get(reference)
        if one is None:
            raise Conflict("{reference} does not wait to be paid.", reference=reference)
        _check(one, by, again=order.again)
        chosen.append(one)
    details = details_of(session, book.id)
    if order.file_format == XML and (book.commodity != CURRENCY or not details.iban):
        raise Invalid(
            "A SEPA file needs a book in euro, and the community's own IBAN under Settings, Bank "
            "details. Choose CSV, or have the IBAN entered.",
            place="file_format",
        )
    batch = Batch(
        identifier=f"{book.code}-{now:%Y%m%d%H%M%S}",
        holder=details.account_holder or book.name,
        iban=details.iban,
        bic=details.bic,
        pay_on=order.pay_on,
        made_at=now,
        payments=_payments(chosen),
    )
    for one in chosen:
        one.row.terms = {**one.row.terms, IN_FILE: now.date().isoformat()}
    session.flush()
    return as_pain_001(batch) if order.file_format == XML else as_csv(batch, book.commodity)


def _billed(session: ReadSession, ids: Collection[UUID]) -> dict[UUID, int]:
    """Return what was billed of each agreement."""
    rows = session.execute(
        select(Step.agreement_id, func.sum(Step.quantity))
        .where(Step.agreement_id.in_(ids), Step.name == Move.BILL)
        .group_by(Step.agreement_id)
    )
    return {agreement_id: int(amount) for agreement_id, amount in rows}


def _payable(row: Agreement, maker: str, billed: Mapping[UUID, int]) -> Payable:
    is_bill = row.kind == AgreementKind.SPENDING
    terms = row.terms
    return Payable(
        row=row,
        payee=str(terms.get("payee", "")) if is_bill else maker,
        iban=str(terms.get("iban", "")),
        amount=billed[row.id] if is_bill else row.quantity,
        due_on=str(terms.get("due_on", "")),
        in_file_on=str(terms.get(IN_FILE, "")),
    )


def _check(one: Payable, by: UUID, *, again: bool) -> None:
    """Refuse what cannot be in a file, or not in one of this maker's."""
    check_payer(one.row, by)
    if one.row.kind == AgreementKind.EXPENSE and one.row.made_by == by:
        raise NotAllowed("You cannot reimburse your own claim.", place="by")
    if one.in_file_on and not again:
        raise Conflict(
            "{reference} is in a payment file of {day} already. Tick below that the bank did not "
            "take that file to pay it from this one.",
            reference=one.row.reference,
            day=one.in_file_on,
        )
    if not (one.payee and one.iban):
        raise Invalid(
            "{reference} has no payee with an IBAN, so it cannot be in a payment file.",
            place="pay",
            reference=one.row.reference,
        )


def _payments(chosen: Sequence[Payable]) -> list[Payment]:
    return [
        Payment(
            reference=one.row.reference,
            payee=one.payee,
            iban=one.iban,
            amount=one.amount,
            text=str(one.row.terms.get("bill_number") or one.row.title),
        )
        for one in chosen
    ]
