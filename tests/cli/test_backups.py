"""A backup holds everything, goes back into either engine, and a damaged one is refused."""

import hashlib
import json
import os
import threading
import zipfile
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import IO

import pytest
from sqlalchemy import func, select

from ledger.db import Database, ReadSession
from ledger.demo import fill
from ledger.evidence_files import Inspected
from ledger.links import SIGN_IN, Links
from ledger.models import Base
from ledger.models.evidence import Evidence
from ledger.models.journal import Entry
from ledger.models.people import OutboxMessage, Person, SignInLink
from ledger.queries import invariants
from ledger.queries.books.books import book_by_code
from ledger.queries.evidence.subjects import subject_of
from ledger.services.books import journal
from ledger.services.books.seals import make_checkpoint
from ledger.services.evidence import attaching
from ledger.services.jobs import rate_limits
from ledger.services.people.people import sha256
from ledger.services.people.sign_in_links import Asked, address_of_link, request_link
from ledger.services.workflow.backups import LEFT_OUT, write_backup
from ledger.stored_files import StoredFiles
from reports.bundle import make_bundle
from tests.cli.conftest import Run
from tests.conftest import ENGINES, NOW, fresh_database
from tests.factories import make_book, make_fund, make_person
from tests.reports.test_proof import SIGNER
from tests.services.test_periods import OCTOBER, close, gift, softly


@pytest.fixture
def filled(db: Database) -> Database:
    """The demo's year; and a book that is closed, softly closed, and has late entries."""
    fill(db, today=date(2026, 11, 2))
    with db.transaction() as session:
        book = make_book(session)
        make_fund(session, book)
        people = [make_person(session, name, book, "approver") for name in ("Ann Lee", "Bo Dale")]
        wrong = gift(session, date(2026, 9, 5), "1")
        close(session, book, people, until=date(2026, 9, 30))
        journal.reverse(session, book_id=book.id, entry_id=wrong, accounting_on=OCTOBER, now=NOW)
        gift(session, OCTOBER, "2")
        softly(session, book, people)
    return db


