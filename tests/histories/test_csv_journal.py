"""Journals that other programs export as a table come in, or say why not and what to do."""

from decimal import Decimal
from pathlib import Path

import pytest

from ledger.errors import Invalid
from ledger.importers import read_history

CASES = Path(__file__).parents[3] / "shared" / "cases"
GNUCASH = """\
"Date","Transaction ID","Number","Description","Notes","Commodity/Currency","Void Reason","Action",\
"Memo","Full Account Name","Account Name","Amount With Sym","Amount Num.","Value With Sym",\
"Value Num.","Reconcile","Reconcile Date","Rate/Price"
"2024-03-04","a1","1","Gift; of ""Ada""\nand Bo","","CURRENCY::EUR","","","","Assets:Bank","Bank",\
"1.020,00 €","1.020,00","1.020,00 €","1.020,00","n","","1,0000"
"","","","","","","","","","Income:Gifts","Gifts","-1.020,00 €","-1.020,00","-1.020,00 €",\
"-1.020,00","n","","1,0000"
"2024-03-05","a2","2","Fees","","CURRENCY::EUR","","","","Expenses:Fees","Fees","5,00 €","5,00",\
"5,00 €","5,00","n","","1,0000"
"","","","","","","","","","Assets:Bank","Bank","-5,00 €","-5,00","-5,00 €","-5,00","n","","1,0000"
"""
XERO = """\
Journal Report
The Hall,,,
From 1 Mar 2024 to 31 Mar 2024

Date,Journal Number,Account Code,Account,Description,Debit (GBP),Credit (GBP)
04 Mar 2024,17,090,Assets:Bank,Gift,20.00,
04 Mar 2024,17,200,Income:Gifts,Gift,,20.00
March 5 2024,18,400,Expenses:Fees,"Fee, half",1.50,
March 5 2024,18,090,Assets:Bank,Fee,0.00,1.50
Total,,,,,21.50,21.50
"""
BY_ACCOUNT = """\
Account;Date;ID;Amount
Assets:Bank;13/03/2024;1;20,00
Assets:Bank;04/03/2024;2;(5,00)
Income:Gifts;13/03/2024;1;20,00-
Expenses:Fees;04/03/2024;2;5,00
"""
XERO_MANUAL = """\
*Narration\t*Date\tDescription\t*AccountCode\t*TaxRate\t*Amount
Gift\t4/03/2024\tx\tAssets:Bank\tNone\t20.00
\t\tx\tIncome:Gifts\tNone\t\u221220.00
Gift\t14/03/2024\tx\tAssets:Bank\tNone\t1.00
Gift\t14/03/2024\tx\tIncome:Gifts\tNone\t-1.00
"""


def read(tmp_path: Path, text: str, name: str = "x.csv") -> list[tuple[str, str, str, str]]:
    """Return every leg of a table."""
    file = tmp_path / name
    file.write_text(text, newline="")
    return [
        (one.on.isoformat(), leg.account, f"{leg.figure.number:f}", leg.figure.unit)
        for one in read_history(file).transactions
        for leg in one.legs
    ]


def test_an_export_of_gnucash_is_read(tmp_path: Path) -> None:
    expected = [
        ("2024-03-04", "Assets:Bank", "1020.00", "EUR"),
        ("2024-03-04", "Income:Gifts", "-1020.00", "EUR"),
        ("2024-03-05", "Expenses:Fees", "5.00", "EUR"),
        ("2024-03-05", "Assets:Bank", "-5.00", "EUR"),
    ]
    assert read(tmp_path, GNUCASH) == expected
    assert read(tmp_path, "\ufeff" + GNUCASH.replace("\n", "\r\n"), "x.txt") == expected


def test_a_journal_report_of_xero_is_read(tmp_path: Path) -> None:
    assert read(tmp_path, XERO) == [
        ("2024-03-04", "Assets:Bank", "20.00", ""),
        ("2024-03-04", "Income:Gifts", "-20.00", ""),
        ("2024-03-05", "Expenses:Fees", "1.50", ""),
        ("2024-03-05", "Assets:Bank", "-1.50", ""),
    ]


def test_lines_of_one_number_are_one_transaction_wherever_they_stand(tmp_path: Path) -> None:
    assert read(tmp_path, BY_ACCOUNT) == [
        ("2024-03-04", "Assets:Bank", "-5.00", ""),
        ("2024-03-04", "Expenses:Fees", "5.00", ""),
        ("2024-03-13", "Assets:Bank", "20.00", ""),
        ("2024-03-13", "Income:Gifts", "-20.00", ""),
    ]


