"""Payouts: by themselves or on demand, on their way, failing late, and below zero."""

from collections.abc import Iterator

import pytest
import stripe

from tests.faults.conftest import Sandbox
from tests.sandbox.conftest import movements, paid, types


@pytest.fixture
def money(sandbox: Sandbox, client: stripe.StripeClient) -> Iterator[int]:
    """Something on the balance, in francs that no other test has."""
    sandbox.control("payout", currency="chf", negative="1")
    paid(sandbox, client, 10_000, "chf")
    sandbox.control("settle")
    yield 10_000 - 320
    sandbox.control("set", arrival_seconds="0")


def test_a_manual_payout_takes_no_transactions_along(
    sandbox: Sandbox, client: stripe.StripeClient, money: int
) -> None:
    made = client.v1.payouts.create({"amount": 4000, "currency": "chf", "metadata": {"a": "b"}})
    assert (made.automatic, made.reconciliation_status, made.status) == (
        False,
        "not_applicable",
        "paid",
    )
    assert client.v1.balance_transactions.list({"payout": made.id}).data == []
    assert movements(client, made.id) == [("payout", "payout", -4000, 0)]
    assert types(client, made.id) == ["payout.created", "payout.paid"]
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payouts.create({"amount": money, "currency": "chf"})
    assert caught.value.code == "balance_insufficient"


def test_an_automatic_payout_says_when_it_can_be_reconciled(
    sandbox: Sandbox, client: stripe.StripeClient, money: int
) -> None:
    made = sandbox.control("payout", currency="chf")["payout"]
    assert (made["amount"], made["reconciliation_status"]) == (money, "completed")
    assert types(client, made["id"]) == [
        "payout.created",
        "payout.paid",
        "payout.reconciliation_completed",
    ]
    contained = client.v1.balance_transactions.list({"payout": made["id"]}).data
    assert sum(txn.net for txn in contained if txn.type != "payout") == money


def test_a_payout_is_on_its_way_then_paid_and_fails_all_the_same(
    sandbox: Sandbox, client: stripe.StripeClient, money: int
) -> None:
    sandbox.control("set", arrival_seconds="86400")
    made = sandbox.control("payout", currency="chf")["payout"]
    assert made["status"] == "pending"
    assert [p.id for p in client.v1.payouts.list({"status": "pending"}).data] == [made["id"]]
    sandbox.control("now", only="arrive")
    assert client.v1.payouts.retrieve(made["id"]).status == "paid"
    sandbox.control("fail_payout", payout=made["id"], reason="no_account")
    failed = client.v1.payouts.retrieve(made["id"])
    assert (failed.status, failed.failure_code) == ("failed", "no_account")
    assert movements(client, made["id"]) == [
        ("payout", "payout", -money, 0),
        ("payout_reversal", "payout_failure", money, 0),
    ]
    assert types(client, made["id"])[-1] == "payout.failed"


def test_a_payout_can_be_called_back_while_it_is_pending(
    sandbox: Sandbox, client: stripe.StripeClient, money: int
) -> None:
    sandbox.control("set", arrival_seconds="86400")
    made = client.v1.payouts.create({"amount": 1000, "currency": "chf"})
    gone = client.v1.payouts.cancel(made.id)
    assert gone.status == "canceled"
    assert movements(client, made.id)[1] == ("payout_reversal", "payout_cancel", 1000, 0)
    sandbox.control("now", only="arrive")
    assert client.v1.payouts.retrieve(made.id).status == "canceled"
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.payouts.cancel(made.id)


def test_a_balance_below_zero_is_taken_from_the_bank(
    sandbox: Sandbox, client: stripe.StripeClient, money: int
) -> None:
    sandbox.control("payout", currency="chf")
    sandbox.control("fee", amount="700", currency="chf")
    assert sandbox.control("payout", currency="chf")["payout"] is None
    made = sandbox.control("payout", currency="chf", negative="1")["payout"]
    assert made["amount"] == -700
    assert movements(client, made["id"]) == [("payout", "payout", 700, 0)]


def test_forints_leave_in_whole_units(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    paid(sandbox, client, 50_050, "huf")
    sandbox.control("settle")
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.payouts.create({"amount": 10_050, "currency": "huf"})
    assert client.v1.payouts.create({"amount": 10_000, "currency": "huf"}).amount == 10_000
