"""Bank debits, tickets, disputes and what else Stripe moves (events PAY, REF, DSP, PO).

Figures come from balance transactions, in minor units; ``payment`` is Stripe's id.
"""

from ledger.core.accounts import Acct
from ledger.core.bookkeeping.legs import check_positive, pair
from ledger.core.entry import Entry, Posting, entry
from ledger.errors import Invalid


def debit_started(*, book: str, fund: str, currency: str, amount: int) -> list[Entry]:
    """Note a bank debit that is on its way; nothing is income yet (PAY-05)."""
    return [
        entry(
            book, pair(fund, currency, amount, Acct.PAYMENTS_IN_PROCESS, Acct.COMMITMENTS_RECEIVED)
        )
    ]


def debit_cleared(
    *, book: str, fund: str, currency: str, amount: int, fee: int, payment: str | None = None
) -> list[Entry]:
    """Book a bank debit that came through (PAY-06)."""
    return [
        entry(
            book,
            pair(fund, currency, amount, Acct.COMMITMENTS_RECEIVED, Acct.PAYMENTS_IN_PROCESS),
            Posting(Acct.STRIPE_BALANCE, fund, currency, amount - fee, payment=payment),
            _fee(Acct.PROCESSING_FEES, fund, currency, fee, payment),
            Posting(Acct.DONATIONS, fund, currency, -amount),
        )
    ]


def debit_cleared_for(
    settled: list[Entry], *, fund: str, currency: str, amount: int
) -> list[Entry]:
    """Take a bank debit off the memo accounts in the entry that books its money (PAY-06).

    ``settled`` are the entries of the payment; the last one is of the book it was given to.
    """
    *others, last = settled
    return [
        *others,
        entry(
            last.book,
            last.postings,
            pair(fund, currency, amount, Acct.COMMITMENTS_RECEIVED, Acct.PAYMENTS_IN_PROCESS),
        ),
    ]


def debit_failed(*, book: str, fund: str, currency: str, amount: int) -> list[Entry]:
    """Take a bank debit that did not come through off the memo accounts (PAY-07)."""
    return [
        entry(
            book, pair(fund, currency, amount, Acct.COMMITMENTS_RECEIVED, Acct.PAYMENTS_IN_PROCESS)
        )
    ]


def debit_returned(
    *, book: str, fund: str, currency: str, amount: int, fee: int, payment: str | None = None
) -> list[Entry]:
    """Book a bank debit that went back after it had cleared, with the fee (PAY-08)."""
    return _taken_back(Acct.RETURNED_PAYMENTS, book, fund, currency, amount, fee, payment)


def ticket_paid(
    *,
    book: str,
    fund: str,
    currency: str,
    amount: int,
    benefit: int,
    fee: int,
    payment: str | None = None,
) -> list[Entry]:
    """Book a payment of which part buys something: that part is no gift (PAY-10)."""
    check_positive(amount=amount, benefit=benefit)
    if benefit > amount:
        raise Invalid("The benefit cannot be worth more than the amount paid.", place="benefit")
    return [
        entry(
            book,
            Posting(Acct.STRIPE_BALANCE, fund, currency, amount - fee, payment=payment),
            _fee(Acct.PROCESSING_FEES, fund, currency, fee, payment),
            Posting(Acct.EXCHANGE_INCOME, fund, currency, -benefit),
            Posting(Acct.DONATIONS, fund, currency, benefit - amount) if benefit < amount else [],
        )
    ]


def money_held_for_goal(
    *,
    book: str,
    fund: str,
    currency: str,
    amount: int,
    fee: int,
    pledge: str,
    payment: str | None = None,
) -> list[Entry]:
    """Book money taken before the goal is reached: it is owed back until then (PAY-13)."""
    return [
        entry(
            book,
            Posting(Acct.STRIPE_BALANCE, fund, currency, amount - fee, payment=payment),
            _fee(Acct.PROCESSING_FEES, fund, currency, fee, payment),
            Posting(Acct.REFUNDABLE_ADVANCES, fund, currency, -amount, pledge=pledge),
        )
    ]


def goal_reached(*, book: str, fund: str, currency: str, amount: int, pledge: str) -> list[Entry]:
    """What was held for the goal is income (PAY-13)."""
    legs = pair(
        fund, currency, amount, Acct.REFUNDABLE_ADVANCES, Acct.DONATIONS, both={"pledge": pledge}
    )
    return [entry(book, legs)]


def held_money_owed(
    *, book: str, fund: str, currency: str, amount: int, pledge: str, by_stripe: int = 0
) -> list[Entry]:
    """What was held for a goal that was missed is owed back (PAY-13); ``by_stripe`` of it came
    through Stripe and is told apart by its payment."""
    check_positive(amount=amount)
    rest = amount - by_stripe
    return [
        entry(
            book,
            Posting(Acct.REFUNDABLE_ADVANCES, fund, currency, amount, pledge=pledge),
            Posting(Acct.REFUNDS_PAYABLE, fund, currency, -by_stripe) if by_stripe else [],
            Posting(Acct.REFUNDS_PAYABLE, fund, currency, -rest, pledge=pledge) if rest else [],
        )
    ]


