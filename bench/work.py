"""What is posted and asked in every bench: two legs an entry, nine hundred accounts and a hot one.

Standard library only, for other ledgers are measured with it in environments of their own.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
FIRST = date(2025, 1, 1)
DAYS = 365
HOT = 1010
INCOME = 4010
OTHERS = range(5600, 6500)
CLIENTS = 8
PAGE = 50
# Days at which balances are asked for, spread over the year.
ASKED = [FIRST + timedelta(days) for days in range(3, DAYS, 17)]
Poster = Callable[[Iterable[int], bool], None]
Question = Callable[[date], Any]


def account_of(number: int) -> int:
    """Return an account: a quarter of all entries are on the hot one, the rest on nine hundred."""
    return HOT if number % 4 == 0 else other_of(number * 7919)


def other_of(number: int) -> int:
    """Return one of the accounts that are not hot."""
    return OTHERS[number % len(OTHERS)]


def day_of(number: int) -> date:
    """Return the value date of an entry."""
    return FIRST + timedelta(number % DAYS)


def cents_of(number: int) -> int:
    """Return the amount of an entry, in cents."""
    return 100 + number % 999
