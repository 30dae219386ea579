"""Payment files: what is approved goes into one, once, and not by who approved or claimed it."""

from datetime import date

import pytest

from ledger.db import Session
from ledger.errors import Conflict, Invalid, NotAllowed
from ledger.models.agreements import Agreement
from ledger.models.book_details import BookDetails
from ledger.services.approvals.agreements import MoneyRequest
from ledger.services.spending import expenses, payment_files, spending
from ledger.services.spending.bills import Bill
from ledger.services.spending.payment_files import PaymentOrder, make_file, payables
from tests.conftest import NOW
from tests.worlds.hamlet import TODAY, Hamlet, decide, fund, open_request

IBAN = "DE89370400440532013000"


def billed(session: Session, hamlet: Hamlet, title: str, bill: Bill) -> Agreement:
    row = spending.request_spending(
        session,
        book=hamlet.books["A"],
        fund=fund(session, "A", "GEN"),
        request=spending.SpendingRequest(amount=5_000, title=title, reason="So", bill=bill),
        made_by=hamlet.maker,
        now=NOW,
    )
    decide(session, open_request(session, "spending").id, hamlet.checker)
    spending.book_bill(
        session, spending_id=row.id, amount=4_900, by=hamlet.maker, on=TODAY, now=NOW
    )
    return row


def claimed(session: Session, hamlet: Hamlet) -> Agreement:
    row = expenses.claim_expense(
        session,
        book=hamlet.books["A"],
        fund=fund(session, "A", "GEN"),
        request=MoneyRequest(amount=1_200, title="Paint", reason="So"),
        claimed_by=hamlet.member,
        now=NOW,
        bill=Bill(payee="Paint & Co", iban="de89 3704 0044 0532 0130 00"),
    )
    decide(session, open_request(session, "expense").id, hamlet.checker)
    return row


def order(*rows: Agreement, file_format: str = "csv", again: bool = False) -> PaymentOrder:
    return PaymentOrder([row.reference for row in rows], TODAY, file_format, again)


def test_what_waits_is_listed_by_its_due_day_and_goes_into_a_file_once(
    hamlet_session: Session, hamlet: Hamlet
) -> None:
    session, book = hamlet_session, hamlet.books["A"]
    claim = claimed(session, hamlet)
    bill = billed(session, hamlet, "A ladder", Bill("Hardware", "H-1", date(2026, 12, 1), IBAN))
    waiting = payables(session, book_id=book.id)
    # The bill's own amount; and a claim is paid to the member, not to the shop.
    assert [(one.row.id, one.payee, one.amount, one.iban) for one in waiting] == [
        (bill.id, "Hardware", 4_900, IBAN),
        (claim.id, "Max Member", 1_200, IBAN),
    ]

    def make(wanted: PaymentOrder, code: str = "A") -> str:
        return make_file(
            session, book=hamlet.books[code], order=wanted, by=hamlet.maker, now=NOW
        ).decode()

    assert make(order(bill, claim)).splitlines()[1:] == [
        f"{bill.reference},Hardware,{IBAN},49.00,USD,H-1",
        f"{claim.reference},Max Member,{IBAN},12.00,USD,Paint",
    ]
    assert [one.in_file_on for one in payables(session, book_id=book.id)] == ["2026-11-02"] * 2
    with pytest.raises(Conflict, match=f"{bill.reference} is in a payment file of 2026-11-02"):
        make(order(bill))
    assert make(order(bill, again=True))
    # Paid, it waits no longer.
    expenses.reimburse(session, expense_id=claim.id, by=hamlet.maker, on=TODAY, now=NOW)
    assert [one.row.id for one in payables(session, book_id=book.id)] == [bill.id]
    with pytest.raises(Conflict, match="does not wait"):
        make(order(claim, again=True))
    with pytest.raises(Conflict, match="does not wait"):
        make(order(bill, again=True), "B")


def test_a_file_is_not_made_by_who_approved_or_claimed_or_without_accounts(
    hamlet_session: Session, hamlet: Hamlet
) -> None:
    session, book = hamlet_session, hamlet.books["A"]
    claim = claimed(session, hamlet)
    bare = billed(session, hamlet, "No account", Bill("Hardware", "H-2"))
    for person in (hamlet.checker, hamlet.member):
        with pytest.raises(NotAllowed):
            make_file(session, order=order(claim), book=book, by=person, now=NOW)
    # A book in dollars has no SEPA file.
    for wanted, sentence in (
        (order(bare), "no payee with an IBAN"),
        (order(), "Choose what to pay"),
        (order(claim, file_format="xml"), "SEPA"),
    ):
        with pytest.raises(Invalid, match=sentence):
            make_file(session, order=wanted, book=book, by=hamlet.maker, now=NOW)
    with pytest.raises(Invalid, match="check digits"):
        Bill(iban="DE88370400440532013000").as_terms()
    assert {one.in_file_on for one in payables(session, book_id=book.id)} == {""}


def test_a_book_in_euro_makes_a_sepa_file(
    hamlet_session: Session, hamlet: Hamlet, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, book = hamlet_session, hamlet.books["A"]
    claim = claimed(session, hamlet)
    monkeypatch.setattr(payment_files, "CURRENCY", book.commodity)
    wanted = order(claim, file_format="xml")
    # Not without an account of its own.
    with pytest.raises(Invalid, match="own IBAN"):
        make_file(session, order=wanted, book=book, by=hamlet.maker, now=NOW)
    session.add(BookDetails(book_id=book.id, account_holder="The Hall", iban=IBAN, changed_at=NOW))
    session.flush()
    data = make_file(session, order=wanted, book=book, by=hamlet.maker, now=NOW)
    assert b"pain.001.001.09" in data
    assert claim.reference.encode() in data
