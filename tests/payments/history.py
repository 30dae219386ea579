"""A history of payments, made on the sandbox while its clock runs, and the books it leads to.

The books know the pledges and the pages that were opened, and have heard of nothing. Copies of
them are then told the same history in different ways; ``canonical`` is what must not differ.
"""

import json
import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import stripe
from flask.testing import FlaskClient
from sqlalchemy import create_engine, select, text
from sqlalchemy.engine import make_url

from ledger import worker
from ledger.config import Settings
from ledger.core.leaf import LABELS, canonical
from ledger.db import Database, Session
from ledger.gateway import StripeGateway
from ledger.models.books import Book, Fund
from ledger.models.campaigns import Campaign
from ledger.models.journal import Entry, Posting
from ledger.models.pledges import Fulfilment, Pledge
from ledger.services.books.books import ensure_commodity
from ledger.services.campaigns.campaigns import Need
from ledger.stripe import checkout
from ledger.stripe.sync import sync_stripe
from tests.factories import make_book, make_campaign, make_fund, make_party, make_pledge, make_pool
from tests.faults.conftest import Sandbox
from tests.sandbox.conftest import client_of, page_params
from wsgi import create_app

KEY, SECRET = "sk_test_history", "whsec_history"
CARD = "4242424242424242"
# By currency, a bank account that pays and one that does not.
ACCOUNTS = {
    "USD": ("000123456789", "000222222227"),
    "EUR": ("AT611904300234573201", "AT861904300235473202"),
}
LATER = timedelta(hours=2)


def settings_of(url: str, sandbox: Sandbox) -> Settings:
    """Settings that speak to the sandbox alone."""
    return Settings(
        database_url=url,
        data=Path("/nonexistent"),
        secret_key="x",
        base_url="http://127.0.0.1:1",
        stripe_key=KEY,
        stripe_webhook_secret=SECRET,
        stripe_base=sandbox.url,
        signing_seed="5e" * 32,
    )


