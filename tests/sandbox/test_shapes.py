"""Everything the sandbox returns has the shape that the pinned SDK states."""

import copy
from typing import Any

import pytest
import requests
import stripe

from ledger.sandbox.events import API_VERSION
from tests.faults.conftest import Sandbox
from tests.sandbox import world
from tests.sandbox.conftest import KEY, paid, raw
from tests.sandbox.shapes import CLASSES, fields, optional, problems

STATUSES = {
    "charge": "pending succeeded failed",
    "checkout.session": "open complete expired",
    "dispute": "needs_response under_review won lost",
    "invoice": "open paid void",
    "payment_intent": "requires_payment_method requires_action requires_capture processing "
    "canceled succeeded",
    "payout": "failed",
    "refund": "pending succeeded failed",
    "subscription": "active incomplete trialing",
    "setup_intent": "requires_payment_method canceled succeeded",
}


@pytest.fixture(scope="module")
def objects(sandbox: Sandbox) -> list[dict[str, Any]]:
    """Every object of a sandbox in which everything has happened once."""
    world.build(sandbox)
    return world.objects(sandbox)


def test_every_object_has_the_shape_the_sdk_states(objects: list[dict[str, Any]]) -> None:
    wrong = [
        f"{found['object']}{problem}"
        for found in objects
        for problem in problems(found, CLASSES[found["object"]])
    ]
    assert wrong == []


def test_every_kind_of_object_was_looked_at(objects: list[dict[str, Any]]) -> None:
    assert {found["object"] for found in objects} == set(CLASSES)
    seen: dict[str, set[str]] = {}
    for found in objects:
        seen.setdefault(found["object"], set()).add(str(found.get("status")))
    for kind, statuses in STATUSES.items():
        assert seen[kind] >= set(statuses.split()), kind


def test_the_objects_inside_events_have_their_shape(objects: list[dict[str, Any]]) -> None:
    events = [found for found in objects if found["object"] == "event"]
    assert {event["type"] for event in events} >= {
        "charge.succeeded",
        "charge.failed",
        "charge.updated",
        "charge.refunded",
        "checkout.session.completed",
        "checkout.session.expired",
        "payment_intent.succeeded",
        "payment_intent.payment_failed",
        "payout.created",
        "payout.paid",
        "payout.failed",
        "payout.reconciliation_completed",
        "refund.created",
    }
    for event in events:
        inner = event["data"]["object"]
        assert problems(inner, CLASSES[inner["object"]]) == [], event["type"]
        assert event["api_version"] == API_VERSION == stripe.api_version


@pytest.mark.parametrize("kind", sorted(CLASSES))
def test_a_missing_a_strange_and_a_wrong_field_are_each_noticed(
    objects: list[dict[str, Any]], kind: str
) -> None:
    """The control: each damage to each field of each kind is reported, by the field's name."""
    found = next(found for found in objects if found["object"] == kind)
    known = fields(CLASSES[kind])
    assert len(known) >= 6
    required = [name for name in known if not optional(known[name])]
    assert required
    for name in required:
        damaged = copy.deepcopy(found)
        del damaged[name]
        assert any(name in problem for problem in problems(damaged, CLASSES[kind])), name
    for name in found:
        damaged = copy.deepcopy(found)
        damaged[name] = object()
        assert any(name in problem for problem in problems(damaged, CLASSES[kind])), name
    assert problems({**found, "invented": 1}, CLASSES[kind])


def test_the_sdk_reads_the_values_it_states(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    charge = paid(sandbox, client, 12_345)
    sandbox.control("settle")
    charge = client.v1.charges.retrieve(charge.id, {"expand": ["balance_transaction"]})
    txn = charge.balance_transaction
    assert isinstance(txn, stripe.BalanceTransaction)
    assert (txn.amount, txn.fee, txn.net) == (12_345, 388, 11_957)
    assert txn.source == charge.id
    assert [detail.amount for detail in txn.fee_details] == [388]


def test_what_only_the_sandbox_knows_is_never_shown(objects: list[dict[str, Any]]) -> None:
    assert [name for found in objects for name in found if name.startswith("_")] == []


def test_a_secret_of_an_endpoint_is_shown_once(sandbox: Sandbox) -> None:
    made = requests.post(
        f"{sandbox.url}/v1/webhook_endpoints",
        {"url": "http://127.0.0.1:1/", "enabled_events[0]": "charge.updated"},
        auth=(KEY, ""),
        timeout=60,
    ).json()
    assert made["secret"].startswith("whsec_")
    assert "secret" not in raw(sandbox, f"webhook_endpoints/{made['id']}")
