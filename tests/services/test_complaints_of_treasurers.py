"""What treasurers report elsewhere (docs/development.md), each as a test: done right here."""

from datetime import date

import pytest
from sqlalchemy import func, select

from ledger.db import Session
from ledger.errors import Conflict, Invalid, NotAllowed
from ledger.models.agreements import Agreement
from ledger.models.approval_requests import ApprovalRequest
from ledger.models.people import Person
from ledger.models.statements import BankLine, BankLinePart, Match
from ledger.queries import invariants
from ledger.queries.books.balances import trial_balance
from ledger.queries.books.books import fund_by_code
from ledger.queries.pledges.pledges import open_quantity
from ledger.services.approvals.agreements import MoneyRequest
from ledger.services.approvals.decisions import decide
from ledger.services.banking import unmatching
from ledger.services.reconciliation.meanings import Part
from ledger.services.reconciliation.splitting import book_parts
from ledger.services.spending import expenses, spending
from ledger.services.spending.spending import SpendingRequest
from tests.conftest import NOW
from tests.factories import make_person, make_pledge
from tests.worlds.bank_hall import DAY, Hall

ON = date(2026, 3, 2)


def agree(session: Session, request: ApprovalRequest, who: Person) -> None:
    """Let somebody say yes to a request."""
    decide(session, request_id=request.id, approve=True, decided_by=who.id, note="", now=NOW)


class Desk(Hall):
    """A hall with a treasurer, an approver and a member, and 1,000.00 to spend."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.treasurer = make_person(session, "Tess Treasurer", self.book, "treasurer")
        self.approver = make_person(session, "Ann Approver", self.book, "approver")
        self.member = make_person(session, "Mo Member", self.book, "member")
        self.say(self.line(100_000, "To begin with"), Part("gift", 100_000, fund="GEN"))

    def say(self, line: BankLine | BankLinePart, *parts: Part, by: Person | None = None) -> None:
        """Book a line as parts."""
        person = by or self.treasurer
        book_parts(self.session, line_id=line.id, parts=parts, by=person.id, now=NOW)

    def undo(self, line: BankLine | BankLinePart) -> None:
        """Undo what a line was last said to be."""
        unmatching.undo_match(
            self.session, line_id=line.id, reason="Wrong", by=self.treasurer.id, now=NOW
        )

    def approve(self, request: ApprovalRequest) -> None:
        """Let the approver agree."""
        decide(
            self.session,
            request_id=request.id,
            approve=True,
            decided_by=self.approver.id,
            note="",
            now=NOW,
        )

    def asked(self) -> ApprovalRequest:
        """The last request."""
        query = select(ApprovalRequest).order_by(ApprovalRequest.id.desc()).limit(1)
        return self.session.scalars(query).one()

    def bill(self, amount: int, title: str = "Paint") -> Agreement:
        """An order that was approved and billed."""
        row = spending.request_spending(
            self.session,
            book=self.book,
            fund=fund_by_code(self.session, self.book.id, "GEN"),
            request=SpendingRequest(amount=amount, title=title, reason="For the hall"),
            made_by=self.member.id,
            now=NOW,
        )
        self.approve(self.asked())
        spending.book_bill(
            self.session, spending_id=row.id, amount=amount, by=self.treasurer.id, on=ON, now=NOW
        )
        return row

    def claim(self, amount: int) -> Agreement:
        """What a member laid out, approved."""
        row = expenses.claim_expense(
            self.session,
            book=self.book,
            fund=fund_by_code(self.session, self.book.id, "GEN"),
            request=MoneyRequest(amount, "Train", "To the meeting"),
            claimed_by=self.member.id,
            now=NOW,
        )
        self.approve(self.asked())
        return row

    def parts(self, line: BankLine) -> list[BankLinePart]:
        """The parts of a line that stand, in order."""
        query = select(BankLinePart).where(
            BankLinePart.bank_line_id == line.id, BankLinePart.stands()
        )
        return list(self.session.scalars(query.order_by(BankLinePart.position)))

    def books(self) -> list[tuple[int, str, int]]:
        """What every account holds."""
        rows = trial_balance(self.session, book_id=self.book.id)
        return sorted((row.account, row.fund, row.quantity) for row in rows if row.quantity)

    def assert_sound(self) -> None:
        """Let ``check`` find nothing."""
        self.statement.closing = self.session.scalar(select(func.sum(BankLine.amount))) or 0
        self.session.flush()
        assert [row for row in invariants.check(self.session) if not row.ok] == []


@pytest.fixture
def desk(session: Session) -> Desk:
    return Desk(session)


def test_unmatching_one_payment_of_a_pledge_leaves_the_other(desk: Desk) -> None:
    """Odoo #279278: unreconciling one match wipes the invoice's others."""
    pledge = make_pledge(desk.session, desk.campaign, desk.party, quantity=10_000)
    first, second = desk.line(6_000), desk.line(4_000)
    desk.say(first, Part("pledge", 6_000, target=pledge.reference))
    desk.say(second, Part("pledge", 4_000, target=pledge.reference))
    assert open_quantity(desk.session, pledge) == 0
    desk.undo(first)
    assert open_quantity(desk.session, pledge) == 6_000
    assert (first.state, second.state) == ("open", "matched")
    desk.assert_sound()
    desk.say(first, Part("pledge", 6_000, target=pledge.reference))
    assert open_quantity(desk.session, pledge) == 0
    desk.assert_sound()


