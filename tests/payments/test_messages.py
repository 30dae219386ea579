"""Messages at the real door (cases 1 to 5, 7 and 13): the sandbox's own, double, at once, late,
early, forged or of another kind; whatever comes, one payment is one entry."""

import io
import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest
import requests
import stripe
from sqlalchemy import select
from werkzeug.serving import make_server

from ledger import worker
from ledger.core.entry import Entry
from ledger.core.vocabulary import AttemptState
from ledger.db import Database, Session
from ledger.errors import Conflict
from ledger.gateway import BalanceTransaction, Event, GatewayDown, StripeGateway
from ledger.gateway.connection import instant_of
from ledger.models.jobs import Job
from ledger.models.payments import PaymentAttempt, StripeEvent
from ledger.models.pledges import Pledge
from ledger.services.books import journal
from ledger.services.books.journal import Posted
from ledger.services.stripe_balance import events
from tests.payments.sabotage import Broken, Case, named, nothing, turns_red
from tests.ports import free_port
from tests.sandbox import test_settling as settling
from tests.worlds.shop import SECRET, Shop
from wsgi import create_app

HOOK = "/webhooks/stripe"
PATIENCE_SECONDS = 90
PAID = settling.PAID
Heard = list[tuple[bytes, str, int]]


@dataclass
class Door:
    """The web program on a port of its own; what it heard, and how it answered."""

    shop: Shop
    secret: str = SECRET
    port: int = field(default_factory=free_port)
    heard: Heard = field(default_factory=list)

    def open(self) -> None:
        """Listen for messages."""
        settings = replace(self.shop.settings, stripe_webhook_secret=self.secret)
        app = create_app(settings, db=self.shop.db)
        inner = app.wsgi_app

        def kept(environ: Any, start: Any) -> Any:
            body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
            environ["wsgi.input"] = io.BytesIO(body)

            def answer(status: str, *rest: Any) -> Any:
                self.heard.append((body, environ["HTTP_STRIPE_SIGNATURE"], int(status[:3])))
                return start(status, *rest)

            return inner(environ, answer)

        app.wsgi_app = kept  # type: ignore[method-assign,assignment]  # as Flask says to wrap it
        self.server = make_server("127.0.0.1", self.port, app, threaded=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{HOOK}"

    def send(self, body: bytes, header: str) -> int:
        """Send a message as the sandbox does."""
        headers = {"Stripe-Signature": header, "Content-Type": "application/json"}
        return requests.post(self.url, data=body, headers=headers, timeout=60).status_code

    def newest(self, kind: str, about: str = "") -> tuple[bytes, str, int]:
        """The newest message of a kind that came from the sandbox itself."""
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            for told in reversed(self.heard):
                if f'"type": "{kind}"'.encode() in told[0] and about.encode() in told[0]:
                    return told
            time.sleep(0.02)
        raise AssertionError(f"no {kind} came")


@contextmanager
def doors(shop: Shop, *secrets: str) -> Iterator[list[Door]]:
    """Open doors, and have the sandbox send everything to the first."""
    opened = [Door(shop, secret) for secret in secrets or (SECRET,)]
    for door in opened:
        door.open()
    made = shop.sandbox.control("endpoint", url=opened[0].url, secret=opened[0].secret)
    endpoint = made["object"]["id"]
    try:
        yield opened
    finally:
        shop.client.v1.webhook_endpoints.delete(endpoint)
        for door in opened:
            door.server.shutdown()
            door.server.server_close()


def at_once(*deeds: Callable[[], object]) -> list[object]:
    """Do deeds in the same moment; return what each gave, or raise what one raised."""
    start = Barrier(len(deeds))

    def do(deed: Callable[[], object]) -> object:
        start.wait()
        return deed()

    with ThreadPoolExecutor(len(deeds)) as pool:
        return [found.result() for found in [pool.submit(do, deed) for deed in deeds]]


def kept(shop: Shop, pledge: Pledge) -> tuple[int, int]:
    """How many messages about a pledge's charge are in the inbox, and how many jobs."""
    (charge,) = shop.charges(pledge)
    with shop.db.snapshot() as session:
        rows = session.scalars(select(StripeEvent).where(StripeEvent.object_id == charge.id)).all()
        jobs = session.scalars(select(Job)).all()
    told = [row.stripe_event_id for row in rows if row.event_type == "charge.updated"]
    return len(told), len([job for job in jobs if job.key in told])


def one_message_many_times_at_once(shop: Shop) -> None:
    pledge = shop.pledge()
    shop.pay(pledge)
    with doors(shop) as (door,):
        shop.sandbox.control("set", duplicate="1")
        shop.sandbox.control("settle")
        shop.sandbox.control("set", duplicate="0")
        body, header, _status = door.newest("charge.updated", shop.charges(pledge)[0].id)
        sends = [lambda: door.send(body, header)] * 4
        work = [lambda: worker.run_due(shop.db, shop.gateway, now=shop.now(seconds=1))] * 2
        assert at_once(*sends, *work)[:4] == [200] * 4
    shop.work(seconds=1)
    assert kept(shop, pledge) == (1, 1)
    assert shop.legs(pledge) == PAID


def messages_and_sweeps_at_once(shop: Shop) -> None:
    pledge = shop.pledge()
    with doors(shop) as (door,):
        shop.pay(pledge)
        shop.sandbox.control("settle")
        door.newest("charge.updated", shop.charges(pledge)[0].id)
        work = [lambda: worker.run_due(shop.db, shop.gateway, now=shop.now(seconds=1))] * 2
        at_once(*work, *[lambda: shop.sync_stripe(settle=False)] * 2)
    shop.sync_stripe()
    assert shop.legs(pledge) == PAID
    assert [row.state for row in shop.attempts(pledge)] == ["posted"]


def every_order_of_messages_gives_one_entry(shop: Shop) -> None:
    settling.test_messages_in_any_order_and_twice_make_one_entry(shop, (2, 0, 1))


def nothing_is_booked_before_its_fee_is_known(shop: Shop) -> None:
    settling.test_nothing_is_booked_before_the_balance_transaction_is_there(shop)


def a_late_failure_of_the_first_attempt_changes_nothing(shop: Shop) -> None:
    pledge = shop.pledge()
    first = shop.page(pledge)
    assert shop.sandbox.pay(first, "4000000000000002").status_code == 402
    (attempt,) = shop.attempts(pledge)
    shop.client.v1.checkout.sessions.expire(attempt.stripe_session_id or "")
    shop.pay(pledge)
    shop.sync_stripe()
    (failed,) = (found for found in shop.charges(pledge) if found.status == "failed")
    about = {
        "payment_intent.payment_failed": str(failed.payment_intent),
        "charge.failed": failed.id,
        "checkout.session.expired": attempt.stripe_session_id or "",
    }
    for kind, name in about.items():
        shop.hear(kind, name)
    shop.sync_stripe()
    assert shop.legs(pledge) == PAID
    assert [row.state for row in shop.attempts(pledge)] == ["expired", "posted"]
    with shop.db.snapshot() as session:
        assert session.get_one(Pledge, pledge.id).state == "fulfilled"
    with pytest.raises(Conflict, match="This pledge has nothing left to pay"):
        shop.page(pledge)


def a_message_comes_before_we_know_our_own_page(shop: Shop) -> None:
    pledge = shop.pledge()
    shop.sandbox.control("set", fail="after")
    with pytest.raises(GatewayDown):
        shop.page(pledge)
    assert [row.stripe_session_id for row in shop.attempts(pledge)] == [None]
    page = shop.client.v1.checkout.sessions.list({"limit": 1}).data[0]
    with doors(shop) as (door,):
        assert shop.sandbox.pay(page.url or "").status_code == 303
        door.newest("checkout.session.completed", page.id)
        shop.work(seconds=1)
        shop.sandbox.control("settle")
        door.newest("charge.updated", shop.charges(pledge)[0].id)
        shop.work(seconds=1)
    assert shop.legs(pledge) == PAID
    assert [row.state for row in shop.attempts(pledge)] == ["posted"]
    assert len([found for found in shop.charges(pledge) if found.paid]) == 1


def a_changed_or_old_message_is_refused(shop: Shop) -> None:
    with doors(shop) as (door,):
        about = shop.client.v1.customers.create({}).id
        body, header, status = door.newest("customer.created", about)
        assert status == 200
        old = resigned(body, at=int(time.time()) - 301)
        bad = header[:-1] + ("0" if header[-1] != "0" else "1")
        for wrong in (bad, old, "", "t=1,v1=", resigned(body, secret="whsec_x")):
            assert door.send(body, wrong) == 400, wrong
        assert door.send(body.replace(b"customer.created", b"customer.deleted"), header) == 400
        assert door.send(body, header) == 200


def resigned(body: bytes, *, secret: str = SECRET, at: int | None = None) -> str:
    stamp = at if at is not None else int(time.time())
    return str(
        stripe.WebhookSignature.generate_signature_header(body.decode(), secret, timestamp=stamp)
    )


def a_message_in_another_version_is_taken_and_of_another_mode_refused(shop: Shop) -> None:
    with doors(shop) as (door,):
        about = shop.client.v1.customers.create({}).id
        told = json.loads(door.newest("customer.created", about)[0])
        others: list[dict[str, Any]] = [{"livemode": True}, {"account": "acct_other"}]
        for change in ({"api_version": "2025-03-31.basil"}, {"api_version": None}):
            name = f"evt_{uuid4().hex}"
            body = json.dumps({**told, **change, "id": name}).encode()
            assert door.send(body, resigned(body)) == 200, change
            with shop.db.snapshot() as session:
                assert session.get_one(StripeEvent, name).object_id == about
        for other in others:
            name = f"evt_{uuid4().hex}"
            body = json.dumps({**told, **other, "id": name}).encode()
            assert door.send(body, resigned(body)) == 400, other
            with shop.db.snapshot() as session:
                assert session.get(StripeEvent, name) is None
        shop.sandbox.control("set", livemode="1")
        about = shop.client.v1.customers.create({}).id
        shop.sandbox.control("set", livemode="0")
        assert door.newest("customer.created", about)[2] == 400


def a_secret_that_rolls_loses_nothing(shop: Shop) -> None:
    with doors(shop) as (door,):
        endpoint = shop.client.v1.webhook_endpoints.list().data[0].id
        new = shop.sandbox.control("roll_secret", endpoint=endpoint, seconds="60")["object"]
        changed = Door(shop, new["secret"])
        changed.open()
        try:
            about = shop.client.v1.customers.create({}).id
            body, header, status = door.newest("customer.created", about)
            assert (status, changed.send(body, header)) == (200, 200)
            shop.sandbox.control("advance", seconds="61")
            about = shop.client.v1.customers.create({}).id
            body, header, status = door.newest("customer.created", about)
            assert (status, changed.send(body, header)) == (400, 200)
        finally:
            changed.server.shutdown()
            changed.server.server_close()


CASES: list[Case] = [
    one_message_many_times_at_once,
    every_order_of_messages_gives_one_entry,
    nothing_is_booked_before_its_fee_is_known,
    a_late_failure_of_the_first_attempt_changes_nothing,
    a_message_comes_before_we_know_our_own_page,
    messages_and_sweeps_at_once,
    a_changed_or_old_message_is_refused,
    a_message_in_another_version_is_taken_and_of_another_mode_refused,
    a_secret_that_rolls_loses_nothing,
]


@pytest.mark.parametrize("case", CASES, ids=named)
def test_whatever_is_heard_a_payment_is_one_entry(shop: Shop, case: Case) -> None:
    case(shop)
    assert shop.waiting() == []


STORE, POST = events.store, journal.post


def _each_a_new_one(session: Session, *, event: Event, body: str, now: datetime) -> bool:
    again = Event(f"{event.id}{uuid4().hex[:8]}", event.kind, event.object_id, event.livemode)
    return STORE(session, event=again, body=body, now=now)


class _Anew:
    """A journal that knows nothing again."""

    @staticmethod
    def post(
        session: Session, entries: Sequence[Entry], *, external_ref: str, **named: Any
    ) -> Posted:
        return POST(session, entries, external_ref=f"{external_ref}{uuid4().hex[:8]}", **named)


def _from_charges(
    gateway: StripeGateway, *, since: datetime | None = None, payout_id: str | None = None
) -> list[BalanceTransaction]:
    """What is told by charges themselves: their fee is not known yet."""
    del since, payout_id
    return [
        BalanceTransaction(
            id=f"txn_{charge.id}",
            livemode=False,
            kind="charge",
            reporting_category="charge",
            amount=charge.amount,
            fee=0,
            net=charge.amount,
            currency=charge.currency.upper(),
            source_id=charge.id,
            created_at=instant_of(charge.created),
            available_on=instant_of(charge.created).date(),
            body={},
        )
        for charge in gateway.client.v1.charges.list({"limit": 1}).data
        if charge.paid
    ]


def _believed(
    db: Database, _gateway: StripeGateway, *, attempt: PaymentAttempt, now: datetime
) -> None:
    """What a message says is noted for the whole pledge, and nothing is looked up."""
    del now
    with db.transaction() as session:
        for row in session.scalars(select(PaymentAttempt)):
            if row.pledge_id == attempt.pledge_id:
                row.state = AttemptState.FAILED


def _taken(_gateway: StripeGateway, body: str | bytes, _signature: str) -> Event:
    told = json.loads(body)
    return Event(told["id"], told["type"], told["data"]["object"]["id"], False)


BOOKED_AGAIN: list[Broken] = [
    ("ledger.services.payments.payments.journal", _Anew),
    ("ledger.services.payments.payments._mark", nothing),
]
BROKEN: list[tuple[Case, list[Broken]]] = [
    (
        one_message_many_times_at_once,
        [("ledger.services.stripe_balance.events.store", _each_a_new_one)],
    ),
    (every_order_of_messages_gives_one_entry, BOOKED_AGAIN),
    (
        nothing_is_booked_before_its_fee_is_known,
        [("ledger.gateway.StripeGateway.list_balance_transactions", _from_charges)],
    ),
    (
        a_late_failure_of_the_first_attempt_changes_nothing,
        [("ledger.stripe.checkout.webhook_handlers.look_up_attempt", _believed)],
    ),
    (
        a_message_comes_before_we_know_our_own_page,
        [("ledger.stripe.sync.charges.our_id", nothing)],
    ),
    (messages_and_sweeps_at_once, BOOKED_AGAIN),
    (a_changed_or_old_message_is_refused, [("ledger.gateway.StripeGateway.verify", _taken)]),
    (
        a_message_in_another_version_is_taken_and_of_another_mode_refused,
        [("ledger.gateway.StripeGateway.verify", _taken)],
    ),
    (a_secret_that_rolls_loses_nothing, [("ledger.gateway.StripeGateway.verify", _taken)]),
]


@pytest.mark.parametrize(("case", "broken"), BROKEN, ids=named)
def test_broken_code_turns_each_case_red(
    sqlite_shop: Shop, case: Case, broken: list[Broken]
) -> None:
    turns_red(case, sqlite_shop, *broken)


def test_every_case_has_its_control() -> None:
    assert [case for case, _broken in BROKEN] == CASES
