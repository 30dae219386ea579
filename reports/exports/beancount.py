"""Beancount: five roots, accounts opened before use, labels as metadata."""

import re
from collections.abc import Iterator
from typing import TextIO

from ledger.models.books import Book
from ledger.queries.books.journal import EntryRow, Leg
from ledger.web.site.formatting import plain_decimal
from reports.exports.plain_text import clean

ROOTS = {1: "Assets", 2: "Liabilities", 3: "Equity", 4: "Income", 8: "Equity", 9: "Equity"}
NAMES = {8: "Quantity", 9: "Memo"}


class Names:
    """Names that beancount reads, one for each of ours and never one for two of ours."""

    def __init__(self) -> None:
        self._names: dict[tuple[str, str], str] = {}
        self._taken: set[str] = set()

    def account(self, leg: Leg) -> str:
        """Return root, layer or Value, number and fund."""
        thousands = leg.account // 1000
        root = f"{ROOTS.get(thousands, 'Expenses')}:{NAMES.get(thousands, 'Value')}:N{leg.account}"
        fund = re.sub(r"[^A-Za-z0-9-]", "-", leg.fund)
        return f"{root}:F{self._free('fund', leg.fund, fund)}"

    def commodity(self, leg: Leg) -> str:
        """Return the code; it ends in a letter or a digit."""
        code = re.sub(r"[^A-Z0-9._-]", "-", leg.commodity).rstrip("._-")
        return self._free("commodity", leg.commodity, code)

    def _free(self, kind: str, ours: str, wanted: str) -> str:
        found = self._names.get((kind, ours))
        if found is None:
            found, number = wanted, 1
            while f"{kind}:{found}" in self._taken:
                number += 1
                found = f"{wanted}-{number}"
            self._taken.add(f"{kind}:{found}")
            self._names[kind, ours] = found
        return found


def write(book: Book, entries: Iterator[EntryRow], out: TextIO) -> tuple[int, int]:
    """Write entries, each account opened on the day it is first used."""
    count = postings = 0
    names = Names()
    opened: set[str] = set()
    out.write(f'option "title" "Book {quoted(book.code)}"\n')
    out.write(f'option "operating_currency" "{book.commodity}"\n')
    for entry in entries:
        count += 1
        day = entry.accounting_on.isoformat()
        for name in sorted({names.account(leg) for leg in entry.legs} - opened):
            out.write(f"\n{day} open {name}")
            opened.add(name)
        out.write(f'\n{day} * "{quoted(entry.event_type)}"\n')
        out.write(f'  entry: "{entry.id}"\n')
        out.write(f'  source: "{quoted(entry.source)} {quoted(entry.external_ref)}"\n')
        for leg in entry.legs:
            postings += 1
            _write_leg(leg, names, out)
    return count, postings


def _write_leg(leg: Leg, names: Names, out: TextIO) -> None:
    account, unit = names.account(leg), names.commodity(leg)
    out.write(f"  {account}  {plain_decimal(leg.quantity, leg.commodity)} {unit}\n")
    labels = list(leg.labels)
    if not account.endswith(f":F{leg.fund}"):
        labels.append(("fund", leg.fund))
    if unit != leg.commodity:
        labels.append(("commodity", leg.commodity))
    if leg.counterparty:
        labels.append(("counterparty", leg.counterparty))
    for name, value in labels:
        out.write(f'    {name}: "{quoted(value)}"\n')


def quoted(text: str) -> str:
    """Return a text that can stand between double quotes."""
    return clean(text).replace("\\", "\\\\")
