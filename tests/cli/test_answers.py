"""What every command prints: one JSON document wherever ``--json`` stands, or a sentence."""

import io
import json
import os
import sys
from pathlib import Path

import pytest

from ledger.core.policies import KEYS
from ledger.db import Database
from tests.cli.conftest import Run
from tests.factories import make_book, make_fund
from tests.statements.test_reader import DATA as STATEMENTS

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
ENTRY = {
    "book": "A",
    "accounting_date": "2026-03-01",
    "event_type": "cash_received",
    "external_ref": "r-1",
    "postings": [
        {"account": 1010, "fund": "GEN", "commodity": "USD", "quantity": 5000},
        {"account": 4010, "fund": "GEN", "commodity": "USD", "quantity": -5000},
    ],
}
MARCH = str(STATEMENTS / "hall_march.xml")
OPENED = ("--name", "Book B", "--kind", "community", "--currency", "USD")
ANSWERS: dict[str, tuple[tuple[str, ...], set[str]]] = {
    "init": (("init",), {"revision"}),
    "book": (("book", "create", "B", *OPENED), {"book"}),
    "policy": (("book", "policy", "A", "holdback_points=0"), {"book", "profile", *KEYS}),
    "lapse": (("pledge", "lapse", "--book", "A"), {"book", "lapsed", "written"}),
    "fund": (("fund", "create", "A", "ROOF", "--class", "purpose"), {"fund"}),
    "entries": (("import", "entries", "{entries}"), {"entries", "postings", "duplicates"}),
    "statement": (
        ("import", "statement", MARCH, "--account", "A/1010"),
        {"format", "statements", "new", "duplicates"},
    ),
    "trial balance": (("trial-balance", "--book", "A"), {"rows"}),
    "check": (("check",), {"ok", "invariants"}),
    "export": (
        ("export", "journal", "--book", "A", "--format", "jsonl", "-o", "{out}"),
        {"entries", "postings"},
    ),
    "checkpoint": (
        ("checkpoint", "--book", "A"),
        {"origin", "size", "root", "signature", "note", "key"},
    ),
    "bundle": (("bundle", "--book", "A", "-o", "{out}"), {"size", "root"}),
    "backup": (("backup", "{out}"), {"entries"}),
    "editions": (("report", "editions"), {"editions"}),
    "periods": (("period", "list", "--book", "A"), {"periods", "waiting"}),
    "report": (
        (
            *("report", "transparency", "--book", "A", "--from", "2026-01-01"),
            *("--to", "2026-12-31", "-o", "{out}"),
        ),
        {"pages", "dataset_sha256", "pdf_sha256", "tied"},
    ),
}


@pytest.fixture
def files(db: Database, tmp_path: Path) -> dict[str, str]:
    """A book with one fund, and the files that the commands are given."""
    with db.transaction() as session:
        make_fund(session, make_book(session))
    entries = tmp_path / "in.jsonl"
    entries.write_text(json.dumps(ENTRY))
    return {"entries": str(entries), "out": str(tmp_path / "out")}


@SQLITE
@pytest.mark.parametrize(("arguments", "keys"), ANSWERS.values(), ids=ANSWERS.keys())
def test_each_command_answers_with_one_json_document(
    run: Run,
    files: dict[str, str],
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    keys: set[str],
) -> None:
    monkeypatch.delenv("POOLBOOK_DATABASE_URL")
    given = tuple(word.format(**files) for word in arguments)
    where = ("--database", database_url)
    for before, after in (
        (("--json", *where), ()),
        ((), ("--json", *where)),
        (("--json",), where),
    ):
        done = run(*before, *given, *after)
        assert (done.code, done.err) == (0, ""), done
        assert done.out.count("\n") == 1
        assert set(done.json) == keys
        if arguments[0] == "report":  # A PDF takes seconds; one place of the options is enough.
            return
    told = run(*given, *where)
    assert (told.code, told.err) == (0, "")
    with pytest.raises(json.JSONDecodeError):
        json.loads(told.out)


@SQLITE
def test_a_statement_is_described_line_by_line(run: Run, files: dict[str, str]) -> None:
    done = run("import", "statement", MARCH, "--account", "A/1010", "--json")
    for row in done.json["statements"]:
        assert set(row) == {
            *("id", "account", "currency", "opening", "closing", "lines", "credits", "debits"),
            *("balanced", "warnings"),
        }
        assert row["opening"] + row["credits"] - row["debits"] == row["closing"]


