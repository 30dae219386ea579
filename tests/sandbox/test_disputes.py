"""Disputes take money and fees at once and give back what the sandbox is told to give back."""

from typing import Any

import pytest
import requests
import stripe

from tests.faults.conftest import Sandbox
from tests.sandbox.conftest import movements, paid, types


def disputed(
    sandbox: Sandbox, client: stripe.StripeClient, amount: int = 9000, **how: str
) -> stripe.Dispute:
    """A dispute of a fresh charge."""
    charge = paid(sandbox, client, amount)
    made = sandbox.control("open_dispute", charge=charge.id, **how)["object"]
    return client.v1.disputes.retrieve(made["id"])


def end(sandbox: Sandbox, dispute: stripe.Dispute, outcome: str) -> None:
    sandbox.control("close_dispute", dispute=dispute.id, outcome=outcome)


def test_a_chargeback_takes_the_money_and_a_fee_at_once(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    dispute = disputed(sandbox, client)
    assert (dispute.status, dispute.amount, dispute.is_charge_refundable) == (
        "needs_response",
        9000,
        False,
    )
    assert dispute.evidence_details.due_by == dispute.created + 7 * 86_400
    assert movements(client, dispute.id) == [("dispute", "adjustment", -9000, 1500)]
    assert [txn.net for txn in dispute.balance_transactions] == [-10_500]
    assert types(client, dispute.id) == ["charge.dispute.created", "charge.dispute.funds_withdrawn"]
    charge = client.v1.charges.retrieve(str(dispute.charge))
    assert charge.disputed is True
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.refunds.create({"charge": charge.id})
    assert caught.value.code == "charge_disputed"


@pytest.mark.parametrize(
    ("returns", "reversal_fee", "apart"), [("", 0, 0), ("inside", -1500, 0), ("apart", 0, 1500)]
)
def test_a_dispute_that_is_won_brings_back_the_money_and_only_the_fee_it_says(
    sandbox: Sandbox, client: stripe.StripeClient, returns: str, reversal_fee: int, apart: int
) -> None:
    dispute = disputed(sandbox, client)
    sandbox.control("set", won_returns_fee=returns)
    end(sandbox, dispute, "won")
    sandbox.control("set", won_returns_fee="")
    dispute = client.v1.disputes.retrieve(dispute.id)
    assert dispute.status == "won"
    assert [(txn.amount, txn.fee) for txn in dispute.balance_transactions] == [
        (-9000, 1500),
        (9000, reversal_fee),
    ]
    assert movements(client, dispute.id)[1][:2] == ("dispute_reversal", "adjustment")
    fees = [
        txn.amount
        for txn in client.v1.balance_transactions.list({"type": "stripe_fee", "limit": 100}).data
        if dispute.id in (txn.description or "")
    ]
    assert fees == ([apart] if apart else [])
    assert types(client, dispute.id)[-2:] == [
        "charge.dispute.funds_reinstated",
        "charge.dispute.closed",
    ]


def test_a_dispute_that_is_lost_moves_nothing_more(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    dispute = disputed(sandbox, client)
    closed = client.v1.disputes.close(dispute.id)
    assert closed.status == "lost"
    assert len(movements(client, dispute.id)) == 1
    assert types(client, dispute.id)[-1] == "charge.dispute.closed"
    url = f"{sandbox.url}/_test/close_dispute"
    again = requests.post(url, {"dispute": dispute.id, "outcome": "won"}, timeout=60)
    assert again.status_code == 400


def test_only_part_of_a_charge_is_disputed_and_never_more_than_is_left(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    charge = paid(sandbox, client, 9000)
    client.v1.refunds.create({"charge": charge.id, "amount": 2000})
    url = f"{sandbox.url}/_test/open_dispute"
    over = requests.post(url, {"charge": charge.id, "amount": "7001"}, timeout=60)
    assert over.status_code == 400
    made = sandbox.control("open_dispute", charge=charge.id, amount="3000")["object"]
    assert movements(client, made["id"]) == [("dispute", "adjustment", -3000, 1500)]


def test_evidence_is_staged_then_sent_and_answering_costs_a_fee(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    dispute = disputed(sandbox, client)
    text: Any = {"uncategorized_text": "A letter of thanks."}
    staged = client.v1.disputes.update(dispute.id, {"evidence": text, "submit": False})
    assert (staged.status, staged.evidence_details.has_evidence) == ("needs_response", True)
    sent = client.v1.disputes.update(dispute.id, {"evidence": {"customer_name": "Kim"}})
    assert (sent.status, sent.evidence_details.submission_count) == ("under_review", 1)
    assert sent.evidence.uncategorized_text == "A letter of thanks."
    fees = client.v1.balance_transactions.list({"type": "stripe_fee"}).data
    assert [
        (txn.amount, txn.reporting_category)
        for txn in fees
        if dispute.id in (txn.description or "")
    ] == [(-1500, "fee")]
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.disputes.update(dispute.id, {"evidence": text})


@pytest.mark.parametrize(
    ("words", "status"), [("winning_evidence", "won"), ("losing_evidence", "lost")]
)
def test_the_words_of_stripes_testing_page_end_a_dispute(
    sandbox: Sandbox, client: stripe.StripeClient, words: str, status: str
) -> None:
    dispute = disputed(sandbox, client)
    client.v1.disputes.update(dispute.id, {"evidence": {"uncategorized_text": words}})
    sandbox.control("now", only="end_dispute")
    assert client.v1.disputes.retrieve(dispute.id).status == status


def test_an_inquiry_takes_nothing_until_it_becomes_a_chargeback(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    quiet = disputed(sandbox, client, inquiry="1")
    assert (quiet.status, quiet.is_charge_refundable) == ("warning_needs_response", True)
    assert movements(client, quiet.id) == []
    client.v1.refunds.create({"charge": str(quiet.charge), "amount": 1000})
    sent = client.v1.disputes.update(quiet.id, {"evidence": {"customer_name": "Kim"}})
    assert sent.status == "warning_under_review"
    end(sandbox, quiet, "warning_closed")
    assert client.v1.charges.retrieve(str(quiet.charge)).disputed is False

    loud = disputed(sandbox, client, inquiry="1")
    client.v1.refunds.create({"charge": str(loud.charge), "amount": 1000})
    end(sandbox, loud, "escalated")
    loud = client.v1.disputes.retrieve(loud.id)
    assert (loud.status, loud.amount) == ("needs_response", 8000)
    assert movements(client, loud.id) == [("dispute", "adjustment", -8000, 1500)]


@pytest.mark.parametrize(
    ("card", "reason", "status"),
    [
        ("4000000000000259", "fraudulent", "needs_response"),
        ("4000000000002685", "product_not_received", "needs_response"),
        ("4000000000001976", "fraudulent", "warning_needs_response"),
    ],
)
def test_test_cards_bring_disputes_about(
    sandbox: Sandbox, client: stripe.StripeClient, card: str, reason: str, status: str
) -> None:
    charge = paid(sandbox, client, card=card)
    sandbox.control("now", only="dispute")
    (dispute,) = client.v1.disputes.list({"charge": charge.id}).data
    assert (dispute.reason, dispute.status) == (reason, status)
