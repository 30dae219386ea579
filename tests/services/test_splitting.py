"""A bank line becomes anything, in parts that sum to it, and each part is undone by itself."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from ledger.db import Session
from ledger.errors import Conflict, Invalid, NotFound
from ledger.models.people import Person
from ledger.models.statements import BankLine, BankLinePart, Match
from ledger.queries import invariants
from ledger.queries.banking.statements import open_and_parked_lines_of
from ledger.queries.books.balances import trial_balance
from ledger.services.banking import unmatching
from ledger.services.reconciliation.meanings import Part
from ledger.services.reconciliation.splitting import book_parts
from tests.conftest import NOW
from tests.factories import make_person
from tests.worlds.bank_hall import Hall


@pytest.fixture
def hall(session: Session) -> Hall:
    return Hall(session)


@pytest.fixture
def treasurer(hall: Hall) -> Person:
    return make_person(hall.session, "Tess Treasurer", hall.book, "treasurer")


def say(hall: Hall, line: BankLine | BankLinePart, who: Person, *parts: Part) -> None:
    book_parts(hall.session, line_id=line.id, parts=parts, by=who.id, now=NOW)


def undo(hall: Hall, part: BankLine | BankLinePart, who: Person) -> None:
    unmatching.undo_match(
        hall.session, line_id=part.id, reason="Another purpose", by=who.id, now=NOW
    )


def parts_of(hall: Hall, line: BankLine) -> list[BankLinePart]:
    """The parts that stand, in order."""
    query = select(BankLinePart).where(BankLinePart.bank_line_id == line.id, BankLinePart.stands())
    return list(hall.session.scalars(query.order_by(BankLinePart.position)))


def balances(hall: Hall) -> list[tuple[int, str, int]]:
    rows = trial_balance(hall.session, book_id=hall.book.id)
    return sorted((row.account, row.fund, row.quantity) for row in rows if row.quantity)


def assert_sound(hall: Hall) -> None:
    # The statement closes with what its lines come to.
    hall.statement.closing = sum(hall.session.scalars(select(BankLine.amount)))
    hall.session.flush()
    assert [row for row in invariants.check(hall.session) if not row.ok] == []


def test_a_line_becomes_a_gift_a_pledge_interest_and_money_of_others_less_a_fee(
    hall: Hall, treasurer: Person
) -> None:
    line = hall.line(10_000, "Several things")
    say(
        hall,
        line,
        treasurer,
        Part("pledge", 6_000, target=hall.pledge.reference),
        Part("gift", 2_500, fund="SOLAR", note="For the panels"),
        Part("interest", 700, fund="GEN"),
        Part("not_ours", 1_000, fund="GEN"),
        Part("charge", 200, fund="GEN"),
    )
    assert line.state == "matched"
    assert [part.amount for part in parts_of(hall, line)] == [6_000, 2_500, 700, 1_000, -200]
    assert hall.balance(1010) == 10_000
    assert hall.balance(4010, "SOLAR") == -8_500
    assert (hall.balance(4940), hall.balance(2420), hall.balance(6540)) == (-700, -1_000, 200)
    assert hall.pledge.state == "fulfilled"
    noted = hall.session.scalars(select(Match.note).where(Match.note != "")).all()
    assert noted == ["For the panels"]
    assert_sound(hall)


@pytest.mark.parametrize(
    ("amounts", "said"),
    [
        ((6_000, 3_999), "0.01 USD of this line is not explained. Is it a contribution"),
        ((6_000, 4_001), "The parts are 0.01 USD more than this line."),
    ],
)
def test_parts_that_are_not_the_line_are_refused_naming_what_is_left(
    hall: Hall, treasurer: Person, amounts: tuple[int, int], said: str
) -> None:
    line = hall.line(10_000)
    before = balances(hall)
    first, second = amounts
    with pytest.raises(Invalid, match=said) as refusal:
        say(
            hall, line, treasurer, Part("gift", first, fund="GEN"), Part("gift", second, fund="GEN")
        )
    assert refusal.value.place == "parts"
    assert balances(hall) == before
    assert parts_of(hall, line) == []


def test_what_an_outgoing_line_leaves_unexplained_is_no_gift(hall: Hall, treasurer: Person) -> None:
    line = hall.line(-1_000)
    with pytest.raises(Invalid, match=r"^4\.00 USD of this line is not explained\.$"):
        say(hall, line, treasurer, Part("charge", 600, fund="GEN"))


def test_a_part_that_its_service_refuses_books_none_of_them(hall: Hall, treasurer: Person) -> None:
    line = hall.line(10_000)
    before = balances(hall)
    attempt = hall.session.begin_nested()
    with pytest.raises(Invalid, match="no pledge of money") as refusal:
        say(
            hall,
            line,
            treasurer,
            Part("gift", 4_000, fund="GEN"),
            Part("pledge", 6_000, target="P-NONE-NONE"),
        )
    attempt.rollback()
    assert refusal.value.place == "1.reference"
    assert balances(hall) == before


@pytest.mark.parametrize(
    ("part", "place"),
    [
        (Part("gift", 1_000), "0.fund"),
        (Part("pledge", 1_000), "0.target"),
        (Part("cost_refund", 1_000, fund="GEN"), "0.account"),
        (Part("nonsense", 1_000), "0.meaning"),
        (Part("gift", 0, fund="GEN"), "0.amount"),
        (Part("charge", 1_000, fund="GEN"), "parts"),
        (Part("interest", 1_000, fund="NONE"), "0.fund"),
        (Part("cost_refund", 1_000, fund="GEN", account=6540), "0.account"),
    ],
)
def test_a_part_without_what_it_needs_names_the_field(
    hall: Hall, treasurer: Person, part: Part, place: str
) -> None:
    line = hall.line(1_000)
    with pytest.raises((Invalid, NotFound)) as refusal:
        say(hall, line, treasurer, part)
    assert refusal.value.place == place


def test_undoing_one_part_leaves_the_others_and_the_last_joins_the_line(
    hall: Hall, treasurer: Person
) -> None:
    line = hall.line(10_000)
    before = balances(hall)
    say(
        hall,
        line,
        treasurer,
        Part("pledge", 6_000, target=hall.pledge.reference),
        Part("gift", 4_000, fund="GEN"),
    )
    pledged, given = parts_of(hall, line)
    undo(hall, given, treasurer)
    assert (line.state, pledged.state, given.state) == ("open", "matched", "open")
    assert hall.pledge.state == "fulfilled"
    assert hall.balance(4010, "GEN") == 0
    assert_sound(hall)
    undo(hall, pledged, treasurer)
    assert (line.state, hall.pledge.state) == ("open", "open")
    assert parts_of(hall, line) == []
    assert balances(hall) == before
    assert_sound(hall)
    (row,) = open_and_parked_lines_of(hall.session, book_id=hall.book.id)[0].rows
    assert (row.line.id, row.parts) == (line.id, ())
    # And again, otherwise.
    say(hall, line, treasurer, Part("gift", 9_999, fund="GEN"), Part("interest", 1, fund="GEN"))
    assert hall.balance(4010, "GEN") == -9_999
    assert_sound(hall)


def test_an_open_part_of_a_split_is_booked_by_itself(hall: Hall, treasurer: Person) -> None:
    line = hall.line(10_000)
    say(hall, line, treasurer, Part("gift", 4_000, fund="GEN"), Part("gift", 6_000, fund="GEN"))
    first, _second = parts_of(hall, line)
    undo(hall, first, treasurer)
    say(hall, first, treasurer, Part("interest", 4_000, fund="GEN"))
    assert line.state == "matched"
    assert (hall.balance(4940), hall.balance(4010, "GEN")) == (-4_000, -6_000)
    assert_sound(hall)


def test_a_payment_of_a_batch_is_split_and_is_the_banks_own_again(
    hall: Hall, treasurer: Person
) -> None:
    line, (one, two) = hall.batch((5_000, "One"), (3_000, "Two"))
    say(hall, one, treasurer, Part("gift", 2_000, fund="GEN"), Part("gift", 3_000, fund="SOLAR"))
    assert line.state == "open"
    assert [part.amount for part in parts_of(hall, line)] == [3_000, 2_000, 3_000]
    assert_sound(hall)
    say(hall, two, treasurer, Part("gift", 3_000, fund="GEN"))
    assert line.state == "matched"
    for part in parts_of(hall, line)[1:]:
        undo(hall, part, treasurer)
    assert [(part.id, part.state) for part in parts_of(hall, line)] == [
        (one.id, "open"),
        (two.id, "matched"),
    ]
    assert_sound(hall)


def test_a_batch_that_is_split_as_a_whole_has_its_payments_back_when_joined(
    hall: Hall, treasurer: Person
) -> None:
    line, payments = hall.batch((5_000, "One"), (3_000, "Two"))
    say(hall, line, treasurer, Part("gift", 7_000, fund="GEN"), Part("gift", 1_000, fund="SOLAR"))
    assert line.state == "matched"
    assert_sound(hall)
    for part in parts_of(hall, line):
        undo(hall, part, treasurer)
    assert parts_of(hall, line) == payments
    assert_sound(hall)


def test_a_matched_line_is_not_split(hall: Hall, treasurer: Person) -> None:
    line = hall.line(1_000)
    say(hall, line, treasurer, Part("gift", 1_000, fund="GEN"))
    with pytest.raises(Conflict, match="already been matched"):
        say(hall, line, treasurer, Part("gift", 500, fund="GEN"), Part("gift", 500, fund="GEN"))


def not_ours(hall: Hall, who: Person) -> None:
    line = hall.line(1_000)
    say(hall, line, who, Part("not_ours", 1_000, fund="GEN"))


UNDONE: dict[str, tuple[int, Part, Callable[[Hall, Person], None] | None]] = {
    "interest": (700, Part("interest", 700, fund="GEN"), None),
    "own transfer in": (900, Part("own_transfer", 900, fund="GEN"), None),
    "own transfer out": (-900, Part("own_transfer", 900, fund="GEN"), None),
    "not ours": (400, Part("not_ours", 400, fund="GEN"), None),
    "given to others": (-400, Part("not_ours", 400, fund="GEN"), not_ours),
    "supplier's refund": (250, Part("cost_refund", 250, fund="GEN", account=5110), None),
}


@pytest.mark.parametrize("kind", UNDONE)
def test_every_new_meaning_is_booked_and_undone(hall: Hall, treasurer: Person, kind: str) -> None:
    amount, part, first = UNDONE[kind]
    if first is not None:
        first(hall, treasurer)
    line = hall.line(amount)
    before, held = balances(hall), hall.balance(1010)
    say(hall, line, treasurer, part)
    assert hall.balance(1010) == held + amount
    assert_sound(hall)
    undo(hall, line, treasurer)
    assert balances(hall) == before
    assert_sound(hall)


def test_no_more_goes_to_others_than_is_held_for_them(hall: Hall, treasurer: Person) -> None:
    not_ours(hall, treasurer)
    line = hall.line(-1_001)
    with pytest.raises(Conflict, match="holds less money for others"):
        say(hall, line, treasurer, Part("not_ours", 1_001, fund="GEN"))


def test_the_two_lines_of_an_own_transfer_leave_nothing_on_its_way(
    hall: Hall, treasurer: Person
) -> None:
    out, into = hall.line(-5_000), hall.line(5_000)
    say(hall, out, treasurer, Part("own_transfer", 5_000, fund="GEN"))
    assert hall.balance(1130) == 5_000
    say(hall, into, treasurer, Part("own_transfer", 5_000, fund="GEN"))
    assert (hall.balance(1130), hall.balance(1010)) == (0, 0)
