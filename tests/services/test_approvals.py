"""Approvals by amount: the last needed signature books, and only signatures that still count."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Barrier
from uuid import UUID

import pytest
from sqlalchemy import func, select

from ledger.core.approval_rules import ONE, Bands
from ledger.db import Database, Session
from ledger.errors import Conflict, Invalid, NotAllowed, PoolbookError
from ledger.models.agreements import Agreement
from ledger.models.approval_requests import Approval, ApprovalRequest
from ledger.models.books import Book, Fund
from ledger.models.journal import Entry, Posting
from ledger.models.people import Membership
from ledger.queries.approvals import rules
from ledger.queries.books.funds import spendable
from ledger.services.approvals import decisions, previews
from ledger.services.approvals.registry import registered
from ledger.services.approvals.rules import bands_from, propose_rule
from ledger.services.books.policies import choose_policy
from ledger.services.people import people
from ledger.services.spending.spending import SpendingRequest, request_spending
from tests.conftest import NOW
from tests.factories import make_book, make_fund, make_person
from tests.services.test_periods import gift

LATER = NOW + timedelta(hours=1)


@dataclass
class Desk:
    """A community with three approvers, where two approve from 500.00 on."""

    session: Session
    book: Book
    fund: UUID
    maker: UUID
    signers: list[UUID]

    def ask(self, amount: int = 60_000) -> ApprovalRequest:
        """Ask for spending."""
        row = request_spending(
            self.session,
            book=self.book,
            fund=self.session.get_one(Fund, self.fund),
            request=SpendingRequest(
                amount=amount,
                title="Timber",
                account=5110,
                function="programme",
                reason="The roof leaks",
            ),
            made_by=self.maker,
            now=NOW,
        )
        return self.session.scalars(
            select(ApprovalRequest).where(
                ApprovalRequest.arguments["commitment"].as_string() == str(row.id)
            )
        ).one()

    def sign(
        self,
        approval_request: ApprovalRequest,
        who: UUID,
        *,
        approve: bool = True,
        now: datetime = NOW,
    ) -> ApprovalRequest:
        """Sign as somebody."""
        return decisions.decide(
            self.session,
            request_id=approval_request.id,
            approve=approve,
            decided_by=who,
            note="",
            now=now,
        )

    def booked(self) -> int:
        """Return how many entries spending has made."""
        query = select(func.count()).select_from(Entry).where(Entry.source == "spending")
        return int(self.session.scalar(query) or 0)


def make_desk(session: Session) -> Desk:
    book = make_book(session)
    fund = make_fund(session, book)
    gift(session, NOW.date(), "start", amount=1_000_000)
    desk = Desk(
        session,
        book,
        fund.id,
        make_person(session, "Tess", book, "treasurer").id,
        [make_person(session, name, book, "approver").id for name in ("Ann", "Bo", "Cy")],
    )
    choose(session, book, "0:1,500:2")
    return desk


def choose(session: Session, book: Book, rule: str, kind: str = "") -> None:
    key = f"approvals.{kind}" if kind else "approvals"
    choose_policy(session, book=book, key=key, value=rule, valid_from_on=NOW.date(), now=NOW)


@pytest.fixture
def desk(session: Session) -> Desk:
    return make_desk(session)


def test_one_signature_books_what_is_below_the_bound(desk: Desk) -> None:
    approval_request = desk.sign(desk.ask(49_999), desk.signers[0])
    assert (approval_request.state, desk.booked()) == ("approved", 1)


def test_from_the_bound_on_the_second_signature_books_and_once(desk: Desk) -> None:
    approval_request = desk.ask(50_000)
    desk.sign(approval_request, desk.signers[0])
    assert (approval_request.state, desk.booked()) == ("open", 0)
    desk.sign(approval_request, desk.signers[1])
    assert (approval_request.state, desk.booked()) == ("approved", 1)
    assert approval_request.decided_by == desk.signers[1]
    rows = desk.session.scalars(select(Approval.approved_by)).all()
    assert {*rows} == {*desk.signers[:2]}
    with pytest.raises(Conflict):
        desk.sign(approval_request, desk.signers[2])
    assert desk.booked() == 1


def test_one_signature_is_a_row_too(desk: Desk) -> None:
    desk.sign(desk.ask(100), desk.signers[0])
    assert desk.session.scalars(select(Approval.approved_by)).all() == [desk.signers[0]]


def test_the_same_person_never_counts_twice_and_the_maker_never(desk: Desk) -> None:
    approval_request = desk.ask()
    desk.sign(approval_request, desk.signers[0])
    with pytest.raises(NotAllowed, match="you have already"):
        desk.sign(approval_request, desk.signers[0])
    with pytest.raises(NotAllowed, match="cannot approve it"):
        desk.sign(approval_request, desk.maker)
    assert (approval_request.state, desk.booked()) == ("open", 0)


def test_a_maker_who_is_an_approver_does_not_count(desk: Desk) -> None:
    desk.maker = desk.signers[2]
    approval_request = desk.ask()
    desk.session.add(
        Approval(request_id=approval_request.id, approved_by=desk.maker, approved_at=NOW, note="")
    )
    desk.sign(approval_request, desk.signers[0])
    assert (approval_request.state, desk.booked()) == ("open", 0)


@pytest.mark.parametrize("role", ["member", "treasurer", "auditor", "admin"])
def test_nobody_signs_without_the_role(desk: Desk, role: str) -> None:
    other = make_person(desk.session, "Other", desk.book, role)
    approval_request = desk.ask(100)
    for approve in (True, False):
        with pytest.raises(NotAllowed, match="role"):
            desk.sign(approval_request, other.id, approve=approve)
    assert (approval_request.state, desk.booked()) == ("open", 0)


def test_a_signature_of_somebody_whose_role_has_ended_does_not_count(desk: Desk) -> None:
    approval_request = desk.ask()
    desk.sign(approval_request, desk.signers[0])
    held = desk.session.scalars(
        select(Membership).where(Membership.person_id == desk.signers[0])
    ).one()
    people.end_role(
        desk.session, book_id=desk.book.id, membership_id=held.id, ended_by=None, now=LATER
    )
    desk.sign(approval_request, desk.signers[1], now=LATER)
    assert (approval_request.state, desk.booked()) == ("open", 0)
    desk.sign(approval_request, desk.signers[2], now=LATER)
    assert (approval_request.state, desk.booked()) == ("approved", 1)


def test_one_no_ends_it(desk: Desk) -> None:
    approval_request = desk.ask()
    desk.sign(approval_request, desk.signers[0])
    desk.sign(approval_request, desk.signers[1], approve=False)
    assert (approval_request.state, desk.booked()) == ("rejected", 0)


def test_a_rule_of_a_kind_goes_before_that_of_every_kind(desk: Desk) -> None:
    choose(desk.session, desk.book, "0:3", "spending")
    approval_request = desk.ask(100)
    for who in desk.signers[:2]:
        desk.sign(approval_request, who)
    assert approval_request.state == "open"
    desk.sign(approval_request, desk.signers[2])
    assert approval_request.state == "approved"


def test_an_amount_that_was_raised_behind_a_request_needs_the_people_of_the_larger_one(
    desk: Desk,
) -> None:
    """What is booked counts, whatever the request says."""
    approval_request = desk.ask(100)
    row = desk.session.get_one(Agreement, UUID(approval_request.arguments["commitment"]))
    row.quantity = 60_000
    desk.sign(approval_request, desk.signers[0])
    assert (approval_request.state, desk.booked(), row.state) == ("open", 0, "submitted")
    desk.sign(approval_request, desk.signers[1])
    assert (approval_request.state, desk.booked()) == ("approved", 1)


def test_a_preview_shows_the_entries_that_the_approval_then_books(desk: Desk) -> None:
    approval_request = desk.ask()
    before = counts(desk.session)
    seen = previews.preview(
        desk.session, request_id=approval_request.id, by=desk.signers[0], now=NOW
    )
    assert counts(desk.session) == before
    assert approval_request.state == "open"
    for who in desk.signers[:2]:
        desk.sign(approval_request, who)
    entry = desk.session.scalars(select(Entry).where(Entry.source == "spending")).one()
    legs = desk.session.scalars(
        select(Posting).where(Posting.entry_id == entry.id).order_by(Posting.line)
    ).all()
    ((_book, shown),) = seen.entries
    assert [(leg.account, leg.quantity) for leg in shown.legs] == [
        (leg.account, leg.quantity) for leg in legs
    ]
    assert shown.event_type == entry.event_type
    fund = desk.session.get_one(Fund, desk.fund)
    (left,) = seen.funds
    assert (left.before, left.after) == (1_000_000, spendable(desk.session, fund))
    assert left.after == 940_000


def counts(session: Session) -> list[int]:
    return [
        int(session.scalar(select(func.count()).select_from(table)) or 0)
        for table in (Entry, Posting, Approval)
    ]


def test_a_preview_of_what_cannot_be_done_leaves_nothing(desk: Desk) -> None:
    approval_request = desk.ask(2_000_000)
    before = counts(desk.session)
    with pytest.raises(PoolbookError):
        previews.preview(desk.session, request_id=approval_request.id, by=desk.signers[0], now=NOW)
    assert counts(desk.session) == before


def test_every_kind_that_can_be_approved_needs_one_person_at_least(desk: Desk) -> None:
    policy = rules.rules_of(desk.session, [desk.book.id], NOW)[desk.book.id]
    for kind in registered():
        arguments = {"quantity": 1, "commodity": "USD", "kind": "spending", "kinds": []}
        assert rules.needed_by(policy, kind, arguments, "USD") >= 1, kind


# Rules themselves.


def ask_rule(
    desk: Desk, amounts: list[int | None], by: UUID, kind: str = ""
) -> ApprovalRequest | None:
    return propose_rule(
        desk.session,
        book=desk.book,
        kind=kind,
        bands=bands_from(amounts),
        reason="We grew",
        made_by=by,
        now=NOW,
    )


def rule(desk: Desk, kind: str = "") -> Bands:
    return rules.rules_of(desk.session, [desk.book.id], NOW)[desk.book.id].bands_of(kind)


def test_a_rule_waits_for_as_many_people_as_it_asked_for(desk: Desk) -> None:
    """An admin and one approver together cannot lower what two approvers have to sign."""
    admin = make_person(desk.session, "Ada", desk.book, "admin").id
    approval_request = ask_rule(desk, [None, None], admin)
    assert approval_request is not None
    with pytest.raises(NotAllowed):
        desk.sign(approval_request, admin)
    desk.sign(approval_request, desk.signers[0])
    assert rule(desk) == ((0, 1), (500, 2))
    desk.sign(approval_request, desk.signers[1])
    assert rule(desk) == ONE


def test_a_rule_that_asks_for_more_is_agreed_to_by_the_people_of_before(desk: Desk) -> None:
    admin = make_person(desk.session, "Ada", desk.book, "admin").id
    choose(desk.session, desk.book, "0:1")
    approval_request = ask_rule(desk, [0, None], admin)
    assert approval_request is not None
    desk.sign(approval_request, desk.signers[0])
    assert (approval_request.state, rule(desk)) == ("approved", ((0, 2),))


def test_an_admin_alone_chooses_at_once(session: Session) -> None:
    book = make_book(session)
    admin = make_person(session, "Ada", book, "admin").id
    desk = Desk(session, book, make_fund(session, book).id, admin, [])
    choose(session, book, "0:2")
    assert ask_rule(desk, [None, None], admin) is None
    assert rule(desk) == ONE


def test_a_rule_that_nobody_could_fulfil_is_refused(desk: Desk) -> None:
    admin = make_person(desk.session, "Ada", desk.book, "admin").id
    choose(desk.session, desk.book, "0:1")
    people_held = desk.session.scalars(
        select(Membership).where(Membership.person_id.in_(desk.signers[1:]))
    ).all()
    for row in people_held:
        row.ends_at = NOW
    with pytest.raises(Invalid, match="1 people"):
        ask_rule(desk, [100, None], admin)
    with pytest.raises(Conflict, match="already"):
        ask_rule(desk, [None, None], admin)


# Two last signatures at one moment.


@pytest.mark.parametrize("already", [0, 1])
def test_two_signatures_at_one_moment_book_once(db: Database, already: int) -> None:
    """With one more needed the later is told so; with two, together they are the two."""
    with db.transaction() as session:
        desk = make_desk(session)
        approval_request = desk.ask()
        for who in desk.signers[:already]:
            desk.sign(approval_request, who)
        signers = desk.signers[already : already + 2]
    together = Barrier(2)

    def sign(who: UUID) -> str:
        def deed(session: Session) -> str:
            return decisions.decide(
                session,
                request_id=approval_request.id,
                approve=True,
                decided_by=who,
                note="",
                now=NOW,
            ).state

        together.wait(10)
        try:
            return db.run(deed)
        except Conflict as refusal:
            return refusal.message

    with ThreadPoolExecutor(2) as both:
        states = sorted(both.map(sign, signers))
    assert states == (
        ["approved", "open"]
        if not already
        else ["This request has already been decided.", "approved"]
    )
    with db.snapshot() as reading:
        made = reading.scalars(select(Entry).where(Entry.source == "spending")).all()
        assert len(made) == 1


def test_without_the_check_of_the_role_the_test_of_it_fails(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The controls: each guard, broken alone, turns its test red."""
    from ledger.services.approvals import requests

    def broken(test: Callable[[Desk], None]) -> None:
        savepoint = desk.session.begin_nested()
        with pytest.raises((AssertionError, pytest.fail.Exception)):
            test(desk)
        savepoint.rollback()

    with monkeypatch.context() as patched:
        patched.setattr(requests, "may_sign", lambda *_args, **_named: True)
        broken(lambda desk: test_nobody_signs_without_the_role(desk, "member"))
    with monkeypatch.context() as patched:
        everybody = lambda session, *, approval_request, now: session.scalars(  # noqa: E731, ARG005
            select(Approval.approved_by).where(Approval.request_id == approval_request.id)
        ).all()
        patched.setattr(decisions, "signers_of", everybody)
        broken(test_a_signature_of_somebody_whose_role_has_ended_does_not_count)
        broken(test_a_maker_who_is_an_approver_does_not_count)
    with monkeypatch.context() as patched:
        patched.setattr(decisions, "booked_since", lambda *_args: 0)
        broken(test_an_amount_that_was_raised_behind_a_request_needs_the_people_of_the_larger_one)
