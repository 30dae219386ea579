"""Tables of banks that we know are read without being told anything.

In each of them 20.00 came in on 4 March and 5.00 went out on the 5th. They were written for these
tests; names and numbers are invented.
"""

from datetime import date
from pathlib import Path

import pytest

from ledger.bank_files import read_statement
from ledger.bank_files.grid import open_grid
from ledger.bank_files.layouts import layout_of, layouts

TABLES = {path.stem: path.read_bytes() for path in (Path(__file__).parent / "banks").iterdir()}
# In whose tables a balance stands somewhere, so that the closing is 1,015.00 (150,015.00 in India).
BALANCED = {
    "bank-of-america", "capital-one", "chase", "credit-mutuel", "deutsche-bank", "hdfc", "ing-de",
    "ing-nl", "lloyds", "nationwide", "natwest", "paypal", "paypal-de", "postfinance", "rabobank",
    "revolut", "schwab", "starling", "ubs-fr", "volksbank", "westpac", "wise-balance",
}  # fmt: skip


def test_every_layout_has_a_table_and_is_known_by_it() -> None:
    assert {one.profile.name for one in layouts()} == TABLES.keys()
    assert len(TABLES) >= 20
    for name, data in TABLES.items():
        layout = layout_of(open_grid(data))
        assert layout is not None
        assert layout.profile.name == name


@pytest.mark.parametrize("name", sorted(TABLES))
def test_a_table_of_a_bank_is_read(name: str) -> None:
    (read,) = read_statement(TABLES[name]).statements
    assert read.statement_id.startswith(f"{name}/")
    moved = {line.booked_on: 0 for line in read.lines}
    for line in read.lines:
        moved[line.booked_on] += line.amount
    assert moved == {date(2024, 3, 4): 2_000, date(2024, 3, 5): -500}
    assert [line.booked_on for line in read.lines] == sorted(line.booked_on for line in read.lines)
    stated = 15_001_500 if name == "hdfc" else 101_500 if name in BALANCED else 1_500
    assert read.closing == stated
    assert all(line.remittance or line.counterparty_name for line in read.lines)


def test_both_ways_of_a_payment_name_the_other_side() -> None:
    for name in ("dkb", "wise-transfers"):
        (read,) = read_statement(TABLES[name]).statements
        names = [line.counterparty_name for line in read.lines]
        assert names[0] == "Ada Lane"
        assert names[1] in ("Druckerei", "Printer")
