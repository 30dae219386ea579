"""Everything the sandbox returns has the shape that the pinned SDK states."""

import copy
from typing import Any

import pytest
import requests
import stripe

from ledger.sandbox.events import API_VERSION
from tests.faults.conftest import Sandbox
from tests.sandbox.conftest import (
    KEY,
    clocked_customer,
    monthly,
    page_params,
    paid,
    raw,
    subscribed,
)
from tests.sandbox.shapes import CLASSES, fields, problems, stripes
from tests.worlds import sandbox as world

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
    marks = stripes(CLASSES[kind]) or {}
    required = [name for name in known if not marks.get(name, (True, True))[0]]
    assert len(required) >= 4
    for name in required:
        damaged = copy.deepcopy(found)
        del damaged[name]
        missing = f".{name}: missing from {CLASSES[kind].__name__}"
        assert missing in problems(damaged, CLASSES[kind])
    for name in known:
        if not marks.get(name, (True, False))[1]:
            damaged = {**copy.deepcopy(found), name: None}
            assert any(name in problem for problem in problems(damaged, CLASSES[kind])), name
    for name in found:
        damaged = copy.deepcopy(found)
        damaged[name] = object()
        assert any(name in problem for problem in problems(damaged, CLASSES[kind])), name
    assert problems({**found, "invented": 1}, CLASSES[kind])


def test_a_class_of_which_nothing_is_known_is_noticed() -> None:
    """The control of the file: what it lacks is not taken for a class without rules."""

    class Unheard(stripe.StripeObject):
        colour: str

    assert problems({"colour": "red"}, Unheard) == [
        f": nothing is known of the fields of {Unheard.__qualname__}"
    ]


def test_a_page_has_line_items_where_they_are_asked_for(client: stripe.StripeClient) -> None:
    made = client.v1.checkout.sessions.create(page_params(2000, expand=["line_items"]))
    assert made.line_items is not None
    (line,) = made.line_items.data
    assert (line.amount_total, line.quantity, line.description) == (2000, 1, "Solar roof")
    assert line.price is not None
    assert (line.price.unit_amount, line.price.type) == (2000, "one_time")
    assert line.price.id == client.v1.prices.retrieve(line.price.id).id
    again = client.v1.checkout.sessions.retrieve(made.id)
    assert "line_items" not in again.to_dict()
    assert [row.id for row in client.v1.checkout.sessions.line_items.list(made.id).data] == [
        line.id
    ]


def test_lines_of_invoices_and_items_of_subscriptions_are_lists_too(
    client: stripe.StripeClient,
) -> None:
    _clock, customer = clocked_customer(client)
    made = subscribed(client, customer, monthly(client, 1500).id)
    (item,) = client.v1.subscription_items.list({"subscription": made.id}).data
    assert item.id == made.items.data[0].id == client.v1.subscription_items.retrieve(item.id).id
    invoice = client.v1.invoices.retrieve(str(made.latest_invoice))
    (line,) = client.v1.invoices.line_items.list(str(invoice.id)).data
    assert (line.id, line.amount, line.subscription) == (invoice.lines.data[0].id, 1500, made.id)
    for path in ("subscription_items/si_none", "checkout/sessions/cs_none/line_items"):
        with pytest.raises(stripe.InvalidRequestError) as caught:
            client.raw_request("get", f"/v1/{path}")
        assert (caught.value.http_status, caught.value.code) == (404, "resource_missing")


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


def test_the_id_of_a_page_is_as_long_as_stripes(client: stripe.StripeClient) -> None:
    """With shorter ids no test would have noticed a column that is too short for them."""
    made = client.v1.checkout.sessions.create(page_params())
    assert len(made.id) == 66
