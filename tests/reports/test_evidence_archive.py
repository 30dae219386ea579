"""Attached files are proven offline: each is the sealed one, changed, missing or erased."""

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from ledger.db import Database
from ledger.evidence_files import Inspected
from ledger.models.evidence import Evidence
from ledger.models.journal import Entry
from ledger.queries.books.books import book_by_code
from ledger.queries.evidence.subjects import subject_of
from ledger.services.books.seals import make_checkpoint
from ledger.services.evidence import attaching
from ledger.stored_files import StoredFiles
from reports import verify
from reports.bundle import make_bundle
from reports.evidence import pack_evidence
from tests.conftest import NOW
from tests.factories import make_book, make_fund, make_person
from tests.reports.test_proof import SIGNER
from tests.worlds.hamlet import open_with

RECEIPTS = (b"bread", b"paint", b"a ladder")


@pytest.fixture
def packed(db: Database, tmp_path: Path) -> tuple[bytes, bytes]:
    """A bundle and its attached files: three receipts, of which the last was erased."""
    files = StoredFiles.of(tmp_path)
    with db.transaction() as session:
        book = make_book(session)
        make_fund(session, book)
        person = make_person(session, "Tia Treasurer", book, "treasurer")
        open_with(session, "A", 1_000)
        entry = session.scalars(select(Entry)).one()
        subject = subject_of(session, book_id=book.id, kind="entry", subject_id=entry.id)
        for data in RECEIPTS:
            row = attaching.attach(
                session,
                book_id=book.id,
                subject=subject,
                file=attaching.keep(files, Inspected("application/pdf", data, 1, b"", False)),
                note="",
                added_by=person.id,
                now=NOW,
            )
        checkpoint = make_checkpoint(session, book=book, signer=SIGNER, now=NOW)
        # What an erasure leaves.
        session.execute(
            update(Evidence)
            .where(Evidence.id == row.id)
            .values(
                file_key=None,
                nonce=None,
                content_sha256=None,
                erased_at=NOW,
                erased_why="Not ours",
            )
        )
        session.expire_all()
        bundle = make_bundle(session, book=book, checkpoint=checkpoint, signer=SIGNER)
    out = io.BytesIO()
    with db.snapshot() as reading:
        book_id = book_by_code(reading, "A").id
        found = pack_evidence(reading, out, book_id=book_id, files=files)
    assert (found.files, found.erased, found.missing) == (2, 1, ())
    return bundle, out.getvalue()


def changed(archive: bytes, change: Callable[[str, bytes], bytes | None]) -> bytes:
    """Pack an archive anew; ``change`` returns what a member becomes, or None to leave it out."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            data = change(name, old.read(name))
            if data is not None:
                new.writestr(name, data)
    return out.getvalue()


def verified(bundle: bytes, archive: bytes) -> dict[str, Any]:
    return verify.with_evidence(verify.answer(bundle), bundle, archive)


def counts(found: dict[str, Any]) -> dict[str, int]:
    return {word: len(names) for word, names in found["evidence"].items()}


def test_each_file_is_matching_changed_missing_or_erased(packed: tuple[bytes, bytes]) -> None:
    bundle, archive = packed
    sound = verified(bundle, archive)
    assert sound["ok"]
    assert counts(sound) == {"matching": 2, "changed": 0, "missing": 0, "erased": 1}
    assert sound["evidence"]["erased"][0].endswith(": Not ours")
    first = sound["evidence"]["matching"][0]
    assert f"matching: {first}" in verify.sentence(sound)

    def swap(name: str, data: bytes) -> bytes:
        return b"dearer bread" if name.endswith(first) else data

    swapped = verified(bundle, changed(archive, swap))
    assert not swapped["ok"]
    assert swapped["evidence"]["changed"] == [first]
    assert swapped["first_difference"] == f"evidence {first} is not what was sealed"
    assert f"changed: {first}" in verify.sentence(swapped)

    left_out = changed(archive, lambda name, data: None if name.endswith(first) else data)
    lost = verified(bundle, left_out)
    assert not lost["ok"]
    assert lost["evidence"]["missing"] == [first]

    def no_longer_told(name: str, data: bytes) -> bytes:
        return json.dumps({"files": []}).encode() if name == "manifest.json" else data

    untold = verified(bundle, changed(archive, no_longer_told))
    assert counts(untold) == {"matching": 0, "changed": 0, "missing": 3, "erased": 0}


def test_an_archive_that_is_none_proves_nothing(packed: tuple[bytes, bytes]) -> None:
    bundle, archive = packed
    for bad in (b"", b"bread", archive[:40], changed(archive, lambda _name, _data: b"[]")):
        found = verified(bundle, bad)
        assert not found["ok"]
        assert found["first_difference"].startswith("evidence")
    # Without the archive the bundle is proven as before, and a bundle that is none stays none.
    assert "evidence" not in verify.answer(bundle)
    assert verified(bundle[:-1], archive) == verify.answer(bundle[:-1])
