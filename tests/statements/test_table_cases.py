"""Tables of the kinds that people send: what must come out of each, with a profile and without.

The files named here lie outside the project (``../shared``); where they are absent these tests are
skipped. The tables below them are our own, and of the same kinds.
"""

from pathlib import Path

import pytest

from ledger.bank_files import (
    Profile,
    Remembered,
    Statement,
    TableUnclear,
    read_profile,
    read_statement,
)
from ledger.errors import Invalid

SHARED = Path(__file__).parents[3] / "shared"
CASES = SHARED / "cases"
shared = pytest.mark.skipif(not CASES.is_dir(), reason="the cases of ../shared are not here")

# file: (currency of the account, then account's opening, lines and closing in each currency)
RIGHT = {
    "C01": ("EUR", {"EUR": (10_000, [2_000], 12_000)}),
    "C04": ("EUR", {"EUR": (10_500, [-500, 2_000], 12_000)}),
    "C05": ("EUR", {"EUR": (0, [2_000], 2_000)}),
    "C07": ("EUR", {"EUR": (0, [-1_000, 2_000], 1_000)}),
    "C08": ("EUR", {"EUR": (10_000, [2_000, -85, 860], 12_775), "USD": (0, [1_000, -60, -940], 0)}),
    "C11": ("EUR", {"EUR": (0, [2_000], 2_000)}),
    "C12": ("USD", {"USD": (0, [2_000, -500], 1_500)}),
    "C14": ("USD", {"USD": (0, [2_000, -500, -500], 1_000)}),
    "C16": ("GBP", {"GBP": (10_000, [500, -500, 2_000], 12_000)}),
    "C19": ("EUR", {"EUR": (0, [2_000, -55, -500], 1_445)}),
}
# Days that can be read in two ways: a person has to say which.
UNCLEAR = {"C08"}


def moved(statements: tuple[Statement, ...]) -> dict[str, tuple[int, list[int], int]]:
    return {
        one.currency: (one.opening, [line.amount for line in one.lines], one.closing)
        for one in statements
    }


@shared
@pytest.mark.parametrize("name", RIGHT)
def test_a_case_comes_out_right_with_its_profile(name: str) -> None:
    currency, right = RIGHT[name]
    profile = read_profile((CASES / f"{name}.toml").read_bytes())
    data = (CASES / f"{name}.csv").read_bytes()
    read = read_statement(data, profile=profile, currency=currency)
    assert moved(read.statements) == right


@shared
@pytest.mark.parametrize("name", RIGHT)
def test_a_case_comes_out_right_without_being_told_or_says_what_is_missing(name: str) -> None:
    currency, right = RIGHT[name]
    data = (CASES / f"{name}.csv").read_bytes()
    if name in UNCLEAR:
        with pytest.raises(TableUnclear, match=r"2024-04-03 or 2024-03-04.*--profile"):
            read_statement(data, currency=currency)
        return
    assert moved(read_statement(data, currency=currency).statements) == right


@shared
def test_a_report_of_stripe_gives_its_totals() -> None:
    (read,) = read_statement(
        (SHARED / "data" / "stripe" / "csv2ofx_stripe-default.csv").read_bytes()
    ).statements
    assert (read.currency, len(read.lines)) == ("CAD", 10)
    assert (read.credits, read.debits) == (11_250, 478)


@shared
def test_a_payout_says_gross_fee_and_net() -> None:
    (read,) = read_statement((CASES / "C19.csv").read_bytes()).statements
    assert read.warnings[0] == "Payout po_1: gross 15.00 EUR, fees 0.55 EUR, net 14.45 EUR."
    assert all("po_1" in line.remittance for line in read.lines)


@shared
def test_a_fee_that_was_booked_with_its_payment_is_a_part_of_it() -> None:
    (read,) = read_statement((CASES / "C07.csv").read_bytes()).statements
    out = next(line for line in read.lines if line.amount < 0)
    assert [(part.amount, part.remittance) for part in out.parts] == [
        (-940, "Leaflets"),
        (-60, "Fee: Leaflets"),
    ]


@shared
def test_a_workbook_of_1904_is_read_with_a_profile() -> None:
    (read,) = read_statement(
        (CASES / "X01.xlsx").read_bytes(),
        profile=Profile(name="x", day="Date", day_format="dmy", amount="Amount", currency="EUR"),
    ).statements
    assert [(line.amount, line.booked_on.isoformat()) for line in read.lines] == [
        (2_000, "2024-03-03")
    ]


