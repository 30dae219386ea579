"""The arithmetic of a reconciliation statement: gaps, days reached, and what is unexplained."""

from datetime import date
from typing import Any

import pytest

from ledger.core.reconciliation import Gap, Item, Reconciliation, Stated, gaps_between, reaches

NOVEMBER = date(2026, 11, 30)


def day(month: int, number: int) -> date:
    return date(2026, month, number)


def month(number: int, last: int, opening: int | None, closing: int | None) -> Stated:
    return Stated(day(number, 1), day(number, last), opening, closing)


def found(**other: Any) -> Reconciliation:
    """The example of the issue: 1,204.50 at the bank, a receipt by hand, a charge not booked."""
    values: dict[str, Any] = {
        "until": NOVEMBER,
        "commodity": "EUR",
        "bank": 120450,
        "books": 146050,
        "books_only": (Item(day(11, 28), "cash_received", "e1", 25000),),
        "bank_only": (Item(day(11, 30), "Charge", "l1", -600),),
        "gaps": (),
        "first_on": day(1, 1),
        "bank_before": 0,
        "books_before": 0,
        "reaches": True,
        "is_stated": True,
    }
    return Reconciliation(**{**values, **other})


def test_statement_plus_books_only_less_bank_only_is_the_book_balance() -> None:
    assert (found().expected, found().unexplained) == (146050, 0)
    # Once the charge is booked, the books say less.
    booked = found(bank_only=(), books=145450)
    assert booked.unexplained == 0
    assert booked.is_clean
    assert found().books_only[0].age(NOVEMBER) == 2


@pytest.mark.parametrize(
    "broken",
    [
        {"books": 145451},
        {"bank_only": (Item(day(11, 30), "Charge", "l1", -600),), "books": 146050},
        {"reaches": False},
        {"gaps": (Gap(day(10, 31), day(12, 1), 31000),)},
        {"gaps": (Gap(day(10, 31), day(12, 1), None),)},
    ],
)
def test_what_leaves_anything_open_is_not_clean(broken: dict[str, Any]) -> None:
    clean = {"bank_only": (), "books": 145450}
    assert found(**clean).is_clean
    assert not found(**{**clean, **broken}).is_clean


def test_a_difference_has_three_causes_that_add_up() -> None:
    one = found(
        bank_only=(),
        books=145450 + 700 - 300 + 5,
        bank=120450,
        books_before=700,
        gaps=(Gap(day(9, 30), day(11, 1), 300),),
    )
    assert one.unexplained == 700 - 300 + 5
    assert (one.books_before - one.bank_before, one.missing, one.differing) == (700, 300, 5)


def test_a_missing_month_is_named_by_the_amount_that_is_missing() -> None:
    statements = [month(10, 31, 0, 100000), Stated(day(12, 1), day(12, 31), 131000, 131000)]
    assert gaps_between(statements, NOVEMBER) == ()
    assert gaps_between(statements, day(12, 1)) == (Gap(day(10, 31), day(12, 1), 31000),)
    assert not reaches(statements, NOVEMBER)
    assert gaps_between([*statements, month(11, 30, 100000, 131000)], day(12, 31)) == ()


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ([month(11, 30, 5, 9)], True),
        ([month(11, 29, 5, 9)], False),
        # Nothing happened between: the next one opens with the same balance.
        ([month(11, 29, 5, 9), month(12, 5, 9, 9)], True),
        ([month(11, 29, 5, 9), month(12, 5, 8, 9)], False),
        ([month(11, 29, None, None), month(12, 5, None, None)], False),
        ([], False),
    ],
)
def test_statements_reach_a_day_or_agree_across_it(
    statements: list[Stated], expected: bool
) -> None:
    assert reaches(statements, NOVEMBER) is expected


def test_statements_that_overlap_leave_no_gap() -> None:
    one = Stated(day(11, 1), day(11, 15), 0, 20)
    two = Stated(day(11, 10), day(11, 30), 10, 30)
    inside = Stated(day(11, 3), day(11, 4), 1, 2)
    assert gaps_between([two, inside, one], NOVEMBER) == ()
    after = month(12, 1, 30, 30)
    assert gaps_between([one, two, after], day(12, 31)) == ()


def test_days_without_a_balance_count_as_missing() -> None:
    statements = [
        Stated(day(11, 1), day(11, 10), None, None),
        Stated(day(11, 15), day(11, 30), None, None),
    ]
    assert gaps_between(statements, NOVEMBER) == (Gap(day(11, 10), day(11, 15), None),)


def test_the_document_names_items_by_their_ids_only() -> None:
    text = found().document()
    assert "cash_received" not in text
    assert '["2026-11-28","e1",25000]' in text
    assert found().sha256() != found(bank=1).sha256()
