"""A wrong match is undone, whatever the line was said to mean, and the line is matched anew."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from ledger.core.entry import Posting, entry
from ledger.db import Session
from ledger.errors import Conflict, Invalid
from ledger.models.journal import Entry as EntryRow
from ledger.models.payments import Payout
from ledger.models.people import Person
from ledger.models.statements import BankLine, BankLinePart, LineState, Match
from ledger.queries import invariants
from ledger.queries.banking.statements import open_and_parked_lines_of
from ledger.queries.books.balances import trial_balance
from ledger.queries.pledges.pledge_status import standings_of
from ledger.queries.pledges.pledges import fulfilled_quantity, open_quantity
from ledger.services.banking import match_actions, matching, unmatching
from ledger.services.banking.items import item_by_id
from ledger.services.books import journal
from ledger.services.pledges.pledges import cancel_pledge
from tests.conftest import NOW
from tests.factories import make_person
from tests.worlds.bank_hall import DAY, Hall


@pytest.fixture
def hall(session: Session) -> Hall:
    return Hall(session)


@pytest.fixture
def treasurer(hall: Hall) -> Person:
    return make_person(hall.session, "Tess Treasurer", hall.book, "treasurer")


def say(hall: Hall, line: BankLine, meaning: str, target: str) -> None:
    match_actions.apply(
        hall.session, line_id=line.id, meaning=meaning, target=target, by=None, now=NOW
    )


def undo(
    hall: Hall, line: BankLine | BankLinePart, who: Person, reason: str = "Another giver"
) -> None:
    unmatching.undo_match(hall.session, line_id=line.id, reason=reason, by=who.id, now=NOW)


def balances(hall: Hall) -> list[tuple[int, str, int]]:
    rows = trial_balance(hall.session, book_id=hall.book.id)
    return [(row.account, row.fund, row.quantity) for row in rows]


def broken(hall: Hall) -> list[str]:
    return [row.id for row in invariants.check(hall.session) if not row.ok]


def make_payout(hall: Hall) -> tuple[BankLine, str, str]:
    hall.payout()
    return hall.line(48_000), "payout", "po_1"


def make_pledge(hall: Hall) -> tuple[BankLine, str, str]:
    return hall.line(2_500), "pledge", hall.pledge.reference


def make_entry(hall: Hall) -> tuple[BankLine, str, str]:
    posted = journal.post(
        hall.session,
        [entry("A", Posting(1010, "GEN", "USD", 900), Posting(1030, "GEN", "USD", -900))],
        event_type="cash_banked",
        source="cash",
        external_ref="slip",
        accounting_on=DAY,
        now=NOW,
    )
    return hall.line(900), "entry", str(posted.ids[0])


MEANINGS: dict[str, Callable[[Hall], tuple[BankLine, str, str]]] = {
    "payout": make_payout,
    "pledge": make_pledge,
    "charge": lambda hall: (hall.line(-600), "charge", "GEN"),
    "gift": lambda hall: (hall.line(5_000), "gift", "GEN"),
    "unidentified": lambda hall: (hall.line(5_000), "unidentified", "GEN"),
    "entry": make_entry,
}


@pytest.mark.parametrize("kind", MEANINGS)
def test_undoing_any_match_leaves_the_books_as_before_it_and_the_line_open(
    hall: Hall, treasurer: Person, kind: str
) -> None:
    line, meaning, target = MEANINGS[kind](hall)
    before = balances(hall)
    say(hall, line, meaning, target)
    assert line.state == "matched"
    undo(hall, line, treasurer)
    assert balances(hall) == before
    assert line.state == "open"
    assert line.id in {
        row.line.id for row in open_and_parked_lines_of(hall.session, book_id=hall.book.id)[0].rows
    }
    # And again, by hand: the same meaning or another is booked, not taken for the first.
    say(hall, line, meaning, target)
    assert line.state == "matched"
    undo(hall, line, treasurer)
    assert balances(hall) == before
    if line.amount > 0:
        held = hall.balance(1010, "GEN")
        say(hall, line, "gift", "GEN")
        assert hall.balance(1010, "GEN") == held + line.amount


def test_a_match_that_was_undone_is_kept_with_who_when_and_why(
    hall: Hall, treasurer: Person
) -> None:
    line = hall.line(5_000)
    say(hall, line, "gift", "GEN")
    undo(hall, line, treasurer, " Wrong fund ")
    match = hall.session.scalars(select(Match)).one()
    assert (match.undone_by, match.undone_at, match.undone_reason) == (
        treasurer.id,
        NOW,
        "Wrong fund",
    )
    reversal = hall.session.scalars(
        select(EntryRow).where(EntryRow.reverses == match.entry_id)
    ).one()
    assert (reversal.made_by, reversal.accounting_on) == (treasurer.id, DAY)
    with pytest.raises(Conflict, match="This line has not been matched"):
        undo(hall, line, treasurer)


def test_a_pledge_is_open_again_and_its_giver_is_told_no_refund(
    hall: Hall, treasurer: Person
) -> None:
    line = hall.line(6_000)
    say(hall, line, "pledge", hall.pledge.reference)
    assert hall.pledge.state == "fulfilled"
    undo(hall, line, treasurer)
    assert (hall.pledge.state, open_quantity(hall.session, hall.pledge)) == ("open", 6_000)
    assert fulfilled_quantity(hall.session, hall.pledge) == 0
    found = standings_of(hall.session, pledge_ids=[hall.pledge.id], now=NOW)[hall.pledge.id]
    assert "back" not in found.status.value
    assert "refund" not in found.status.value
    assert "returned" not in found.status.value
    say(hall, line, "pledge", hall.pledge.reference)
    assert hall.pledge.state == "fulfilled"
    assert fulfilled_quantity(hall.session, hall.pledge) == 6_000


def test_what_was_identified_is_undone_first_and_is_unidentified_again(
    hall: Hall, treasurer: Person
) -> None:
    line = hall.line(6_000)
    say(hall, line, "unidentified", "GEN")
    parked = balances(hall)
    say(hall, line, "identify", hall.pledge.reference)
    assert not open_and_parked_lines_of(hall.session, book_id=hall.book.id)[1].rows
    undo(hall, line, treasurer)
    assert balances(hall) == parked
    assert line.state == "matched"
    (row,) = open_and_parked_lines_of(hall.session, book_id=hall.book.id)[1].rows
    assert row.parked
    undo(hall, line, treasurer)
    assert line.state == "open"
    assert not open_and_parked_lines_of(hall.session, book_id=hall.book.id)[1].rows


def test_one_payment_of_a_batch_is_undone_and_the_others_stay(
    hall: Hall, treasurer: Person
) -> None:
    line, parts = hall.batch((1_000, "one"), (2_000, "two"))
    for part in parts:
        matching.match_gift(hall.session, line_id=part.id, fund="GEN", by=None, now=NOW)
    assert line.state == "matched"
    undo(hall, parts[0], treasurer)
    assert (line.state, parts[0].state, parts[1].state) == ("open", "open", "matched")
    assert hall.balance(1010) == 2_000
    matching.match_gift(hall.session, line_id=parts[0].id, fund="SOLAR", by=None, now=NOW)
    assert (line.state, hall.balance(1010)) == ("matched", 3_000)


def test_a_program_leaves_alone_what_somebody_undid(hall: Hall, treasurer: Person) -> None:
    line = hall.line(6_000, hall.pledge.reference)
    assert hall.auto() == 1
    undo(hall, line, treasurer)
    assert hall.auto() == 0
    assert line.state == "open"
    other = hall.line(48_000, "STRIPE HALL TRACE 0042")
    hall.payout(trace="0042")
    assert hall.auto() == 1
    assert other.state == "matched"


def test_what_cannot_be_undone_says_why_and_changes_nothing(hall: Hall, treasurer: Person) -> None:
    line = hall.line(2_500)
    say(hall, line, "pledge", hall.pledge.reference)
    with pytest.raises(Invalid, match="what was wrong"):
        undo(hall, line, treasurer, "  ")
    cancel_pledge(hall.session, pledge_id=hall.pledge.id, on=DAY, now=NOW)
    given = hall.balance(4010, "SOLAR")
    with pytest.raises(
        Conflict,
        match="The pledge has since ended or depends on its campaign",
    ):
        undo(hall, line, treasurer)
    hall.payout()
    arrived = hall.line(48_000)
    say(hall, arrived, "payout", "po_1")
    hall.session.get_one(Payout, "po_1").state = "failed"
    with pytest.raises(
        Conflict, match="Stripe has reversed this payout, so its arrival cannot be undone"
    ):
        undo(hall, arrived, treasurer)
    assert line.state == arrived.state == "matched"
    assert (hall.balance(4010, "SOLAR"), hall.balance(1120)) == (given, 0)


def test_money_that_was_spent_since_is_not_taken_back(hall: Hall, treasurer: Person) -> None:
    line = hall.line(5_000)
    say(hall, line, "gift", "GEN")
    journal.post(
        hall.session,
        [entry("A", Posting(6540, "GEN", "USD", 4_000), Posting(1010, "GEN", "USD", -4_000))],
        event_type="bank_charge",
        source="test",
        external_ref="spent",
        accounting_on=DAY,
        now=NOW,
    )
    with pytest.raises(Conflict):
        undo(hall, line, treasurer)


def test_the_books_hold_every_rule_after_undoing(hall: Hall, treasurer: Person) -> None:
    told = [MEANINGS[kind](hall) for kind in ("payout", "pledge", "gift", "unidentified")]
    hall.statement.closing = sum(line.amount for line, _meaning, _target in told)
    hall.session.flush()
    assert broken(hall) == []
    for line, meaning, target in told:
        say(hall, line, meaning, target)
        undo(hall, line, treasurer)
    assert broken(hall) == []
    # The control: a line that says it is open while a match holds is found.
    say(hall, line, "unidentified", "GEN")
    line.state = LineState.OPEN
    hall.session.flush()
    assert broken(hall) == ["I-38"]
    assert item_by_id(hall.session, line.id).state == "open"
