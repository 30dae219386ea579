"""Things: counted in, valued by one and approved by another, lent and returned."""

from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from ledger.db import Session
from ledger.errors import Conflict, Invalid, NotAllowed, NotFound
from ledger.ids import new_id
from ledger.models.assets import Asset, AssetLoan, Intake, Valuation
from ledger.models.books import Book, Fund
from ledger.models.journal import Entry
from ledger.models.pledges import Pledge
from ledger.queries.books.books import fund_by_code
from ledger.queries.equipment.assets import assets_of, intakes_to_value, loans_out
from ledger.queries.pledges.pledges import open_quantity
from ledger.services.equipment import assets
from ledger.services.people.people import create_person, grant_role
from tests.conftest import NOW
from tests.factories import make_book, make_campaign, make_fund, make_party, make_pledge
from tests.worlds.hamlet import (
    TODAY,
    Hamlet,
    account,
    decide,
    fund,
    open_request,
    sound,
    text,
)

SOON = TODAY + timedelta(days=30)
Refusal = type[Invalid] | type[NotFound]


@pytest.fixture
def session(hamlet_session: Session) -> Session:
    return hamlet_session


def receive(
    session: Session,
    hamlet: Hamlet,
    quantity: int = 2,
    *,
    book: Book | None = None,
    fund: Fund | None = None,
    **changes: Any,
) -> Intake:
    """Count laptops into book A."""
    receipt = assets.Receipt("EQP.LAPTOP", quantity, "Old but good", "B", TODAY)
    return assets.receive_things(
        session,
        book=book or hamlet.books["A"],
        fund=fund or fund_by_code(session, hamlet.books["A"].id, "GEN"),
        receipt=replace(receipt, **changes),
        received_by=hamlet.member,
        now=NOW,
    )


def value(
    session: Session,
    hamlet: Hamlet,
    intake: Intake,
    *,
    valued_by: UUID | None = None,
    intake_id: UUID | None = None,
    **changes: Any,
) -> Valuation:
    """Propose 400.00 for each of two."""
    appraisal = assets.Appraisal("USD", 80_000, "comparable_sales", "Three offers", TODAY)
    return assets.propose_valuation(
        session,
        intake_id=intake_id or intake.id,
        appraisal=replace(appraisal, **changes),
        valued_by=valued_by or hamlet.maker,
        now=NOW,
    )


def lend(session: Session, hamlet: Hamlet, item: Asset, **changes: Any) -> AssetLoan:
    """Lend an item of A to B."""
    values: dict[str, Any] = {
        "asset_id": item.id,
        "borrower_id": hamlet.books["B"].id,
        "purpose": "Seed catalogue",
        "lent_on": TODAY,
        "due_on": SOON,
        "by": hamlet.member,
        "now": NOW,
    }
    return assets.lend(session, **(values | changes))


def give_back(session: Session, loan: AssetLoan, on: date = SOON) -> AssetLoan:
    """Take an item back."""
    return assets.return_thing(session, loan_id=loan.id, on=on, by=None, now=NOW)


def items(session: Session, hamlet: Hamlet) -> list[Asset]:
    """Return what A owns."""
    return list(assets_of(session, book_id=hamlet.books["A"].id).rows)


def test_things_are_counted_before_anybody_knows_their_value(
    session: Session, hamlet: Hamlet
) -> None:
    """The worked figures of event EQP-02."""
    receive(session, hamlet)
    assert text(session, "items_received") == (
        "A\n  GEN Dr 8210 2 EQP.LAPTOP\n  GEN Cr 8110 2 EQP.LAPTOP"
    )
    assert [(item.tag, item.state) for item in items(session, hamlet)] == [
        ("LAPTOP-1", "in_custody"),
        ("LAPTOP-2", "in_custody"),
    ]
    assert account(session, "A", 1510) == 0
    sound(session)


def test_tags_go_on_where_they_stopped(session: Session, hamlet: Hamlet) -> None:
    receive(session, hamlet, 2)
    receive(session, hamlet, 1)
    assert [item.tag for item in items(session, hamlet)] == ["LAPTOP-1", "LAPTOP-2", "LAPTOP-3"]


def test_tags_of_classes_that_begin_alike_differ(session: Session, hamlet: Hamlet) -> None:
    for commodity in ("EQP.PROJECTOR", "EQP.PROJECTOR_SCREEN"):
        receive(session, hamlet, 1, commodity=commodity)
    assert len({item.tag for item in items(session, hamlet)}) == 2


