"""Opening balances: what a book brings along (event OPN)."""

from collections.abc import Sequence

from ledger.core.entry import Entry, Posting, entry


def opening_balances(*, book: str, balances: Sequence[Posting]) -> list[Entry]:
    """Book the legs of an approved migration as one entry. Raises Invalid unless it balances."""
    return [entry(book, balances)]
