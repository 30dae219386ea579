"""Balances, statements and trial balances say what adding up by hand says, at any date.

The other side of each comparison is the plainest Python that can be written: a list of legs and
``sum``. Nothing of it comes from the product.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.core.accounts import BY_NUMBER
from ledger.core.entry import Entry, Posting, entry
from ledger.db import Database, ReadSession
from ledger.models.books import Book
from ledger.queries.books import balances
from ledger.queries.books.balances import (
    StatementFilter,
    StatementRow,
    account_statement,
    balance_of,
    trial_balance,
)
from ledger.queries.books.books import fund_by_code
from ledger.queries.books.journal import JournalFilter, entries, every_entry
from ledger.services.books import journal
from ledger.services.books.books import ensure_commodity
from tests.conftest import NOW
from tests.factories import make_book, make_fund

START = date(2026, 1, 1)
DAYS = 40
FUNDS = ("GEN", "ROOF")
# One family per layer: accounts whose legs may balance each other, and what they count.
FAMILIES = (
    ((1010, 1030, 1110, 2190, 4010, 6540), ("USD", "EUR")),
    ((8110, 8210, 8250, 8420), ("EQP.CHAIR", "MIN.ELEC")),
    ((9110, 9120, 9190), ("USD", "EQP.CHAIR", "MIN.ELEC")),
)
BIG = 2**53 + 1  # a quantity that a float would lose
# Each: the day of the books, the minute at which it is known, and legs or which one is reversed.
Story = list[tuple[int, int, list[Posting] | int]]


@dataclass(frozen=True)
class Leg:
    """One leg as the naive side remembers it."""

    book: str
    day: date
    known: datetime
    account: int
    fund: str
    commodity: str
    quantity: int


@st.composite
def pairs(draw: st.DrawFn) -> list[Posting]:
    """A few legs of one fund, layer and commodity that sum to zero."""
    accounts, commodities = draw(st.sampled_from(FAMILIES))
    fund, commodity = draw(st.sampled_from(FUNDS)), draw(st.sampled_from(commodities))
    quantities = draw(
        st.lists(
            st.one_of(st.integers(-500, 500), st.sampled_from([BIG, -BIG])), min_size=1, max_size=3
        )
    )
    legs = [quantity for quantity in quantities if quantity]
    if sum(legs):
        legs.append(-sum(legs))
    legs = legs or [7, -7]
    return [Posting(draw(st.sampled_from(accounts)), fund, commodity, amount) for amount in legs]


@st.composite
def stories(draw: st.DrawFn) -> Story:
    """Deeds in the order they become known: (book day, minute known, legs or what to reverse)."""
    deeds: Story = []
    for number in range(draw(st.integers(1, 7))):
        day = draw(st.integers(0, DAYS))
        if number and draw(st.integers(0, 3)) == 0:
            deeds.append((day, number, draw(st.integers(0, number - 1))))
        else:
            groups = draw(st.lists(pairs(), min_size=1, max_size=2))
            deeds.append((day, number, [leg for group in groups for leg in group]))
    return deeds


def told(db: Database, story: Story, code: str) -> tuple[UUID, list[Leg]]:
    """Post a story into a book of its own, and return the legs as they should be."""
    kept: list[Leg] = []
    done: list[tuple[UUID, Entry]] = []
    reversed_ones: set[int] = set()
    with db.transaction() as session:
        for commodity in ("EUR", "EQP.CHAIR", "MIN.ELEC"):
            ensure_commodity(session, commodity)
        book = make_book(session, code)
        for fund in FUNDS:
            make_fund(session, book, fund)
        for day, minute, deed in story:
            on, known = START + timedelta(days=day), NOW + timedelta(minutes=minute)
            if isinstance(deed, int):
                if deed >= len(done) or deed in reversed_ones:
                    continue
                target, wrong = done[deed]
                reversed_ones.add(deed)
                journal.reverse(
                    session, book_id=book.id, entry_id=target, accounting_on=on, now=known
                )
                legs = wrong.reversed().postings
            else:
                right = entry(code, deed)
                posted = journal.post(
                    session,
                    [right],
                    event_type="action",
                    source="test",
                    external_ref=str(minute),
                    accounting_on=on,
                    now=known,
                )
                done.append((posted.ids[0], right))
                legs = right.postings
            kept += [
                Leg(code, on, known, leg.account, leg.fund, leg.commodity, leg.quantity)
                for leg in legs
            ]
        return book.id, kept


def totals(legs: Iterator[Leg] | list[Leg]) -> dict[tuple[int, str, str], int]:
    """Add legs up by account, fund and commodity; what is zero is left out."""
    sums: Counter[tuple[int, str, str]] = Counter()
    for leg in legs:
        sums[leg.account, leg.fund, leg.commodity] += leg.quantity
    return {key: total for key, total in sums.items() if total}


def shown(
    session: ReadSession, book_id: UUID, as_of: date | None = None, known_at: datetime | None = None
) -> dict[tuple[int, str, str], int]:
    """Return the product's trial balance in the same shape."""
    rows = trial_balance(session, book_id=book_id, as_of=as_of, known_at=known_at)
    found = {(row.account, row.fund, row.commodity): row.quantity for row in rows}
    assert len(found) == len(rows), "a line stands twice"
    assert all(row.layer is BY_NUMBER[row.account].layer for row in rows)
    return found