@dataclass
class History:
    """What happens at Stripe, one deed after another, hours or a day apart."""

    db: Database
    sandbox: Sandbox
    chance: random.Random
    seconds: int = 0
    paid: list[str] = field(default_factory=list)
    disputed: list[str] = field(default_factory=list)
    debits: list[str] = field(default_factory=list)
    payouts: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.client = client_of(self.sandbox, KEY)
        self.gateway = StripeGateway(settings_of(self.db.url, self.sandbox))
        with self.db.transaction() as session:
            book = make_book(session)
            for code, kind in (("GEN", "unrestricted"), ("SOLAR", "purpose"), ("ROOF", "purpose")):
                fund = make_fund(session, book, code, kind)
                if kind == "purpose":
                    self.open(session, book, fund, code.lower())
            pool, joint = make_pool(
                session, book, fee_basis_points=500, members=[("A", "GEN")], now=datetime.now(UTC)
            )
            self.open(session, pool, joint, "river")
        self.sandbox.control("set", settles="usd", rates="eur:usd=1.0824")

    def open(self, session: Session, book: Book, fund: Fund, slug: str) -> None:
        """Open a campaign that takes euros as well."""
        need = Need("USD", "Panels", 500_000, 800_000)
        ensure_commodity(session, "EUR")
        make_campaign(session, book, fund, slug=slug, needs=(need,)).currencies = "EUR"

    def now(self) -> datetime:
        """The sandbox's clock."""
        return datetime.now(UTC) + timedelta(seconds=self.seconds)

    def run(self, events: int) -> None:
        """Let things happen until Stripe has told so many events about payments."""
        deeds: list[tuple[int, Callable[[], Any]]] = [
            (40, self.pay),
            (8, self.pay_by_bank),
            (8, self.end_debit),
            (3, self.return_debit),
            (12, self.refund),
            (6, self.dispute),
            (5, self.close_dispute),
            (3, self.stray),
            (6, self.beside),
            (10, self.settle),
            (5, self.pay_out),
            (2, self.fail_payout),
        ]
        weights = [weight for weight, _deed in deeds]
        while self.count() < events:
            self.seconds += self.chance.randrange(3600, 30 * 3600)
            self.sandbox.control("set", advance=str(self.seconds))
            self.chance.choices([deed for _weight, deed in deeds], weights)[0]()
        self.settle()

    def count(self) -> int:
        described = ("price.", "product.")
        return sum(not event.type.startswith(described) for event in self.events())

    def events(self) -> list[stripe.Event]:
        """Everything that Stripe has told, oldest first."""
        return list(self.client.v1.events.list({"limit": 100}).auto_paging_iter())[::-1]

    def currency(self) -> str:
        return self.chance.choice(("USD", "USD", "USD", "EUR"))

    def page(self, currency: str) -> str:
        """The page of a new pledge."""
        with self.db.transaction() as session:
            slug = self.chance.choice(("solar", "roof", "river"))
            campaign = session.scalars(select(Campaign).where(Campaign.slug == slug)).one()
            party = make_party(session, f"donor{self.seconds}@example.org")
            pledge = make_pledge(
                session, campaign, party, currency, self.chance.randrange(1000, 20_000)
            )
        return checkout.start_checkout(
            self.db,
            self.gateway,
            pledge_id=pledge.id,
            success_url="http://127.0.0.1:1/thanks",
            cancel_url="http://127.0.0.1:1/back",
            now=self.now(),
        )

    def pay(self) -> None:
        """Pay by card, sometimes after a card that is declined."""
        url = self.page(self.currency())
        if self.chance.random() < 0.2:
            self.sandbox.pay(url, "4000000000000002")
        assert self.sandbox.pay(url, CARD).status_code == 303
        self.paid.append(self.newest_charge())

    def newest_charge(self) -> str:
        return self.client.v1.charges.list({"limit": 1}).data[0].id

    def pay_by_bank(self) -> None:
        """Begin a bank debit."""
        currency = self.currency()
        good, fails = ACCOUNTS[currency]
        account = good if self.chance.random() < 0.7 else fails
        assert self.sandbox.pay(self.page(currency), bank=account).status_code == 303
        self.debits.append(self.newest_charge())

    def end_debit(self) -> None:
        """Have a bank debit clear, or not."""
        if self.debits:
            self.sandbox.control("end_debit", charge=self.debits.pop(0))

    def return_debit(self) -> None:
        """Have a bank take a debit back that had cleared."""
        found = [
            charge
            for charge in self.client.v1.charges.list({"limit": 100}).data
            if charge.id.startswith("py_") and charge.status == "succeeded" and not charge.disputed
        ]
        if found and not found[0].refunded:
            self.sandbox.control("return_debit", charge=found[0].id, reason="insufficient_funds")

    def refund(self) -> None:
        """Send a part back from Stripe's own pages."""
        if self.paid:
            charge = self.client.v1.charges.retrieve(self.chance.choice(self.paid))
            rest = charge.amount - charge.amount_refunded
            if rest > 1 and not charge.disputed:
                part = self.chance.randrange(1, rest)
                self.sandbox.control("refund", charge=charge.id, amount=str(part))

    def dispute(self) -> None:
        """Have a bank contest a payment, or ask about it."""
        if self.paid:
            charge = self.client.v1.charges.retrieve(self.chance.choice(self.paid))
            if not charge.disputed and not charge.refunded:
                how = {"inquiry": "1"} if self.chance.random() < 0.2 else {}
                made = self.sandbox.control("open_dispute", charge=charge.id, **how)
                self.disputed.append(made["object"]["id"])

    def close_dispute(self) -> None:
        """Have a bank decide."""
        if self.disputed:
            dispute_id = self.disputed.pop(0)
            inquiry = self.client.v1.disputes.retrieve(dispute_id).status.startswith("warning")
            outcome = "warning_closed" if inquiry else self.chance.choice(("won", "lost"))
            self.sandbox.control("close_dispute", dispute=dispute_id, outcome=outcome)

    def stray(self) -> None:
        """Take a payment that nobody here asked for."""
        made = self.client.v1.checkout.sessions.create(page_params(1500))
        self.sandbox.pay(made.url or "")

    def beside(self) -> None:
        """Move the balance without any payment."""
        kind = self.chance.choice(("fee", "hold", "release", "top_up", "mystery"))
        if kind == "fee":
            self.sandbox.control("fee", amount="75")
        elif kind == "top_up":
            self.sandbox.control("top_up", amount="5000")
        elif kind == "mystery":
            self.sandbox.control("move", kind="mystery", category="mystery", amount="-333")
        else:
            self.sandbox.control("move", kind=f"reserve_{kind}", amount="400")

    def settle(self) -> None:
        """Give every charge its balance transaction."""
        self.sandbox.control("settle")

    def pay_out(self) -> None:
        """Empty the balance."""
        made = self.sandbox.control("payout").get("payout")
        if made:
            self.payouts.append(made["id"])

    def fail_payout(self) -> None:
        """Have the bank send a payout back."""
        if self.payouts:
            self.sandbox.control("fail_payout", payout=self.payouts.pop())


