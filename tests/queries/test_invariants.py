"""Every rule holds on sound books, and each names what broke it when it is broken."""

from datetime import date

from sqlalchemy.orm import Session as OrmSession

from ledger.db import Database
from ledger.demo import fill
from ledger.queries.invariants import CHECKS, check
from tests.queries.damage import DAMAGES, guards_off
from tests.worked import load_worked_books


def test_every_rule_holds_on_the_worked_events(db: Database):
    load_worked_books(db)
    with db.snapshot() as session:
        assert [row for row in check(session) if not row.ok] == []


def test_every_rule_has_a_damage_that_breaks_it():
    assert set(DAMAGES) == {name for name, _title, _check in CHECKS}


def test_each_damage_is_found_by_its_rule_and_named(db: Database):
    fill(db, today=date(2026, 11, 2))
    with db.snapshot() as session:
        assert [row for row in check(session) if not row.ok] == []
    for name, (damage, also) in DAMAGES.items():
        with guards_off(db) as connection:
            damage(connection)
            session = OrmSession(connection, autoflush=False)
            broken = {row.id: row.first_violation for row in check(session) if not row.ok}
        assert set(broken) == {name} | also, (name, broken)
        assert broken[name]
    with db.snapshot() as session:
        assert [row for row in check(session) if not row.ok] == []
