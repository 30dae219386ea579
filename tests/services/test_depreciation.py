"""A plan for one item wears that item alone, though others were valued with it."""

from datetime import date
from uuid import UUID

import pytest
from sqlalchemy import select

from ledger.db import Session
from ledger.errors import Conflict
from ledger.models.approval_requests import ApprovalRequest
from ledger.models.assets import Asset, Valuation
from ledger.queries.books.balances import balance_of
from ledger.queries.invariants import check
from ledger.services.approvals import decisions
from ledger.services.books.books import ensure_commodity
from ledger.services.equipment import assets, depreciation
from ledger.services.equipment.disposals import carrying
from tests.conftest import NOW
from tests.factories import make_book, make_fund, make_person

FIRST = date(2026, 9, 1)


class Room:
    """A community with three laptops that were valued together at 1,200.00."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.book = make_book(session)
        fund = make_fund(session, self.book)
        ensure_commodity(session, "EQP.LAPTOP")
        self.by = make_person(session, "Tess", self.book, "treasurer").id
        approver = make_person(session, "Ada", self.book, "approver").id
        intake = assets.receive_things(
            session, book=self.book, fund=fund, received_by=self.by, now=NOW,
            receipt=assets.Receipt("EQP.LAPTOP", 3, "Laptops", "B", FIRST),
        )  # fmt: skip
        assets.propose_valuation(
            session, intake_id=intake.id, valued_by=self.by, now=NOW,
            appraisal=assets.Appraisal("USD", 120_000, "price_list", "A list", FIRST),
        )  # fmt: skip
        asked = session.scalars(
            select(ApprovalRequest).where(ApprovalRequest.kind == "valuation")
        ).one()
        decisions.decide(
            session, request_id=asked.id, approve=True, decided_by=approver, note="", now=NOW
        )
        self.valuation: UUID = session.scalars(select(Valuation.id)).one()
        self.items = list(session.scalars(select(Asset).order_by(Asset.tag)))

    def plan(self, item: Asset | None, months: int = 48) -> None:
        depreciation.start_wear(
            self.session, valuation_id=self.valuation, months=months, first=FIRST, by=self.by,
            now=NOW, asset_id=item.id if item else None,
        )  # fmt: skip

    def month(self) -> int:
        depreciation.book_wear(self.session, book_id=self.book.id, month=FIRST, by=None, now=NOW)
        return -balance_of(self.session, book_id=self.book.id, accounts=[1519])["USD"]

    def worth(self) -> list[int]:
        return [carrying(self.session, item) for item in self.items]


@pytest.fixture
def room(session: Session) -> Room:
    return Room(session)


def test_one_laptop_wears_alone(room: Room) -> None:
    room.plan(room.items[0])
    assert room.month() == 833
    assert room.worth() == [39_167, 40_000, 40_000]
    assert [row for row in check(room.session) if not row.ok] == []


def test_each_can_have_a_plan_of_its_own_and_the_rest_one_together(room: Room) -> None:
    room.plan(room.items[0], 40)
    room.plan(None, 80)
    # 400.00 over 40 months and 800.00 over 80.
    assert room.month() == 1_000 + 1_000
    assert room.worth() == [39_000, 39_500, 39_500]
    for item in room.items:
        with pytest.raises(Conflict, match="This equipment already has a depreciation plan"):
            room.plan(item)


def test_an_item_that_is_taken_out_of_its_own_plan_ends_it(room: Room) -> None:
    room.plan(room.items[0])
    room.plan(room.items[1])
    assert room.month() == 2 * 833
    assert depreciation.take_out(room.session, room.items[0], now=NOW) == 833
    assert room.worth()[1:] == [39_167, 40_000]


def test_a_plan_for_all_leaves_out_nothing_and_nobody_twice(room: Room) -> None:
    room.plan(None)
    assert room.month() == 2_500
    with pytest.raises(Conflict, match="This equipment already has a depreciation plan"):
        room.plan(None)
