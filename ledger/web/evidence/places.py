"""Who may see and attach files of something, and on which page it is shown."""

from uuid import UUID

from flask import url_for

from ledger.errors import NotAllowed, NotFound
from ledger.models.books import Book
from ledger.models.evidence import EvidenceSubject
from ledger.queries.books.books import book_by_code
from ledger.queries.evidence.subjects import Subject, subject_of
from ledger.web.site.context import reading, signed_in, visitor


def may_read(book: Book, subject: Subject) -> bool:
    """Tell whether the visitor may see the files of something."""
    return visitor().may("read_evidence", book.id) or is_own(book, subject)


def may_attach(book: Book, subject: Subject) -> bool:
    """Tell whether the visitor may attach a file to something."""
    return visitor().may("attach_evidence", book.id) or is_own(book, subject)


def is_own(book: Book, subject: Subject) -> bool:
    """Tell whether something is a request or claim of the visitor's own."""
    return (
        subject.kind == EvidenceSubject.AGREEMENT
        and subject.made_by is not None
        and subject.made_by == visitor().id
        and visitor().may("ask_spending", book.id)
    )


def found_for_reading(code: str, kind: str, subject_id: UUID) -> tuple[Book, Subject]:
    """Return something whose files the visitor may see. Raises NotAllowed or NotFound."""
    signed_in()
    with reading() as session:
        book = book_by_code(session, code)
        if not visitor().roles(book.id):
            raise NotFound("This page does not exist, or you don't have access to it.")
        subject = subject_of(session, book_id=book.id, kind=kind, subject_id=subject_id)
    if not may_read(book, subject):
        raise NotAllowed("Your role in this book does not allow this.")
    return book, subject


def page_of(book: Book, subject: Subject) -> str:
    """Return the address of the page that shows something."""
    if subject.kind == EvidenceSubject.ENTRY:
        return url_for("journal.entry", code=book.code, entry_id=subject.id)
    if subject.kind == EvidenceSubject.AGREEMENT:
        return url_for("agreements.show", code=book.code, agreement=subject.name)
    if subject.kind == EvidenceSubject.BANK_LINE:
        return url_for("lines.show", code=book.code, line_id=subject.id)
    if subject.kind == EvidenceSubject.EQUIPMENT:
        return url_for("items.show", asset_id=subject.id)
    return url_for(
        "evidence.show", code=book.code, subject=str(subject.kind), subject_id=subject.id
    )
