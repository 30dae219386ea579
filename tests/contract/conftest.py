"""Two sides of one contract: our sandbox, always, and Stripe's test mode when a key is given.

``STRIPE_TEST_KEY=sk_test_… pytest tests/contract`` runs every call against Stripe as well. Only
what both sides can do is used: tokens instead of card numbers, no controls but patience.
"""

import os
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest
import stripe

from tests.faults.conftest import Sandbox
from tests.ports import free_port
from tests.sandbox.conftest import client_of

KEY = os.environ.get("STRIPE_TEST_KEY", "")
PATIENCE_SECONDS = 90
T = TypeVar("T")


@dataclass
class Side:
    """One who keeps the contract, and how to wait for what it does in its own time."""

    name: str
    client: stripe.StripeClient
    sandbox: Sandbox | None = None

    def eventually(self, ask: Callable[[], T], good: Callable[[T], bool]) -> T:
        """What is asked for, once it is good; the sandbox is nudged, Stripe is waited for."""
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            found = ask()
            if good(found):
                return found
            assert time.monotonic() < until, f"{self.name}: it did not happen in time"
            if self.sandbox is not None:
                self.sandbox.control("now")
            else:
                time.sleep(2)


@pytest.fixture(autouse=True)
def _no_outside_network(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let only the side that is Stripe reach beyond this machine."""
    if "stripe" in request.node.name.partition("[")[2]:
        return
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        assert not isinstance(address, tuple) or address[0] == "127.0.0.1"
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(scope="session", params=["sandbox", *(["stripe"] if KEY else [])])
def side(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Side]:
    """The sandbox, or Stripe's test mode."""
    if request.param == "stripe":
        if not KEY.startswith(("sk_test_", "rk_test_")):
            pytest.fail("STRIPE_TEST_KEY is no key of the test mode; nothing was sent")
        yield Side("stripe", stripe.StripeClient(KEY, max_network_retries=2))
        return
    server = Sandbox(free_port(), tmp_path_factory.mktemp("contract") / "sandbox.db")
    server.start()
    server.control("set", settle_seconds="86400")
    yield Side("sandbox", client_of(server), server)
    server.kill()


@pytest.fixture
def client(side: Side) -> stripe.StripeClient:
    """The real SDK, speaking to one side."""
    return side.client


@pytest.fixture
def customer(client: stripe.StripeClient) -> Iterator[str]:
    """A customer who is gone again afterwards."""
    made = client.v1.customers.create({"email": "contract@example.org", "name": "Contract"})
    yield made.id
    client.v1.customers.delete(made.id)
