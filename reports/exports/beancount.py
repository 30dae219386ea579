"""Beancount: five roots, accounts opened before use, labels as metadata."""

import re
from collections.abc import Iterator
from typing import TextIO

from ledger.models.books import Book
from ledger.queries.journal import EntryRow, Leg
from ledger.web.figures import plain_decimal
from reports.exports.plain_text import clean

ROOTS = {1: "Assets", 2: "Liabilities", 3: "Equity", 4: "Income", 8: "Equity", 9: "Equity"}
NAMES = {8: "Quantity", 9: "Memo"}


def write(book: Book, entries: Iterator[EntryRow], out: TextIO) -> tuple[int, int]:
    """Write entries, each account opened on the day it is first used."""
    count = postings = 0
    opened: set[str] = set()
    out.write(f'option "title" "Book {quoted(book.code)}"\n')
    out.write('option "operating_currency" "' + book.commodity + '"\n')
    for entry in entries:
        count += 1
        day = entry.accounting_on.isoformat()
        for name in sorted({account_name(leg) for leg in entry.legs} - opened):
            out.write(f"\n{day} open {name}")
            opened.add(name)
        out.write(f'\n{day} * "{quoted(entry.event_type)}"\n')
        out.write(f'  entry: "{entry.id}"\n')
        out.write(f'  source: "{quoted(entry.source)} {quoted(entry.external_ref)}"\n')
        for leg in entry.legs:
            postings += 1
            figure = plain_decimal(leg.quantity, leg.commodity)
            out.write(f"  {account_name(leg)}  {figure} {leg.commodity.replace('_', '-')}\n")
            for name, value in leg.labels:
                out.write(f'    {name}: "{quoted(value)}"\n')
            if leg.counterparty:
                out.write(f'    counterparty: "{quoted(leg.counterparty)}"\n')
    return count, postings


def account_name(leg: Leg) -> str:
    """Return a name of beancount's: root, layer or Value, number, fund."""
    thousands = leg.account // 1000
    root = ROOTS.get(thousands, "Expenses")
    fund = re.sub(r"[^A-Za-z0-9-]", "-", leg.fund)
    return f"{root}:{NAMES.get(thousands, 'Value')}:N{leg.account}:F{fund}"


def quoted(text: str) -> str:
    """Return a text that can stand between double quotes."""
    return clean(text).replace("\\", "\\\\")
