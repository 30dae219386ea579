"""Break the books as somebody with the database's keys could: guards off, rows changed.

Used only to show that what should notice does notice.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, insert, select, text

from ledger.db import Database
from ledger.ids import new_id
from ledger.models.base import Base
from ledger.models.books import Book, Fund
from ledger.models.journal import Entry, Posting
from ledger.models.seals import Unsealed
from tests.conftest import NOW

entry = Base.metadata.tables[Entry.__tablename__]
posting = Base.metadata.tables[Posting.__tablename__]


@contextmanager
def guards_off(db: Database) -> Iterator[Connection]:
    """Open a transaction in which triggers and foreign keys do not fire; never committed."""
    with db.engine.connect() as connection:
        transaction = connection.begin()
        unguard(connection)
        yield connection
        transaction.rollback()


def unguard(connection: Connection) -> None:
    """Switch off every trigger, foreign key and check of this connection."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("set session_replication_role = replica"))
        for table, name in connection.execute(
            text("select conrelid::regclass::text, conname from pg_constraint where contype = 'c'")
        ).all():
            if "." not in table and table != "-":
                connection.execute(text(f'alter table {table} drop constraint "{name}"'))
        return
    connection.execute(text("pragma defer_foreign_keys = on"))
    connection.execute(text("pragma ignore_check_constraints = on"))
    triggers = connection.execute(
        text("select name, sql from sqlite_master where type = 'trigger'")
    ).all()
    connection.info["triggers"] = dict(iter(triggers))
    for name, _sql in triggers:
        connection.execute(text(f'drop trigger "{name}"'))


def guard(connection: Connection) -> None:
    """Put the triggers back, so that only what was damaged differs."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("set session_replication_role = origin"))
        return
    for sql in connection.info.pop("triggers").values():
        connection.exec_driver_sql(sql)


def plant(
    connection: Connection,
    *legs: tuple[int, int],
    fund: str = "",
    event_type: str = "planted",
    source: str = "planted",
    external_ref: str = "planted",
    **labels: Any,
) -> None:
    """Insert an entry of legs, (account, quantity), as no service would."""
    wanted = Fund.code == fund if fund else Fund.fund_class == "unrestricted"
    place = connection.execute(
        select(Fund.id, Fund.book_id, Book.commodity)
        .join(Book, Book.id == Fund.book_id)
        .where(wanted)
        .order_by(Book.code)
    ).first()
    assert place is not None
    number = new_id()
    for line, (account, quantity) in enumerate(legs, start=1):
        connection.execute(
            insert(posting).values(
                book_id=place.book_id,
                entry_id=number,
                line=line,
                accounting_on=NOW.date(),
                account=account,
                fund_id=place.id,
                commodity=place.commodity,
                quantity=quantity,
                **labels,
            )
        )
    connection.execute(
        insert(entry).values(
            book_id=place.book_id,
            id=number,
            accounting_on=NOW.date(),
            recorded_at=NOW,
            event_type=event_type,
            source=source,
            external_ref=external_ref,
        )
    )
    connection.execute(insert(Unsealed).values(book_id=place.book_id, entry_id=number))


def break_agency_fund(db: Database) -> None:
    """Let an agency fund own something, for good."""
    with db.engine.begin() as connection:
        unguard(connection)
        fund = connection.execute(
            select(Fund.id, Fund.book_id).where(Fund.fund_class == "agency")
        ).one()
        number = new_id()
        shared = {
            "book_id": fund.book_id,
            "entry_id": number,
            "fund_id": fund.id,
            "commodity": "USD",
            "accounting_on": NOW.date(),
        }
        for line, (account, quantity) in enumerate(((1010, 5), (4010, -5))):
            connection.execute(
                insert(posting).values(**shared, line=line, account=account, quantity=quantity)
            )
        connection.execute(
            insert(entry).values(
                book_id=fund.book_id,
                id=number,
                accounting_on=NOW.date(),
                recorded_at=NOW,
                event_type="x",
                source="x",
                external_ref="x",
            )
        )
