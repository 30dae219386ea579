"""Bills and claims: their receipts, those without one, and those that are there twice."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from ledger.core.states import AgreementKind
from ledger.db import Session
from ledger.errors import Conflict, Invalid, NotAllowed, NotFound
from ledger.evidence_files import Inspected
from ledger.models.agreements import Agreement
from ledger.models.approval_requests import ApprovalRequest
from ledger.models.evidence import Evidence, EvidenceSubject
from ledger.queries.books.seals import first_difference
from ledger.queries.evidence.attached import evidence_by_id
from ledger.queries.evidence.duplicates import Likeness, about, pairs_of
from ledger.queries.evidence.receipts import without_receipt
from ledger.queries.evidence.subjects import Subject
from ledger.queries.invariants.files import sealed as sealed_files
from ledger.services.approvals import previews
from ledger.services.approvals.agreements import MoneyRequest
from ledger.services.books.seals import seal_all
from ledger.services.evidence import attaching, erasing
from ledger.services.spending import expenses, spending
from ledger.services.spending.bills import Bill
from ledger.services.workflow.erasures import erase
from ledger.stored_files import StoredFiles
from tests.conftest import NOW
from tests.factories import make_person
from tests.worlds.hamlet import TODAY, Hamlet, decide, fund, open_request, sound


@pytest.fixture
def files(tmp_path: Path) -> StoredFiles:
    """The folder of stored files."""
    return StoredFiles.of(tmp_path)


def claimed(
    session: Session,
    hamlet: Hamlet,
    title: str = "Paint",
    bill: Bill | None = None,
    amount: int = 1_200,
    days: int = 0,
) -> Agreement:
    return expenses.claim_expense(
        session,
        book=hamlet.books["A"],
        fund=fund(session, "A", "GEN"),
        request=MoneyRequest(amount=amount, title=title, reason="For the door"),
        claimed_by=hamlet.member,
        now=NOW + timedelta(days=days),
        bill=bill or Bill(),
    )


def attach(session: Session, files: StoredFiles, row: Agreement, data: bytes) -> Evidence:
    assert row.made_by is not None
    return attaching.attach(
        session,
        book_id=row.book_id,
        subject=Subject(EvidenceSubject.AGREEMENT, row.id, row.reference, row.made_by),
        file=attaching.keep(files, Inspected("image/png", data, 1, b"small", False)),
        note="",
        added_by=row.made_by,
        now=NOW,
    )


def test_a_receipt_of_two_claims_is_approved_only_by_who_confirms_it(
    hamlet_session: Session, hamlet: Hamlet, files: StoredFiles
) -> None:
    first = claimed(hamlet_session, hamlet)
    attach(hamlet_session, files, first, b"a receipt")
    # The control: alone, it asks nothing.
    decide(hamlet_session, open_request(hamlet_session, "expense").id, hamlet.checker)
    second = claimed(hamlet_session, hamlet, "Paint again")
    attach(hamlet_session, files, second, b"a receipt")
    asked = open_request(hamlet_session, "expense")
    undone = hamlet_session.begin_nested()
    with pytest.raises(Conflict, match=rf"attached to {first.reference} \(Paint\)"):
        decide(hamlet_session, asked.id, hamlet.checker)
    undone.rollback()
    # Its preview shows what would be booked all the same.
    seen = previews.preview(hamlet_session, request_id=asked.id, by=hamlet.checker, now=NOW)
    assert len(seen.entries) == 1
    decide(hamlet_session, asked.id, hamlet.checker, confirmed=True)
    assert second.approved_by == hamlet.checker
    sound(hamlet_session)


def test_a_rejected_claim_and_a_foreign_receipt_stand_in_nobodys_way(
    hamlet_session: Session, hamlet: Hamlet, files: StoredFiles
) -> None:
    first = claimed(hamlet_session, hamlet)
    attach(hamlet_session, files, first, b"a receipt")
    decide(
        hamlet_session, open_request(hamlet_session, "expense").id, hamlet.checker, approve=False
    )
    second = claimed(hamlet_session, hamlet)
    attach(hamlet_session, files, second, b"a receipt")
    decide(hamlet_session, open_request(hamlet_session, "expense").id, hamlet.checker)
    assert second.approved_by == hamlet.checker


def test_what_may_be_there_twice_is_named_with_its_reason(
    hamlet_session: Session, hamlet: Hamlet, files: StoredFiles
) -> None:
    shop = Bill(payee="Paint & Co", number="R-17")
    first = claimed(hamlet_session, hamlet, "first", shop)
    # Written otherwise, and for another amount: the number tells.
    number = claimed(hamlet_session, hamlet, "number", Bill("PAINT  & co", "r-17"), 1_300, 20)
    # Within three days: the amount tells; a day later it does not.
    soon = claimed(hamlet_session, hamlet, "soon", replace(shop, number="R-18"), days=3)
    late = claimed(hamlet_session, hamlet, "late", replace(shop, number="R-19"), days=7)
    book = hamlet.books["A"].id
    found = {
        (pair.older.title, pair.newer.title): pair.likeness
        for pair in pairs_of(hamlet_session, book)
    }
    assert found == {
        ("first", "number"): Likeness.NUMBER,
        ("first", "soon"): Likeness.AMOUNT,
    }
    attach(hamlet_session, files, first, b"a receipt")
    attach(hamlet_session, files, late, b"a receipt")
    attach(hamlet_session, files, soon, b"another receipt")
    pairs = pairs_of(hamlet_session, book)
    assert about(pairs, late) == [(Likeness.FILE, first)]
    assert {row.title for _likeness, row in about(pairs, first)} == {"number", "soon", "late"}
    assert about(pairs, number) == [(Likeness.NUMBER, first)]
    assert pairs_of(hamlet_session, hamlet.books["B"].id) == []


def test_bills_and_claims_without_a_receipt_are_listed_until_they_have_one(
    hamlet_session: Session, hamlet: Hamlet, files: StoredFiles
) -> None:
    book = hamlet.books["A"]
    row = spending.request_spending(
        hamlet_session,
        book=book,
        fund=fund(hamlet_session, "A", "GEN"),
        request=spending.SpendingRequest(
            amount=5_000,
            title="A ladder",
            reason="For the roof",
            bill=Bill("Hardware", "H-1", date(2026, 12, 1)),
        ),
        made_by=hamlet.maker,
        now=NOW,
    )
    assert row.terms["due_on"] == "2026-12-01"
    decide(hamlet_session, open_request(hamlet_session, "spending").id, hamlet.checker)
    claim = claimed(hamlet_session, hamlet)

    def missing() -> list[Agreement]:
        return without_receipt(hamlet_session, book_id=book.id)

    # An order has no bill yet; a claim has a receipt from the start, or should have.
    assert missing() == [claim]
    spending.book_bill(
        hamlet_session, spending_id=row.id, amount=5_000, by=hamlet.maker, on=TODAY, now=NOW
    )
    assert missing() == [row, claim]
    kept = attach(hamlet_session, files, row, b"the bill")
    assert missing() == [claim]
    attach(hamlet_session, files, claim, b"the receipt")
    assert missing() == []
    kept.file_key = kept.nonce = kept.content_sha256 = None
    kept.erased_at, kept.erased_why = NOW, "Not ours"
    hamlet_session.flush()
    assert missing() == [row]
    assert row.kind == AgreementKind.SPENDING


def test_an_erased_file_cannot_be_opened_or_confirmed_and_says_why(
    hamlet_session: Session, hamlet: Hamlet, files: StoredFiles
) -> None:
    row = attach(hamlet_session, files, claimed(hamlet_session, hamlet), b"the wrong receipt")
    row.note = "Of Max Member"
    seal_all(hamlet_session)
    key = row.file_key or ""
    with pytest.raises(Invalid, match="reason"):
        erasing.propose_erasure(
            hamlet_session,
            book_id=row.book_id,
            evidence_id=row.id,
            reason=" ",
            made_by=hamlet.maker,
            now=NOW,
        )
    for _again in range(2):
        erasing.propose_erasure(
            hamlet_session,
            book_id=row.book_id,
            evidence_id=row.id,
            reason="It is of another community",
            made_by=hamlet.maker,
            now=NOW,
        )
    first, second = hamlet_session.scalars(
        select(ApprovalRequest).where(ApprovalRequest.kind == erasing.KIND)
    )
    undone = hamlet_session.begin_nested()
    with pytest.raises(NotAllowed):
        decide(hamlet_session, first.id, hamlet.maker)
    undone.rollback()
    # Until somebody agrees, it is there.
    assert files.get(row.stored_sha256, key) == b"the wrong receipt"
    decide(hamlet_session, first.id, hamlet.checker)
    assert (row.erased_by, row.erased_why) == (hamlet.checker, "It is of another community")
    assert (row.file_key, row.nonce, row.content_sha256, row.note) == (None, None, None, "")
    with pytest.raises(Conflict, match="erased already"):
        decide(hamlet_session, second.id, hamlet.checker)
    with pytest.raises(NotFound):
        evidence_by_id(hamlet_session, book_id=row.book_id, evidence_id=row.id)
    # The log is what it was, and the file is what it was to the check.
    assert first_difference(hamlet_session, row.book_id)[1] is None
    assert sealed_files(hamlet_session, files) == (1, None)


def test_with_a_person_goes_what_they_attached_to_claims_that_came_to_nothing(
    hamlet_session: Session, hamlet: Hamlet, files: StoredFiles
) -> None:
    session = hamlet_session
    person = make_person(session, "Paul Passing")
    hamlet.member = person.id
    kept = claimed(session, hamlet, "kept", Bill("Shop", iban="DE89370400440532013000"))
    paid = attach(session, files, kept, b"a receipt")
    paid.note = "Paul Passing bought it"
    decide(session, open_request(session, "expense").id, hamlet.checker)
    refused = attach(session, files, claimed(session, hamlet, "refused"), b"another receipt")
    decide(session, open_request(session, "expense").id, hamlet.checker, approve=False)
    erase(session, email=person.email, now=NOW)
    session.expire_all()
    assert (refused.file_key, refused.erased_why) == (None, erasing.OF_A_PERSON)
    # What the books rest on stays, without the name in its note.
    assert files.get(paid.stored_sha256, paid.file_key or "") == b"a receipt"
    assert paid.note == "[erased] bought it"
    assert kept.terms == {"payee": "Shop"}
    assert sealed_files(session, files) == (2, None)