def test_a_tag_that_somebody_wrote_is_not_given_again(session: Session, hamlet: Hamlet) -> None:
    receive(session, hamlet, 2, tags=["LAPTOP-2"])
    receive(session, hamlet, 1)
    tags = [item.tag for item in items(session, hamlet)]
    assert "LAPTOP-2" in tags
    assert len(set(tags)) == 3
    for again in (["LAPTOP-2"], ["X", "X"]):
        with pytest.raises(Conflict) as refusal:
            receive(session, hamlet, len(again), tags=again)
        assert refusal.value.place == "tags"


def test_many_chairs_and_a_sack_of_cement_are_only_counted(
    session: Session, hamlet: Hamlet
) -> None:
    receive(session, hamlet, 51, commodity="EQP.CHAIR")
    receive(session, hamlet, 9000, commodity="GRM.CEMENT")
    assert items(session, hamlet) == []
    assert account(session, "A", 8210, "EQP.CHAIR") == 51
    sound(session)


WRONG = {
    "money": ({"commodity": "USD"}, "commodity"),
    "hours": ({"commodity": "MIN.ELEC"}, "commodity"),
    "none": ({"quantity": 0}, "quantity"),
    "less than none": ({"quantity": -1}, "quantity"),
    "too many": ({"quantity": 10_001}, "quantity"),
    "from tomorrow": ({"received_on": TODAY + timedelta(days=1)}, "received_on"),
    "in no condition": ({"condition": "F"}, "condition"),
    "in every condition": ({"condition": "AB"}, "condition"),
    "in an empty condition": ({"condition": ""}, "condition"),
    "into a fund of others": ({"fund": ("B", "GEN")}, "fund"),
    "into an agency fund": ({"fund": ("A", "HELD")}, "fund"),
}


@pytest.mark.parametrize(("change", "place"), WRONG.values(), ids=WRONG.keys())
def test_things_that_cannot_be_are_refused_by_name(
    session: Session, hamlet: Hamlet, change: dict[str, Any], place: str
) -> None:
    values = {"quantity": 1, **change}
    if "fund" in values:
        values["fund"] = fund(session, *values["fund"])
    with pytest.raises(Invalid) as refusal:
        receive(session, hamlet, **values)
    assert refusal.value.place == place
    assert session.scalar(select(func.count()).select_from(Intake)) == 0


@pytest.fixture
def promised(session: Session, hamlet: Hamlet) -> Pledge:
    """A pledge of one projector to the roof."""
    campaign = make_campaign(session, hamlet.books["A"], fund(session, "A", "ROOF"))
    return make_pledge(session, campaign, make_party(session), "EQP.PROJECTOR", 1)


def test_a_thing_for_a_pledge_makes_it_good(
    session: Session, hamlet: Hamlet, promised: Pledge
) -> None:
    receive(
        session,
        hamlet,
        1,
        commodity="EQP.PROJECTOR",
        pledge=promised,
        fund=fund(session, "A", "ROOF"),
    )
    assert (promised.state, open_quantity(session, promised)) == ("fulfilled", 0)
    assert account(session, "A", 9110, "EQP.PROJECTOR") == 0
    sound(session)


def test_a_second_one_for_the_same_pledge_is_a_gift(
    session: Session, hamlet: Hamlet, promised: Pledge
) -> None:
    receive(
        session,
        hamlet,
        2,
        commodity="EQP.PROJECTOR",
        pledge=promised,
        fund=fund(session, "A", "ROOF"),
    )
    assert promised.state == "over_fulfilled"
    assert account(session, "A", 8210, "EQP.PROJECTOR") == 2
    sound(session)


PLEDGES = {
    "of something else": ({"commodity": "EQP.LAPTOP"}, "pledge"),
    "to another community": ({"book": "B", "fund": ("B", "GEN")}, "pledge"),
    "for another fund": ({"fund": ("A", "GEN")}, "fund"),
}


@pytest.mark.parametrize(("change", "place"), PLEDGES.values(), ids=PLEDGES.keys())
def test_a_thing_is_refused_for_a_pledge(
    session: Session, hamlet: Hamlet, promised: Pledge, change: dict[str, Any], place: str
) -> None:
    values: dict[str, Any] = {
        "commodity": "EQP.PROJECTOR",
        "fund": ("A", "ROOF"),
        "pledge": promised,
        **change,
    }
    values["fund"] = fund(session, *values["fund"])
    if "book" in values:
        values["book"] = hamlet.books[values["book"]]
    with pytest.raises(Invalid) as refusal:
        receive(session, hamlet, 1, **values)
    assert refusal.value.place == place


