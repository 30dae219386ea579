"""Refunds go at once, after a while, or in vain; and the balance moves by itself at times."""

import pytest
import requests
import stripe

from tests.faults.conftest import Sandbox
from tests.sandbox.conftest import movements, paid, types


def test_a_refund_is_pending_before_it_succeeds(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    charge = paid(sandbox, client, card="4000000000007726")
    made = client.v1.refunds.create({"charge": charge.id, "amount": 500})
    assert (made.status, made.pending_reason) == ("pending", "processing")
    sandbox.control("now", only="refund")
    made = client.v1.refunds.retrieve(made.id)
    assert (made.status, "pending_reason" in made.to_dict()) == ("succeeded", False)
    assert types(client, made.id) == ["refund.created", "refund.updated"]
    assert movements(client, made.id) == [("refund", "refund", -500, 0)]


def test_a_refund_that_succeeded_can_fail_and_be_made_again(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    charge = paid(sandbox, client, 6000, card="4000000000005126")
    made = client.v1.refunds.create({"charge": charge.id})
    assert (made.status, client.v1.charges.retrieve(charge.id).refunded) == ("succeeded", True)
    sandbox.control("now", only="refund")
    made = client.v1.refunds.retrieve(made.id, {"expand": ["failure_balance_transaction"]})
    back = made.failure_balance_transaction
    assert isinstance(back, stripe.BalanceTransaction)
    assert (made.status, made.failure_reason, back.net) == (
        "failed",
        "expired_or_canceled_card",
        6000,
    )
    assert types(client, made.id)[:3] == ["refund.created", "refund.updated", "refund.failed"]
    assert movements(client, made.id) == [
        ("refund", "refund", -6000, 0),
        ("refund_failure", "refund_failure", 6000, 0),
    ]
    charge = client.v1.charges.retrieve(charge.id)
    assert (charge.amount_refunded, charge.refunded) == (0, False)
    again = client.v1.refunds.create({"charge": charge.id})
    assert (again.amount, again.id != made.id) == (6000, True)


def test_refunds_from_the_dashboard_carry_no_metadata_of_ours(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    charge = paid(sandbox, client, 6000)
    for _ in range(2):
        sandbox.control("refund", charge=charge.id, amount="1500")
    made = sandbox.control("refund", charge=charge.id, how="pending")["object"]
    assert (made["amount"], made["status"], made["metadata"]) == (3000, "pending", {})
    found = client.v1.refunds.list({"charge": charge.id}).data
    assert [refund.amount for refund in found] == [3000, 1500, 1500]
    sandbox.control("end_refund", refund=made["id"], outcome="failed")
    assert client.v1.refunds.retrieve(made["id"]).status == "failed"
    assert client.v1.charges.retrieve(charge.id).amount_refunded == 3000
    over = requests.post(
        f"{sandbox.url}/_test/refund", {"charge": charge.id, "amount": "3001"}, timeout=60
    )
    assert over.status_code == 400


@pytest.mark.parametrize(
    ("control", "form", "expected"),
    [
        ("fee", {"amount": "700"}, ("fee", "stripe_fee", -700)),
        ("fee", {"amount": "-1500"}, ("fee", "stripe_fee", 1500)),
        (
            "move",
            {"kind": "reserve_hold", "amount": "1000"},
            ("risk_reserved_funds", "reserve_hold", -1000),
        ),
        (
            "move",
            {"kind": "reserve_release", "amount": "1000"},
            ("risk_reserved_funds", "reserve_release", 1000),
        ),
        (
            "move",
            {"kind": "adjustment", "amount": "-40"},
            ("other_adjustment", "adjustment", -40),
        ),
        (
            "move",
            {"kind": "climate_order_purchase", "amount": "-9", "category": "never_heard_of"},
            ("never_heard_of", "climate_order_purchase", -9),
        ),
    ],
)
def test_the_balance_moves_without_a_payment(
    sandbox: Sandbox,
    client: stripe.StripeClient,
    control: str,
    form: dict[str, str],
    expected: tuple[str, str, int],
) -> None:
    before = client.v1.balance.retrieve().available[0].amount
    made = sandbox.control(control, **form)["object"]
    found = client.v1.balance_transactions.retrieve(made["id"])
    assert (found.reporting_category, found.type, found.amount) == expected
    assert client.v1.balance.retrieve().available[0].amount == before + found.net


def test_a_top_up_is_an_object_and_a_movement(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    made = sandbox.control("top_up", amount="5000")["object"]
    found = client.v1.topups.retrieve(made["id"])
    assert (found.status, found.amount) == ("succeeded", 5000)
    assert movements(client, made["id"]) == [("topup", "topup", 5000, 0)]
    assert types(client, made["id"]) == ["topup.created", "topup.succeeded"]
