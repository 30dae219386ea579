"""The history of another ledger comes in whole or not at all, and agrees with its own program."""

import json
import sqlite3
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from ledger.core.amount import decimals
from ledger.core.days import ONE_DAY
from ledger.db import Database
from ledger.importers import read_history
from ledger.queries.books.balances import trial_balance
from ledger.queries.books.books import account_names, book_by_code
from tests import programs
from tests.cli.conftest import Run
from tests.conftest import ENGINES
from tests.factories import make_book, make_fund
from tests.histories.gnucash_files import sqlite_book
from tests.histories.samples import HLEDGER, LEDGER, Files, write

HERE = Path(__file__).parents[1] / "histories" / "data"
THERE = Path(__file__).parents[3] / "shared" / "data" / "ledger"
# Accounts that stand between what is exchanged, and in no file.
BRIDGES = {1990, 1420, 8130, 8320}
BETWEEN = {"Receivable between two dates", "Payable between two dates"}


@pytest.fixture
def _book(db: Database) -> None:
    with db.transaction() as session:
        make_fund(session, make_book(session, currency="EUR"))


def booked(db: Database, units: dict[str, str], as_of: date | None = None) -> programs.Balances:
    """Return our balances under the names that the file has for accounts and units."""
    with db.snapshot() as session:
        book = book_by_code(session, "A")
        names = account_names(session, book.id)
        return programs.added(
            (
                names[row.account],
                units[row.commodity],
                Decimal(row.quantity).scaleb(-decimals(row.commodity)),
            )
            for row in trial_balance(session, book_id=book.id, as_of=as_of)
            if row.account not in BRIDGES and names[row.account] not in BETWEEN
        )


def by_gnucash(file: Path) -> programs.Balances:
    """Return the balances that the tables of a GnuCash file hold, without our reader."""
    rows = sqlite3.connect(f"file:{file}?mode=ro", uri=True).execute(
        "with recursive path(guid, name, kind) as ("
        " select guid, '', account_type from accounts where account_type = 'ROOT' union all"
        " select a.guid, path.name || ':' || a.name, a.account_type"
        " from accounts a join path on a.parent_guid = path.guid)"
        " select substr(path.name, 2), c.mnemonic, s.quantity_num, s.quantity_denom"
        " from splits s join path on path.guid = s.account_guid"
        " join accounts a on a.guid = s.account_guid"
        " join commodities c on c.guid = a.commodity_guid"
        " where path.kind != 'TRADING'"
    )
    return programs.added((name, unit, Decimal(n) / Decimal(d)) for name, unit, n, d in rows)


REAL: dict[str, tuple[Callable[[Path], programs.Balances], tuple[str, ...], int]] = {
    "ledgercli_demo.ledger": (lambda path: programs.ledger(path, strict=False), (), 13),
    "ledgercli_drewr3.dat": (
        lambda path: programs.added(
            (name, unit, number)
            for (name, unit), number in programs.ledger(path, strict=False).items()
            if name != "Liabilities:Tithe"
        ),
        ("--leave-out", "automated"),
        11,
    ),
    "ledgercli_wow.dat": (lambda path: programs.ledger(path, strict=False), (), 115),
    "piecash_simple_sample.gnucash": (by_gnucash, (), 5),
    "piecash_complex_sample.gnucash": (by_gnucash, (), 11),
}


@pytest.mark.skipif(not THERE.is_dir(), reason="the ledgers of ../shared/data are not here")
@pytest.mark.usefixtures("_book")
@pytest.mark.parametrize("name", REAL)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_real_file_comes_in_with_the_balances_of_its_own_program(
    db: Database, run: Run, tmp_path: Path, name: str
) -> None:
    read_by, options, entries = REAL[name]
    done = run("import", "journal", str(THERE / name), "--book", "A", "--json", *options)
    assert (done.code, done.json["entries"]) == (0, entries), done.err
    history = read_history(THERE / name, leave_out=frozenset(options[1:]))
    units = {code: unit for unit in history.places() for code in done.json["codes"]
             if code.endswith(unit) or len(done.json["codes"]) == 1}  # fmt: skip
    if name == "ledgercli_wow.dat":
        units = dict(zip(done.json["codes"], sorted(history.places(), key=str.upper), strict=True))
    theirs = read_by(THERE / name)
    assert theirs
    assert booked(db, units) == theirs
    again = run("import", "journal", str(THERE / name), "--book", "A", "--json", *options)
    assert (again.json["entries"], again.json["duplicates"]) == (0, entries)
    assert run("check", "--json").json["ok"]
    out = tmp_path / "out"
    for file_format, read in programs.PROGRAMS.items():
        run("export", "journal", "--book", "A", "--format", file_format, "-o", str(out))
        assert len(read(out)) >= len(theirs)


