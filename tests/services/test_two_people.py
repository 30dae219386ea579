"""Where money leaves, one person never does both halves: whoever asks does not approve, whoever
approved does not pay, and nobody pays out their own claim.

The deeds are called as the pages call them, after the roles were asked: here everybody could have
every role.
"""

from collections.abc import Callable
from datetime import date, datetime
from functools import partial
from typing import TypedDict
from uuid import UUID

import pytest

from ledger.db import Session
from ledger.errors import Conflict, NotAllowed
from ledger.models.agreements import Agreement
from ledger.services.approvals.agreements import MoneyRequest
from ledger.services.approvals.registry import Decision
from ledger.services.spending import expenses, grants, spending
from tests.conftest import NOW
from tests.worlds.hamlet import TODAY, Hamlet, account, decide, fund, open_request, sound


class Paid(TypedDict):
    """Whose order is paid, by whom, and when."""

    spending_id: UUID
    by: UUID
    on: date
    now: datetime


NewAgreement = Callable[[Session, Hamlet], Agreement]


def an_order(session: Session, hamlet: Hamlet) -> Agreement:
    return spending.request_spending(
        session,
        book=hamlet.books["A"],
        fund=fund(session, "A", "GEN"),
        request=spending.SpendingRequest(amount=8_000, title="Timber", reason="The stage needs it"),
        made_by=hamlet.maker,
        now=NOW,
    )


def a_claim(session: Session, hamlet: Hamlet) -> Agreement:
    return expenses.claim_expense(
        session,
        book=hamlet.books["A"],
        fund=fund(session, "A", "GEN"),
        request=MoneyRequest(amount=2_000, title="Paint", reason="Laid out"),
        claimed_by=hamlet.maker,
        now=NOW,
    )


def a_grant(session: Session, hamlet: Hamlet) -> Agreement:
    return grants.propose_outside_grant(
        session,
        book=hamlet.books["A"],
        fund=fund(session, "A", "GEN"),
        request=MoneyRequest(amount=3_000, title="The choir", reason="New chairs"),
        made_by=hamlet.maker,
        now=NOW,
    )


def billed(session: Session, hamlet: Hamlet) -> Agreement:
    """An order that the checker approved and the maker has booked the bill of."""
    row = an_order(session, hamlet)
    decide(session, open_request(session, "spending").id, hamlet.checker)
    spending.book_bill(
        session, spending_id=row.id, amount=7_500, by=hamlet.maker, on=TODAY, now=NOW
    )
    return row


def pay(session: Session, row: Agreement, by: UUID) -> None:
    spending.release_payment(session, spending_id=row.id, reference="T1", by=by, on=TODAY, now=NOW)


def test_whoever_approved_a_spending_does_not_pay_it(
    hamlet_session: Session, hamlet: Hamlet
) -> None:
    """DIS-3."""
    row, cash = billed(hamlet_session, hamlet), account(hamlet_session, "A", 1010)
    with pytest.raises(NotAllowed, match="approved this, so you cannot pay it"):
        pay(hamlet_session, row, hamlet.checker)
    assert (row.state, account(hamlet_session, "A", 1010)) == ("billed", cash)
    pay(hamlet_session, row, hamlet.member)
    assert row.state == "released"
    sound(hamlet_session)


def test_whoever_approved_a_spending_does_not_pay_it_again_after_it_came_back(
    hamlet_session: Session, hamlet: Hamlet
) -> None:
    row = billed(hamlet_session, hamlet)
    pay(hamlet_session, row, hamlet.maker)
    common: Paid = {"spending_id": row.id, "by": hamlet.maker, "on": TODAY, "now": NOW}
    spending.see_payment(hamlet_session, reference="T1", **common)
    spending.take_payment_back(hamlet_session, reference="T1", **common)
    release = partial(spending.release_payment, hamlet_session, reference="T2", **common)
    with pytest.raises(NotAllowed):
        release(by=hamlet.checker)
    release()
    assert row.state == "released"


def test_nobody_pays_out_their_own_claim_and_nobody_else_waives_it(
    hamlet_session: Session, hamlet: Hamlet
) -> None:
    """RMB-1, HRS-7."""
    row = a_claim(hamlet_session, hamlet)
    decide(hamlet_session, open_request(hamlet_session, "expense").id, hamlet.checker)
    owed = account(hamlet_session, "A", 2010), account(hamlet_session, "A", 1010)
    reimburse = partial(expenses.reimburse, hamlet_session, expense_id=row.id, on=TODAY, now=NOW)
    with pytest.raises(NotAllowed, match="You cannot reimburse your own claim"):
        reimburse(by=hamlet.maker)
    with pytest.raises(NotAllowed, match="approved this, so you cannot pay it"):
        reimburse(by=hamlet.checker)
    with pytest.raises(NotAllowed, match="Only the member who made the claim can waive it"):
        expenses.waive(hamlet_session, expense_id=row.id, by=hamlet.member, on=TODAY, now=NOW)
    assert row.state == "approved"
    assert (account(hamlet_session, "A", 2010), account(hamlet_session, "A", 1010)) == owed
    reimburse(by=hamlet.member)
    assert row.state == "reimbursed"
    assert account(hamlet_session, "A", 1010) == owed[1] - 2_000
    sound(hamlet_session)


def test_whoever_approved_a_grant_to_others_does_not_pay_it(
    hamlet_session: Session, hamlet: Hamlet
) -> None:
    """GRT-6."""
    row = a_grant(hamlet_session, hamlet)
    decide(hamlet_session, open_request(hamlet_session, "outside_grant").id, hamlet.checker)
    pay_grant = partial(
        grants.pay_outside_grant,
        hamlet_session,
        grant_id=row.id,
        amount=3_000,
        reference="T1",
        on=TODAY,
        now=NOW,
    )
    with pytest.raises(NotAllowed, match="approved this, so you cannot pay it"):
        pay_grant(by=hamlet.checker)
    assert row.state == "approved"
    pay_grant(by=hamlet.member)
    assert row.state == "paid"
    sound(hamlet_session)


@pytest.mark.parametrize(
    ("agreement", "approve"),
    [
        (an_order, spending.approve_spending),
        (a_claim, expenses.approve_expense),
        (a_grant, grants.approve_outside_grant),
    ],
)
def test_whoever_asks_does_not_approve_even_past_the_queue(
    hamlet_session: Session, hamlet: Hamlet, agreement: NewAgreement, approve: Callable[..., None]
) -> None:
    row = agreement(hamlet_session, hamlet)
    with pytest.raises(NotAllowed, match="cannot approve it"):
        approve(hamlet_session, row, Decision(hamlet.maker, TODAY, NOW))
    assert (row.state, row.approved_by) == ("submitted", None)


def test_a_bill_is_not_higher_than_what_was_approved(
    hamlet_session: Session, hamlet: Hamlet
) -> None:
    row = an_order(hamlet_session, hamlet)
    decide(hamlet_session, open_request(hamlet_session, "spending").id, hamlet.checker)
    common: Paid = {"spending_id": row.id, "by": hamlet.maker, "on": TODAY, "now": NOW}
    with pytest.raises(Conflict, match="higher than the order"):
        spending.book_bill(hamlet_session, amount=8_001, **common)
    spending.book_bill(hamlet_session, amount=8_000, **common)
    assert row.state == "billed"
