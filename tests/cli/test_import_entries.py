"""Entries come in whole or not at all, and every refusal names line and field."""

import json

import pytest
from sqlalchemy import func, select

from ledger.models.journal import Entry
from tests.cli.conftest import Run
from tests.factories import make_book, make_fund, make_worked_books
from tests.worked import END, WORKED, worked_lines

LEGS = [
    {"account": 1010, "fund": "GEN", "commodity": "USD", "quantity": 5000},
    {"account": 4010, "fund": "GEN", "commodity": "USD", "quantity": -5000},
]
GOOD = {
    "book": "A",
    "accounting_date": "2026-03-01",
    "event_type": "cash_received",
    "external_ref": "r-1",
    "postings": LEGS,
}


def leg(**changes):
    return [{**LEGS[0], **changes}, LEGS[1]]


def line(**changes):
    return json.dumps({**GOOD, **changes}).encode()


def without(key):
    return json.dumps({name: value for name, value in GOOD.items() if name != key}).encode()


@pytest.fixture
def book(db):
    with db.transaction() as session:
        found = make_book(session)
        make_fund(session, found)
    return found


def entries_in(db):
    with db.snapshot() as session:
        return session.scalar(select(func.count()).select_from(Entry))


def test_the_worked_events_end_in_the_worked_balances(db, run: Run, tmp_path):
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
    "bytes that are not UTF-8": (b"\xff\xfe" + line(), "line 2"),
    "a nest too deep": (b"[" * 100_000, "line 2"),
}


@pytest.mark.parametrize(("bad", "named"), BAD.values(), ids=BAD.keys())
def test_a_bad_line_is_refused_by_name_and_nothing_is_written(
    db, book, run: Run, tmp_path, bad, named
):
    file = tmp_path / "in.jsonl"
    file.write_bytes(line(external_ref="before") + b"\n" + bad + b"\n")
    done = run("import", "entries", str(file))
    assert done.code == 1, done.err
    assert "line 2" in done.err
    assert named in done.err
    assert "Traceback" not in done.err
    assert entries_in(db) == 0


def test_the_good_line_of_the_table_is_good(db, book, run: Run, tmp_path):
    file = tmp_path / "in.jsonl"
    file.write_bytes(line() + b"\n\n")
    assert run("import", "entries", str(file), "--json").json["entries"] == 1
    assert entries_in(db) == 1


def test_the_same_reference_with_other_figures_is_refused(db, book, run: Run, tmp_path):
    file = tmp_path / "in.jsonl"
    file.write_bytes(line())
    assert run("import", "entries", str(file)).code == 0
    other = [{**LEGS[0], "quantity": 6000}, {**LEGS[1], "quantity": -6000}]
    file.write_bytes(line(postings=other))
    done = run("import", "entries", str(file))
    assert done.code == 1
    assert "r-1" in done.err
    assert entries_in(db) == 1


def test_an_empty_file_adds_nothing(db, book, run: Run, tmp_path):
    file = tmp_path / "in.jsonl"
    file.write_bytes(b"")
    assert run("import", "entries", str(file), "--json").json["entries"] == 0


def test_only_the_book_asked_for_is_taken(db, book, run: Run, tmp_path):
    file = tmp_path / "in.jsonl"
    file.write_bytes(line())
    done = run("import", "entries", str(file), "--book", "B")
    assert (done.code, entries_in(db)) == (1, 0)
    assert "line 1" in done.err
