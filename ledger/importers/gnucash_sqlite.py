"""Read GnuCash books that are kept as SQLite files. The file is only read, never changed."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from itertools import groupby
from pathlib import Path

from ledger.errors import Invalid
from ledger.importers.gnucash import AccountRow, SplitRow, TransactionRow, day_of_digits, history_of
from ledger.importers.history import History

MAGIC = b"SQLite format 3\x00"
_ACCOUNTS = """
select a.guid, a.name, a.account_type, a.parent_guid, c.namespace, c.mnemonic
from accounts a left join commodities c on c.guid = a.commodity_guid
"""
_SPLITS = """
select t.guid, t.post_date, s.account_guid, s.quantity_num, s.quantity_denom,
       s.value_num, s.value_denom
from transactions t join splits s on s.tx_guid = t.guid
order by t.post_date, t.enter_date, t.guid, s.guid
"""
_DAYS = "select obj_guid, gdate_val from slots where name = 'date-posted'"
_HAS_SLOTS = "select 1 from sqlite_master where type = 'table' and name = 'slots'"
_MIDDAY = 12


def read(path: Path) -> History:
    """Read a file. Raises Invalid, naming the transaction, for what is no book of GnuCash."""
    address = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
    warnings: list[str] = []
    try:
        with closing(sqlite3.connect(address, uri=True)) as connection:
            accounts = {
                row[0]: AccountRow(row[1], row[2], row[3], str(row[4] or ""), str(row[5] or ""))
                for row in connection.execute(_ACCOUNTS)
            }
            return history_of(accounts, _transactions(connection, warnings), warnings)
    except sqlite3.Error as error:
        raise Invalid(
            "This GnuCash book cannot be read: {error}", place="file", error=error
        ) from error


def _transactions(connection: sqlite3.Connection, warnings: list[str]) -> Iterator[TransactionRow]:
    """Yield transactions in the order in which they were posted and entered."""
    kept: dict[object, object] = {}
    if connection.execute(_HAS_SLOTS).fetchone():
        kept = dict(connection.execute(_DAYS).fetchall())
    rows = groupby(connection.execute(_SPLITS), key=lambda row: row[:2])
    for number, ((guid, posted), splits) in enumerate(rows, start=1):
        place = f"transaction {number}"
        begins = day_of_digits(posted, place)
        if kept.get(guid):
            day = day_of_digits(kept[guid], place)
        else:
            day = _nearest(begins, posted, place)
            if day != begins:
                warnings.append(
                    f"{place}: {posted} is read as {day.isoformat()}, the midnight nearest to it; "
                    "the file does not state the day itself."
                )
        yield TransactionRow(
            number,
            day,
            tuple(SplitRow(row[2], (row[3], row[4]), (row[5], row[6])) for row in splits),
            begins if begins != day else None,
        )


def _nearest(begins: date, posted: object, place: str) -> date:
    """Return the day whose midnight is nearest to an instant in UTC.

    GnuCash before 2.7 stores local midnight, which east of Greenwich is the evening before; since
    then it stores 10:59, which no time zone moves to another day.
    """
    time = "".join(sign for sign in str(posted)[8:] if sign.isdigit())[-6:]
    if not time or int(time[:2]) < _MIDDAY:
        return begins
    try:
        return begins + timedelta(days=1)
    except OverflowError as error:
        raise Invalid("{posted!r} is not a date.", place=place, posted=str(posted)[:20]) from error
