"""Every service that takes an account's number accepts what fits, and nothing else."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from ledger.core.accounts import CHART
from ledger.core.fitting_accounts import Use, fits
from ledger.core.states import AgreementState
from ledger.db import Session
from ledger.errors import Invalid
from ledger.models.agreements import Agreement
from ledger.models.approval_requests import ApprovalRequest
from ledger.models.books import Book, Fund
from ledger.queries.invariants import check
from ledger.services.accounting import opening_balances
from ledger.services.approvals import decisions
from ledger.services.spending import spending
from ledger.services.statements import statements
from tests.conftest import NOW
from tests.factories import make_book, make_fund, make_person
from tests.services.test_statements import file_of, statement

EQUIPMENT = opening_balances.Balance(1510, "GEN", "USD", 9000)


@pytest.fixture
def place(session: Session) -> tuple[Book, Fund]:
    book = make_book(session)
    return book, make_fund(session, book)


def accepted(ask: Callable[[int], object]) -> set[int]:
    """The accounts of the chart that are not refused."""
    found = set()
    for account in CHART:
        try:
            ask(account.number)
        except Invalid as refusal:
            if "account" not in (refusal.place or ""):
                raise
        else:
            found.add(account.number)
    return found


def fitting(use: Use) -> set[int]:
    return {account.number for account in CHART if fits(use, account)}


def ask_spending(
    session: Session, book: Book, fund: Fund, account: int, title: str = "X"
) -> Agreement:
    return spending.request_spending(
        session,
        book=book,
        fund=fund,
        request=spending.SpendingRequest(
            amount=500, title=title, reason="Because", account=account
        ),
        made_by=make_person(session, f"Tess {account}", book, "treasurer").id,
        now=NOW,
    )


def test_spending_is_asked_on_what_is_bought(session: Session, place: tuple[Book, Fund]) -> None:
    book, fund = place
    assert accepted(lambda number: ask_spending(session, book, fund, number)) == fitting(
        Use.SPENDING
    )


def test_spending_that_was_asked_on_a_release_before_is_not_agreed_to_but_can_be_withdrawn(
    session: Session, place: tuple[Book, Fund]
) -> None:
    book, fund = place
    row = ask_spending(session, book, fund, 5110)
    row.terms = {**row.terms, "account": 5910}
    session.flush()
    by = make_person(session, "Ada", book, "approver").id
    asked = session.scalars(select(ApprovalRequest).where(ApprovalRequest.kind == "spending")).one()
    with pytest.raises(Invalid, match="what is bought"):
        decisions.decide(
            session, request_id=asked.id, approve=True, decided_by=by, note="", now=NOW
        )
    row.state = AgreementState.APPROVED
    with pytest.raises(Invalid, match="what is bought"):
        spending.book_bill(session, spending_id=row.id, amount=500, by=by, on=NOW.date(), now=NOW)
    spending.cancel_spending(session, spending_id=row.id, by=by, on=NOW.date(), now=NOW)
    assert row.state == "cancelled"


def test_a_statement_is_kept_for_a_bank_account(session: Session, place: tuple[Book, Fund]) -> None:
    book, _fund = place
    file = file_of(statement("S", 0, 1, 2))
    assert accepted(
        lambda number: statements.preview_statement(session, book=book, account=number, file=file)
    ) == fitting(Use.BANK_STATEMENT)


def test_a_book_opens_with_what_its_rules_can_go_on_with(
    session: Session, place: tuple[Book, Fund]
) -> None:
    """All that is accepted is booked, and no invariant is broken by it."""
    book, _fund = place
    by = make_person(session, "Tess", book, "treasurer").id
    approver = make_person(session, "Ada", book, "approver").id
    balances = []

    def propose(*rows: opening_balances.Balance) -> ApprovalRequest:
        return opening_balances.propose_opening(
            session, book=book, balances=rows, reason="Old books", made_by=by, now=NOW
        )

    def one(number: int) -> None:
        unit, quantity = ("USD", -10 if number // 1000 == 2 or number in (1518, 1519) else 10)
        unit = {8210: "EQP.DRILL", 8250: "GRM.SAND"}.get(number, unit)
        row = opening_balances.Balance(number, "GEN", unit, quantity)
        propose(row)
        balances.append(row)

    assert accepted(one) == fitting(Use.OPENING)
    asked = propose(*balances, EQUIPMENT)
    decisions.decide(
        session, request_id=asked.id, approve=True, decided_by=approver, note="", now=NOW
    )
    assert [result for result in check(session) if not result.ok] == []
