"""A till with Stripe's movements in it: what the tests of payments start from.

Movements are made as the gateway hands them over, so that nothing but figures is invented.
"""

from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from ledger.db import Session
from ledger.gateway import BalanceTransaction, Payout
from ledger.models.books import Book, Fund
from ledger.models.campaigns import Campaign
from ledger.models.journal import Entry
from ledger.models.payments import BalanceTransaction as Row
from ledger.models.pledges import Pledge
from ledger.queries.books.balances import trial_balance
from ledger.services.payments import payments, refund_settlement
from ledger.services.stripe_balance import balance_transactions, payouts
from tests import journal_text
from tests.conftest import NOW
from tests.factories import make_book, make_campaign, make_fund, make_party, make_pledge

__all__ = ["Till", "journal_text"]


class Till:
    """A book with a purpose fund and a general one, a campaign, and a pledge of 60.00."""

    def __init__(self, session: Session, code: str = "A", currency: str = "USD") -> None:
        self.session = session
        self.code = code
        self.currency = currency
        self.book: Book = make_book(session, code, currency=currency)
        self.general: Fund = make_fund(session, self.book)
        self.solar: Fund = make_fund(session, self.book, "SOLAR", "purpose")
        self.campaign: Campaign = make_campaign(
            session, self.book, self.solar, slug=f"s-{code.lower()}"
        )
        self.party = make_party(session)
        self.seconds = 0

    def pledge(self, quantity: int = 6000) -> Pledge:
        """A further pledge of money."""
        return make_pledge(self.session, self.campaign, self.party, self.currency, quantity)

    def movement(
        self,
        amount: int,
        fee: int = 0,
        *,
        category: str = "charge",
        kind: str | None = None,
        source: str = "",
        currency: str = "",
    ) -> BalanceTransaction:
        """A movement of the Stripe balance, kept but not posted."""
        self.seconds += 1
        name = f"{self.code}{self.seconds:04d}"
        txn = BalanceTransaction(
            id=f"txn_{name}",
            livemode=False,
            kind=kind or category,
            reporting_category=category,
            amount=amount,
            fee=fee,
            net=amount - fee,
            currency=currency or self.currency,
            source_id=source or f"{category[:2]}_{name}",
            created_at=NOW + timedelta(seconds=self.seconds),
            available_on=NOW.date() + timedelta(days=2),
            body={},
        )
        assert balance_transactions.store_transaction(self.session, txn=txn)
        return txn

    def charge(self, amount: int = 6000, fee: int = 204, pledge: Pledge | None = None) -> Row:
        """A charge that is in the books."""
        txn = self.movement(amount, fee)
        paid = pledge or self.pledge(amount)
        payments.settle_charge(self.session, txn_id=txn.id, pledge_id=paid.id, now=NOW)
        return self.row(txn.id)

    def refund(self, charge: Row, amount: int) -> Row:
        """A refund that is in the books."""
        txn = self.movement(-amount, category="refund")
        refund_settlement.settle_refund(
            self.session, txn_id=txn.id, charge_id=charge.source_id or "", now=NOW
        )
        return self.row(txn.id)

    def payout(self, amount: int, *contained: str, status: str = "paid") -> Payout:
        """A payout that is in the books."""
        txn = self.movement(-amount, category="payout", source=f"po_{self.code}{self.seconds}")
        found = self.as_payout(txn, status)
        payouts.settle_payout(
            self.session, txn_id=txn.id, payout=found, contained=contained, now=NOW
        )
        return found

    def as_payout(self, txn: BalanceTransaction, status: str = "paid") -> Payout:
        """What Stripe says of the payout that made a movement."""
        return Payout(
            id=txn.source_id or "",
            amount=-txn.amount,
            currency=txn.currency,
            status=status,
            arrival_on=date(2026, 11, 4),
            descriptor="STRIPE",
            trace="0042",
            created_at=NOW,
        )

    def row(self, txn_id: str) -> Row:
        """A kept movement."""
        return self.session.get_one(Row, txn_id)

    def balance(self, account: int, fund: str | None = None) -> int:
        """What is on an account, of one fund or of all."""
        return sum(
            row.quantity
            for row in trial_balance(self.session, book_id=self.book.id)
            if row.account == account and fund in (None, row.fund)
        )

    def entries(self, event_type: str) -> list[UUID]:
        """The entries of a kind."""
        return list(
            self.session.scalars(
                select(Entry.id).where(
                    Entry.book_id == self.book.id, Entry.event_type == event_type
                )
            )
        )


def later(hours: float) -> datetime:
    """An instant after the tests' own."""
    return NOW + timedelta(hours=hours)