def test_an_approved_value_is_booked_by_a_second_person(session: Session, hamlet: Hamlet) -> None:
    """The worked figures of event EQP-03."""
    intake = receive(session, hamlet)
    valuation = value(session, hamlet, intake)
    assert valuation.state == "proposed"
    assert account(session, "A", 1510) == 0
    approval_request = open_request(session, "valuation")
    assert (approval_request.title, approval_request.arguments["quantity"]) == (
        "Value of 2 laptop",
        80_000,
    )
    with pytest.raises(NotAllowed):
        decide(session, approval_request.id, hamlet.maker)
    decide(session, approval_request.id, hamlet.checker)
    assert text(session, "items_valued") == "A\n  GEN Dr 1510 80000 USD\n  GEN Cr 4110 80000 USD"
    assert (valuation.state, valuation.approved_by) == ("approved", hamlet.checker)
    assert intakes_to_value(session, book_id=hamlet.books["A"].id).rows == ()
    sound(session)


def test_a_low_value_is_used_up_at_once(session: Session, hamlet: Hamlet) -> None:
    """The worked figures of event EQP-04."""
    intake = receive(session, hamlet, 10, commodity="EQP.CHAIR")
    value(session, hamlet, intake, total=12_000)
    decide(session, open_request(session, "valuation").id, hamlet.checker)
    assert text(session, "items_valued") == "A\n  GEN Dr 5310 12000 USD\n  GEN Cr 4110 12000 USD"
    sound(session)


def test_a_rejected_value_books_nothing_and_another_can_be_proposed(
    session: Session, hamlet: Hamlet
) -> None:
    intake = receive(session, hamlet)
    valuation = value(session, hamlet, intake)
    with pytest.raises(Conflict):
        value(session, hamlet, intake)
    decide(session, open_request(session, "valuation").id, hamlet.checker, approve=False)
    assert valuation.state == "rejected"
    assert not text(session, "items_valued")
    (row,) = intakes_to_value(session, book_id=hamlet.books["A"].id).rows
    assert row.proposed is None
    value(session, hamlet, intake, total=70_000)
    decide(session, open_request(session, "valuation").id, hamlet.checker)
    assert account(session, "A", 1510) == 70_000
    with pytest.raises(Conflict):
        value(session, hamlet, intake)


def test_a_value_is_booked_on_the_day_the_things_came(session: Session, hamlet: Hamlet) -> None:
    """EQP-03: what was received is worth something from the day it was received."""
    intake = receive(session, hamlet, received_on=TODAY - timedelta(days=9))
    value(session, hamlet, intake)
    decide(session, open_request(session, "valuation").id, hamlet.checker)
    row = session.scalars(select(Entry).where(Entry.event_type == "items_valued")).one()
    assert row.accounting_on == TODAY - timedelta(days=9)


def test_who_gave_a_thing_approves_no_value_of_it(
    session: Session, hamlet: Hamlet, promised: Pledge
) -> None:
    giver = create_person(session, email="ada@example.org", name="Ada Hill", now=NOW)
    book = hamlet.books["A"]
    grant_role(session, person_id=giver.id, book_id=book.id, role="approver", now=NOW)
    intake = receive(
        session,
        hamlet,
        1,
        commodity="EQP.PROJECTOR",
        pledge=promised,
        fund=fund(session, "A", "ROOF"),
    )
    value(session, hamlet, intake)
    with pytest.raises(NotAllowed, match="gave"):
        decide(session, open_request(session, "valuation").id, giver.id)


def test_a_value_is_approved_once_and_never_by_who_proposed_it(
    session: Session, hamlet: Hamlet
) -> None:
    valuation = value(session, hamlet, receive(session, hamlet))
    approve = partial(
        assets.approve_valuation, session, valuation_id=valuation.id, on=TODAY, now=NOW
    )
    with pytest.raises(NotAllowed):
        approve(approved_by=hamlet.maker)
    approve(approved_by=hamlet.checker)
    with pytest.raises(Conflict):
        approve(approved_by=hamlet.checker)
    with pytest.raises(NotFound):
        approve(approved_by=hamlet.checker, valuation_id=new_id())


WRONG_VALUES = {
    "of nothing": ({"total": 0}, Invalid, "total"),
    "below nothing": ({"total": -1}, Invalid, "total"),
    "in a foreign currency": ({"currency": "EUR"}, Invalid, "currency"),
    "without evidence": ({"evidence": " "}, Invalid, "reason"),
    "of what is not there": ({"intake_id": new_id()}, NotFound, "intake"),
}


@pytest.mark.parametrize(
    ("change", "kind", "place"), WRONG_VALUES.values(), ids=WRONG_VALUES.keys()
)
def test_a_value_that_cannot_be_is_refused_by_name(
    session: Session, hamlet: Hamlet, change: dict[str, Any], kind: Refusal, place: str
) -> None:
    with pytest.raises(kind) as refusal:
        value(session, hamlet, receive(session, hamlet), **change)
    assert refusal.value.place == place