@pytest.mark.skipif(not THERE.is_dir(), reason="the ledgers of ../shared/data are not here")
@pytest.mark.usefixtures("_book")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_file_whose_virtual_postings_do_not_add_up_is_refused(db: Database, run: Run) -> None:
    done = run("import", "journal", str(THERE / "ledgercli_drewr3.dat"), "--book", "A")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(f"{THERE / 'ledgercli_drewr3.dat'}: line 3: ")
    assert "automated" in done.err


@pytest.mark.usefixtures("_book")
@pytest.mark.parametrize("name", ["hall.journal", "gold.ledger", "hall.beancount"])
def test_our_own_samples_come_in_and_a_second_time_add_nothing(
    db: Database, run: Run, name: str
) -> None:
    done = run("import", "journal", str(HERE / name), "--book", "A", "--json")
    assert done.code == 0, done.err
    again = run("import", "journal", str(HERE / name), "--book", "A", "--json")
    assert again.json["entries"] == again.json["postings"] == 0
    assert again.json["duplicates"] == done.json["entries"]
    assert again.json["opened"] == []
    assert run("check", "--json").json["ok"]


@pytest.mark.usefixtures("_book")
def test_a_file_that_has_grown_adds_only_what_is_new(
    db: Database, run: Run, tmp_path: Path
) -> None:
    file = tmp_path / "x.journal"
    twice = "2024-01-01 gift\n  Assets:Cash  5 EUR\n  Income:Gifts\n"
    file.write_text(twice + twice)
    assert run("import", "journal", str(file), "--book", "A", "--json").json["entries"] == 2
    file.write_text(twice + twice + twice + twice.replace("5 EUR", "0.5 hens"))
    done = run("import", "journal", str(file), "--book", "A", "--json").json
    assert (done["entries"], done["duplicates"]) == (2, 2)
    # Other decimals than before: the same hens all the same.
    file.write_text(twice.replace("5 EUR", "0.2 hens"))
    assert run("import", "journal", str(file), "--book", "A", "--json").json["codes"] == [
        "UNT1.HENS"
    ]
    file.write_text(twice.replace("Income:Gifts", "Income:Sales"))
    refused = run("import", "journal", str(file), "--book", "A")
    assert refused.code == 1
    assert f"{file}: line 1: " in refused.err


MAPPED = """\
fund = "GEN"
[accounts]
"Cash" = 1010
"Store" = { number = 1010, things = 8250 }
"Gifts" = { number = 4010, fund = "ROOF" }
"Shares" = { number = 1650, name = "Shares held" }
"Volunteers" = { number = 4120, things = 8120 }
"Helpers" = { number = 6110, things = 8410, function = "management" }
[commodities]
"h" = { code = "MIN.GENERAL", times = 60 }
"sand" = { code = "GRM.SAND", times = 1000, worth = 5120 }
"GP" = "UNT6.GREEN_POWER"
"""
TOLD = """\
2024-01-01 gift for the roof
  Cash  100.00 EUR
  Gifts
2024-01-02 sand
  Store  2.5 sand @ 4.00 EUR
  Cash
2024-01-03 hours
  Helpers  1.5 h
  Volunteers
2024-01-04 shares
  Shares  1.000001 GP @@ 30 EUR
  Cash
2024-01-05 help
  Helpers  2 h @@ 0 EUR
"""


