"""What becomes of a pool's money and hours: refundable shares, conditions, returns, charge-backs
(events POL-5, POL-6, ALC-4 to ALC-9). Minor units, minutes."""

from collections.abc import Mapping

from ledger.core.accounts import Acct
from ledger.core.bookkeeping.allocation import allocation_made
from ledger.core.bookkeeping.facts import Hours
from ledger.core.bookkeeping.legs import Labels, check_positive, pair, released_promise
from ledger.core.entry import Entry, Posting, batches, entry


def refundable_contribution_made(
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
    """A member puts money in that it may take out again: no gift, a share (POL-5)."""
    at = {"counterparty": pool}
    return [
        entry(
            member,
            pair(member_fund, currency, amount, Acct.INTEREST_IN_POOL, Acct.BANK, on_debit=at),
        ),
        entry(
            host, pair(held_fund, currency, amount, Acct.BANK, Acct.INTER_COMMUNITY, on_credit=at)
        ),
        entry(
            pool,
            pair(
                pool_fund,
                currency,
                amount,
                Acct.INTER_COMMUNITY,
                Acct.REFUNDABLE_CONTRIBUTIONS,
                on_debit={"counterparty": host},
                on_credit={"counterparty": member},
            ),
        ),
    ]


def refundable_contribution_returned(
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
    """A member leaves and takes its share out (POL-6)."""
    put_in = refundable_contribution_made(
        member=member,
        member_fund=member_fund,
        pool=pool,
        pool_fund=pool_fund,
        host=host,
        held_fund=held_fund,
        currency=currency,
        amount=amount,
    )
    return [item.reversed() for item in put_in]


def allocation_promised(
    *, pool: str, pool_fund: str, member: str, commodity: str, quantity: int
) -> list[Entry]:
    """Approve an allocation that waits for its condition, in any unit (ALC-4, ALC-8)."""
    legs = pair(
        pool_fund,
        commodity,
        quantity,
        Acct.ALLOCATIONS_APPROVED,
        Acct.COMMITMENTS_MADE,
        both={"counterparty": member},
    )
    return [entry(pool, legs)]


def allocation_due(
    *,
    pool: str,
    pool_fund: str,
    member: str,
    member_fund: str,
    currency: str,
    amount: int,
) -> list[Entry]:
    """The condition of an approved allocation is met (ALC-4)."""
    off = pair(
        pool_fund,
        currency,
        amount,
        Acct.COMMITMENTS_MADE,
        Acct.ALLOCATIONS_APPROVED,
        both={"counterparty": member},
    )
    made, received = allocation_made(
        pool=pool,
        pool_fund=pool_fund,
        currency=currency,
        shares=[(member, member_fund, amount)],
    )
    return [entry(pool, off, list(made.postings)), received]


def allocation_returned(
    *,
    pool: str,
    pool_fund: str,
    member: str,
    member_fund: str,
    currency: str,
    amount: int,
) -> list[Entry]:
    """A member gives back what it did not need (ALC-5)."""
    made = allocation_made(
        pool=pool,
        pool_fund=pool_fund,
        currency=currency,
        shares=[(member, member_fund, amount)],
    )
    return [item.reversed() for item in made]


def pool_gift_charged_back(
    *,
    host: str,
    held_fund: str,
    pool: str,
    pool_fund: str,
    currency: str,
    amount: int,
    fee: int,
    payment: str | None = None,
) -> list[Entry]:
    """A bank takes back a gift to the pool from the host's Stripe account (ALC-6)."""
    total = amount + fee
    check_positive(amount=amount, total=total)
    fees = (
        [Posting(Acct.DISPUTE_FEES, pool_fund, currency, fee, function="fundraising")]
        if fee
        else []
    )
    return [
        entry(
            host,
            Posting(Acct.INTER_COMMUNITY, held_fund, currency, total, counterparty=pool),
            Posting(Acct.STRIPE_BALANCE, held_fund, currency, -total, payment=payment),
        ),
        entry(
            pool,
            Posting(Acct.DISPUTED_CONTRIBUTIONS, pool_fund, currency, amount),
            fees,
            Posting(Acct.INTER_COMMUNITY, pool_fund, currency, -total, counterparty=host),
        ),
    ]


def allocations_settled(
    *,
    pool: str,
    pool_fund: str,
    host: str,
    held_fund: str,
    currency: str,
    members: Mapping[str, tuple[str, int]],
) -> list[Entry]:
    """Book several transfers at once: to members, or back from them when negative (ALC-7).

    A share of the host itself leaves the agency fund for a fund of its own, as in ALC-2.
    """
    own = []
    for member, (member_fund, amount) in members.items():
        check_positive(amount=abs(amount))
        own.append(
            entry(
                member,
                Posting(Acct.BANK, member_fund, currency, amount),
                Posting(Acct.INTER_COMMUNITY, member_fund, currency, -amount, counterparty=pool),
            )
        )
    held, owed = [], []
    for some in batches(list(members.items()), 2):
        legs: list[Posting] = []
        for _member, (_fund, amount) in some:
            legs.append(
                Posting(Acct.INTER_COMMUNITY, held_fund, currency, amount, counterparty=pool)
            )
            legs.append(Posting(Acct.BANK, held_fund, currency, -amount))
        held.append(entry(host, legs))
        legs = []
        for member, (_fund, amount) in some:
            if member == host:
                continue
            legs.append(
                Posting(Acct.INTER_COMMUNITY, pool_fund, currency, amount, counterparty=member)
            )
            legs.append(
                Posting(Acct.INTER_COMMUNITY, pool_fund, currency, -amount, counterparty=host)
            )
        if legs:
            owed.append(entry(pool, legs))
    return [*held, *own, *owed]


def pooled_hours_confirmed(
    *,
    pool: str,
    pool_fund: str,
    member: str,
    member_fund: str,
    hours: Hours,
    pledge: str,
    recognised: bool = True,
) -> list[Entry]:
    """Hours pledged to the pool were worked at a member, who confirmed them (ALC-9); where their
    value is not income, it is a statistic of the member. A value of zero adds no legs."""
    commodity, minutes = hours.commodity, hours.minutes
    currency, value = hours.currency, hours.value
    to, by = {"counterparty": member}, {"counterparty": pool}
    worth = {"valuation": hours.valuation}
    work = {"function": "programme"}
    return [
        entry(
            pool,
            released_promise(fund=pool_fund, commodity=commodity, quantity=minutes, pledge=pledge),
            pair(
                pool_fund,
                commodity,
                minutes,
                Acct.COMMITMENTS_MADE,
                Acct.ALLOCATIONS_APPROVED,
                both=to,
            ),
            pair(
                pool_fund,
                commodity,
                minutes,
                Acct.TRANSFERRED,
                Acct.TIME_GIVEN,
                on_debit=to,
                both=worth,
            ),
            pair(
                pool_fund,
                currency,
                value,
                Acct.ALLOCATIONS_OUT,
                Acct.SERVICES_GIVEN,
                on_debit={**to, **work},
                both=worth,
            )
            if recognised and value
            else [],
        ),
        entry(
            member,
            pair(
                member_fund,
                commodity,
                minutes,
                Acct.TIME_APPLIED,
                Acct.TRANSFERRED,
                on_credit=by,
                both=worth,
            ),
            _worth_to_member(member_fund, currency, value, recognised, by, worth),
        ),
    ]


def _worth_to_member(
    fund: str, currency: str, value: int, recognised: bool, pool: Labels, worth: Labels
) -> list[Posting]:
    if not value:
        return []
    if not recognised:
        return pair(fund, currency, value, Acct.TIME_STATISTIC, Acct.STATISTICS, both=worth)
    work = {"function": "programme"}
    return pair(
        fund,
        currency,
        value,
        Acct.SERVICES_USED,
        Acct.ALLOCATIONS_IN,
        on_debit=work,
        on_credit=pool,
        both=worth,
    )
