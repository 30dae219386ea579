"""What can be stored is said in one place; at its edges and one step beyond."""

from datetime import date

import pytest

from ledger.core import bounds
from ledger.errors import Invalid


@pytest.mark.parametrize("day", [date(1900, 1, 1), date(1969, 12, 31), date(2199, 12, 31)])
def test_days_within_the_bounds_are_taken(day: date) -> None:
    assert bounds.check_day(day) == day


@pytest.mark.parametrize("day", [date.min, date(1899, 12, 31), date(2200, 1, 1), date.max])
def test_days_beyond_are_refused_by_name(day: date) -> None:
    with pytest.raises(Invalid, match=f"The year {day.year}") as refused:
        bounds.check_day(day, place="line 3")
    assert refused.value.place == "line 3"


def test_amounts_are_taken_up_to_the_largest() -> None:
    for quantity in (0, 10**15, -(10**15)):
        assert bounds.check_amount(quantity) == quantity
    for quantity in (10**15 + 1, -(10**15) - 1, 2**63):
        with pytest.raises(Invalid, match="This amount is too large for the books"):
            bounds.check_amount(quantity)


def test_texts_are_taken_as_they_are() -> None:
    for text in ("", "x" * 4_000, "\u202b\u05d0\U0001f600 {{ 7*7 }}", "a\x01b\n"):
        assert bounds.check_text(text) == text


@pytest.mark.parametrize("text", ["a\x00", "\ud83d", "ü\udfff", "é\x00", "x" * 4_001])
def test_texts_that_no_database_holds_are_refused(text: str) -> None:
    with pytest.raises(Invalid):
        bounds.check_text(text)


def test_day_arithmetic_ends_with_the_calendar() -> None:
    assert bounds.shifted(date(2026, 12, 31), 1) == date(2027, 1, 1)
    assert bounds.shifted(date(2026, 1, 1), -1) == date(2025, 12, 31)
    assert bounds.shifted(date.max, 6) == date.max
    assert bounds.shifted(date.min, -6) == date.min
    assert bounds.shifted(date.max, -6) == date(9999, 12, 25)