@pytest.mark.usefixtures("_book")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_mapping_says_what_is_money_what_are_things_and_whose_it_is(
    db: Database, run: Run, tmp_path: Path
) -> None:
    with db.transaction() as session:
        make_fund(session, book_by_code(session, "A"), "ROOF", "purpose")
    mapping, file = tmp_path / "m.toml", tmp_path / "x.journal"
    mapping.write_text(MAPPED)
    file.write_text(TOLD)
    arguments = ("import", "journal", str(file), "--book", "A", "--mapping", str(mapping))
    assert run(*arguments, "--json").json["opened"] == ["Shares held"]
    rows = run("trial-balance", "--book", "A", "--json").json["rows"]
    assert [(r["account"], r["fund"], r["commodity"], r["quantity"]) for r in rows] == [
        (1010, "GEN", "EUR", 6000),
        (1650, "GEN", "UNT6.GREEN_POWER", 1000001),
        (1990, "GEN", "EUR", 3000),
        (1990, "GEN", "UNT6.GREEN_POWER", -1000001),
        (4010, "ROOF", "EUR", -10000),
        (4915, "GEN", "EUR", -10000),
        (5120, "GEN", "EUR", 1000),
        (5915, "ROOF", "EUR", 10000),
        (8120, "GEN", "MIN.GENERAL", -210),
        (8130, "GEN", "GRM.SAND", -2500),
        (8250, "GEN", "GRM.SAND", 2500),
        (8410, "GEN", "MIN.GENERAL", 210),
    ]
    broken = [row for row in run("check", "--json").json["invariants"] if not row["ok"]]
    assert broken == []


@pytest.mark.usefixtures("_book")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_proposal_is_a_mapping_that_can_be_used(db: Database, run: Run, tmp_path: Path) -> None:
    approval_request = tmp_path / "m.toml"
    name = str(HERE / "hall.journal")
    done = run("import", "journal", name, "--book", "A", "--propose", str(approval_request))
    assert done.code == 0, done.err
    assert run("trial-balance", "--book", "A", "--json").json["rows"] == []
    assert '"Assets:Kasse Café" = { number = 1602, name = "Assets:Kasse Café" }' in (
        approval_request.read_text()
    )
    used = ("import", "journal", name, "--book", "A", "--mapping", str(approval_request), "--json")
    assert run(*used).json["entries"] == 8
    # What was there is not written over; and without a mapping the same accounts are found again.
    assert (
        run("import", "journal", name, "--book", "A", "--propose", str(approval_request)).code == 1
    )
    assert run("import", "journal", name, "--book", "A", "--json").json["duplicates"] == 8


