"""On the demo's year, pages, API, command and report show the same figures."""

from datetime import date

import pytest
from sqlalchemy import text

from ledger.db import Database
from ledger.demo import fill
from ledger.services.books.seals import seal_all
from tests.agreement import NewAgreement
from tests.conftest import NOW


@pytest.fixture
def demo(db: Database) -> Database:
    fill(db, today=date(2026, 11, 2))
    with db.transaction() as session:
        seal_all(session)
    return db


def test_all_ways_to_a_figure_agree(demo: Database) -> None:
    agreement = NewAgreement(demo)
    with demo.transaction() as session:
        assert agreement.check(session, NOW) > 20


@pytest.mark.parametrize("table", ["figure_day", "figure_giver"])
def test_a_sum_that_is_off_is_noticed(demo: Database, table: str) -> None:
    """The control: the report reads the entries, and the rows of My giving read the entries of
    each pledge, where the pages read sums."""
    agreement = NewAgreement(demo)
    with demo.transaction() as session:
        session.execute(
            text(
                f"update {table} set quantity = quantity + 1 where figure = 'received'"
                " and commodity = 'USD'"
            )
        )
        with pytest.raises(AssertionError):
            agreement.check(session, NOW)
