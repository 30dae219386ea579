"""What a bank line means is booked once, and undone by nobody in passing."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from functools import partial
from threading import Barrier
from uuid import UUID

import pytest
from sqlalchemy import select

from ledger.core.entry import Posting, entry
from ledger.db import Database, Session
from ledger.errors import Conflict, Invalid, NotFound
from ledger.ids import new_id
from ledger.models.journal import Entry as EntryRow
from ledger.models.payments import Payout
from ledger.models.pledges import Fulfilment, Pledge
from ledger.models.statements import BankLine, Match
from ledger.queries.banking.deposits import items_of as items_of_deposit
from ledger.queries.banking.statements import agreement, open_and_parked_lines_of
from ledger.queries.books.balances import balance_of
from ledger.queries.books.books import fund_by_code
from ledger.queries.invariants import check
from ledger.queries.pledges.pledges import open_quantity
from ledger.services.banking import cash, match_actions, matching
from ledger.services.books import journal
from tests.conftest import NOW
from tests.factories import make_person
from tests.worlds.bank_hall import DAY, Hall


@pytest.fixture
def hall(session: Session) -> Hall:
    return Hall(session)


def the_match(hall: Hall, line: BankLine) -> Match:
    return hall.session.scalars(select(Match).where(Match.bank_line_id == line.id)).one()


def test_a_payout_that_arrives_is_booked_fund_by_fund_without_anybody(hall: Hall) -> None:
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


def test_a_payout_is_matched_once_and_a_line_is_matched_once(hall: Hall) -> None:
    hall.payout()
    line, other = hall.line(48_000), hall.line(48_000)
    by_hand = partial(matching.match_payout, hall.session, payout_id="po_1", by=None, now=NOW)
    by_hand(line_id=line.id)
    with pytest.raises(Conflict, match="already been matched"):
        by_hand(line_id=line.id)
    with pytest.raises(Conflict, match="This payout has already arrived"):
        by_hand(line_id=other.id)
    assert hall.balance(1010) == 48_000


def test_a_payout_of_another_amount_or_book_is_refused(hall: Hall) -> None:
    hall.payout()
    line = hall.line(100)
    with pytest.raises(Conflict, match="differ"):
        matching.match_payout(hall.session, line_id=line.id, payout_id="po_1", by=None, now=NOW)
    with pytest.raises(NotFound):
        matching.match_payout(hall.session, line_id=line.id, payout_id="po_9", by=None, now=NOW)
    with pytest.raises(NotFound):
        matching.match_payout(hall.session, line_id=new_id(), payout_id="po_1", by=None, now=NOW)
    assert hall.balance(1010) == 0


def test_a_payout_that_the_books_do_not_hold_in_transit_is_refused(hall: Hall) -> None:
    hall.payout()
    hall.session.get_one(Payout, "po_1").amount = 48_001
    line = hall.line(48_001)
    with pytest.raises(Conflict, match="in transit"):
        matching.match_payout(hall.session, line_id=line.id, payout_id="po_1", by=None, now=NOW)


def test_a_failed_payout_is_refused_by_hand_too(hall: Hall) -> None:
    hall.payout(state="failed")
    line = hall.line(48_000)
    with pytest.raises(Conflict, match="failed"):
        matching.match_payout(hall.session, line_id=line.id, payout_id="po_1", by=None, now=NOW)


def test_a_transfer_that_names_a_pledge_fulfils_it_without_anybody(hall: Hall) -> None:
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


def test_more_than_promised_is_a_gift_beyond_the_pledge(hall: Hall) -> None:
    line = hall.line(7000, hall.pledge.reference)
    matching.match_pledge(
        hall.session, line_id=line.id, reference=hall.pledge.reference, by=None, now=NOW
    )
    assert (hall.balance(4010), hall.balance(9110)) == (-7000, 0)
    assert hall.pledge.state == "over_fulfilled"


def test_money_that_goes_out_fulfils_no_pledge_and_is_no_gift(hall: Hall) -> None:
    line = hall.line(-6000, hall.pledge.reference)
    assert hall.rules(line) == []
    wrong: tuple[Callable[[], object], ...] = (
        lambda: matching.match_pledge(
            hall.session, line_id=line.id, reference=hall.pledge.reference, by=None, now=NOW
        ),
        lambda: matching.match_gift(hall.session, line_id=line.id, fund="GEN", by=None, now=NOW),
        lambda: matching.leave_unidentified(
            hall.session, line_id=line.id, fund="GEN", by=None, now=NOW
        ),
    )
    for deed in wrong:
        with pytest.raises(Invalid):
            deed()


def test_a_bank_charge_is_an_expense_of_the_fund(hall: Hall) -> None:
    line = hall.line(-600, "Monthly fee")
    matching.match_charge(hall.session, line_id=line.id, fund="GEN", by=None, now=NOW)
    assert (hall.balance(6540, "GEN"), hall.balance(1010, "GEN")) == (600, -600)
    with pytest.raises(Conflict):
        matching.match_charge(hall.session, line_id=line.id, fund="GEN", by=None, now=NOW)
    with pytest.raises(Invalid):
        matching.match_charge(hall.session, line_id=hall.line(600).id, fund="GEN", by=None, now=NOW)


def test_money_of_nobody_known_is_owed_until_it_is_identified(hall: Hall) -> None:
    line = hall.line(6000, "hello")
    matching.leave_unidentified(hall.session, line_id=line.id, fund="GEN", by=None, now=NOW)
    assert (hall.balance(1010, "GEN"), hall.balance(2190, "GEN")) == (6000, -6000)
    (row,) = open_and_parked_lines_of(hall.session, book_id=hall.book.id)[1].rows
    assert row.parked
    matching.identify(
        hall.session, line_id=line.id, reference=hall.pledge.reference, by=None, now=NOW
    )
    assert (hall.balance(2190), hall.balance(1010, "GEN")) == (0, 0)
    assert (hall.balance(1010, "SOLAR"), hall.balance(4010, "SOLAR")) == (6000, -6000)
    assert hall.pledge.state == "fulfilled"
    assert open_and_parked_lines_of(hall.session, book_id=hall.book.id)[1].rows == ()
    assert open_and_parked_lines_of(hall.session, book_id=hall.book.id)[0].rows == ()
    with pytest.raises(Conflict):
        matching.identify(
            hall.session, line_id=line.id, reference=hall.pledge.reference, by=None, now=NOW
        )


def test_only_parked_money_is_identified(hall: Hall) -> None:
    line = hall.line(6000)
    with pytest.raises(Conflict):
        matching.identify(
            hall.session, line_id=line.id, reference=hall.pledge.reference, by=None, now=NOW
        )


def test_cash_taken_to_the_bank_is_tied_to_its_entry_and_posts_nothing(hall: Hall) -> None:
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


def test_a_line_of_another_account_is_only_tied_to_entries_and_stops_no_sweep(hall: Hall) -> None:
    hall.payout()
    line = hall.line(48_000, "STRIPE HALL", account=1020)
    hall.line(6000, hall.pledge.reference)
    assert hall.rules(line) == []
    assert matching.auto_match_all(hall.session, now=NOW) == 1
    with pytest.raises(Conflict):
        matching.match_gift(hall.session, line_id=line.id, fund="GEN", by=None, now=NOW)


def test_an_unknown_fund_is_refused(hall: Hall) -> None:
    for deed in (matching.match_gift, matching.leave_unidentified):
        with pytest.raises(NotFound):
            deed(hall.session, line_id=hall.line(5).id, fund="NONE", by=None, now=NOW)


def test_matched_lines_bring_bank_and_books_together(hall: Hall) -> None:
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
    assert [
        row.line.id for row in open_and_parked_lines_of(hall.session, book_id=hall.book.id)[0].rows
    ] == [rent.id]


@pytest.mark.parametrize(
    ("meaning", "amount", "target", "account"),
    [
        ("payout", 48_000, "po_1", 1120),
        ("gift", 500, "GEN", 4010),
        ("charge", -500, "GEN", 6540),
        ("unidentified", 500, "GEN", 2190),
    ],
)
def test_what_a_treasurer_says_is_done(
    hall: Hall, meaning: str, amount: int, target: str, account: int
) -> None:
    hall.payout()
    before = hall.balance(account)
    line = hall.line(amount)
    match_actions.apply(
        hall.session, line_id=line.id, meaning=meaning, target=target, by=None, now=NOW
    )
    assert hall.balance(account) - before == -amount
    assert line.state == "matched"


@pytest.mark.parametrize(("meaning", "target"), [("theft", ""), ("entry", "no-id")])
def test_a_meaning_that_does_not_exist_is_refused(hall: Hall, meaning: str, target: str) -> None:
    line_id: UUID = hall.line(5).id
    with pytest.raises(Invalid):
        match_actions.apply(
            hall.session, line_id=line_id, meaning=meaning, target=target, by=None, now=NOW
        )


def test_the_pledge_label_stays_on_what_the_transfer_fulfils(hall: Hall) -> None:
    hall.line(6000, hall.pledge.reference)
    hall.auto()
    held = balance_of(
        hall.session, book_id=hall.book.id, accounts=[4010], pledge=hall.pledge.reference
    )
    assert held["USD"] == -6000


def test_two_people_who_match_one_line_at_once_book_it_once(db: Database) -> None:
    with db.transaction() as session:
        hall = Hall(session)
        line_id, book_id = hall.line(500).id, hall.book.id
    ready = Barrier(2)

    def match(_person: int) -> str:
        ready.wait(timeout=60)
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
    with db.snapshot() as reading:
        assert balance_of(reading, book_id=book_id, accounts=[1010])["USD"] == 500
        assert len(reading.scalars(select(Match)).all()) == 1


def banked_cheque(hall: Hall, amount: int = 6000, on: date = DAY) -> tuple[UUID, UUID]:
    """A cheque for the hall's pledge and loose cash, paid in together: deposit and item."""
    fund = fund_by_code(hall.session, hall.book.id, "SOLAR")

    def count(amount: int, reference: str, pledge: Pledge | None) -> UUID:
        return cash.record_cash(
            hall.session,
            book=hall.book,
            counted=cash.Counted(fund, amount, reference, on),
            pledge=pledge,
            made_by=None,
            now=NOW,
        )

    cheque, loose = count(amount, "cheque", hall.pledge), count(900, "loose", None)
    deposit = cash.bank_cash(
        hall.session,
        book=hall.book,
        counted=cash.Counted(fund, amount + 900, "b", on),
        counts=[cheque, loose],
        made_by=None,
        now=NOW,
    )
    items = items_of_deposit(hall.session, book_id=hall.book.id, deposit_id=deposit)
    return deposit, next(one.id for one in items if one.amount == amount)


