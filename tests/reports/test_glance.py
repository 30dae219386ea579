"""What a report shows first is what every other page shows."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from ledger.core.entry import Entry, Posting
from ledger.db import Database
from ledger.queries.books.books import book_by_code
from ledger.queries.pledges import figures
from ledger.services.books import journal
from reports.build import build, scope_of_book
from reports.model import PledgeRow, Report
from reports.render import render_html
from tests.conftest import NOW
from tests.factories import make_book, make_fund
from tests.keywords import Period

YEAR: Period = {"since": date(2026, 1, 1), "until": date(2026, 12, 31)}
AFTER = datetime(2027, 1, 2, tzinfo=UTC)
LEGS = {
    "an opening": {1010: 963000, 3010: -963000},
    "a promise that is not paid": {1210: 500000, 4030: -500000},
    "a grant": {1010: 250000, 4210: -250000},
    "a gift": {1010: 10000, 4010: -10000},
    "a dispute that is lost": {4092: 5000, 1110: -5000},
    "a bill": {5110: 3000, 2110: -3000},
}


@pytest.fixture
def town(db: Database) -> Database:
    with db.transaction() as session:
        make_fund(session, make_book(session))
    for name, legs in LEGS.items():
        post(db, name, legs)
    return db


def post(db: Database, name: str, legs: dict[int, int], now: datetime = NOW) -> None:
    postings = tuple(
        Posting(account, "GEN", "USD", amount, function="programme" if account == 5110 else None)
        for account, amount in legs.items()
    )
    with db.transaction() as session:
        journal.post(
            session,
            [Entry("A", postings)],
            event_type="opening_balances" if 3010 in legs else "gift",
            source="test",
            external_ref=name,
            accounting_on=date(2026, 3, 1),
            now=now,
        )


def report_of(db: Database, known_at: datetime | None = None) -> Report:
    with db.snapshot() as session:
        scope = scope_of_book(session, "A")
        return build(session, scope=scope, edition="public", now=AFTER, known_at=known_at, **YEAR)


def test_a_grant_that_came_is_received_and_a_promise_that_is_not_paid_is_not(
    town: Database,
) -> None:
    report = report_of(town)
    (money,) = report.money_received
    assert money.quantity == 250000 + 10000 - 5000
    (row,) = report.figures
    assert (row.owed, row.spent, row.brought_forward) == (500000, 3000, 963000)
    with town.snapshot() as session:
        scope = figures.scope_of_book(book_by_code(session, "A"))
        assert report.figures == figures.figures(session, scope, **YEAR).rows


def test_a_look_back_shows_the_figures_that_were_known_then(town: Database) -> None:
    before = report_of(town)
    post(town, "a late gift", {1010: 777, 4010: -777}, NOW + timedelta(hours=1))
    assert report_of(town).money_received != before.money_received
    back = report_of(town, known_at=NOW)
    assert (back.figures, back.money_received) == (before.figures, before.money_received)


def test_a_pledge_that_waits_for_its_donor_is_told_apart(town: Database) -> None:
    report = report_of(town)
    (row,) = report.figures
    waiting = PledgeRow("A roof", "USD", 0, 4000, 0, 0, 0, 0, 0, 4000, 0, 4000, 0)
    shown = render_html(replace(report, pledges=(waiting,)), "0" * 64)
    assert "40.00 is waiting for the donor" in " ".join(shown.split())
    told = replace(report, pledges=(waiting,), figures=(replace(row, intended=4000),))
    assert "waits for its donor" not in render_html(told, "0" * 64)
