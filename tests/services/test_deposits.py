"""A deposit is made of items: one that bounces takes back its own amount and opens its pledge."""

from uuid import UUID

import pytest
from sqlalchemy import select

from ledger.core.pledge_sentences import Status
from ledger.core.vocabulary import LegalNature
from ledger.db import Session
from ledger.errors import Conflict, Invalid
from ledger.models.campaigns import Campaign
from ledger.models.deposits import DepositItem
from ledger.models.pledges import Pledge
from ledger.queries.banking.deposits import banked, counted, items_of
from ledger.queries.invariants import check
from ledger.queries.people.people import outbox
from ledger.queries.pledges.figures import figures, scope_of_campaign
from ledger.queries.pledges.pledge_status import standings_of
from ledger.queries.pledges.pledges import open_quantity
from ledger.services.banking import cash
from ledger.services.pledges import pledges
from tests.conftest import NOW
from tests.factories import make_person
from tests.services.undone import shared_db_fixture, undone_fixture  # noqa: F401
from tests.worlds.till import Till

TODAY = NOW.date()


class Box(Till):
    """A till with a cash box."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.treasurer = make_person(session, "Tess Till", self.book, "treasurer").id

    def count(self, amount: int, name: str, pledge: Pledge | None = None) -> UUID:
        return cash.record_cash(
            self.session,
            book=self.book,
            counted=cash.Counted(fund=self.solar, amount=amount, reference=name, on=TODAY),
            now=NOW,
            made_by=None,
            pledge=pledge,
        )

    def bank(self, amount: int, *counts: UUID, name: str = "b") -> UUID:
        return cash.bank_cash(
            self.session,
            book=self.book,
            counted=cash.Counted(fund=self.solar, amount=amount, reference=name, on=TODAY),
            now=NOW,
            made_by=None,
            counts=counts,
        )

    def bounce(self, key: UUID, charge: int = 0, amount: int | None = None) -> UUID:
        return cash.bounce_cheque(
            self.session,
            cheque=cash.ReturnedCheque(entry_id=key, charge=charge, amount=amount),
            book=self.book,
            general_fund=self.general,
            by=self.treasurer,
            on=TODAY,
            now=NOW,
        )

    def items(self, deposit: UUID) -> list[DepositItem]:
        return items_of(self.session, book_id=self.book.id, deposit_id=deposit)

    def sound(self) -> None:
        assert [row for row in check(self.session) if not row.ok] == []


def received_of(box: Box, pledge: Pledge) -> int:
    """What the campaign of a pledge has received of its currency."""
    campaign = box.session.get_one(Campaign, pledge.campaign_id)
    found = figures(box.session, scope_of_campaign(campaign))
    return found.of(pledge.commodity).received


@pytest.fixture
def box(undone: Session) -> Box:
    return Box(undone)


@pytest.fixture
def deposit(box: Box) -> tuple[Pledge, UUID]:
    """A cheque of 300.00 for a pledge and loose cash, banked together: 381.25."""
    pledge = box.pledge(30_000)
    cheque = box.count(30_000, "cheque", pledge)
    loose = box.count(8_125, "cash")
    return pledge, box.bank(38_125, cheque, loose)


def test_a_cheque_that_bounces_takes_back_its_own_amount_and_opens_its_pledge(
    box: Box, deposit: tuple[Pledge, UUID]
) -> None:
    pledge, banked_entry = deposit
    assert (pledge.state, box.balance(1010), box.balance(1030)) == ("fulfilled", 38_125, 0)
    assert received_of(box, pledge) == 30_000
    cheque, _loose = box.items(banked_entry)
    box.bounce(cheque.id, charge=1_200)
    assert (box.balance(1010), box.balance(4091), box.balance(6540)) == (6_925, 30_000, 1_200)
    assert (pledge.state, open_quantity(box.session, pledge)) == ("open", 30_000)
    assert box.balance(9110) == 30_000
    assert received_of(box, pledge) == 0
    found = standings_of(box.session, pledge_ids=[pledge.id], now=NOW)[pledge.id]
    assert found.status is Status.PAYMENT_RETURNED
    assert "so $300.00 is open again" in outbox(box.session)[0].body
    box.sound()


def test_the_rest_of_the_deposit_stays_and_can_bounce_by_itself(
    box: Box, deposit: tuple[Pledge, UUID]
) -> None:
    _pledge, banked_entry = deposit
    cheque, loose = box.items(banked_entry)
    box.bounce(cheque.id)
    left = [row.amount for row in banked(box.session, book_id=box.book.id)]
    assert left == [8_125]
    box.bounce(loose.id)
    assert box.balance(1010) == 0
    assert banked(box.session, book_id=box.book.id) == []
    box.sound()


def test_what_pays_a_promise_that_is_owed_is_owed_again(box: Box) -> None:
    pledge = pledges.make_promise(
        box.session,
        promised=pledges.Promised(
            party=box.party,
            book=box.book,
            fund=box.solar,
            quantity=10_000,
            legal_nature=LegalNature.UNCONDITIONAL,
        ),
        on=TODAY,
        now=NOW,
    )
    box.bank(15_000, box.count(15_000, "c", pledge))
    assert pledge.state == "over_fulfilled"
    (item,) = banked(box.session, book_id=box.book.id)
    before = box.balance(1210)
    box.bounce(item.id)
    assert (box.balance(1210) - before, box.balance(4091)) == (10_000, 5_000)
    assert (pledge.state, open_quantity(box.session, pledge)) == ("open", 10_000)


def test_a_pledge_that_was_given_up_meanwhile_stays_so_and_says_what_went_back(box: Box) -> None:
    pledge = box.pledge(10_000)
    box.bank(4_000, box.count(4_000, "c", pledge))
    pledges.cancel_pledge(box.session, pledge_id=pledge.id, on=TODAY, now=NOW)
    (item,) = banked(box.session, book_id=box.book.id)
    box.bounce(item.id)
    assert pledge.state == "cancelled"
    found = standings_of(box.session, pledge_ids=[pledge.id], now=NOW)[pledge.id]
    assert (found.status, found.facts.kept) == (Status.REFUNDED, 0)
    box.sound()


def test_where_nothing_is_named_the_counts_that_fit_are_taken(box: Box) -> None:
    first, second, third = (box.count(n, str(n)) for n in (5_000, 30_000, 2_000))
    exact = box.items(box.bank(30_000))
    assert [one.count_entry_id for one in exact] == [second]
    rest = box.items(box.bank(5_500, name="b2"))
    assert [(one.count_entry_id, one.amount) for one in rest] == [(first, 5_000), (None, 500)]
    assert [one.id for one in counted(box.session, book_id=box.book.id)] == [third]


def test_a_count_goes_to_the_bank_once_and_no_deposit_is_less_than_its_counts(box: Box) -> None:
    first = box.count(5_000, "1")
    box.count(5_000, "2")
    with pytest.raises(Invalid, match="more than the deposit"):
        box.bank(4_000, first)


def test_a_deposit_of_several_asks_which_and_of_before_how_much(
    box: Box, deposit: tuple[Pledge, UUID]
) -> None:
    _pledge, banked_entry = deposit
    with pytest.raises(Conflict, match="several items"):
        box.bounce(banked_entry)
    # As in books of before: nobody noted what the deposit was made of.
    for row in box.session.scalars(select(DepositItem)):
        box.session.delete(row)
    box.session.flush()
    with pytest.raises(Invalid, match="This is more than what is left of the deposit"):
        box.bounce(banked_entry, amount=38_126)
    box.bounce(banked_entry, amount=30_000)
    assert box.balance(1010) == 8_125
