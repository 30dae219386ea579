"""Each rule has a control: one unit more or less in one place, and exactly this rule says so."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import pytest

from ledger.db import Database
from ledger.demo import fill
from ledger.errors import Conflict
from reports import activities
from reports.build import Built, build, draft, scope_of_all
from reports.model import Report, TrialRow
from reports.movements import Movements, read_movements
from reports.tie_out import RULES, Reading, differences
from reports.trace import read_trace
from tests.conftest import NOW
from tests.keywords import Period

YEAR: Period = {"since": date(2026, 2, 1), "until": date(2026, 12, 31)}
Case = tuple[Report, Reading]
Row = TypeVar("Row")


@pytest.fixture(scope="module")
def case(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Case]:
    """The demo's year as a combined report that ties, and what it is compared with."""
    path = tmp_path_factory.mktemp("town") / "town.db"
    shutil.copy(sqlite_template, path)
    db = Database(f"sqlite:///{path}")
    fill(db, today=date(2026, 11, 2))
    with db.snapshot() as session:
        scope = scope_of_all(session)
        report = build(session, scope=scope, edition="auditor", now=NOW, **YEAR)
        ids = [book.id for book in scope.books]
        moves = read_movements(session, book_ids=ids, **YEAR)
        trace = read_trace(session, books=scope.books, known_at=None, **YEAR)
        yield report, Reading(session, moves, trace, scope.books)


def broken(report: Report, reading: Reading) -> set[str]:
    """Return the numbers of the rules that fail."""
    return {sentence.split(" ")[0] for sentence in differences(report, reading)}


def more(rows: tuple[Row, ...], field: str, by: int = 1, at: int = 0) -> tuple[Row, ...]:
    """Return rows of which one says a unit more."""
    row: Any = rows[at]
    return (*rows[:at], replace(row, **{field: getattr(row, field) + by}), *rows[at + 1 :])


def in_position(report: Report, side: str, field: str) -> Report:
    row = report.positions[0]
    changes: Any = {side: more(getattr(row, side), field)}
    return replace(report, positions=(replace(row, **changes), *report.positions[1:]))


def in_waterfall(report: Report, **changes: Any) -> Report:
    return replace(report, waterfalls=(replace(report.waterfalls[0], **changes),))


def nth(rows: Sequence[TrialRow], account: int) -> int:
    return next(n for n, row in enumerate(rows) if row.account == account)


CHANGES: dict[str, tuple[str, Callable[[Report], Report]]] = {
    "a source": ("T-01", lambda r: replace(r, sources=more(r.sources, "total"))),
    "a use, combined": ("T-01", lambda r: replace(r, uses=more(r.uses, "combined"))),
    "a use left out": ("T-01", lambda r: replace(r, uses=r.uses[1:])),
    "an asset": ("T-01", lambda r: in_position(r, "assets", "total")),
    "a liability": ("T-01", lambda r: in_position(r, "liabilities", "total")),
    "a line of the trial balance": (
        "T-02",
        lambda r: replace(r, trial_balance=more(r.trial_balance, "quantity")),
    ),
    "net assets": ("T-03", lambda r: in_position(r, "net_assets", "combined")),
    "what funds earned together": (
        "T-04",
        lambda r: replace(r, fund_totals=more(r.fund_totals, "income", at=-1)),
    ),
    "a fund's transfers": ("T-04", lambda r: replace(r, funds=more(r.funds, "transfers"))),
    "a fund's end": ("T-04", lambda r: replace(r, funds=more(r.funds, "closing"))),
    "a pool's other property": (
        "T-05",
        lambda r: in_waterfall(r, not_free=r.waterfalls[0].not_free + 1),
    ),
    "a pool's end": ("T-05", lambda r: in_waterfall(r, closing=r.waterfalls[0].closing + 1)),
    "what a pool is committed to": (
        "T-05",
        lambda r: in_waterfall(r, committed=r.waterfalls[0].committed + 1),
    ),
    "a share of a pool": (
        "T-06",
        lambda r: in_waterfall(r, allocated=more(r.waterfalls[0].allocated, "quantity")),
    ),
    "what was promised": ("T-10", lambda r: replace(r, pledges=more(r.pledges, "promised"))),
    "what lapsed": ("T-10", lambda r: replace(r, pledges=more(r.pledges, "lapsed"))),
    "what is open, and how": (
        "T-10",
        lambda r: replace(r, pledges=more(more(r.pledges, "intended"), "conditional", -1)),
    ),
    "pledges left out": ("T-10", lambda r: replace(r, pledges=r.pledges[1:])),
    "the hours of a skill": ("T-11", lambda r: replace(r, hours=more(r.hours, "minutes"))),
    "the hours at a glance": (
        "T-18",
        lambda r: replace(r, hours_received=more(r.hours_received, "quantity")),
    ),
    "things that are here": ("T-12", lambda r: replace(r, things=more(r.things, "held"))),
    "things at a glance": (
        "T-18",
        lambda r: replace(r, things_received=more(r.things_received, "quantity")),
    ),
    "the money at a glance": (
        "T-18",
        lambda r: replace(r, money_received=more(r.money_received, "quantity")),
    ),
    "what is available": ("T-18", lambda r: replace(r, figures=more(r.figures, "available"))),
    "what a pool received": (
        "T-05",
        lambda r: in_waterfall(r, received=r.waterfalls[0].received + 1),
    ),
    "the value of things": (
        "T-13",
        lambda r: replace(r, thing_values=more(r.thing_values, "quantity")),
    ),
    "a fee": ("T-14", lambda r: replace(r, fees=more(r.fees, "total"))),
    "what is eliminated of debts": ("T-15", lambda r: in_position(r, "assets", "eliminated")),
    "how a fund started": ("T-17", lambda r: replace(r, funds=more(r.funds, "restated"))),
}


@pytest.mark.parametrize("name", CHANGES)
def test_one_unit_more_breaks_the_rule_that_is_about_it(case: Case, name: str) -> None:
    report, reading = case
    rule, change = CHANGES[name]
    assert broken(report, reading) == set()
    assert rule in broken(change(report), reading)


def test_every_rule_has_a_control() -> None:
    assert {rule for rule, _change in CHANGES.values()} == {name[:4] for name, _rule in RULES}


def test_sums_that_are_not_those_of_the_entries_are_noticed(case: Case) -> None:
    report, reading = case
    first, *rest = reading.moves.rows
    moved = Movements((replace(first, period=first.period + 1), *rest))
    assert "T-02" in broken(report, replace(reading, moves=moved))


def test_debts_that_do_not_mirror_are_noticed(case: Case) -> None:
    report, reading = case
    inside = {code for code, _name, _kind in report.books}
    trace = reading.trace
    place = next(p for p in trace.within if p.account == 1300 and p.counterparty in inside)
    trace.within[place] += 1
    try:
        assert {"T-01", "T-02", "T-15"} <= broken(report, reading)
    finally:
        trace.within[place] -= 1


def test_a_report_that_does_not_tie_is_shown_as_a_draft_and_not_built(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    _report, reading = case
    honest = activities.fees
    monkeypatch.setattr(activities, "fees", lambda *given: more(honest(*given), "total"))
    scope = scope_of_all(reading.session)
    shown: Built = draft(reading.session, scope=scope, edition="public", now=NOW, **YEAR)
    assert [sentence[:4] for sentence in shown.untied] == ["T-14"]
    with pytest.raises(Conflict, match="The report does not tie out: T-14 refunds and fees"):
        build(reading.session, scope=scope, edition="public", now=NOW, **YEAR)
