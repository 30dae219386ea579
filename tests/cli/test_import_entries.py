"""Entries come in whole or not at all, and every refusal names line and field."""

import json
import tracemalloc
from codecs import BOM_UTF8
from pathlib import Path

import pytest
from sqlalchemy import func, select

from ledger.db import Database
from ledger.models.books import Book
from ledger.models.journal import Entry
from tests.cli.conftest import Run
from tests.conftest import ENGINES
from tests.factories import make_book, make_fund, make_worked_books
from tests.worked import END, WORKED, worked_lines

LEGS: list[dict[str, object]] = [
    {"account": 1010, "fund": "GEN", "commodity": "USD", "quantity": 5000},
    {"account": 4010, "fund": "GEN", "commodity": "USD", "quantity": -5000},
]
GOOD: dict[str, object] = {
    "book": "A",
    "accounting_date": "2026-03-01",
    "event_type": "cash_received",
    "external_ref": "r-1",
    "postings": LEGS,
}


def leg(**changes: object) -> list[dict[str, object]]:
    return [{**LEGS[0], **changes}, LEGS[1]]


def line(**changes: object) -> bytes:
    return json.dumps({**GOOD, **changes}).encode()


def without(key: str) -> bytes:
    return json.dumps({name: value for name, value in GOOD.items() if name != key}).encode()


@pytest.fixture
def book(db: Database) -> Book:
    with db.transaction() as session:
        found = make_book(session)
        make_fund(session, found)
    return found


def entries_in(db: Database) -> int:
    with db.snapshot() as session:
        return session.scalars(select(func.count()).select_from(Entry)).one()


def test_the_worked_events_end_in_the_worked_balances(
    db: Database, run: Run, tmp_path: Path
) -> None:
    with db.transaction() as session:
        make_worked_books(session, WORKED)
    file = tmp_path / "worked.jsonl"
    file.write_bytes(b"\n".join(worked_lines()))
    first = run("import", "entries", str(file), "--json")
    assert (first.code, first.json["duplicates"]) == (0, 0), first.err
    found = [
        (code, row["account"], row["fund"], row["commodity"], row["quantity"])
        for code in WORKED["books"]
        for row in run("trial-balance", "--book", code, "--json").json["rows"]
    ]
    assert sorted(found) == END
    again = run("import", "entries", str(file), "--json")
    assert again.json == {"entries": 0, "postings": 0, "duplicates": first.json["entries"]}
    assert run("check", "--json").json["ok"]


BAD = {
    "broken JSON": (b"{", "JSON"),
    "a list instead of an object": (b"[]", "object"),
    "no book": (without("book"), "book"),
    "no postings": (without("postings"), "postings"),
    "an unknown key": (line(narration="x"), "narration"),
    "a key twice": (b'{"book":"A","book":"A"}', "book"),
    "a book nobody opened": (line(book="ZZ"), "ZZ"),
    "a fund nobody opened": (line(postings=leg(fund="NONE")), "NONE"),
    "an account outside the chart": (line(postings=leg(account=1999)), "1999"),
    "a commodity nobody knows": (line(postings=leg(commodity="usd!")), "usd!"),
    "an entry that does not balance": (line(postings=leg(quantity=4999)), "balance"),
    "one leg only": (line(postings=LEGS[:1]), "postings"),
    "a fraction": (line().replace(b": 5000", b": 50.00"), "whole number"),
    "a number beyond every ledger": (line().replace(b"5000", b"9" * 30), "quantity"),
    "an amount as text": (line(postings=leg(quantity="5000")), "whole number"),
    "a true as amount": (line(postings=leg(quantity=True)), "whole number"),
    "nothing moved": (line(postings=leg(quantity=0)), "quantity"),
    "a day that does not exist": (line(accounting_date="2026-02-30"), "accounting_date"),
    "an American date": (line(accounting_date="03/01/2026"), "accounting_date"),
    "an empty reference": (line(external_ref=""), "external_ref"),
    "a reference of ten thousand letters": (line(external_ref="x" * 10_000), "external_ref"),
    "a NUL byte in a text": (line(external_ref="a\0b"), "external_ref"),
    "a newline in a text": (line(external_ref="a\nb"), "external_ref"),
    "half a character": (line(external_ref="\ud800"), "external_ref"),
    "half a character as a book": (line(book="\ud800"), "line 2: book"),
    "a book that is a number": (line(book=7), "line 2: book"),
    "only blanks": (line(event_type="  "), "event_type"),
    "an event type too long for its column": (line(event_type="x" * 65), "event_type"),
    "a label too long for its column": (line(postings=leg(pledge="x" * 65)), "pledge"),
    "a day of the week": (line(accounting_date="2026-W01-1"), "accounting_date"),
    "a day without hyphens": (line(accounting_date="20260301"), "accounting_date"),
    "a year typed wrong": (line(accounting_date="0226-03-01"), "accounting_date"),
    "a year to come": (line(accounting_date="9999-12-31"), "accounting_date"),
    "a day as a number": (line(accounting_date=20260301), "accounting_date"),
    "more than sums can hold": (
        line(postings=[{**LEGS[0], "quantity": 2**62}, {**LEGS[1], "quantity": -(2**62)}]),
        "quantity",
    ),
    "hours on a money account": (line(postings=leg(commodity="MIN.ELEC")), "postings[0]"),
    "its own counterparty": (line(postings=leg(counterparty="A")), "postings[0]"),
    "a counterparty nobody opened": (line(postings=leg(counterparty="ZZ")), "counterparty"),
    "a release that comes into no other fund": (
        line(postings=leg(account=5910)),
        "postings[0].account",
    ),
    "an account between books alone": (line(postings=leg(account=1300)), "postings[0]"),
    "an infinity": (line().replace(b": 5000", b": Infinity"), "whole number"),
    "a posting that is a list": (line(postings=[[], []]), "postings[0]"),
    "postings that are an object": (line(postings={}), "postings"),
    "a posting too many": (line(postings=LEGS * 251), "postings"),
    "a leg without a fund": (
        line(postings=[{"account": 1010, "commodity": "USD", "quantity": 5000}, LEGS[1]]),
        "fund",
    ),
    "an unknown key in a leg": (line(postings=leg(note="x")), "note"),
    "a line of a megabyte": (line(external_ref="x" * 2**20), "too long"),
    "bytes that are not UTF-8": (b"\xff\xfe" + line(), "line 2"),
    "a nest too deep": (b"[" * 100_000, "line 2"),
}