def refund_owed(
    *,
    book: str,
    fund: str,
    currency: str,
    amount: int,
    recurring: bool = False,
    pledge: str | None = None,
    payment: str | None = None,
) -> list[Entry]:
    """A gift is to go back, as with one made twice: it is no income any more (REF-3). ``pledge``
    names what came without Stripe, ``payment`` the entry that brought it where there is none."""
    income = Acct.RECURRING_DONATIONS if recurring else Acct.DONATIONS
    legs = pair(
        fund,
        currency,
        amount,
        income,
        Acct.REFUNDS_PAYABLE,
        on_credit={"pledge": pledge, "payment": payment},
    )
    return [entry(book, legs)]


def owed_refund_settled(
    *, book: str, fund: str, currency: str, amount: int, payment: str | None = None
) -> list[Entry]:
    """Book the money that goes back for a refund that was owed (REF-3)."""
    paid = {"payment": payment}
    legs = pair(fund, currency, amount, Acct.REFUNDS_PAYABLE, Acct.STRIPE_BALANCE, on_credit=paid)
    return [entry(book, legs)]


def owed_refund_repaid(
    *,
    book: str,
    fund: str,
    currency: str,
    amount: int,
    payment: str | None = None,
    pledge: str | None = None,
) -> list[Entry]:
    """Book the bank transfer that pays a donor back what was owed (REF-3, REF-5, PAY-13);
    ``payment`` names the contribution or the returned refund, ``pledge`` what came without
    Stripe."""
    legs = pair(
        fund,
        currency,
        amount,
        Acct.REFUNDS_PAYABLE,
        Acct.BANK,
        on_debit={"payment": payment, "pledge": pledge},
    )
    return [entry(book, legs)]


def prior_refund_settled(
    *, book: str, fund: str, currency: str, amount: int, payment: str | None = None
) -> list[Entry]:
    """Book the refund of a gift of a closed period in the open one (REF-4)."""
    paid = {"payment": payment}
    legs = pair(
        fund, currency, amount, Acct.PRIOR_PERIOD_REFUNDS, Acct.STRIPE_BALANCE, on_credit=paid
    )
    return [entry(book, legs)]


def refund_bounced(
    *, book: str, fund: str, currency: str, amount: int, payment: str | None = None
) -> list[Entry]:
    """A refund came back: the donor is still owed it (REF-5)."""
    paid = {"payment": payment}
    legs = pair(fund, currency, amount, Acct.STRIPE_BALANCE, Acct.REFUNDS_PAYABLE, on_debit=paid)
    return [entry(book, legs)]


def dispute_opened(
    *, book: str, fund: str, currency: str, amount: int, fee: int, payment: str | None = None
) -> list[Entry]:
    """Book what a bank took back with its fee (DSP-1)."""
    return _taken_back(Acct.DISPUTED_CONTRIBUTIONS, book, fund, currency, amount, fee, payment)


def dispute_won(
    *, book: str, fund: str, currency: str, amount: int, payment: str | None = None
) -> list[Entry]:
    """Book what a bank gave back (DSP-2)."""
    paid = {"payment": payment}
    return [
        entry(
            book,
            pair(
                fund,
                currency,
                amount,
                Acct.STRIPE_BALANCE,
                Acct.DISPUTED_CONTRIBUTIONS,
                on_debit=paid,
            ),
        )
    ]


def dispute_fee_charged(
    *, book: str, fund: str, currency: str, amount: int, payment: str | None = None
) -> list[Entry]:
    """Book a further fee of a dispute (DSP-3)."""
    paid = {"payment": payment}
    work = {"function": "fundraising"}
    legs = pair(
        fund,
        currency,
        amount,
        Acct.DISPUTE_FEES,
        Acct.STRIPE_BALANCE,
        on_credit=paid,
        on_debit=work,
    )
    return [entry(book, legs)]


def dispute_fee_returned(
    *, book: str, fund: str, currency: str, amount: int, payment: str | None = None
) -> list[Entry]:
    """Book a dispute's fee that was given back (DSP-4)."""
    charged = dispute_fee_charged(
        book=book, fund=fund, currency=currency, amount=amount, payment=payment
    )
    return [item.reversed() for item in charged]


def payout_failed(
    *, book: str, fund: str, currency: str, amount: int, payout: str | None = None
) -> list[Entry]:
    """A payout came back to the Stripe balance (PO-3)."""
    return [
        entry(
            book,
            pair(
                fund,
                currency,
                amount,
                Acct.STRIPE_BALANCE,
                Acct.PAYOUTS_IN_TRANSIT,
                both={"payment": payout},
            ),
        )
    ]


