"""The raw limit: plain statements on two small tables, without any check."""

import sqlite3
import time
from datetime import date
from typing import Any
from uuid import uuid4

import psycopg

from bench.work import (
    HOT,
    INCOME,
    NOW,
    PAGE,
    Poster,
    Question,
    account_of,
    cents_of,
    day_of,
    other_of,
)

RECORDED = NOW.isoformat()
TABLES = """
create table entry (id {uuid} primary key, book {uuid}, day date, recorded text, what text);
create table leg (entry {uuid}, line int, account int, day date, quantity bigint,
    primary key (entry, line));
create index leg_account on leg (account, day, quantity);
"""


def connect(url: str) -> Any:
    """Open a connection; SQLite as durable as Poolbook's."""
    if not url.startswith("sqlite"):
        return psycopg.connect(url, autocommit=True)
    connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None, timeout=20)
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = full")
    return connection


def prepare(url: str) -> None:
    """Make the tables."""
    connection = connect(url)
    for statement in TABLES.format(uuid="text" if url.startswith("sqlite") else "uuid").split(";"):
        if statement.strip():
            connection.execute(statement)
    connection.close()


def poster(url: str) -> Poster:
    """Return a deed of four statements: begin, entry, legs, commit."""
    connection = connect(url)
    lite = url.startswith("sqlite")
    marks = ", ".join(["?" if lite else "%s"] * 5)
    head = f"insert into entry values ({marks})"
    both = f"insert into leg values ({marks}), ({marks})"

    def post(numbers: Any, hot: bool) -> None:
        connection.execute("begin immediate" if lite else "begin")
        for number in numbers:
            key, day, cents = uuid4().hex, day_of(number).isoformat(), cents_of(number)
            account = HOT if hot else other_of(number)
            connection.execute(head, (key, key, day, RECORDED, "gift"))
            connection.execute(both, (key, 1, account, day, cents, key, 2, INCOME, day, -cents))
        connection.execute("commit")

    return post


def load(url: str, start: int, stop: int) -> float:
    """Load entries by COPY, or by one executemany for each table; return entries a second."""
    entries, legs = [], []
    for number in range(start, stop):
        key, day, cents = uuid4().hex, day_of(number).isoformat(), cents_of(number)
        entries.append((key, key, day, RECORDED, "gift"))
        legs.append((key, 1, account_of(number), day, cents))
        legs.append((key, 2, INCOME, day, -cents))
    connection = connect(url)
    began = time.perf_counter()
    connection.execute("begin")
    for table, rows in (("entry", entries), ("leg", legs)):
        if url.startswith("sqlite"):
            connection.executemany(f"insert into {table} values (?, ?, ?, ?, ?)", rows)
            continue
        with connection.cursor().copy(f"copy {table} from stdin") as copy:
            for row in rows:
                copy.write_row(row)
    connection.execute("commit")
    rate = (stop - start) / (time.perf_counter() - began)
    connection.execute("analyze")
    connection.close()
    return rate


def questions(url: str) -> dict[str, Question]:
    """Return the questions as plain sums over the legs."""
    connection = connect(url)
    mark = "?" if url.startswith("sqlite") else "%s"

    def ask(statement: str, *values: Any) -> Any:
        return connection.execute(statement.replace("?", mark), values).fetchall()

    def balance(account: int, day: date) -> Any:
        return ask(
            "select sum(quantity) from leg where account = ? and day <= ?", account, day.isoformat()
        )

    return {
        "W3 balance, busiest account": lambda day: balance(HOT, day),
        "W3 balance, another account": lambda day: balance(other_of(7), day),
        "W4 trial balance at a date": lambda day: ask(
            "select account, sum(quantity) from leg where day <= ? group by account",
            day.isoformat(),
        ),
        "W5 newest page, busiest account": lambda day: ask(
            "select entry, day, quantity, (select sum(quantity) from leg where account = ?"
            " and day <= ?) from leg where account = ? and day <= ? order by day desc limit ?",
            *(HOT, day.isoformat(), HOT, day.isoformat(), PAGE),
        ),
    }
