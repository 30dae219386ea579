"""OFX files and tables give what they state; where they do not add up they are refused."""

from datetime import date
from pathlib import Path

import pytest

from ledger.bank_files import StatementFile, TableUnclear, read_profile, read_statement
from ledger.errors import Invalid
from ledger.services.statements.statements import describe

DATA = Path(__file__).parent / "data"
BANK = Path(__file__).parents[3] / "shared" / "data" / "bank"

# file: (format, opening, credits, debits, closing, currency) of each statement
STATED = {
    "csv/schwab-checking.csv": ("csv", [(109_374, 2_000, 23_527, 87_847, "USD")]),
    "csv/schwab-checking-baltest-case7.csv": ("csv", [(85_847, 2_000, 2_000, 85_847, "USD")]),
    "csv/ubs-ch-fr_trimmed.csv": ("csv", [(1_138_394, 24_000, 21_000, 1_141_394, "CHF")]),
    "csv/n26-fr.csv": ("csv", [(0, 32_800, 32_800, 0, "EUR")]),
    "csv/outbank.csv": ("csv", [(0, 10_000, 13_589, -3_589, "EUR")]),
    "ofx/bank_medium.ofx": ("ofx", [(72_761, 0, 34_527, 38_234, "CAD")]),
    "ofx/checking.ofx": ("ofx", [(16_049, 1, 5_951, 10_099, "USD")]),
    "ofx/suncorp.ofx": ("ofx", [(125_097, 0, 1_685, 123_412, "AUD")]),
    "ofx/multiple_accounts.ofx": (
        "ofx",
        [(11_100, 0, 0, 11_100, "USD"), (22_200, 0, 0, 22_200, "USD")],
    ),
}
WITHOUT_BALANCE = ("csv/n26-fr.csv", "csv/outbank.csv")
TRAPS = {
    "ofx/fail_nice_decimal_error.ofx": ("line 37, TRNAMT", "'$120' is not an amount"),
    "ofx/fail_nice_empty_balance.ofx": ("line 38, BALAMT", "has no BALAMT"),
}
shared = pytest.mark.skipif(
    not BANK.is_dir(), reason="the other people's bank files of ../shared/data are not here"
)


def totals(file: StatementFile) -> list[tuple[int, int, int, int, str]]:
    return [
        (one.opening, one.credits, one.debits, one.closing, one.currency) for one in file.statements
    ]


@shared
@pytest.mark.parametrize("name", STATED)
def test_a_file_of_others_gives_what_it_states(name: str) -> None:
    file = read_statement((BANK / name).read_bytes())
    assert (file.format, totals(file)) == STATED[name]
    # One balance alone proves nothing: OFX files state only the closing one, some tables none.
    told = {shown["balanced"] for shown in describe(file)}
    assert told == ({None} if file.format == "ofx" or name in WITHOUT_BALANCE else {True})


@shared
@pytest.mark.parametrize("name", TRAPS)
def test_a_trap_is_refused_by_line(name: str) -> None:
    place, words = TRAPS[name]
    with pytest.raises(Invalid) as refusal:
        read_statement((BANK / name).read_bytes())
    assert refusal.value.place == place
    assert words in refusal.value.message


@shared
def test_every_table_and_ofx_file_is_among_these() -> None:
    there = {f"{kind}/{file.name}" for kind in ("csv", "ofx") for file in (BANK / kind).iterdir()}
    assert there == {*STATED, *TRAPS}


def read(name: str, opening: str | None = None) -> StatementFile:
    return read_statement((DATA / name).read_bytes(), opening=opening)


def test_an_ofx_file_of_either_kind_is_read() -> None:
    (first,) = read("hall.ofx").statements
    assert (first.account, first.opening, first.closing) == ("HALL-1", 10_000, 12_050)
    assert (first.opens_on, first.closes_on) == (date(2026, 3, 1), date(2026, 3, 2))
    gift, fee = first.lines
    assert (gift.amount, gift.bank_reference, gift.counterparty_name, gift.remittance) == (
        2_500,
        "A1",
        "Smith & Sons",
        "PLG-7K3M9",
    )
    assert (fee.amount, fee.counterparty_name, fee.remittance) == (-450, None, "Fee")
    card, hall = read("hall_xml.ofx").statements
    assert (card.account, card.lines, card.closing) == ("CARD-1", (), 0)
    assert (hall.currency, hall.opening, hall.lines[0].counterparty_name) == (
        "JPY",
        1000,
        "Tea & <Cake>",
    )


OFX_DAMAGE = {
    "an amount that is none": ("25.00<FITID", "twenty<FITID", "line 15, TRNAMT"),
    "an amount too fine": ("25.00<FITID", "25.001<FITID", "line 15, TRNAMT"),
    "an amount told twice": ("<TRNAMT>25.00", "<TRNAMT>25.00<TRNAMT>9", "line 15"),
    "no amount": ("<TRNAMT>25.00", "", "line 15, TRNAMT"),
    "no day": ("<DTPOSTED>20260301", "<DTPOSTED>", "line 15, DTPOSTED"),
    "a day that is not": ("<DTPOSTED>20260301", "<DTPOSTED>20260232", "line 15, DTPOSTED"),
    "no currency": ("<CURDEF>EUR", "<CURDEF>", "line 12, CURDEF"),
    "a currency of no land": ("<CURDEF>EUR", "<CURDEF>ABC", "line 12, CURDEF"),
    "another currency in a line": ("<MEMO>PLG", "<CURRENCY><CURSYM>USD</CURRENCY><MEMO>PLG",
                                   "line 15, TRNAMT"),
    "no account": ("<ACCTID>HALL-1", "", "line 13, ACCTID"),
    "a document type": ("<OFX><SIGN", '<OFX><!DOCTYPE x [<!ENTITY a "b">]><SIGN', "line 11"),
    "a nest without end": ("<OFX><SIGN", "<OFX>" + "<A>" * 100 + "<SIGN", "line 11"),
    "investments": ("<BANKMSGSRSV1>", "<INVSTMTRS></INVSTMTRS><BANKMSGSRSV1>", "INVSTMTRS"),
}  # fmt: skip