def test_without_numbers_a_transaction_is_what_balances(tmp_path: Path) -> None:
    assert [leg[:3] for leg in read(tmp_path, XERO_MANUAL)] == [
        ("2024-03-04", "Assets:Bank", "20.00"),
        ("2024-03-04", "Income:Gifts", "-20.00"),
        ("2024-03-14", "Assets:Bank", "1.00"),
        ("2024-03-14", "Income:Gifts", "-1.00"),
    ]


@pytest.mark.parametrize(
    ("written", "day"),
    [
        (("13/3/2024", "4/3/2024"), "2024-03-04"),
        (("3/13/2024", "3/4/2024"), "2024-03-04"),
        (("13.03.2024", "04.03.2024"), "2024-03-04"),
        (("04.03.2024", "05.03.2024"), "2024-03-04"),
        (("2024/03/13", "2024/3/4"), "2024-03-04"),
        (("13-Mar-2024", "4-Mar-2024"), "2024-03-04"),
        (("Mar 13, 2024", "2024-03-04T00:00:00"), "2024-03-04"),
    ],
)
def test_dates_are_read_as_all_of_them_are_written(
    tmp_path: Path, written: tuple[str, str], day: str
) -> None:
    rows = "".join(f'"{one}",a,1.00\n"{one}",b,-1.00\n' for one in written)
    assert min(read(tmp_path, f"Date,Account,Amount\n{rows}"))[0] == day


@pytest.mark.skipif(not CASES.is_dir(), reason="the cases of ../shared are not here")
def test_the_case_is_read() -> None:
    history = read_history(CASES / "H27.csv")
    assert [(leg.account, leg.figure.number) for leg in history.transactions[0].legs] == [
        ("Bank", Decimal(20)),
        ("Income", Decimal(-20)),
    ]


HEAD = "Date,ID,Account,Amount\n"
TWO = "2024-03-04,1,a,{0}\n2024-03-04,1,b,-{0}\n"
REFUSED = {
    "no journal": ("Date,Text,Amount\n2024-03-04,x,1\n", 1, "no headings"),
    "no table": ("hello\n", 1, "no headings"),
    "GnuCash's simple layout": (
        "Date,Account Name,Number,Description,Full Category Name,Amount Num.\n", 1, "simple"),
    "not balanced": (f"{HEAD}2024-03-04,1,a,1.00\n2024-03-04,1,b,-1.01\n", 2, "off by -0.01"),
    "not balanced, without numbers": (
        "Date,Account,Amount\n2024-03-04,a,1.00\n2024-03-05,b,-1.00\n", 3, "does not balance"),
    "two dates": (f"{HEAD}2024-03-04,1,a,1.00\n2024-03-05,1,b,-1.00\n", 3, "different dates"),
    "no date": (f"{HEAD},1,a,1.00\n", 2, "no date"),
    "a date that is not": (f"{HEAD}{TWO.format('1.00').replace('03-04', '02-30')}", 2, "a date"),
    "a date that reads two ways": (
        f"{HEAD}{TWO.format('1.00').replace('2024-03-04', '03/04/2024')}", 2, "is ambiguous"),
    "a date with half a year": (
        f"{HEAD}{TWO.format('1.00').replace('2024-03-04', '13/04/24')}", 2, "like 2024-12-31"),
    "a month nobody knows": (
        f"{HEAD}{TWO.format('1.00').replace('2024-03-04', '4 Foo 2024')}", 2, "not a date"),
    "a number that reads two ways": (f'{HEAD}{TWO.format("1.020")}', 2, "is ambiguous"),
    "numbers of two ways": (f'{HEAD}{TWO.format("1.20")}{TWO.format(chr(34) + "1,20" + chr(34))}',
                            4, "above it"),
    "no number": (f"{HEAD}{TWO.format('x')}", 2, "not an amount"),
    "marks in disorder": (f'{HEAD}{TWO.format("1.2.3")}', 2, "not a number"),
    "an amount without an account": (f"{HEAD}2024-03-04,1,,1.00\n", 2, "no account"),
    "a currency that is none": (
        "Date,ID,Account,Amount,Currency\n2024-03-04,1,a,1.00,euros\n", 2, "not a currency"),
    "shares": (
        "Date,Transaction ID,Account Name,Amount Num.,Value Num.\n2024-03-04,1,a,2.00,3.00\n", 2,
        "GnuCash book itself"),
    "quotes without end": (f'{HEAD}2024-03-04,1,"a,1.00\n', 2, "table cannot be read"),
    "an account with a hidden sign": (
        f"{HEAD}{TWO.format('1.00').replace('a', 'a' + chr(0x202E))}", 2, "not a valid account"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_read_is_refused_by_line(tmp_path: Path, case: tuple[str, int, str]) -> None:
    text, line, words = case
    with pytest.raises(Invalid) as refusal:
        read(tmp_path, text)
    assert words in refusal.value.message
    assert refusal.value.place == f"line {line}"
