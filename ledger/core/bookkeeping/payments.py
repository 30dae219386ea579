"""Payments through Stripe: settled, refunded, paid out (events PAY, REF, PO).

Figures come from balance transactions; ``payment`` is Stripe's id of what caused the leg.
"""

from collections.abc import Mapping

from ledger.core.accounts import Acct
from ledger.core.bookkeeping.facts import NO_PLEDGE, Charge, Fulfilled
from ledger.core.bookkeeping.legs import check_positive, gift
from ledger.core.entry import Entry, Posting, entry
from ledger.core.vocabulary import FeeBearer
from ledger.errors import Invalid


def payment_settled(
    *,
    book: str,
    fund: str,
    charge: Charge,
    fulfilled: Fulfilled = NO_PLEDGE,
    recurring: bool = False,
    fee_bearer: str = "fund",
    general_fund: str = "GEN",
) -> list[Entry]:
    """Book a charge at its gross amount with Stripe's fee.

    The fee is borne by the fund or by the general fund. Raises Invalid for a fee below zero or
    above the amount.
    """
    currency, amount, fee, payment = charge.currency, charge.amount, charge.fee, charge.payment
    _check_fee(amount, fee)
    if fee_bearer not in tuple(FeeBearer):
        raise Invalid(
            "{fee_bearer} is not a valid choice for who bears the fee.",
            place="fee_bearer",
            fee_bearer=fee_bearer,
        )
    income = gift(
        fund=fund,
        currency=currency,
        amount=amount,
        pledge=fulfilled.pledge,
        released=fulfilled.released,
        receivable=fulfilled.receivable,
        income=Acct.RECURRING_DONATIONS if recurring else Acct.DONATIONS,
    )
    if fee_bearer == "fund" or fund == general_fund:
        cleared = [Posting(Acct.STRIPE_BALANCE, fund, currency, amount - fee, payment=payment)]
        cleared = [leg for leg in cleared if leg.quantity]
        return [entry(book, cleared, _fee(fund, currency, fee, payment), income)]
    borne = (
        [Posting(Acct.STRIPE_BALANCE, general_fund, currency, -fee, payment=payment)] if fee else []
    )
    return [
        entry(
            book,
            Posting(Acct.STRIPE_BALANCE, fund, currency, amount, payment=payment),
            income,
            borne,
            _fee(general_fund, currency, fee, payment),
        )
    ]


def pool_payment_settled(
    *,
    host: str,
    held_fund: str,
    pool: str,
    pool_fund: str,
    charge: Charge,
    fulfilled: Fulfilled = NO_PLEDGE,
) -> list[Entry]:
    """Book a charge on the host's Stripe account for its pool (POL-3): the host holds the net
    for the pool, the pool has the income and the fee."""
    currency, amount, fee, payment = charge.currency, charge.amount, charge.fee, charge.payment
    _check_fee(amount, fee)
    net = amount - fee
    if not net:
        raise Invalid("The fee is as high as the payment, so nothing is left.", place="fee")
    income = gift(
        fund=pool_fund,
        currency=currency,
        amount=amount,
        pledge=fulfilled.pledge,
        released=fulfilled.released,
        receivable=fulfilled.receivable,
    )
    return [
        entry(
            host,
            Posting(Acct.STRIPE_BALANCE, held_fund, currency, net, payment=payment),
            Posting(Acct.INTER_COMMUNITY, held_fund, currency, -net, counterparty=pool),
        ),
        entry(
            pool,
            Posting(Acct.INTER_COMMUNITY, pool_fund, currency, net, counterparty=host),
            _fee(pool_fund, currency, fee, payment),
            income,
        ),
    ]


def refund_settled(
    *,
    book: str,
    fund: str,
    currency: str,
    amount: int,
    pledge: str | None = None,
    payment: str | None = None,
) -> list[Entry]:
    """Book money that went back to a donor; Stripe keeps the fee of the charge (REF-1, REF-2)."""
    check_positive(amount=amount)
    return [
        entry(
            book,
            Posting(Acct.REFUNDS, fund, currency, amount, pledge=pledge),
            Posting(Acct.STRIPE_BALANCE, fund, currency, -amount, payment=payment),
        )
    ]


def pool_refund_settled(
    *,
    host: str,
    held_fund: str,
    pool: str,
    pool_fund: str,
    currency: str,
    amount: int,
    pledge: str | None = None,
    payment: str | None = None,
) -> list[Entry]:
    """Book a refund of a payment that the host took for its pool."""
    check_positive(amount=amount)
    return [
        entry(
            host,
            Posting(Acct.INTER_COMMUNITY, held_fund, currency, amount, counterparty=pool),
            Posting(Acct.STRIPE_BALANCE, held_fund, currency, -amount, payment=payment),
        ),
        entry(
            pool,
            Posting(Acct.REFUNDS, pool_fund, currency, amount, pledge=pledge),
            Posting(Acct.INTER_COMMUNITY, pool_fund, currency, -amount, counterparty=host),
        ),
    ]


def payout_created(
    *, book: str, currency: str, funds: Mapping[str, int], payout: str
) -> list[Entry]:
    """Move a payout from the Stripe balance into transit, by fund (PO-1)."""
    return [
        entry(book, _moved(Acct.STRIPE_BALANCE, Acct.PAYOUTS_IN_TRANSIT, currency, funds, payout))
    ]


def payout_arrived(
    *, book: str, currency: str, funds: Mapping[str, int], payout: str
) -> list[Entry]:
    """Move a payout from transit to the bank, by fund (PO-2)."""
    return [entry(book, _moved(Acct.PAYOUTS_IN_TRANSIT, Acct.BANK, currency, funds, payout))]


def _moved(
    source: int, target: int, currency: str, funds: Mapping[str, int], payout: str
) -> list[Posting]:
    legs = []
    for fund, amount in funds.items():
        if amount:
            legs.append(Posting(target, fund, currency, amount, payment=payout))
            legs.append(Posting(source, fund, currency, -amount, payment=payout))
    return legs


def _fee(fund: str, currency: str, fee: int, payment: str | None) -> list[Posting]:
    if not fee:
        return []
    return [
        Posting(Acct.PROCESSING_FEES, fund, currency, fee, payment=payment, function="fundraising")
    ]


def _check_fee(amount: int, fee: int) -> None:
    check_positive(amount=amount)
    if type(fee) is not int or not 0 <= fee <= amount:
        raise Invalid("A fee must be between zero and the amount.", place="fee")