def returned(hall: Hall, line: BankLine, item: UUID) -> None:
    person = make_person(hall.session, "Tess Till", hall.book, "treasurer")
    match_actions.apply(
        hall.session, line_id=line.id, meaning="returned", target=str(item), by=person.id, now=NOW
    )


@pytest.mark.parametrize("charge", [0, 1_200])
def test_a_cheque_that_the_bank_takes_back_is_booked_from_its_line(hall: Hall, charge: int) -> None:
    """The bank page had no button: the cheque had to be booked by hand, the line matched later."""
    _deposit, item = banked_cheque(hall)
    assert open_quantity(hall.session, hall.pledge) == 0
    line = hall.line(-6000 - charge, "Returned item")
    hall.statement.closing = line.amount
    ideas = matching.suggestions(hall.session, line)
    assert [(one.rule, one.target, one.certain) for one in ideas] == [("M-12", str(item), False)]
    assert (ideas[0].about, ideas[0].amount) == (f"Ada Hill {hall.pledge.reference}", 6000)
    assert hall.auto() == 0
    returned(hall, line, item)
    assert the_match(hall, line).rule == "M-12"
    assert line.state == "matched"
    assert hall.balance(1010) == 900 - charge
    assert (hall.balance(4091), hall.balance(6540, "GEN")) == (6000, charge)
    assert open_quantity(hall.session, hall.pledge) == 6000
    assert [row for row in check(hall.session) if not row.ok] == []


def test_a_cheque_comes_back_once_and_never_for_less(hall: Hall) -> None:
    _deposit, item = banked_cheque(hall)
    less = hall.line(-5999)
    assert matching.suggestions(hall.session, less) == []
    with pytest.raises(Conflict, match="The bank took back less than the amount of this cheque"):
        returned(hall, less, item)
    returned(hall, hall.line(-6000), item)
    with pytest.raises(
        Conflict, match="No deposited cheque with this name is waiting to be matched"
    ):
        returned(hall, hall.line(-6000), item)


def test_a_cheque_that_was_paid_in_later_or_long_before_its_charge_is_not_offered(
    hall: Hall,
) -> None:
    banked_cheque(hall, on=DAY + timedelta(days=1))
    assert matching.suggestions(hall.session, hall.line(-6000)) == []
    assert matching.suggestions(hall.session, hall.line(-60_000)) == []
