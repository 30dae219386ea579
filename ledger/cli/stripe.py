"""Commands about the Stripe account: fetch what happened, compare, say whose it is."""

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

import click

from ledger.cli.console import Console, cli, command, pass_console
from ledger.db import Database
from ledger.errors import Conflict
from ledger.gateway import GatewayDown, PaymentGateway, StripeGateway
from ledger.queries.books.books import book_by_code
from ledger.queries.payments.payments import unposted
from ledger.queries.payments.stripe_balance import Agreement
from ledger.services.stripe_balance import accounts
from ledger.stripe.sync import check_account, reconcile, sync_stripe

Answer = TypeVar("Answer")


@cli.group("stripe")
def stripe() -> None:
    """Sync with Stripe and compare balances."""


@command(stripe, "sync")
@pass_console
def sync(console: Console) -> None:
    """Fetch new balance transactions from Stripe and post them. Safe to repeat."""
    db, gateway = _both(console)
    posted = _asked(lambda: sync_stripe(db, gateway, now=datetime.now(UTC)))
    with db.snapshot() as session:
        waiting = [row.stripe_txn_id for row in unposted(session)]
    console.answer(
        {"posted": posted, "waiting": waiting},
        f"{posted} balance transactions posted, {len(waiting)} waiting.",
    )


@command(stripe, "reconcile")
@pass_console
def compare(console: Console) -> None:
    """Compare Stripe's balance with the books by currency. Exit code 1 if they differ."""
    db, gateway = _both(console)
    found = _asked(lambda: reconcile(db, gateway))
    ok = not any(row.difference or row.unexplained for row in found)
    console.answer(
        {"ok": ok, "currencies": [_document(row) for row in found]},
        "\n".join(line for row in found for line in _lines(row)) or "Stripe's balance is empty.",
    )
    if not ok:
        sys.exit(1)


@command(stripe, "assign")
@click.argument("code")
@pass_console
def assign(console: Console, code: str) -> None:
    """Choose the book that receives payouts, fees and unrecognised transactions."""
    console.database().run(
        lambda session: accounts.assign(session, book=book_by_code(session, code))
    )
    console.answer({"book": code}, f"The Stripe account is assigned to book {code}.")


def _both(console: Console) -> tuple[Database, PaymentGateway]:
    settings = console.settings()
    if not settings.stripe_key:
        raise Conflict("Stripe is not configured.", place="STRIPE_SECRET_KEY")
    db, gateway = console.database(), StripeGateway(settings)
    _asked(lambda: check_account(db, gateway, now=datetime.now(UTC)))
    return db, gateway


def _asked(call: Callable[[], Answer]) -> Answer:
    try:
        return call()
    except GatewayDown as error:
        raise Conflict("Stripe does not respond. Try again later.") from error


def _document(row: Agreement) -> dict[str, object]:
    return {
        "currency": row.commodity,
        "stripe_balance": row.stripe_balance,
        "ledger_balance": row.ledger_balance,
        "difference": row.difference,
        "unexplained": [
            {"id": one.id, "what": one.what, "gap": one.gap, "why": one.why}
            for one in row.unexplained
        ],
        "movements": [
            {
                "category": part.category,
                "count": part.count,
                "amount": part.amount,
                "fee": part.fee,
                "net": part.net,
            }
            for part in row.parts
        ],
    }


def _lines(row: Agreement) -> list[str]:
    head = (
        f"{row.commodity}  Stripe {row.stripe_balance}  books {row.ledger_balance}"
        f"  difference {row.difference}"
    )
    return [head, *(f"  {one.gap:>12}  {one.id}  {one.what}: {one.why}" for one in row.unexplained)]
