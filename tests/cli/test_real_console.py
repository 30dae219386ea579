"""The installed program as scripts run it: another process, its streams and its exit code."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ledger.db import Database
from tests.factories import make_worked_books
from tests.worked import END, WORKED, worked_lines

PROGRAM = str(Path(sys.executable).with_name("poolbook"))


def started(*arguments: str, **environ: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [PROGRAM, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environ},
    )


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


@pytest.fixture
def worked(db: Database, tmp_path: Path) -> Path:
    """The worked books, open and empty, and the file that fills them."""
    with db.transaction() as session:
        make_worked_books(session, WORKED)
    file = tmp_path / "worked.jsonl"
    file.write_bytes(b"\n".join(worked_lines()))
    return file


def test_two_loads_at_once_fill_the_worked_books_once(
    database_url: str, worked: Path, tmp_path: Path
) -> None:
    """Both are told to load; between them every entry comes in once, and both end well."""
    where = {"POOLBOOK_DATABASE_URL": database_url, "POOLBOOK_DATA": str(tmp_path)}
    both = [started("import", "entries", str(worked), "--json", **where) for _ in range(2)]
    done = [ended(process) for process in both]
    assert [code for code, _out, _err in done] == [0, 0], done
    counts = [json.loads(out) for _code, out, _err in done]
    lines = worked.read_bytes().count(b"\n") + 1
    assert sorted(row["entries"] for row in counts) == [0, lines]
    assert sorted(row["duplicates"] for row in counts) == [0, lines]
    code, out, err = ended(
        started("--database", database_url, "--json", "trial-balance", "--book", "A")
    )
    assert (code, err) == (0, "")
    found = [
        ("A", row["account"], row["fund"], row["commodity"], row["quantity"])
        for row in json.loads(out)["rows"]
    ]
    assert sorted(found) == [row for row in END if row[0] == "A"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_refusal_is_one_sentence_on_the_other_stream(
    database_url: str, worked: Path, tmp_path: Path
) -> None:
    worked.write_bytes(worked.read_bytes() + b"\n{")
    last = worked.read_bytes().count(b"\n") + 1
    where = {"POOLBOOK_DATABASE_URL": database_url, "POOLBOOK_DATA": str(tmp_path)}
    code, out, err = ended(started("import", "entries", str(worked), "--json", **where))
    assert (code, out) == (1, "")
    assert err.startswith(f"{worked}: line {last}: ")
    assert err.count("\n") == 1
