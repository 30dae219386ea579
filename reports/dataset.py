"""A report's data as files: canonical JSON, whose hash identifies the report, and CSV."""

import csv
import hashlib
import io
import json
from dataclasses import asdict
from datetime import date
from typing import Any

from ledger.core.cells import harmless
from ledger.web.site.formatting import plain_decimal
from reports.model import Report


def as_json(report: Report) -> bytes:
    """Return the report's data: sorted keys, no spaces, integers, ISO dates.

    An address that changed since must not make the same figures another report.
    """
    document = asdict(report)
    del document["entities"]
    return json.dumps(
        document,
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
        default=_plain,
    ).encode()


def as_csv(report: Report) -> bytes:
    """Return the trial balance at the end of the period as CSV, amounts in decimals.

    The exact integers are in the JSON.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("book", "account", "account_name", "fund", "layer", "commodity", "amount"))
    for row in report.trial_balance:
        texts = (row.account_name, row.fund, row.layer, row.commodity)
        amount = plain_decimal(row.quantity, row.commodity)
        writer.writerow([harmless(row.book), row.account, *map(harmless, texts), amount])
    return out.getvalue().encode()


def sha256(data: bytes) -> str:
    """Return the hexadecimal SHA-256 of some bytes."""
    return hashlib.sha256(data).hexdigest()


def _plain(value: Any) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place in a report")
