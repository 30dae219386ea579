"""Prices, exchange into the currency that settles, and what is pending before it is available."""

from collections.abc import Iterator

import pytest
import stripe

from tests.faults.conftest import Sandbox
from tests.sandbox.conftest import movements, paid


@pytest.fixture
def euros(sandbox: Sandbox) -> Iterator[None]:
    """Everything settles in euros."""
    sandbox.control("set", settles="eur", rates="usd:eur=0.9,jpy:eur=0.6157,kwd:eur=0.29")
    yield
    sandbox.control("set", settles="", rates="")


@pytest.mark.parametrize(
    ("amount", "currency", "settled", "fee", "rate"),
    [
        (6000, "usd", 5400, 187, 0.9),
        (5001, "jpy", 3079, 119, 0.6157),
        (51_240, "kwd", 14_860, 461, 0.29),
        (6000, "eur", 6000, 204, None),
    ],
)
@pytest.mark.usefixtures("euros")
def test_a_charge_settles_in_another_currency_at_a_rate(
    sandbox: Sandbox,
    client: stripe.StripeClient,
    amount: int,
    currency: str,
    settled: int,
    fee: int,
    rate: float | None,
) -> None:
    charge = paid(sandbox, client, amount, currency)
    sandbox.control("settle")
    (txn,) = client.v1.balance_transactions.list({"source": charge.id}).data
    assert (txn.amount, txn.fee, txn.currency, txn.exchange_rate) == (settled, fee, "eur", rate)
    charge = client.v1.charges.retrieve(charge.id)
    assert (charge.amount, charge.currency) == (amount, currency)


@pytest.mark.usefixtures("euros")
def test_a_refund_and_a_dispute_are_exchanged_at_the_rate_of_their_day(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    charge = paid(sandbox, client, 6000)
    sandbox.control("settle")
    sandbox.control("set", rates="usd:eur=0.8")
    made = client.v1.refunds.create({"charge": charge.id, "amount": 1000})
    (txn,) = client.v1.balance_transactions.list({"source": made.id}).data
    assert (made.amount, made.currency, txn.amount, txn.currency) == (1000, "usd", -800, "eur")
    dispute = sandbox.control("open_dispute", charge=charge.id)["object"]
    assert (dispute["amount"], dispute["currency"]) == (5000, "usd")
    assert movements(client, dispute["id"]) == [("dispute", "adjustment", -4000, 1500)]
    sandbox.control("set", rates="usd:eur=0.5")
    sandbox.control("close_dispute", dispute=dispute["id"], outcome="won")
    assert movements(client, dispute["id"])[1][2] == 4000


@pytest.mark.parametrize(
    ("price", "amount", "fee"),
    [("1.5%+25", 10_000, 175), ("1.5%+25", 10_033, 175), ("1.5%+25", 10_034, 176), ("0%+0", 5, 0)],
)
def test_prices_are_settings_and_halves_go_up(
    sandbox: Sandbox, client: stripe.StripeClient, price: str, amount: int, fee: int
) -> None:
    sandbox.control("set", fee_card=price)
    charge = paid(sandbox, client, max(amount, 50))
    sandbox.control("settle")
    sandbox.control("set", fee_card="")
    assert movements(client, charge.id)[0][3] == fee


def test_money_is_pending_before_it_is_available_and_paid_out(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    sandbox.control("payout", currency="gbp")
    sandbox.control("set", available_seconds="172800", payout_seconds="9999999999")
    sandbox.control("tick")
    slow = paid(sandbox, client, 5000, "gbp")
    quick = paid(sandbox, client, 7000, "gbp", card="4000000000000077")
    sandbox.control("settle")

    def pounds() -> tuple[int, int]:
        found = client.v1.balance.retrieve()
        (available,) = (row.amount for row in found.available if row.currency == "gbp")
        (pending,) = (row.amount for row in found.pending if row.currency == "gbp")
        return available, pending

    assert pounds() == (7000 - 233, 5000 - 175)
    (txn,) = client.v1.balance_transactions.list({"source": slow.id}).data
    assert (txn.status, txn.available_on - txn.created) == ("pending", 172_800)
    payout = sandbox.control("payout", currency="gbp")["payout"]
    contained = client.v1.balance_transactions.list({"payout": payout["id"]}).data
    assert [txn.source for txn in contained] == [payout["id"], quick.id]
    sandbox.control("set", advance="172801")
    sandbox.control("tick")
    assert pounds() == (5000 - 175, 0)
    sandbox.control("set", advance="0", available_seconds="0", payout_seconds="86400")