OTHERWISE = {
    "another name": ("book", "create", "A", "--name", "Other"),
    "another kind": ("book", "create", "A", "--kind", "pool"),
    "another currency": ("book", "create", "A", "--currency", "EUR"),
    "another profile": ("book", "create", "A", "--profile", "CASH_SIMPLE"),
}


@pytest.mark.parametrize("arguments", OTHERWISE.values(), ids=OTHERWISE.keys())
def test_a_book_that_is_there_is_not_made_over(
    run: Run, files: dict[str, str], arguments: tuple[str, ...]
) -> None:
    same = {"--name": "Book A", "--kind": "community", "--currency": "USD"}
    assert run("book", "create", "A", *(word for pair in same.items() for word in pair)).code == 0
    other = same | {arguments[3]: arguments[4]}
    done = run("book", "create", "A", *(word for pair in other.items() for word in pair))
    assert (done.code, done.out) == (1, "")


@pytest.mark.parametrize(
    "change", [("--class", "agency"), ("--class", "unrestricted", "--name", "Other")], ids=str
)
def test_a_fund_that_is_there_is_not_made_over(
    run: Run, files: dict[str, str], change: tuple[str, ...]
) -> None:
    assert run("fund", "create", "A", "GEN", "--class", "unrestricted").code == 0
    assert run("fund", "create", "A", "GEN", *change).code == 1


TROUBLES = {
    "no tables yet": ("sqlite:///{folder}/empty.db", "poolbook init"),
    "no address": ("nonsense", "sqlite:///books.db"),
    "no such engine": ("oracle8i://x/y", "sqlite:///books.db"),
    "no server": ("postgresql://nobody@127.0.0.1:1/x", "127.0.0.1"),
    "no such folder": ("sqlite:////proc/nowhere/x.db", "/proc/nowhere"),
    "no database": ("sqlite:///{folder}/notes.db", "not a database"),
}


@SQLITE
@pytest.mark.parametrize(("url", "named"), TROUBLES.values(), ids=TROUBLES.keys())
def test_a_database_in_trouble_is_named_in_one_sentence(
    run: Run, tmp_path: Path, url: str, named: str
) -> None:
    (tmp_path / "notes.db").write_bytes(b"Bread and milk, and a letter to the council. " * 100)
    done = run("--database", url.format(folder=tmp_path), "trial-balance", "--book", "A")
    assert (done.code, done.out) == (1, "")
    assert named in done.err
    assert done.err.count("\n") == 1


def test_an_empty_postgresql_database_asks_for_init_too(
    run: Run, postgresql_server: str, database_url: str
) -> None:
    if database_url.startswith("sqlite"):
        return
    # The server's own database, where nothing was ever made.
    done = run("--database", postgresql_server, "trial-balance", "--book", "A")
    assert done.code == 1
    assert "poolbook init" in done.err
    assert done.err.count("\n") == 1


@SQLITE
def test_a_name_that_is_not_utf_8_is_refused(run: Run) -> None:
    name = os.fsdecode(b"Hall \xff")
    opened = ("--kind", "community", "--currency", "USD")
    done = run("book", "create", "A", "--name", name, *opened)
    assert done.code == 1
    assert "name: This text contains a character that cannot be stored." in done.err
    assert run("trial-balance", "--book", "A").code == 1


@SQLITE
def test_a_terminal_without_arrows_does_not_undo_what_was_done(
    run: Run, files: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    printed = io.BytesIO()
    terminal = io.TextIOWrapper(printed, encoding="latin-1")
    monkeypatch.setattr(sys, "stdout", terminal)
    assert run("import", "statement", MARCH, "--account", "A/1010").code == 0
    terminal.flush()
    assert b"\\u2192" in printed.getvalue()


DAYS = ("20261231", "2026-W01-1", "2026-1-1", "31.12.2026", "2026-12-31T00:00", "٢٠٢٦-١٢-٣١", "")


@SQLITE
@pytest.mark.parametrize("day", DAYS)
def test_a_day_is_written_in_one_way(run: Run, files: dict[str, str], day: str) -> None:
    assert run("trial-balance", "--book", "A", "--as-of", day).code == 2
    period = ("--from", "2026-01-01", "--to", day)
    done = run("report", "transparency", "--book", "A", *period, "-o", files["out"])
    assert done.code == 2
    assert not Path(files["out"]).exists()
