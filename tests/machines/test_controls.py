"""Controls of the machine: broken code must not survive random deeds.

Each sabotage changes what one deed books by the least that can be changed, or takes a guard away.
"""

import importlib
from collections.abc import Callable
from typing import Any

import pytest

from ledger.core import bookkeeping
from ledger.db import Database
from tests.machines.test_machines import SEED, play

# Most are found within twenty sequences; what is drawn depends on what else was imported.
ENOUGH = 400
# What a function of bookkeeping is told one unit too much of.
MORE = (
    ("payment_settled", "fee"),
    ("refund_settled", "amount"),
    ("cash_received", "amount"),
    ("pledge_released", "quantity"),
    ("hours_confirmed", "minutes"),
    ("items_received", "quantity"),
    ("grant_made", "amount"),
    ("condition_met", "quantity"),
)
# What takes the place of a part: (module, name, instead).
INSTEAD: tuple[tuple[str, str, Callable[..., Any]], ...] = (
    ("ledger.services.accounting.fund_control", "spendable", lambda *_told, **_more: 10**15),
)


@pytest.fixture
def db(db: Database) -> Database:
    """A control is shown on SQLite; the machine plays on both."""
    if not db.is_sqlite:
        pytest.skip("the control is shown on SQLite")
    return db


def finds(db: Database) -> bool:
    """Whether random deeds come upon what is broken."""
    try:
        play(db, ENOUGH, SEED, shrink=False, every=0)
    except (AssertionError, ValueError, ExceptionGroup):
        return True
    return False


@pytest.mark.parametrize(("name", "argument"), MORE)
def test_one_unit_too_much_is_found(
    db: Database, monkeypatch: pytest.MonkeyPatch, name: str, argument: str
) -> None:
    right = getattr(bookkeeping, name)

    def wrong(**told: Any) -> Any:
        return right(**{**told, argument: told[argument] + 1})

    monkeypatch.setattr(bookkeeping, name, wrong)
    assert finds(db)


@pytest.mark.parametrize(("room", "name", "instead"), INSTEAD)
def test_a_part_that_does_nothing_is_found(
    db: Database,
    monkeypatch: pytest.MonkeyPatch,
    room: str,
    name: str,
    instead: Callable[..., Any],
) -> None:
    monkeypatch.setattr(importlib.import_module(room), name, instead)
    assert finds(db)