# One database serves all stories: each has a book of its own, and sums never cross books.
STORY = settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def codes() -> Iterator[str]:
    """Return fresh book codes."""
    return (f"B{number}" for number in range(10_000))


@pytest.mark.parametrize("most", [1, 1_000], ids=["the shorter side", "what came later"])
@STORY
@given(story=stories())
def test_trial_balances_are_the_sums_of_the_legs_at_any_date(
    db: Database, codes: Iterator[str], monkeypatch: pytest.MonkeyPatch, most: int, story: Story
) -> None:
    monkeypatch.setattr(balances, "FEWER", [most * 2**step for step in range(12)])
    book_id, legs = told(db, story, next(codes))
    with db.snapshot() as session:
        assert shown(session, book_id) == totals(legs)
        for day in {leg.day for leg in legs} | {START - timedelta(days=1)}:
            until = totals([leg for leg in legs if leg.day <= day])
            assert shown(session, book_id, as_of=day) == until
            known = NOW + timedelta(minutes=2)
            both = totals([leg for leg in legs if leg.day <= day and leg.known <= known])
            assert shown(session, book_id, as_of=day, known_at=known) == both
        for instant in {leg.known for leg in legs}:
            for moment in (instant, instant - timedelta(microseconds=1)):
                known_then = totals([leg for leg in legs if leg.known <= moment])
                assert shown(session, book_id, known_at=moment) == known_then


@STORY
@given(story=stories())
def test_every_trial_balance_sums_to_zero_by_fund_layer_and_commodity(
    db: Database, codes: Iterator[str], story: Story
) -> None:
    book_id, legs = told(db, story, next(codes))
    with db.snapshot() as session:
        for day in {leg.day for leg in legs}:
            sums: Counter[tuple[str, str, str]] = Counter()
            for row in trial_balance(session, book_id=book_id, as_of=day):
                sums[row.fund, row.layer, row.commodity] += row.quantity
            assert set(sums.values()) <= {0}


@STORY
@given(story=stories(), limit=st.integers(1, 9), start=st.integers(0, DAYS))
def test_a_statement_runs_to_the_sum_whatever_part_is_shown(
    db: Database, codes: Iterator[str], story: Story, limit: int, start: int
) -> None:
    book_id, legs = told(db, story, next(codes))
    since = START + timedelta(days=start)
    with db.snapshot() as session:
        for account in {leg.account for leg in legs}:
            for fund in (None, *FUNDS):
                mine = [leg for leg in legs if leg.account == account and fund in (None, leg.fund)]
                check_statement(session, book_id, account, fund, mine)
                part = account_statement(
                    session,
                    book_id=book_id,
                    account=account,
                    wanted=StatementFilter(fund=fund, since=since, limit=limit),
                )
                whole = account_statement(
                    session, book_id=book_id, account=account, wanted=StatementFilter(fund=fund)
                )
                late = [row for row in whole if row.accounting_on >= since]
                assert part == late[-limit:]
                assert paged(session, book_id, account, fund, limit) == whole


def paged(
    session: ReadSession, book_id: UUID, account: int, fund: str | None, limit: int
) -> list[StatementRow]:
    """Read a statement page by page, as far back as it goes."""
    rows: list[StatementRow] = []
    before = None
    while page := account_statement(
        session,
        book_id=book_id,
        account=account,
        wanted=StatementFilter(fund=fund, before=before, limit=limit),
    ):
        rows = page + rows
        before = (page[0].entry_id, page[0].line)
    return rows


