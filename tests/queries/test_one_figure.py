"""What a lost dispute, a returned debit and the refund of a monthly gift take away is taken from
every figure: of the campaign, the giver, the community and the pool."""

from typing import Any

import pytest
from sqlalchemy import select

from ledger.db import Session
from ledger.models.journal import Posting
from ledger.models.payments import BalanceTransaction
from ledger.models.pledges import Pledge
from ledger.queries.campaigns import campaigns
from ledger.queries.pledges import figures
from ledger.services.books.books import ensure_commodity
from ledger.services.books.seals import seal_all
from ledger.services.payments import disputes, payments, recurring, refund_settlement
from ledger.services.pledges.pledges import PledgeRequest, make_pledges
from tests.conftest import NOW
from tests.factories import make_pledge
from tests.services.undone import shared_db_fixture, undone_fixture  # noqa: F401
from tests.worlds.till import Till

# 60.00 disputed and lost, 200.00 returned, 5.00 of 20.00 refunded; 100.00 stays.
KEPT = 10_000 + 2_000 - 500


class Losses(Till):
    """A till in which all that can be taken back is taken back."""

    def dispute(self, charge: BalanceTransaction) -> None:
        """Open a dispute of all of a charge."""
        txn = self.movement(-charge.amount, 1500, category="dispute", kind="adjustment")
        disputes.settle_dispute(
            self.session, txn_id=txn.id, charge_id=charge.source_id or "", now=NOW
        )

    def debit_back(self, charge: BalanceTransaction) -> None:
        """Have a bank take a debit back."""
        txn = self.movement(
            -charge.amount, 400, category="charge_failure", kind="payment_failure_refund"
        )
        refund_settlement.settle_return(
            self.session, txn_id=txn.id, charge_id=charge.source_id or "", now=NOW
        )

    def foreign(self, *, paid: int, settled: int) -> Pledge:
        """A pledge in euros, settled in the book's own money."""
        pledge = self._in_euros(paid)
        txn = self.movement(settled)
        payments.settle_charge(self.session, txn_id=txn.id, pledge_id=pledge.id, paid=paid, now=NOW)
        return pledge

    def own_currency(self, commodity: str, amount: int) -> None:
        """A pledge in euros, which stay euros."""
        txn = self.movement(amount, currency=commodity)
        payments.settle_charge(
            self.session, txn_id=txn.id, pledge_id=self._in_euros(amount).id, now=NOW
        )

    def _in_euros(self, amount: int) -> Pledge:
        ensure_commodity(self.session, "EUR")
        self.campaign.currencies = "EUR"
        return make_pledge(self.session, self.campaign, self.party, "EUR", amount)

    def monthly(self, amount: int) -> BalanceTransaction:
        """One payment of a monthly gift."""
        basket = make_pledges(
            self.session,
            campaign=self.campaign,
            party=self.party,
            request=PledgeRequest(
                lines=[], form_key="monthly", message="", consent="initials", besides=True
            ),
            now=NOW,
        )
        gift = recurring.begin(
            self.session,
            campaign=self.campaign,
            party=self.party,
            basket=basket,
            amount=amount,
            every="month",
            now=NOW,
        )
        txn = self.movement(amount, 88)
        recurring.settle_recurring(self.session, txn_id=txn.id, gift_id=gift.id, now=NOW)
        return self.row(txn.id)


@pytest.fixture(params=["waiting", "sealed"])
def losses(undone: Session, request: pytest.FixtureRequest) -> Losses:
    till = Losses(undone)
    till.charge(10_000, 320)
    till.dispute(till.charge(6_000, 204))
    till.debit_back(till.charge(20_000, 160))
    till.refund(till.monthly(2_000), 500)
    if request.param == "sealed":
        seal_all(undone)
    return till


def test_the_campaign_has_received_what_is_left(losses: Losses) -> None:
    assert _money(losses).received == KEPT


@pytest.mark.parametrize("whose", ["everything", "community", "campaign", "fund", "giver"])
def test_every_scope_has_received_the_same(losses: Losses, whose: str) -> None:
    scope: Any = {
        "everything": figures.Scope(),
        "community": figures.scope_of_book(losses.book),
        "campaign": figures.scope_of_campaign(losses.campaign),
        "fund": figures.scope_of_fund(losses.solar),
        "giver": figures.scope_of_giver([losses.party.id]),
    }[whose]
    assert figures.figures(losses.session, scope).of("USD").received == KEPT
    assert figures.figures(losses.session, scope).of("USD").promised == 20_000


def test_legs_that_take_money_back_name_campaign_and_giver(losses: Losses) -> None:
    legs = losses.session.scalars(
        select(Posting).where(Posting.account.in_((4020, 4090, 4091, 4092)))
    ).all()
    assert len(legs) == 4
    assert {leg.campaign for leg in legs} == {losses.campaign.slug}
    assert len({leg.party for leg in legs}) == 1
    assert None not in {leg.party for leg in legs}


def test_a_dispute_that_is_won_counts_again(losses: Losses) -> None:
    charge = losses.charge(3_000, 117)
    losses.dispute(charge)
    scope = figures.scope_of_campaign(losses.campaign)
    assert figures.figures(losses.session, scope).of("USD").received == KEPT
    txn = losses.movement(3_000, category="dispute_reversal", kind="adjustment")
    disputes.settle_dispute(
        losses.session, txn_id=txn.id, charge_id=charge.source_id or "", now=NOW
    )
    assert figures.figures(losses.session, scope).of("USD").received == KEPT + 3_000


def test_a_pledge_of_another_currency_counts_with_what_was_settled(losses: Losses) -> None:
    losses.foreign(paid=5_000, settled=5_412)
    need = _money(losses)
    assert (need.received, need.approximate) == (KEPT + 5_412, False)


def test_money_that_stays_in_another_currency_counts_at_the_last_rate(losses: Losses) -> None:
    """It was fulfilled and its campaign stayed where it was."""
    pledge = losses.foreign(paid=5_000, settled=5_412)
    losses.own_currency(pledge.commodity, 10_000)
    need = _money(losses)
    assert (need.received, need.approximate) == (KEPT + 5_412 + 10_824, True)


def test_money_in_another_currency_without_a_rate_is_shown_beside(losses: Losses) -> None:
    losses.own_currency("EUR", 5_000)
    need = _money(losses)
    assert (need.received, need.approximate) == (KEPT, False)
    assert need.uncounted == (("EUR", 5_000),)


def _money(losses: Losses) -> campaigns.Progress:
    rows = campaigns.progress(losses.session, campaign_id=losses.campaign.id)
    return next(row for row in rows if row.commodity == "USD")
