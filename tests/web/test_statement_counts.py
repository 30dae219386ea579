"""A page costs the same in a small store and in one ten times as large.

Two things are counted, so that no clock is asked: the statements of a page, and the steps that
SQLite's machine takes for them (https://sqlite.org/opcode.html), which are as many whenever it is
run. A statement that reads what it does not show takes ten times as many steps.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, event, text

from bench.pages import PAGES, client_of, counting, settings
from bench.store import Store, fill
from ledger.db import Database
from tests.conftest import NOW
from wsgi import create_app

MOST = 20
HOME = "https://poolbook.example"
SMALL, LARGE = 500, 5_000
# As many bank lines wait in both, for a page lists and counts what waits.
WORK = 125
# How many more steps the larger store may take: deeper trees, and a few rows by an index alone.
# To read every pledge once takes eight steps each.
MORE, FEW = 1.5, 5_000
# One giver's own gifts are put in order, by an index alone; and what was recorded on the shorter
# side of an instant is read. An ageing adds up all that is open.
GROWS = (
    "receivables",
    "my giving",
    "trial balance, known lately",
    "trial balance, known long ago",
)
# Tables that a loved community fills; no page reads one from end to end.
FILLED = {
    *("entry", "posting", "annotation", "seal", "balance_day", "figure_day", "figure_giver"),
    *("pledge", "pledge_line", "basket", "party", "fulfilment", "mandate", "hours_entry"),
    *("payment_attempt", "balance_transaction", "payout", "refund", "dispute", "stripe_event"),
    *("bank_line", "bank_line_part", "bank_line_repeat", "bank_statement", "match"),
    *("asset", "asset_loan", "intake", "valuation", "deposit_item", "recurring_gift"),
    *("commitment", "commitment_step", "allocation_line", "outbox_message", "api_token"),
}
Stores = list[tuple[Database, Store]]


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Stores:
    """A small store and one ten times as large, with three times as many communities."""
    folder: Path = tmp_path_factory.mktemp("stores")
    made = []
    for size, books in ((SMALL, 20), (LARGE, 60)):
        db = Database(f"sqlite:///{folder}/{size}.db")
        made.append((db, fill(db, size, books=books, work=WORK)))
    return made


@contextmanager
def stepping(engine: Engine, every: int = 10) -> Iterator[list[int]]:
    """Count the steps of SQLite's machine, in tens."""
    taken = [0]

    def step() -> int:
        taken[0] += every
        return 0

    def watch(connection: sqlite3.Connection, *_rest: object) -> None:
        connection.set_progress_handler(step, every)

    def leave(connection: sqlite3.Connection, *_rest: object) -> None:
        connection.set_progress_handler(None, every)

    event.listen(engine, "checkout", watch)
    event.listen(engine, "checkin", leave)
    try:
        yield taken
    finally:
        event.remove(engine, "checkout", watch)
        event.remove(engine, "checkin", leave)


@cache
def program(db: Database) -> Flask:
    """The program on a store."""
    return create_app(settings(db.url), db=db, clock=lambda: NOW)


def asked(db: Database, store: Store, who: str, address: str) -> tuple[list[str], int]:
    """The statements that a page asks once the program is warm, and the steps they take."""
    client = client_of(program(db), store, who)
    address = address.format(slug=store.slug, entry_id=store.entry_id)
    assert client.get(address, base_url=HOME).status_code == 200
    with counting(db.engine) as seen, stepping(db.engine) as taken:
        client.get(address, base_url=HOME)
    return seen, taken[0]


@pytest.mark.parametrize(("name", "who", "address"), PAGES, ids=[page[0] for page in PAGES])
def test_a_page_costs_the_same_in_a_store_ten_times_as_large(
    stores: Stores, name: str, who: str, address: str
) -> None:
    (small, few), (large, many) = (asked(db, store, who, address) for db, store in stores)
    assert len(large) <= MOST, "\n".join(large)
    if name not in GROWS:
        assert len(large) <= len(small), "\n".join(large)
        assert many <= MORE * few + FEW, f"{few} steps became {many}"


def test_no_page_reads_a_table_from_end_to_end(stores: Stores) -> None:
    db, store = stores[-1]
    app = program(db)
    read: dict[str, str] = {}
    for name, who, address in PAGES:
        address = address.format(slug=store.slug, entry_id=store.entry_id)
        with planning(db.engine) as plans:
            client_of(app, store, who).get(address, base_url=HOME)
        read |= {f"{name}: {plan}": statement for plan, statement in plans if scanned(plan)}
    assert read == {}


@contextmanager
def planning(engine: Engine) -> Iterator[list[tuple[str, str]]]:
    """Collect the steps of each statement's plan, with the statement."""
    plans: list[tuple[str, str]] = []

    def explain(
        _connection: object, cursor: sqlite3.Cursor, statement: str, values: Any, *_rest: object
    ) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "WITH")):
            own = cursor.connection.cursor()
            rows = own.execute(f"explain query plan {statement}", values)
            plans.extend((row[3], statement) for row in rows)

    event.listen(engine, "before_cursor_execute", explain)
    try:
        yield plans
    finally:
        event.remove(engine, "before_cursor_execute", explain)


def scanned(plan: str) -> bool:
    """Whether a step of a plan reads a whole table; one by an index of few rows reads those."""
    return plan.removeprefix("SCAN ") in FILLED


def test_the_counts_notice_a_question_for_each_row(stores: Stores) -> None:
    """The control: what asks once for each book asks more of the larger store."""

    def books(db: Database) -> int:
        with counting(db.engine) as seen, db.snapshot() as session:
            codes = session.connection().exec_driver_sql("select code from book").scalars().all()
            for code in codes:
                session.connection().exec_driver_sql("select 1 from book where code = ?", (code,))
        return len(seen)

    (small, _store), (large, _other) = stores
    assert books(large) > books(small)


def test_the_counts_notice_what_is_read_to_be_counted(stores: Stores) -> None:
    """The control: a count takes ten times as many steps, and reads the table from end to end."""

    def pledges(db: Database) -> tuple[int, list[str]]:
        with stepping(db.engine) as taken, planning(db.engine) as plans, db.snapshot() as session:
            session.scalar(text("select count(note) from pledge"))
        return taken[0], [plan for plan, _statement in plans if scanned(plan)]

    (small, _store), (large, _other) = stores
    (few, _plans), (many, plans) = pledges(small), pledges(large)
    assert many > 5 * few
    assert plans == ["SCAN pledge"]
