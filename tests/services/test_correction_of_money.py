"""A correction of the fund moves the money where it is now, not where it came in."""

from uuid import UUID

import pytest

from ledger.db import Session
from ledger.queries.invariants import check
from ledger.queries.payments.payments import payout_funds
from ledger.services.accounting import corrections
from ledger.services.banking import matching
from tests.conftest import NOW
from tests.factories import make_person
from tests.services.test_deposits import Box
from tests.services.undone import shared_db_fixture, undone_fixture  # noqa: F401
from tests.worlds.bank_hall import Hall


class Office(Box):
    """A till whose entries are corrected."""

    def correct(self, entry_id: UUID) -> UUID:
        by, approver = (
            make_person(self.session, name, self.book, "treasurer").id for name in ("T", "A")
        )
        return corrections.apply_correction(
            self.session, book_id=self.book.id, entry_id=entry_id, fund_map={"SOLAR": "GEN"},
            on=NOW.date(), now=NOW, made_by=by, approved_by=approver,
        )  # fmt: skip

    def of(self, account: int) -> tuple[int, int]:
        return self.balance(account, "SOLAR"), self.balance(account, "GEN")

    def sound(self) -> None:
        assert [row for row in check(self.session) if not row.ok] == []


@pytest.fixture
def office(undone: Session) -> Office:
    return Office(undone)


def test_cash_in_the_box_changes_its_fund_in_the_box(office: Office) -> None:
    entry_id = office.count(18_900, "c")
    office.correct(entry_id)
    assert (office.of(1030), office.of(1010), office.of(4010)) == (
        (0, 18_900), (0, 0), (0, -18_900),
    )  # fmt: skip
    office.sound()


def test_banked_cash_changes_its_fund_on_the_bank(office: Office) -> None:
    """Other cash is in the box: it is not touched."""
    entry_id = office.count(18_900, "c")
    office.bank(18_900, entry_id)
    office.count(30_000, "other")
    office.correct(entry_id)
    assert (office.of(1030), office.of(1010)) == ((30_000, 0), (0, 18_900))
    office.sound()


def test_a_corrected_cheque_bounces_in_the_fund_it_is_in(office: Office) -> None:
    entry_id = office.count(18_900, "c")
    deposit = office.bank(18_900, entry_id)
    office.correct(entry_id)
    (item,) = office.items(deposit)
    office.bounce(item.id)
    assert (office.of(1030), office.of(1010), office.of(4091)) == ((0, 0), (0, 0), (0, 18_900))


def test_a_charge_on_the_stripe_balance_changes_its_fund_there(office: Office) -> None:
    office.charge(6000, 204)
    (entry_id,) = office.entries("payment_settled")
    office.correct(entry_id)
    assert (office.of(1110), office.of(1120)) == ((0, 5796), (0, 0))
    office.sound()


def test_a_charge_that_is_on_its_way_changes_its_fund_in_the_payout(office: Office) -> None:
    card = office.charge(6000, 204)
    payout = office.payout(5796, card.stripe_txn_id)
    (entry_id,) = office.entries("payment_settled")
    office.correct(entry_id)
    assert (office.of(1110), office.of(1120)) == ((0, 0), (0, 5796))
    # When it arrives, it arrives in the right fund.
    assert {k: v for k, v in payout_funds(office.session, payout.id).items() if v} == {"GEN": 5796}
    office.sound()


def test_a_payout_that_has_arrived_changes_the_bank(office: Office) -> None:
    card = office.charge(6000, 204)
    payout = office.payout(5796, card.stripe_txn_id)
    hall = Hall.__new__(Hall)
    hall.session, hall.book = office.session, office.book
    hall.put_statement()
    hall.statement.closing = 5796
    line = hall.line(5796, "STRIPE")
    matching.match_payout(office.session, line_id=line.id, payout_id=payout.id, by=None, now=NOW)
    (entry_id,) = office.entries("payment_settled")
    office.correct(entry_id)
    assert (office.of(1110), office.of(1120), office.of(1010)) == ((0, 0), (0, 0), (0, 5796))
    office.sound()
