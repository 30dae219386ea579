"""Undoing an event: what rests on it goes with it, the latest first; what cannot go stands in the
way with its cure; two people undo what two had agreed to."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from ledger.core.approval_rules import ONE, read_bands
from ledger.db import Session
from ledger.errors import Conflict, Invalid
from ledger.models.agreements import Agreement
from ledger.models.approval_requests import ApprovalRequest
from ledger.models.journal import Annotation, Entry
from ledger.queries.approvals.rules import needed_by, rules_of
from ledger.queries.banking.deposits import items_of
from ledger.services.accounting.periods import soft_close
from ledger.services.banking import cash
from ledger.services.books.policies import choose_policy
from ledger.services.pools.transfers import Transfer, grant, settle_grant
from ledger.services.spending import spending
from ledger.services.undoing import undo
from ledger.services.undoing.plans import plan_of
from tests.conftest import NOW
from tests.worlds.hamlet import (
    TODAY,
    Hamlet,
    account,
    decide,
    fund,
    open_request,
    sound,
)

REASON = "It was entered twice"


@pytest.fixture(name="session")
def of_hamlet(hamlet_session: Session) -> Session:
    return hamlet_session


def last(session: Session, event_type: str) -> Entry:
    found = select(Entry).where(Entry.event_type == event_type).order_by(Entry.id.desc())
    entry = session.scalars(found).first()
    assert entry is not None
    return entry


def ask(session: Session, hamlet: Hamlet, event_type: str) -> ApprovalRequest | None:
    entry = last(session, event_type)
    return undo.ask(
        session, book_id=entry.book_id, entry_id=entry.id, reason=REASON, by=hamlet.maker, now=NOW
    )


def undone(session: Session, hamlet: Hamlet, event_type: str) -> None:
    """Undo the last entry of a kind, with an approver where one is needed."""
    asked = ask(session, hamlet, event_type)
    if asked is not None:
        decide(session, asked.id, hamlet.checker)
    session.flush()


def buy(session: Session, hamlet: Hamlet, amount: int = 8_000) -> Agreement:
    """Order timber, and have it approved and billed."""
    row = spending.request_spending(
        session,
        book=hamlet.books["A"],
        fund=fund(session, "A", "GEN"),
        request=spending.SpendingRequest(amount, "Timber", "The stage needs it"),
        made_by=hamlet.maker,
        now=NOW,
    )
    decide(session, open_request(session, "spending").id, hamlet.checker)
    bill(session, hamlet, row, amount)
    return row


def bill(session: Session, hamlet: Hamlet, row: Agreement, amount: int) -> None:
    spending.book_bill(
        session, spending_id=row.id, amount=amount, by=hamlet.maker, on=TODAY, now=NOW
    )


def pay(session: Session, hamlet: Hamlet, row: Agreement) -> None:
    for step in (spending.release_payment, spending.see_payment):
        step(
            session,
            spending_id=row.id,
            reference="1",
            by=hamlet.member,
            on=TODAY,
            now=NOW,
        )


def test_a_bill_is_undone_with_its_payment_and_can_be_booked_again(
    session: Session, hamlet: Hamlet
) -> None:
    row = buy(session, hamlet)
    pay(session, hamlet, row)
    entry = last(session, "spending_bill")
    plan = plan_of(session, book_id=entry.book_id, entry_id=entry.id)
    assert [event.kind for event in plan.events] == [
        "spending_clear",
        "spending_release",
        "spending_bill",
    ]
    assert not plan.needs_approval
    undone(session, hamlet, "spending_bill")
    assert (row.state, account(session, "A", 2110), account(session, "A", 1010)) == (
        "approved",
        0,
        500_000,
    )
    sound(session)
    # It is an event of its own when it is booked again, not the reversed one told twice.
    bill(session, hamlet, row, 7_500)
    assert account(session, "A", 2110) == -7_500
    pay(session, hamlet, row)
    assert account(session, "A", 1010) == 492_500
    sound(session)


def test_the_reason_stands_beside_each_reversal_and_in_no_hashed_row(
    session: Session, hamlet: Hamlet
) -> None:
    buy(session, hamlet)
    undone(session, hamlet, "spending_bill")
    reversal = session.scalars(select(Entry).where(Entry.reverses.is_not(None))).one()
    note = session.scalars(select(Annotation).where(Annotation.entry_id == reversal.id)).one()
    assert (note.text, note.made_by) == (REASON, hamlet.maker)
    with pytest.raises(Invalid, match="what was wrong"):
        undo.ask(
            session,
            book_id=reversal.book_id,
            entry_id=reversal.id,
            reason=" ",
            by=hamlet.maker,
            now=NOW,
        )


def test_what_two_agreed_to_two_undo_by_the_rule_of_what_is_undone(
    session: Session, hamlet: Hamlet
) -> None:
    buy(session, hamlet)
    choose_policy(
        session,
        book=hamlet.books["A"],
        key="approvals.spending",
        value="0:1,50:2",
        valid_from_on=TODAY,
        now=NOW,
        made_by=hamlet.maker,
    )
    asked = ask(session, hamlet, "spending_approve")
    assert asked is not None
    policy = rules_of(session, [asked.book_id], NOW)[asked.book_id]
    assert policy.bands_of("undo") == ONE
    assert policy.bands_of("spending") == read_bands("x", "0:1,50:2")
    assert needed_by(policy, asked.kind, asked.arguments, "USD") == 2
    assert needed_by(policy, asked.kind, {**asked.arguments, "amount": 4_999}, "USD") == 1
    decide(session, asked.id, hamlet.checker)
    assert asked.state == "open"
    assert account(session, "A", 2110) == -8_000


def test_a_request_that_more_rests_on_by_now_is_asked_again(
    session: Session, hamlet: Hamlet
) -> None:
    row = buy(session, hamlet)
    asked = ask(session, hamlet, "spending_approve")
    assert asked is not None
    pay(session, hamlet, row)
    with pytest.raises(Conflict, match="More has been booked"):
        decide(session, asked.id, hamlet.checker)


def give(session: Session, hamlet: Hamlet, amount: int = 9_000) -> Transfer:
    transfer = Transfer(fund(session, "A", "GEN"), fund(session, "B", "GEN"), amount, "for seeds")
    grant(
        session,
        transfer=transfer,
        on=TODAY,
        now=NOW,
        made_by=hamlet.maker,
        approved_by=hamlet.checker,
    )
    settle_grant(session, transfer=transfer, on=TODAY, now=NOW, made_by=hamlet.maker)
    return transfer


def test_what_two_books_hold_is_undone_in_both_at_once(session: Session, hamlet: Hamlet) -> None:
    give(session, hamlet)
    assert (account(session, "A", 1010), account(session, "B", 1010)) == (491_000, 509_000)
    undone(session, hamlet, "grant_made")
    for code in "AB":
        assert account(session, code, 1010) == 500_000
        assert account(session, code, 1300) == 0
    groups = session.scalars(select(Entry.transfer_group).where(Entry.reverses.is_not(None))).all()
    assert (len(groups), len(set(groups)), None in groups) == (4, 2, False)
    sound(session)


def test_money_that_was_spent_since_is_named_with_its_fund_and_what_is_missing(
    session: Session, hamlet: Hamlet
) -> None:
    """B got 90.00 and has spent all but 4.00 of what it has: 86.00 are missing."""
    give(session, hamlet)
    other = Transfer(
        fund(session, "B", "GEN"), fund(session, "C", "GEN"), 508_600, "nearly everything"
    )
    for move in (grant, settle_grant):
        more = {"approved_by": hamlet.checker} if move is grant else {}
        move(session, transfer=other, on=TODAY, now=NOW, made_by=hamlet.maker, **more)
    asked = undo.ask(
        session,
        book_id=hamlet.books["A"].id,
        entry_id=session.scalars(
            select(Entry.id).where(
                Entry.event_type == "grant_made", Entry.book_id == hamlet.books["A"].id
            )
        ).one(),
        reason=REASON,
        by=hamlet.maker,
        now=NOW,
    )
    assert asked is not None
    with pytest.raises(Conflict, match=r"86\.00 USD are missing") as refused:
        decide(session, asked.id, hamlet.checker)
    assert hamlet.books["B"].name in refused.value.message


def test_in_a_closed_period_it_is_dated_on_the_first_open_day(
    session: Session, hamlet: Hamlet
) -> None:
    buy(session, hamlet)
    soft_close(
        session,
        book=hamlet.books["A"],
        until=TODAY,
        reason="The month is checked",
        made_by=hamlet.maker,
        now=NOW + timedelta(days=1),
    )
    undone(session, hamlet, "spending_bill")
    reversal = session.scalars(select(Entry).where(Entry.reverses.is_not(None))).one()
    assert reversal.accounting_on == TODAY + timedelta(days=1)


def test_cash_is_undone_by_two_and_with_the_deposit_and_the_returned_cheque(
    session: Session, hamlet: Hamlet
) -> None:
    """Cheques of 250.00, 100.00 and 50.00 banked as 400.00; the first comes back, with 12.00."""
    book, general = hamlet.books["A"], fund(session, "A", "GEN")
    counts = [
        cash.record_cash(
            session,
            book=book,
            counted=cash.Counted(fund=general, amount=amount, reference=str(amount), on=TODAY),
            now=NOW,
            made_by=hamlet.maker,
        )
        for amount in (25_000, 10_000, 5_000)
    ]
    deposit = cash.bank_cash(
        session,
        book=book,
        counted=cash.Counted(fund=general, amount=40_000, reference="slip", on=TODAY),
        now=NOW,
        made_by=hamlet.maker,
        counts=counts,
    )

    def bounce() -> None:
        first = items_of(session, book_id=book.id, deposit_id=deposit)[0]
        assert first.amount == 25_000
        cash.bounce_cheque(
            session,
            cheque=cash.ReturnedCheque(entry_id=first.id, charge=1_200, amount=None),
            book=book,
            general_fund=general,
            by=hamlet.maker,
            on=TODAY,
            now=NOW,
        )

    bounce()
    assert account(session, "A", 1010) == 500_000 + 13_800
    assert (account(session, "A", 4091), account(session, "A", 6540)) == (25_000, 1_200)
    sound(session)
    # Called a mistake, the return is undone alone, and may be booked again as its own event.
    undone(session, hamlet, "cheque_bounced")
    assert (account(session, "A", 1010), account(session, "A", 4091)) == (540_000, 0)
    bounce()
    assert account(session, "A", 1010) == 513_800
    plan = plan_of(session, book_id=book.id, entry_id=counts[0])
    assert [event.kind for event in plan.events] == [
        "cheque_bounced",
        "cash_banked",
        "cash_received",
    ]
    assert plan.needs_approval
    asked = undo.ask(
        session, book_id=book.id, entry_id=counts[0], reason=REASON, by=hamlet.maker, now=NOW
    )
    assert asked is not None
    decide(session, asked.id, hamlet.checker)
    # The other two lie in the box again, for the deposit that held all three is undone.
    assert (account(session, "A", 1010), account(session, "A", 1030)) == (500_000, 15_000)
    sound(session)


def test_what_is_undone_once_is_not_undone_twice(session: Session, hamlet: Hamlet) -> None:
    buy(session, hamlet)
    entry = last(session, "spending_bill")
    undone(session, hamlet, "spending_bill")
    with pytest.raises(Conflict, match="already been reversed"):
        undo.ask(
            session,
            book_id=entry.book_id,
            entry_id=entry.id,
            reason=REASON,
            by=hamlet.maker,
            now=NOW,
        )
    reversal = session.scalars(select(Entry).where(Entry.reverses == entry.id)).one()
    with pytest.raises(Conflict, match="A reversal stays"):
        undo.ask(
            session,
            book_id=reversal.book_id,
            entry_id=reversal.id,
            reason=REASON,
            by=hamlet.maker,
            now=NOW,
        )
