"""What approvers see of a bill or claim: its receipt, and what it may be there twice with."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import gettext as _
from flask_babel import lazy_gettext as later

from ledger.core.states import AgreementKind
from ledger.db import ReadSession
from ledger.models.agreements import Agreement
from ledger.models.books import Book
from ledger.models.evidence import Evidence as Stored
from ledger.models.evidence import EvidenceSubject
from ledger.queries.approvals.requests import RequestRow
from ledger.queries.evidence.attached import Attached, attached_to
from ledger.queries.evidence.duplicates import Likeness, about, pairs_of
from ledger.services.approvals.agreements import AgreementAsked
from ledger.services.evidence.erasing import KIND, ErasureAsked
from ledger.web.approvals.evidence import Evidence, register


@dataclass(frozen=True, slots=True)
class Receipt:
    """The files of a bill or claim, and the others that may be the same one."""

    book: Book
    files: Sequence[Attached]
    alike: Sequence[tuple[Likeness, Agreement]]


def _receipt(session: ReadSession, row: RequestRow, payload: AgreementAsked) -> Evidence:
    agreement = session.get_one(Agreement, payload.commitment)
    files = attached_to(
        session,
        book_id=row.book_id,
        subject=EvidenceSubject.AGREEMENT,
        subject_id=agreement.id,
    )
    # Of all requests of a page the same pairs are asked for.
    pairs = session.info.setdefault(("pairs", row.book_id), None) or pairs_of(session, row.book_id)
    session.info["pairs", row.book_id] = pairs
    alike = about(pairs, agreement)
    is_twice = any(likeness == Likeness.FILE for likeness, _other in alike)
    return Evidence(
        about=Receipt(session.get_one(Book, row.book_id), files, alike),
        confirm=_("I compared both. The same file is right for each.") if is_twice else "",
    )


def _file(session: ReadSession, row: RequestRow, payload: ErasureAsked) -> Evidence:
    """Return the file that is to be erased, beside the others of the same thing."""
    one = session.get_one(Stored, payload.evidence)
    files = attached_to(
        session, book_id=row.book_id, subject=one.subject, subject_id=one.subject_id
    )
    book = session.get_one(Book, row.book_id)
    return Evidence(about=Receipt(book, [file for file in files if file.row.id == one.id], ()))


register(
    KIND,
    _file,
    part="evidence/asked.html",
    done=later("Approved. The file is erased."),
)
for kind in (AgreementKind.SPENDING, AgreementKind.EXPENSE):
    register(kind, _receipt, part="evidence/asked.html")