def test_one_transfer_is_split_over_two_pledges(desk: Desk) -> None:
    """pretix: one transfer for two orders; a cent that is missing is named."""
    one = make_pledge(desk.session, desk.campaign, desk.party, quantity=5_000)
    two = make_pledge(desk.session, desk.campaign, desk.party, quantity=10_000)
    line = desk.line(15_000)
    with pytest.raises(Invalid, match=r"0\.01 USD of this line is not explained"):
        desk.say(
            line,
            Part("pledge", 5_000, target=one.reference),
            Part("pledge", 9_999, target=two.reference),
        )
    desk.say(
        line,
        Part("pledge", 5_000, target=one.reference),
        Part("pledge", None, target=two.reference),
    )
    assert (one.state, two.state) == ("fulfilled", "fulfilled")
    desk.assert_sound()


def test_one_payment_clears_several_vouchers(desk: Desk) -> None:
    """ERPNext #35440: of several vouchers for a line only one was cleared."""
    paint, wood = desk.bill(9_000), desk.bill(10_000, "Wood")
    train = desk.claim(5_000)
    line = desk.line(-24_000, "Several bills")
    desk.say(
        line,
        Part("bill", 9_000, target=paint.reference),
        Part("bill", 10_000, target=wood.reference),
        Part("bill", 5_000, target=train.reference),
    )
    assert [row.state for row in (paint, wood, train)] == ["cleared", "cleared", "reimbursed"]
    assert [desk.balance(account) for account in (1130, 2110, 2120)] == [0, 0, 0]
    assert line.state == "matched"
    desk.assert_sound()
    # The tie is undone; the payment itself is undone with its agreement.
    before = desk.books()
    for part in desk.parts(line):
        desk.undo(part)
    assert (desk.books(), line.state, desk.parts(line)) == (before, "open", [])
    desk.assert_sound()


def test_the_approver_of_a_bill_cannot_pay_it_through_the_bank_page(desk: Desk) -> None:
    paint = desk.bill(9_000)
    line = desk.line(-9_000)
    with pytest.raises(NotAllowed, match="You approved this"):
        desk.say(line, Part("bill", 9_000, target=paint.reference), by=desk.approver)


def test_a_bill_is_paid_with_its_own_amount(desk: Desk) -> None:
    paint = desk.bill(9_000)
    with pytest.raises(Conflict, match=r"comes to 90\.00 USD"):
        desk.say(desk.line(-9_001), Part("bill", 9_001, target=paint.reference))


def test_a_partial_payment_keeps_the_rest_open(desk: Desk) -> None:
    pledge = make_pledge(desk.session, desk.campaign, desk.party, quantity=10_000)
    desk.say(desk.line(6_000), Part("pledge", 6_000, target=pledge.reference))
    assert (open_quantity(desk.session, pledge), pledge.state) == (4_000, "part_fulfilled")
    desk.assert_sound()


def test_what_is_over_a_pledge_is_said_and_booked_by_itself(desk: Desk) -> None:
    """Odoo PR 63297: an excess was validated without asking."""
    pledge = make_pledge(desk.session, desk.campaign, desk.party, quantity=10_000)
    line = desk.line(12_000)
    with pytest.raises(Invalid, match=r"20\.00 USD of this line is not explained\. Is it a contr"):
        desk.say(line, Part("pledge", 10_000, target=pledge.reference))
    desk.say(
        line,
        Part("pledge", 10_000, target=pledge.reference),
        Part("unidentified", None, fund="GEN"),
    )
    assert (desk.balance(2190), pledge.state) == (-2_000, "fulfilled")
    desk.assert_sound()


def test_a_line_that_names_another_pledge_is_not_matched_by_amount(desk: Desk) -> None:
    """ERPNext #46725: matched by itself despite another reference."""
    other = make_pledge(desk.session, desk.campaign, desk.party, quantity=7_500)
    line = desk.line(6_000, f"For {other.reference}")
    assert desk.auto() == 0
    assert line.state == "open"
    assert open_quantity(desk.session, desk.pledge) == 6_000


def test_a_payment_without_a_bill_is_booked_when_somebody_else_agrees(desk: Desk) -> None:
    line = desk.line(-3_000, "Hardware shop")
    cost = Part("cost", 3_000, fund="GEN", account=5110, note="Screws")
    desk.say(line, cost)
    assert (line.state, desk.balance(5110)) == ("open", 0)
    with pytest.raises(Conflict, match="already waits for an approver"):
        desk.say(line, cost)
    with pytest.raises(NotAllowed):
        decide(
            desk.session,
            request_id=desk.asked().id,
            approve=True,
            decided_by=desk.treasurer.id,
            note="",
            now=NOW,
        )
    desk.approve(desk.asked())
    assert (line.state, desk.balance(5110)) == ("matched", 3_000)
    desk.assert_sound()
    before = desk.books()
    desk.undo(line)
    assert desk.balance(5110) == 0
    assert desk.books() != before
    desk.assert_sound()


def test_a_cost_of_a_line_that_was_matched_meanwhile_is_not_booked_again(desk: Desk) -> None:
    line = desk.line(-3_000)
    desk.say(line, Part("cost", 3_000, fund="GEN", account=5110, note="Screws"))
    desk.say(line, Part("charge", 3_000, fund="GEN"))
    with pytest.raises(Conflict, match="already been matched"):
        desk.approve(desk.asked())
    assert desk.session.scalar(select(func.count()).select_from(Match)) == 2


def test_a_part_that_waits_for_an_approver_keeps_the_line_open(desk: Desk) -> None:
    line = desk.line(-3_600, "Shop")
    desk.say(
        line,
        Part("cost", 3_000, fund="GEN", account=5110, note="Screws"),
        Part("charge", None, fund="GEN"),
    )
    assert (line.state, desk.balance(6540)) == ("open", 600)
    desk.approve(desk.asked())
    assert (line.state, desk.balance(5110), line.booked_on) == ("matched", 3_000, DAY)
    desk.assert_sound()
