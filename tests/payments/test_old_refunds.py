"""Refunds of monthly gifts that an earlier version booked come off campaign and giver."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import cast

import pytest

from ledger.core import bookkeeping
from ledger.db import Database, Session
from ledger.gateway import PaymentGateway
from ledger.models.payments import BalanceTransaction, Cursor
from ledger.queries.invariants import check
from ledger.queries.pledges import figures
from ledger.services.books import journal
from ledger.services.books.seals import seal_all
from ledger.stripe.sync.payers import NAME, find_payers
from tests.conftest import NOW
from tests.queries.test_one_figure import Losses


@dataclass
class Stripe:
    """Says which charge a refund was of, and counts how often it is asked."""

    charges: dict[str, str]
    asked: list[str] = field(default_factory=list)

    def retrieve_refund(self, refund_id: str) -> SimpleNamespace:
        """Answer as the gateway does."""
        self.asked.append(refund_id)
        return SimpleNamespace(charge_id=self.charges.get(refund_id))


def old_refund(till: Losses, amount: int) -> BalanceTransaction:
    """A refund as it was booked when nothing but the fund was kept of it."""
    txn = till.movement(-amount, category="refund")
    journal.post(
        till.session,
        bookkeeping.refund_settled(
            book="A", fund="SOLAR", currency="USD", amount=amount, payment=txn.id
        ),
        event_type="refund_settled",
        source="stripe",
        external_ref=txn.id,
        accounting_on=NOW.date(),
        now=NOW,
    )
    row = till.row(txn.id)
    row.book_id, row.fund_id = till.book.id, till.solar.id
    row.outcome, row.posted_at = "refund_settled", NOW
    till.session.flush()
    return row


def received(session: Session) -> list[int]:
    """What campaign, giver and community have received."""
    till = session.info["till"]
    scopes = (
        figures.scope_of_campaign(till.campaign),
        figures.scope_of_giver([till.party.id]),
        figures.scope_of_book(till.book),
    )
    return [figures.figures(session, scope).of("USD").received for scope in scopes]


@pytest.mark.parametrize("known", [True, False])
def test_an_old_refund_comes_off_once_stripe_has_said_whose_it_was(
    db: Database, known: bool
) -> None:
    with db.transaction() as session:
        till = Losses(session)
        charge = till.monthly(2_000)
        refund = old_refund(till, 500)
        charge_id, refund_id = charge.source_id or "", refund.source_id or ""
        seal_all(session)
        session.info["till"] = till
        assert received(session) == [2_000, 2_000, 1_500]
    stripe = Stripe({refund_id: charge_id} if known else {})
    gateway = cast(PaymentGateway, stripe)
    assert find_payers(db, gateway) == int(known)
    with db.transaction() as session:
        session.info["till"] = till
        assert received(session) == ([1_500] * 3 if known else [2_000, 2_000, 1_500])
        assert [row for row in check(session) if not row.ok] == []
        assert session.get_one(Cursor, NAME).at == refund.created_at
    # Each is asked about once.
    assert find_payers(db, gateway) == 0
    assert stripe.asked == [refund_id]
