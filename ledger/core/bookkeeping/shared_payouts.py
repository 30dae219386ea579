"""A payout of a Stripe account that several communities share (PO-1).

The owner of the account gets all of it on its bank. The slices of the others leave their Stripe
balance as claims between the books. Minor units.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from ledger.core.accounts import Acct
from ledger.core.entry import Entry, Posting, entry


@dataclass(frozen=True, slots=True)
class SharedAccount:
    """Whose account it is, and how its owner stands with the others before the payout.

    ``held`` is what the owner's agency fund owes each book, ``lent`` what earlier payouts took
    from the owner's general fund for it.
    """

    owner: str
    general_fund: str
    held_fund: str
    held: Mapping[str, int]
    lent: Mapping[str, int]

    def shares(self, book: str, net: int) -> list[tuple[str, int]]:
        """Return what a book's slice adds to the funds of the owner.

        A surplus repays the general fund before it is held. A deficit is met from what is held
        for the book before the general fund lends the rest, since Stripe collects from the owner.
        """
        if net >= 0:
            repaid = min(net, self.lent.get(book, 0))
            return [(self.general_fund, repaid), (self.held_fund, net - repaid)]
        met = min(-net, self.held.get(book, 0))
        return [(self.held_fund, -met), (self.general_fund, net + met)]


def shared_payout_created(
    *,
    account: SharedAccount,
    currency: str,
    slices: Mapping[str, Mapping[str, int]],
    payout: str,
) -> list[Entry]:
    """Move a payout from the Stripe balance into transit; ``slices`` are what it holds of each
    book by fund. The owner's entry comes first."""
    owner = account.owner
    own = slices.get(owner, {})
    transit, claims = Counter(own), Counter[tuple[str, str]]()
    others = []
    for book, funds in sorted(slices.items()):
        if book == owner:
            continue
        moved = [
            leg
            for fund, amount in funds.items()
            if amount
            for leg in (
                Posting(
                    Acct.INTER_COMMUNITY,
                    fund,
                    currency,
                    amount,
                    counterparty=owner,
                    payment=payout,
                ),
                Posting(Acct.STRIPE_BALANCE, fund, currency, -amount, payment=payout),
            )
        ]
        others += [entry(book, moved)] if moved else []
        for fund, share in account.shares(book, sum(funds.values())):
            transit[fund] += share
            claims[fund, book] -= share
    legs = [
        *(
            Posting(Acct.PAYOUTS_IN_TRANSIT, fund, currency, amount, payment=payout)
            for fund, amount in sorted(transit.items())
        ),
        *(
            Posting(Acct.INTER_COMMUNITY, fund, currency, amount, counterparty=book, payment=payout)
            for (fund, book), amount in sorted(claims.items())
        ),
        *(
            Posting(Acct.STRIPE_BALANCE, fund, currency, -amount, payment=payout)
            for fund, amount in sorted(own.items())
        ),
    ]
    legs = [leg for leg in legs if leg.quantity]
    return [*([entry(owner, legs)] if legs else []), *others]


def payout_returned(
    *, book: str, claims: Mapping[tuple[int, str, str | None], int], currency: str, payout: str
) -> list[Entry]:
    """Negate what a payout did in one book (PO-3); ``claims`` are what it put on its way or on
    claims: account, fund and other book. The Stripe balance takes it back fund by fund."""
    back: Counter[str] = Counter()
    legs = []
    for (account, fund, other), amount in sorted(
        claims.items(), key=lambda item: (item[0][0], item[0][1], item[0][2] or "")
    ):
        if amount:
            back[fund] += amount
            legs.append(
                Posting(account, fund, currency, -amount, counterparty=other, payment=payout)
            )
    legs += [
        Posting(Acct.STRIPE_BALANCE, fund, currency, amount, payment=payout)
        for fund, amount in sorted(back.items())
        if amount
    ]
    return [entry(book, legs)] if legs else []
