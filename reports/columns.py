"""The columns of a combined report: its books, what they come to, and what passed among them."""

from collections.abc import Iterable, Sequence

from ledger.core.vocabulary import BookKind
from ledger.models.books import Book
from reports.model import Line
from reports.movements import Movement

# More books than a page has room for are shown as communities and pools.
MOST = 6
KINDS = {BookKind.COMMUNITY: "Communities", BookKind.POOL: "Pools"}
Drawn = tuple[str, int, str, Sequence[tuple[Movement, int]]]


class Columns:
    """Which column a book's figure stands in, and which legs stay inside the report."""

    def __init__(self, books: Sequence[Book]) -> None:
        self.inside = frozenset(book.code for book in books)
        self.is_combined = len(books) > 1
        by_kind = len(books) > MOST
        keys = {book.code: book.kind if by_kind else book.code for book in books}
        heads: dict[str, str] = {kind: KINDS[kind] for kind in KINDS if kind in keys.values()}
        if not by_kind:
            heads = {book.code: book.name for book in books}
        self.heads = tuple(heads.items()) if self.is_combined else ()
        places = {key: n for n, (key, _name) in enumerate(self.heads)}
        self._place = {code: places.get(key, 0) for code, key in keys.items()}

    def is_inside(self, row: Movement) -> bool:
        """Tell whether a leg is between two books of the report."""
        return row.counterparty is not None and row.counterparty in self.inside

    def lines(self, drawn: Iterable[Drawn], *, eliminates: bool = True) -> tuple[Line, ...]:
        """Return a line for each (label, account, commodity, figures by movement) that has any.

        Net assets eliminate nothing: what a book was given is its own, whoever gave it.
        """
        found = []
        for label, account, unit, figures in drawn:
            cells = [0] * len(self.heads)
            total = inside = 0
            for row, value in figures:
                total += value
                if cells:
                    cells[self._place[row.book]] += value
                if eliminates and self.is_inside(row):
                    inside += value
            if total or inside or any(cells):
                found.append(
                    Line(label, account, unit, tuple(cells), total, -inside, total - inside)
                )
        return tuple(found)
