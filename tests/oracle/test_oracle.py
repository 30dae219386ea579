"""Every worked event, in order, through the services: exactly its legs, exactly the end state."""

import importlib
import pkgutil
from collections import Counter
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import select

import tests.oracle
from ledger.db import Database, ReadSession
from ledger.models.books import Book, Fund
from ledger.models.journal import Posting
from ledger.queries.books.balances import trial_balance
from ledger.queries.books.books import all_books
from ledger.queries.invariants import check
from reports.build import build, scope_of_all
from tests.reports.worked_table import check_worked
from tests.worked import END, WORKED
from tests.worlds.worked_events import Step, World, in_order

Leg = tuple[str, int, str, str, int, str | None]
EVENTS = {event["code"]: event for event in WORKED["events"]}
LABELS = ("pledge", "asset", "valuation", "grant")
GROUPS = {
    module.name.removeprefix("steps_"): importlib.import_module(f"tests.oracle.{module.name}")
    for module in pkgutil.iter_modules(tests.oracle.__path__)
    if module.name.startswith("steps_")
}


def all_steps() -> dict[str, Step]:
    """Return the step of every event; an event in two groups is a mistake."""
    steps: dict[str, Step] = {}
    for group in GROUPS.values():
        for code, step in group.STEPS.items():
            assert code not in steps, f"two steps for {code}"
            steps[code] = step
    return steps


def play(db: Database, codes: list[str]) -> None:
    """Play events in order, each in a transaction of its own, and compare what each posted."""
    world, steps, renamed = World(), all_steps(), Renamed()
    with db.transaction() as session:
        world.build(session)
    for code in in_order(codes):
        with db.snapshot() as session:
            before = _entries(session)
        with db.transaction() as session:
            steps[code](world, session)
        with db.snapshot() as session:
            posted = {key: legs for key, legs in _entries(session).items() if key not in before}
        _compare(code, list(posted.values()), renamed)


class Renamed:
    """Which label of ours stands for which of the worked events: one for one, for ever."""

    def __init__(self) -> None:
        self.ours: dict[tuple[str, str], str] = {}
        self.theirs: dict[tuple[str, str], str] = {}

    def agree(self, kind: str, theirs: str, ours: str) -> bool:
        """Return whether the two names have always stood for each other."""
        return (
            self.ours.setdefault((kind, theirs), ours) == ours
            and self.theirs.setdefault((kind, ours), theirs) == theirs
        )


def _entries(session: ReadSession) -> dict[Any, list[tuple[Leg, dict[str, str]]]]:
    books = dict(iter(session.execute(select(Book.id, Book.code))))
    found: dict[Any, list[tuple[Leg, dict[str, str]]]] = {}
    for row, fund in session.execute(
        select(Posting, Fund.code)
        .join(Fund, Fund.id == Posting.fund_id)
        .order_by(Posting.book_id, Posting.entry_id, Posting.line)
    ):
        leg: Leg = (
            books[row.book_id],
            row.account,
            fund,
            row.commodity,
            row.quantity,
            books[row.counterparty_id] if row.counterparty_id else None,
        )
        labels = {name: getattr(row, name) for name in LABELS if getattr(row, name)}
        found.setdefault((row.book_id, row.entry_id), []).append((leg, labels))
    return found


def _compare(code: str, posted: list[list[tuple[Leg, dict[str, str]]]], renamed: Renamed) -> None:
    """Compare entries as sets of legs, and the labels of legs by a renaming."""
    expected = [
        [
            (
                (
                    entry["book"],
                    leg["account"],
                    leg["fund"],
                    leg["commodity"],
                    leg["quantity"],
                    leg.get("counterparty"),
                ),
                {name: leg[name] for name in LABELS if leg.get(name)},
            )
            for leg in entry["postings"]
        ]
        for entry in EVENTS[code]["entries"]
        if not entry.get("alternative")
    ]

    def shape(entries: list[list[tuple[Leg, dict[str, str]]]]) -> Counter[frozenset[Any]]:
        return Counter(frozenset(Counter(leg for leg, _labels in legs).items()) for legs in entries)

    assert shape(posted) == shape(expected), f"{code} posts other legs than the worked event"
    unused = list(posted)
    for legs in expected:
        wanted = frozenset(Counter(leg for leg, _ in legs).items())
        match = next(
            candidate
            for candidate in unused
            if frozenset(Counter(leg for leg, _ in candidate).items()) == wanted
        )
        unused.remove(match)
        ours = dict(match)
        for leg, labels in legs:
            assert ours[leg].keys() == labels.keys(), f"{code}: {leg} has labels {ours[leg]}"
            for name, theirs in labels.items():
                mine = ours[leg][name]
                assert renamed.agree(name, theirs, mine), f"{code}: {name} {theirs} is not {mine}"


def test_all_worked_events_in_order_end_in_the_worked_balances(db: Database) -> None:
    assert set(all_steps()) == set(EVENTS)
    play(db, list(EVENTS))
    with db.snapshot() as session:
        ends = sorted(
            (book.code, row.account, row.fund, row.commodity, row.quantity)
            for book in all_books(session)
            for row in trial_balance(session, book_id=book.id)
            if row.quantity
        )
        assert ends == END
        assert [result for result in check(session) if result.first_violation] == []
        # The same end state on the pages of the combined report, with its eliminations.
        report = build(
            session,
            scope=scope_of_all(session),
            since=date(2026, 1, 1),
            until=date(2027, 12, 31),
            edition="public",
            now=datetime(2028, 1, 2, tzinfo=UTC),
        )
        check_worked(report, lent_use=False)


def test_the_comparison_sees_a_cent_a_label_and_a_leg_too_many() -> None:
    leg = ("A", 9110, "GEN", "EQP.LAPTOP", 3, None)
    contra = ("A", 9190, "GEN", "EQP.LAPTOP", -3, None)
    named = {"pledge": "ours"}
    _compare("EQP-01", [[(contra, named), (leg, named)]], Renamed())
    taken = Renamed()
    assert taken.agree("pledge", "P30", "ours")
    wrong: list[tuple[list[list[tuple[Leg, dict[str, str]]]], Renamed]] = [
        ([[((*leg[:4], 4, None), named), (contra, named)]], Renamed()),
        ([[(leg, {}), (contra, named)]], Renamed()),
        ([[(leg, named), (contra, {"pledge": "another"})]], Renamed()),
        ([[(leg, named), (contra, named)], [(leg, named), (contra, named)]], Renamed()),
        ([[(leg, named), (contra, named)]], taken),
    ]
    for posted, renamed in wrong:
        with pytest.raises(AssertionError):
            _compare("EQP-01", posted, renamed)
