"""hledger and ledger-cli: one text that both read.

Value, quantity and memo legs stand under roots of their own, so that a promise in dollars is
never added to dollars. Accounts, commodities, payees and tags are declared before their first
use, so that both programs can be asked to be as strict as they can. Texts of ours never reach
what the programs read as dates, codes, tags or amounts; the exact texts are in the JSON lines.
"""

from collections.abc import Iterator
from typing import TextIO

from ledger.core.accounts import layer_of
from ledger.core.amount import is_currency
from ledger.models.books import Book
from ledger.queries.books.journal import LABELS, EntryRow, Leg
from ledger.web.site.formatting import plain_decimal

TAGS = ("entry", "source", *LABELS, "counterparty")
ROOTS = {"FIN": "value", "QTY": "quantity", "MEMO": "memo"}


def write(book: Book, entries: Iterator[EntryRow], out: TextIO) -> tuple[int, int]:
    """Write entries with their labels as comments; return how many entries and postings."""
    count = postings = 0
    declared: set[str] = set()
    out.write(f"; Journal of book {clean(book.code)}\n")
    for name in TAGS:
        out.write(f"tag {name}\n")
    for entry in entries:
        count += 1
        names = {directive for leg in entry.legs for directive in declarations(leg)}
        for name in sorted({*names, f"payee {payee(entry.event_type)}"} - declared):
            out.write(f"{name}\n")
            declared.add(name)
        out.write(f"\n{entry.accounting_on.isoformat()} * {payee(entry.event_type)}\n")
        out.write(f"    ; entry: {entry.id}\n")
        out.write(f"    ; source: {label(entry.source)} {label(entry.external_ref)}\n")
        for leg in entry.legs:
            postings += 1
            out.write(f"    {account_name(leg)}  {amount(leg)}{labels(leg)}\n")
    return count, postings


def account_name(leg: Leg) -> str:
    """Return root, number and fund; spaces never stand two together."""
    return f"{ROOTS[layer_of(leg.account).value]}:{leg.account}:{clean(leg.fund)}"


def amount(leg: Leg) -> str:
    """Return the quantity with its commodity, quoted where it holds more than letters."""
    return f"{plain_decimal(leg.quantity, leg.commodity)} {unit_name(leg)}"


def unit_name(leg: Leg) -> str:
    """Return the commodity, quoted where it holds more than letters."""
    return leg.commodity if is_currency(leg.commodity) else f'"{clean(leg.commodity)}"'


def declarations(leg: Leg) -> tuple[str, str]:
    """Return the directives that make a leg's account and commodity known."""
    return f"account {account_name(leg)}", f"commodity {unit_name(leg)}"


def labels(leg: Leg) -> str:
    """Return the labels as a comment."""
    found = list(leg.labels)
    if leg.counterparty:
        found.append(("counterparty", leg.counterparty))
    return "  ; " + ", ".join(f"{name}: {label(value)}" for name, value in found) if found else ""


def payee(text: str) -> str:
    """Return what an entry is called; marks at its start would be a code or a state, and what
    stands after a bar would be a note."""
    return clean(text.replace("|", "/")).lstrip("(!* ") or "entry"


def label(text: str) -> str:
    """Return the value of a tag: a comma would end it, brackets would hold a date."""
    return clean(text).translate({ord(","): " ", ord("["): "(", ord("]"): ")"})


def clean(text: str) -> str:
    """Return a text in one line without what these formats give a meaning to."""
    flat = "".join(sign if sign.isprintable() else " " for sign in text)
    return " ".join(flat.replace(";", ",").replace('"', "'").split())[:200]
