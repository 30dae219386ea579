"""Keep the sums of balances and figures: the sealer adds what it seals, in the same transaction.

Nothing else may write them. Quantities are in the commodity's smallest unit.
"""

from collections import Counter
from datetime import date
from uuid import UUID

from sqlalchemy import Text, cast, delete, select

from ledger.db import Session
from ledger.models.balances import BalanceDay, BalanceMonth
from ledger.models.figures import FigureDay, FigureGiver, FigureTotal
from ledger.models.seals import LeafKind, Seal
from ledger.queries.books.figure_lines import FigureLines
from ledger.queries.books.leaves import EntryLeaves, Totals
from ledger.queries.books.seals import CHUNK
from ledger.services.books import seal_rows

# Book, account, fund, commodity, other book, first day; ids without dashes.
Place = tuple[str, int, str, str, str, str]


def add(session: Session, book_id: UUID, totals: Totals) -> None:
    """Add what legs come to, to the sums of their days and months."""
    own = book_id.hex
    ids = {text: UUID(text).hex for text in _ids(totals)}
    days: Counter[Place] = Counter()
    months: Counter[Place] = Counter()
    firsts = {text: date.fromisoformat(text).replace(day=1).isoformat() for text in _days(totals)}
    for (account, fund, commodity, other, day), total in totals.items():
        place = (own, account, ids[fund], commodity, ids[other] if other else own)
        days[*place, day] += total
        months[*place, firsts[day]] += total
    for table, sums in ((BalanceDay, days), (BalanceMonth, months)):
        # In the order of their key, so that neighbours are written together.
        rows = [(*place, total) for place, total in sorted(sums.items())]
        seal_rows.add(session, table.__tablename__, rows)


def add_figures(session: Session, book_id: UUID, lines: FigureLines) -> None:
    """Add what entries add to the figures, to the sums of all days, of each day and giver."""
    own = book_id.hex
    totals: Counter[tuple[str, ...]] = Counter()
    days: dict[tuple[str, ...], int] = {}
    for (figure, fund, campaign, commodity, day), quantity in lines.days.items():
        place = (own, campaign, figure, commodity, fund)
        totals[place] += quantity
        days[*place, day] = quantity
    givers = {
        (giver, own, campaign, figure, commodity, day): quantity
        for (giver, figure, campaign, commodity, day), quantity in lines.givers.items()
    }
    for table, sums in ((FigureTotal, totals), (FigureDay, days), (FigureGiver, givers)):
        rows = [(*place, quantity) for place, quantity in sorted(sums.items())]
        seal_rows.add(session, table.__tablename__, rows)


def rebuild(session: Session, book_id: UUID) -> None:
    """Make a book's sums again from what is sealed."""
    for table in (BalanceDay, BalanceMonth, FigureTotal, FigureDay, FigureGiver):
        session.execute(delete(table).where(table.book_id == book_id))
    sealed = session.scalars(
        select(cast(Seal.entry_id, Text)).where(
            Seal.book_id == book_id, Seal.kind == LeafKind.ENTRY
        )
    ).all()
    totals: Totals = Counter()
    figures = FigureLines(session, book_id)
    reader = EntryLeaves(session, book_id, totals, figures)
    for start in range(0, len(sealed), CHUNK):
        reader.data_of(sealed[start : start + CHUNK])
    add(session, book_id, totals)
    add_figures(session, book_id, figures)


def _days(totals: Totals) -> set[str]:
    return {day for *_place, day in totals}


def _ids(totals: Totals) -> set[str]:
    """Return every id, as it is stored."""
    return {text for _no, fund, _unit, other, _day in totals for text in (fund, other) if text}
