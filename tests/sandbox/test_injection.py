"""Faults on demand: what a client must survive happens exactly when it is asked for."""

from typing import Any

import pytest
import requests
import stripe

from tests.faults.conftest import Sandbox


def names(client: stripe.StripeClient) -> int:
    return len(client.v1.customers.list({"limit": 100}).data)


@pytest.mark.parametrize(
    ("kind", "error", "made"),
    [
        ("before", stripe.APIError, 0),
        ("unavailable", stripe.APIError, 0),
        ("limit", stripe.RateLimitError, 0),
        ("busy", stripe.StripeError, 0),
        ("after", stripe.APIError, 1),
        ("stuck", stripe.APIError, 1),
        ("cut", stripe.APIConnectionError, 1),
    ],
)
def test_a_planned_fault_hits_the_next_request_to_its_path_alone(
    sandbox: Sandbox, client: stripe.StripeClient, kind: str, error: Any, made: int
) -> None:
    before = names(client)
    sandbox.control("fault", kind=kind, path="customers", method="POST")
    client.v1.products.create({"name": "Not hit"})
    with pytest.raises(error):
        client.v1.customers.create({"name": "Hit"})
    assert names(client) == before + made
    client.v1.customers.create({"name": "Not hit either"})
    assert names(client) == before + made + 1


def test_a_fault_can_hit_reading_and_several_times(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    sandbox.control("fault", kind="unavailable", path="events", count="2")
    for _ in range(2):
        with pytest.raises(stripe.APIError):
            client.v1.events.list()
    client.v1.events.list()


def test_a_lost_answer_is_told_again_by_the_same_key(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    before = names(client)
    sandbox.control("fault", kind="cut", path="customers", method="POST")
    key: Any = {"idempotency_key": "once"}
    with pytest.raises(stripe.APIConnectionError):
        client.v1.customers.create({"name": "Once"}, options=key)
    made = client.v1.customers.create({"name": "Once"}, options=key)
    assert names(client) == before + 1
    assert client.v1.customers.list({"limit": 1}).data[0].id == made.id


def test_a_failure_that_stripe_has_stored_is_told_by_its_key_for_good(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    before = names(client)
    sandbox.control("fault", kind="stuck", path="customers", method="POST")
    key: Any = {"idempotency_key": "stuck"}
    for _ in range(3):
        with pytest.raises(stripe.APIError):
            client.v1.customers.create({"name": "Made, and never told"}, options=key)
    assert names(client) == before + 1


def test_a_slow_answer_comes_after_the_client_has_gone(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    before = names(client)
    sandbox.control("fault", kind="slow", path="customers", method="POST", seconds="2")
    base: Any = dict.fromkeys(("api", "files", "connect", "meter_events"), sandbox.url)
    hasty = stripe.StripeClient(
        "sk_test_x",
        base_addresses=base,
        http_client=stripe.RequestsClient(timeout=0.5),
        max_network_retries=0,
    )
    with pytest.raises(stripe.APIConnectionError):
        hasty.v1.customers.create({"name": "Slow"})
    assert names(client) == before + 1


def test_too_many_requests_in_a_second_are_refused(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    sandbox.control("set", limit_per_second="3")
    answers = [
        requests.get(f"{sandbox.url}/v1/balance", auth=("sk_test_x", ""), timeout=60)
        for _ in range(12)
    ]
    assert {answer.status_code for answer in answers} == {200, 429}
    sandbox.control("set", limit_per_second="0")
    client.v1.balance.retrieve()


def test_objects_can_claim_to_be_live(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    sandbox.control("set", livemode="1")
    made = client.v1.customers.create({})
    event = client.v1.events.list({"limit": 1}).data[0]
    assert (made.livemode, event.livemode, client.v1.balance.retrieve().livemode) == (
        True,
        True,
        True,
    )
    sandbox.control("set", livemode="0")
    assert client.v1.customers.create({}).livemode is False


def test_an_unknown_lever_is_refused(sandbox: Sandbox) -> None:
    url = f"{sandbox.url}/_test"
    assert requests.post(f"{url}/set", {"gravity": "0"}, timeout=60).status_code == 400
    assert requests.post(f"{url}/fault", {"kind": "flood"}, timeout=60).status_code == 400
    assert requests.post(f"{url}/fault", {}, timeout=60).status_code == 400
