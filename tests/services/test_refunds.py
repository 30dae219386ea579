"""Money goes back when two people agree, never more than came, and never twice."""

from uuid import uuid4

import pytest
from sqlalchemy import select

from ledger.db import Session
from ledger.errors import Conflict, Invalid, NotAllowed, NotFound
from ledger.gateway import Refund as Sent
from ledger.models.approval_requests import ApprovalRequest
from ledger.models.jobs import Job
from ledger.models.payments import Refund
from ledger.services.approvals import decisions
from ledger.services.payments import refund_settlement, refunds
from tests.conftest import NOW
from tests.factories import make_person
from tests.services.undone import shared_db_fixture, undone_fixture  # noqa: F401
from tests.worlds.till import Till


class Desk(Till):
    """A till with a treasurer, an approver and a paid pledge of 100.00."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.treasurer = make_person(session, "Tess Till", self.book, "treasurer")
        self.approver = make_person(session, "Abe Agree", self.book, "approver")
        self.paid = self.pledge(10_000)
        self.card = self.charge(10_000, 320, self.paid)

    def ask(self, amount: int) -> Refund:
        return refunds.request_refund(
            self.session,
            pledge_id=self.paid.id,
            amount=amount,
            reason="Paid twice",
            requested_by=self.treasurer.id,
            now=NOW,
        )

    def approve(self, refund: Refund) -> None:
        refunds.approve_refund(
            self.session, refund_id=refund.id, approved_by=self.approver.id, now=NOW
        )

    def jobs(self) -> list[Job]:
        return list(self.session.scalars(select(Job).where(Job.kind == "send_refund")))


@pytest.fixture
def desk(undone: Session) -> Desk:
    return Desk(undone)


def test_a_refund_waits_for_an_approver_and_then_for_the_worker(desk: Desk) -> None:
    refund = desk.ask(4000)
    assert (refund.state, desk.jobs()) == ("requested", [])
    approval_request = desk.session.scalars(select(ApprovalRequest)).one()
    assert (approval_request.kind, approval_request.arguments["quantity"]) == ("refund", 4000)
    desk.approve(refund)
    assert (refund.state, refund.approved_by) == ("approved", desk.approver.id)
    assert [job.arguments for job in desk.jobs()] == [{"refund": str(refund.id)}]
    assert desk.balance(4090) == 0


@pytest.mark.parametrize("amount", [0, -1, 10_001])
def test_more_than_was_paid_or_nothing_is_refused(desk: Desk, amount: int) -> None:
    with pytest.raises(Invalid) as refused:
        desk.ask(amount)
    assert refused.value.place == "amount"


def test_parts_add_up_to_the_whole_and_no_further(desk: Desk) -> None:
    for part in (4000, 4000, 2000):
        desk.ask(part)
    with pytest.raises(Invalid):
        desk.ask(1)


@pytest.mark.parametrize("end", ["rejected", "failed"])
def test_what_was_refused_can_be_asked_for_again(desk: Desk, end: str) -> None:
    refund = desk.ask(10_000)
    if end == "rejected":
        refunds.reject_refund(desk.session, refund_id=refund.id)
    else:
        desk.approve(refund)
        refunds.record_refused(desk.session, refund_id=refund.id, now=NOW)
    assert refund.state == end
    desk.ask(10_000)


def test_a_refund_made_on_stripes_pages_counts(desk: Desk) -> None:
    desk.refund(desk.card, 7000)
    with pytest.raises(Invalid):
        desk.ask(3001)
    desk.ask(3000)
    with pytest.raises(Invalid):
        desk.ask(1)


def test_a_refund_of_ours_in_the_books_counts_once(desk: Desk) -> None:
    refund = desk.ask(4000)
    desk.approve(refund)
    txn = desk.movement(-4000, category="refund", source="re_1")
    refund_settlement.settle_refund(
        desk.session,
        txn_id=txn.id,
        charge_id=str(desk.card.source_id),
        refund_id=refund.id,
        now=NOW,
    )
    assert refund.state == "posted"
    desk.ask(6000)


def test_nobody_approves_their_own_wish_nor_decides_twice(desk: Desk) -> None:
    refund = desk.ask(4000)
    with pytest.raises(NotAllowed):
        refunds.approve_refund(
            desk.session, refund_id=refund.id, approved_by=desk.treasurer.id, now=NOW
        )
    desk.approve(refund)
    with pytest.raises(Conflict):
        desk.approve(refund)
    assert len(desk.jobs()) == 1


def test_what_was_not_paid_by_card_or_does_not_exist_cannot_go_back(desk: Desk) -> None:
    unpaid = desk.pledge()
    for pledge_id, error in ((unpaid.id, Conflict), (uuid4(), NotFound)):
        with pytest.raises(error):
            refunds.request_refund(
                desk.session,
                pledge_id=pledge_id,
                amount=1,
                reason="r",
                requested_by=desk.treasurer.id,
                now=NOW,
            )


@pytest.mark.parametrize(
    ("status", "state"),
    [("succeeded", "sent"), ("pending", "sent"), ("failed", "failed"), ("canceled", "failed")],
)
def test_stripes_answer_is_noted_and_books_nothing(desk: Desk, status: str, state: str) -> None:
    refund = desk.ask(4000)
    desk.approve(refund)
    sent = Sent("re_1", desk.card.source_id, 4000, status)
    refunds.record_sent(desk.session, refund_id=refund.id, answer=sent, now=NOW)
    assert (refund.state, refund.stripe_refund_id) == (state, "re_1")
    assert desk.balance(4090) == 0


def test_the_books_may_hear_of_a_refund_before_its_answer_is_noted(desk: Desk) -> None:
    refund = desk.ask(4000)
    desk.approve(refund)
    txn = desk.movement(-4000, category="refund", source="re_1")
    refund_settlement.settle_refund(
        desk.session,
        txn_id=txn.id,
        charge_id=str(desk.card.source_id),
        refund_id=refund.id,
        now=NOW,
    )
    refunds.record_sent(
        desk.session, refund_id=refund.id, answer=Sent("re_1", "ch", 4000, "succeeded"), now=NOW
    )
    refunds.record_refused(desk.session, refund_id=refund.id, now=NOW)
    assert (refund.state, refund.stripe_refund_id) == ("posted", "re_1")


def test_metadata_of_another_pledges_refund_changes_nothing_there(desk: Desk) -> None:
    refund = desk.ask(4000)
    desk.approve(refund)
    other = desk.charge()
    txn = desk.movement(-100, category="refund", source="re_2")
    refund_settlement.settle_refund(
        desk.session, txn_id=txn.id, charge_id=str(other.source_id), refund_id=refund.id, now=NOW
    )
    assert refund.state == "approved"
    assert desk.balance(4090) == 100


def test_a_refund_without_an_answer_keeps_its_amount_and_can_be_sent_again(desk: Desk) -> None:
    refund = desk.ask(10_000)
    desk.approve(refund)
    for job in desk.jobs():
        job.done_at = NOW
    refunds.record_unanswered(desk.session, refund_id=refund.id)
    assert refund.state == "unanswered"
    with pytest.raises(Invalid):
        desk.ask(1)
    for refund_id, book_id in ((refund.id, uuid4()), (uuid4(), desk.book.id)):
        with pytest.raises(NotFound):
            refunds.retry_refund(desk.session, refund_id=refund_id, book_id=book_id, now=NOW)
    refunds.retry_refund(desk.session, refund_id=refund.id, book_id=desk.book.id, now=NOW)
    assert (refund.state, len(desk.jobs())) == ("approved", 2)
    with pytest.raises(Conflict):
        refunds.retry_refund(desk.session, refund_id=refund.id, book_id=desk.book.id, now=NOW)


@pytest.mark.parametrize(("approve", "state"), [(True, "approved"), (False, "rejected")])
def test_an_approver_decides_through_the_proposal(desk: Desk, approve: bool, state: str) -> None:
    refund = desk.ask(4000)
    approval_request = desk.session.scalars(select(ApprovalRequest)).one()
    decisions.decide(
        desk.session,
        request_id=approval_request.id,
        approve=approve,
        decided_by=desk.approver.id,
        note="",
        now=NOW,
    )
    assert refund.state == state
