"""Bank files that others made: what they state comes out to the cent, what is wrong in them shows.

They lie outside the project (``../shared/data``); where they are absent these tests are skipped.
"""

from pathlib import Path

import pytest

from ledger.bank_files import StatementFile, chain_warnings, read_statement
from ledger.errors import Invalid
from ledger.services.statements.statements import describe

BANK = Path(__file__).parents[3] / "shared" / "data" / "bank"

pytestmark = pytest.mark.skipif(
    not BANK.is_dir(), reason="the other people's bank files of ../shared/data are not here"
)

# file: (statements, then opening, credits, debits, closing and currency of each account)
WHOLE = {
    "camt/FI_camt053_v02.xml": (1, [(1_000_000, 2_307_500, 943_017, 2_364_483, "EUR")]),
    "camt/genkgo_v2_multi_statement.xml": (2, [(1815, 885, 700, 2000, "EUR")]),
    "mt940/asn_31_days.txt": (31, [(44_429, 282_890, 277_196, 50_123, "EUR")]),
    "mt940/cmxl_3_currencies.sta": (
        3,
        [
            (8_434_974, 4_939_674, 4_930_944, 8_443_704, "DEM"),
            (218_795, 300_000, 80_000, 438_795, "EUR"),
            (4_000_000, 2_004_000, 1_000_000, 5_004_000, "PLN"),
        ],
    ),
    "mt940/citi.txt": (1, [(1_737_667, 0, 114_275, 1_623_392, "USD")]),
    "mt940/sberbank_huf_crlf.sta": (1, [(62_731_130, 0, 943_700, 61_787_430, "HUF")]),
    "mt940/mbank_pln.sta": (1, [(40, 3, 0, 43, "PLN")]),
    "mt940/volksbank_8_days.txt": (8, [(308_500, 74_500, 0, 383_000, "EUR")]),
    "mt940/jejik_sparkasse.txt": (2, [(19_457, 0, 4_000, 15_457, "EUR")]),
}
# file: what each unbalanced statement of it must say
WRONG = {
    "camt/genkgo_v2_five_decimals.xml": ["27.00 EUR", "27.05 EUR", "0.05 EUR apart"],
    "mt940/jejik_ing-dos.txt": ["-45.59 EUR", "3.47 EUR"],
    "mt940/jejik_triodos.txt": ["4259.39 EUR", "4370.79 EUR"],
}
MIXED = (
    "camt/genkgo_v2.with-party-ids.xml",
    "camt/genkgo_v3.xml",
    "camt/genkgo_v4.xml",
    "camt/genkgo_v8.xml",
)
IN_PART = "mt940/jejik_rabobank.txt"


def read(name: str) -> StatementFile:
    return read_statement((BANK / name).read_bytes())


@pytest.mark.parametrize("name", sorted(WHOLE))
def test_a_whole_file_gives_what_it_states_to_the_cent(name: str) -> None:
    file = read(name)
    count, totals = WHOLE[name]
    assert len(file.statements) == count
    assert all(statement.balanced for statement in file.statements)
    assert chain_warnings(file.statements) == []
    assert all(not shown["warnings"] for shown in describe(file))
    found: dict[tuple[str, str], tuple[int, int, int, int]] = {}
    for statement in file.statements:
        key = statement.account, statement.currency
        opening, credits_, debits, _closing = found.get(key, (statement.opening, 0, 0, 0))
        found[key] = (
            opening,
            credits_ + statement.credits,
            debits + statement.debits,
            statement.closing,
        )
    assert [(*sums, key[1]) for key, sums in found.items()] == totals


@pytest.mark.parametrize("name", sorted(WRONG))
def test_a_statement_that_does_not_add_up_says_by_how_much(name: str) -> None:
    (shown,) = describe(read(name))
    assert not shown["balanced"]
    sentence = " ".join(shown["warnings"])
    assert all(part in sentence for part in WRONG[name])


@pytest.mark.parametrize("name", MIXED)
def test_balances_of_several_currencies_are_refused_by_element(name: str) -> None:
    with pytest.raises(Invalid) as refusal:
        read(name)
    assert refusal.value.place == "Stmt[1]/Bal[2]/Amt/@Ccy"
    assert "EUR" in refusal.value.message
    assert "SEK" in refusal.value.message


def test_two_of_four_statements_add_up_and_the_breaks_in_the_chain_are_named() -> None:
    file = read(IN_PART)
    assert [statement.balanced for statement in file.statements] == [False, True, False, True]
    first, second = chain_warnings(file.statements)
    assert "opens with 1000.89 EUR" in first
    assert "closed with 395.82 EUR" in first
    assert "opens with 1295.82 EUR" in second


def test_every_bank_file_that_we_read_is_among_these() -> None:
    there = {
        f"{path.parent.name}/{path.name}"
        for folder in ("camt", "mt940")
        for path in (BANK / folder).iterdir()
    }
    assert there == {*WHOLE, *WRONG, *MIXED, IN_PART}


def test_names_and_accounts_of_givers_are_told_apart() -> None:
    line = read("mt940/jejik_sparkasse.txt").statements[0].lines[0]
    assert (line.counterparty_name, line.counterparty_account) == (
        "ARAL AG",
        "DE95430800830802029200",
    )
    names = [
        line.counterparty_name for line in read("mt940/volksbank_8_days.txt").statements[0].lines
    ]
    assert names == ["Olivia Dorn", "friedbert und ronja engel"]
