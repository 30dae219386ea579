"""Costs that one community pays for several, shared by an agreed measure (event ICT-3)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ledger.core import bookkeeping
from ledger.core.allocation import largest_remainder
from ledger.db import Session
from ledger.errors import Invalid
from ledger.models.approval_requests import ApprovalRequest
from ledger.models.books import Book, Fund
from ledger.queries.books.books import book_by_code, fund_by_code
from ledger.services.accounting.fund_control import hold
from ledger.services.approvals.registry import ApprovalKind, Decision, register
from ledger.services.approvals.requests import propose
from ledger.services.books import journal
from ledger.services.books.books import check_own_fund

KIND = "cost_sharing"


@dataclass(frozen=True, slots=True)
class Sharing:
    """A cost in minor units, what it is for, the measures (hours, heads …) by book code, and the
    fund that bears each other community's share."""

    amount: int
    title: str
    measures: Mapping[str, int]
    funds: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SharedCost:
    """A cost in minor units; measures and the funds that bear the shares, by book code."""

    fund: UUID
    quantity: int
    commodity: str
    measures: Mapping[str, int]
    funds: Mapping[str, str]


def propose_sharing(
    session: Session,
    *,
    book: Book,
    fund: Fund,
    cost: Sharing,
    reason: str,
    made_by: UUID,
    now: datetime,
) -> ApprovalRequest:
    """Ask to pay a cost and recharge the others by measures.

    Raises Invalid unless the
    paying book takes part and somebody else has a share, NotFound for an unknown book or fund.
    """
    check_own_fund(book, fund)
    if cost.amount <= 0:
        raise Invalid("Enter an amount above zero.", place="amount")
    if book.code not in cost.measures or len(cost.measures) < 2:
        raise Invalid(
            "Enter a measure for the paying community and at least one other.", place="measures"
        )
    if any(weight < 0 for weight in cost.measures.values()) or not any(cost.measures.values()):
        raise Invalid(
            "Measures cannot be negative, and at least one must be above zero.", place="measures"
        )
    for code in cost.measures:
        if code == book.code:
            continue
        other = book_by_code(session, code)
        if other.commodity != book.commodity:
            raise Invalid("All communities must use the same currency.", place=f"measures.{code}")
        check_own_fund(
            other, fund_by_code(session, other.id, cost.funds.get(code, "")), place="funds"
        )
    shares = shares_of(cost.amount, cost.measures)
    if not any(share for code, share in shares.items() if code != book.code):
        raise Invalid(
            "By these measures, no other community has a share in this cost.", place="measures"
        )
    return propose(
        session,
        book_id=book.id,
        kind=KIND,
        title=cost.title,
        reason=reason,
        payload=SharedCost(fund.id, cost.amount, book.commodity, cost.measures, cost.funds),
        made_by=made_by,
        now=now,
    )


def shares_of(amount: int, measures: Mapping[str, int]) -> dict[str, int]:
    """Split an amount by measures, exactly, in the order given; ties go to the first."""
    return {item.key: item.quantity for item in largest_remainder(amount, list(measures.items()))}


def share_cost(
    session: Session, approval_request: ApprovalRequest, payload: SharedCost, decision: Decision
) -> None:
    """Pay the cost and recharge the others' shares, in all their books."""
    book = session.get_one(Book, approval_request.book_id)
    fund = hold(session, payload.fund, payload.quantity)
    shares = shares_of(payload.quantity, payload.measures)
    place = {"book": book.code, "fund": fund.code, "currency": book.commodity}
    charged = [
        (code, payload.funds[code], share)
        for code, share in shares.items()
        if code != book.code and share
    ]
    for event_type, entries in (
        ("cost_paid", bookkeeping.cost_paid(**place, amount=payload.quantity)),
        ("cost_shared", bookkeeping.cost_shared(**place, shares=charged)),
    ):
        journal.post(
            session,
            entries,
            event_type=event_type,
            source=KIND,
            external_ref=str(approval_request.id),
            accounting_on=decision.on,
            now=decision.now,
            made_by=journal.Approved(approval_request.made_by, by=decision.by),
        )


register(ApprovalKind(KIND, SharedCost, share_cost))
