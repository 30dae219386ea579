"""Figures by scope and period: sealed or not, whole or in parts, they are the same."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from ledger.core.figures import FLOWS
from ledger.db import Database, ReadSession
from ledger.models.books import Book, Fund
from ledger.queries.pledges import figures
from ledger.services.books.seals import seal_all
from ledger.services.importing.bulk import import_entries
from tests.conftest import NOW
from tests.factories import make_worked_books
from tests.worked import WORKED, worked_lines

FIRST = NOW.date() - timedelta(days=100)


@pytest.fixture
def spread(db: Database) -> Database:
    """The worked events, a day for each, none sealed."""
    with db.transaction() as session:
        make_worked_books(session, WORKED)
        lines = [
            line.replace(b"2026-03-01", (FIRST + timedelta(days=number // 3)).isoformat().encode())
            for number, line in enumerate(worked_lines())
        ]
        import_entries(session, lines=lines, book=None, now=NOW)
    return db


def _scopes(session: ReadSession) -> list[figures.Scope]:
    books = session.scalars(select(Book).order_by(Book.code)).all()
    funds = session.scalars(select(Fund).order_by(Fund.code)).all()
    return [
        figures.Scope(),
        *map(figures.scope_of_book, books),
        *map(figures.scope_of_fund, funds),
    ]


def test_what_waits_for_the_sealer_counts_like_what_is_sealed(spread: Database) -> None:
    middle = FIRST + timedelta(days=20)
    periods = [(None, None), (None, middle), (middle, None), (middle, middle + timedelta(days=9))]

    def asked() -> list[figures.Figures]:
        with spread.snapshot() as session:
            return [
                figures.figures(session, scope, since=since, until=until)
                for scope in _scopes(session)
                for since, until in periods
            ]

    waiting = asked()
    with spread.transaction() as session:
        assert seal_all(session) > 100
    assert asked() == waiting
    assert any(found.rows for found in waiting)


def test_parts_of_a_period_add_up_to_it(spread: Database) -> None:
    names = [figure.value for figure in FLOWS] + ["advances"]
    middle = FIRST + timedelta(days=23)
    with spread.transaction() as session:
        seal_all(session)
        for scope in _scopes(session):
            whole = figures.figures(session, scope)
            before = figures.figures(session, scope, until=middle)
            after = figures.figures(session, scope, since=middle + timedelta(days=1))
            for row in whole.rows:
                first, second = before.of(row.commodity), after.of(row.commodity)
                if scope.kind == figures.EVERYTHING or row.kind not in ("money", "holdings"):
                    continue
                for name in names:
                    assert getattr(row, name) == getattr(first, name) + getattr(second, name)
                assert row.available == second.available


def test_what_came_and_went_is_what_the_free_money_changed_by(spread: Database) -> None:
    """Brought forward + received + … − passed on = available, in every scope and period."""
    middle = FIRST + timedelta(days=20)
    with spread.snapshot() as session:
        rows = 0
        for scope in _scopes(session):
            for since in (None, middle):
                found = figures.figures(session, scope, since=since)
                before = figures.figures(session, scope, until=middle - timedelta(days=1))
                for row in found.rows:
                    if row.kind != "money":
                        continue
                    rows += 1
                    start = (
                        before.of(row.commodity) if since else figures.Row(row.commodity, "money")
                    )
                    change = sum(sign * getattr(row, name) for name, sign in FLOWS.items())
                    free = row.available + row.committed - start.available - start.committed
                    assert change == free, (scope, since, row)
        assert rows > 30


def test_funds_add_up_to_their_book_and_books_to_everything(spread: Database) -> None:
    with spread.transaction() as session:
        seal_all(session)
        whole = figures.figures(session, figures.Scope())
        books = [figures.scope_of_book(book) for book in session.scalars(select(Book))]
        funds = [figures.scope_of_fund(fund) for fund in session.scalars(select(Fund))]
        for scopes in (books, funds):
            parts = [figures.figures(session, scope) for scope in scopes]
            for row in whole.rows:
                for name in ("received", "spent", "granted", "advances_held", "owed", "committed"):
                    total = sum(getattr(part.of(row.commodity), name) for part in parts)
                    assert total == getattr(row, name), (row.commodity, name)


def test_all_money_of_everybody_is_the_money_of_each(spread: Database) -> None:
    """What communities owe each other cancels; a share that can be taken out stays inside."""
    with spread.snapshot() as session:
        whole = figures.figures(session, figures.Scope()).of("USD")
        books = session.scalars(select(Book)).all()
        each = [figures.figures(session, figures.scope_of_book(book)).of("USD") for book in books]
        assert whole.available == sum(row.available + row.in_pools for row in each)
        assert (whole.from_communities, whole.to_communities) == (0, 0)