def check_statement(
    session: ReadSession, book_id: UUID, account: int, fund: str | None, legs: list[Leg]
) -> None:
    """Check that a whole statement has every leg once, and runs to the balance."""
    rows = account_statement(
        session, book_id=book_id, account=account, wanted=StatementFilter(fund=fund)
    )
    assert [row.accounting_on for row in rows] == sorted(leg.day for leg in legs)
    assert Counter((row.accounting_on, row.fund, row.commodity, row.quantity) for row in rows) == (
        Counter((leg.day, leg.fund, leg.commodity, leg.quantity) for leg in legs)
    )
    running: Counter[str] = Counter()
    for row in rows:
        running[row.commodity] += row.quantity
        assert row.balance == running[row.commodity]
    fund_id = fund_by_code(session, book_id, fund).id if fund else None
    balance = balance_of(session, book_id=book_id, accounts=[account], fund_id=fund_id)
    assert {amount.commodity: amount.quantity for amount in balance} == {
        commodity: total for commodity, total in running.items() if total
    }


@STORY
@given(story=stories(), size=st.integers(1, 3))
def test_pages_of_the_journal_hold_every_entry_once(
    db: Database, codes: Iterator[str], story: Story, size: int
) -> None:
    book_id, _legs = told(db, story, next(codes))
    with db.snapshot() as session:
        everything = list(every_entry(session, book_id=book_id, chunk=size))
        assert everything == list(every_entry(session, book_id=book_id))
        paged = []
        last = None
        while page := entries(
            session, book_id=book_id, wanted=JournalFilter(before=last, limit=size)
        ):
            paged += page
            last = page[-1].id
        assert paged == everything[::-1]


def test_what_the_comparison_would_miss_is_nothing(db: Database) -> None:
    """The control: one cent, one day or one fund off, and the two sides differ."""
    story: Story = [(3, 0, [Posting(1010, "GEN", "USD", 5), Posting(4010, "GEN", "USD", -5)])]
    book_id, legs = told(db, story, "A")
    with db.snapshot() as session:
        assert shown(session, book_id) == totals(legs)
        assert shown(session, book_id, as_of=START + timedelta(days=2)) != totals(legs)
        assert shown(session, book_id, known_at=NOW - timedelta(seconds=1)) != totals(legs)
        off = [
            Leg("A", leg.day, leg.known, leg.account, "GEN", "USD", leg.quantity * 2)
            for leg in legs
        ]
        assert shown(session, book_id) != totals(off)


@pytest.fixture
def two_books(db: Database) -> tuple[UUID, UUID]:
    """Two books that owe each other, with the same account used against both."""
    with db.transaction() as session:
        books = [make_book(session, code) for code in "ABC"]
        for book in books:
            make_fund(session, book)
        for other, amount in (("B", 300), ("C", -500)):
            journal.post(
                session,
                [
                    entry(
                        "A",
                        Posting(
                            1300, "GEN", "USD", amount, counterparty=other, pledge=f"P-{other}"
                        ),
                        Posting(1010, "GEN", "USD", -amount),
                    )
                ],
                event_type="action",
                source="test",
                external_ref=other,
                accounting_on=START,
                now=NOW,
            )
        return books[0].id, books[1].id


def test_a_balance_can_be_of_one_counterparty_or_one_pledge(
    db: Database, two_books: tuple[UUID, UUID]
) -> None:
    here, there = two_books
    with db.snapshot() as session:
        assert balance_of(session, book_id=here, accounts=[1300])["USD"] == -200
        assert (
            balance_of(session, book_id=here, accounts=[1300], counterparty_id=there)["USD"] == 300
        )
        assert balance_of(session, book_id=here, accounts=[1300], pledge="P-C")["USD"] == -500
        assert not balance_of(session, book_id=there, accounts=[1300])
        assert not balance_of(session, book_id=here, accounts=[])


def test_a_statement_names_the_other_book(db: Database, two_books: tuple[UUID, UUID]) -> None:
    here, _there = two_books
    with db.snapshot() as session:
        rows = account_statement(session, book_id=here, account=1300)
        assert sorted(row.counterparty or "" for row in rows) == ["B", "C"]
        assert [
            row.counterparty for row in account_statement(session, book_id=here, account=1010)
        ] == [
            None,
            None,
        ]


def test_a_statement_of_a_fund_that_is_not_there_is_empty(
    db: Database, two_books: tuple[UUID, UUID]
) -> None:
    with db.snapshot() as session:
        book = session.get_one(Book, two_books[0])
        assert (
            account_statement(
                session, book_id=book.id, account=1300, wanted=StatementFilter(fund="NOPE")
            )
            == []
        )
