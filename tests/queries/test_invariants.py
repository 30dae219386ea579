"""Every rule holds on sound books, and each names what broke it when it is broken.

That a damage breaks no other rule is shown on SQLite alone: the rules are the same, and all of
them after each of so many damages takes its time.
"""

from datetime import date

from ledger.db import Database, ReadSession
from ledger.demo import fill
from ledger.queries.invariants import CHECKS, check
from tests.queries.damage import guard, guards_off
from tests.queries.damages import DAMAGES
from tests.worked import load_worked_books


def test_every_rule_holds_on_the_worked_events(db: Database) -> None:
    load_worked_books(db)
    with db.snapshot() as session:
        assert [row for row in check(session) if not row.ok] == []


def test_every_rule_has_a_damage_that_breaks_it() -> None:
    assert set(DAMAGES) == {name for name, _title, _check in CHECKS}


def test_each_damage_is_found_by_its_rule_and_named(db: Database) -> None:
    fill(db, today=date(2026, 11, 2))
    with db.snapshot() as sound:
        assert [row for row in check(sound) if not row.ok] == []
    unlike = {}
    for name, (damage, also) in DAMAGES.items():
        with guards_off(db) as connection:
            damage(connection)
            guard(connection)
            session = ReadSession(connection, autoflush=False)
            broken = _broken(session, None if db.is_sqlite else {name} | also)
        if set(broken) != {name} | also or not broken[name]:
            unlike[name] = broken
    assert unlike == {}
    with db.snapshot() as healed:
        assert [row for row in check(healed) if not row.ok] == []


def _broken(session: ReadSession, rules: set[str] | None) -> dict[str, str]:
    """Return what each broken rule names; of all rules, where none are picked."""
    found = {name: run(session)[1] for name, _title, run in CHECKS if not rules or name in rules}
    return {name: violation for name, violation in found.items() if violation is not None}