# What the database has a say in is refused by both engines alike.
ASKED = (
    "a book nobody opened",
    "a fund nobody opened",
    "an account outside the chart",
    "a counterparty nobody opened",
    "a number beyond every ledger",
    "a NUL byte in a text",
    "half a character",
    "an event type too long for its column",
    "a label too long for its column",
)
CASES = [
    pytest.param(engine, *case, id=f"{name}, {engine}")
    for name, case in BAD.items()
    for engine in ENGINES
    if engine == "sqlite" or name in ASKED
]


@pytest.mark.parametrize(("database_url", "bad", "named"), CASES, indirect=["database_url"])
def test_a_bad_line_is_refused_by_name_and_nothing_is_written(
    db: Database, book: Book, run: Run, tmp_path: Path, bad: bytes, named: str
) -> None:
    file = tmp_path / "in.jsonl"
    file.write_bytes(line(external_ref="before") + b"\n" + bad + b"\n")
    done = run("import", "entries", str(file))
    assert (done.code, done.out) == (1, ""), done.err
    assert done.err.startswith(f"{file}: line 2")
    assert done.err.count("line 2") == 1
    assert done.err.count("\n") == 1
    assert named in done.err
    assert "Traceback" not in done.err
    assert entries_in(db) == 0


def test_the_good_line_of_the_table_is_good(
    db: Database, book: Book, run: Run, tmp_path: Path
) -> None:
    file = tmp_path / "in.jsonl"
    file.write_bytes(line() + b"\n\n")
    assert run("import", "entries", str(file), "--json").json["entries"] == 1
    assert entries_in(db) == 1


def test_the_same_reference_with_other_figures_is_refused(
    db: Database, book: Book, run: Run, tmp_path: Path
) -> None:
    file = tmp_path / "in.jsonl"
    file.write_bytes(line())
    assert run("import", "entries", str(file)).code == 0
    other = [{**LEGS[0], "quantity": 6000}, {**LEGS[1], "quantity": -6000}]
    file.write_bytes(line(postings=other))
    done = run("import", "entries", str(file))
    assert done.code == 1
    assert "r-1" in done.err
    assert "line 1" in done.err
    assert entries_in(db) == 1


