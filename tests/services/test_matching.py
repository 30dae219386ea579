"""What a bank line means: found by rule, booked once, and left to people where it is in doubt."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Barrier
from uuid import UUID

import pytest
from sqlalchemy import select

from ledger.core import bookkeeping
from ledger.core.entry import Posting, entry
from ledger.errors import Conflict, Invalid, NotFound
from ledger.ids import new_id
from ledger.models.journal import Entry as EntryRow
from ledger.models.payments import Payout
from ledger.models.pledges import Fulfilment
from ledger.models.statements import BankLine, BankStatement, Match
from ledger.queries.balances import balance_of, trial_balance
from ledger.queries.pledges import open_quantity
from ledger.queries.statements import agreement, lines_of
from ledger.services import journal, matching
from ledger.services.pledges import cancel_pledge
from ledger.services.suggestions import banking_days
from tests.conftest import NOW
from tests.factories import make_book, make_campaign, make_fund, make_party, make_pledge

DAY = date(2026, 3, 3)


class Hall:
    """A book with two funds, a campaign, a pledge of 60.00 and a statement for lines."""

    def __init__(self, session) -> None:  # type: ignore[no-untyped-def]
        self.session = session
        self.book = make_book(session)
        make_fund(session, self.book)
        solar = make_fund(session, self.book, "SOLAR", "purpose")
        self.campaign = make_campaign(session, self.book, solar)
        self.party = make_party(session)
        self.pledge = make_pledge(session, self.campaign, self.party, quantity=6000)
        self.statement = BankStatement(
            book_id=self.book.id,
            account=1010,
            statement_ref="S",
            file_format="test",
            file_sha256="0" * 64,
            bank_account="X1",
            commodity="USD",
            opening=0,
            closing=0,
            opens_on=DAY,
            closes_on=DAY,
            imported_by=None,
            imported_at=NOW,
        )
        session.add(self.statement)
        session.flush()

    def line(  # type: ignore[no-untyped-def]
        self, amount: int, remittance: str = "", on: date = DAY, account: int = 1010, code=None
    ) -> BankLine:
        """Put a line on the statement."""
        made = BankLine(
            book_id=self.book.id,
            statement_id=self.statement.id,
            account=account,
            position=1,
            amount=amount,
            commodity="USD",
            booked_on=on,
            value_on=on,
            bank_reference=None,
            end_to_end_id=None,
            counterparty_name=None,
            remittance=remittance,
            code=code,
            fingerprint=str(new_id()),
            state="open",
        )
        self.session.add(made)
        self.session.flush()
        return made

    def payout(  # type: ignore[no-untyped-def]
        self, payout_id: str = "po_1", *, trace: str = "", descriptor="STRIPE HALL", state="paid"
    ) -> Payout:
        """Put 480.00 of two funds in transit, as a payout does."""
        funds = {"SOLAR": 30_000, "GEN": 18_000}
        journal.post(
            self.session,
            bookkeeping.payout_created(book="A", currency="USD", funds=funds, payout=payout_id),
            event_type="payout_created",
            source="stripe",
            external_ref=payout_id,
            accounting_on=DAY - timedelta(days=1),
            now=NOW,
        )
        row = Payout(
            stripe_payout_id=payout_id,
            book_id=self.book.id,
            amount=48_000,
            commodity="USD",
            state=state,
            arrival_on=DAY,
            descriptor=descriptor,
            trace=trace,
            created_at=NOW,
        )
        self.session.add(row)
        self.session.flush()
        return row

    def balance(self, account: int, fund: str | None = None) -> int:
        """What an account holds, in minor units."""
        rows = trial_balance(self.session, book_id=self.book.id)
        return sum(
            row.quantity
            for row in rows
            if row.account == account and row.commodity == "USD" and fund in (None, row.fund)
        )

    def rules(self, line: BankLine) -> list[tuple[str, str, bool]]:
        """The suggestions for a line, without their sentences."""
        return [
            (row.rule, row.target, row.certain) for row in matching.suggestions(self.session, line)
        ]

    def auto(self) -> int:
        """Match what is certain."""
        return matching.auto_match(self.session, book_id=self.book.id, now=NOW)


@pytest.fixture
def hall(session) -> Hall:  # type: ignore[no-untyped-def]
    return Hall(session)


def the_match(hall: Hall, line: BankLine) -> Match:
    return hall.session.scalars(select(Match).where(Match.bank_line_id == line.id)).one()


def test_a_payout_that_arrives_is_booked_fund_by_fund_without_anybody(hall):
    payout = hall.payout(trace="0042")
    line = hall.line(48_000, "STRIPE HALL TRACE 0042")
    (found,) = matching.suggestions(hall.session, line)
    assert (found.rule, found.certain, found.posts) == ("M-01", True, "payout_arrived")
    assert "po_1" in found.sentence
    assert hall.auto() == 1
    assert payout.bank_line_id == line.id
    assert line.state == "matched"
    assert hall.balance(1120) == 0
    assert (hall.balance(1010, "SOLAR"), hall.balance(1010, "GEN")) == (30_000, 18_000)
    match = the_match(hall, line)
    posted = hall.session.get_one(EntryRow, (hall.book.id, match.entry_id))
    assert (posted.source, posted.external_ref, posted.event_type, posted.accounting_on) == (
        "bank",
        str(line.id),
        "payout_arrived",
        DAY,
    )
    assert (match.rule, match.made_by) == ("M-01", None)
    assert hall.auto() == 0


@pytest.mark.parametrize(
    ("descriptor", "remittance", "rule"),
    [
        ("STRIPE HALL", "stripe hall payout", "M-01"),
        ("STRIPE HALL", "something else", "M-02"),
        ("", "something else", "M-02"),
        ("A", "A payment", "M-02"),
    ],
)
def test_only_a_payout_that_the_text_names_is_certain(hall, descriptor, remittance, rule):
    hall.payout(descriptor=descriptor)
    line = hall.line(48_000, remittance)
    assert hall.rules(line) == [(rule, "po_1", rule == "M-01")]
    assert hall.auto() == (1 if rule == "M-01" else 0)


@pytest.mark.parametrize(
    ("amount", "on", "state"),
    [
        (47_999, DAY, "paid"),
        (-48_000, DAY, "paid"),
        (48_000, DAY + timedelta(days=8), "paid"),
        (48_000, DAY - timedelta(days=8), "paid"),
        (48_000, DAY, "failed"),
    ],
)
def test_another_amount_day_or_a_failed_payout_is_no_payout(hall, amount, on, state):
    hall.payout(state=state)
    line = hall.line(amount, "STRIPE HALL", on)
    assert not [row for row in hall.rules(line) if row[0] in ("M-01", "M-02")]
    assert hall.auto() == 0


def test_the_window_counts_banking_days():
    friday = date(2026, 3, 6)
    assert banking_days(friday, friday) == 0
    assert banking_days(friday, date(2026, 3, 9)) == 1
    assert banking_days(date(2026, 3, 12), friday) == 4
    assert banking_days(friday, date(2026, 3, 13)) == 5
    assert banking_days(date(2020, 1, 1), friday) > 30


def test_two_payouts_or_two_lines_that_look_alike_wait_for_somebody(hall):
    hall.payout("po_1")
    hall.payout("po_2")
    line = hall.line(48_000, "STRIPE HALL")
    assert [row[2] for row in hall.rules(line)] == [False, False]
    assert hall.auto() == 0


def test_two_lines_for_one_payout_wait_for_somebody(hall):
    hall.payout()
    hall.line(48_000, "STRIPE HALL")
    hall.line(48_000, "STRIPE HALL")
    assert hall.auto() == 0
    assert hall.balance(1120) == 48_000


def test_a_trace_tells_two_equal_payouts_apart(hall):
    hall.payout("po_1", trace="TR-11")
    second = hall.payout("po_2", trace="TR-22")
    line = hall.line(48_000, "STRIPE HALL TR-22")
    assert hall.rules(line) == [("M-01", "po_2", True)]
    assert hall.auto() == 1
    assert second.bank_line_id == line.id


def test_a_payout_is_matched_once_and_a_line_is_matched_once(hall):
    hall.payout()
    line, other = hall.line(48_000), hall.line(48_000)
    by_hand = {"payout_id": "po_1", "by": None, "now": NOW}
    matching.match_payout(hall.session, line_id=line.id, **by_hand)
    with pytest.raises(Conflict, match="matched already"):
        matching.match_payout(hall.session, line_id=line.id, **by_hand)
    with pytest.raises(Conflict, match="arrived already"):
        matching.match_payout(hall.session, line_id=other.id, **by_hand)
    assert hall.balance(1010) == 48_000


def test_a_payout_of_another_amount_or_book_is_refused(hall):
    hall.payout()
    line = hall.line(100)
    with pytest.raises(Conflict, match="differ"):
        matching.match_payout(hall.session, line_id=line.id, payout_id="po_1", by=None, now=NOW)
    with pytest.raises(NotFound):
        matching.match_payout(hall.session, line_id=line.id, payout_id="po_9", by=None, now=NOW)
    with pytest.raises(NotFound):
        matching.match_payout(hall.session, line_id=new_id(), payout_id="po_1", by=None, now=NOW)
    assert hall.balance(1010) == 0


def test_a_payout_that_the_books_do_not_hold_in_transit_is_refused(hall):
    hall.payout()
    hall.session.get_one(Payout, "po_1").amount = 48_001
    line = hall.line(48_001)
    with pytest.raises(Conflict, match="in transit"):
        matching.match_payout(hall.session, line_id=line.id, payout_id="po_1", by=None, now=NOW)


def test_a_transfer_that_names_a_pledge_fulfils_it_without_anybody(hall):
    spoken = hall.pledge.reference.lower().replace("-", " ")
    line = hall.line(6000, f"for the roof {spoken} thanks")
    assert hall.rules(line) == [("M-05", hall.pledge.reference, True)]
    assert hall.auto() == 1
    assert (hall.balance(1010, "SOLAR"), hall.balance(4010, "SOLAR")) == (6000, -6000)
    assert (hall.balance(9110), hall.balance(9190)) == (0, 0)
    assert open_quantity(hall.session, hall.pledge) == 0
    assert hall.pledge.state == "fulfilled"
    (made_good,) = hall.session.scalars(select(Fulfilment))
    assert (made_good.quantity, made_good.source, made_good.source_ref) == (
        6000,
        "bank_line",
        str(line.id),
    )
    assert made_good.entry_id == the_match(hall, line).entry_id


def test_another_amount_than_promised_is_suggested_and_left_to_people(hall):
    line = hall.line(2500, hall.pledge.reference)
    assert hall.rules(line) == [("M-06", hall.pledge.reference, False)]
    assert hall.auto() == 0
    matching.match_pledge(
        hall.session, line_id=line.id, reference=hall.pledge.reference, by=None, now=NOW
    )
    assert open_quantity(hall.session, hall.pledge) == 3500
    assert hall.balance(9110) == 3500
    assert hall.pledge.state == "part_fulfilled"


def test_more_than_promised_is_a_gift_beyond_the_pledge(hall):
    line = hall.line(7000, hall.pledge.reference)
    matching.match_pledge(
        hall.session, line_id=line.id, reference=hall.pledge.reference, by=None, now=NOW
    )
    assert (hall.balance(4010), hall.balance(9110)) == (-7000, 0)
    assert hall.pledge.state == "over_fulfilled"


def test_a_text_that_names_two_pledges_is_left_to_people(hall):
    other = make_pledge(hall.session, hall.campaign, hall.party, quantity=100)
    line = hall.line(6000, f"{hall.pledge.reference} and {other.reference}")
    assert [row[2] for row in hall.rules(line)] == [False, False]
    assert hall.auto() == 0


def test_two_lines_for_one_pledge_are_left_to_people(hall):
    hall.line(6000, hall.pledge.reference)
    hall.line(6000, hall.pledge.reference)
    assert hall.auto() == 0


def test_a_cancelled_pledge_is_never_matched_by_itself(hall):
    cancel_pledge(hall.session, pledge_id=hall.pledge.id, on=DAY, now=NOW)
    line = hall.line(6000, hall.pledge.reference)
    assert hall.rules(line) == [("M-06", hall.pledge.reference, False)]
    assert hall.auto() == 0


def test_a_reference_with_a_wrong_sign_is_no_pledge(hall):
    reference = hall.pledge.reference
    wrong = reference[:-1] + ("A" if reference[-1] != "A" else "B")
    assert hall.rules(hall.line(6000, wrong)) == []
    line = hall.line(6000, reference)
    with pytest.raises(Invalid, match="no pledge"):
        matching.match_pledge(hall.session, line_id=line.id, reference=wrong, by=None, now=NOW)


def test_money_that_goes_out_fulfils_no_pledge_and_is_no_gift(hall):
    line = hall.line(-6000, hall.pledge.reference)
    assert hall.rules(line) == []
    for deed in (
        lambda: matching.match_pledge(
            hall.session, line_id=line.id, reference=hall.pledge.reference, by=None, now=NOW
        ),
        lambda: matching.match_gift(hall.session, line_id=line.id, fund="GEN", by=None, now=NOW),
        lambda: matching.leave_unidentified(
            hall.session, line_id=line.id, fund="GEN", by=None, now=NOW
        ),
    ):
        with pytest.raises(Invalid):
            deed()


@pytest.mark.parametrize(
    ("amount", "text", "code", "found"),
    [
        (-600, "Monthly fee", None, True),
        (-600, "Kontofuehrung", "ACMT-MDOP-CHRG", True),
        (-600, "", "NCHG", True),
        (-600, "Rent", "NTRF", False),
        (600, "Monthly fee", None, False),
        (-10_001, "Monthly fee", None, False),
    ],
)
def test_a_small_debit_that_calls_itself_a_charge_is_suggested(hall, amount, text, code, found):
    line = hall.line(amount, text, code=code)
    assert hall.rules(line) == ([("M-09", "", False)] if found else [])
    assert hall.auto() == 0


def test_a_bank_charge_is_an_expense_of_the_fund(hall):
    line = hall.line(-600, "Monthly fee")
    matching.match_charge(hall.session, line_id=line.id, fund="GEN", by=None, now=NOW)
    assert (hall.balance(6540, "GEN"), hall.balance(1010, "GEN")) == (600, -600)
    with pytest.raises(Conflict):
        matching.match_charge(hall.session, line_id=line.id, fund="GEN", by=None, now=NOW)
    with pytest.raises(Invalid):
        matching.match_charge(hall.session, line_id=hall.line(600).id, fund="GEN", by=None, now=NOW)


def test_money_of_nobody_known_is_owed_until_it_is_identified(hall):
    line = hall.line(6000, "hello")
    matching.leave_unidentified(hall.session, line_id=line.id, fund="GEN", by=None, now=NOW)
    assert (hall.balance(1010, "GEN"), hall.balance(2190, "GEN")) == (6000, -6000)
    (row,) = lines_of(hall.session, book_id=hall.book.id)
    assert row.parked
    matching.identify(
        hall.session, line_id=line.id, reference=hall.pledge.reference, by=None, now=NOW
    )
    assert (hall.balance(2190), hall.balance(1010, "GEN")) == (0, 0)
    assert (hall.balance(1010, "SOLAR"), hall.balance(4010, "SOLAR")) == (6000, -6000)
    assert hall.pledge.state == "fulfilled"
    assert lines_of(hall.session, book_id=hall.book.id) == []
    with pytest.raises(Conflict):
        matching.identify(
            hall.session, line_id=line.id, reference=hall.pledge.reference, by=None, now=NOW
        )


def test_only_parked_money_is_identified(hall):
    line = hall.line(6000)
    with pytest.raises(Conflict):
        matching.identify(
            hall.session, line_id=line.id, reference=hall.pledge.reference, by=None, now=NOW
        )


def test_cash_taken_to_the_bank_is_tied_to_its_entry_and_posts_nothing(hall):
    posted = journal.post(
        hall.session,
        [entry("A", Posting(1010, "GEN", "USD", 700), Posting(1030, "GEN", "USD", -700))],
        event_type="cash_banked",
        source="cash",
        external_ref="1",
        accounting_on=DAY,
        now=NOW,
    )
    line, other = hall.line(700), hall.line(700)
    assert hall.rules(line) == [("entry", str(posted.ids[0]), False)]
    matching.match_entry(hall.session, line_id=line.id, entry_id=posted.ids[0], by=None, now=NOW)
    assert hall.balance(1010) == 700
    assert hall.rules(other) == []
    with pytest.raises(Conflict):
        matching.match_entry(
            hall.session, line_id=other.id, entry_id=posted.ids[0], by=None, now=NOW
        )


def test_a_line_of_another_account_is_only_tied_to_entries_and_stops_no_sweep(hall):
    hall.payout()
    line = hall.line(48_000, "STRIPE HALL", account=1020)
    hall.line(6000, hall.pledge.reference)
    assert hall.rules(line) == []
    assert matching.auto_match_all(hall.session, now=NOW) == 1
    with pytest.raises(Conflict):
        matching.match_gift(hall.session, line_id=line.id, fund="GEN", by=None, now=NOW)


def test_an_unknown_fund_is_refused(hall):
    for deed in (matching.match_gift, matching.leave_unidentified):
        with pytest.raises(NotFound):
            deed(hall.session, line_id=hall.line(5).id, fund="NONE", by=None, now=NOW)


def test_matched_lines_bring_bank_and_books_together(hall):
    hall.payout()
    hall.line(48_000, "STRIPE HALL")
    rent = hall.line(-5_000, "Rent")
    hall.statement.closing = 43_000
    hall.session.flush()
    hall.auto()
    found = agreement(hall.session, book_id=hall.book.id)
    assert found is not None
    assert (found.bank, found.books, found.open_lines, found.unexplained) == (
        43_000,
        48_000,
        -5_000,
        0,
    )
    assert [row.line.id for row in lines_of(hall.session, book_id=hall.book.id)] == [rent.id]


@pytest.mark.parametrize(
    ("meaning", "amount", "target", "account"),
    [
        ("payout", 48_000, "po_1", 1120),
        ("gift", 500, "GEN", 4010),
        ("charge", -500, "GEN", 6540),
        ("unidentified", 500, "GEN", 2190),
    ],
)
def test_what_a_treasurer_says_is_done(hall, meaning, amount, target, account):
    hall.payout()
    before = hall.balance(account)
    line = hall.line(amount)
    matching.apply(hall.session, line_id=line.id, meaning=meaning, target=target, by=None, now=NOW)
    assert hall.balance(account) - before == -amount
    assert line.state == "matched"


@pytest.mark.parametrize(("meaning", "target"), [("theft", ""), ("entry", "no-id")])
def test_a_meaning_that_does_not_exist_is_refused(hall, meaning, target):
    line_id: UUID = hall.line(5).id
    with pytest.raises(Invalid):
        matching.apply(
            hall.session, line_id=line_id, meaning=meaning, target=target, by=None, now=NOW
        )


def test_the_pledge_label_stays_on_what_the_transfer_fulfils(hall):
    hall.line(6000, hall.pledge.reference)
    hall.auto()
    held = balance_of(
        hall.session, book_id=hall.book.id, accounts=[4010], pledge=hall.pledge.reference
    )
    assert held["USD"] == -6000


def test_two_people_who_match_one_line_at_once_book_it_once(db):  # type: ignore[no-untyped-def]
    with db.transaction() as session:
        hall = Hall(session)
        line_id, book_id = hall.line(500).id, hall.book.id
    ready = Barrier(2)

    def match(_person: int) -> str:
        ready.wait(timeout=10)
        try:
            db.run(
                lambda session: matching.match_gift(
                    session, line_id=line_id, fund="GEN", by=None, now=NOW
                )
            )
        except Conflict:
            return "refused"
        return "booked"

    with ThreadPoolExecutor(2) as people:
        assert sorted(people.map(match, range(2))) == ["booked", "refused"]
    with db.snapshot() as session:
        assert balance_of(session, book_id=book_id, accounts=[1010])["USD"] == 500
        assert len(session.scalars(select(Match)).all()) == 1
