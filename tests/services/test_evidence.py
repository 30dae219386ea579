"""Files attached to the books: kept encrypted, sealed by their hash, seen when they are swapped."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select, update

from ledger.db import Database, Session
from ledger.errors import Conflict, NotFound
from ledger.evidence_files import Inspected
from ledger.models.evidence import Evidence
from ledger.models.journal import Entry
from ledger.models.seals import Seal
from ledger.queries.books.seals import first_difference
from ledger.queries.evidence.attached import attached_to, evidence_by_id
from ledger.queries.evidence.subjects import Subject, subject_of
from ledger.queries.invariants import check
from ledger.queries.invariants.files import sealed as sealed_files
from ledger.services.books.seals import seal_all, seal_book
from ledger.services.evidence import attaching, sweeping
from ledger.stored_files import StoredFiles
from tests.conftest import NOW
from tests.worlds.hamlet import Hamlet, build


@pytest.fixture
def files(tmp_path: Path) -> StoredFiles:
    """The folder of stored files."""
    return StoredFiles.of(tmp_path)


def picture(data: bytes = b"a receipt") -> Inspected:
    return Inspected("image/jpeg", data, 1, b"small " + data, False)


def entries(hamlet: Hamlet, session: Session, code: str = "A") -> list[Subject]:
    """The first entries of a book, as what something is attached to."""
    book = hamlet.books[code]
    ids = session.scalars(select(Entry.id).where(Entry.book_id == book.id).order_by(Entry.id))
    return [subject_of(session, book_id=book.id, kind="entry", subject_id=one) for one in ids]


def attach(
    session: Session,
    hamlet: Hamlet,
    files: StoredFiles,
    data: bytes = b"a receipt",
    subject: Subject | None = None,
) -> Evidence:
    return attaching.attach(
        session,
        book_id=hamlet.books["A"].id,
        subject=subject or entries(hamlet, session)[0],
        file=attaching.keep(files, picture(data)),
        note=" The till receipt ",
        added_by=hamlet.maker,
        now=NOW,
    )


def test_a_file_is_kept_encrypted_and_readable_by_nobody_else(
    hamlet_session: Session, hamlet: Hamlet, files: StoredFiles
) -> None:
    row = attach(hamlet_session, hamlet, files)
    assert files.get(row.stored_sha256, row.file_key or "") == b"a receipt"
    assert files.get(row.preview_sha256 or "", row.file_key or "") == b"small a receipt"
    paths = [path for path in files.folder.rglob("*") if path.is_file()]
    assert len(paths) == 2
    assert {path.stat().st_mode & 0o777 for path in paths} == {0o600}
    assert {path.stat().st_mode & 0o777 for path in files.folder.glob("*")} == {0o700}
    assert all(b"receipt" not in path.read_bytes() for path in paths)
    # Another file's key opens nothing.
    other = attach(hamlet_session, hamlet, files, b"another")
    with pytest.raises(match="damaged"):
        files.get(row.stored_sha256, other.file_key or "")
    paths[0].write_bytes(b"swapped")
    with pytest.raises(match="damaged"):
        files.get_sealed(paths[0].name)
    with pytest.raises(match="missing"):
        files.get("../../secret_key", row.file_key or "")


def test_the_same_bytes_are_attached_once_and_noticed_elsewhere(
    hamlet_session: Session, hamlet: Hamlet, files: StoredFiles
) -> None:
    first, *_rest = entries(hamlet, hamlet_session)
    row = attach(hamlet_session, hamlet, files)
    assert attach(hamlet_session, hamlet, files).id == row.id
    book = hamlet.books["A"].id
    (shown,) = attached_to(hamlet_session, book_id=book, subject=first.kind, subject_id=first.id)
    assert (shown.row.note, shown.added_by, shown.twins) == ("The till receipt", "Mia Maker", ())
    # On another thing, the same bytes are a second row, and each says where the other is.
    elsewhere = Subject(first.kind, UUID(int=1), "elsewhere", None)
    again = attach(hamlet_session, hamlet, files, subject=elsewhere)
    assert again.id != row.id
    (shown,) = attached_to(hamlet_session, book_id=book, subject=first.kind, subject_id=first.id)
    assert [(twin.subject, twin.subject_id) for twin in shown.twins] == [
        (elsewhere.kind, elsewhere.id)
    ]


def test_the_twenty_first_file_is_refused(
    hamlet_session: Session, hamlet: Hamlet, files: StoredFiles
) -> None:
    for number in range(attaching.MOST_FILES):
        attach(hamlet_session, hamlet, files, b"%d" % number)
    with pytest.raises(Conflict, match="20 files"):
        attach(hamlet_session, hamlet, files, b"one more")


def test_what_belongs_to_another_book_cannot_be_attached_to(
    hamlet_session: Session, hamlet: Hamlet, files: StoredFiles
) -> None:
    (foreign, *_rest) = entries(hamlet, hamlet_session, "B")
    for kind, subject_id in (
        ("entry", foreign.id),
        ("agreement", foreign.id),
        ("bank_line", foreign.id),
        ("hours", foreign.id),
        ("equipment", foreign.id),
        ("period", foreign.id),
        ("person", hamlet.maker),
    ):
        with pytest.raises(NotFound):
            subject_of(
                hamlet_session,
                book_id=hamlet.books["A"].id,
                kind=kind,
                subject_id=subject_id,
            )
    row = attach(hamlet_session, hamlet, files)
    with pytest.raises(NotFound):
        evidence_by_id(hamlet_session, book_id=hamlet.books["B"].id, evidence_id=row.id)


def test_a_swapped_file_shows_in_the_sealed_log(
    hamlet_session: Session, hamlet: Hamlet, files: StoredFiles
) -> None:
    book = hamlet.books["A"].id
    seal_book(hamlet_session, book_id=book)
    row = attach(hamlet_session, hamlet, files)
    # Its book is sealed again although no entry waits.
    assert seal_all(hamlet_session) >= 1
    assert seal_all(hamlet_session) == 0
    seal = hamlet_session.scalars(
        select(Seal).where(Seal.book_id == book, Seal.kind == "evidence")
    ).one()
    assert seal.evidence_id == row.id
    assert first_difference(hamlet_session, book)[1] is None
    swapped = attaching.keep(files, picture(b"a dearer receipt"))
    for values, sentence in (
        ({"commitment_sha256": swapped.commitment_sha256}, "was changed"),
        ({"size": 5}, "was changed"),
        ({"subject_id": UUID(int=1)}, "was changed"),
        ({"added_by": hamlet.checker}, "was changed"),
    ):
        undone = hamlet_session.begin_nested()
        hamlet_session.execute(update(Evidence).values(**values))
        assert f"evidence {row.id} {sentence}" in str(first_difference(hamlet_session, book)[1])
        undone.rollback()
    undone = hamlet_session.begin_nested()
    hamlet_session.delete(hamlet_session.get_one(Evidence, row.id))
    hamlet_session.flush()
    assert f"evidence {row.id} is gone" in str(first_difference(hamlet_session, book)[1])
    undone.rollback()
    assert first_difference(hamlet_session, book)[1] is None


def test_the_check_compares_every_file_with_its_commitment(
    hamlet_session: Session, hamlet: Hamlet, files: StoredFiles
) -> None:
    row = attach(hamlet_session, hamlet, files)
    attach(hamlet_session, hamlet, files, b"another")

    def found() -> tuple[bool, str | None]:
        checked, violation = sealed_files(hamlet_session, files)
        assert checked <= 2
        return violation is None, violation

    last = check(hamlet_session, files)[-1]
    assert (last.id, last.ok, last.checked) == ("I-70", True, 2)
    assert found() == (True, None)
    # Without the folder the rule is not among the results, rather than true.
    assert check(hamlet_session)[-1].id != "I-70"
    swapped = attaching.keep(files, picture(b"a dearer receipt"))
    path = files.folder / row.stored_sha256[:2] / row.stored_sha256
    sealed = path.read_bytes()
    for values, sentence in (
        # With its own key, under its own name: only the commitment tells.
        (
            {"stored_sha256": swapped.stored_sha256, "file_key": swapped.key.hex()},
            "missing or damaged",
        ),
        (
            {
                "stored_sha256": swapped.stored_sha256,
                "file_key": swapped.key.hex(),
                "preview_sha256": swapped.preview_sha256,
            },
            "not the one that was attached",
        ),
        ({"nonce": swapped.nonce.hex()}, "not the one that was attached"),
        ({"nonce": "no digits"}, "missing or damaged"),
        ({"stored_sha256": "0" * 64}, "missing or damaged"),
        # Erased in name only, or without a reason.
        ({"erased_at": NOW, "erased_why": "Not ours"}, "is marked as erased, and is not"),
        (
            {"erased_at": NOW, "file_key": None, "nonce": None, "content_sha256": None},
            "is marked as erased, and is not",
        ),
    ):
        undone = hamlet_session.begin_nested()
        hamlet_session.execute(update(Evidence).where(Evidence.id == row.id).values(**values))
        hamlet_session.expire_all()
        ok, violation = found()
        assert not ok
        assert str(row.id) in str(violation)
        assert sentence in str(violation)
        undone.rollback()
        hamlet_session.expire_all()
    path.write_bytes(sealed[:-1])
    assert found()[0] is False
    path.write_bytes(sealed)
    assert found() == (True, None)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_files_that_no_row_names_are_removed_after_a_day(db: Database, files: StoredFiles) -> None:
    with db.transaction() as session:
        build(session)
        hamlet = Hamlet(session)
        row = attach(session, hamlet, files)
        erased = attach(session, hamlet, files, b"another")
        erased.file_key = erased.nonce = erased.content_sha256 = None
        erased.erased_at, erased.erased_why = NOW, "Not ours"
    never = attaching.keep(files, picture(b"of a form that was never sent"))
    half = files.folder / "ab" / f"{'ab' * 32}.0123"
    half.parent.mkdir(exist_ok=True)
    half.write_bytes(b"half")
    written = datetime.now(UTC)
    # The control: a form takes a while, so what is young stays.
    assert sweeping.remove_files(db, files, now=written) == 0
    assert sweeping.remove_files(db, files, now=written + timedelta(days=2)) == 5
    left = {path.name for path in files.folder.rglob("*") if path.is_file()}
    assert left == {row.stored_sha256, row.preview_sha256}
    assert never.stored_sha256 not in left
