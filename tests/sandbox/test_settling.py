"""From the payment page to the journal: whatever is lost, late or double, each payment is booked
once and exactly, and what cannot be booked is shown, not lost."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import permutations
from pathlib import Path
from threading import Barrier
from uuid import uuid4

import pytest
import stripe
from sqlalchemy import select

from ledger import worker
from ledger.config import Settings
from ledger.db import Database
from ledger.errors import Conflict, NotAllowed
from ledger.gateway import Event, GatewayDown, StripeGateway
from ledger.models.jobs import Job
from ledger.models.parties import Party
from ledger.models.payments import BalanceTransaction, PaymentAttempt, StripeEvent
from ledger.queries.jobs.jobs import given_up
from ledger.queries.payments import payments as questions
from ledger.queries.workflow import desk
from ledger.services.jobs import jobs
from ledger.services.stripe_balance import events
from tests.faults.conftest import Sandbox
from tests.ports import free_port
from tests.sandbox.conftest import page_params
from tests.services.undone import shared_db_fixture  # noqa: F401
from tests.worlds.shop import Shop

PAID = [
    ("payment_settled", 1110, 5796),
    ("payment_settled", 4010, -6000),
    ("payment_settled", 6510, 204),
]


@pytest.fixture(scope="module")
def shop(
    shared_db: Database,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Shop]:
    """One shop and one sandbox for all tests; every test has a book of its own."""
    server = Sandbox(free_port(), tmp_path_factory.mktemp("shop") / "sandbox.db")
    server.start()
    server.control("set", settle_seconds="86400")
    yield Shop(shared_db, server)
    server.kill()


def hear(shop: Shop, event: stripe.Event) -> None:
    """Take a message in and do what it wakes."""
    heard = Event(event.id, event.type, event.data.object.id, False)
    body = json.dumps(event.to_dict())
    shop.db.run(lambda session: events.store(session, event=heard, body=body, now=shop.now()))
    shop.work(seconds=1)


def events_of(shop: Shop, *kinds: str) -> list[stripe.Event]:
    """The newest event of each kind."""
    return [shop.client.v1.events.list({"type": kind, "limit": 1}).data[0] for kind in kinds]


def test_the_sweep_alone_books_a_payment_exactly_once(shop: Shop) -> None:
    pledge = shop.pledge()
    shop.pay(pledge)
    assert shop.sync_stripe() == 1
    assert shop.sync_stripe() == 0
    assert shop.legs(pledge) == PAID
    assert [attempt.state for attempt in shop.attempts(pledge)] == ["posted"]


def test_nothing_is_booked_before_the_balance_transaction_is_there(shop: Shop) -> None:
    pledge = shop.pledge()
    shop.pay(pledge)
    for event in events_of(
        shop, "charge.succeeded", "payment_intent.succeeded", "checkout.session.completed"
    ):
        hear(shop, event)
    assert shop.sync_stripe(settle=False) == 0
    assert shop.legs(pledge) == []
    assert [attempt.state for attempt in shop.attempts(pledge)] == ["succeeded"]
    shop.sandbox.control("settle")
    hear(shop, events_of(shop, "charge.updated")[0])
    assert shop.legs(pledge) == PAID


KINDS = ("charge.succeeded", "payment_intent.succeeded", "charge.updated")


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
def test_messages_in_any_order_and_twice_make_one_entry(shop: Shop, order: tuple[int, ...]) -> None:
    pledge = shop.pledge()
    shop.pay(pledge)
    shop.sandbox.control("settle")
    heard = events_of(shop, *KINDS)
    for position in (*order, *order):
        hear(shop, heard[position])
    shop.sync_stripe()
    assert shop.legs(pledge) == PAID
    with shop.db.snapshot() as session:
        for event in heard:
            assert session.get_one(StripeEvent, event.id).processed_at is not None


def test_sweeps_at_once_make_one_entry(shop: Shop) -> None:
    pledges = [shop.pledge() for _ in range(3)]
    for pledge in pledges:
        shop.pay(pledge)
    shop.sandbox.control("settle")
    start = Barrier(3)

    def sweep(_: int) -> None:
        start.wait()
        shop.sync_stripe(settle=False)

    with ThreadPoolExecutor(3) as pool:
        outcomes = [pool.submit(sweep, n) for n in range(3)]
    for outcome in outcomes:
        if (error := outcome.exception()) is not None:
            # A sweep may lose a race; what matters is that the next one has nothing to mend.
            assert "unique" in str(error).lower(), error
    shop.sync_stripe()
    assert [shop.legs(pledge) for pledge in pledges] == [PAID] * 3


def test_a_declined_card_books_nothing_and_the_next_is_charged_once(shop: Shop) -> None:
    pledge = shop.pledge()
    url = shop.page(pledge)
    assert shop.sandbox.pay(url, "4000000000000002").status_code == 402
    shop.sync_stripe()
    assert shop.legs(pledge) == []
    assert shop.page(pledge) == url
    shop.pay(pledge)
    shop.sync_stripe()
    assert [charge.status for charge in shop.charges(pledge)] == ["succeeded", "failed"]
    assert shop.legs(pledge) == PAID


# What cannot be booked


@pytest.mark.parametrize(
    "metadata",
    [{}, {"pledge": "nonsense"}, {"pledge": str(uuid4())}, {"pledge": ""}],
    ids=["no metadata", "nonsense", "an unknown pledge", "an empty pledge"],
)
def test_a_payment_that_names_no_pledge_is_shown_and_stops_no_other(
    shop: Shop, metadata: dict[str, str]
) -> None:
    before = len(shop.suspended())
    params = page_params(4321, payment_intent_data={"metadata": metadata})
    stray = shop.client.v1.checkout.sessions.create(params)
    shop.sandbox.pay(stray.url or "")
    shop.sandbox.control("settle")
    pledge = shop.pledge()
    shop.pay(pledge)
    assert shop.sync_stripe() == 2
    assert shop.legs(pledge) == PAID
    assert shop.waiting() == []
    assert {(row.amount, row.fee, row.pledge_id) for row in shop.suspended()} >= {(4321, 155, None)}
    with shop.db.snapshot() as session:
        seen = {
            row.kind: row.count
            for row in desk.waiting(
                session,
                book_id=shop.own_book(),
                currency="USD",
                standing=desk.standing(session, book_id=shop.own_book()),
            )
        }
    assert seen["suspense"] == before + 1 == len(shop.suspended())


def test_a_charge_in_another_currency_than_its_pledge_is_shown(shop: Shop) -> None:
    pledge = shop.pledge()
    params = page_params(6000, "eur", payment_intent_data={"metadata": {"pledge": str(pledge.id)}})
    page = shop.client.v1.checkout.sessions.create(params)
    shop.sandbox.pay(page.url or "")
    assert shop.sync_stripe() == 1
    assert shop.legs(pledge) == []
    (row,) = (row for row in shop.suspended() if row.commodity == "EUR")
    assert (row.amount, row.pledge_id) == (6000, None)


def test_a_message_about_nothing_we_know_is_done_with(shop: Shop) -> None:
    for kind, about in (
        ("checkout.session.completed", "cs_unknown"),
        ("charge.succeeded", "ch_unknown"),
        ("nobody.knows.this", None),
    ):
        event = Event(f"evt_{uuid4().hex}", kind, about, False)
        body = json.dumps({"id": event.id, "data": {"object": {"id": about}}})
        shop.db.run(partial(events.store, event=event, body=body, now=shop.now()))
        shop.work(seconds=1)
        with shop.db.snapshot() as session:
            assert session.get_one(StripeEvent, event.id).processed_at is not None


def test_a_page_that_stripe_does_not_know_ends_its_attempt_and_no_sweep(shop: Shop) -> None:
    pledge, other = shop.pledge(), shop.pledge()
    first = shop.page(pledge)
    with shop.db.transaction() as session:
        row = session.get_one(PaymentAttempt, shop.attempts(pledge)[0].id)
        row.stripe_session_id = f"cs_of_another_account_{uuid4().hex[:8]}"
        row.updated_at = shop.now(hours=-1)
    shop.pay(other)
    assert shop.sync_stripe() == 1
    assert shop.legs(other) == PAID
    assert [attempt.state for attempt in shop.attempts(pledge)] == ["failed"]
    second = shop.page(pledge)
    assert second != first
    assert shop.sandbox.pay(second).status_code == 303
    shop.sync_stripe()
    assert shop.legs(pledge) == PAID


def test_an_expired_page_gives_way_to_another(shop: Shop) -> None:
    pledge = shop.pledge()
    first = shop.page(pledge)
    (attempt,) = shop.attempts(pledge)
    shop.client.v1.checkout.sessions.expire(attempt.stripe_session_id or "")
    assert shop.page(pledge) != first
    assert [row.state for row in shop.attempts(pledge)] == ["expired", "open"]


def test_a_changed_address_does_not_replay_the_key_of_the_old_one(shop: Shop) -> None:
    pledge = shop.pledge()
    shop.sandbox.control("set", fail="after")
    with pytest.raises(GatewayDown):
        shop.page(pledge)
    with shop.db.transaction() as session:
        session.get_one(Party, pledge.party_id).email = f"new{uuid4().hex[:6]}@example.org"
    shop.pay(pledge)
    shop.sync_stripe()
    assert shop.legs(pledge) == PAID


# Jobs


@pytest.mark.parametrize("fail", ["before", "after", "busy", "limit"])
def test_a_provider_that_gives_no_answer_is_asked_again_and_pays_back_once(
    shop: Shop, fail: str
) -> None:
    pledge = shop.pledge()
    shop.pay(pledge)
    shop.sync_stripe()
    refund_id = shop.approved_refund(pledge, 2000)
    shop.sandbox.control("set", fail=fail)
    assert shop.work(seconds=1) == 0
    assert shop.refund(refund_id).state == "approved"
    with shop.db.snapshot() as session:
        job = next(job for job in session.scalars(select(Job)) if job.key == str(refund_id))
        assert (job.error, job.attempts, job.done_at) == ("GatewayDown", 1, None)
    assert shop.work(seconds=1) == 0
    assert shop.work(seconds=10) == 1
    assert shop.refund(refund_id).state == "sent"
    (charge,) = shop.charges(pledge)
    assert charge.amount_refunded == 2000
    shop.sync_stripe()
    assert shop.refund(refund_id).state == "posted"
    assert shop.balance(pledge, 4090) == 2000
    assert shop.balance(pledge, 1110) == 3796


def test_a_refund_whose_key_is_forgotten_is_looked_up_not_sent_again(shop: Shop) -> None:
    pledge = shop.pledge()
    shop.pay(pledge)
    shop.sync_stripe()
    refund_id = shop.approved_refund(pledge, 2000)
    shop.sandbox.control("set", fail="after")
    assert shop.work(seconds=1) == 0
    shop.forget_keys()
    assert shop.work(hours=30) == 1
    assert shop.charges(pledge)[0].amount_refunded == 2000
    assert shop.refund(refund_id).stripe_refund_id is not None


def test_a_forgotten_key_by_itself_would_pay_twice(shop: Shop) -> None:
    """The control: the same key after a day is a new request to Stripe."""
    pledge = shop.pledge()
    shop.pay(pledge)
    shop.sync_stripe()
    (charge,) = shop.charges(pledge)
    for _ in range(2):
        shop.gateway.create_refund(
            key=f"k{pledge.id}", charge_id=charge.id, amount=1000, metadata={}
        )
    assert shop.charges(pledge)[0].amount_refunded == 1000
    shop.forget_keys()
    shop.gateway.create_refund(key=f"k{pledge.id}", charge_id=charge.id, amount=1000, metadata={})
    assert shop.charges(pledge)[0].amount_refunded == 2000


def test_refunds_from_stripes_own_pages_are_booked_and_bound_ours(shop: Shop) -> None:
    pledge = shop.pledge()
    shop.pay(pledge)
    shop.sync_stripe()
    refund_id = shop.approved_refund(pledge, 5000)
    (charge,) = shop.charges(pledge)
    shop.client.v1.refunds.create({"charge": charge.id, "amount": 1500})
    shop.work(seconds=1)
    assert shop.refund(refund_id).state == "failed"
    assert shop.sync_stripe() == 1
    assert (shop.balance(pledge, 4090), shop.balance(pledge, 1110)) == (1500, 4296)
    with pytest.raises(Exception, match="more than the amount that can still be refunded"):
        shop.approved_refund(pledge, 4501)
    full = shop.approved_refund(pledge, 4500)
    shop.work(seconds=1)
    shop.sync_stripe()
    assert shop.refund(full).state == "posted"
    assert (shop.balance(pledge, 4090), shop.balance(pledge, 1110)) == (6000, -204)
    assert shop.charges(pledge)[0].refunded is True


def test_a_refund_nobody_answers_for_ends_where_the_treasurer_looks(shop: Shop) -> None:
    pledge = shop.pledge()
    shop.pay(pledge)
    shop.sync_stripe()
    refund_id = shop.approved_refund(pledge, 2000)
    for n in range(jobs.MAX_ATTEMPTS + 2):
        worker.run_due(shop.db, None, now=shop.now(hours=2 * n + 1))
    with shop.db.snapshot() as session:
        assert [row.state for row in questions.refunds_of_pledge(session, pledge_id=pledge.id)] == [
            "unanswered"
        ]
        ended = [job for job in given_up(session) if job.key == str(refund_id)]
    assert [(job.error, job.attempts) for job in ended] == [("Conflict", jobs.MAX_ATTEMPTS)]


def test_a_job_that_breaks_does_not_keep_the_others_waiting(shop: Shop) -> None:
    pledge = shop.pledge()
    shop.pay(pledge)
    shop.sync_stripe()
    with shop.db.transaction() as session:
        broken: list[tuple[str, dict[str, str | None]]] = [
            ("send_refund", {}),
            ("send_refund", {"refund": "nonsense"}),
            ("send_refund", {"refund": str(uuid4())}),
            ("stripe_event", {"event": "evt_none", "kind": "x", "object": None}),
            ("unheard_of", {}),
        ]
        for n, (kind, arguments) in enumerate(broken):
            key = f"broken{n}{uuid4().hex[:6]}"
            jobs.enqueue(session, kind=kind, key=key, arguments=arguments, now=shop.now(hours=-1))
    refund_id = shop.approved_refund(pledge, 100)
    assert shop.work(seconds=1) == 1
    assert shop.refund(refund_id).state == "sent"
    for n in range(jobs.MAX_ATTEMPTS + 1):
        shop.work(hours=2 * n + 1)
    with shop.db.snapshot() as session:
        errors = {job.error or "" for job in given_up(session) if job.key.startswith("broken")}
        left = [job for job in session.scalars(select(Job)) if job.done_at is None]
    assert {"KeyError", "ValueError", "NoResultFound", "Conflict"} <= errors
    assert left == []


# Currencies and modes


def test_yen_are_charged_and_booked_as_yen(shop: Shop) -> None:
    pledge = shop.pledge(5000, "JPY")
    shop.pay(pledge)
    shop.sync_stripe()
    assert shop.charges(pledge)[0].amount == 5000
    assert (shop.balance(pledge, 1110), shop.balance(pledge, 6510)) == (4825, 175)


@pytest.mark.parametrize(
    ("currency", "amount", "words"),
    [
        ("ISK", 5000, "not supported"),
        ("UGX", 5000, "not supported"),
        ("MGA", 5000, "not supported"),
        ("KWD", 5124, "last digit"),
        ("USD", 100_000_000, "go up to"),
    ],
)
def test_an_amount_that_a_card_cannot_pay_is_refused_in_words(
    shop: Shop, currency: str, amount: int, words: str
) -> None:
    pledge = shop.pledge(amount, currency)
    with pytest.raises(Conflict, match=words):
        shop.page(pledge)
    assert shop.charges(pledge) == []


def test_dinars_in_tens_are_charged_exactly(shop: Shop) -> None:
    pledge = shop.pledge(5120, "KWD")
    shop.pay(pledge)
    shop.sync_stripe()
    assert shop.balance(pledge, 4010) == -5120


def test_test_objects_never_enter_live_books(shop: Shop) -> None:
    pledge = shop.pledge()
    shop.pay(pledge)
    shop.sync_stripe()
    (charge,) = shop.charges(pledge)
    (attempt,) = shop.attempts(pledge)
    live = StripeGateway(Settings("", Path(), "", "", "sk_live_x", "whsec_x", shop.sandbox.url))
    live.client = shop.gateway.client
    # Stripe's side stays the same: only what our side is configured for differs.
    for deed in (
        lambda: live.retrieve_charge(charge.id),
        lambda: live.retrieve_checkout_session(attempt.stripe_session_id or ""),
    ):
        with pytest.raises(NotAllowed):
            deed()
    assert shop.gateway.retrieve_charge(charge.id).amount == 6000


def test_movements_are_kept_without_a_description_that_may_name_a_person(shop: Shop) -> None:
    with shop.db.snapshot() as session:
        rows = session.scalars(select(BalanceTransaction)).all()
    assert rows
    for row in rows:
        assert row.body["id"] == row.stripe_txn_id
        assert row.body["description"] is None
        assert "example.org" not in json.dumps(row.body)
