"""Issuing keeps exactly what was rendered; what fails, and what only looks, keeps nothing."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from ledger.core.entry import Entry, Posting
from ledger.db import Database
from ledger.errors import Conflict, Invalid
from ledger.models.base import Base
from ledger.models.editions import Edition, EditionFile
from ledger.queries.books.editions import difference, editions_for, file_of
from ledger.services.books import journal
from reports import activities
from reports import build as building
from reports import issue as issuing
from reports.build import scope_of_book
from reports.issue import Issued, Wanted, issue
from reports.render import Rendered, render_html
from tests.conftest import NOW
from tests.factories import make_book, make_fund
from tests.reports.printing import printed
from tests.reports.test_proof import SIGNER

SEPTEMBER = (date(2026, 9, 1), date(2026, 9, 30))
OCTOBER = (date(2026, 10, 1), date(2026, 10, 31))
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def town(db: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    """A book with a gift in each month; pages are not printed, for that takes a second each."""
    monkeypatch.setattr(issuing, "render_pdf", printed)
    with db.transaction() as session:
        make_fund(session, make_book(session))
    gift(db, "1", date(2026, 9, 10), 100)
    gift(db, "2", date(2026, 10, 2), 200)
    return db


def gift(db: Database, reference: str, on: date, amount: int, now: datetime = NOW) -> None:
    legs = (Posting(1010, "GEN", "USD", amount), Posting(4010, "GEN", "USD", -amount))
    with db.transaction() as session:
        journal.post(
            session,
            [Entry("A", legs)],
            event_type="gift",
            source="test",
            external_ref=reference,
            accounting_on=on,
            now=now,
        )


def issued(
    db: Database,
    period: tuple[date, date] = OCTOBER,
    *,
    now: datetime = NOW,
    known_at: datetime | None = None,
) -> Issued:
    wanted = Wanted(lambda session: scope_of_book(session, "A"), *period, "public", known_at)
    return issue(db, wanted, signer=SIGNER, made_by=None, now=now)


def rows(db: Database) -> dict[str, int]:
    """Return how many rows each table has."""
    with db.snapshot() as session:
        return {
            table.name: session.scalar(select(func.count()).select_from(table)) or 0
            for table in Base.metadata.sorted_tables
        }


def listed(db: Database) -> list[Any]:
    with db.snapshot() as session:
        return editions_for(session, book_ids=[scope_of_book(session, "A").books[0].id])


def test_an_edition_keeps_its_file_and_issuing_it_again_writes_nothing(town: Database) -> None:
    first = issued(town)
    before = rows(town)
    again = issued(town, now=LATER)
    assert (first.is_new, again.is_new) == (True, False)
    assert again.edition_id == first.edition_id
    assert again.rendered == first.rendered
    assert rows(town) == before
    with town.snapshot() as session:
        assert file_of(session, first.edition_id) == (first.rendered.pdf, 1)


@pytest.mark.parametrize(
    ("rule", "sentence"), [("a rule", "does not tie out: T-01"), ("", "nothing was saved")]
)
def test_what_fails_leaves_no_edition_behind(
    town: Database, monkeypatch: pytest.MonkeyPatch, rule: str, sentence: str
) -> None:
    before = rows(town)

    def fail(*_given: Any) -> Any:
        raise Conflict("The report could not be rendered, so nothing was saved.")

    if rule:
        monkeypatch.setattr(activities, "transfers", lambda *_given: ())
        monkeypatch.setattr(activities, "sources", lambda *_given: ())
    else:
        monkeypatch.setattr(issuing, "render_pdf", fail)
    with pytest.raises(Conflict, match=sentence):
        issued(town)
    after = rows(town)
    assert (after["edition"], after["edition_log"], after["edition_file"]) == (0, 0, 0)
    if rule:
        assert after == before


def test_a_gift_that_comes_while_the_pages_are_printed_is_not_in_the_edition(
    town: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(report: Any, certificates: Any) -> Rendered:
        gift(town, "meanwhile", date(2026, 10, 3), 5)
        return printed(report, certificates)

    monkeypatch.setattr(issuing, "render_pdf", slow)
    first = issued(town)
    monkeypatch.setattr(issuing, "render_pdf", printed)
    second = issued(town, now=LATER)
    with town.snapshot() as session:
        older, newer = (session.get_one(Edition, row.edition_id) for row in (first, second))
        found = difference(session, older=older, newer=newer)
    assert [row.external_ref for _code, row in found.came] == ["meanwhile"]


def test_a_look_back_supersedes_no_edition(town: Database) -> None:
    official = issued(town)
    gift(town, "late", date(2026, 10, 5), 30, LATER)
    newer = issued(town, now=LATER)
    back = issued(town, now=LATER, known_at=NOW)
    shown = {row.id: row for row in listed(town)}
    assert [
        (shown[row.edition_id].number, shown[row.edition_id].superseded)
        for row in (official, newer, back)
    ] == [(1, True), (2, False), (1, False)]
    assert shown[back.edition_id].older == newer.edition_id
    assert shown[newer.edition_id].older == official.edition_id


def test_an_instant_that_is_ahead_and_a_period_that_has_not_begun_are_refused(
    town: Database,
) -> None:
    for period, known_at, sentence in (
        (OCTOBER, NOW + timedelta(seconds=1), "is in the future"),
        ((date(2026, 11, 3), date(2026, 11, 30)), None, "has not started"),
    ):
        with pytest.raises(Invalid, match=sentence):
            issued(town, period, known_at=known_at)
    assert rows(town)["edition"] == 0


@pytest.mark.parametrize(
    ("now", "known_at", "interim"),
    [
        (datetime(2026, 10, 31, 23, 59, tzinfo=UTC), None, True),
        (datetime(2026, 11, 1, 0, 0, tzinfo=UTC), None, False),
        (datetime(2026, 11, 2, 0, 0, tzinfo=UTC), datetime(2026, 10, 20, tzinfo=UTC), True),
    ],
)
def test_a_period_that_was_not_over_is_marked(
    town: Database, now: datetime, known_at: datetime | None, interim: bool
) -> None:
    with town.snapshot() as session:
        report = building.build(
            session,
            scope=scope_of_book(session, "A"),
            since=OCTOBER[0],
            until=OCTOBER[1],
            edition="public",
            now=now,
            known_at=known_at,
        )
    assert report.interim is interim
    assert ("was not over" in render_html(report, "0" * 64)) is interim


def test_funds_start_as_the_last_edition_ended_and_a_late_entry_restates_them(
    town: Database,
) -> None:
    def start(now: datetime = LATER) -> tuple[int, int]:
        with town.snapshot() as session:
            scope = scope_of_book(session, "A")
            report = building.build(
                session,
                scope=scope,
                since=OCTOBER[0],
                until=OCTOBER[1],
                edition="public",
                now=now,
            )
        (fund,) = report.funds
        return fund.reported, fund.restated

    gift(town, "before", date(2026, 8, 1), 7)
    assert start() == (107, 107)
    issued(town, SEPTEMBER)
    gift(town, "late", date(2026, 9, 5), 30, LATER)
    assert start() == (107, 137), "what was reported stands beside what the books say now"
    issued(town, SEPTEMBER, now=LATER, known_at=NOW)
    assert start() == (107, 137), "a look-back is no comparative"
    issued(town, SEPTEMBER, now=LATER)
    assert start() == (137, 137)


def test_a_file_that_is_not_what_the_log_says_stops_the_next_report(town: Database) -> None:
    """The control of T-17: the edition's figures are read from its log as well."""
    done = issued(town, SEPTEMBER)
    with town.transaction() as session:
        file = session.get_one(EditionFile, done.edition_id)
        file.dataset = file.dataset.replace('"closing":100', '"closing":101')
    with pytest.raises(Conflict, match="T-17 funds start as the last edition ended"):
        issued(town)


def test_an_interim_edition_is_no_comparative(
    town: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    early = datetime(2026, 9, 20, tzinfo=UTC)
    issued(town, SEPTEMBER, now=early)
    gift(town, "rest of September", date(2026, 9, 25), 50)
    with town.snapshot() as session:
        report = building.build(
            session,
            scope=scope_of_book(session, "A"),
            since=OCTOBER[0],
            until=OCTOBER[1],
            edition="public",
            now=NOW,
        )
    assert report.funds[0].reported == 150
    assert not report.restated
