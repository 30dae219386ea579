"""The journal as stored: balanced, insert-only, idempotent, reversible, on both engines."""

from datetime import date
from uuid import UUID

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from ledger.core.entry import Entry, Posting, entry
from ledger.db import Database, Session
from ledger.errors import Conflict, Invalid, NotFound
from ledger.models.books import Book
from ledger.queries.books.balances import (
    StatementFilter,
    account_statement,
    balance_of,
    trial_balance,
)
from ledger.services.books import journal
from tests.conftest import NOW
from tests.factories import make_book, make_fund

DAY = date(2026, 11, 2)


def gift(cents: int = 6000, book: str = "A", fund: str = "GEN") -> Entry:
    """A gift of money at the bank."""
    return entry(book, Posting(1010, fund, "USD", cents), Posting(4010, fund, "USD", -cents))


def post(session: Session, *items: Entry, ref: str = "1", day: date = DAY) -> journal.Posted:
    """Post entries of one event."""
    return journal.post(
        session,
        items,
        event_type="gift",
        source="test",
        external_ref=ref,
        accounting_on=day,
        now=NOW,
    )


@pytest.fixture
def book(session: Session) -> Book:
    """A book with one fund."""
    made = make_book(session)
    make_fund(session, made)
    return made


def test_a_posted_entry_moves_the_balances(session: Session, book: Book) -> None:
    posted = post(session, gift())
    assert posted.duplicates == 0
    rows = trial_balance(session, book_id=book.id)
    assert [(row.account, row.quantity) for row in rows] == [(1010, 6000), (4010, -6000)]
    assert balance_of(session, book_id=book.id, accounts=[1010])["USD"] == 6000
    assert not trial_balance(session, book_id=book.id, as_of=date(2026, 11, 1))


def test_an_event_told_twice_is_stored_once(session: Session, book: Book) -> None:
    first = post(session, gift())
    again = post(session, gift())
    assert again.ids == first.ids
    assert again.duplicates == 1
    assert balance_of(session, book_id=book.id, accounts=[1010])["USD"] == 6000


def test_an_event_told_again_with_other_figures_is_refused(session: Session, book: Book) -> None:
    post(session, gift())
    with pytest.raises(Conflict):
        post(session, gift(6001))


def test_a_statement_runs_through_every_leg(session: Session, book: Book) -> None:
    post(session, gift(100), ref="1", day=date(2026, 11, 1))
    post(session, gift(250), ref="2")
    rows = account_statement(session, book_id=book.id, account=1010)
    assert [(row.quantity, row.balance) for row in rows] == [(100, 100), (250, 350)]
    late = account_statement(
        session, book_id=book.id, account=1010, wanted=StatementFilter(since=DAY)
    )
    assert [(row.quantity, row.balance) for row in late] == [(250, 350)]


def test_a_reversal_takes_every_balance_back(session: Session, book: Book) -> None:
    entry_id = post(session, gift()).ids[0]
    journal.reverse(session, book_id=book.id, entry_id=entry_id, accounting_on=DAY, now=NOW)
    assert trial_balance(session, book_id=book.id) == []
    with pytest.raises(Conflict):
        journal.reverse(session, book_id=book.id, entry_id=entry_id, accounting_on=DAY, now=NOW)
    with pytest.raises(NotFound):
        journal.reverse(session, book_id=book.id, entry_id=book.id, accounting_on=DAY, now=NOW)


@pytest.mark.parametrize("year", [1, 1899, 2200])
def test_a_year_that_was_typed_wrong_is_no_year_of_the_books(
    session: Session, book: Book, year: int
) -> None:
    with pytest.raises(Invalid) as refusal:
        post(session, gift(), day=DAY.replace(year=year))
    assert refusal.value.place == "entries[0].accounting_on"


@pytest.mark.parametrize(
    ("leg", "place"),
    [
        (Posting(1010, "NOPE", "USD", 1), "entries[0].postings[0].fund"),
        (Posting(1099, "GEN", "USD", 1), "entries[0].postings[0].account"),
        (Posting(1010, "GEN", "XTS", 1), "entries[0].postings[0].commodity"),
        (Posting(1010, "GEN", "USD", 1, counterparty="Z"), "entries[0].postings[0].counterparty"),
    ],
)
def test_an_unknown_code_is_named(session: Session, book: Book, leg: Posting, place: str) -> None:
    other = Posting(4010, leg.fund, leg.commodity, -1)
    with pytest.raises(Invalid) as refusal:
        post(session, entry("A", leg, other))
    assert refusal.value.place == place