@pytest.fixture(params=ENGINES)
def elsewhere(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    """An empty database on each engine."""
    with fresh_database(request, request.param, tmp_path_factory.mktemp("else")) as url:
        database = Database(url)
        yield database
        database.dispose()


def contents(db: Database) -> dict[str, list[str]]:
    """Return every row of every table."""
    with db.snapshot() as session:
        return {
            table.name: sorted(
                repr(tuple(row)) for row in session.connection().execute(select(table))
            )
            for table in Base.metadata.sorted_tables
            if table.name not in LEFT_OUT
        }


def bundle(db: Database) -> bytes:
    with db.transaction() as session:
        book = book_by_code(session, "ELDER")
        row = make_checkpoint(session, book=book, signer=SIGNER, now=NOW)
        return make_bundle(session, book=book, checkpoint=row, signer=SIGNER)


def test_what_is_backed_up_comes_back_on_either_engine(
    run: Run, filled: Database, elsewhere: Database, tmp_path: Path
) -> None:
    proof = bundle(filled)
    file = str(tmp_path / "all.backup")
    done = run("backup", file, "--json")
    assert done.code == 0, done.err
    with filled.snapshot() as session:
        assert done.json == {"entries": session.scalar(select(func.count()).select_from(Entry))}
    back = run("restore", file, "--database", elsewhere.url, "--json")
    assert back.code == 0, back.err
    assert back.json == done.json
    assert contents(elsewhere) == contents(filled)
    assert bundle(elsewhere) == proof
    with elsewhere.snapshot() as session:
        assert [row.id for row in invariants.check(session) if not row.ok] == []
    # What was put back is guarded as before, and nothing goes in twice.
    with elsewhere.transaction() as session:
        book = book_by_code(session, "A")
        late = session.get_one(Entry, (book.id, gift(session, OCTOBER, "3")))
        assert late.accounting_on == date(2026, 11, 1)
    again = run("restore", file, "--database", elsewhere.url)
    assert (again.code, again.out) == (1, "")
    assert "empty database" in again.err


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_file_that_is_no_whole_backup_is_refused_and_nothing_is_written(
    run: Run, filled: Database, tmp_path: Path
) -> None:
    file = tmp_path / "all.backup"
    assert run("backup", str(file)).code == 0
    empty = f"sqlite:///{tmp_path / 'empty.db'}"
    for name, data in damaged(file).items():
        bad = tmp_path / name
        bad.write_bytes(data)
        done = run("restore", str(bad), "--database", empty)
        assert (done.code, done.out) == (1, ""), name
        assert done.err.startswith(str(bad)), name
        assert done.err.count("\n") == 1, name
    # The control: the whole file goes into the very same database.
    assert run("restore", str(file), "--database", empty).code == 0


def damaged(file: Path) -> dict[str, bytes]:
    whole = file.read_bytes()
    return {
        "text": b"Bread and milk",
        "empty": b"",
        "half": whole[: len(whole) // 2],
        "bent": whole[:5000] + bytes([whole[5000] ^ 1]) + whole[5001:],
        "other schema": edited(file, "manifest.json", lambda t: t.replace(b'"00', b'"99', 1)),
        "fewer rows": edited(file, "posting.jsonl", lambda t: t.split(b"\n", 1)[1]),
        "other amount": edited(
            file, "posting.jsonl", lambda t: t.replace(b", -500,", b", -501,", 1)
        ),
        "no manifest": edited(file, "manifest.json", lambda _t: b"[]"),
        "unbalanced, with its hash": unbalanced(file),
    }


def edited(file: Path, name: str, change: Callable[[bytes], bytes]) -> bytes:
    """Return a backup packed anew around one changed member."""
    made = file.with_name("edited")
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(made, "w") as new:
        for member in old.namelist():
            data = old.read(member)
            new.writestr(member, change(data) if member == name else data)
    return made.read_bytes()


def unbalanced(file: Path) -> bytes:
    """Return a backup whose list of hashes fits a changed amount: the guards still refuse it."""
    data = edited(file, "posting.jsonl", lambda t: t.replace(b", -500,", b", -501,", 1))
    made = file.with_name("unbalanced")
    made.write_bytes(data)
    with zipfile.ZipFile(made) as archive:
        digest = hashlib.sha256(archive.read("posting.jsonl")).hexdigest()

    def lie(text: bytes) -> bytes:
        told = json.loads(text)
        told["tables"]["posting"]["sha256"] = digest
        return json.dumps(told).encode()

    return edited(made, "manifest.json", lie)


def test_a_backup_is_consistent_while_others_post(
    run: Run, filled: Database, tmp_path: Path
) -> None:
    stop = threading.Event()

    def work() -> None:
        number = 100
        while not stop.is_set():
            with filled.transaction() as session:
                gift(session, NOW.date(), str(number))
            number += 1

    worker = threading.Thread(target=work)
    worker.start()
    try:
        done = run("backup", str(tmp_path / "all.backup"), "--json")
    finally:
        stop.set()
        worker.join()
    assert done.code == 0, done.err
    empty = f"sqlite:///{tmp_path / 'empty.db'}"
    assert run("restore", str(tmp_path / "all.backup"), "--database", empty, "--json").json == (
        done.json
    )


def test_a_backup_signs_nobody_in_and_is_read_by_nobody_else(
    run: Run, filled: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    links = Links("https://x.example", "a key of the installation")
    with filled.transaction() as session:
        make_person(session, "Ada")
        visitor = rate_limits.visitor("192.0.2.1")
        request_link(session, email="ada@example.org", asked=Asked(visitor, links), now=NOW)
        asked = session.scalars(select(SignInLink)).one()
        kept = session.scalars(select(OutboxMessage.body)).all()
    secret = links.token(SIGN_IN, asked.id)
    # The control: this is what the message that is sent says, and it would let her in.
    assert any(secret in links.fill(body) for body in kept)
    with filled.transaction() as session:
        assert address_of_link(session, secret=secret, now=NOW)
    file = tmp_path / "all.backup"
    file.write_bytes(b"of before")
    file.chmod(0o644)
    seen: list[int] = []

    def looking(session: ReadSession, out: IO[bytes], *, revision: str, files: StoredFiles) -> int:
        seen.extend(path.stat().st_mode & 0o777 for path in tmp_path.glob(".*.part"))
        return write_backup(session, out, revision=revision, files=files)

    monkeypatch.setattr("ledger.cli.backups.write_backup", looking)
    before = os.umask(0)
    try:
        assert run("backup", str(file)).code == 0
    finally:
        os.umask(before)
    assert seen == [0o600]
    assert file.stat().st_mode & 0o777 == 0o600
    with zipfile.ZipFile(file) as archive:
        whole = b"".join(map(archive.read, archive.namelist())).decode()
    assert "ada@example.org" in whole
    for live in (secret, sha256(secret), asked.secret_sha256):
        assert live not in whole


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_database_without_books_is_not_backed_up(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "all.backup"
    done = run("backup", str(file), "--database", f"sqlite:///{tmp_path / 'new.db'}")
    assert done.code == 1
    assert "poolbook init" in done.err
    assert not file.exists()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_attached_files_come_back_encrypted_as_they_were(
    run: Run, filled: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    monkeypatch.setenv("POOLBOOK_DATA", str(before))
    row, gone = attached(filled, before, b"a receipt"), attached(filled, before, b"another")
    files = StoredFiles.of(before)
    assert gone.preview_sha256
    (files.folder / gone.preview_sha256[:2] / gone.preview_sha256).unlink()
    file = tmp_path / "all.backup"
    done = run("backup", str(file), "--json")
    assert (done.code, set(done.json)) == (0, {"entries"}), done.err
    # A file that is missing is named, and keeps nobody from a backup of the rest.
    assert gone.preview_sha256 in done.err
    with zipfile.ZipFile(file) as archive:
        assert all(b"a receipt" not in archive.read(name) for name in archive.namelist())
    monkeypatch.setenv("POOLBOOK_DATA", str(after))
    empty = f"sqlite:///{tmp_path / 'empty.db'}"
    bad = tmp_path / "bad.backup"
    bad.write_bytes(edited(file, f"evidence/{row.stored_sha256}", lambda _data: b"swapped"))
    assert run("restore", str(bad), "--database", empty).code == 1
    assert run("restore", str(file), "--database", empty).code == 0
    restored = StoredFiles.of(after)
    assert restored.get(row.stored_sha256, row.file_key or "") == b"a receipt"
    assert restored.get(gone.stored_sha256, gone.file_key or "") == b"another"


def attached(db: Database, data: Path, content: bytes) -> Evidence:
    """Attach a file to an entry of the book that is not the demo's."""
    inspected = Inspected("image/png", content, 1, b"small " + content, False)
    kept = attaching.keep(StoredFiles.of(data), inspected)
    with db.transaction() as session:
        book = book_by_code(session, "A")
        entry = session.scalars(select(Entry).where(Entry.book_id == book.id)).first()
        assert entry is not None
        person = session.scalars(select(Person)).first()
        assert person is not None
        return attaching.attach(
            session,
            book_id=book.id,
            subject=subject_of(session, book_id=book.id, kind="entry", subject_id=entry.id),
            file=kept,
            note="",
            added_by=person.id,
            now=NOW,
        )
