"""Money between communities: a grant, and its settlement by bank (event ICT-1)."""

from ledger.core.accounts import Acct
from ledger.core.bookkeeping.legs import check_positive
from ledger.core.entry import Entry, Posting, entry


def grant_made(
    *,
    giver: str,
    giver_fund: str,
    receiver: str,
    receiver_fund: str,
    currency: str,
    amount: int,
) -> list[Entry]:
    """Book a grant as expense here, income there, and owed in between; minor units."""
    check_positive(amount=amount)
    return [
        entry(
            giver,
            Posting(
                Acct.TRANSFERS_OUT,
                giver_fund,
                currency,
                amount,
                counterparty=receiver,
                function="programme",
            ),
            Posting(Acct.INTER_COMMUNITY, giver_fund, currency, -amount, counterparty=receiver),
        ),
        entry(
            receiver,
            Posting(Acct.INTER_COMMUNITY, receiver_fund, currency, amount, counterparty=giver),
            Posting(Acct.TRANSFERS_IN, receiver_fund, currency, -amount, counterparty=giver),
        ),
    ]


def grant_settled(
    *,
    giver: str,
    giver_fund: str,
    receiver: str,
    receiver_fund: str,
    currency: str,
    amount: int,
) -> list[Entry]:
    """Book the bank transfer that pays what is owed between two books."""
    check_positive(amount=amount)
    return [
        entry(
            giver,
            Posting(Acct.INTER_COMMUNITY, giver_fund, currency, amount, counterparty=receiver),
            Posting(Acct.BANK, giver_fund, currency, -amount),
        ),
        entry(
            receiver,
            Posting(Acct.BANK, receiver_fund, currency, amount),
            Posting(Acct.INTER_COMMUNITY, receiver_fund, currency, -amount, counterparty=giver),
        ),
    ]
