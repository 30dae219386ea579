"""The database is what the models say, and it guards the journal by itself."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from ledger.core.entry import Entry, Posting
from ledger.db import Database
from ledger.models.base import Base
from ledger.services.books import journal
from migrations import upgrade
from tests.conftest import NOW
from tests.factories import make_book, make_fund
from tests.queries.damage import unguard

INSERT = (
    "insert into posting (book_id, entry_id, line, account, fund_id, commodity, quantity,"
    " accounting_on) select book_id, entry_id, line + 10, account, fund_id, commodity, quantity,"
    " accounting_on from posting"
)
REFUSED = {
    "changing an amount": "update posting set quantity = quantity * 2",
    "changing an account": "update posting set account = 6540",
    "taking legs away": "delete from posting",
    "changing a date": "update entry set accounting_on = '2020-01-01'",
    "taking an entry away": "delete from entry",
    "adding legs to a closed entry": INSERT,
}


@pytest.fixture
def entry_there(db: Database) -> Database:
    with db.transaction() as session:
        make_fund(session, make_book(session))
        journal.post(
            session,
            [Entry("A", (Posting(1010, "GEN", "USD", 500), Posting(4010, "GEN", "USD", -500)))],
            event_type="gift",
            source="test",
            external_ref="1",
            accounting_on=NOW.date(),
            now=NOW,
        )
    return db


def test_the_migrated_schema_is_the_one_of_the_models(db: Database) -> None:
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, Base.metadata) == []


def test_migrating_again_changes_nothing(db: Database) -> None:
    before = upgrade(db.engine)
    assert upgrade(db.engine) == before


@pytest.mark.parametrize("statement", REFUSED.values(), ids=REFUSED.keys())
def test_the_journal_only_grows(entry_there: Database, statement: str) -> None:
    with (
        pytest.raises(DBAPIError, match=r"journal only grows|entry is closed"),
        entry_there.engine.begin() as connection,
    ):
        connection.execute(text(statement))


@pytest.mark.parametrize("statement", REFUSED.values(), ids=REFUSED.keys())
def test_without_its_guards_the_journal_could_be_changed(
    entry_there: Database, statement: str
) -> None:
    """The control of the test above."""
    with entry_there.engine.connect() as connection:
        transaction = connection.begin()
        unguard(connection)
        assert connection.execute(text(statement)).rowcount > 0
        transaction.rollback()


def test_truncate_is_refused_as_well(entry_there: Database) -> None:
    if entry_there.is_sqlite:
        pytest.skip("SQLite has no truncate")
    with pytest.raises(DBAPIError), entry_there.engine.begin() as connection:
        connection.execute(text("truncate entry, posting cascade"))


Legs = list[tuple[int, int]]
UNBALANCED: dict[str, Legs] = {
    "one unit short": [(1010, 500), (4010, -499)],
    "one leg only": [(1010, 500)],
    "balanced across layers only": [(1010, 500), (9110, -500)],
}


@pytest.mark.parametrize("legs", UNBALANCED.values(), ids=UNBALANCED.keys())
def test_an_entry_that_does_not_balance_cannot_be_closed(entry_there: Database, legs: Legs) -> None:
    with (
        pytest.raises(DBAPIError, match=r"balance|two postings"),
        entry_there.engine.begin() as connection,
    ):
        write_raw(connection, legs)


def test_the_same_statements_close_an_entry_that_balances(entry_there: Database) -> None:
    with entry_there.engine.begin() as connection:
        write_raw(connection, [(1010, 500), (4010, -500)])


def test_legs_without_an_entry_do_not_survive_the_commit(entry_there: Database) -> None:
    with pytest.raises(DBAPIError), entry_there.engine.begin() as connection:
        write_raw(connection, [(1010, 500), (4010, -500)], closed=False)


def write_raw(connection: Connection, legs: Legs, *, closed: bool = True) -> None:
    known = connection.execute(
        text("select book_id, fund_id, accounting_on from posting limit 1")
    ).one()
    number = "01a20b42f0747672" + "91a8ed64fb324efc"
    for line, (account, quantity) in enumerate(legs):
        connection.execute(
            text(
                "insert into posting (book_id, entry_id, line, account, fund_id, commodity,"
                " quantity, accounting_on) values (:book, :entry, :line, :account, :fund, 'USD',"
                " :quantity, :day)"
            ),
            {
                "book": known.book_id,
                "entry": number,
                "line": line,
                "account": account,
                "fund": known.fund_id,
                "quantity": quantity,
                "day": known.accounting_on,
            },
        )
    if closed:
        connection.execute(
            text(
                "insert into entry (book_id, id, accounting_on, recorded_at, event_type, source,"
                " external_ref) values (:book, :entry, :day, :now, 'x', 'raw', 'raw')"
            ),
            {"book": known.book_id, "entry": number, "day": known.accounting_on, "now": NOW},
        )
