"""Amounts, days and letters in the ways people write them: read exactly, or refused."""

from datetime import date

import pytest

from ledger.bank_files.cells import Number, days_of, marks_of, orders_of, read_amount, read_day
from ledger.bank_files.encoding import decode
from ledger.errors import Invalid

AMOUNTS = [
    ("5.00", "EUR", ".", 500), ("(5.00)", "EUR", ".", -500), ("5.00-", "EUR", ".", -500),
    ("−5.00", "EUR", ".", -500), ("−5", "EUR", ".", -500), ("–5,00", "EUR", ",", -500),
    ("1,50,000.00", "INR", ".", 15_000_000), ("1,50,000.00 Dr", "INR", ".", -15_000_000),
    ("₹1,50,000.00", "INR", ".", 15_000_000), ("Rs.500", "INR", ".", 50_000),
    ("1.020,50 €", "EUR", ",", 102_050), ("€ 1.020,50", "EUR", ",", 102_050),
    ("20,-", "EUR", ",", 2_000), ("20.--", "CHF", ".", 2_000), ("-$5.00", "USD", ".", -500),
    ("$-5.00", "USD", ".", -500), ("($1,036.47)", "USD", ".", -103_647),
    ("1 234,56", "EUR", ",", 123_456), ("1\u202f234,56", "EUR", ",", 123_456),
    ("11'373.94", "CHF", ".", 1_137_394), ("CHF 5.00", "CHF", ".", 500),
    ("5,00 S", "EUR", ",", -500), ("5,00 H", "EUR", ",", 500), ("5.00CR", "GBP", ".", 500),
    ("1.234", "EUR", ",", 123_400), (".50", "USD", ".", 50), ("+5", "EUR", ".", 500),
    ("1000", "JPY", ".", 1_000), ("5,00 kr.", "SEK", ",", 500), ("1.234", "BHD", ".", 1_234),
]  # fmt: skip
NO_AMOUNTS = [
    ("1,02.25", "USD", "."), ("twenty", "EUR", "."), ("", "EUR", "."), ("=1+1", "USD", "."),
    ("1e5", "USD", "."), ("٥", "USD", "."), ("-5.00-", "USD", "."), ("(-5.00)", "USD", "."),
    ("--5", "EUR", "."), ("5-5", "EUR", "."), ("-5.00 Dr", "INR", "."), ("1.234", "EUR", "."),
    ("€5", "USD", "."), ("5.00 GBP", "EUR", "."), ("A-5", "EUR", "."), ("1" * 5_000, "EUR", "."),
    ("20,00", "EUR", "."), ("9" * 20, "EUR", "."),
]  # fmt: skip


@pytest.mark.parametrize(("text", "currency", "mark", "minor"), AMOUNTS)
def test_an_amount_is_read_exactly(text: str, currency: str, mark: str, minor: int) -> None:
    assert read_amount(text, currency, mark) == minor


@pytest.mark.parametrize(("text", "currency", "mark"), NO_AMOUNTS)
def test_what_is_no_amount_is_refused(text: str, currency: str, mark: str) -> None:
    with pytest.raises(Invalid):
        read_amount(text, currency, mark)


def test_a_number_of_a_workbook_is_read_whatever_the_mark_of_its_table() -> None:
    assert [read_amount(Number("-20.5"), "EUR", mark) for mark in ".,"] == [-2_050, -2_050]
    assert marks_of([(Number("20.5"), "EUR"), ("1.020,50", "EUR")]) == [","]
    serial = Number("45355")
    serial.day = date(2024, 3, 4)
    assert read_day(serial, "mdy") == date(2024, 3, 4)
    assert days_of(Number("45355")) == {}


def test_the_decimal_mark_is_told_by_all_amounts_or_not_at_all() -> None:
    assert marks_of([("1,234", "EUR")]) == ["."]
    assert marks_of([("1.234", "EUR"), ("5,00", "EUR")]) == [","]
    assert marks_of([("20", "EUR")]) == ["."]
    assert marks_of([("1.020,50", "EUR"), ("20.5", "EUR")]) == []
    assert marks_of([("1,234", "BHD")]) == [".", ","]


DAYS = {
    "4.3.2024": "dmy", "4 Mar 2024": "dmy mdy ymd", "Mar 4, 2024": "dmy mdy ymd",
    "4. März 2024": "dmy mdy ymd", "20240304": "ymd", "2024-03-04T10:00:00Z": "ymd",
}  # fmt: skip


@pytest.mark.parametrize(("text", "orders"), DAYS.items())
def test_a_day_is_read_in_the_order_of_its_table(text: str, orders: str) -> None:
    meant = days_of(text)
    assert all(meant[order] == date(2024, 3, 4) for order in orders.split())


def test_the_order_of_days_is_told_by_all_of_them_or_not_at_all() -> None:
    assert orders_of(["03/04/2024", "03/05/2024"]) == ["dmy", "mdy"]
    assert orders_of(["03/04/2024", "13/05/2024"]) == ["dmy"]
    assert orders_of(["03/04/2024", "03/15/2024"]) == ["mdy"]
    assert orders_of(["03/03/2024"]) == ["dmy"]
    assert orders_of(["03.04.2024"]) == ["dmy"]
    assert orders_of(["30.02.2024"]) == []


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("4.3.24", "%d.%m.%Y"),
        ("04.03.2024", "%d.%m.%y"),
        ("2024-03-04", "%Y-%m-%d %H:%M:%S"),
        ("2024-03-04 10:00:00", "%Y-%m-%d"),
        ("04/03/2024", "dmy"),
    ],
)
def test_a_format_takes_its_days_with_and_without_noughts_and_time(text: str, written: str) -> None:
    assert read_day(text, written) == date(2024, 3, 4)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("31.03.2026", "%m/%d/%Y"),
        ("03.04.2026", "%m/%d/%Y"),
        ("30.02.2024", "dmy"),
        ("9999-12-31", "%Y-%m-%d"),
        ("0001-01-01", "ymd"),
        ("x" * 5_000, "dmy"),
        ("", "dmy"),
    ],
)
def test_another_way_of_writing_days_is_refused(text: str, written: str) -> None:
    with pytest.raises(Invalid):
        read_day(text, written)


LETTERS = "Jörg Müßig;Spende für Dach"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be",
                                      "utf-32", "cp1252", "cp850", "mac_roman"])  # fmt: skip
def test_letters_come_out_as_they_were_meant(encoding: str) -> None:
    text, notes = decode(LETTERS.encode(encoding))
    assert text == LETTERS
    assert not notes


def test_letters_that_can_be_read_in_two_ways_are_said() -> None:
    text, notes = decode("Jörg".encode("cp850"))
    assert text == "Jörg"
    assert "CP850" in notes[0]
    assert decode("Wałęsa już".encode("cp1250"))[0] == "Wałęsa już"
    assert decode("Société – N° 5 €".encode("cp1252")) == ("Société – N° 5 €", [])


@pytest.mark.parametrize(
    "data",
    ["Иван Петров".encode("cp1251"), b"\xff\xfea", b"\xed\xa0\x80;\x81\x90\xfe", b"\xfe" * 9],
)
def test_bytes_of_no_known_letters_are_refused(data: bytes) -> None:
    with pytest.raises(Invalid, match="UTF-8"):
        decode(data)