def test_a_loan_shows_in_both_books_and_moves_no_value(session: Session, hamlet: Hamlet) -> None:
    """The worked figures of event EQP-05."""
    receive(session, hamlet, 1)
    (item,) = items(session, hamlet)
    lend(session, hamlet, item)
    assert text(session, "item_lent") == (
        "A\n  GEN Dr 8220→B 1 EQP.LAPTOP\n  GEN Cr 8210 1 EQP.LAPTOP\n\n"
        "B\n  GEN Dr 8230→A 1 EQP.LAPTOP\n  GEN Cr 8235→A 1 EQP.LAPTOP"
    )
    assert item.state == "on_loan"
    (row,) = loans_out(session, book_id=hamlet.books["A"].id).rows
    assert (row.tag, row.lender, row.borrower, row.due_on) == ("LAPTOP-1", "A", "B", SOON)
    sound(session)


def test_a_returned_thing_is_back_in_one_place_and_can_go_again(
    session: Session, hamlet: Hamlet
) -> None:
    receive(session, hamlet, 1)
    (item,) = items(session, hamlet)
    give_back(session, lend(session, hamlet, item))
    assert item.state == "in_custody"
    for book, number in (("A", 8220), ("B", 8230), ("B", 8235)):
        assert account(session, book, number, "EQP.LAPTOP") == 0
    assert account(session, "A", 8210, "EQP.LAPTOP") == 1
    assert loans_out(session, book_id=hamlet.books["A"].id).rows == ()
    lend(session, hamlet, item, borrower_id=hamlet.books["C"].id, lent_on=SOON, due_on=SOON)
    sound(session)


def test_a_thing_is_lent_once_and_returned_once(session: Session, hamlet: Hamlet) -> None:
    receive(session, hamlet, 1)
    (item,) = items(session, hamlet)
    loan = lend(session, hamlet, item)
    with pytest.raises(Conflict, match="on loan"):
        lend(session, hamlet, item, borrower_id=hamlet.books["C"].id)
    give_back(session, loan)
    with pytest.raises(Conflict, match="This equipment has already been returned"):
        give_back(session, loan)
    sound(session)


def test_a_thing_returns_from_the_fund_that_borrowed_it(session: Session, hamlet: Hamlet) -> None:
    """A fund opened in between, first by its code, has nothing to return."""
    receive(session, hamlet, 1)
    (item,) = items(session, hamlet)
    loan = lend(session, hamlet, item)
    make_fund(session, hamlet.books["B"], "AAA")
    give_back(session, loan)
    assert account(session, "B", 8230, "EQP.LAPTOP", in_fund="AAA") == 0
    assert account(session, "B", 8230, "EQP.LAPTOP", in_fund="GEN") == 0
    sound(session)


WRONG_LOANS = {
    "to its owner": ({"borrower_id": "A"}, Invalid, "borrower"),
    "to nobody": ({"borrower_id": new_id()}, NotFound, "borrower"),
    "due before it goes": ({"due_on": TODAY - timedelta(days=1)}, Invalid, "due_on"),
    "before it came": ({"lent_on": TODAY - timedelta(days=1)}, Invalid, "lent_on"),
    "that is not there": ({"asset_id": new_id()}, NotFound, "asset"),
}


@pytest.mark.parametrize(("change", "kind", "place"), WRONG_LOANS.values(), ids=WRONG_LOANS.keys())
def test_a_loan_that_cannot_be_is_refused_by_name(
    session: Session, hamlet: Hamlet, change: dict[str, Any], kind: Refusal, place: str
) -> None:
    receive(session, hamlet, 1)
    (item,) = items(session, hamlet)
    values = dict(change)
    if values.get("borrower_id") == "A":
        values["borrower_id"] = hamlet.books["A"].id
    with pytest.raises(kind) as refusal:
        lend(session, hamlet, item, **values)
    assert refusal.value.place == place
    assert item.state == "in_custody"


def test_a_borrower_without_a_fund_of_its_own_is_named(session: Session, hamlet: Hamlet) -> None:
    receive(session, hamlet, 1)
    with pytest.raises(Invalid) as refusal:
        lend(
            session,
            hamlet,
            items(session, hamlet)[0],
            borrower_id=make_book(session, "EMPTY").id,
        )
    assert refusal.value.place == "borrower"


def test_a_thing_does_not_return_before_it_went_nor_from_nowhere(
    session: Session, hamlet: Hamlet
) -> None:
    receive(session, hamlet, 1)
    loan = lend(session, hamlet, items(session, hamlet)[0])
    with pytest.raises(Invalid) as refusal:
        give_back(session, loan, TODAY - timedelta(days=1))
    assert refusal.value.place == "returned_on"
    with pytest.raises(NotFound):
        assets.return_thing(session, loan_id=new_id(), on=SOON, by=None, now=NOW)
