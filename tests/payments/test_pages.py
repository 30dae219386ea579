"""What the treasurer sees of Stripe ties to ``poolbook stripe reconcile``, figure by figure; one
minor unit that was planted is found and named on the page and by the command."""

import json
import re
from collections.abc import Callable
from html import unescape
from typing import Any
from uuid import UUID

from click.testing import CliRunner
from sqlalchemy import select

from bench.pages import signed_in
from ledger.cli import cli
from ledger.core.entry import Entry, Posting
from ledger.models.books import Book
from ledger.models.payments import BalanceTransaction
from ledger.models.pledges import Pledge
from ledger.services.books import journal
from tests.payments.sabotage import turns_red
from tests.payments.test_balance import paid
from tests.worlds.shop import SECRET, Shop
from wsgi import create_app

KEY = "sk_test_shop"


def busy(shop: Shop) -> Pledge:
    """A book with payments, a refund, a dispute, a fee and a payout."""
    one, two, three = paid(shop, 6000, 10_000, 9000)
    shop.sandbox.control("refund", charge=shop.charges(one)[0].id, amount="2500")
    shop.sandbox.control("open_dispute", charge=shop.charges(two)[0].id, amount="4000")
    shop.sandbox.control("fee", amount="175")
    shop.sync_stripe()
    shop.sandbox.control("payout")
    shop.sync_stripe()
    paid(shop, 7000)
    shop.hear("charge.dispute.created", shop.client.v1.disputes.list().data[0].id)
    shop.approved_refund(three, 100)
    shop.sync_stripe()
    return one


def page(shop: Shop, pledge: Pledge) -> str:
    """The treasurer's page, as text with one line for each cell."""
    app = create_app(shop.settings, db=shop.db)
    door = app.test_client()
    with shop.db.transaction() as session:
        person = shop.person(session, pledge, "treasurer")
    door.set_cookie(*signed_in(app, person), secure=True)
    with shop.db.snapshot() as session:
        code = session.get_one(Book, pledge.book_id).code
    answer = door.get(f"/books/{code}/payouts")
    assert answer.status_code == 200
    return unescape(re.sub(r"<[^>]+>", "\n", answer.text))


def command(shop: Shop) -> tuple[int, dict[str, Any]]:
    """How the command ended, and what it said of dollars."""
    environ = {
        "POOLBOOK_DATABASE_URL": shop.db.url,
        "POOLBOOK_DATA": str(shop.sandbox.state.parent),
        "STRIPE_SECRET_KEY": KEY,
        "STRIPE_WEBHOOK_SECRET": SECRET,
        "STRIPE_API_BASE": shop.sandbox.url,
    }
    run = CliRunner().invoke(cli, ["stripe", "reconcile", "--json"], env=environ)
    (row,) = (row for row in json.loads(run.stdout)["currencies"] if row["currency"] == "USD")
    return run.exit_code, row


def money(amount: int) -> str:
    """An amount as pages write it in a column."""
    return f"{'-' if amount < 0 else ''}{abs(amount) // 100:,}.{abs(amount) % 100:02}"


def cells(text: str) -> list[str]:
    return [line.strip().replace("−", "-") for line in text.split("\n") if line.strip()]


def the_page_says_what_the_command_says(shop: Shop) -> None:
    pledge = busy(shop)
    code, row = command(shop)
    assert (code, row["difference"], row["unexplained"]) == (0, 0, [])
    shown = cells(page(shop, pledge))
    assert f"Stripe and the books both show ${money(row['stripe_balance'])}." in shown
    sums = dict.fromkeys(("count", "amount", "fee", "net"), 0)
    for part in row["movements"]:
        place = shown.index(part["category"].replace("_", " "))
        figures = [str(part["count"]), *(money(part[name]) for name in ("amount", "fee", "net"))]
        assert shown[place + 1 : place + 5] == figures, part["category"]
        for name in sums:
            sums[name] += part[name]
    kinds = {part["category"] for part in row["movements"]}
    assert kinds >= {"charge", "refund", "dispute", "fee", "payout"}
    assert sums["net"] == row["stripe_balance"] == row["ledger_balance"]
    # Its own tables beneath: disputes, refunds, payouts and payments with the same amounts.
    for word, amount in (("Disputes", 4000), ("Refunds", 100), ("Payments", 7000)):
        assert money(amount) in shown[shown.index(word) :], word
    with shop.db.snapshot() as session:
        payout = session.scalars(
            select(BalanceTransaction)
            .where(BalanceTransaction.reporting_category == "payout")
            .order_by(BalanceTransaction.created_at.desc(), BalanceTransaction.stripe_txn_id)
        ).first()
    assert payout is not None
    assert money(-payout.net) in shown[shown.index("Payouts") :]


def one_unit_is_found_and_named(shop: Shop) -> None:
    (pledge,) = paid(shop, 5000)
    assert command(shop)[0] == 0
    entry = slip(shop, pledge)
    try:
        code, row = command(shop)
        assert (code, row["difference"]) == (1, -1)
        (found,) = row["unexplained"]
        assert (found["id"], found["gap"]) == (str(entry), -1)
        shown = page(shop, pledge)
        assert "The difference is" in shown
        assert "0.01" in shown
        assert str(entry) in shown
    finally:
        with shop.db.transaction() as session:
            journal.reverse(
                session,
                book_id=pledge.book_id,
                entry_id=entry,
                accounting_on=shop.now().date(),
                now=shop.now(),
            )
    assert command(shop)[0] == 0


def slip(shop: Shop, pledge: Pledge) -> UUID:
    """One minor unit more at Stripe than Stripe has."""
    with shop.db.transaction() as session:
        book = session.get_one(Book, pledge.book_id)
        legs = (Posting(1110, "GEN", "USD", 1), Posting(4940, "GEN", "USD", -1))
        made = journal.post(
            session,
            [Entry(book.code, legs)],
            event_type="slip",
            source="test",
            external_ref=f"slip{shop.count}",
            accounting_on=shop.now().date(),
            now=shop.now(),
        )
    return made.ids[0]


def test_the_treasurers_page_ties_to_the_command(shop: Shop) -> None:
    the_page_says_what_the_command_says(shop)


def test_one_minor_unit_is_found_and_named_on_the_page_and_by_the_command(shop: Shop) -> None:
    one_unit_is_found_and_named(shop)


def test_a_page_that_rounds_or_hides_is_noticed(sqlite_shop: Shop) -> None:
    hide: Callable[..., Any] = lambda *_, **__: ({}, [])  # noqa: E731
    turns_red(
        one_unit_is_found_and_named,
        sqlite_shop,
        ("ledger.queries.payments.stripe_balance._booked", hide),
    )
    nothing: Callable[..., Any] = lambda *_, **__: []  # noqa: E731
    turns_red(
        the_page_says_what_the_command_says,
        sqlite_shop,
        ("ledger.queries.payments.stripe_balance.agreement_as_read", nothing),
    )
