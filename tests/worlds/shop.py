"""Poolbook's own side of a payment on one database, and the sandbox on the other end."""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import stripe
from sqlalchemy import func, select

from ledger import worker
from ledger.config import Settings
from ledger.db import Database, Session
from ledger.gateway import Event, StripeGateway
from ledger.ids import new_id
from ledger.models.books import Book
from ledger.models.journal import Entry, Posting
from ledger.models.payments import BalanceTransaction, PaymentAttempt, Refund
from ledger.models.pledges import Pledge
from ledger.queries.payments import payments as questions
from ledger.queries.payments.stripe_balance import book_for_account, in_suspense
from ledger.services.campaigns.campaigns import Need
from ledger.services.payments import refunds
from ledger.services.stripe_balance import events
from ledger.stripe import checkout
from ledger.stripe.sync import sync_stripe
from tests.factories import (
    make_book,
    make_campaign,
    make_fund,
    make_party,
    make_person,
    make_pledge,
)
from tests.faults.conftest import Sandbox
from tests.sandbox.conftest import client_of

KEY, SECRET = "sk_test_shop", "whsec_faults"


@dataclass
class Shop:
    """What every test needs to sell nothing: a gateway, a clock, and pledges to pay."""

    db: Database
    sandbox: Sandbox
    settings: Settings = field(init=False)
    gateway: StripeGateway = field(init=False)
    client: stripe.StripeClient = field(init=False)
    count: int = 0

    def __post_init__(self) -> None:
        self.settings = Settings(
            database_url=self.db.url,
            data=Path(),
            secret_key="x",
            base_url="http://127.0.0.1:1",
            stripe_key=KEY,
            stripe_webhook_secret=SECRET,
            stripe_base=self.sandbox.url,
        )
        self.gateway = StripeGateway(self.settings)
        self.client = client_of(self.sandbox, KEY)

    def now(self, **later: float) -> datetime:
        """The real time, or later: the sandbox has a clock of its own."""
        return datetime.now(UTC) + timedelta(**later)

    def pledge(self, quantity: int = 6000, currency: str = "USD", book: str = "") -> Pledge:
        """A pledge in a book of its own, or in a book that is there."""
        self.count += 1
        code = book or f"B{self.count}"
        with self.db.transaction() as session:
            found = session.scalar(select(Book).where(Book.code == code))
            if found is None:
                found = make_book(session, code, currency=currency)
                make_fund(session, found)
            fund = make_fund(session, found, f"F{self.count}", "purpose")
            campaign = make_campaign(
                session,
                found,
                fund,
                slug=f"c{self.count}",
                needs=(Need(currency, "Panels", 500_000, 800_000),),
            )
            party = make_party(session, f"donor{self.count}@example.org")
            return make_pledge(session, campaign, party, currency, quantity)

    def page(self, pledge: Pledge) -> str:
        """The address of the payment page of a pledge."""
        return checkout.start_checkout(
            self.db,
            self.gateway,
            pledge_id=pledge.id,
            success_url="http://127.0.0.1:1/thanks",
            cancel_url="http://127.0.0.1:1/back",
            now=self.now(),
        )

    def pay(self, pledge: Pledge) -> None:
        """Pay a pledge by card; it is not settled yet."""
        assert self.sandbox.pay(self.page(pledge)).status_code == 303

    def sync_stripe(self, *, settle: bool = True) -> int:
        """Read the balance and post what is new."""
        if settle:
            self.sandbox.control("settle")
        return sync_stripe(self.db, self.gateway, now=self.now())

    def legs(self, pledge: Pledge) -> list[tuple[str, int, int]]:
        """What happened to money in a pledge's book: event, account and amount, sorted."""
        with self.db.snapshot() as session:
            rows = session.execute(
                select(Entry.event_type, Posting.account, Posting.quantity)
                .join(Entry, (Entry.book_id == Posting.book_id) & (Entry.id == Posting.entry_id))
                .where(Posting.book_id == pledge.book_id, Posting.account < 9000)
            )
            return sorted((event, account, quantity) for event, account, quantity in rows)

    def booked(self, pledge: Pledge, account: int) -> int:
        """What is on an account of a pledge's book, of any layer."""
        with self.db.snapshot() as session:
            total = session.scalar(
                select(func.sum(Posting.quantity)).where(
                    Posting.book_id == pledge.book_id, Posting.account == account
                )
            )
        return int(total or 0)

    def person(self, session: Session, pledge: Pledge, role: str) -> UUID:
        """Somebody new with a role in a pledge's book."""
        book = session.get_one(Book, pledge.book_id)
        return make_person(session, f"{role} {str(new_id())[-12:]}", book, role).id

    def hear(self, kind: str, about: str, name: str = "") -> None:
        """Take a message in, as the webhook does, and do what it wakes."""
        event = Event(name or f"evt_{new_id().hex}", kind, about, False)
        body = json.dumps({"id": event.id, "data": {"object": {"id": about}}})
        self.db.run(lambda session: events.store(session, event=event, body=body, now=self.now()))
        self.work(seconds=1)

    def balance(self, pledge: Pledge, account: int) -> int:
        """What is on an account of a pledge's book."""
        return sum(quantity for _event, number, quantity in self.legs(pledge) if number == account)

    def attempts(self, pledge: Pledge) -> list[PaymentAttempt]:
        """The attempts at a pledge, the first first."""
        with self.db.snapshot() as session:
            return list(
                session.scalars(
                    select(PaymentAttempt)
                    .where(PaymentAttempt.pledge_id == pledge.id)
                    .order_by(PaymentAttempt.n)
                )
            )

    def charges(self, pledge: Pledge) -> list[stripe.Charge]:
        """The charges that Stripe has of a pledge."""
        return [
            found
            for found in self.client.v1.charges.list({"limit": 100}).auto_paging_iter()
            if found.metadata.to_dict().get("pledge") == str(pledge.id)
        ]

    def approved_refund(self, pledge: Pledge, amount: int) -> UUID:
        """A refund that waits for the worker."""
        with self.db.transaction() as session:
            book = session.get_one(Book, pledge.book_id)
            name = str(new_id())[-12:]
            asks = make_person(session, f"Tess {name}", book, "treasurer")
            agrees = make_person(session, f"Abe {name}", book, "approver")
            made = refunds.request_refund(
                session,
                pledge_id=pledge.id,
                amount=amount,
                reason="Paid twice",
                requested_by=asks.id,
                now=self.now(),
            )
            refunds.approve_refund(
                session, refund_id=made.id, approved_by=agrees.id, now=self.now()
            )
            return made.id

    def refund(self, refund_id: UUID) -> Refund:
        with self.db.snapshot() as session:
            return session.get_one(Refund, refund_id)

    def work(self, **later: float) -> int:
        """Do every job that is due, now or later."""
        return worker.run_due(self.db, self.gateway, now=self.now(**later))

    def waiting(self) -> list[str]:
        """What movements are not in the books, by Stripe's category."""
        with self.db.snapshot() as session:
            return [row.reporting_category for row in questions.unposted(session)]

    def own_book(self) -> UUID:
        """The book that what nobody knows belongs to."""
        with self.db.snapshot() as session:
            found = book_for_account(session)
        assert found is not None
        return found.id

    def suspended(self) -> list[BalanceTransaction]:
        """What nobody knows, oldest first."""
        with self.db.snapshot() as session:
            return in_suspense(session, book_id=self.own_book())

    def net_of(self, categories: Sequence[str]) -> int:
        """The sum of what the kept movements moved."""
        with self.db.snapshot() as session:
            return int(
                session.scalar(
                    select(func.sum(BalanceTransaction.net)).where(
                        BalanceTransaction.reporting_category.in_(categories)
                    )
                )
                or 0
            )

    def forget_keys(self) -> None:
        """Let a day pass for the sandbox's memory of idempotency keys."""
        with sqlite3.connect(self.sandbox.state, timeout=60) as memory:
            memory.execute("delete from reply")
        memory.close()
