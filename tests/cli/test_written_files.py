"""Files that a command writes: whole or not at all, and nothing replaced but a plain file."""

import os
import threading
from pathlib import Path

import pytest

from ledger.db import Database
from tests.cli.conftest import Run
from tests.factories import make_book, make_fund

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
EXPORT = ("export", "journal", "--book", "A", "--format", "csv", "-o")
NOBODY = ("export", "journal", "--book", "NONE", "--format", "csv", "-o")
BACKWARDS = (
    *("report", "transparency", "--book", "A", "--from", "2026-12-31", "--to", "2026-01-01"),
    "-o",
)


@pytest.fixture(autouse=True)
def _book(db: Database) -> None:
    with db.transaction() as session:
        make_fund(session, make_book(session))


def test_an_export_replaces_an_older_file_and_leaves_nothing_beside(
    run: Run, tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    file = folder / "a.csv"
    file.write_text("older and longer than what comes now " * 100)
    assert run(*EXPORT, str(file)).code == 0
    assert file.read_text().startswith("book,entry,")
    assert "older" not in file.read_text()
    assert list(folder.iterdir()) == [file]


@pytest.mark.parametrize("command", [NOBODY, BACKWARDS], ids=["export", "report"])
def test_a_refused_command_leaves_the_older_file(
    run: Run, tmp_path: Path, command: tuple[str, ...]
) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    file = folder / "a"
    file.write_text("older")
    done = run(*command, str(file))
    assert (done.code, done.out) == (1, "")
    assert file.read_text() == "older"
    assert list(folder.iterdir()) == [file]


def test_a_link_stays_a_link(run: Run, tmp_path: Path) -> None:
    file, link = tmp_path / "file.csv", tmp_path / "link.csv"
    file.write_text("older")
    link.symlink_to(file)
    assert run(*EXPORT, str(link)).code == 0
    assert link.is_symlink()
    assert file.read_text().startswith("book,entry,")


def test_a_pipe_is_written_to_and_stays_a_pipe(run: Run, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()), daemon=True)
    reader.start()
    assert run(*EXPORT, str(pipe)).code == 0
    reader.join(timeout=60)
    assert pipe.is_fifo()
    assert read[0].startswith("book,entry,")


@pytest.mark.parametrize("place", ["none/a.csv", "file/a.csv"])
def test_a_place_that_cannot_be_written_is_named(run: Run, tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("not a folder")
    done = run(*EXPORT, str(tmp_path / place))
    assert (done.code, done.out) == (1, "")
    assert place in done.err
    assert done.err.count("\n") == 1
