"""Rules of a book are tried on past lines first, suggest, and book only when two people say so."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from ledger.db import Session
from ledger.errors import Conflict, Invalid, NotAllowed
from ledger.models.bank_rules import BankRule
from ledger.models.statements import BankLine, Match
from ledger.services.banking.items import Item
from ledger.services.reconciliation import rules
from ledger.services.reconciliation.meanings import Part
from ledger.services.reconciliation.rules import Terms
from ledger.services.reconciliation.scoring import Why, ideas_for
from tests.conftest import NOW
from tests.services.test_complaints_of_treasurers import Desk, agree

FEE = Terms(incoming=False, meaning="charge", fund="GEN", most=2_000, words="account fee")


@pytest.fixture
def desk(session: Session) -> Desk:
    return Desk(session)


def fee(desk: Desk, amount: int = 500, text: str = "Account fee 3/2026") -> BankLine:
    return desk.line(-amount, text, name="The Bank")


def decided(desk: Desk, times: int) -> None:
    """Lines that a person said are fees."""
    for _time in range(times):
        desk.say(fee(desk), Part("charge", 500, fund="GEN"))


def keep(desk: Desk, terms: Terms = FEE) -> BankRule:
    return rules.keep(desk.session, owner=desk.book, terms=terms, by=desk.treasurer.id, now=NOW)


def ask(desk: Desk, row: BankRule) -> None:
    rules.ask_to_book(
        desk.session, book_id=desk.book.id, rule_id=row.id, by=desk.treasurer.id, now=NOW
    )


def booking(desk: Desk) -> BankRule:
    """A rule that books by itself."""
    decided(desk, 3)
    row = keep(desk)
    ask(desk, row)
    desk.approve(desk.asked())
    return row


@pytest.mark.parametrize(
    ("change", "fitting"),
    [
        ({}, True),
        ({"words": "FEE account"}, True),
        ({"words": "rent"}, False),
        ({"incoming": True}, False),
        ({"least": 500, "most": 500}, True),
        ({"least": 501}, False),
        ({"most": 499}, False),
        ({"counterparty_account": "de12 3456"}, True),
        ({"counterparty_account": "DE99"}, False),
    ],
)
def test_a_rule_fits_a_line_by_all_its_conditions(
    desk: Desk, change: dict[str, Any], fitting: bool
) -> None:
    line = desk.line(-500, "Account fee", iban="DE12 3456")
    assert rules.fits(replace(FEE, **change), Item(line)) is fitting


def test_a_dry_run_tells_what_was_decided_the_same_and_otherwise(desk: Desk) -> None:
    decided(desk, 2)
    other = fee(desk)
    desk.say(other, Part("charge", 500, fund="SOLAR"))
    waiting = fee(desk)
    fee(desk, 5_000)
    tried = rules.dry_run(desk.session, book_id=desk.book.id, terms=FEE, now=NOW)
    assert (tried.hits, tried.same, tried.others, tried.may_book) == (3, 2, 1, False)
    assert [line.id for line, _done in tried.otherwise] == [other.id]
    assert tried.waiting == [waiting]


def test_a_kept_rule_suggests_and_says_so(desk: Desk) -> None:
    keep(desk)
    line = fee(desk)
    idea = ideas_for(desk.session, [Item(line)])[line.id][0]
    assert [reason.why for reason in idea.reasons] == [Why.RULE]
    assert idea.parts[0].fund == "GEN"
    assert desk.auto() == 0


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"meaning": "pledge"}, "meaning"),
        ({"meaning": "gift"}, "meaning"),
        ({"meaning": "cost"}, "account"),
        ({"words": " "}, "words"),
        ({"least": 3_000}, "least"),
    ],
)
def test_a_rule_that_says_nothing_or_the_impossible_is_refused(
    desk: Desk, change: dict[str, Any], place: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        keep(desk, replace(FEE, **change))
    assert refusal.value.place == place


def test_a_rule_that_people_did_not_follow_three_times_may_not_book(desk: Desk) -> None:
    decided(desk, 2)
    row = keep(desk)
    with pytest.raises(Conflict, match="People decided 2 lines the same and 0 otherwise"):
        ask(desk, row)


def test_a_rule_that_people_contradicted_once_may_not_book(desk: Desk) -> None:
    """Scenario 11: 30 hits, 3 of them decided otherwise."""
    decided(desk, 30)
    for _time in range(3):
        desk.say(fee(desk), Part("charge", 500, fund="SOLAR"))
    row = keep(desk)
    with pytest.raises(Conflict, match="People decided 30 lines the same and 3 otherwise"):
        ask(desk, row)


def test_what_needs_an_approver_each_time_is_never_booked_by_a_rule(desk: Desk) -> None:
    cost = replace(FEE, meaning="cost", account=5110)
    row = keep(desk, cost)
    with pytest.raises(Conflict, match="An approver decides on each"):
        ask(desk, row)


def test_a_rule_without_a_largest_amount_may_not_book(desk: Desk) -> None:
    decided(desk, 3)
    with pytest.raises(Conflict, match="largest amount"):
        ask(desk, keep(desk, replace(FEE, most=None)))


def test_a_second_person_lets_a_rule_book_and_it_books_what_comes(desk: Desk) -> None:
    decided(desk, 3)
    row = keep(desk)
    ask(desk, row)
    with pytest.raises(Conflict, match="already been asked"):
        ask(desk, row)
    with pytest.raises(NotAllowed):
        agree(desk.session, desk.asked(), desk.treasurer)
    line = fee(desk, 600)
    assert desk.auto() == 0
    desk.approve(desk.asked())
    too_much = fee(desk, 2_001)
    assert desk.auto() == 1
    assert (line.state, too_much.state) == ("matched", "open")
    match = desk.session.scalars(select(Match).where(Match.bank_line_id == line.id)).one()
    assert (match.bank_rule_id, match.made_by) == (row.id, None)
    desk.assert_sound()


def test_what_somebody_decided_otherwise_meanwhile_keeps_a_rule_from_booking(desk: Desk) -> None:
    decided(desk, 3)
    row = keep(desk)
    ask(desk, row)
    desk.say(fee(desk), Part("charge", 500, fund="SOLAR"))
    with pytest.raises(Conflict, match="1 otherwise"):
        desk.approve(desk.asked())
    assert row.books_from is None


def test_a_rule_that_matched_wrongly_is_withdrawn_with_all_that_it_booked(desk: Desk) -> None:
    row = booking(desk)
    before = desk.books()
    lines = [fee(desk, 700, "Account fee for the hall"), fee(desk, 800)]
    assert desk.auto() == 2
    assert {line.id for _match, line in rules.booked_by(desk.session, rule_id=row.id)} == {
        line.id for line in lines
    }
    done = rules.withdraw(
        desk.session,
        book_id=desk.book.id,
        rule_id=row.id,
        by=desk.treasurer.id,
        now=NOW,
        undo="It was rent",
    )
    assert (done, desk.books()) == (2, before)
    assert [line.state for line in lines] == ["open", "open"]
    assert rules.booked_by(desk.session, rule_id=row.id) == []
    # Nothing books them again, and nothing suggests by the rule any more.
    assert desk.auto() == 0
    ideas = ideas_for(desk.session, [Item(line) for line in lines])
    assert all(
        reason.why != Why.RULE
        for some in ideas.values()
        for idea in some
        for reason in idea.reasons
    )
    desk.assert_sound()


def test_a_line_whose_match_was_undone_is_left_alone_by_rules(desk: Desk) -> None:
    booking(desk)
    line = fee(desk, 700)
    assert desk.auto() == 1
    desk.undo(line)
    assert desk.auto() == 0
    assert line.state == "open"


def test_the_first_rule_that_fits_decides(desk: Desk) -> None:
    keep(desk)
    keep(desk, replace(FEE, fund="SOLAR"))
    line = fee(desk)
    idea = ideas_for(desk.session, [Item(line)])[line.id][0]
    assert idea.parts[0].fund == "GEN"
