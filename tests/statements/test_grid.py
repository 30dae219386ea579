"""What a hostile or broken file can hold: it is read as text, or refused by line and column."""

import io
import zipfile
from datetime import date, datetime
from typing import Any

import pytest
from openpyxl import Workbook
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from ledger.bank_files import Profile, grid, read_statement, workbook
from ledger.bank_files.grid import open_grid
from ledger.errors import Invalid

PROFILE = Profile(name="x", day="Date", day_format="ymd", amount="Amount", currency="EUR",
                  texts=("Text",))  # fmt: skip
HEAD = "Date,Text,Amount\n"


def line_of(text: str) -> str:
    (statement,) = read_statement(f"{HEAD}2024-03-04,{text},-5.00\n".encode(),
                                  profile=PROFILE).statements  # fmt: skip
    return statement.lines[0].remittance


def test_cells_are_text_whatever_they_hold() -> None:
    assert line_of("=HYPERLINK(1)") == "=HYPERLINK(1)"
    assert line_of("<script>alert(1)</script>") == "<script>alert(1)</script>"
    assert line_of('"two\nlines\x1b[31m\u202e"') == "two lines [31m"
    assert line_of("@SUM(A1)") == "@SUM(A1)"


REFUSED = {
    "a NUL": (f"{HEAD}2024-03-04,a\0b,-5\n".encode(), "line 2"),
    "half a surrogate pair": (HEAD.encode() + b"2024-03-04,\xed\xa0\x80,-5\n", "line 2"),
    "half a surrogate pair in UTF-16": (
        f"{HEAD}2024-03-04,\ud800,-5\n".encode("utf-16", "surrogatepass"), "file"),
    "a cell of a megabyte": (f"{HEAD}2024-03-04,{'x' * 2**20},-5\n".encode(), "line 2"),
    "a cell of ten thousand and one": (f"{HEAD}2024-03-04,{'x' * 10_001},-5\n".encode(), "line 2"),
    "too many columns": (HEAD.encode() + b"x," * 300 + b"\n", "line 2"),
    "an amount that is a formula": (f"{HEAD}2024-03-04,a,=1+1\n".encode(), "line 2, Amount"),
    "quotes that do not end": (f'{HEAD}2024-03-04,"a,-5\n'.encode(), "line 2"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_kept_is_refused_by_line(name: str) -> None:
    data, place = REFUSED[name]
    with pytest.raises(Invalid) as refusal:
        read_statement(data, profile=PROFILE)
    assert refusal.value.place == place


def test_a_table_has_a_last_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grid, "MAX_ROWS", 3)
    rows = "2024-03-04,a,-5\n" * 4
    with pytest.raises(Invalid, match="more than 3 rows"):
        open_grid(f"{HEAD}{rows}".encode())
    assert len(open_grid(f"{HEAD}{rows[: len(rows) // 4 * 3]}".encode()).rows) == 4


def xlsx(rows: list[list[Any]], **options: Any) -> bytes:
    """A workbook of these rows; ``merged`` cells and the ``epoch`` of its days."""
    book = Workbook()
    book.epoch = options.get("epoch", book.epoch)
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    for merged in options.get("merged", ()):
        sheet.merge_cells(merged)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


ROWS: list[list[Any]] = [
    ["Date", "Text", "Amount"],
    [date(2024, 3, 4), "Ada", 20],
    [datetime(2024, 3, 5, 10, 30), "Bo", -5.1],
    ["6.3.2024", "Cy", "-1.020,50 €"],
    [45358, "Di", 0.1 + 0.2],
]


@pytest.mark.parametrize("epoch", [None, CALENDAR_MAC_1904])
def test_a_workbook_is_read_to_the_cent(epoch: datetime | None) -> None:
    rows = [*ROWS[:4]] if epoch else ROWS
    options = {"epoch": epoch} if epoch else {}
    profile = Profile(name="x", day="Date", day_format="dmy", amount="Amount", currency="EUR",
                      texts=("Text",), decimal_mark=",")  # fmt: skip
    (read,) = read_statement(xlsx(rows, **options), profile=profile).statements
    found = [(line.booked_on.day, line.amount, line.remittance) for line in read.lines]
    assert (
        found
        == [(4, 2_000, "Ada"), (5, -510, "Bo"), (6, -102_050, "Cy"), (7, 30, "Di")][: len(rows) - 1]
    )


def test_cells_of_a_workbook_are_refused_by_row() -> None:
    profile = Profile(name="x", day="Date", day_format="dmy", amount="Amount", currency="EUR")
    with pytest.raises(Invalid) as refusal:
        read_statement(xlsx([*ROWS[:2], [None, "Bo", 5]], merged=["A2:A3"]), profile=profile)
    assert (refusal.value.place, "merged" in refusal.value.message) == ("row 3, Date", True)
    for wrong, place in ((True, "row 2, Amount"), ("=1+1", "row 2, Amount")):
        with pytest.raises(Invalid) as refusal:
            read_statement(xlsx([ROWS[0], [date(2024, 3, 4), "Ada", wrong]]), profile=profile)
        assert refusal.value.place == place
    with pytest.raises(Invalid, match="columns"):
        open_grid(xlsx([["x"] * 300]))


def test_the_first_sheet_that_holds_anything_is_read() -> None:
    book = Workbook()
    second = book.create_sheet("Second")
    for row in ROWS[:2]:
        second.append(row)
    out = io.BytesIO()
    book.save(out)
    assert len(open_grid(out.getvalue()).rows) == 2


def packed(parts: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return out.getvalue()


def test_what_unpacks_to_too_much_is_not_unpacked() -> None:
    bomb = packed({"xl/workbook.xml": b"<x/>", "xl/worksheets/sheet1.xml": b" " * 2**24})
    assert len(bomb) < 2**16
    with pytest.raises(Invalid, match="This workbook is too large when unpacked"):
        open_grid(bomb)


def test_a_sheet_has_a_last_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grid, "MAX_ROWS", 3)
    with pytest.raises(Invalid, match="more than 3 rows"):
        open_grid(xlsx([["x", "y"]] * 4))
    # The last row there can be is far below what a file may claim.
    sheet = (
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        b'<sheetData><row r="9999999999"><c r="A1"><v>1</v></c></row></sheetData></worksheet>'
    )
    whole = zipfile.ZipFile(io.BytesIO(xlsx([["x"]])))
    parts = {name: whole.read(name) for name in whole.namelist()}
    parts["xl/worksheets/sheet1.xml"] = sheet
    monkeypatch.setattr(workbook, "LAST_ROW", 100)
    with pytest.raises(Invalid):
        open_grid(packed(parts))


@pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/worksheets/sheet1.xml", "xl/styles.xml"])
@pytest.mark.parametrize(
    "broken",
    [b"", b"<x>", b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>', b"\xff\xfe<", None],
)
def test_a_damaged_workbook_is_refused_or_read(part: str, broken: bytes | None) -> None:
    whole = zipfile.ZipFile(io.BytesIO(xlsx(ROWS)))
    parts = {name: whole.read(name) for name in whole.namelist()}
    if broken is None:
        del parts[part]
    else:
        parts[part] = broken
    refused = "file"
    try:
        open_grid(packed(parts))
    except Invalid as refusal:
        refused = refusal.place or ""
    assert refused
