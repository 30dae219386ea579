"""The sandbox's messages: signed, at least once, tried again, in no promised order."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import stripe

from tests.faults.conftest import Sandbox
from tests.ports import free_port
from tests.sandbox.conftest import client_of, paid

SECRET = "whsec_faults"
PATIENCE_SECONDS = 90


@dataclass
class Listener:
    """Somebody who takes messages and answers each as planned, then with 200."""

    port: int
    plan: list[int] = field(default_factory=list)
    heard: list[tuple[bytes, str, int]] = field(default_factory=list)

    def kinds(self, *, good: bool = True) -> list[str]:
        """The types of what was heard, with an answer of 2xx or without."""
        return [
            stripe.StripeClient("sk_test_x").construct_event(body, header, SECRET).type
            for body, header, status in list(self.heard)
            if (status < 300) is good
        ]


@pytest.fixture
def listener() -> Iterator[Listener]:
    found = Listener(free_port())

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = found.plan.pop(0) if found.plan else 200
            found.heard.append((body, self.headers["Stripe-Signature"], status))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = HTTPServer(("127.0.0.1", found.port), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield found
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def sandbox(tmp_path: Path, listener: Listener) -> Iterator[Sandbox]:
    server = Sandbox(free_port(), tmp_path / "s.db", f"http://127.0.0.1:{listener.port}/hook")
    server.start()
    server.control("set", settle_seconds="86400")
    yield server
    server.kill()


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.02)


PAID = [
    "product.created",
    "price.created",
    "payment_intent.created",
    "charge.succeeded",
    "payment_intent.succeeded",
    "checkout.session.completed",
]


def test_messages_are_signed_so_that_the_sdk_takes_them(
    sandbox: Sandbox, listener: Listener
) -> None:
    client = client_of(sandbox)
    charge = paid(sandbox, client)
    wait_for(lambda: len(listener.heard) >= len(PAID))
    body, header, _status = listener.heard[PAID.index("charge.succeeded")]
    event = client.construct_event(body, header, SECRET)
    assert (event.type, event.data.object.id) == ("charge.succeeded", charge.id)
    kept = client.v1.events.retrieve(event.id).to_dict()
    waiting = {"pending_webhooks": event.pending_webhooks}
    assert (event.pending_webhooks, event.to_dict()) == (1, {**kept, **waiting})
    assert listener.kinds() == PAID


@pytest.mark.parametrize("damage", ["body", "secret", "time", "signature"])
def test_the_sdk_refuses_a_message_that_was_touched(
    sandbox: Sandbox, listener: Listener, damage: str
) -> None:
    """The control: the signature depends on the body, the secret and the time."""
    client = client_of(sandbox)
    client.v1.customers.create({"name": "Ada"})
    wait_for(lambda: bool(listener.heard))
    body, header, _status = listener.heard[0]
    secret = SECRET
    client.construct_event(body, header, secret)
    if damage == "body":
        body = body.replace(b"Ada", b"Bea")
    elif damage == "secret":
        secret = "whsec_other"
    elif damage == "time":
        at, rest = header.split(",", 1)
        header = f"t={int(at.removeprefix('t=')) - 1},{rest}"
    else:
        header = header[:-1] + ("0" if header[-1] != "0" else "1")
    with pytest.raises(stripe.SignatureVerificationError):
        client.construct_event(body, header, secret)


def test_a_message_answered_with_500_comes_again_and_out_of_order(
    sandbox: Sandbox, listener: Listener
) -> None:
    listener.plan = [200, 200, 200, 500, 200, 200, 503]
    paid(sandbox, client_of(sandbox))
    wait_for(lambda: len(listener.kinds()) == len(PAID))
    assert listener.kinds(good=False) == ["charge.succeeded", "charge.succeeded"]
    assert listener.kinds() == [*PAID[:3], *PAID[4:], PAID[3]]
    bodies = [body for body, _header, _status in listener.heard if b"charge.succeeded" in body]
    assert len({bytes(body) for body in bodies}) == 1
    time.sleep(0.5)
    assert len(listener.heard) == len(PAID) + 2


def test_a_listener_that_is_away_hears_it_later(sandbox: Sandbox, listener: Listener) -> None:
    """Nothing is lost while the sandbox itself is killed either.

    What it was about to note as heard when it was killed is sent again: at least once.
    """
    listener.plan = [500] * 3
    paid(sandbox, client_of(sandbox))
    wait_for(lambda: len(listener.heard) >= 3)
    sandbox.restart()
    wait_for(lambda: set(listener.kinds()) == set(PAID))


def test_duplicates_drops_and_redelivery_can_be_had(sandbox: Sandbox, listener: Listener) -> None:
    client = client_of(sandbox)
    sandbox.control("set", duplicate="1")
    client.v1.customers.create({})
    wait_for(lambda: len(listener.heard) == 2)
    assert listener.heard[0][0] == listener.heard[1][0]
    sandbox.control("set", duplicate="0", drop="1")
    client.v1.customers.create({})
    sandbox.control("set", drop="0")
    client.v1.customers.create({})
    wait_for(lambda: len(listener.heard) == 3)
    assert len(client.v1.events.list().data) == 3
    sandbox.control("redeliver")
    wait_for(lambda: len(listener.heard) == 7)


def test_the_order_can_be_anything(sandbox: Sandbox, listener: Listener) -> None:
    client = client_of(sandbox)
    sandbox.control("set", shuffle="1")
    listener.plan = [500] * 12
    for n in range(12):
        client.v1.customers.create({"name": f"N{n}"})
    wait_for(lambda: len(listener.kinds()) == 12)
    names = [
        client.construct_event(body, header, SECRET).data.object.name
        for body, header, status in listener.heard
        if status == 200
    ]
    assert sorted(names) == sorted(f"N{n}" for n in range(12))
    assert names != [f"N{n}" for n in range(12)]


def test_an_endpoint_hears_only_what_it_asked_for(sandbox: Sandbox, listener: Listener) -> None:
    client = client_of(sandbox)
    client.v1.webhook_endpoints.create(
        {
            "url": f"http://127.0.0.1:{listener.port}/other",
            "enabled_events": ["charge.updated"],
        }
    )
    client.v1.customers.create({})
    wait_for(lambda: len(listener.heard) == 1)
    time.sleep(0.5)
    assert len(listener.heard) == 1


def test_after_a_roll_both_secrets_sign_for_a_time(sandbox: Sandbox, listener: Listener) -> None:
    client = client_of(sandbox)
    (endpoint,) = client.v1.webhook_endpoints.list().data
    rolled = sandbox.control("roll_secret", endpoint=endpoint.id, seconds="60")["object"]
    client.v1.customers.create({})
    wait_for(lambda: len(listener.heard) == 1)
    body, header, _status = listener.heard[0]
    assert header.count("v1=") == 2
    for secret in (SECRET, rolled["secret"]):
        assert client.construct_event(body, header, secret).type == "customer.created"
    sandbox.control("set", advance="61")
    client.v1.customers.create({})
    wait_for(lambda: len(listener.heard) == 2)
    body, header, _status = listener.heard[1]
    client.construct_event(body, header, rolled["secret"])
    with pytest.raises(stripe.SignatureVerificationError):
        client.construct_event(body, header, SECRET)


def test_a_message_is_given_up_after_the_last_try_and_found_by_its_failure(
    sandbox: Sandbox, listener: Listener
) -> None:
    client = client_of(sandbox)
    sandbox.control("set", retry_waits="0,0,0")
    listener.plan = [500] * 3
    lost = client.v1.customers.create({})
    wait_for(lambda: len(listener.heard) == 3)
    heard = client.v1.customers.create({})
    wait_for(lambda: len(listener.heard) == 4)
    time.sleep(0.5)
    assert len(listener.heard) == 4
    sandbox.control("set", drop_next="1")
    dropped = client.v1.customers.create({})
    missed = client.v1.events.list({"delivery_success": False}).data
    assert {event.data.object.id for event in missed} == {lost.id, dropped.id}
    good = client.v1.events.list({"delivery_success": True}).data
    assert [event.data.object.id for event in good] == [heard.id]
    sandbox.control("redeliver", event=missed[0].id)
    wait_for(lambda: len(listener.heard) == 5)
    assert b"customer.created" in listener.heard[4][0]


def test_an_endpoint_is_changed_disabled_and_deleted(sandbox: Sandbox, listener: Listener) -> None:
    client = client_of(sandbox)
    (endpoint,) = client.v1.webhook_endpoints.list().data
    changed = client.v1.webhook_endpoints.update(
        endpoint.id, {"enabled_events": ["refund.created"]}
    )
    assert (changed.enabled_events, "secret" in changed.to_dict()) == (["refund.created"], False)
    client.v1.customers.create({})
    params: Any = {"enabled_events": ["*"], "disabled": True}
    assert client.v1.webhook_endpoints.update(endpoint.id, params).status == "disabled"
    client.v1.customers.create({})
    client.v1.webhook_endpoints.update(endpoint.id, {"disabled": False})
    last = client.v1.customers.create({})
    wait_for(lambda: len(listener.heard) == 1)
    assert last.id.encode() in listener.heard[0][0]
    assert client.v1.webhook_endpoints.delete(endpoint.id).deleted is True
    client.v1.customers.create({})
    time.sleep(0.5)
    assert len(listener.heard) == 1


def test_a_message_can_be_late(sandbox: Sandbox, listener: Listener) -> None:
    client = client_of(sandbox)
    sandbox.control("set", delay_seconds="3600")
    late = client.v1.customers.create({})
    sandbox.control("set", delay_seconds="0")
    soon = client.v1.customers.create({})
    wait_for(lambda: len(listener.heard) == 1)
    assert soon.id.encode() in listener.heard[0][0]
    assert late.id not in [client.v1.events.list().data[0].data.object.id]


def test_events_are_listed_by_several_types(sandbox: Sandbox) -> None:
    client = client_of(sandbox)
    paid(sandbox, client)
    wanted: Any = {"types": ["charge.succeeded", "payment_intent.created"]}
    found = [event.type for event in client.v1.events.list(wanted).data]
    assert sorted(found) == ["charge.succeeded", "payment_intent.created"]
