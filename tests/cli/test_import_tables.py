"""Statements as OFX and as tables come in once, however often and in whatever parts they come."""

from pathlib import Path

import pytest

from ledger.db import Database
from tests.cli.conftest import Run
from tests.conftest import ENGINES
from tests.factories import make_book

DATA = Path(__file__).parents[1] / "statements" / "data"
BANK = Path(__file__).parents[3] / "shared" / "data" / "bank"
CURRENCIES = {
    "csv/schwab-checking.csv": "USD",
    "csv/schwab-checking-baltest-case7.csv": "USD",
    "csv/ubs-ch-fr_trimmed.csv": "CHF",
    "csv/n26-fr.csv": "EUR",
    "csv/outbank.csv": "EUR",
    "ofx/bank_medium.ofx": "CAD",
    "ofx/checking.ofx": "USD",
    "ofx/suncorp.ofx": "AUD",
}


def opened(db: Database, currency: str) -> None:
    with db.transaction() as session:
        make_book(session, currency=currency)


@pytest.mark.skipif(not BANK.is_dir(), reason="the bank files of ../shared/data are not here")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("name", CURRENCIES)
def test_a_file_of_others_comes_in_once(db: Database, run: Run, name: str) -> None:
    opened(db, CURRENCIES[name])
    call = ("import", "statement", str(BANK / name), "--account", "A/1010", "--json")
    first = run(*call)
    assert first.code == 0, first.err
    assert first.json["new"] == first.json["statements"][0]["lines"] > 0
    again = run(*call)
    assert (again.json["new"], again.json["duplicates"]) == (0, first.json["new"])


@pytest.mark.parametrize("database_url", ENGINES, indirect=True)
def test_a_table_in_parts_and_whole_comes_in_once(db: Database, run: Run, tmp_path: Path) -> None:
    opened(db, "USD")
    head, *rows = (DATA / "running.csv").read_text().splitlines(keepends=True)
    sizes = []
    for number, part in enumerate((rows[2:], rows[:3], rows)):
        file = tmp_path / f"{number}.csv"
        file.write_text("".join([head, *part]))
        done = run("import", "statement", str(file), "--account", "A/1010", "--json")
        assert done.code == 0, done.err
        sizes.append(done.json["new"])
    assert sizes == [2, 1, 0]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_profile_and_an_opening_balance_are_taken_from_the_command_line(
    db: Database, run: Run, tmp_path: Path
) -> None:
    opened(db, "EUR")
    table, profile = tmp_path / "x.csv", tmp_path / "p.toml"
    table.write_text("Tag;Wer;Betrag\n2026-03-01;Ann;12,50\n")
    profile.write_text(
        'day = "Tag"\nday_format = "%Y-%m-%d"\namount = "Betrag"\ncurrency = "EUR"\n'
        'counterparty = "Wer"\ndecimal_mark = ","\n'
    )
    call = ("import", "statement", str(table), "--account", "A/1010", "--json")
    # Every amount is above zero: what went out, only somebody who knows the table can say.
    assert (run(*call).code, "--profile" in run(*call).err) == (1, True)
    told = run(*call, "--profile", str(profile), "--opening", "100.00").json["statements"][0]
    assert (told["opening"], told["closing"], told["warnings"]) == (10_000, 11_250, [])
    profile.write_text("day = 7\n")
    refused = run(*call, "--profile", str(profile))
    assert (refused.code, refused.err.startswith(f"{profile}: day")) == (1, True)