TWO = "2024-01-01 x\n  {a}  {n}\n  Income:B\n"
BAD = {
    "an account whose kind nobody told": (TWO.format(a="Kasse", n="1 EUR"), None, "account Kasse"),
    "an amount without a commodity": (TWO.format(a="Assets:A", n="1"), None, "without one"),
    "more decimals than the currency has": (
        TWO.format(a="Assets:A", n="1.005 EUR"), None, (
            "line 2: 1.005 EUR has more decimals than EUR allows"
        )),
    "seven decimals": (TWO.format(a="Assets:A", n="0.0000001 X"), None, "line 2: 0.0000001 X"),
    "more than books hold": (TWO.format(a="Assets:A", n=f"{'9' * 16} EUR"), None, "line 1: "),
    "a year nobody means": (TWO.format(a="Assets:A", n="1 EUR").replace("2024", "0024"), None,
                            "line 1: The year 24"),
    "an account that the mapping forgets": (
        TWO.format(a="Assets:A", n="1 EUR"), 'fund = "GEN"\n[accounts]\n"Income:B" = 4010\n',
        "line 2: The mapping does not include account Assets:A"),
    "a commodity that the mapping forgets": (
        TWO.format(a="Assets:A", n="1 hen"),
        'fund = "GEN"\n[accounts]\n"Income:B" = 4010\n"Assets:A" = 1010\n',
        "line 2: The mapping does not include commodity 'hen'"),
    "an account that the book has not": (
        TWO.format(a="Assets:A", n="1 EUR"),
        'fund = "GEN"\n[accounts]\n"Income:B" = 4010\n"Assets:A" = 1011\n', "no account 1011"),
    "a fund that the book has not": (
        TWO.format(a="Assets:A", n="1 EUR"),
        'fund = "NONE"\n[accounts]\n"Income:B" = 4010\n"Assets:A" = 1010\n', "no fund NONE"),
    "another name for an account that is there": (
        TWO.format(a="Assets:A", n="1 EUR"),
        'fund = "GEN"\n[accounts]\n"Income:B" = 4010\n"Assets:A" = {number=1010, name="x"}\n',
        "accounts.Assets:A: Account 1010 is already named Bank –"),
    "an account between books without the other": (
        TWO.format(a="Assets:A", n="1 EUR"),
        'fund = "GEN"\n[accounts]\n"Income:B" = 4010\n"Assets:A" = 1300\n', "counterparty"),
    "promises that do not balance": (
        TWO.format(a="Assets:A", n="1 EUR"),
        'fund = "GEN"\n[accounts]\n"Income:B" = 4010\n"Assets:A" = 9110\n', (
            "line 1: Postings to accounts from 9000 must balance among themselves"
        )),
    "a release that comes into no other fund": (
        TWO.format(a="Assets:A", n="1 EUR"),
        'fund = "GEN"\n[accounts]\n"Income:B" = 4910\n"Assets:A" = 1010\n',
        "line 1: Account 4910 only records transfers between the book's"),
    "things whose cost stands on a release": (
        TWO.format(a="Assets:A", n="1 EUR"),
        'fund = "GEN"\n[accounts]\n"Income:B" = 4010\n"Assets:A" = 1010\n'
        '[commodities]\ns = {code = "GRM.SAND", worth = 5910}\n', "commodities.s.worth"),
    "hours on an account of money": (
        TWO.format(a="Assets:A", n="1 h"),
        'fund = "GEN"\n[accounts]\n"Income:B" = 4010\n"Assets:A" = 1010\n'
        '[commodities]\nh = "MIN.X"\n', "line 1: Posting 1"),
    "a mapping that is no TOML": (TWO.format(a="Assets:A", n="1 EUR"), "fund = ", "not valid TOML"),
    "a mapping without a fund": (TWO.format(a="Assets:A", n="1 EUR"), "", "m.toml: fund"),
    "a key nobody knows": (TWO.format(a="Assets:A", n="1 EUR"), 'fund="GEN"\nx=1\n', "'x'"),
    "a number that is none": (
        TWO.format(a="Assets:A", n="1 EUR"), 'fund="GEN"\n[accounts]\na=true\n', "accounts.a"),
    "a currency of no land": (
        TWO.format(a="Assets:A", n="1 EUR"), 'fund="GEN"\n[commodities]\na="ABC"\n', "ABC is no"),
    "a skill that is none": (
        TWO.format(a="Assets:A", n="1 EUR"),
        'fund="GEN"\n[accounts]\na={number=8410, skill="roof"}\n', "accounts.a.skill"),
    "no times at all": (
        TWO.format(a="Assets:A", n="1 EUR"),
        'fund="GEN"\n[commodities]\na={code="EUR", times=nan}\n', "commodities.a.times"),
}  # fmt: skip


@pytest.mark.usefixtures("_book")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("case", BAD.values(), ids=BAD)
def test_what_cannot_be_booked_is_refused_and_nothing_is_written(
    db: Database, run: Run, tmp_path: Path, case: tuple[str, str | None, str]
) -> None:
    text, mapping, words = case
    file, table = tmp_path / "x.journal", tmp_path / "m.toml"
    file.write_text(f"{text}")
    options: list[str] = []
    if mapping is not None:
        table.write_text(mapping)
        options = ["--mapping", str(table)]
    done = run("import", "journal", str(file), "--book", "A", *options)
    assert (done.code, done.out) == (1, ""), done.err
    assert words in done.err
    assert done.err.startswith((str(file), str(table)))
    assert done.err.count("\n") == 1
    with db.snapshot() as session:
        book = book_by_code(session, "A")
        assert list(trial_balance(session, book_id=book.id)) == []
        assert "Assets:A" not in account_names(session, book.id).values()


