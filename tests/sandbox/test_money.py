"""Cards, fees, refunds and payouts: what each does to the balance, to the last unit."""

import re
from typing import Any

import pytest
import requests
import stripe

from tests.faults.conftest import Sandbox
from tests.sandbox.conftest import page_params, paid


def open_page(client: stripe.StripeClient, amount: int = 6000, currency: str = "usd") -> str:
    made = client.v1.checkout.sessions.create(page_params(amount, currency))
    assert made.url is not None
    return made.url


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        (6000, "usd", "60.00 USD"),
        (1_234_567, "eur", "12,345.67 EUR"),
        (5000, "jpy", "5,000 JPY"),
        (77, "jpy", "77 JPY"),
        (1_250_500, "kwd", "1,250.500 KWD"),
        (120, "bhd", "0.120 BHD"),
        (50_000, "isk", "500.00 ISK"),
        (4000, "mga", "4,000 MGA"),
        (99_999_999, "usd", "999,999.99 USD"),
    ],
)
def test_the_page_shows_an_amount_with_the_decimals_of_its_currency(
    client: stripe.StripeClient, amount: int, currency: str, shown: str
) -> None:
    text = requests.get(open_page(client, amount, currency), timeout=60).text
    assert f"<h1>{shown}</h1>" in text
    assert f"<button>Pay {shown}</button>" in text
    assert "no real payments" in text


def test_the_page_shows_a_name_as_text(client: stripe.StripeClient) -> None:
    params = page_params()
    params["line_items"][0]["price_data"]["product_data"]["name"] = "<script>alert(1)</script>"
    made = client.v1.checkout.sessions.create(params)
    text = requests.get(made.url or "", timeout=60).text
    assert "&lt;script&gt;" in text
    assert "<script" not in text


DECLINES = [
    ("4000000000000002", "card_declined", "generic_decline", "declined"),
    ("4000000000009995", "card_declined", "insufficient_funds", "insufficient funds"),
    ("4000000000009987", "card_declined", "lost_card", "declined"),
    ("4000000000000069", "expired_card", "expired_card", "expired"),
    ("4000000000000127", "incorrect_cvc", "incorrect_cvc", "security code"),
    ("4000000000000119", "processing_error", "processing_error", "Try again"),
]


@pytest.mark.parametrize(("card", "code", "reason", "sentence"), DECLINES)
def test_a_declined_card_takes_nothing_and_another_may_follow(
    sandbox: Sandbox,
    client: stripe.StripeClient,
    card: str,
    code: str,
    reason: str,
    sentence: str,
) -> None:
    made = client.v1.checkout.sessions.create(page_params())
    refused = sandbox.pay(made.url or "", card)
    assert refused.status_code == 402
    assert sentence in refused.text
    intent = client.v1.payment_intents.list({"limit": 1}).data[0]
    error = intent.last_payment_error
    assert error is not None
    assert (intent.status, error.code, error.decline_code) == (
        "requires_payment_method",
        code,
        reason,
    )
    failed = client.v1.charges.retrieve(str(intent.latest_charge))
    assert (failed.status, failed.paid, failed.failure_code) == ("failed", False, code)
    sandbox.control("settle")
    assert client.v1.balance_transactions.list({"source": failed.id}).data == []
    with pytest.raises(stripe.InvalidRequestError, match="did not succeed"):
        client.v1.refunds.create({"charge": failed.id})
    assert client.v1.checkout.sessions.retrieve(made.id).status == "open"
    assert sandbox.pay(made.url or "").status_code == 303
    intent = client.v1.payment_intents.retrieve(intent.id)
    assert (intent.status, intent.last_payment_error) == ("succeeded", None)
    assert len(client.v1.charges.list({"payment_intent": intent.id}).data) == 2


