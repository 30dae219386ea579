"""Allocations from a pool to its members, and their settlement (events ALC)."""

from collections.abc import Sequence

from ledger.core.accounts import Acct
from ledger.core.bookkeeping.legs import check_positive
from ledger.core.entry import Entry, Posting, batches, entry
from ledger.errors import Invalid


def allocation_made(
    *, pool: str, pool_fund: str, currency: str, shares: Sequence[tuple[str, str, int]]
) -> list[Entry]:
    """Book an approved run; ``shares`` are (member, fund of the member, minor units) (ALC-1).

    A share of zero is left out; where there are more members than fit into one entry of the pool,
    it has several. Raises Invalid when nothing is shared.
    """
    given = [share for share in shares if share[2]]
    if not given:
        raise Invalid("An allocation must include at least one amount.", place="shares")
    for _member, _fund, amount in given:
        check_positive(amount=amount)
    out = [
        entry(
            pool,
            [
                Posting(
                    Acct.ALLOCATIONS_OUT,
                    pool_fund,
                    currency,
                    amount,
                    counterparty=member,
                    function="programme",
                )
                for member, _fund, amount in some
            ],
            [
                Posting(Acct.INTER_COMMUNITY, pool_fund, currency, -amount, counterparty=member)
                for member, _fund, amount in some
            ],
        )
        for some in batches(given, 2)
    ]
    return [
        *out,
        *(
            entry(
                member,
                Posting(Acct.INTER_COMMUNITY, fund, currency, amount, counterparty=pool),
                Posting(Acct.ALLOCATIONS_IN, fund, currency, -amount, counterparty=pool),
            )
            for member, fund, amount in given
        ),
    ]


def allocation_settled(
    *,
    pool: str,
    pool_fund: str,
    host: str,
    held_fund: str,
    member: str,
    member_fund: str,
    currency: str,
    amount: int,
) -> list[Entry]:
    """Book the transfer of one share from the host's bank (ALC-2).

    A share of the host itself leaves the agency fund for a fund of its own, in one entry.
    """
    check_positive(amount=amount)
    held = [
        Posting(Acct.INTER_COMMUNITY, held_fund, currency, amount, counterparty=pool),
        Posting(Acct.BANK, held_fund, currency, -amount),
    ]
    own = [
        Posting(Acct.BANK, member_fund, currency, amount),
        Posting(Acct.INTER_COMMUNITY, member_fund, currency, -amount, counterparty=pool),
    ]
    if member == host:
        # The pool owes its host on the same account on which the host owes the pool.
        return [entry(host, held, own)]
    return [
        entry(host, held),
        entry(member, own),
        entry(
            pool,
            Posting(Acct.INTER_COMMUNITY, pool_fund, currency, amount, counterparty=member),
            Posting(Acct.INTER_COMMUNITY, pool_fund, currency, -amount, counterparty=host),
        ),
    ]
