"""A report's data as files: canonical JSON, whose hash identifies the report, and CSV."""

import csv
import hashlib
import io
import json
from dataclasses import asdict
from datetime import date
from typing import Any

from reports.exports.flat import harmless
from reports.statement import Report

TABLES = ("trial_balance", "funds", "pledges", "entries")


def as_json(report: Report) -> bytes:
    """Return the report's data: sorted keys, no spaces, integers, ISO dates."""
    return json.dumps(
        asdict(report),
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
        default=_plain,
    ).encode()


def as_csv(report: Report) -> bytes:
    """Return the trial balance at the end of the period as CSV, quantities in smallest units."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    columns = ("book", "account", "account_name", "fund", "layer", "commodity", "quantity")
    writer.writerow(columns)
    for row in report.trial_balance:
        values = [getattr(row, name) for name in columns]
        writer.writerow([harmless(v) if isinstance(v, str) else v for v in values])
    return out.getvalue().encode()


def sha256(data: bytes) -> str:
    """Return the hexadecimal SHA-256 of some bytes."""
    return hashlib.sha256(data).hexdigest()


def _plain(value: Any) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place in a report")
