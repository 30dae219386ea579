"""Two editions of a report differ by exactly the entries that the difference lists."""

import io
from datetime import date, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from ledger.core.entry import Entry, Posting
from ledger.db import Database
from ledger.errors import Invalid, NotFound
from ledger.ids import new_id
from ledger.models.editions import Edition
from ledger.models.people import Person
from ledger.models.periods import PeriodState
from ledger.queries.books.balances import (
    StatementFilter,
    account_statement,
    balance_of,
    trial_balance,
)
from ledger.queries.books.editions import Difference, difference, edition_named, editions_for
from ledger.services.books import journal
from ledger.services.books.seals import seal_all
from reports import issue as issuing
from reports.build import scope_of_book
from reports.exports import export_journal
from reports.issue import Wanted, issue
from tests.conftest import NOW
from tests.factories import make_book, make_fund, make_person
from tests.reports.printing import printed
from tests.reports.test_proof import SIGNER
from tests.services.test_periods import close

OCTOBER = (date(2026, 10, 1), date(2026, 10, 31))
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def town(db: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    monkeypatch.setattr(issuing, "render_pdf", printed)
    with db.transaction() as session:
        book = make_book(session)
        make_fund(session, book)
        make_book(session, "B")
        for name in ("Ann Lee", "Bo Dale"):
            make_person(session, name, book, "approver")
    gift(db, "1", date(2026, 9, 30), 100)
    gift(db, "2", date(2026, 10, 2), 200)
    return db


def gift(db: Database, reference: str, on: date, amount: int, now: datetime = NOW) -> UUID:
    legs = (Posting(1010, "GEN", "USD", amount), Posting(4010, "GEN", "USD", -amount))
    with db.transaction() as session:
        return journal.post(
            session,
            [Entry("A", legs)],
            event_type="gift",
            source="test",
            external_ref=reference,
            accounting_on=on,
            now=now,
        ).ids[0]


def issued(
    db: Database,
    now: datetime = NOW,
    known_at: datetime | None = None,
    edition: str = "auditor",
    period: tuple[date, date] = OCTOBER,
) -> str:
    """Issue a report of October and return its data's hash."""
    wanted = Wanted(
        lambda session: scope_of_book(session, "A"), period[0], period[1], edition, known_at
    )
    done = issue(db, wanted, signer=SIGNER, made_by=None, now=now)
    return done.rendered.dataset_sha256


def between(db: Database, older: str, newer: str) -> Difference:
    with db.snapshot() as session:
        return difference(
            session, older=edition_named(session, older), newer=edition_named(session, newer)
        )


def balances(
    db: Database, *, as_of: date | None = None, known_at: datetime | None = None
) -> dict[tuple[int, str, str], int]:
    with db.snapshot() as session:
        book_id = scope_of_book(session, "A").books[0].id
        return {
            (row.account, row.fund, row.commodity): row.quantity
            for row in trial_balance(session, book_id=book_id, as_of=as_of, known_at=known_at)
        }


def test_the_difference_lists_each_entry_that_made_it(town: Database) -> None:
    before, old = issued(town), balances(town, as_of=OCTOBER[1])
    gift(town, "november", date(2026, 11, 1), 7, LATER)
    assert issued(town, LATER) == before, "what is dated later changes nothing"
    # Recorded with an earlier clock than the report, and still after it.
    late = gift(town, "late", date(2026, 10, 5), 30, NOW - timedelta(days=1))
    early = gift(town, "early", date(2026, 9, 1), 4, LATER)
    with town.transaction() as session:
        book_id = scope_of_book(session, "A").books[0].id
        undone = journal.reverse(
            session, book_id=book_id, entry_id=late, accounting_on=date(2026, 10, 6), now=LATER
        ).ids[0]
    after = issued(town, LATER)
    found = between(town, before, after)
    assert {row.id for _code, row in found.came} == {late, early, undone}
    assert found.left == ()
    new = balances(town, as_of=OCTOBER[1])
    told = {(row.account, row.fund, row.commodity): row.quantity for row in found.changes}
    assert told == {
        key: new.get(key, 0) - old.get(key, 0)
        for key in old.keys() | new.keys()
        if new.get(key, 0) != old.get(key, 0)
    }
    back = between(town, after, before)
    assert ({row.id for _code, row in back.left}, back.came) == ({late, early, undone}, ())
    assert between(town, before, before).changes == ()


def test_an_entry_that_the_sealer_takes_later_is_in_the_difference(town: Database) -> None:
    """The control: what counts is the log that a report was made of, not when it was sealed."""
    before = issued(town)
    late = gift(town, "late", date(2026, 10, 5), 30)
    with town.transaction() as session:
        seal_all(session)
    assert [row.id for _code, row in between(town, before, issued(town, LATER)).came] == [late]


def test_a_report_as_known_then_is_the_report_made_then(town: Database) -> None:
    gift(town, "late", date(2026, 10, 5), 30, LATER)
    then, now = issued(town, LATER, known_at=NOW), issued(town, LATER)
    found = between(town, then, now)
    assert [row.external_ref for _code, row in found.came] == ["late"]
    assert balances(town, known_at=NOW) == {(1010, "GEN", "USD"): 300, (4010, "GEN", "USD"): -300}
    with town.snapshot() as session:
        book = scope_of_book(session, "A").books[0]
        assert balance_of(session, book_id=book.id, accounts=[1010], known_at=NOW)["USD"] == 300
        assert balance_of(session, book_id=book.id, accounts=[1010])["USD"] == 330
        rows = account_statement(
            session, book_id=book.id, account=1010, wanted=StatementFilter(known_at=NOW)
        )
        assert [row.balance for row in rows] == [100, 300]
        for instant, entries in ((NOW, 2), (None, 3)):
            out = io.StringIO()
            done = export_journal(
                session, book=book, file_format="jsonl", out=out, known_at=instant
            )
            assert done.entries == entries


def test_an_edition_of_no_book_is_shown_to_nobody(town: Database) -> None:
    """It broke the list of the others."""
    issued(town)
    with town.transaction() as session:
        book = scope_of_book(session, "A").books[0]
        known = session.scalars(select(Edition)).one()
        strange = {column.name: getattr(known, column.name) for column in Edition.__table__.columns}
        session.add(Edition(**strange | {"id": new_id(), "dataset_sha256": "f" * 64}))
        session.flush()
        assert [row.id for row in editions_for(session, book_ids=[book.id])] == [known.id]


def test_editions_are_numbered_and_superseded_by_newer_and_by_reopening(town: Database) -> None:
    first = issued(town)
    issued(town, edition="public")
    gift(town, "late", date(2026, 10, 5), 30, LATER)
    issued(town, LATER)
    with town.snapshot() as session:
        book = scope_of_book(session, "A").books[0]
        rows = editions_for(session, book_ids=[book.id])
        assert [(row.number, row.audience, row.superseded) for row in rows] == [
            (2, "auditor", False),
            (1, "public", False),
            (1, "auditor", True),
        ]
        assert rows[0].older == rows[2].id == edition_named(session, first[:12]).id
        assert editions_for(session, book_ids=[]) == []
        for name in (first[:7], "nothing", "%" * 10):
            with pytest.raises(NotFound):
                edition_named(session, name)
    with town.transaction() as session:
        people = list(session.scalars(select(Person)))
        row = close(session, book, people)
        row.state, row.reopened_at = PeriodState.REOPENED, LATER + timedelta(hours=1)
    with town.snapshot() as session:
        rows = editions_for(session, book_ids=[book.id])
    assert [row.superseded for row in rows] == [True, True, True]


def test_editions_of_other_periods_are_not_compared(town: Database) -> None:
    september = (date(2026, 9, 1), date(2026, 9, 30))
    with pytest.raises(Invalid, match="same books and period"):
        between(town, issued(town), issued(town, period=september))
