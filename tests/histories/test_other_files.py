"""A file that is no ledger is called by its name, with what to do, and is not guessed at."""

import gzip
import io
import zipfile
from pathlib import Path

import pytest

from ledger.errors import Invalid
from ledger.importers import read_history

CASES = Path(__file__).parents[3] / "shared" / "cases"


def zipped(*names: str) -> bytes:
    """Return a ZIP of empty files."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        for name in names:
            file.writestr(name, "")
    return packed.getvalue()


MT940 = b":20:STARTUMS\n:25:NL91\n:28C:1/1\n:60F:C240301EUR0,00\n"
KINDS: dict[str, tuple[bytes, str]] = {
    "MT942": (b":20:X\n:25:NL91\n:28C:1/1\n:34F:EUR0,00\n:13D:2403041230+0100\n", "MT942"),
    "MT940": (MT940, "bank statement (MT940)"),
    "MT940 in its envelope": (b"{1:F01X}{4:\r\n" + MT940, "bank statement (MT940)"),
    "camt": (
        b'<?xml version="1.0"?>\n<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08">',
        "bank statement (camt)"),
    "camt on one line": (
        b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.052.001.02"/>', "(camt)"),
    "OFX": (b"OFXHEADER:100\r\nDATA:OFXSGML\r\n", "bank statement (OFX"),
    "OFX 2": (b'<?xml version="1.0"?>\n<?OFX OFXHEADER="200"?>\n<OFX >', "bank statement (OFX"),
    "QIF": (b"!Type:Bank\nD3/4'24\nT20.00\n^\n", "QIF"),
    "QIF with accounts": (b"!Account\nNBank\n^\n", "QIF"),
    "IIF": (b"!TRNS\tTRNSID\tDATE\n", "IIF file of QuickBooks"),
    "IIF with a head": (b"\xef\xbb\xbf!HDR\tPROD\n", "IIF file of QuickBooks"),
    "Excel": (zipped("xl/workbook.xml"), "Excel workbook (XLSX)"),
    "LibreOffice": (zipped("content.xml"), "LibreOffice"),
    "ZIP": (zipped("x.journal"), "Unpack it"),
    "a damaged ZIP": (zipped("x")[:20], "damaged packed file"),
    "old Excel": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old Excel"),
    "PDF": (b"%PDF-1.7\n", "PDF"),
    "7z": (b"7z\xbc\xaf\x27\x1c", "7z"),
    "gzip": (gzip.compress(b"2024-01-01 x\n  a  1 EUR\n  b\n"), "gzip"),
    "entries": (b'{"book": "A", "accounting_date": "2024-01-01"}', "poolbook import entries"),
    "a web page": (b"<!DOCTYPE html>\n<html>", "web page"),
    "a script": (b"PRAGMA foreign_keys=OFF;\n", "script for a database"),
    "another program's XML": (b"<?xml version='1.0'?><!-- x --><homebank v='1'>", "<homebank>"),
    "another program's XML with a type": (b"<!DOCTYPE KMYMONEY-FILE>\n<KMYMONEY-FILE>", "<KMY"),
}  # fmt: skip


@pytest.mark.parametrize("case", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("name", ["x", "x.journal", "x.csv"])
def test_it_is_called_by_its_name(tmp_path: Path, case: tuple[bytes, str], name: str) -> None:
    data, words = case
    file = tmp_path / name
    file.write_bytes(data)
    with pytest.raises(Invalid) as refusal:
        read_history(file)
    assert words in refusal.value.message
    assert refusal.value.place == "file"
    # It says what to do, not only what is wrong.
    assert refusal.value.message.count(". ") + refusal.value.message.count("poolbook") >= 1 or (
        "damaged" in refusal.value.message
    )


@pytest.mark.skipif(not CASES.is_dir(), reason="the cases of ../shared are not here")
def test_statements_of_banks_are_sent_to_where_they_belong() -> None:
    statements = [*CASES.glob("D*.xml"), *CASES.glob("M*.sta"), *CASES.glob("O*.ofx")]
    assert len(statements) > 15
    for file in statements:
        with pytest.raises(Invalid, match="poolbook import statement"):
            read_history(file)


@pytest.mark.parametrize(
    "comment", ["camt.053 of March", "<OFX>", "!Type:Bank", '{"postings"}', "PRAGMA", "!TRNS"]
)
def test_a_ledger_that_speaks_of_such_files_is_read(tmp_path: Path, comment: str) -> None:
    file = tmp_path / "x.journal"
    file.write_text(f"; {comment}\n2024-01-01 {comment}\n  a  1 EUR\n  b\n")
    assert len(read_history(file).transactions) == 1


def test_a_book_of_gnucash_is_read_as_such_only(tmp_path: Path) -> None:
    file = tmp_path / "x"
    file.write_bytes(b"SQLite format 3\x00" + b"\0" * 84)
    with pytest.raises(Invalid, match="GnuCash book"):
        read_history(file, "hledger")
    with pytest.raises(Invalid, match="This GnuCash book cannot be read: file is not a database"):
        read_history(file)