DATED = {
    **{
        f"hledger, {name}": (HLEDGER[name], programs.hledger_before)
        for name in ("postings on days of their own", "the year is closed", "aliases")
    },
    **{f"ledger, {name}": (files, programs.ledger_before) for name, files in LEDGER.items()},
}


@pytest.mark.usefixtures("_book")
@pytest.mark.parametrize("case", DATED.values(), ids=DATED)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_books_agree_with_the_program_on_every_day(
    db: Database,
    run: Run,
    tmp_path: Path,
    case: tuple[Files, Callable[[Path, date], programs.Balances]],
) -> None:
    files, program = case
    file = write(tmp_path, files)
    mapping = tmp_path / "m.toml"
    done = run("import", "journal", str(file), "--book", "A", "--propose", str(mapping), "--json")
    assert done.code == 0, done.err
    done = run("import", "journal", str(file), "--book", "A", "--mapping", str(mapping), "--json")
    assert done.code == 0, done.err
    units = {code: code.rpartition(".")[2] for code in done.json["codes"]}
    units = {code: "$" if unit == "USD" and "$" in file.read_text() else unit
             for code, unit in units.items()}  # fmt: skip
    days = {day for one in read_history(file).transactions for day in one.days()}
    assert days
    for day in sorted(days | {day - ONE_DAY for day in days}):
        assert booked(db, units, day) == program(file, day + ONE_DAY), day
    again = run("import", "journal", str(file), "--book", "A", "--json").json
    assert (again["entries"], again["duplicates"]) == (0, done.json["entries"])
    assert run("check", "--json").json["ok"]


@pytest.mark.usefixtures("_book")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_between_two_days_money_is_owed_or_receivable(
    db: Database, run: Run, tmp_path: Path
) -> None:
    """The bill is owed until the card is charged; the gift is receivable until it arrives."""
    file = write(tmp_path, HLEDGER["postings on days of their own"])
    text = file.read_text()
    file.write_text(text[: text.index("2024-01-02 transfer")])
    assert run("import", "journal", str(file), "--book", "A").code == 0

    def standing(day: str) -> list[tuple[int, int]]:
        rows = run("trial-balance", "--book", "A", "--as-of", day, "--json").json["rows"]
        return [(row["account"], row["quantity"]) for row in rows if row["account"] in BOTH]

    assert standing("2023-12-31") == [(1899, 500), (2999, -2000)]
    assert standing("2024-01-03") == [(2999, -2000)]
    assert standing("2024-01-04") == []


BOTH = {1899, 2999}


@pytest.mark.usefixtures("_book")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_mapping_says_where_money_stands_between_two_days(
    db: Database, run: Run, tmp_path: Path
) -> None:
    file, mapping = tmp_path / "x.journal", tmp_path / "m.toml"
    file.write_text("2023-12-31 x\n  a  5 EUR ; date:2024-01-02\n  b\n")
    plain = 'fund = "GEN"\n[accounts]\na = 1010\nb = 4010\n'
    arguments = ("import", "journal", str(file), "--book", "A", "--mapping", str(mapping))
    mapping.write_text(plain)
    refused = run(*arguments)
    assert refused.code == 1
    assert f"{file}: line 1: " in refused.err
    assert "[between_days]" in refused.err
    for wrong in ("receivable = 2110\npayable = 2110", "receivable = 1410", "x = 1410"):
        mapping.write_text(f"{plain}[between_days]\n{wrong}\n")
        assert (run(*arguments).code, "between_days" in run(*arguments).err) == (1, True)
    mapping.write_text(f"{plain}[between_days]\nreceivable = 1410\npayable = 2110\n")
    assert run(*arguments).code == 0
    rows = run("trial-balance", "--book", "A", "--as-of", "2024-01-01", "--json").json["rows"]
    assert [(row["account"], row["quantity"]) for row in rows] == [(1410, 500), (4010, -500)]


