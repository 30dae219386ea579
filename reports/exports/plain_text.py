"""hledger and ledger-cli: one text that both read.

Value, quantity and memo legs stand under roots of their own, so that a promise in dollars is
never added to dollars.
"""

from collections.abc import Iterator
from typing import TextIO

from ledger.core.accounts import layer_of
from ledger.core.amount import is_currency
from ledger.models.books import Book
from ledger.queries.journal import EntryRow, Leg
from ledger.web.figures import plain_decimal

ROOTS = {"FIN": "value", "QTY": "quantity", "MEMO": "memo"}


def write(book: Book, entries: Iterator[EntryRow], out: TextIO) -> tuple[int, int]:
    """Write entries with their labels as comments; return how many entries and postings."""
    count = postings = 0
    out.write(f"; Journal of book {clean(book.code)}\n")
    for entry in entries:
        count += 1
        out.write(f"\n{entry.accounting_on.isoformat()} * {clean(entry.event_type)}\n")
        out.write(f"    ; entry: {entry.id}\n")
        out.write(f"    ; source: {clean(entry.source)} {clean(entry.external_ref)}\n")
        for leg in entry.legs:
            postings += 1
            out.write(f"    {account_name(leg)}  {amount(leg)}{labels(leg)}\n")
    return count, postings


def account_name(leg: Leg) -> str:
    """Return root, number and fund; spaces never stand two together."""
    return f"{ROOTS[layer_of(leg.account).value]}:{leg.account}:{clean(leg.fund)}"


def amount(leg: Leg) -> str:
    """Return the quantity with its commodity, quoted where it holds more than letters."""
    unit = leg.commodity if is_currency(leg.commodity) else f'"{clean(leg.commodity)}"'
    return f"{plain_decimal(leg.quantity, leg.commodity)} {unit}"


def labels(leg: Leg) -> str:
    """Return the labels as a comment."""
    found = list(leg.labels)
    if leg.counterparty:
        found.append(("counterparty", leg.counterparty))
    return "".join(f"  ; {name}: {clean(value)}" for name, value in found[:1]) + "".join(
        f", {name}: {clean(value)}" for name, value in found[1:]
    )


def clean(text: str) -> str:
    """Return a text in one line without what these formats give a meaning to."""
    flat = "".join(sign if sign.isprintable() else " " for sign in text)
    return " ".join(flat.replace(";", ",").replace('"', "'").split())[:200]
