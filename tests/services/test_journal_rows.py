"""Many entries at once come in as one by one: COPY and long statements store the same rows."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from ledger.core.entry import Entry, Posting
from ledger.db import Database, Session
from ledger.errors import Conflict
from ledger.models import journal as rows
from ledger.models.books import Book
from ledger.models.periods import Period
from ledger.services.books import journal
from ledger.services.books.journal_rows import MANY, store
from tests.conftest import NOW
from tests.factories import make_book, make_fund, make_person

DAY = date(2026, 10, 2)
# What COPY would read as the end of a value, of a row, of all rows, or as nothing at all.
AWKWARD = ["a\tb", "a\nb", "a\rb", "\\N", "\\.", "\\", "é ₿ 🪣", '"quoted"', "a,b", " "]


@pytest.fixture
def book(session: Session) -> Book:
    made = make_book(session)
    make_fund(session, made)
    return made


def drafts(count: int = MANY, refs: Sequence[str] = ()) -> list[journal.Draft]:
    refs = [*refs, *(f"r-{number}" for number in range(count - len(refs)))]
    legs = [
        (
            Posting(1010, "GEN", "USD", 100 + number, pledge=ref if number % 2 else None),
            Posting(4010, "GEN", "USD", -100 - number, campaign=ref if number % 3 else None),
        )
        for number, ref in enumerate(refs)
    ]
    return [
        journal.Draft(Entry("A", pair), "gift", "test", ref, DAY)
        for pair, ref in zip(legs, refs, strict=True)
    ]


def test_many_entries_are_stored_as_they_were_given(session: Session, book: Book) -> None:
    given = drafts(refs=AWKWARD)
    posted = journal.post_batch(session, given, now=NOW)
    for entry_id, draft in zip(posted.ids, given, strict=True):
        assert journal.load_entry(session, book.id, entry_id) == draft.entry
    stored = session.scalars(select(rows.Entry).order_by(rows.Entry.id)).all()
    assert [row.external_ref for row in stored] == [draft.external_ref for draft in given]
    assert {(row.accounting_on, row.recorded_at) for row in stored} == {(DAY, NOW)}


def test_many_entries_told_again_are_stored_once(session: Session, book: Book) -> None:
    first = journal.post_batch(session, drafts()[:3], now=NOW)
    second = journal.post_batch(session, drafts(), now=NOW)
    assert (second.duplicates, second.ids[:3]) == (3, first.ids)
    assert journal.post_batch(session, drafts(), now=NOW).ids == second.ids
    twice = [*drafts(), *drafts()[:1]]
    assert journal.post_batch(session, twice, now=NOW).duplicates == MANY + 1


def test_many_entries_keep_out_of_a_closed_period(session: Session, book: Book) -> None:
    people = [make_person(session, name) for name in ("Ann", "Bo")]
    session.add(
        Period(
            book_id=book.id,
            until_on=DAY,
            state="closed",
            snapshot="[]",
            snapshot_sha256="",
            log_size=0,
            log_root="",
            closed_by=people[0].id,
            approved_by=people[1].id,
            closed_at=NOW,
            reason="",
        )
    )
    session.flush()
    with pytest.raises(Conflict, match="closed up to Oct 2, 2026"):
        journal.post_batch(session, drafts(), now=NOW)
    later = [replace(draft, accounting_on=date(2026, 10, 3)) for draft in drafts()]
    assert journal.post_batch(session, later, now=NOW).duplicates == 0


@pytest.mark.parametrize("count", [1, MANY])
def test_rows_that_do_not_balance_are_refused_by_the_database(db: Database, count: int) -> None:
    """Nothing but the guards stands between ``store`` and the tables."""
    with db.transaction() as session:
        book = make_book(session)
        fund = make_fund(session, book)
    day = DAY.isoformat()
    entries, postings = [], []
    for number in range(count):
        own_id = f"{number:032x}"
        recorded_at = NOW.isoformat(" ", "microseconds")
        head = (book.id.hex, own_id, day, recorded_at, "gift", "test", f"r-{number}")
        entries.append((*head, None, None, None, None))
        for line, (account, quantity) in enumerate(((1010, 5), (4010, -4)), start=1):
            place = (book.id.hex, own_id, line, day, account, fund.id.hex)
            postings.append((*place, "USD", quantity, *[None] * 10))
    with pytest.raises(IntegrityError, match="does not balance"), db.transaction() as session:
        store(session, entries, postings)
