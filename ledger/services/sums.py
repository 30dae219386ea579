"""Keep the sums by day and month: the sealer adds what it seals, in the same transaction.

Nothing else may write them. Quantities are in the commodity's smallest unit.
"""

from collections import Counter
from datetime import date
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite

from ledger.db import Session
from ledger.models.balances import BalanceDay, BalanceMonth
from ledger.models.seals import Seal
from ledger.queries.leaves import EntryLeaves, Totals
from ledger.queries.seals import CHUNK

COLUMNS = ("account", "fund_id", "commodity", "counterparty_id", "starts_on")
Place = tuple[int, UUID, str, UUID, date]


def add(session: Session, book_id: UUID, totals: Totals) -> None:
    """Add what legs come to, to the sums of their days and months."""
    days: Counter[Place] = Counter()
    months: Counter[Place] = Counter()
    for (account, fund, commodity, other, text), total in totals.items():
        day = date.fromisoformat(text)
        place = (account, UUID(fund), commodity, UUID(other) if other else book_id)
        days[*place, day] += total
        months[*place, day.replace(day=1)] += total
    _add(session, BalanceDay, book_id, days)
    _add(session, BalanceMonth, book_id, months)


def rebuild(session: Session, book_id: UUID) -> None:
    """Make a book's sums again from what is sealed."""
    for table in (BalanceDay, BalanceMonth):
        session.execute(delete(table).where(table.book_id == book_id))
    sealed = session.scalars(
        select(Seal.entry_id).where(Seal.book_id == book_id, Seal.entry_id.is_not(None))
    ).all()
    totals: Totals = Counter()
    reader = EntryLeaves(session, book_id, totals)
    for start in range(0, len(sealed), CHUNK):
        reader.of([entry_id for entry_id in sealed[start : start + CHUNK] if entry_id])
    add(session, book_id, totals)


def _add(
    session: Session,
    table: type[BalanceDay] | type[BalanceMonth],
    book_id: UUID,
    sums: Counter[Place],
) -> None:
    rows = [
        {"book_id": book_id, "quantity": total, **dict(zip(COLUMNS, place, strict=True))}
        for place, total in sums.items()
    ]
    if not rows:
        return
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    insert = dialect.insert(table)
    session.connection().execute(
        insert.on_conflict_do_update(
            index_elements=["book_id", *COLUMNS],
            set_={"quantity": table.quantity + insert.excluded.quantity},
        ),
        rows,
    )
