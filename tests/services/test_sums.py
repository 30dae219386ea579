"""Sums by day and month are what the sealed legs come to, whenever and in whatever order."""

import random
from collections import defaultdict
from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, text

from ledger.core.entry import Entry, Posting
from ledger.db import Database, ReadSession
from ledger.models import journal as rows
from ledger.models.books import Fund
from ledger.queries.books.balances import (
    StatementFilter,
    account_statement,
    balance_of,
    trial_balance,
)
from ledger.queries.books.sums import first_drift
from ledger.services.books import journal, sums
from ledger.services.books.seals import seal_book
from tests.conftest import NOW
from tests.factories import make_book, make_fund

FIRST = date(2025, 11, 20)


@pytest.fixture
def books(db: Database) -> Database:
    """Two books with legs on many days, some sealed, some not, some dated back."""
    chance = random.Random(7)
    with db.transaction() as session:
        for code in "AB":
            made = make_book(session, code)
            make_fund(session, made)
            make_fund(session, made, "ROOF", "purpose")
    number = 0
    for _part in range(6):
        with db.transaction() as session:
            for _entry in range(25):
                number += 1
                book, other = chance.choice(("AB", "BA"))
                fund = chance.choice(("GEN", "ROOF"))
                account = chance.choice((1010, 1030, 1300))
                amount = chance.choice((-1, 1)) * chance.randrange(1, 10**6)
                legs = (
                    Posting(account, fund, "USD", amount, other if account == 1300 else None),
                    Posting(4010, fund, "USD", -amount),
                )
                journal.post(
                    session,
                    [Entry(book, legs)],
                    event_type="gift",
                    source="test",
                    external_ref=str(number),
                    accounting_on=FIRST + timedelta(chance.randrange(100)),
                    now=NOW,
                )
            if chance.random() < 0.7:
                seal_book(session, book_id=_book(session, "A"))
    return db


def test_every_balance_at_every_day_is_the_sum_of_its_legs(books: Database) -> None:
    with books.snapshot() as session:
        assert first_drift(session)[1] is None
        for code in "AB":
            book_id = _book(session, code)
            for day in [None, *(FIRST + timedelta(n) for n in range(-1, 102, 3))]:
                expected = _by_hand(session, book_id, day)
                found = {
                    (row.account, row.fund, row.commodity): row.quantity
                    for row in trial_balance(session, book_id=book_id, as_of=day)
                }
                assert found == expected
                own = balance_of(session, book_id=book_id, accounts=[1010, 1300], as_of=day)
                assert own["USD"] == sum(
                    total for (account, *_), total in expected.items() if account in (1010, 1300)
                )


def test_a_page_of_a_statement_ends_in_the_balance(books: Database) -> None:
    with books.snapshot() as session:
        book_id = _book(session, "A")
        for fund in (None, "ROOF"):
            day = FIRST + timedelta(60)
            expected = sum(
                total
                for (account, code, _), total in _by_hand(session, book_id, day).items()
                if account == 1010 and fund in (None, code)
            )
            page = account_statement(
                session,
                book_id=book_id,
                account=1010,
                wanted=StatementFilter(fund=fund, until=day, limit=5),
            )
            assert page[-1].balance == expected
            assert page[-1].balance - page[-1].quantity == page[-2].balance


def test_sums_made_again_are_the_same(books: Database) -> None:
    with books.transaction() as session:
        before = _sums(session)
        sums.rebuild(session, _book(session, "A"))
        assert _sums(session) == before
        assert first_drift(session)[1] is None


@pytest.mark.parametrize("table", ["balance_day", "balance_month"])
def test_a_sum_that_was_changed_is_found(books: Database, table: str) -> None:
    with books.transaction() as session:
        session.execute(text(f"update {table} set quantity = quantity + 1 where account = 1010"))
    with books.snapshot() as session:
        assert "account 1010" in str(first_drift(session)[1])


def _book(session: ReadSession, code: str) -> UUID:
    return journal.books_by_code(session)[code]


def _by_hand(
    session: ReadSession, book_id: UUID, day: date | None
) -> dict[tuple[int, str, str], int]:
    totals: defaultdict[tuple[int, str, str], int] = defaultdict(int)
    legs = select(rows.Posting, Fund.code).join(Fund, Fund.id == rows.Posting.fund_id)
    for leg, fund in session.execute(legs.where(rows.Posting.book_id == book_id)):
        if day is None or leg.accounting_on <= day:
            totals[leg.account, fund, leg.commodity] += leg.quantity
    return {key: total for key, total in totals.items() if total}


def _sums(session: ReadSession) -> list[tuple[object, ...]]:
    return sorted(
        tuple(map(str, row))
        for table in ("balance_day", "balance_month")
        for row in session.execute(text(f"select * from {table}"))
    )
