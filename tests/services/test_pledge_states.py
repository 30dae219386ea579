"""What a giver is told before and after everything that can happen to a pledge, and by mail."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from ledger.core.pledge_sentences import Status
from ledger.core.pledge_status import Standing
from ledger.core.written import format_day, format_quantity
from ledger.db import Session
from ledger.gateway import CheckoutSession
from ledger.gateway import Dispute as Told
from ledger.models.campaigns import Campaign
from ledger.models.payments import PaymentAttempt, Refund
from ledger.models.pledges import Pledge
from ledger.queries.people.people import outbox
from ledger.queries.pledges.pledge_status import standings_of
from ledger.services.banking import cash as offline
from ledger.services.campaigns import campaigns
from ledger.services.campaigns.campaigns import Need
from ledger.services.payments import disputes, payments, refund_settlement, refunds
from ledger.services.pledges import pledges, saved_cards
from tests.conftest import NOW
from tests.factories import make_campaign, make_party, make_person, make_pledge, save_card
from tests.services.undone import shared_db_fixture, undone_fixture  # noqa: F401
from tests.worlds.till import Till

TODAY = NOW.date()


@dataclass
class Stage:
    """A till, a pledge of 60.00 and what happens to it."""

    till: Till
    pledge: Pledge

    def standing(self) -> Standing:
        ids = [self.pledge.id]
        return standings_of(self.till.session, pledge_ids=ids, now=NOW)[self.pledge.id]

    def status(self) -> Status:
        return self.standing().status

    def sentence(self) -> str:
        found = self.standing()
        return found.words(format_quantity, format_day)

    def mails(self) -> list[str]:
        return [mail.body for mail in outbox(self.till.session)]

    def attempt(self, kind: str = "checkout") -> PaymentAttempt:
        return payments.prepare_attempt(
            self.till.session, pledge_id=self.pledge.id, params_sha256="x", now=NOW, kind=kind
        )

    def page(self, status: str, paid: str = "unpaid") -> None:
        """Stripe says how the payment page stands."""
        attempt = self.till.session.scalars(
            select(PaymentAttempt).order_by(PaymentAttempt.n.desc())
        ).first()
        assert attempt is not None
        answer = CheckoutSession("cs_1", "https://x", status, paid, "pi_1", None, None)
        payments.record_session(self.till.session, attempt_id=attempt.id, answer=answer, now=NOW)

    def fail(self) -> None:
        attempt = self.till.session.scalars(select(PaymentAttempt)).one()
        payments.record_failure(
            self.till.session, attempt_id=attempt.id, failure="card_declined", now=NOW
        )

    def pay(self, amount: int = 6000) -> None:
        self.charge = self.till.charge(amount, 204, self.pledge)

    def refund(self, amount: int) -> None:
        self.till.refund(self.charge, amount)

    def ask_refund(self) -> Refund:
        session, book = self.till.session, self.till.book
        by, other = (make_person(session, name, book, "treasurer") for name in ("Tess", "Abe"))
        row = refunds.request_refund(
            session,
            pledge_id=self.pledge.id,
            amount=6000,
            reason="Reason",
            requested_by=by.id,
            now=NOW,
        )
        refunds.approve_refund(session, refund_id=row.id, approved_by=other.id, now=NOW)
        return row

    def dispute(self, status: str, amount: int = 6000) -> None:
        told = Told(
            id="dp_1", charge_id=self.charge.source_id or "", amount=amount, currency="USD",
            reason="fraudulent", status=status, evidence_due_at=None, evidence_given=False,
            created_at=NOW,
        )  # fmt: skip
        disputes.record_dispute(self.till.session, told=told, now=NOW)

    def withdraw(self, amount: int, category: str = "dispute") -> None:
        txn = self.till.movement(amount, category=category)
        disputes.settle_dispute(
            self.till.session, txn_id=txn.id, charge_id=self.charge.source_id or "", now=NOW
        )

    def send_back(self) -> None:
        txn = self.till.movement(-6000, 400, category="payment_failure_refund")
        refund_settlement.settle_return(
            self.till.session, txn_id=txn.id, charge_id=self.charge.source_id or "", now=NOW
        )

    def cancel(self) -> None:
        pledges.cancel_pledge(self.till.session, pledge_id=self.pledge.id, on=TODAY, now=NOW)

    def lapse(self) -> None:
        pledges.lapse_pledge(self.till.session, pledge_id=self.pledge.id, on=TODAY, now=NOW)

    def cash(self, amount: int) -> None:
        offline.record_cash(
            self.till.session,
            book=self.till.book,
            counted=offline.Counted(
                fund=self.till.solar, amount=amount, reference=f"r{amount}", on=TODAY
            ),
            now=NOW,
            made_by=None,
            pledge=self.pledge,
        )


@pytest.fixture
def stage(undone: Session) -> Stage:
    till = Till(undone)
    return Stage(till, till.pledge())


Step = Callable[[Stage], object]
# Each row: what happened first, what is true then, what happens, what is true afterwards, and
# whether its giver hears of it.
WALKS: dict[str, tuple[list[Step], Status, Step, Status, bool]] = {
    "a page is opened": ([], Status.OPEN, lambda s: s.attempt(), Status.NOT_PAID, False),
    "somebody goes back without paying": (
        [lambda s: s.attempt()], Status.NOT_PAID, lambda s: s.page("open"), Status.NOT_PAID, False,
    ),
    "a page expires": (
        [lambda s: s.attempt()], Status.NOT_PAID, lambda s: s.page("expired"), Status.ABANDONED,
        False,
    ),
    "a card is refused": (
        [lambda s: s.attempt()], Status.NOT_PAID, lambda s: s.fail(), Status.REFUSED, False,
    ),
    "a debit sets out": (
        [lambda s: s.attempt()], Status.NOT_PAID, lambda s: s.page("complete"), Status.PROCESSING,
        False,
    ),
    "a debit fails on its way": (
        [lambda s: s.attempt(), lambda s: s.page("complete")], Status.PROCESSING,
        lambda s: s.fail(), Status.REFUSED, True,
    ),
    "a page is paid": (
        [lambda s: s.attempt()], Status.NOT_PAID, lambda s: s.page("complete", "paid"),
        Status.RECORDING, False,
    ),
    "the payment arrives": ([], Status.OPEN, lambda s: s.pay(), Status.FULFILLED, True),
    "a part arrives": ([], Status.OPEN, lambda s: s.cash(4000), Status.PART_ARRIVED, False),
    "more arrives than was pledged": (
        [], Status.OPEN, lambda s: s.cash(7000), Status.OVER_FULFILLED, False,
    ),
    "it is cancelled": ([], Status.OPEN, lambda s: s.cancel(), Status.CANCELLED, False),
    "the rest is cancelled": (
        [lambda s: s.cash(4000)], Status.PART_ARRIVED, lambda s: s.cancel(), Status.CANCELLED_PART,
        False,
    ),
    "it expires": ([], Status.OPEN, lambda s: s.lapse(), Status.EXPIRED, False),
    "the rest expires": (
        [lambda s: s.cash(4000)], Status.PART_ARRIVED, lambda s: s.lapse(), Status.EXPIRED_PART,
        False,
    ),
    "a refund is agreed": (
        [lambda s: s.pay()], Status.FULFILLED, lambda s: s.ask_refund(), Status.REFUND_ON_ITS_WAY,
        False,
    ),
    "all of it is refunded": (
        [lambda s: s.pay()], Status.FULFILLED, lambda s: s.refund(6000), Status.REFUNDED, True,
    ),
    "a part of it is refunded": (
        [lambda s: s.pay()], Status.FULFILLED, lambda s: s.refund(2000), Status.REFUNDED_PART,
        True,
    ),
    "a part of a part is refunded": (
        [lambda s: s.pay(4000)], Status.PART_ARRIVED, lambda s: s.refund(1000),
        Status.REFUNDED_PART_OPEN, True,
    ),
    "a refund is refused": (
        [lambda s: s.pay(), lambda s: s.ask_refund()], Status.REFUND_ON_ITS_WAY,
        lambda s: refunds.record_refused(
            s.till.session, refund_id=s.till.session.scalars(select(Refund.id)).one(), now=NOW
        ),
        Status.REFUND_FAILED, True,
    ),
    "a debit goes back": (
        [lambda s: s.pay()], Status.FULFILLED, lambda s: s.send_back(), Status.PAYMENT_RETURNED,
        True,
    ),
    "a bank asks": (
        [lambda s: s.pay()], Status.FULFILLED, lambda s: s.dispute("warning_needs_response"),
        Status.DISPUTE_INQUIRY, True,
    ),
    "an inquiry is closed": (
        [lambda s: s.pay(), lambda s: s.dispute("warning_under_review")], Status.DISPUTE_INQUIRY,
        lambda s: s.dispute("warning_closed"), Status.DISPUTE_WON, True,
    ),
    "a dispute opens": (
        [lambda s: s.pay(), lambda s: s.withdraw(-6000)], Status.TAKEN_BACK,
        lambda s: s.dispute("needs_response"), Status.DISPUTE_OPEN, True,
    ),
    "a dispute goes on": (
        [lambda s: s.pay(), lambda s: s.withdraw(-6000), lambda s: s.dispute("needs_response")],
        Status.DISPUTE_OPEN, lambda s: s.dispute("under_review"), Status.DISPUTE_OPEN, False,
    ),
    "a dispute is won": (
        [lambda s: s.pay(), lambda s: s.withdraw(-6000), lambda s: s.dispute("under_review"),
         lambda s: s.withdraw(6000, "dispute_reversal")],
        Status.DISPUTE_OPEN, lambda s: s.dispute("won"), Status.DISPUTE_WON, True,
    ),
    "a dispute is lost": (
        [lambda s: s.pay(), lambda s: s.withdraw(-6000), lambda s: s.dispute("under_review")],
        Status.DISPUTE_OPEN, lambda s: s.dispute("lost"), Status.CHARGED_BACK, True,
    ),
    "a part is lost": (
        [lambda s: s.pay(), lambda s: s.withdraw(-2500), lambda s: s.dispute("under_review", 2500)],
        Status.DISPUTE_OPEN, lambda s: s.dispute("lost", 2500), Status.CHARGED_BACK_PART, True,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WALKS)
def test_both_ends_of_a_transition(stage: Stage, name: str) -> None:
    before, then, happens, afterwards, is_told = WALKS[name]
    for step in before:
        step(stage)
    assert stage.status() is then
    mails = len(stage.mails())
    happens(stage)
    assert stage.status() is afterwards
    told = stage.mails()[: len(stage.mails()) - mails]
    assert [stage.sentence() in body for body in told] == [True] * is_told


def gated(stage: Stage, minimum: int, **about: str) -> Pledge:
    campaign = make_campaign(
        stage.till.session,
        stage.till.book,
        stage.till.solar,
        slug="gated",
        mode="all_or_nothing",
        needs=(Need(about.get("commodity", "USD"), "It", minimum, minimum),),
    )
    stage.pledge = make_pledge(
        stage.till.session, campaign, stage.till.party, about.get("commodity", "USD"), 6000
    )
    return stage.pledge


def close(stage: Stage) -> None:
    assert stage.pledge.campaign_id is not None
    campaigns.close_campaign(
        stage.till.session,
        campaign_id=stage.pledge.campaign_id,
        on=date(2027, 1, 1),
        now=NOW + timedelta(days=70),
    )


def test_a_campaign_that_fails_charges_nothing_and_says_so(stage: Stage) -> None:
    gated(stage, 1_000_000)
    assert stage.status() is Status.CONDITIONAL
    close(stage)
    assert stage.status() is Status.NOT_REACHED
    (told,) = stage.mails()
    assert stage.sentence() in told


def test_things_for_a_campaign_that_fails_are_not_needed_any_more(stage: Stage) -> None:
    gated(stage, 10_000, commodity="MIN.ELEC")
    assert stage.status() is Status.CONDITIONAL_OFFER
    close(stage)
    assert stage.status() is Status.OFFER_NOT_REACHED
    (told,) = stage.mails()
    assert stage.sentence() in told
    assert "link:" not in told


def test_a_card_that_was_asked_for_and_not_saved_does_not_count(stage: Stage) -> None:
    gated(stage, 1)
    saved_cards.ask_for_card(stage.till.session, pledge_id=stage.pledge.id, now=NOW)
    assert stage.status() is Status.NO_CARD
    close(stage)
    assert stage.status() is Status.NOT_REACHED


def test_a_promise_that_becomes_owed_asks_for_its_money(stage: Stage) -> None:
    gated(stage, 6000)
    campaign = stage.till.session.get_one(Campaign, stage.pledge.campaign_id)
    other = make_party(stage.till.session, "other@example.org")
    save_card(stage.till.session, make_pledge(stage.till.session, campaign, other))
    close(stage)
    assert (stage.pledge.legal_nature, stage.status()) == ("unconditional", Status.OPEN)
    assert ["has not arrived yet" in told for told in stage.mails()].count(True) == 1


def test_whoever_was_erased_gets_no_message(stage: Stage) -> None:
    stage.pay()
    before = stage.mails()
    stage.till.party.email = ""
    stage.refund(6000)
    assert stage.mails() == before