@pytest.mark.usefixtures("_book")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_hours_of_volunteers_are_of_the_skill_that_the_mapping_names(
    db: Database, run: Run, tmp_path: Path
) -> None:
    file, mapping = tmp_path / "x.timeclock", tmp_path / "m.toml"
    file.write_text(
        "i 2024/03/04 09:00:00 volunteers:roof:ada\no 2024/03/04 12:30:00\n"
        "i 2024/03/05 09:00:00 volunteers:hall\no 2024/03/05 09:20:00\n"
    )
    arguments = ("import", "journal", str(file), "--book", "A")

    def rows() -> list[tuple[int, str, int]]:
        found = run("trial-balance", "--book", "A", "--json").json["rows"]
        return [(row["account"], row["commodity"], row["quantity"]) for row in found]

    # Without a mapping all hours are general help; names of accounts may be names of persons.
    tried = run(*arguments, "--dry-run", "--json").json
    assert (tried["codes"], tried["opened"]) == (["MIN.GEN"], [])
    assert run(*arguments, "--propose", str(mapping)).code == 0
    assert '"volunteers:roof:ada" = 8410' in mapping.read_text()
    mapping.write_text(
        'fund = "GEN"\n[accounts]\n'
        '"volunteers:roof:ada" = { things = 8410, skill = "ROOF", function = "programme" }\n'
        '"volunteers:hall" = 8410\n'
        '[commodities]\nh = { code = "MIN.GEN", times = 60 }\n'
    )
    assert run(*arguments, "--mapping", str(mapping)).code == 0
    assert rows() == [
        (8120, "MIN.GEN", -20),
        (8120, "MIN.ROOF", -210),
        (8410, "MIN.GEN", 20),
        (8410, "MIN.ROOF", 210),
    ]
    assert run("check", "--json").json["ok"]


@pytest.mark.usefixtures("_book")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_table_without_currencies_is_in_the_currency_of_the_book(
    db: Database, run: Run, tmp_path: Path
) -> None:
    file, mapping = tmp_path / "x.csv", tmp_path / "m.toml"
    file.write_text(
        "Date,Transaction ID,Number,Description,Account Name,Amount Num.\n"
        "2024-03-04,abc,1,Gift,Bank,20.00\n,abc,1,Gift,Income,-20.00\n"
    )
    arguments = ("import", "journal", str(file), "--book", "A")
    refused = run(*arguments)
    assert (refused.code, refused.out) == (1, "")
    assert "The mapping does not cover account Bank" in refused.err
    assert "--propose" in refused.err
    assert run(*arguments, "--propose", str(mapping)).code == 0
    assert '"" = "EUR"' in mapping.read_text()
    mapping.write_text(mapping.read_text().replace('"Bank" = 0', '"Bank" = 1010'))
    assert run(*arguments, "--mapping", str(mapping), "--json").json["entries"] == 1
    rows = run("trial-balance", "--book", "A", "--json").json["rows"]
    assert [(row["account"], row["commodity"], row["quantity"]) for row in rows] == [
        (1010, "EUR", 2000),
        (4600, "EUR", -2000),
    ]


@pytest.mark.usefixtures("_book")
def test_a_dry_run_gives_the_same_answer_and_keeps_nothing(
    db: Database, run: Run, tmp_path: Path
) -> None:
    file = tmp_path / "x.journal"
    file.write_text("2024-01-01 gift\n  Assets:Cash  5 EUR\n  Income:Gifts\n")
    arguments = ("import", "journal", str(file), "--book", "A", "--json")
    tried = run(*arguments, "--dry-run")
    with db.snapshot() as session:
        book = book_by_code(session, "A")
        assert list(trial_balance(session, book_id=book.id)) == []
        assert "Assets:Cash" not in account_names(session, book.id).values()
    assert tried.json == run(*arguments).json
    assert (tried.code, tried.json["entries"], tried.json["opened"][0]) == (0, 1, "Assets:Cash")
    # What the import refuses, the dry run refuses in the same words.
    file.write_text(file.read_text().replace("Income:Gifts", "Income:Sales"))
    tried, done = run(*arguments, "--dry-run"), run(*arguments)
    assert (tried.code, tried.err) == (done.code, done.err)
    assert done.code == 1