def read(text: str, currency: str = "EUR") -> tuple[Statement, ...]:
    return read_statement(text.encode(), "csv", currency=currency).statements


# What a table of no bank that we know says beyond doubt.
CLEAR = {
    "minus signs of three kinds": (
        "Date,Description,Amount\n2024-03-04,Ada,20.00\n2024-03-05,Fee,−5.00\n"
        "2024-03-06,Fee,5.00-\n2024-03-07,Fee,(5.00)\n",
        [2_000, -500, -500, -500],
    ),
    "lines above and below": (
        "My Bank\nAccount;12\n\nDatum;Text;Betrag\n04.03.2024;Ada;1.020,50\n"
        "05.03.2024;Bank;-0,50\nSumme;;1.020,00\n",
        [102_050, -50],
    ),
    "a column says in or out": (
        "Date;Name;Amount;Credit/Debit\n2024-03-04;Ada;20.00;CRDT\n2024-03-05;Bo;5.00;DBIT\n",
        [2_000, -500],
    ),
    "a column of another name says in or out": (
        "Datum;Naam;Bedrag;Richting?\n20240304;Ada;20,00;Bij\n20240305;Bo;5,00;Af\n",
        [2_000, -500],
    ),
    "debit and credit with noughts": (
        "Date,Details,Debit,Credit\n13/03/2024,Ada,0.00,20.00\n14/03/2024,Bo,5.00,0.00\n",
        [2_000, -500],
    ),
    "debit with a minus": (
        "Date,Details,Debit,Credit\n13/03/2024,Ada,,20.00\n14/03/2024,Bo,-5.00,\n",
        [2_000, -500],
    ),
    "gross, fee and net": (
        "Date,Name,Gross,Fee,Net\n2024-03-04,Ada,20.00,0.85,19.15\n2024-03-05,Bo,-5.00,0.00,-5.00\n",
        [2_000, -85, -500],
    ),
    "a fee with a minus": (
        "Date,Name,Gross,Fee,Net\n2024-03-04,Ada,20.00,-0.85,19.15\n",
        [2_000, -85],
    ),
    "pending rows": (
        "Date,Name,Amount,Status\n2024-03-04,Ada,20.00,Cleared\n2024-03-05,Bo,-5.00,Pending\n"
        "2024-03-06,Cy,-2.00,Cleared\n",
        [2_000, -200],
    ),
    "Indian groups and sides": (
        "Txn Date\tDescription\tDebit\tCredit\tBalance\n"
        "4 Mar 2024\tAda\t\t1,50,000.00\t1,50,000.00\n"
        "5 Mar 2024\tBo\t50,000.00\t\t1,00,000.00\n",
        [15_000_000, -5_000_000],
    ),
    "a balance before the first row": (
        "Date,Text,Amount,Balance\n"
        "2024-03-01,Opening balance,,100.00\n2024-03-04,Ada,20.00,120.00\n",
        [2_000],
    ),
    "balances among movements": (
        "Data;Histórico;Valor\n04/03/2024;Saldo Anterior;100,00\n04/03/2024;Ada;20,00\n"
        "05/03/2024;Bo;-5,00\n31/03/2024;Saldo do dia 31/03;115,00\n",
        [2_000, -500],
    ),
    "a month in words, newest first": (
        "Posted Date|Memo|Amount\n05-Mar-24|Bo|-5.00\n04-Mar-24|Ada|20.00\n",
        [2_000, -500],
    ),
    "a hint for spreadsheets": (
        "sep=;\nDate;Text;Amount\n2024-03-04;Ada;20,00\n2024-03-05;Bo;-5,00\n",
        [2_000, -500],
    ),
    "a heading with the currency": (
        "Date,Text,Amount (EUR)\n2024-03-04,Ada,20.00\n2024-03-05,Bo,-5.00\n",
        [2_000, -500],
    ),
    "cells that are empty behind the table": (
        "Date,Text,Amount\n2024-03-04,Ada,20.00,\n2024-03-05,Bo,-5.00,,\n",
        [2_000, -500],
    ),
}


@pytest.mark.parametrize("name", CLEAR)
def test_a_table_that_leaves_no_doubt_is_read(name: str) -> None:
    text, amounts = CLEAR[name]
    (found,) = read(text, "INR" if "Indian" in name else "EUR")
    assert [line.amount for line in found.lines] == amounts


