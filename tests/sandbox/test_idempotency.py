"""The same key has one effect and one answer, whatever happens in between."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
import stripe

from tests.faults.conftest import Sandbox
from tests.sandbox.conftest import KEY, page_params, paid


def count(client: stripe.StripeClient) -> int:
    return len(client.v1.customers.list({"limit": 100}).data)


def test_the_same_key_and_parameters_give_the_same_answer(client: stripe.StripeClient) -> None:
    before = count(client)
    one, two = (
        client.v1.customers.create({"name": "Ada"}, {"idempotency_key": "same"}) for _ in range(2)
    )
    assert one.to_dict() == two.to_dict()
    assert count(client) == before + 1
    assert one.last_response is not None
    assert two.last_response is not None
    assert "Idempotent-Replayed" not in one.last_response.headers
    assert two.last_response.headers["Idempotent-Replayed"] == "true"


def test_without_a_key_each_call_has_its_effect(sandbox: Sandbox) -> None:
    """The control: what the key prevents does happen without one."""
    answers = {
        requests.post(
            f"{sandbox.url}/v1/customers", {"name": "Ada"}, auth=(KEY, ""), timeout=60
        ).json()["id"]
        for _ in range(2)
    }
    assert len(answers) == 2


@pytest.mark.parametrize("change", ["another value", "one more", "another address"])
def test_the_same_key_for_something_else_is_an_error(
    client: stripe.StripeClient, change: str
) -> None:
    key = f"other-{change}"
    client.v1.customers.create({"name": "Ada"}, {"idempotency_key": key})
    before = count(client)
    other: Callable[[], object] = {
        "another value": lambda: client.v1.customers.create(
            {"name": "Bea"}, {"idempotency_key": key}
        ),
        "one more": lambda: client.v1.customers.create(
            {"name": "Ada", "email": "ada@example.org"}, {"idempotency_key": key}
        ),
        "another address": lambda: client.v1.webhook_endpoints.create(
            {"url": "http://127.0.0.1:1/", "enabled_events": ["*"]}, {"idempotency_key": key}
        ),
    }[change]
    with pytest.raises(stripe.IdempotencyError) as refused:
        other()
    assert refused.value.http_status == 400
    told: Any = refused.value.json_body
    assert told["error"]["type"] == "idempotency_error"
    assert count(client) == before


def test_the_answer_survives_a_killed_server(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    one = client.v1.checkout.sessions.create(page_params(), {"idempotency_key": "restart"})
    sandbox.restart()
    sandbox.control("set", settle_seconds="86400")
    two = client.v1.checkout.sessions.create(page_params(), {"idempotency_key": "restart"})
    assert one.to_dict() == two.to_dict()
    with pytest.raises(stripe.IdempotencyError):
        client.v1.checkout.sessions.create(page_params(7000), {"idempotency_key": "restart"})


def test_an_answer_lost_after_the_effect_is_replayed(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    before = count(client)
    sandbox.control("set", fail="after")
    with pytest.raises(stripe.APIError):
        client.v1.customers.create({"name": "Ada"}, {"idempotency_key": "lost"})
    client.v1.customers.create({"name": "Ada"}, {"idempotency_key": "lost"})
    assert count(client) == before + 1


def test_what_failed_before_its_effect_is_done_the_second_time(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    before = count(client)
    sandbox.control("set", fail="before")
    with pytest.raises(stripe.APIError):
        client.v1.customers.create({"name": "Ada"}, {"idempotency_key": "early"})
    assert count(client) == before
    client.v1.customers.create({"name": "Ada"}, {"idempotency_key": "early"})
    assert count(client) == before + 1


def test_a_refused_request_leaves_its_key_free(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.checkout.sessions.create(page_params(1), {"idempotency_key": "free"})
    client.v1.checkout.sessions.create(page_params(), {"idempotency_key": "free"})


def test_many_at_once_with_one_key_have_one_effect(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    charge = paid(sandbox, client)
    with ThreadPoolExecutor(6) as pool:
        made = list(
            pool.map(
                lambda _: (
                    client.v1.refunds.create(
                        {"charge": charge.id, "amount": 100}, {"idempotency_key": "at-once"}
                    ).id
                ),
                range(12),
            )
        )
    assert len(set(made)) == 1
    assert client.v1.charges.retrieve(charge.id).amount_refunded == 100


def test_a_key_has_a_longest_length(client: stripe.StripeClient) -> None:
    client.v1.customers.create({}, {"idempotency_key": "k" * 255})
    with pytest.raises(stripe.InvalidRequestError, match="255"):
        client.v1.customers.create({}, {"idempotency_key": "k" * 256})


def test_a_key_is_forgotten_after_a_day(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    key: Any = {"idempotency_key": "a day"}
    first = client.v1.customers.create({"name": "Once"}, options=key)
    sandbox.control("set", advance="86300")
    assert client.v1.customers.create({"name": "Once"}, options=key).id == first.id
    sandbox.control("set", advance="86500")
    assert client.v1.customers.create({"name": "Once"}, options=key).id != first.id
    sandbox.control("set", advance="0")
