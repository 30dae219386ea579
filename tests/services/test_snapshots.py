"""A snapshot sees one state of the books and writes nothing; a transaction after it does."""

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from ledger.db import Database
from ledger.models.books import Book
from tests.factories import make_book


def test_a_snapshot_writes_nothing_and_leaves_nothing_behind(db: Database) -> None:
    with db.transaction() as session:
        make_book(session)
    with db.snapshot() as session, pytest.raises(DBAPIError):
        session.execute(text("update book set name = 'other'"))
    with db.transaction() as session:
        session.execute(text("update book set story = 'written'"))
    with db.snapshot() as session:
        assert session.execute(select(Book.name, Book.story)).one() == ("Book A", "written")


def test_a_snapshot_does_not_see_what_comes_later(db: Database) -> None:
    count = select(func.count()).select_from(Book)
    with db.snapshot() as before:
        assert before.scalar(count) == 0
        with db.transaction() as session:
            make_book(session)
        assert before.scalar(count) == 0
    with db.snapshot() as after:
        assert after.scalar(count) == 1