def stripe_fee_charged(
    *, book: str, fund: str, currency: str, amount: int, payment: str | None = None
) -> list[Entry]:
    """Book a fee of Stripe's that belongs to no payment (PO-4)."""
    legs = pair(
        fund,
        currency,
        amount,
        Acct.PROCESSING_FEES,
        Acct.STRIPE_BALANCE,
        on_debit={"function": "management"},
        on_credit={"payment": payment},
    )
    return [entry(book, legs)]


def held_money_returned(
    *, book: str, fund: str, currency: str, amount: int, pledge: str, payment: str | None = None
) -> list[Entry]:
    """Give back what was held for a goal that was not reached (PAY-13)."""
    paid = {"payment": payment}
    legs = pair(
        fund,
        currency,
        amount,
        Acct.REFUNDABLE_ADVANCES,
        Acct.STRIPE_BALANCE,
        on_debit={"pledge": pledge},
        on_credit=paid,
    )
    return [entry(book, legs)]


def recognised_debit_returned(
    *,
    book: str,
    fund: str,
    currency: str,
    amount: int,
    fee: int,
    pledge: str,
    payment: str | None = None,
) -> list[Entry]:
    """Book a debit that went back and had paid what was owed: the promise stands (PAY-08)."""
    check_positive(amount=amount)
    return [
        entry(
            book,
            Posting(Acct.PLEDGES_RECEIVABLE, fund, currency, amount, pledge=pledge),
            _fee(Acct.DISPUTE_FEES, fund, currency, fee, payment),
            Posting(Acct.STRIPE_BALANCE, fund, currency, -amount - fee, payment=payment),
        )
    ]


def reserve_moved(
    *, book: str, fund: str, currency: str, amount: int, payment: str | None = None
) -> list[Entry]:
    """Stripe sets a part of the balance aside, or releases it: ``amount`` is what the balance
    gains (domain section 5.18)."""
    return _beside(Acct.STRIPE_RESERVE, book, fund, currency, amount, payment)


def balance_topped_up(
    *, book: str, fund: str, currency: str, amount: int, payment: str | None = None
) -> list[Entry]:
    """Money from the bank reaches the Stripe balance, or goes back when below zero."""
    # Not named in transit: what Stripe sends there is a payout, and this is none.
    if not amount:
        raise Invalid("A balance transaction cannot have an amount of zero.", place="amount")
    return [
        entry(
            book,
            Posting(Acct.STRIPE_BALANCE, fund, currency, amount, payment=payment),
            Posting(Acct.PAYOUTS_IN_TRANSIT, fund, currency, -amount),
        )
    ]


def movement_suspended(
    *, book: str, fund: str, currency: str, amount: int, payment: str | None = None
) -> list[Entry]:
    """Keep a movement that nobody can name, in or out, in suspense (domain section 5.18)."""
    return _beside(Acct.UNAPPLIED_RECEIPTS, book, fund, currency, amount, payment)


def suspense_named(
    *,
    book: str,
    fund: str,
    to_fund: str,
    currency: str,
    amount: int,
    fee: int,
    payment: str | None = None,
) -> list[Entry]:
    """Somebody knows what a payment in suspense was: a gift of ``amount`` to a fund, less the fee
    that was taken from it. The Stripe balance of each fund stays right."""
    check_positive(amount=amount)
    net = amount - fee
    between = [
        Posting(Acct.STRIPE_BALANCE, fund, currency, -net, payment=payment),
        Posting(Acct.STRIPE_BALANCE, to_fund, currency, net, payment=payment),
    ]
    return [
        entry(
            book,
            Posting(Acct.UNAPPLIED_RECEIPTS, fund, currency, net, payment=payment),
            _fee(Acct.PROCESSING_FEES, to_fund, currency, fee, payment),
            Posting(Acct.DONATIONS, to_fund, currency, -amount),
            between if fund != to_fund else [],
        )
    ]


def _beside(
    account: int, book: str, fund: str, currency: str, amount: int, payment: str | None
) -> list[Entry]:
    if not amount:
        raise Invalid("A balance transaction cannot have an amount of zero.", place="amount")
    return [
        entry(
            book,
            Posting(Acct.STRIPE_BALANCE, fund, currency, amount, payment=payment),
            Posting(account, fund, currency, -amount, payment=payment),
        )
    ]


def _taken_back(
    account: int, book: str, fund: str, currency: str, amount: int, fee: int, payment: str | None
) -> list[Entry]:
    check_positive(amount=amount)
    return [
        entry(
            book,
            Posting(account, fund, currency, amount, payment=payment),
            _fee(Acct.DISPUTE_FEES, fund, currency, fee, payment),
            Posting(Acct.STRIPE_BALANCE, fund, currency, -amount - fee, payment=payment),
        )
    ]


def _fee(account: int, fund: str, currency: str, fee: int, payment: str | None) -> list[Posting]:
    if type(fee) is not int or fee < 0:
        raise Invalid("A fee must be a whole number and cannot be negative.", place="fee")
    if not fee:
        return []
    return [Posting(account, fund, currency, fee, payment=payment, function="fundraising")]
