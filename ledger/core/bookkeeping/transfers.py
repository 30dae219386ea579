"""Money between communities: a grant, and its settlement by bank (event ICT-1)."""

from ledger.core.bookkeeping.legs import BANK, INTER_BOOK, check_positive
from ledger.core.entry import Entry, Posting, entry

GRANTS_GIVEN = 5510
GRANTS_RECEIVED = 4520


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
                GRANTS_GIVEN,
                giver_fund,
                currency,
                amount,
                counterparty=receiver,
                function="programme",
            ),
            Posting(INTER_BOOK, giver_fund, currency, -amount, counterparty=receiver),
        ),
        entry(
            receiver,
            Posting(INTER_BOOK, receiver_fund, currency, amount, counterparty=giver),
            Posting(GRANTS_RECEIVED, receiver_fund, currency, -amount, counterparty=giver),
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
            Posting(INTER_BOOK, giver_fund, currency, amount, counterparty=receiver),
            Posting(BANK, giver_fund, currency, -amount),
        ),
        entry(
            receiver,
            Posting(BANK, receiver_fund, currency, amount),
            Posting(INTER_BOOK, receiver_fund, currency, -amount, counterparty=giver),
        ),
    ]
