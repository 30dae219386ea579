"""The worked events as books: loaded through the public import, and their end balances."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ledger.db import Database
from ledger.services.importing.bulk import Imported, import_entries
from tests.conftest import NOW
from tests.factories import make_worked_books

CORE = Path(__file__).parent / "core"
WORKED: dict[str, Any] = json.loads((CORE / "worked_events.json").read_text())
END = sorted(
    (row["book"], row["account"], row["fund"], row["commodity"], row["quantity"])
    for row in json.loads((CORE / "end_balances.json").read_text())
    if row["quantity"]
)


def worked_lines(day: str = "2026-03-01") -> Iterator[bytes]:
    """Yield the worked events in order as import lines; alternatives are left out."""
    for event in WORKED["events"]:
        for number, entry in enumerate(event["entries"]):
            if entry.get("alternative"):
                continue
            document = {
                "book": entry["book"],
                "accounting_date": day,
                "event_type": "worked_event",
                "external_ref": f"{event['code']}/{number}",
                "postings": entry["postings"],
            }
            yield json.dumps(document, ensure_ascii=False).encode()


def load_worked_books(db: Database) -> Imported:
    """Open the worked books and import every worked entry."""
    with db.transaction() as session:
        make_worked_books(session, WORKED)
        return import_entries(session, lines=worked_lines(), book=None, now=NOW)
