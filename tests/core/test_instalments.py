"""Instalments sum to the total, whatever the total; the cover leaves what was meant."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.core.instalments import FeeEstimate, due_by, instalments, later, next_due
from ledger.core.vocabulary import Interval
from ledger.errors import Invalid

FIRST = date(2026, 1, 31)
CARD = FeeEstimate(290, 30)


@given(st.integers(60, 10**12), st.integers(2, 60), st.sampled_from(Interval))
def test_the_parts_sum_to_the_total_to_the_minor_unit(
    total: int, parts: int, every: Interval
) -> None:
    made = instalments(total, parts, FIRST, every)
    assert sum(part.quantity for part in made) == total
    assert len(made) == parts
    assert len({part.quantity for part in made[:-1]}) == 1
    assert 0 <= made[-1].quantity - made[0].quantity < parts
    days = [part.due_on for part in made]
    assert days == sorted(set(days))


def test_the_rest_is_on_the_last_part() -> None:
    assert [part.quantity for part in instalments(10_000, 3, FIRST)] == [3333, 3333, 3334]


def test_the_last_day_of_a_month_comes_back_after_a_short_one() -> None:
    days = [part.due_on for part in instalments(100, 3, FIRST)]
    assert days == [date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31)]
    assert later(date(2024, 2, 29), 1, Interval.YEAR) == date(2025, 2, 28)
    assert later(date(2024, 2, 29), 4, Interval.YEAR) == date(2028, 2, 29)
    assert later(date(2026, 12, 15), 1) == date(2027, 1, 15)


@pytest.mark.parametrize(("total", "parts"), [(100, 1), (100, 61), (2, 3), (100, 0)])
def test_what_cannot_be_split_is_refused(total: int, parts: int) -> None:
    with pytest.raises(Invalid):
        instalments(total, parts, FIRST)


def test_payments_fill_the_oldest_part_first() -> None:
    parts = instalments(300, 3, date(2026, 1, 1))
    assert [due_by(parts, date(2026, month, 1), 0) for month in (1, 2, 3, 4)] == [
        100,
        200,
        300,
        300,
    ]
    assert due_by(parts, date(2026, 2, 1), 150) == 50
    assert due_by(parts, date(2026, 2, 1), 250) == 0
    assert due_by(parts, date(2025, 12, 31), 0) == 0
    assert [next_due(parts, paid) for paid in (0, 99, 100, 250, 300)] == [
        date(2026, 1, 1),
        date(2026, 1, 1),
        date(2026, 2, 1),
        date(2026, 3, 1),
        None,
    ]


def test_a_hundred_with_its_fee_covered_is_the_worked_event() -> None:
    """PAY-11: 103.30 charged, fee 3.30, net 100.00."""
    assert CARD.cover_for(10_000) == 330
    assert CARD.fee_on(10_330) == 330
    assert (CARD.fee_on(6000), CARD.fee_on(10_000), CARD.fee_on(2000)) == (204, 320, 88)


@given(st.integers(1, 10**10), st.integers(0, 1000), st.integers(0, 500))
def test_the_cover_is_the_least_that_leaves_the_amount(
    amount: int, points: int, fixed: int
) -> None:
    rate = FeeEstimate(points, fixed)
    cover = rate.cover_for(amount)
    assert amount + cover - rate.fee_on(amount + cover) >= amount
    assert cover == 0 or amount + cover - 1 - rate.fee_on(amount + cover - 1) < amount