def raw_posting(line: int, quantity: int, **changes: object) -> dict[str, object]:
    """A posting row as SQL would insert it, bypassing every check in Python."""
    return {"line": line, "quantity": quantity, "account": 1010, "commodity": "USD"} | changes


@pytest.mark.parametrize(
    "rows",
    [
        [raw_posting(1, 5), raw_posting(2, -4)],
        [raw_posting(1, 5), raw_posting(2, -5, account=9110)],
        [raw_posting(1, 5), raw_posting(2, -5, commodity="EUR")],
        [raw_posting(1, 5)],
        [],
    ],
)
def test_the_database_itself_refuses_an_unbalanced_entry(
    db: Database, rows: list[dict[str, object]]
) -> None:
    with db.transaction() as session:
        book = make_book(session)
        fund = make_fund(session, book)
        make_book(session, "E", currency="EUR")
    with pytest.raises(DBAPIError, match=r"balance|two postings"), db.transaction() as session:
        _insert_raw(session, book.id, fund.id, rows)
    control = [raw_posting(1, 5), raw_posting(2, -5, account=4010)]
    with db.transaction() as session:
        _insert_raw(session, book.id, fund.id, control)


def _insert_raw(
    session: Session, book_id: UUID, fund_id: UUID, rows: list[dict[str, object]]
) -> None:
    from sqlalchemy import insert

    from ledger.ids import new_id
    from ledger.models.journal import Entry as EntryRow
    from ledger.models.journal import Posting as PostingRow

    entry_id = new_id()
    common = {"book_id": book_id, "entry_id": entry_id, "fund_id": fund_id, "accounting_on": DAY}
    if rows:
        session.execute(insert(PostingRow), [common | row for row in rows])
    session.execute(
        insert(EntryRow).values(
            book_id=book_id,
            id=entry_id,
            accounting_on=DAY,
            recorded_at=NOW,
            event_type="raw",
            source="test",
            external_ref=str(entry_id),
        )
    )


@pytest.mark.parametrize(
    "statement",
    [
        "update entry set event_type = 'x'",
        "delete from entry",
        "update posting set quantity = quantity + 1",
        "delete from posting",
        "insert into posting (book_id, entry_id, line, accounting_on, account, fund_id, commodity,"
        " quantity) select book_id, entry_id, 9, accounting_on, account, fund_id, commodity, 7"
        " from posting where line = 1",
    ],
)
def test_the_database_itself_refuses_to_change_the_journal(db: Database, statement: str) -> None:
    with db.transaction() as session:
        make_fund(session, make_book(session))
        post(session, gift())
    with pytest.raises(DBAPIError, match=r"only grows|closed"), db.transaction() as session:
        session.execute(text(statement))


def test_postings_without_their_entry_cannot_be_committed(db: Database) -> None:
    with db.transaction() as session:
        make_fund(session, make_book(session))
        post(session, gift())
    orphan = (
        "insert into posting (book_id, entry_id, line, accounting_on, account, fund_id, commodity,"
        " quantity) select book_id, fund_id, 1, accounting_on, account, fund_id, commodity, 7"
        " from posting where line = 1"
    )
    with pytest.raises(DBAPIError), db.transaction() as session:
        session.execute(text(orphan))


def test_a_snapshot_cannot_write(db: Database) -> None:
    with pytest.raises(DBAPIError), db.snapshot() as session:
        session.execute(text("delete from book"))
    with db.transaction() as session:
        make_book(session)


def test_a_snapshot_does_not_see_what_comes_later(db: Database) -> None:
    count = select(func.count()).select_from(Book)
    with db.snapshot() as before:
        assert before.scalar(count) == 0
        with db.transaction() as session:
            make_book(session)
        assert before.scalar(count) == 0
    with db.snapshot() as after:
        assert after.scalar(count) == 1


def test_names_of_a_transaction_that_is_rolled_back_are_not_remembered(db: Database) -> None:
    """Not even after a part of it was kept: the next one gives other ids to the same codes."""

    def opened_and_posted(session: Session) -> None:
        make_fund(session, make_book(session, "X"))
        with session.begin_nested():
            post(session, gift(book="X"))

    def undone(session: Session) -> None:
        opened_and_posted(session)
        raise LookupError

    with pytest.raises(LookupError):
        db.run(undone)
    db.run(opened_and_posted)
