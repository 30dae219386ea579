"""Whatever is done in whatever order, the sandbox's own sums agree; kills change nothing."""

import random
import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import requests
import stripe

from tests.faults.conftest import Sandbox
from tests.ports import free_port
from tests.sandbox.conftest import KEY, client_of
from tests.worlds import sandbox as world

CARDS = (
    "4242424242424242",
    "4000000000000002",
    "4000000000000259",
    "4000000000001976",
    "4000000000005126",
    "4000000000007726",
)
ACCOUNTS = ("000123456789", "000222222227", "000555555559")
STEPS = 150
# What a sequence has to hold to be worth something.
WORTH = {"card", "debit", "refund", "open_dispute", "close_dispute", "payout"}


def act(sandbox: Sandbox, chance: random.Random) -> str:
    """Do something at random; it may be refused, but never fail."""
    ids = {kind: world.everything(sandbox, kind) for kind in ("charges", "disputes", "refunds")}

    def some(kind: str) -> str:
        return chance.choice(ids[kind])["id"] if ids[kind] else "none"

    number = str(chance.randint(1, 4000))
    deeds: dict[str, tuple[str, dict[str, Any]]] = {
        "card": ("pay", {"card": chance.choice(CARDS)}),
        "debit": ("pay", {"bank": chance.choice(ACCOUNTS)}),
        "now": ("now", {}),
        "refund": (
            "refund",
            {
                "charge": some("charges"),
                "amount": number,
                "how": chance.choice(("", "ok", "pending", "failing")),
            },
        ),
        "end_refund": (
            "end_refund",
            {"refund": some("refunds"), "outcome": chance.choice(("succeeded", "failed"))},
        ),
        "open_dispute": (
            "open_dispute",
            {
                "charge": some("charges"),
                "amount": number,
                "inquiry": chance.choice(("0", "0", "1")),
            },
        ),
        "close_dispute": (
            "close_dispute",
            {
                "dispute": some("disputes"),
                "outcome": chance.choice(("won", "lost", "warning_closed", "escalated")),
            },
        ),
        "return_debit": ("return_debit", {"charge": some("charges")}),
        "payout": ("payout", {"negative": "1"} if chance.random() < 0.3 else {}),
        "fee": ("fee", {"amount": str(chance.randint(-500, 500))}),
        "advance": ("advance", {"seconds": str(chance.randint(1, 200_000))}),
    }
    name = chance.choice(list(deeds))
    lever, form = deeds[name]
    if lever == "pay":
        page = _page(sandbox, chance.randint(500, 9000))
        answer = requests.post(page, form, allow_redirects=False, timeout=60)
    else:
        answer = requests.post(f"{sandbox.url}/_test/{lever}", form, timeout=60)
    assert answer.status_code < 500, (name, form, answer.text)
    return f"{name}:{'done' if answer.status_code < 400 else 'refused'}"


def _page(sandbox: Sandbox, amount: int) -> str:
    params = {
        "mode": "payment",
        "success_url": "http://127.0.0.1:1/",
        "allowed_payment_method_types[0]": "card",
        "allowed_payment_method_types[1]": "us_bank_account",
        "line_items[0][quantity]": "1",
        "line_items[0][price_data][currency]": "usd",
        "line_items[0][price_data][unit_amount]": str(amount),
        "line_items[0][price_data][product_data][name]": "Roof",
    }
    made = requests.post(f"{sandbox.url}/v1/checkout/sessions", params, auth=(KEY, ""), timeout=60)
    return str(made.json()["url"])