def test_an_empty_file_adds_nothing(db: Database, book: Book, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "in.jsonl"
    file.write_bytes(b"")
    assert run("import", "entries", str(file), "--json").json["entries"] == 0


def test_only_the_book_asked_for_is_taken(
    db: Database, book: Book, run: Run, tmp_path: Path
) -> None:
    file = tmp_path / "in.jsonl"
    file.write_bytes(line())
    done = run("import", "entries", str(file), "--book", "B")
    assert (done.code, entries_in(db)) == (1, 0)
    assert "line 1" in done.err


def test_what_another_program_put_on_a_terminal_comes_back_unharmed(
    db: Database, book: Book, run: Run, tmp_path: Path
) -> None:
    """Signs that are no control characters are kept as they are, to the last."""
    text = "\u202eright to left\u2028 =cmd|' /C calc'!A0 <b>; -- \" ' \\ é 漢 🎻"
    file = tmp_path / "in.jsonl"
    file.write_bytes(line(external_ref=text))
    assert run("import", "entries", str(file)).code == 0
    out = tmp_path / "out.jsonl"
    assert run("export", "journal", "--book", "A", "--format", "jsonl", "-o", str(out)).code == 0
    assert json.loads(out.read_text())["external_ref"] == text
    again = run("import", "entries", str(out), "--json")
    assert again.json == {"entries": 0, "postings": 0, "duplicates": 1}


def test_a_mark_before_the_first_line_is_no_part_of_it(
    db: Database, book: Book, run: Run, tmp_path: Path
) -> None:
    file = tmp_path / "in.jsonl"
    file.write_bytes(BOM_UTF8 + line())
    assert run("import", "entries", str(file), "--json").json["entries"] == 1
    file.write_bytes(line() + b"\n" + BOM_UTF8 + line())
    assert run("import", "entries", str(file)).code == 1


def test_the_last_line_of_a_long_file_can_refuse_it_all(
    db: Database, book: Book, run: Run, tmp_path: Path
) -> None:
    lines = [line(external_ref=f"r-{number}") for number in range(1005)]
    file = tmp_path / "in.jsonl"
    file.write_bytes(b"\n".join([*lines, line(postings=leg(quantity=1))]))
    done = run("import", "entries", str(file))
    assert (done.code, entries_in(db)) == (1, 0)
    assert "line 1006" in done.err
    file.write_bytes(b"\n".join([*lines, line(postings=leg(fund="NONE"))]))
    done = run("import", "entries", str(file))
    assert (done.code, entries_in(db)) == (1, 0)
    assert "line 1006" in done.err


@pytest.mark.parametrize("between", [0, 1005], ids=["in one batch", "in two batches"])
def test_a_line_told_twice_in_one_file_counts_once(
    db: Database, book: Book, run: Run, tmp_path: Path, between: int
) -> None:
    lines = [line(), *(line(external_ref=f"x-{n}") for n in range(between)), line()]
    file = tmp_path / "in.jsonl"
    file.write_bytes(b"\n".join(lines))
    done = run("import", "entries", str(file), "--json")
    assert (done.json["entries"], done.json["duplicates"]) == (between + 1, 1)
    other = [{**LEGS[0], "quantity": 6000}, {**LEGS[1], "quantity": -6000}]
    file.write_bytes(
        b"\n".join([line(external_ref="new"), line(external_ref="new", postings=other)])
    )
    refused = run("import", "entries", str(file))
    assert (refused.code, entries_in(db)) == (1, between + 1)
    assert "line 2" in refused.err


def test_the_largest_amounts_still_add_up(
    db: Database, book: Book, run: Run, tmp_path: Path
) -> None:
    most = 10**15
    legs = [{**LEGS[0], "quantity": most}, {**LEGS[1], "quantity": -most}]
    file = tmp_path / "in.jsonl"
    file.write_bytes(b"\n".join(line(external_ref=f"r-{n}", postings=legs) for n in range(1000)))
    assert run("import", "entries", str(file)).code == 0
    rows = run("trial-balance", "--book", "A", "--json").json["rows"]
    assert [row["quantity"] for row in rows] == [1000 * most, -1000 * most]


def test_an_entry_keeps_the_source_it_had_elsewhere(
    db: Database, book: Book, run: Run, tmp_path: Path
) -> None:
    """Of one reference two sources tell two events; the same source tells one."""
    file = tmp_path / "in.jsonl"
    file.write_bytes(line() + b"\n" + line(source="stripe") + b"\n" + line(source="import"))
    done = run("import", "entries", str(file), "--json")
    assert (done.json["entries"], done.json["duplicates"]) == (2, 1)
    out = tmp_path / "out.jsonl"
    assert run("export", "journal", "--book", "A", "--format", "jsonl", "-o", str(out)).code == 0
    again = run("import", "entries", str(out), "--json").json
    assert (again["entries"], again["duplicates"]) == (0, 2)


def test_the_book_may_be_named_on_the_command_line_alone(
    db: Database, book: Book, run: Run, tmp_path: Path
) -> None:
    file = tmp_path / "in.jsonl"
    file.write_bytes(without("book"))
    assert run("import", "entries", str(file)).code == 1
    assert run("import", "entries", str(file), "--book", "A", "--json").json["entries"] == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("filling", [b"x", b" ", b"\0"], ids=["signs", "blanks", "nothing"])
def test_a_line_without_end_is_refused_before_it_fills_the_memory(
    db: Database, book: Book, run: Run, tmp_path: Path, filling: bytes
) -> None:
    file = tmp_path / "in.jsonl"
    file.write_bytes(line() + b"\n")
    with file.open("ab") as out:
        if filling == b"\0":
            out.truncate(2**31)  # two gigabytes that take no room on the disk
        else:
            out.write(filling * 2**20 + line(external_ref="after"))
    tracemalloc.start()
    done = run("import", "entries", str(file))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (done.code, entries_in(db)) == (1, 0)
    assert f"{file}: line 2: The line is too long." in done.err
    assert peak < 32 * 2**20
