"""The sums of figures are what the sealed entries come to; the check says where they are not."""

from typing import Any

import pytest
from sqlalchemy import func, select, text

from ledger.db import Database, Session
from ledger.models.books import Book
from ledger.models.figures import FigureDay, FigureGiver, FigureTotal
from ledger.queries.pledges.figure_drift import first_drift
from ledger.services.books import sums
from ledger.services.books.seals import seal_all
from tests.worked import load_worked_books

TABLES = (FigureTotal, FigureDay)


@pytest.fixture
def worked(db: Database) -> Database:
    """The worked books, sealed."""
    load_worked_books(db)
    with db.transaction() as session:
        seal_all(session)
    return db


def test_the_sums_are_what_the_database_finds_by_itself(worked: Database) -> None:
    with worked.snapshot() as session:
        rows, found = first_drift(session)
    assert rows > 50
    assert found is None


@pytest.mark.parametrize("table", ["figure_total", "figure_day"])
def test_one_unit_more_in_one_sum_is_found(worked: Database, table: str) -> None:
    """The control of the test above."""
    with worked.transaction() as session:
        session.execute(
            text(f"update {table} set quantity = quantity + 1 where figure = 'received'")
        )
        _rows, found = first_drift(session)
    assert found is not None
    assert "received" in found
    assert table in found


def test_sums_can_be_made_again(worked: Database) -> None:
    def stored(session: Session) -> dict[str, list[tuple[Any, ...]]]:
        return {
            table.__tablename__: sorted(
                map(tuple, session.execute(select(*table.__table__.columns)).all())
            )
            for table in TABLES
        }

    with worked.transaction() as session:
        before = stored(session)
        for book_id in session.scalars(select(Book.id)).all():
            sums.rebuild(session, book_id)
        assert stored(session) == before
        assert session.scalar(select(func.count()).select_from(FigureGiver)) == 0
