"""A peer as several published ledgers are made: one balance row per account, updated by each post.

Our own few lines of SQL, for PostgreSQL: a function locks both accounts in the order of their
numbers, adds to their balances, and keeps the balance after each leg. A balance at a date in the
past is the last one kept before it; what is dated back is not put in its place.
"""

import time
from collections.abc import Iterable
from typing import Any

import psycopg

from bench.work import (
    HOT,
    INCOME,
    OTHERS,
    PAGE,
    Poster,
    Question,
    account_of,
    cents_of,
    day_of,
    other_of,
)

TABLES = """
create table account (number int primary key, balance bigint not null, version int not null);
create table transfer (id uuid primary key default gen_random_uuid(), day date not null,
    recorded timestamptz not null default now(), what text not null, ref text not null unique);
create table leg (id bigint generated always as identity primary key,
    transfer uuid not null references transfer, account int not null references account,
    quantity bigint not null check (quantity <> 0), balance bigint not null, version int not null,
    day date not null, unique (account, version));
create index leg_transfer on leg (transfer);
create index leg_account on leg (account, day, id);
create function move(first int, second int, cents bigint, day date, what text, ref text)
returns uuid language plpgsql as $$
declare made uuid; one record;
begin
    perform number from account where number in (first, second) order by number for update;
    insert into transfer (day, what, ref) values (day, what, ref) returning id into made;
    for one in select * from (values (first, cents), (second, -cents)) as side(number, quantity)
    loop
        with moved as (
            update account set balance = balance + one.quantity, version = version + 1
            where number = one.number returning balance, version
        )
        insert into leg (transfer, account, quantity, balance, version, day)
            select made, one.number, one.quantity, moved.balance, moved.version, move.day
            from moved;
    end loop;
    return made;
end $$;
"""


def prepare(url: str) -> None:
    """Make the tables, the function and the accounts."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(TABLES)
        with connection.cursor().copy("copy account from stdin") as copy:
            for number in (HOT, INCOME, *OTHERS):
                copy.write_row((number, 0, 0))


def poster(url: str) -> Poster:
    """Return a deed of one statement a post; the income account is spread, or all would wait."""
    connection = psycopg.connect(url, autocommit=True)

    def post(numbers: Iterable[int], hot: bool) -> None:
        several = len(list(numbers)) > 1
        if several:
            connection.execute("begin")
        for number in numbers:
            move(connection, number, HOT if hot else other_of(number))
        if several:
            connection.execute("commit")

    return post


def move(connection: Any, number: int, account: int) -> None:
    """Post one entry."""
    legs = (account, other_of(number + len(OTHERS) // 2), cents_of(number))
    connection.execute(
        "select move(%s, %s, %s, %s, 'gift', %s)", (*legs, day_of(number), str(number))
    )


def load(url: str, start: int, stop: int) -> float:
    """Load entries, a thousand to a transaction; return entries a second."""
    with psycopg.connect(url, autocommit=True) as connection:
        began = time.perf_counter()
        for low in range(start, stop, 1000):
            with connection.transaction():
                for number in range(low, min(low + 1000, stop)):
                    move(connection, number, account_of(number))
        rate = (stop - start) / (time.perf_counter() - began)
        connection.execute("vacuum analyze")
    return rate


def questions(url: str) -> dict[str, Question]:
    """Return the questions; it knows balances of today only, and no day is looked for."""
    connection = psycopg.connect(url, autocommit=True)

    def ask(statement: str, *values: Any) -> Any:
        return connection.execute(statement, values).fetchall()

    balance = "select balance from account where number = %s"
    return {
        "W3 balance, busiest account": lambda _day: ask(balance, HOT),
        "W3 balance, another account": lambda _day: ask(balance, other_of(7)),
        "W4 trial balance at a date": lambda _day: ask("select number, balance from account"),
        "W5 newest page, busiest account": lambda _day: ask(
            "select leg.*, transfer.what from leg join transfer on transfer.id = leg.transfer"
            " where account = %s order by version desc limit %s",
            *(HOT, PAGE),
        ),
    }