@pytest.mark.parametrize("damage", OFX_DAMAGE.values(), ids=OFX_DAMAGE)
def test_a_damaged_ofx_file_is_refused_by_line(damage: tuple[str, str, str]) -> None:
    old, new, place = damage
    text = (DATA / "hall.ofx").read_text()
    assert old in text
    with pytest.raises(Invalid) as refusal:
        read_statement(text.replace(old, new, 1).encode())
    assert refusal.value.place == place


def test_a_table_is_read_in_the_order_of_its_balances() -> None:
    (first,) = read("running.csv").statements
    assert [line.amount for line in first.lines] == [100_000, 10_000, -102_025]
    assert (first.opening, first.closing) == (0, 7_975)
    assert first.lines[2].remittance == 'Timber, and "nails"'
    assert first.warnings == ("line 2 is left out: Pending.",)
    head, _pending, *rows = (DATA / "running.csv").read_text().splitlines(keepends=True)
    (turned,) = read_statement("".join([head, *reversed(rows)]).encode()).statements
    assert [line.amount for line in turned.lines] == [line.amount for line in first.lines]
    assert turned.lines == first.lines


def test_a_table_without_balances_begins_where_it_is_told() -> None:
    (first,) = read("signed.csv").statements
    assert (first.opening, first.closing) == (0, 1_050)
    assert "taken as 0.00 EUR" in first.warnings[0]
    (told,) = read("signed.csv", opening="100.00").statements
    assert (told.opening, told.closing, told.warnings) == (10_000, 11_050, ())
    assert told.lines[0].value_on == date(2026, 3, 2)
    with pytest.raises(Invalid) as refusal:
        read("signed.csv", opening="much")
    assert refusal.value.place == "opening"


TABLE_DAMAGE = {
    "a balance that does not follow": ('"$1,100.00"', '"$1,100.01"', "line 4, RunningBalance"),
    "paid out and in": ('"","$100.00"', '"$1.00","$100.00"', "line 4, Withdrawal"),
    "neither paid out nor in": ('"","$100.00"', '"",""', "line 4, RunningBalance"),
    "less than nothing paid in": ("$100.00", "-$100.00", "line 4"),
    "an amount that is none": ("$1,020.25", "$1,02.25", "line 3, Withdrawal"),
    "a day of another land": ("03/01/2026", "31.03.2026", "line 5, Date"),
    "a cell too many": ('"$79.75"', '"$79.75","x"', "line 3"),
    "a cell too few": (',"$79.75"', "", "line 3"),
    "quotes that do not end": ('"Gift"', '"Gift', "line 4"),
    "a heading twice": ('"CheckNumber"', '"Type"', "line 1"),
    "a column too few": ('"CheckNumber"', '"Number"', "line 1"),
}


@pytest.mark.parametrize("damage", TABLE_DAMAGE.values(), ids=TABLE_DAMAGE)
def test_a_damaged_table_is_refused_by_line(damage: tuple[str, str, str]) -> None:
    old, new, place = damage
    text = (DATA / "running.csv").read_text()
    assert old in text
    with pytest.raises(Invalid) as refusal:
        read_statement(text.replace(old, new, 1).encode())
    assert refusal.value.place == place


PROFILE = """\
name = "club"
day = "Tag"
day_format = "%d.%m.%Y"
amount = "Betrag"
balance = "Stand"
currency = "EUR"
texts = ["Text", "Wer"]
decimal_mark = ","
newest_first = false
"""
TABLE = """\
Tag;Wer;Text;Betrag;Stand
01.03.2026;Ann;Gabe;1.000,50;1.000,50
02.03.2026;Bank;;-0,50;1.000,00
"""


def test_a_profile_says_what_the_columns_of_another_table_are() -> None:
    table = TABLE.encode()
    for file_format in ("auto", "csv"):
        with pytest.raises(TableUnclear, match="which currency it is in"):
            read_statement(table, file_format)
    (first,) = read_statement(table, profile=read_profile(PROFILE.encode())).statements
    assert (first.account, first.opening, first.closing) == ("club", 0, 100_000)
    assert first.lines[0].remittance == "Gabe Ann"
    with pytest.raises(Invalid, match="no column 'Stand'"):
        read_statement(table.replace(b"Stand", b"Rest"), profile=read_profile(PROFILE.encode()))


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ('day = "Tag"\n', "", "day"),
        ('amount = "Betrag"\n', "", "amount"),
        ('"EUR"', '"XYZ"', "currency"),
        ('decimal_mark = ","', 'decimal_mark = "·"', "decimal_mark"),
        ("%d.%m.%Y", "%d.%m", "day_format"),
        ("%d.%m.%Y", "%d.%m.%Y %", "day_format"),
        ("false", "0", "newest_first"),
        ('"Wer"]', "3]", "texts"),
        ('"Stand"', "7", "balance"),
        ("name =", "nom =", "nom"),
        ("name = ", "name = = ", "file"),
    ],
)
def test_a_profile_that_says_too_little_is_refused_by_key(old: str, new: str, place: str) -> None:
    assert old in PROFILE
    with pytest.raises(Invalid) as refusal:
        read_profile(PROFILE.replace(old, new).encode())
    assert refusal.value.place == place
