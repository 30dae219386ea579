"""A shared pool: contributions, and the host's fee (events POL).

The host holds the pool's money in an agency fund: owed to the pool, never the host's own.
"""

from collections.abc import Sequence
from dataclasses import replace

from ledger.core.accounts import Acct
from ledger.core.bookkeeping.legs import check_positive
from ledger.core.entry import Entry, Posting, entry


def contribution_made(
    *, member: str, member_fund: str, pool: str, pool_fund: str, currency: str, amount: int
) -> list[Entry]:
    """Book what a member community promises its pool; minor units (POL-1)."""
    check_positive(amount=amount)
    return [
        entry(
            member,
            Posting(
                Acct.POOL_CONTRIBUTIONS_OUT,
                member_fund,
                currency,
                amount,
                counterparty=pool,
                function="programme",
            ),
            Posting(Acct.INTER_COMMUNITY, member_fund, currency, -amount, counterparty=pool),
        ),
        entry(
            pool,
            Posting(Acct.INTER_COMMUNITY, pool_fund, currency, amount, counterparty=member),
            Posting(Acct.POOL_CONTRIBUTIONS_IN, pool_fund, currency, -amount, counterparty=member),
        ),
    ]


def contribution_settled(
    *,
    member: str,
    member_fund: str,
    pool: str,
    pool_fund: str,
    host: str,
    held_fund: str,
    currency: str,
    amount: int,
) -> list[Entry]:
    """Book the transfer of a contribution into the host's bank (POL-1)."""
    check_positive(amount=amount)
    return [
        entry(
            member,
            Posting(Acct.INTER_COMMUNITY, member_fund, currency, amount, counterparty=pool),
            Posting(Acct.BANK, member_fund, currency, -amount),
        ),
        entry(
            host,
            Posting(Acct.BANK, held_fund, currency, amount),
            Posting(Acct.INTER_COMMUNITY, held_fund, currency, -amount, counterparty=pool),
        ),
        entry(
            pool,
            Posting(Acct.INTER_COMMUNITY, pool_fund, currency, amount, counterparty=host),
            Posting(Acct.INTER_COMMUNITY, pool_fund, currency, -amount, counterparty=member),
        ),
    ]


def host_contribution(
    *,
    host: str,
    host_fund: str,
    held_fund: str,
    pool: str,
    pool_fund: str,
    currency: str,
    amount: int,
) -> list[Entry]:
    """Book what the host itself gives: its own money becomes money held (POL-2)."""
    check_positive(amount=amount)
    return [
        entry(
            host,
            Posting(
                Acct.POOL_CONTRIBUTIONS_OUT,
                host_fund,
                currency,
                amount,
                counterparty=pool,
                function="programme",
            ),
            Posting(Acct.BANK, host_fund, currency, -amount),
            Posting(Acct.BANK, held_fund, currency, amount),
            Posting(Acct.INTER_COMMUNITY, held_fund, currency, -amount, counterparty=pool),
        ),
        entry(
            pool,
            Posting(Acct.INTER_COMMUNITY, pool_fund, currency, amount, counterparty=host),
            Posting(Acct.POOL_CONTRIBUTIONS_IN, pool_fund, currency, -amount, counterparty=host),
        ),
    ]


def host_fee(
    *,
    pool: str,
    pool_fund: str,
    host: str,
    held_fund: str,
    host_fund: str,
    currency: str,
    amount: int,
    payment: str | None = None,
) -> list[Entry]:
    """Book what the host charges its pool for the work, out of the Stripe balance (POL-4).

    ``payment`` names the movement that it is charged on, so that a payout of that movement finds
    the host's part in the host's own fund.
    """
    check_positive(amount=amount)
    return [
        entry(
            pool,
            Posting(
                Acct.HOST_FEES,
                pool_fund,
                currency,
                amount,
                counterparty=host,
                function="management",
            ),
            Posting(Acct.INTER_COMMUNITY, pool_fund, currency, -amount, counterparty=host),
        ),
        entry(
            host,
            Posting(Acct.INTER_COMMUNITY, held_fund, currency, amount, counterparty=pool),
            Posting(Acct.STRIPE_BALANCE, held_fund, currency, -amount, payment=payment),
            Posting(Acct.STRIPE_BALANCE, host_fund, currency, amount, payment=payment),
            Posting(Acct.HOST_FEE_INCOME, host_fund, currency, -amount, counterparty=pool),
        ),
    ]


def through_host(entries: Sequence[Entry], *, host: str, held_fund: str) -> list[Entry]:
    """Split entries of a pool that move the Stripe balance: the account is its host's, which
    holds the money for the pool (POL-3, ALC-6). Entries that move none stay as they are."""
    split: list[Entry] = []
    for item in entries:
        if item.book == host or not any(
            leg.account == Acct.STRIPE_BALANCE for leg in item.postings
        ):
            split.append(item)
            continue
        held, own = [], []
        for leg in item.postings:
            if leg.account != Acct.STRIPE_BALANCE:
                own.append(leg)
                continue
            held += [
                replace(leg, fund=held_fund),
                Posting(
                    Acct.INTER_COMMUNITY,
                    held_fund,
                    leg.commodity,
                    -leg.quantity,
                    counterparty=item.book,
                ),
            ]
            own.append(
                Posting(
                    Acct.INTER_COMMUNITY, leg.fund, leg.commodity, leg.quantity, counterparty=host
                )
            )
        split += [entry(host, held), entry(item.book, own)]
    return split
