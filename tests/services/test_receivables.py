"""Promises that are owed, at their bounds: the rate, what is doubted, what is given up."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from ledger.db import Session
from ledger.errors import Conflict, Invalid
from ledger.models.agreements import Agreement
from ledger.models.pledges import Pledge
from ledger.services.banking import cash
from ledger.services.pledges import receivables
from tests.conftest import NOW
from tests.factories import make_party
from tests.worlds.hamlet import TODAY, Hamlet, account, decide, fund, open_request, sound

NEXT_YEAR = TODAY + timedelta(days=400)


def ask(session: Session, hamlet: Hamlet, **changed: Any) -> Agreement:
    letter = receivables.Letter([(TODAY, 30_000)], "A signed letter", basis_points=0)
    return receivables.propose_promise(
        session,
        party=make_party(session),
        book=hamlet.books["A"],
        fund=fund(session, "A", "ROOF"),
        letter=replace(letter, **changed),
        made_by=hamlet.maker,
        now=NOW,
    )


def owed(session: Session, hamlet: Hamlet) -> Agreement:
    """A promise of 300.00 that is in the books."""
    row = ask(session, hamlet)
    decide(session, open_request(session, "promise").id, hamlet.checker)
    return row


def test_the_yearly_rate_is_between_zero_and_fifty_percent(
    hamlet_session: Session, hamlet: Hamlet
) -> None:
    for points in (-1, 5_001):
        with pytest.raises(Invalid, match="The annual rate must be between 0% and 50%") as error:
            ask(hamlet_session, hamlet, basis_points=points)
        assert error.value.place == "basis_points"
    for points in (0, 5_000):
        assert ask(hamlet_session, hamlet, basis_points=points).terms["basis_points"] == points


@pytest.mark.parametrize(
    ("schedule", "sentence"),
    [
        ([], "Enter a date and an amount above zero for each instalment"),
        ([(NEXT_YEAR, 0)], "Enter a date and an amount above zero for each instalment"),
        (
            [(NEXT_YEAR, 500), (date(2029, 1, 1), -100)],
            ("Enter a date and an amount above zero for each instalment"),
        ),
        ([(NEXT_YEAR, 500), (NEXT_YEAR, 500)], "Enter the instalments in order of their dates"),
        ([(NEXT_YEAR, 500), (TODAY, 500)], "Enter the instalments in order of their dates"),
    ],
)
def test_a_schedule_names_days_in_order_and_amounts(
    hamlet_session: Session, hamlet: Hamlet, schedule: list[tuple[date, int]], sentence: str
) -> None:
    with pytest.raises(Invalid, match=sentence) as error:
        ask(hamlet_session, hamlet, schedule=schedule)
    assert error.value.place == "schedule"


def allowance(session: Session, hamlet: Hamlet, amount: int) -> None:
    receivables.propose_allowance(
        session,
        book=hamlet.books["A"],
        fund=fund(session, "A", "ROOF"),
        reason="They moved away",
        made_by=hamlet.maker,
        now=NOW,
        amount=amount,
    )
    decide(session, open_request(session, "allowance").id, hamlet.checker)


def refused(session: Session, hamlet: Hamlet, amount: int) -> None:
    """Try an allowance that is too high, as a request that fails does: nothing of it is kept."""
    with (
        pytest.raises(Conflict, match="This is more than the fund's pledges receivable"),
        session.begin_nested(),
    ):
        allowance(session, hamlet, amount)


def test_no_more_is_doubted_than_what_is_owed(hamlet_session: Session, hamlet: Hamlet) -> None:
    """I-39, also for the second allowance."""
    owed(hamlet_session, hamlet)
    refused(hamlet_session, hamlet, 30_001)
    allowance(hamlet_session, hamlet, 20_000)
    refused(hamlet_session, hamlet, 10_001)
    allowance(hamlet_session, hamlet, 10_000)
    assert account(hamlet_session, "A", 1218) == -30_000
    sound(hamlet_session)


def give_up(session: Session, hamlet: Hamlet, row: Agreement) -> Any:
    return receivables.propose_write_off(
        session, promise_id=row.id, reason="They died", made_by=hamlet.maker, now=NOW
    )


def test_no_more_is_written_off_than_what_is_still_owed(
    hamlet_session: Session, hamlet: Hamlet
) -> None:
    """PLG-12: two who ask, and money that comes in between asking and deciding."""
    row = owed(hamlet_session, hamlet)
    first, second = (give_up(hamlet_session, hamlet, row) for _ in range(2))
    assert first.arguments["quantity"] == 30_000
    cash.record_cash(
        hamlet_session,
        book=hamlet.books["A"],
        counted=cash.Counted(
            fund=fund(hamlet_session, "A", "ROOF"), amount=10_000, reference="Envelope 1", on=TODAY
        ),
        now=NOW,
        made_by=hamlet.maker,
        pledge=hamlet_session.get_one(Pledge, UUID(row.terms["pledge"])),
    )
    decide(hamlet_session, first.id, hamlet.checker)
    assert account(hamlet_session, "A", 1210) == 0
    assert account(hamlet_session, "A", 6610) == 20_000
    with pytest.raises(Conflict, match="This pledge has nothing left to pay"):
        decide(hamlet_session, second.id, hamlet.checker)
    with pytest.raises(Conflict, match="This pledge has nothing left to pay"):
        give_up(hamlet_session, hamlet, row)
    sound(hamlet_session)


@pytest.mark.parametrize(("aside", "lost"), [(12_000, 18_000), (30_000, 0)])
def test_what_was_doubted_is_used_before_anything_is_a_loss(
    hamlet_session: Session, hamlet: Hamlet, aside: int, lost: int
) -> None:
    row = owed(hamlet_session, hamlet)
    allowance(hamlet_session, hamlet, aside)
    before = account(hamlet_session, "A", 6610)
    decide(hamlet_session, give_up(hamlet_session, hamlet, row).id, hamlet.checker)
    assert account(hamlet_session, "A", 6610) - before == lost
    assert (account(hamlet_session, "A", 1210), account(hamlet_session, "A", 1218)) == (0, 0)
    sound(hamlet_session)


def test_a_write_off_uses_no_more_of_the_allowance_than_its_own_amount(
    hamlet_session: Session, hamlet: Hamlet
) -> None:
    row = owed(hamlet_session, hamlet)
    owed(hamlet_session, hamlet)
    allowance(hamlet_session, hamlet, 50_000)
    decide(hamlet_session, give_up(hamlet_session, hamlet, row).id, hamlet.checker)
    assert account(hamlet_session, "A", 6610) == 50_000
    assert (account(hamlet_session, "A", 1210), account(hamlet_session, "A", 1218)) == (
        30_000,
        -20_000,
    )
    sound(hamlet_session)


def test_a_years_discount_is_income_when_the_year_is_over(
    hamlet_session: Session, hamlet: Hamlet
) -> None:
    """PLG-05."""
    in_three_years = TODAY.replace(year=TODAY.year + 3)
    row = ask(hamlet_session, hamlet, schedule=[(in_three_years, 100_000)], basis_points=500)
    decide(hamlet_session, open_request(hamlet_session, "promise").id, hamlet.checker)
    over = TODAY.replace(year=TODAY.year + 1)

    def unwind(year: int, on: date) -> int:
        return receivables.unwind(
            hamlet_session, promise_id=row.id, year=year, by=hamlet.maker, on=on, now=NOW
        )

    with pytest.raises(Invalid, match="The year must be 1 or later"):
        unwind(0, over)
    for year, on in ((1, over - timedelta(days=1)), (2, over)):
        with pytest.raises(Conflict, match="not ended yet"):
            unwind(year, on)
    # 1,000.00 in three years at 5 % is worth 863.84, in two 907.03.
    assert unwind(1, over) == 90_703 - 86_384


def test_a_promise_is_increased_by_something_and_only_once_it_is_in_the_books(
    hamlet_session: Session, hamlet: Hamlet
) -> None:
    row = owed(hamlet_session, hamlet)
    for amount in (0, -1):
        with pytest.raises(Invalid, match="above zero"):
            receivables.propose_increase(
                hamlet_session,
                promise_id=row.id,
                amount=amount,
                evidence="A letter",
                made_by=hamlet.maker,
                now=NOW,
            )
    with pytest.raises(Conflict, match="not in the books"):
        give_up(hamlet_session, hamlet, ask(hamlet_session, hamlet))