def test_what_is_left_out_is_said() -> None:
    (found,) = read(CLEAR["lines above and below"][0])
    assert found.warnings[0] == "The table names no currency; it is taken to be in EUR."
    assert "line 7 is left out: it stands below the table (Summe)." in found.warnings
    (found,) = read(CLEAR["balances among movements"][0])
    assert "line 2 is left out: it states a balance (Saldo Anterior)." in found.warnings
    many = "Date,Name,Amount,Status\n" + "2024-03-04,Ada,-1.00,Pending\n" * 9
    (found,) = read(many + "2024-03-04,Ada,20.00,Cleared\n")
    assert "9 rows are left out, the first in line 2: Pending." in found.warnings


# What somebody has to decide, and the words that say so.
DOUBTFUL = {
    "days": ("Date,Text,Amount\n03/04/2024,Ada,20.00\n03/05/2024,Bo,-5.00\n", "two ways"),
    "signs": ("Date,Text,Amount\n2024-03-04,Ada,20.00\n2024-03-05,Bo,5.00\n", "above zero"),
    "two amounts": (
        "Date,Text,Amount,Value\n2024-03-04,Ada,20.00,-3\n2024-03-05,Bo,-5.00,1\n",
        "Two columns may be the amount",
    ),
    "no headings": ("2024-03-04,20.00,Ada\n2024-03-05,-5.00,Bo\n", "No row holds headings"),
    "unknown headings": ("Wann,Wieviel\n2024-03-04,20.00\n2024-03-05,-5.00\n", "No row holds"),
    "mixed decimals": ("Date;Text;Amount\n2024-03-04;A;20.00\n2024-03-05;B;-5,00\n", "one way"),
    "no day": ("Date,Text,Amount\n2024-03-04,Ada,20.00\nsoon 1,Bo,-5.00\n", "which is no day"),
}


@pytest.mark.parametrize("name", DOUBTFUL)
def test_a_table_that_can_be_read_in_two_ways_is_not_read(name: str) -> None:
    text, words = DOUBTFUL[name]
    with pytest.raises(Invalid, match=words) as refusal:
        read(text)
    assert refusal.value.place
    assert isinstance(refusal.value, TableUnclear)
    assert "--profile" in refusal.value.message


def test_a_table_is_read_as_it_was_before_while_its_headings_stay() -> None:
    text = "When,Who,What\n03/04/2024,Ada,20.00\n03/05/2024,Bo,5.00\n"
    profile = Profile(name="x", day="When", day_format="dmy", amount="What", currency="EUR")
    known = (Remembered(("When", "Who", "What"), profile),)
    (found,) = read_statement(text.encode(), remembered=known).statements
    assert found.opens_on is not None
    assert found.opens_on.month == 4
    with pytest.raises(TableUnclear):
        read_statement(text.replace("What", "Which").encode(), remembered=known)


REFUSED = {
    "a net that is another": (
        "Date,Name,Gross,Fee,Net\n2024-03-04,Ada,20.00,0.85,19.00\n", "line 2, Net"),
    "a sign that is none": (
        "Date,Name,Amount,Sign\n2024-03-04,Ada,20.00,CR\n2024-03-05,Bo,-5.00,XX\n", "line 3, Sign"),
    "a sign that contradicts": (
        "Date,Name,Amount,Sign\n2024-03-04,Ada,20.00,CR\n2024-03-05,Bo,-5.00,CR\n",
        "line 3, Amount"),
    "another currency in a cell": (
        "Date,Name,Amount,Currency\n2024-03-04,Ada,-$20.00,EUR\n", "line 2, Amount"),
    "a currency that is none": (
        "Date,Name,Amount,Currency\n2024-03-04,Ada,-20.00,Taler\n", "line 2"),
    "a balance that does not follow": (
        "Date,Name,Amount,Balance\n2024-03-04,A,1.00,1.00\n2024-03-05,B,,\n2024-03-06,C,1.00,3.00\n",
        "line 3, Amount"),
    "a balance after an empty one that does not follow": (
        "Date,Name,Amount,Balance\n2024-03-04,A,1.00,1.00\n2024-03-05,B,1.00,\n"
        "2024-03-06,C,1.00,4.00\n", "line 4, Balance"),
    "a cell too many": ("Date,Name,Amount\n2024-03-04,Ada,-5,00\n2024-03-05,B,1.00\n", "line 2"),
    "a cell too few": ("Date,Name,Amount,Text\n2024-03-04,Ada,-5.00\n", "line 2"),
    "only headings": ("Date,Name,Amount\n", "line 1"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_contradicts_itself_is_refused_by_cell(name: str) -> None:
    text, place = REFUSED[name]
    with pytest.raises(Invalid) as refusal:
        read(text)
    assert refusal.value.place == place
