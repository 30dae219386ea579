"""The Stripe account that the books follow: bound once, so that live, test and sandbox never mix;
and what its balance was. Minor units.
"""

from collections.abc import Mapping
from datetime import datetime

from ledger.db import Session
from ledger.errors import Conflict, NotAllowed
from ledger.gateway import Account
from ledger.models.books import Book, Fund
from ledger.models.pools import Pool
from ledger.models.stripe_accounts import StripeAccount, StripeBalance
from ledger.queries.payments.stripe_balance import account_of, book_for_account, general_fund


def bind(session: Session, *, account: Account, now: datetime) -> StripeAccount:
    """Follow an account, for good. Raises NotAllowed when the books follow another, or the same
    in another mode."""
    row = account_of(session)
    if row is None:
        row = StripeAccount(
            singleton=1,
            account_id=account.id,
            livemode=account.livemode,
            sandbox=account.sandbox,
            bound_at=now,
        )
        session.add(row)
        session.flush()
        return row
    check(row, livemode=account.livemode, sandbox=account.sandbox)
    if row.account_id and account.id and row.account_id != account.id:
        raise NotAllowed(
            "These books belong to Stripe account {account_id}, but the key belongs to "
            "another account.",
            account_id=row.account_id,
        )
    if account.id and not row.account_id:
        row.account_id = account.id
        session.flush()
    return row


def check(row: StripeAccount | None, *, livemode: bool, sandbox: bool) -> None:
    """Refuse settings of another kind than the books were begun with. Raises NotAllowed."""
    if row is not None and (row.livemode, row.sandbox) != (livemode, sandbox):
        raise NotAllowed(
            "These books belong to {livemode}, but the settings belong to {livemode2}. Use "
            "another database.",
            livemode=_kind(row.livemode, row.sandbox),
            livemode2=_kind(livemode, sandbox),
        )


def assign(session: Session, *, book: Book) -> None:
    """Say which book owns the account: its bank gets the payouts, and fees, reserves and unknown
    movements are its own. Raises Conflict for a pool, which has no bank."""
    row = account_of(session)
    if row is None:
        raise Conflict("No Stripe account is connected yet.", place="account")
    if session.get(Pool, book.id) is not None:
        raise Conflict(
            "A pool cannot own the Stripe account. Choose the community that hosts it.",
            place="account",
        )
    row.book_id = book.id
    session.flush()


def own_fund(session: Session) -> Fund:
    """Return the fund for what belongs to no payment: the general fund of the account's book.

    Raises Conflict while there is no book.
    """
    book = book_for_account(session)
    if book is None:
        raise Conflict("There is no book to assign the Stripe account to.")
    return general_fund(session, book)


def record_balance(
    session: Session, *, sums: Mapping[str, int], nets: Mapping[str, int], now: datetime
) -> None:
    """Keep what Stripe said is on the balance, by currency, and what the movements that were known
    at that moment came to."""
    for commodity, amount in sums.items():
        row = session.get(StripeBalance, commodity)
        if row is None:
            row = StripeBalance(commodity=commodity)
            session.add(row)
        row.amount, row.movements_net, row.read_at = amount, nets.get(commodity, 0), now
    session.flush()


def _kind(livemode: bool, sandbox: bool) -> str:
    return "the sandbox" if sandbox else "real money" if livemode else "Stripe's test mode"
