"""Agreements: what cannot be agreed on, and steps taken once and never beyond what is left."""

from dataclasses import replace
from typing import Any

import pytest

from ledger.core.match_gifts import Terms
from ledger.db import Session
from ledger.errors import Conflict, Invalid, NotFound
from ledger.ids import new_id
from ledger.models.agreements import Agreement
from ledger.services.approvals.agreements import MoneyRequest
from ledger.services.books.books import ensure_commodity
from ledger.services.campaigns import matching_sponsors
from ledger.services.pools import lifecycle
from ledger.services.spending import expenses, grants, loans, spending
from tests.conftest import NOW
from tests.factories import make_book, make_fund, make_party
from tests.worlds.hamlet import (
    TODAY,
    Hamlet,
    account,
    decide,
    fund,
    open_request,
    sound,
)


def order(session: Session, hamlet: Hamlet, **changed: Any) -> Agreement:
    request = spending.SpendingRequest(8_000, "Timber", "The stage needs it")
    return spending.request_spending(
        session,
        book=hamlet.books["A"],
        fund=fund(session, "A", "GEN"),
        request=replace(request, **changed),
        made_by=hamlet.maker,
        now=NOW,
    )


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ({"amount": 0}, "amount"),
        ({"amount": -1}, "amount"),
        ({"title": "  "}, "title"),
        ({"reason": " \n"}, "reason"),
        ({"function": "fun"}, "function"),
    ],
)
def test_what_says_nothing_is_not_asked(
    hamlet_session: Session, hamlet: Hamlet, changed: dict[str, Any], place: str
) -> None:
    with pytest.raises(Invalid) as refused:
        order(hamlet_session, hamlet, **changed)
    assert refused.value.place == place


def loan(session: Session, hamlet: Hamlet, **changed: Any) -> Agreement:
    answers: dict[str, Any] = {
        "lender": hamlet.books["A"],
        "fund": fund(session, "A", "GEN"),
        "borrower": hamlet.books["B"],
        "borrower_fund": fund(session, "B", "GEN"),
        "request": MoneyRequest(9_000, "For the boiler", "Until spring"),
        "made_by": hamlet.maker,
        "now": NOW,
    }
    return loans.propose_loan(session, **answers | changed)


def test_a_loan_goes_to_another_community_of_the_same_currency(
    hamlet_session: Session, hamlet: Hamlet
) -> None:
    abroad = make_book(hamlet_session, "E", currency="EUR")
    for borrower, its_fund, sentence in (
        (hamlet.books["A"], fund(hamlet_session, "A", "ROOF"), "another community"),
        (abroad, make_fund(hamlet_session, abroad), "same currency"),
        (hamlet.books["B"], fund(hamlet_session, "C", "GEN"), "belongs to another book"),
    ):
        with pytest.raises(Invalid, match=sentence):
            loan(hamlet_session, hamlet, borrower=borrower, borrower_fund=its_fund)


def test_a_repayment_is_taken_once_and_never_above_what_is_lent(
    hamlet_session: Session, hamlet: Hamlet
) -> None:
    row = loan(hamlet_session, hamlet)
    decide(hamlet_session, open_request(hamlet_session, "loan").id, hamlet.checker)
    common: dict[str, Any] = {"loan_id": row.id, "by": hamlet.maker, "on": TODAY, "now": NOW}
    cash = account(hamlet_session, "B", 1010)
    for _ in range(2):
        loans.repay_loan(hamlet_session, amount=4_000, reference="1", **common)
    assert account(hamlet_session, "B", 1010) == cash - 4_000
    with pytest.raises(Conflict, match="with another amount"):
        loans.repay_loan(hamlet_session, amount=4_001, reference="1", **common)
    with pytest.raises(Conflict, match="This is more than the amount still on loan"):
        loans.repay_loan(hamlet_session, amount=5_001, reference="2", **common)
    with pytest.raises(Conflict, match="The fund does not have enough to spend this amount"):
        loans.repay_loan(hamlet_session, amount=600_000, reference="2", **common)
    loans.repay_loan(hamlet_session, amount=5_000, reference="2", **common)
    assert row.state == "repaid"
    sound(hamlet_session)


def test_a_step_takes_something(hamlet_session: Session, hamlet: Hamlet) -> None:
    row = order(hamlet_session, hamlet)
    decide(hamlet_session, open_request(hamlet_session, "spending").id, hamlet.checker)
    common: dict[str, Any] = {"spending_id": row.id, "by": hamlet.maker, "on": TODAY, "now": NOW}
    for amount in (0, -5):
        with pytest.raises(Invalid), hamlet_session.begin_nested():
            spending.book_bill(hamlet_session, amount=amount, **common)
    assert row.state == "approved"


