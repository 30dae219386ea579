"""Settings that one person asks for and another agrees to: bank details and policies.

Whoever changes where donors send money could take it, and a policy changes what is income; so
another admin or an approver agrees, where there is anybody.
"""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from ledger.core.approval_rules import KEY
from ledger.core.policies import value_of
from ledger.db import Session
from ledger.errors import Conflict, Invalid
from ledger.models.approval_requests import ApprovalRequest
from ledger.models.books import Book
from ledger.queries.approvals.rules import BANK_DETAILS, POLICY, deciders, holders_of
from ledger.queries.books.details import details_of
from ledger.services.approvals.registry import ApprovalKind, Decision, register
from ledger.services.approvals.requests import propose
from ledger.services.approvals.role_grants import PAUSE
from ledger.services.books import details
from ledger.services.books.details import BankDetails
from ledger.services.books.policies import choose_policy


@dataclass(frozen=True, slots=True)
class PolicyChange:
    """A policy of a book that is to have another value from a day on."""

    key: str
    value: str
    valid_from_on: date


def request_bank_details(
    session: Session, *, book: Book, bank: BankDetails, reason: str, made_by: UUID, now: datetime
) -> ApprovalRequest | None:
    """Ask for other bank details; None when nobody else is there, and they are shown at once.

    Raises Invalid as ``details.checked``, Conflict for what donors are shown already.
    """
    bank = details.checked(bank)
    shown = details_of(session, book.id)
    if (shown.account_holder, shown.iban, shown.bic) == (bank.account_holder, bank.iban, bank.bic):
        raise Conflict("Donors are already shown these bank details.", place="iban")
    if not _others(session, book, BANK_DETAILS, made_by, now):
        details.set_bank(session, book=book, bank=bank, made_by=made_by, now=now)
        return None
    return propose(
        session,
        book_id=book.id,
        kind=BANK_DETAILS,
        title="Change the bank details that donors see",
        reason=reason,
        payload=bank,
        made_by=made_by,
        now=now,
    )


def request_policy(
    session: Session,
    *,
    book: Book,
    change: PolicyChange,
    reason: str,
    made_by: UUID,
    now: datetime,
) -> ApprovalRequest | None:
    """Ask for another value of a policy; None when nobody else is there, and it is chosen at once.

    Raises Invalid at the key for an unfit value, and for a key that has a page and rules of its
    own; and as ``choose_policy``.
    """
    if change.key == PAUSE or change.key.partition(".")[0] == KEY:
        raise Invalid("This policy has a page of its own.", place=change.key)
    value_of(change.key, change.value)
    if not _others(session, book, POLICY, made_by, now):
        _choose(session, book, change, made_by, now)
        return None
    # Refuse now what could not be carried out: chosen and undone.
    attempt = session.begin_nested()
    _choose(session, book, change, made_by, now)
    attempt.rollback()
    return propose(
        session,
        book_id=book.id,
        kind=POLICY,
        title=f"Change the policy {change.key}",
        reason=reason,
        payload=change,
        made_by=made_by,
        now=now,
    )


def apply_bank_details(
    session: Session, approval_request: ApprovalRequest, payload: BankDetails, decision: Decision
) -> None:
    """Show agreed bank details to donors."""
    book = session.get_one(Book, approval_request.book_id)
    details.set_bank(
        session, book=book, bank=payload, made_by=approval_request.made_by, now=decision.now
    )


def apply_policy(
    session: Session, approval_request: ApprovalRequest, payload: PolicyChange, decision: Decision
) -> None:
    """Have an agreed policy hold. Raises Invalid when its first day was closed meanwhile."""
    book = session.get_one(Book, approval_request.book_id)
    _choose(session, book, payload, approval_request.made_by, decision.now)


def _others(session: Session, book: Book, kind: str, made_by: UUID, now: datetime) -> set[UUID]:
    return holders_of(session, book_id=book.id, roles=deciders(kind), now=now) - {made_by}


def _choose(
    session: Session, book: Book, change: PolicyChange, made_by: UUID | None, now: datetime
) -> None:
    choose_policy(
        session,
        book=book,
        key=change.key,
        value=change.value,
        valid_from_on=change.valid_from_on,
        now=now,
        made_by=made_by,
    )


register(ApprovalKind(BANK_DETAILS, BankDetails, apply_bank_details, books_nothing=True))
register(ApprovalKind(POLICY, PolicyChange, apply_policy, books_nothing=True))
