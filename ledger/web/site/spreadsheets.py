"""Tables as files for spreadsheets: CSV and XLSX, of the rows that a page shows.

Amounts are exact decimals, never floats; no text can be taken for a formula.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from flask import current_app
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from werkzeug.wrappers import Response

from ledger.core.cells import harmless

# The endings of ``TYPES``, as an address asks for one.
KINDS = "any(csv, xlsx)"
Cell = str | int | date | Decimal
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def as_file(
    name: str, kind: str, headings: Sequence[str], rows: Iterable[Sequence[Cell]]
) -> Response:
    """Return a table as an attachment; ``kind`` is an ending of ``TYPES``."""
    content = _csv(headings, rows) if kind == "csv" else _xlsx(headings, rows)
    answer = current_app.response_class(content, mimetype=TYPES[kind])
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _csv(headings: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(headings)
    for row in rows:
        writer.writerow([harmless(cell) if isinstance(cell, str) else cell for cell in row])
    # Spreadsheets take a file for UTF-8 by this mark.
    return out.getvalue().encode("utf-8-sig")


def _xlsx(headings: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in ([*headings], *rows):
        cells = []
        for value in row:
            # Its types name floats and forget the decimals that it writes as they are.
            shown: Any = harmless(value) if isinstance(value, str) else value
            cell = WriteOnlyCell(sheet, value=shown)
            if isinstance(value, str):
                # A text stays one, whatever it begins with.
                cell.data_type = "s"
            cells.append(cell)
        sheet.append(cells)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