@dataclass
class Copy:
    """Books that are told a history."""

    db: Database
    sandbox: Sandbox
    instant: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __post_init__(self) -> None:
        settings = settings_of(self.db.url, self.sandbox)
        self.gateway = StripeGateway(settings)
        app = create_app(settings, db=self.db, gateway=self.gateway, clock=lambda: self.instant)
        self.door: FlaskClient = app.test_client()
        self.until = 0

    def see(self, until: int) -> None:
        """Stripe shows what had happened by then, and it is then."""
        if until > self.until:
            self.until = until
            self.instant = datetime.fromtimestamp(until, UTC)
            self.sandbox.control("set", horizon=str(until))

    def deliver(self, event: stripe.Event) -> None:
        """Send one message through the webhook and do what it wakes."""
        self.see(event.created)
        body = json.dumps(event.to_dict(for_json=True))
        header = stripe.WebhookSignature.generate_signature_header(body, SECRET)
        answer = self.door.post(
            "/webhooks/stripe",
            data=body,
            headers={"Stripe-Signature": header},
            content_type="application/json",
        )
        assert answer.status_code == 200
        worker.run_due(self.db, self.gateway, now=self.instant)

    def catch_up(self) -> None:
        """A last look at everything, hours later, as every worker has it sooner or later."""
        self.sandbox.control("set", horizon="0")
        self.instant += LATER
        worker.run_due(self.db, self.gateway, now=self.instant)
        for _ in range(3):
            sync_stripe(self.db, self.gateway, now=self.instant)

    def sync_stripe(self) -> None:
        sync_stripe(self.db, self.gateway, now=self.instant)


def canonical_books(db: Database) -> bytes:
    """What the books say: every entry with its legs, and how the pledges stand. Left out is what
    is made at random or by the clock when it is written: keys, instants, references of debits."""
    with db.snapshot() as session:
        books = {row.id: row.code for row in session.scalars(select(Book))}
        funds = {row.id: row.code for row in session.scalars(select(Fund))}
        legs: dict[Any, list[Any]] = {}
        for leg in session.scalars(select(Posting)):
            labels = [getattr(leg, name) for name in LABELS]
            other = books.get(leg.counterparty_id) if leg.counterparty_id else None
            shown = [leg.account, funds[leg.fund_id], leg.commodity, leg.quantity, other, labels]
            legs.setdefault(leg.entry_id, []).append(json.dumps(shown))
        lines = [
            canonical(
                {
                    "book": books[row.book_id],
                    "day": row.accounting_on.isoformat(),
                    "event": row.event_type,
                    "source": row.source,
                    "ref": "" if row.source == "bank_debit" else row.external_ref,
                    "legs": sorted(legs[row.id]),
                }
            )
            for row in session.scalars(select(Entry))
        ]
        made: dict[Any, list[list[Any]]] = {}
        for row in session.scalars(select(Fulfilment)):
            made.setdefault(row.pledge_id, []).append([row.quantity, row.source, row.source_ref])
        lines += [
            canonical(
                {
                    "pledge": row.reference,
                    "state": row.state,
                    "made_good": sorted(made.get(row.id, [])),
                }
            )
            for row in session.scalars(select(Pledge))
        ]
    return b"\n".join(sorted(lines))


@contextmanager
def copied(db: Database, place: Path, name: str) -> Iterator[Database]:
    """A copy of a database that nobody uses, on the same engine."""
    if db.is_sqlite:
        path = place / f"{name}.db"
        db.dispose()
        shutil.copy(make_url(db.url).database or "", path)
        copy = Database(f"sqlite:///{path}")
        yield copy
        copy.dispose()
        path.unlink()
        return
    url = make_url(db.url)
    db.dispose()
    admin = create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    made = f"{url.database}_{name}"
    with admin.connect() as connection:
        connection.execute(text(f'create database "{made}" template "{url.database}"'))
    copy = Database(url.set(database=made).render_as_string(hide_password=False))
    yield copy
    copy.dispose()
    with admin.connect() as connection:
        connection.execute(text(f'drop database "{made}" with (force)'))
    admin.dispose()
