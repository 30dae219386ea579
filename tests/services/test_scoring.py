"""What a line could be is weighed by points, each with its reason; nothing is booked by points."""

from collections.abc import Sequence

import pytest

from ledger.core.line_history import history_key
from ledger.db import Session
from ledger.models.pledges import Pledge
from ledger.models.statements import BankLine
from ledger.services.banking.items import Item
from ledger.services.reconciliation import scoring
from ledger.services.reconciliation.meanings import Part
from ledger.services.reconciliation.scoring import Idea, Why, chosen, ideas_for
from tests.factories import make_party, make_pledge
from tests.services.test_complaints_of_treasurers import Desk

IBAN, OTHER_IBAN = "DE89370400440532013000", "GB29NWBK60161331926819"


class Street(Desk):
    """A desk where Maria Okafor has paid from her account before and has two pledges open."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.maria = make_party(session, "maria@example.org", "Maria Okafor")
        self.michael = make_party(session, "michael@example.org", "Michael Okafor")
        before = self.promise(self.maria, 1_000)
        self.say(
            self.line(1_000, "First", name="M Okafor", iban=IBAN),
            Part("pledge", 1_000, target=before.reference),
        )
        self.small = self.promise(self.maria, 5_000)
        self.large = self.promise(self.maria, 10_000)

    def promise(self, party: object, quantity: int) -> Pledge:
        """A pledge of somebody."""
        return make_pledge(self.session, self.campaign, party, quantity=quantity)  # type: ignore[arg-type]  # a party

    def ideas(self, line: BankLine) -> list[Idea]:
        """What a line could be."""
        return ideas_for(self.session, [Item(line)])[line.id]


@pytest.fixture
def street(session: Session) -> Street:
    return Street(session)


def why(idea: Idea) -> set[Why]:
    return {reason.why for reason in idea.reasons}


def targets(idea: Idea) -> list[str]:
    return [part.target for part in idea.parts]


def test_the_worked_example_of_two_pledges_of_one_donor(street: Street) -> None:
    """150.00 that names one of Maria's two pledges is both of them; Michael's is not shown."""
    michaels = street.promise(street.michael, 15_000)
    line = street.line(15_000, f"M Okafor {street.small.reference}", name="Maria Okafor", iban=IBAN)
    both, alone = street.ideas(line)
    assert targets(both) == [street.small.reference, street.large.reference]
    assert why(both) >= {Why.SUM, Why.NAMED, Why.ACCOUNT, Why.VERY_LIKE}
    assert targets(alone) == [street.small.reference]
    assert Why.TOO_MUCH in why(alone)
    assert chosen([both, alone]) == both
    assert michaels.reference not in {name for idea in (both, alone) for name in targets(idea)}
    # A sum is never booked by itself.
    assert street.auto() == 0


def test_a_reference_and_the_amount_are_filled_in(street: Street) -> None:
    line = street.line(5_000, street.small.reference)
    (idea,) = street.ideas(line)
    assert why(idea) == {Why.NAMED, Why.EXACT}
    assert (idea.points, idea.open) == (95, 5_000)
    assert chosen([idea]) == idea


def test_amount_account_and_name_without_a_reference_are_shown_but_never_booked(
    street: Street,
) -> None:
    line = street.line(5_000, "Spende", name="okafor maria", iban=IBAN)
    (idea,) = street.ideas(line)
    assert why(idea) == {Why.EXACT, Why.ACCOUNT, Why.VERY_LIKE}
    assert idea.points < scoring.CHOSEN
    assert chosen([idea]) is None
    assert street.auto() == 0


def test_the_account_of_somebody_else_speaks_against_a_pledge(street: Street) -> None:
    michaels = street.promise(street.michael, 7_700)
    line = street.line(7_700, michaels.reference, iban=IBAN)
    (idea,) = street.ideas(line)
    assert Why.OTHER_ACCOUNT in why(idea)
    assert chosen([idea]) is None


def test_an_account_that_two_donors_pay_from_says_little(street: Street) -> None:
    """CiviBanking #310: a shared account was rated 100 % and booked wrong givers."""
    michaels = street.promise(street.michael, 2_000)
    street.say(
        street.line(2_000, "His", name="M Okafor", iban=IBAN),
        Part("pledge", 2_000, target=michaels.reference),
    )
    line = street.line(5_000, "Spende", name="Maria Okafor", iban=IBAN)
    (idea,) = street.ideas(line)
    assert why(idea) == {Why.EXACT, Why.SHARED_ACCOUNT, Why.VERY_LIKE}