@pytest.mark.usefixtures("_book")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_an_earlier_version_booked_on_a_misread_day_is_not_doubled(
    db: Database, run: Run, tmp_path: Path
) -> None:
    """Earlier versions read the day of a gift at New Year in Berlin as 31 December."""
    misread, whole = tmp_path / "old.gnucash", tmp_path / "x.gnucash"
    at_new_year = ("2014-12-31 23:00:00", "20150101", 2000)
    on_the_eve = ("2014-12-31 10:59:00", "20141231", 2000)
    sqlite_book(misread, ("2014-12-31 23:00:00", "20141231", 2000))
    sqlite_book(whole, at_new_year, on_the_eve, at_new_year)
    assert run("import", "journal", str(misread), "--book", "A", "--json").json["entries"] == 1
    arguments = ("import", "journal", str(whole), "--book", "A", "--json")
    # One of three is there: the file's own gift of that day takes it, the others are new.
    done = run(*arguments).json
    assert (done["entries"], done["duplicates"], done["warnings"]) == (2, 1, [])
    assert run(*arguments).json["duplicates"] == 3
    with db.transaction() as session:
        make_fund(session, make_book(session, code="B", currency="EUR"))
    arguments = ("import", "journal", str(misread), "--book", "B", "--json")
    assert run(*arguments).json["entries"] == 1
    sqlite_book(misread, at_new_year)
    done = run(*arguments).json
    assert (done["entries"], done["duplicates"]) == (0, 1)
    assert "it is of Jan 1, 2015, but is in the books on Dec 31, 2014" in done["warnings"][0]


@pytest.mark.usefixtures("_book")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_an_earlier_version_booked_on_one_day_is_not_doubled(
    db: Database, run: Run, tmp_path: Path
) -> None:
    """Earlier versions took the days of single postings for comments."""
    file = tmp_path / "x.journal"
    text = "2023-12-31 x\n  Assets:A  5 EUR{}\n  Income:B\n"
    file.write_text(text.format(""))
    arguments = ("import", "journal", str(file), "--book", "A", "--json")
    assert run(*arguments).json["entries"] == 1
    file.write_text(text.format(" ; date:2024-01-02") + text.replace("5", "6").format(""))
    done = run(*arguments).json
    assert (done["entries"], done["duplicates"]) == (1, 1)
    (warning,) = done["warnings"]
    assert warning.startswith("line 1: its postings fall on several days")
    assert run(*arguments).json["duplicates"] == 2


@pytest.mark.usefixtures("_book")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_wrong_usage_is_told_as_such(db: Database, run: Run) -> None:
    name = str(HERE / "hall.journal")
    assert run("import", "journal", name).code == 2
    assert run("import", "journal", name, "--book", "A", "--format", "xls").code == 2
    both = ("--mapping", name, "--fund", "GEN")
    assert run("import", "journal", name, "--book", "A", *both).code == 2


@pytest.mark.usefixtures("_book")
@pytest.mark.parametrize("engine", ENGINES)
def test_a_name_in_another_script_comes_out_as_it_went_in(
    db: Database, run: Run, tmp_path: Path, engine: str
) -> None:
    file = tmp_path / "x.journal"
    file.write_text("2024-01-01 x\n  Assets:現金 箱  1.25 ძვ\n  Income:寄付\n")
    done = run("import", "journal", str(file), "--book", "A", "--json").json
    assert done["codes"] == ["UNT2.U10EB_10D5"]
    assert done["opened"] == ["Assets:現金 箱", "Income:寄付"]
    assert json.dumps(done).isascii()


@pytest.mark.usefixtures("_book")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_account_is_opened_once_and_keeps_its_name(db: Database, run: Run) -> None:
    for _ in range(2):
        done = run("account", "create", "A", "1650", "--name", "Shares", "--json")
        assert done.json == {"account": 1650}
    assert run("account", "create", "A", "1650", "--name", "Bonds").code == 1
    assert run("account", "create", "A", "8650", "--name", "Shares").code == 1
    assert run("account", "create", "A", "1651", "--name", "\u202eShares").code == 1
    assert run("account", "create", "Z", "1651", "--name", "Shares").code == 1
    with db.snapshot() as session:
        names = account_names(session, book_by_code(session, "A").id)
    assert (names[1650], 1651 in names) == ("Shares", False)
