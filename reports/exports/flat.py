"""CSV, a row per leg, for spreadsheets; JSON lines, an entry a line, as the import reads them."""

import csv
import json
from collections.abc import Iterator
from typing import Any, TextIO

from ledger.core.cells import harmless
from ledger.models.books import Book
from ledger.queries.books.journal import LABELS, EntryRow
from ledger.web.site.formatting import plain_decimal

COLUMNS = (
    "book",
    "entry",
    "line",
    "accounting_date",
    "recorded_at",
    "event_type",
    "source",
    "external_ref",
    "reverses",
    "account",
    "account_name",
    "fund",
    "commodity",
    "amount",
    "counterparty",
    *LABELS,
)


def write_csv(book: Book, entries: Iterator[EntryRow], out: TextIO) -> tuple[int, int]:
    """Write one row per leg: amounts in decimals, texts quoted and harmless.

    The integers of the smallest unit are in the JSON lines.
    """
    out.write(",".join(COLUMNS) + "\n")
    writer = csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
    count = postings = 0
    for entry in entries:
        count += 1
        for leg in entry.legs:
            postings += 1
            labels = dict(leg.labels)
            writer.writerow(
                [
                    harmless(book.code),
                    entry.id,
                    leg.line,
                    entry.accounting_on.isoformat(),
                    entry.recorded_at.isoformat(),
                    harmless(entry.event_type),
                    harmless(entry.source),
                    harmless(entry.external_ref),
                    entry.reverses or "",
                    leg.account,
                    harmless(leg.account_name),
                    harmless(leg.fund),
                    harmless(leg.commodity),
                    plain_decimal(leg.quantity, leg.commodity),
                    harmless(leg.counterparty or ""),
                    *(harmless(labels.get(name, "")) for name in LABELS),
                ]
            )
    return count, postings


def write_jsonl(book: Book, entries: Iterator[EntryRow], out: TextIO) -> tuple[int, int]:
    """Write one object per entry; loading them gives the same books."""
    count = postings = 0
    for entry in entries:
        count += 1
        legs: list[dict[str, Any]] = []
        for leg in entry.legs:
            postings += 1
            shown: dict[str, Any] = {
                "account": leg.account,
                "fund": leg.fund,
                "commodity": leg.commodity,
                "quantity": leg.quantity,
                **dict(leg.labels),
            }
            if leg.counterparty:
                shown["counterparty"] = leg.counterparty
            legs.append(shown)
        document: dict[str, Any] = {
            "book": book.code,
            "accounting_date": entry.accounting_on.isoformat(),
            "event_type": entry.event_type,
            "external_ref": entry.external_ref,
            "postings": legs,
        }
        # With its source an event keeps its name, and is known again wherever it is loaded.
        if entry.source != "import":
            document["source"] = entry.source
        out.write(json.dumps(document, ensure_ascii=False, separators=(",", ":")) + "\n")
    return count, postings