def disagreements(sandbox: Sandbox) -> list[str]:
    """Every sum of the sandbox that does not agree with another."""
    # What is due happens now and not between two readings.
    sandbox.control("tick")
    client = client_of(sandbox)
    txns = world.everything(sandbox, "balance_transactions")
    wrong = [f"{t['id']}: net" for t in txns if t["net"] != t["amount"] - t["fee"]]
    wrong += [
        f"{t['id']}: fees" for t in txns if t["fee"] != sum(d["amount"] for d in t["fee_details"])
    ]
    found = client.v1.balance.retrieve()
    on_balance = sum(row.amount for row in found.available)
    on_balance += sum(row.amount for row in found.pending)
    if on_balance != sum(t["net"] for t in txns):
        wrong.append(f"the balance says {on_balance}")
    of = Counter(t["source"] for t in txns)
    refunds = world.everything(sandbox, "refunds")
    for charge in world.everything(sandbox, "charges"):
        back = sum(
            r["amount"]
            for r in refunds
            if r["charge"] == charge["id"] and r["status"] not in ("failed", "canceled")
        )
        if back != charge["amount_refunded"] or back > charge["amount_captured"]:
            wrong.append(f"{charge['id']}: refunded")
        # What was captured in part came as the whole and a reversal.
        most = 2 if charge["amount_captured"] < charge["amount"] else 1
        moved = {"failed": (0, 2), "pending": (0,), "succeeded": (0, most)}[charge["status"]]
        if of[charge["id"]] not in moved:
            wrong.append(f"{charge['id']}: {of[charge['id']]} movements")
    for refund in refunds:
        if of[refund["id"]] != (2 if refund["status"] == "failed" else 1):
            wrong.append(f"{refund['id']}: movements")
    for dispute in world.everything(sandbox, "disputes"):
        quiet = dispute["status"].startswith("warning")
        if of[dispute["id"]] != (0 if quiet else 2 if dispute["status"] == "won" else 1):
            wrong.append(f"{dispute['id']}: movements")
    for payout in world.everything(sandbox, "payouts"):
        inside = client.v1.balance_transactions.list({"payout": payout["id"], "limit": 100})
        if sum(t.net for t in inside.auto_paging_iter()) != 0:
            wrong.append(f"{payout['id']}: not the sum of what it takes along")
    return wrong


def done_kinds(done: Counter[str]) -> set[str]:
    """Return the kinds of steps that were done at least once, and not only refused."""
    return {name.partition(":")[0] for name in done if name.endswith(":done")}


@pytest.mark.parametrize("seed", [1, 2])
def test_the_sums_agree_after_any_sequence_of_deeds_and_kills(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    server = Sandbox(free_port(), tmp_path / "sandbox.db")
    server.start()
    server.control("set", settle_seconds="86400", payout_seconds="9999999999")
    done: Counter[str] = Counter()
    # Ids and times are not of the seed, so chance has the last word: a longer sequence holds all.
    for step in range(5 * STEPS):
        if step >= STEPS and done_kinds(done) >= WORTH:
            break
        done[act(server, chance)] += 1
        if step % 60 == 59:
            server.restart()
            server.control("set", settle_seconds="86400", payout_seconds="9999999999")
    assert disagreements(server) == []
    # The sequence was worth something: most kinds of deeds were both done and refused.
    assert done_kinds(done) >= WORTH
    assert any(name.endswith(":refused") for name in done)
    server.control("now")
    assert disagreements(server) == []
    server.kill()


def test_a_sum_that_does_not_agree_is_noticed(tmp_path: Path) -> None:
    """The control: one unit moved behind the sandbox's back shows."""
    server = Sandbox(free_port(), tmp_path / "sandbox.db")
    server.start()
    server.control("set", settle_seconds="86400")
    world.build(server)
    assert disagreements(server) == []
    server.kill()
    with sqlite3.connect(server.state) as memory:
        memory.execute(
            "update object set body = json_set(body, '$.amount_refunded', 1) where seq ="
            " (select min(seq) from object where kind = 'charge')"
        )
    server.start()
    assert len(disagreements(server)) == 1
    server.kill()


def test_what_waits_still_happens_after_a_kill(tmp_path: Path) -> None:
    server = Sandbox(free_port(), tmp_path / "sandbox.db")
    server.start()
    server.control("set", settle_seconds="86400")
    client = client_of(server)
    page = requests.post(
        _page(server, 5000), {"bank": "000123456789"}, allow_redirects=False, timeout=60
    )
    assert page.status_code == 303
    (charge,) = client.v1.charges.list().data
    server.restart()
    server.control("now")
    found = client.v1.charges.retrieve(charge.id, {"expand": ["balance_transaction"]})
    assert isinstance(found.balance_transaction, stripe.BalanceTransaction)
    assert (found.status, found.balance_transaction.net) == ("succeeded", 5000 - 40)
    server.kill()