def test_two_ways_to_add_up_are_said(street: Street) -> None:
    street.promise(street.maria, 5_000)
    line = street.line(15_000, street.large.reference, iban=IBAN)
    idea = street.ideas(line)[0]
    assert Why.TWO_WAYS in why(idea)


def test_what_was_done_with_the_last_like_lines_is_suggested(street: Street) -> None:
    for month in ("01", "02", "03"):
        line = street.line(-500, f"Account fee 2026-{month}", name="The Bank", iban=OTHER_IBAN)
        assert all(Why.LAST_SAME not in why(idea) for idea in street.ideas(line))
        street.say(line, Part("charge", 500, fund="SOLAR"))
    line = street.line(-700, "Account fee 2026-04", name="The Bank", iban=OTHER_IBAN)
    idea = next(idea for idea in street.ideas(line) if Why.LAST_SAME in why(idea))
    assert (idea.meaning, idea.parts[0].fund, idea.parts[0].amount) == ("charge", "SOLAR", 700)


def test_undoing_takes_what_was_learnt_back(street: Street) -> None:
    lines = [street.line(100, "Zinsen Q1", name="The Bank", iban=OTHER_IBAN) for _ in range(3)]
    for line in lines:
        street.say(line, Part("interest", 100, fund="GEN"))
    alike = street.line(120, "Zinsen Q2", name="The Bank", iban=OTHER_IBAN)
    (idea,) = street.ideas(alike)
    assert why(idea) == {Why.SAME_TEXT, Why.LAST_SAME, Why.ACCOUNT}
    for line in lines[:2]:
        street.undo(line)
    assert street.ideas(alike) == []


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ((-5, "Fee 03/2026", None, "Bank"), (-7, "FEE 04/2026", None, "bank"), True),
        ((-5, "Fee", None, "Bank"), (7, "Fee", None, "Bank"), False),
        ((-5, "Fee", None, "Bank"), (-5, "Rent", None, "Bank"), False),
        ((-5, "Fee", "DE 1", "A"), (-5, "Fee", "DE1", "B"), True),
        ((-5, "Fee", "DE1", "A"), (-5, "Fee", "DE2", "A"), False),
    ],
)
def test_like_lines_share_words_account_and_direction(
    one: tuple[int, str, str | None, str | None],
    other: tuple[int, str, str | None, str | None],
    same: bool,
) -> None:
    assert (history_key(*one) == history_key(*other)) is same


def test_a_line_that_says_nothing_is_like_no_other() -> None:
    assert history_key(5, "2026-03-01 77", None, " ") == ""


@pytest.mark.parametrize(
    ("amounts", "wanted", "ways"),
    [
        ([5_000, 10_000], 15_000, [(0, 1)]),
        ([5_000, 10_000], 5_000, []),
        ([1, 2, 3], 3, [(0, 1)]),
        ([2, 2, 2], 4, [(0, 1), (1, 2)]),
        ([1] * 24, 9, []),
        ([1] * 24, 8, 2),
    ],
)
def test_amounts_of_two_to_eight_items_add_up(
    amounts: list[int], wanted: int, ways: Sequence[tuple[int, ...]] | int
) -> None:
    found = scoring._sums(amounts, wanted)
    if isinstance(ways, int):
        assert len(found) == ways
        assert all(sum(amounts[number] for number in way) == wanted for way in found)
    else:
        assert sorted(found) == ways