def test_a_number_that_is_no_test_card_never_reaches_a_bank(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    before = len(client.v1.charges.list({"limit": 100}).data)
    refused = sandbox.pay(open_page(client), "4111 1111 1111 1111")
    assert refused.status_code == 402
    assert "no test card" in refused.text
    assert "4111" not in refused.text
    assert len(client.v1.charges.list({"limit": 100}).data) == before


@pytest.mark.parametrize(
    ("answer", "status", "ends"), [("yes", 303, "complete"), ("no", 402, "open")]
)
def test_a_bank_that_asks_decides(
    sandbox: Sandbox, client: stripe.StripeClient, answer: str, status: int, ends: str
) -> None:
    made = client.v1.checkout.sessions.create(page_params())
    asks = sandbox.pay(made.url or "", "4000002500003155")
    assert "Is this payment yours?" in asks.text
    assert client.v1.checkout.sessions.retrieve(made.id).status == "open"
    done = requests.post(
        f"{made.url}/challenge", {"answer": answer}, allow_redirects=False, timeout=60
    )
    assert done.status_code == status
    assert client.v1.checkout.sessions.retrieve(made.id).status == ends


def test_a_page_is_paid_once_however_often_it_is_sent(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    url = open_page(client)
    before = len(client.v1.charges.list({"limit": 100}).data)
    assert [sandbox.pay(url).status_code for _ in range(3)] == [303, 303, 303]
    assert len(client.v1.charges.list({"limit": 100}).data) == before + 1


def test_a_page_that_is_closed_takes_no_money(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    made = client.v1.checkout.sessions.create(page_params())
    client.v1.checkout.sessions.expire(made.id)
    assert sandbox.pay(made.url or "").status_code == 404
    with pytest.raises(stripe.InvalidRequestError, match="Only open"):
        client.v1.checkout.sessions.expire(made.id)


@pytest.mark.parametrize(
    ("amount", "fee"),
    [
        (6000, 204),
        (10_000, 320),
        (50, 31),
        (1017, 59),
        (1018, 60),
        (99_999_999, 2_900_030),
    ],
)
def test_a_fee_is_exact_and_net_is_what_is_left(
    sandbox: Sandbox, client: stripe.StripeClient, amount: int, fee: int
) -> None:
    """2.9 % and 30, half rounded up; the figures are worked by hand."""
    charge = paid(sandbox, client, amount)
    sandbox.control("settle")
    (txn,) = client.v1.balance_transactions.list({"source": charge.id}).data
    assert (txn.amount, txn.fee, txn.net) == (amount, fee, amount - fee)
    assert sum(part.amount for part in txn.fee_details) == fee
    assert (txn.type, txn.reporting_category, txn.currency) == ("charge", "charge", "usd")


def test_a_balance_transaction_arrives_late_and_once(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    charge = paid(sandbox, client)
    assert charge.balance_transaction is None
    assert client.v1.balance_transactions.list({"source": charge.id}).data == []
    sandbox.control("settle")
    sandbox.control("settle")
    (txn,) = client.v1.balance_transactions.list({"source": charge.id}).data
    assert client.v1.charges.retrieve(charge.id).balance_transaction == txn.id
    kinds = [
        event.type
        for event in client.v1.events.list({"limit": 100}).auto_paging_iter()
        if getattr(event.data.object, "id", None) == charge.id
    ]
    assert kinds == ["charge.updated", "charge.succeeded"]


def test_refunds_go_back_in_parts_up_to_the_whole_and_no_further(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    charge = paid(sandbox, client, 10_000)
    sandbox.control("settle")
    for part in (4000, 2500, 2500):
        made = client.v1.refunds.create({"charge": charge.id, "amount": part})
        (txn,) = client.v1.balance_transactions.list({"source": made.id}).data
        assert (txn.amount, txn.fee, txn.net, txn.type) == (-part, 0, -part, "refund")
        assert made.balance_transaction == txn.id
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.refunds.create({"charge": charge.id, "amount": 1001})
    assert refused.value.param == "amount"
    assert client.v1.charges.retrieve(charge.id).refunded is False
    assert client.v1.refunds.create({"charge": charge.id}).amount == 1000
    charge = client.v1.charges.retrieve(charge.id)
    assert (charge.amount_refunded, charge.refunded) == (10_000, True)
    with pytest.raises(stripe.InvalidRequestError) as again:
        client.v1.refunds.create({"charge": charge.id, "amount": 1})
    assert again.value.code == "charge_already_refunded"
    assert len(client.v1.refunds.list({"charge": charge.id}).data) == 4


@pytest.mark.parametrize("amount", ["0", "-1", "1.5", "all", "10001"])
def test_a_refund_of_no_amount_or_too_much_is_refused(
    sandbox: Sandbox, client: stripe.StripeClient, amount: str
) -> None:
    charge = paid(sandbox, client, 10_000)
    wrong: Any = {"charge": charge.id, "amount": amount}
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.refunds.create(wrong)
    assert refused.value.param == "amount"
    assert client.v1.charges.retrieve(charge.id).amount_refunded == 0


def test_a_refund_by_its_intent_is_the_same(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    charge = paid(sandbox, client)
    made = client.v1.refunds.create({"payment_intent": str(charge.payment_intent)})
    assert (made.charge, made.amount) == (charge.id, 6000)


def contained(
    client: stripe.StripeClient, payout: stripe.Payout
) -> list[stripe.BalanceTransaction]:
    """What a payout contains, without the payout's own movement."""
    page = client.v1.balance_transactions.list({"payout": payout.id, "limit": 3})
    return [txn for txn in page.auto_paging_iter() if txn.type != "payout"]


def test_a_payout_is_exactly_what_it_contains(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    sandbox.control("payout")
    charges = [paid(sandbox, client, 1000 + 37 * n) for n in range(7)]
    sandbox.control("settle")
    client.v1.refunds.create({"charge": charges[0].id, "amount": 400})
    sandbox.control("payout")
    late = paid(sandbox, client, 9999)
    sandbox.control("settle")
    payout = client.v1.payouts.list({"limit": 1}).data[0]
    inside = contained(client, payout)
    assert sum(txn.net for txn in inside) == payout.amount
    assert len(inside) == 8
    assert late.id not in {txn.source for txn in inside}
    (own,) = client.v1.balance_transactions.list({"source": payout.id}).data
    assert (own.amount, own.net, own.fee) == (-payout.amount, -payout.amount, 0)
    assert payout.trace_id is not None
    assert re.fullmatch(r"[0-9A-F]{10}", payout.trace_id.value or "")


def test_each_currency_is_paid_out_by_itself(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    for currency in ("usd", "jpy"):
        sandbox.control("payout", currency=currency)
    paid(sandbox, client, 5000, "jpy")
    paid(sandbox, client, 6000)
    sandbox.control("payout", currency="jpy")
    payout = client.v1.payouts.list({"limit": 1}).data[0]
    assert (payout.currency, payout.amount) == ("jpy", 5000 - 175)
    balance = {part.currency: part.amount for part in client.v1.balance.retrieve().available}
    assert (balance["jpy"], balance["usd"]) == (0, 5796)


def test_nothing_on_the_balance_makes_no_payout(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    sandbox.control("payout")
    before = len(client.v1.payouts.list({"limit": 100}).data)
    sandbox.control("payout")
    assert len(client.v1.payouts.list({"limit": 100}).data) == before


def test_a_payout_that_fails_comes_back_and_goes_out_again(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    sandbox.control("payout")
    paid(sandbox, client)
    sandbox.control("payout")
    payout = client.v1.payouts.list({"limit": 1}).data[0]
    sandbox.control("fail_payout", payout=payout.id)
    failed = client.v1.payouts.retrieve(payout.id, {"expand": ["failure_balance_transaction"]})
    back = failed.failure_balance_transaction
    assert isinstance(back, stripe.BalanceTransaction)
    assert (failed.status, back.net, back.type) == ("failed", 5796, "payout_failure")
    assert sum(txn.net for txn in contained(client, failed)) == 5796
    sandbox.control("payout")
    again = client.v1.payouts.list({"limit": 1}).data[0]
    assert [txn.id for txn in contained(client, again)] == [back.id]
    assert again.amount == 5796
    url = f"{sandbox.url}/_test/fail_payout"
    assert requests.post(url, {"payout": payout.id}, timeout=60).status_code == 400
    assert requests.post(url, {"payout": "po_none"}, timeout=60).status_code == 404