def test_an_agreement_of_another_kind_is_not_found(hamlet_session: Session, hamlet: Hamlet) -> None:
    row = order(hamlet_session, hamlet)
    common: dict[str, Any] = {"by": hamlet.member, "on": TODAY, "now": NOW}
    for key in (row.id, new_id()):
        with pytest.raises(NotFound, match="This agreement does not exist"):
            expenses.reimburse(hamlet_session, expense_id=key, **common)


def test_what_nobody_asked_or_is_decided_is_not_decided(
    hamlet_session: Session, hamlet: Hamlet
) -> None:
    with pytest.raises(NotFound, match="This approval request does not exist"):
        decide(hamlet_session, new_id(), hamlet.checker)
    order(hamlet_session, hamlet)
    asked = open_request(hamlet_session, "spending")
    decide(hamlet_session, asked.id, hamlet.checker)
    for approve in (True, False):
        with pytest.raises(Conflict, match="This request has already been decided"):
            decide(hamlet_session, asked.id, hamlet.checker, approve=approve)


def test_a_grant_gives_no_more_than_it_is(hamlet_session: Session, hamlet: Hamlet) -> None:
    row = grants.award_grant(
        hamlet_session,
        book=hamlet.books["A"],
        fund=fund(hamlet_session, "A", "ROOF"),
        amount=10_000,
        title="City",
        by=hamlet.maker,
        on=TODAY,
        now=NOW,
    )
    common: dict[str, Any] = {"grant_id": row.id, "by": hamlet.maker, "on": TODAY, "now": NOW}
    with pytest.raises(Conflict, match="the amount awarded"):
        grants.receive_tranche(hamlet_session, amount=10_001, reference="1", **common)
    grants.receive_tranche(hamlet_session, amount=6_000, reference="1", **common)
    with pytest.raises(Conflict, match="the amount awarded"):
        grants.receive_tranche(hamlet_session, amount=4_001, reference="2", **common)
    with pytest.raises(Conflict, match="rest of the award"):
        grants.claim_grant(hamlet_session, amount=4_001, reference="2", **common)
    with pytest.raises(Conflict, match="rest of the advance"):
        grants.earn_grant(hamlet_session, amount=6_001, reference="3", **common)
    with pytest.raises(Conflict, match="rest of the advance"):
        grants.return_grant(hamlet_session, amount=6_001, reference="3", **common)
    grants.return_grant(hamlet_session, amount=6_000, reference="3", **common)
    with pytest.raises(Conflict, match="rest of the advance"):
        grants.return_grant(hamlet_session, amount=1, reference="4", **common)
    sound(hamlet_session)


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ({"basis_points": 0}, "basis_points"),
        ({"basis_points": 100_001}, "basis_points"),
        ({"per_gift": -1}, "per_gift"),
    ],
)
def test_terms_that_match_nothing_are_not_taken(
    hamlet_session: Session, hamlet: Hamlet, changed: dict[str, int], place: str
) -> None:
    answers: dict[str, Any] = {
        "book": hamlet.books["A"],
        "fund": fund(hamlet_session, "A", "ROOF"),
        "made_by": hamlet.maker,
        "now": NOW,
    }
    terms = Terms(up_to=1_000, basis_points=100_000, per_gift=0)
    offer = matching_sponsors.SponsorOffer(make_party(hamlet_session), terms, "Terms")
    row = matching_sponsors.propose_sponsor(hamlet_session, offer=offer, **answers)
    with pytest.raises(Conflict, match="These terms have not been approved"):
        matching_sponsors.match_gifts(
            hamlet_session,
            sponsor_id=row.id,
            gifts=100,
            reference="1",
            by=hamlet.maker,
            on=TODAY,
            now=NOW,
        )
    with pytest.raises(Invalid) as refused:
        matching_sponsors.propose_sponsor(
            hamlet_session,
            offer=replace(offer, terms=replace(terms, **changed)),
            **answers,
        )
    assert refused.value.place == place


def test_hours_are_not_due_at_once(hamlet_session: Session, hamlet: Hamlet) -> None:
    ensure_commodity(hamlet_session, "MIN.ELEC")
    row = lifecycle.propose_conditional(
        hamlet_session,
        pool=hamlet.books["P"],
        member=hamlet.books["B"],
        fund=fund(hamlet_session, "B", "GEN"),
        condition=lifecycle.Condition(quantity=60, commodity="MIN.ELEC", milestone="Wiring"),
        reason="As agreed",
        made_by=hamlet.maker,
        now=NOW,
    )
    with pytest.raises(Invalid, match="as they are worked"):
        lifecycle.reach_milestone(
            hamlet_session, allocation_id=row.id, by=hamlet.maker, on=TODAY, now=NOW
        )
