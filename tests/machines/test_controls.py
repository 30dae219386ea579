"""Controls of the machine: broken code must not survive random deeds.

Each sabotage changes what one deed books by the least that can be changed, or takes a guard away.
"""

import importlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from ledger.core import bookkeeping
from ledger.db import Database
from tests.machines.test_machines import SEED, machine, play_on

# Most are found in the first sequences; what is drawn depends on what else was imported.
ENOUGH = 100
# What a function of bookkeeping is told one unit too much of, and the rules of the machine that
# lead there. The others are left out: every sequence of these rules is one of the whole machine,
# which took a minute to come upon a condition that is met.
MORE = (
    ("payment_settled", "charge.fee", ("a_gift_is_paid",)),
    ("refund_settled", "amount", ("a_gift_is_paid", "a_payment_goes_back")),
    ("cash_received", "amount", ("cash_is_counted",)),
    ("pledge_released", "quantity", ("somebody_promises", "a_promise_is_given_up")),
    ("hours_confirmed", "hours.minutes", ("hours_are_logged", "hours_are_decided")),
    ("items_received", "quantity", ("things_come",)),
    ("grant_made", "amount", ("cash_is_counted", "cash_is_banked", "a_grant_is_made")),
    ("condition_met", "quantity", ("somebody_promises", "a_condition_is_met")),
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


def finds(db: Database, rules: tuple[str, ...] = (), sequences: int = ENOUGH) -> bool:
    """Whether random deeds come upon what is broken, with all rules of the machine or with some."""
    playing = machine(db, every=0)
    if rules:
        names = {rule.function.__name__ for rule in playing.setup_state().rules}
        assert names >= set(rules)
        playing = type("WithSome", (playing,), dict.fromkeys(names - set(rules)))
    try:
        play_on(playing, sequences, SEED, shrink=False)
    except (AssertionError, ValueError, ExceptionGroup):
        return True
    return False


@pytest.mark.parametrize(("name", "argument", "rules"), MORE, ids=[row[0] for row in MORE])
def test_one_unit_too_much_is_found(
    db: Database, monkeypatch: pytest.MonkeyPatch, name: str, argument: str, rules: tuple[str, ...]
) -> None:
    right = getattr(bookkeeping, name)

    whole, _dot, part = argument.partition(".")

    def wrong(**told: Any) -> Any:
        given = told[whole]
        more = replace(given, **{part: getattr(given, part) + 1}) if part else given + 1
        return right(**{**told, whole: more})

    monkeypatch.setattr(bookkeeping, name, wrong)
    assert finds(db, rules)


@pytest.mark.parametrize("rules", [row[2] for row in MORE], ids=[row[0] for row in MORE])
def test_nothing_is_found_where_nothing_is_broken(db: Database, rules: tuple[str, ...]) -> None:
    """The control of the controls: what they find is the unit, not the rules left out."""
    assert not finds(db, rules, sequences=2)


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
