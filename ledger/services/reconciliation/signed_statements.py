"""Reconciliation statements are prepared by a treasurer and signed by an approver.

Signing keeps what both saw; nothing is booked. A statement with an unexplained difference can be
signed too, and then carries the reason of both.
"""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from ledger.core.days import day_in
from ledger.core.written import format_day
from ledger.db import Session
from ledger.errors import Conflict, Invalid
from ledger.models.approval_requests import ApprovalRequest
from ledger.models.books import Book
from ledger.models.reconciliation import ReconciliationStatement
from ledger.queries.books.seals import log_size
from ledger.queries.reconciliation.statements import bank_of, reconcile
from ledger.services.approvals.registry import ApprovalKind, Decision, register
from ledger.services.approvals.requests import propose

KIND = "reconciliation"


@dataclass(frozen=True, slots=True)
class Prepared:
    """Which statement is to be signed: of which account and day, and the hash of its document."""

    account: int
    currency: str
    until: date
    document_sha256: str


def prepare_statement(
    session: Session,
    *,
    book: Book,
    account: int,
    commodity: str,
    until: date,
    reason: str,
    made_by: UUID,
    now: datetime,
) -> ApprovalRequest:
    """Put the statement of an account and day before an approver.

    Raises NotFound for an account that is at no bank, Invalid for a day that is not over, and for
    a statement that is not clean without a reason.
    """
    if until >= day_in(book.time_zone, now):
        raise Invalid("Choose a day that is over.", place="until")
    bank = bank_of(session, book_id=book.id, account=account, commodity=commodity)
    found = reconcile(session, book_id=book.id, bank=bank, until=until)
    if not found.is_clean and not reason.strip():
        raise Invalid(
            "This statement leaves something open. Say why it can be signed all the same.",
            place="reason",
        )
    return propose(
        session,
        book_id=book.id,
        kind=KIND,
        title=f"Sign the reconciliation of {account} {commodity} on {format_day(until)}",
        reason=reason.strip() or "Bank and books agree.",
        payload=Prepared(account, commodity, until, found.sha256()),
        made_by=made_by,
        now=now,
    )


def _sign(
    session: Session, request: ApprovalRequest, payload: Prepared, decision: Decision
) -> None:
    """Keep the statement as both saw it. Raises Conflict when it says something else by now."""
    bank = bank_of(
        session, book_id=request.book_id, account=payload.account, commodity=payload.currency
    )
    found = reconcile(session, book_id=request.book_id, bank=bank, until=payload.until)
    if found.sha256() != payload.document_sha256:
        raise Conflict(
            "Bank or books have changed since this statement was prepared. Prepare it again.",
            place="proposal",
        )
    session.add(
        ReconciliationStatement(
            book_id=request.book_id,
            account=payload.account,
            commodity=payload.currency,
            until_on=payload.until,
            bank=found.bank,
            books=found.books,
            unexplained=found.unexplained,
            log_size=log_size(session, request.book_id),
            document=found.document(),
            document_sha256=payload.document_sha256,
            prepared_by=request.made_by,
            prepared_at=request.made_at,
            reason=request.reason,
            signed_by=decision.by,
            signed_at=decision.now,
            note=decision.note,
        )
    )
    session.flush()


register(ApprovalKind(KIND, Prepared, _sign, books_nothing=True))
