"""Money that does not pass Stripe: cash, bank transfers, bank charges (events OFF, FEE)."""

from ledger.core.accounts import Acct
from ledger.core.bookkeeping.facts import NO_PLEDGE, Fulfilled
from ledger.core.bookkeeping.legs import check_positive, gift, pair
from ledger.core.entry import Entry, Posting, entry


def cash_received(
    *,
    book: str,
    fund: str,
    currency: str,
    amount: int,
    fulfilled: Fulfilled = NO_PLEDGE,
    held: bool = False,
) -> list[Entry]:
    """Book counted cash that is not banked yet, in minor units (OFF-1)."""
    return [
        _received(Acct.UNDEPOSITED_CASH, book, fund, currency, amount, fulfilled, held),
    ]


def transfer_received(
    *,
    book: str,
    fund: str,
    currency: str,
    amount: int,
    fulfilled: Fulfilled = NO_PLEDGE,
    held: bool = False,
) -> list[Entry]:
    """Book a bank transfer that is known to be a gift or to fulfil a pledge."""
    return [
        _received(Acct.BANK, book, fund, currency, amount, fulfilled, held),
    ]


def cash_banked(*, book: str, fund: str, currency: str, amount: int) -> list[Entry]:
    """Move counted cash to the bank (OFF-1)."""
    return [_moved(book, Acct.BANK, Acct.UNDEPOSITED_CASH, fund, currency, amount)]


def receipt_unidentified(*, book: str, fund: str, currency: str, amount: int) -> list[Entry]:
    """Book a receipt whose giver is not known yet as owed to somebody (OFF-3)."""
    return [_moved(book, Acct.BANK, Acct.UNAPPLIED_RECEIPTS, fund, currency, amount)]


def receipt_identified(
    *,
    book: str,
    suspense_fund: str,
    fund: str,
    currency: str,
    amount: int,
    fulfilled: Fulfilled = NO_PLEDGE,
    held: bool = False,
) -> list[Entry]:
    """Give a receipt in suspense its meaning and its fund (OFF-3)."""
    return [
        entry(
            book,
            _moved(
                book, Acct.UNAPPLIED_RECEIPTS, Acct.BANK, suspense_fund, currency, amount
            ).postings,
            _received(Acct.BANK, book, fund, currency, amount, fulfilled, held).postings,
        )
    ]


def bank_charge(*, book: str, fund: str, currency: str, amount: int) -> list[Entry]:
    """Book what the bank charged (FEE-1)."""
    check_positive(amount=amount)
    return [
        entry(
            book,
            Posting(Acct.BANK_CHARGES, fund, currency, amount, function="management"),
            Posting(Acct.BANK, fund, currency, -amount),
        )
    ]


def _received(
    account: int,
    book: str,
    fund: str,
    currency: str,
    amount: int,
    fulfilled: Fulfilled,
    held: bool,
) -> Entry:
    # What a campaign must still earn is owed back until it has (PAY-13).
    income = gift(
        fund=fund,
        currency=currency,
        amount=amount,
        pledge=fulfilled.pledge,
        released=fulfilled.released,
        receivable=fulfilled.receivable,
        income=Acct.REFUNDABLE_ADVANCES if held else Acct.DONATIONS,
    )
    return entry(book, Posting(account, fund, currency, amount), income)


def _moved(book: str, target: int, source: int, fund: str, currency: str, amount: int) -> Entry:
    check_positive(amount=amount)
    return entry(
        book,
        Posting(target, fund, currency, amount),
        Posting(source, fund, currency, -amount),
    )


def cheque_bounced(
    *,
    book: str,
    fund: str,
    currency: str,
    amount: int,
    charge: int = 0,
    general_fund: str = "GEN",
    fulfilled: Fulfilled = NO_PLEDGE,
    held: bool = False,
) -> list[Entry]:
    """The bank takes a banked cheque back, and its charge from the general fund (OFF-2).

    What of it had ``fulfilled`` a pledge that is owed is receivable again. What is ``held`` for a
    goal was no income (PAY-13).
    """
    pledge, owed = fulfilled.pledge, fulfilled.receivable
    check_positive(amount=amount)
    back = [Posting(Acct.PLEDGES_RECEIVABLE, fund, currency, owed, pledge=pledge)] if owed else []
    if amount > owed:
        account = Acct.REFUNDABLE_ADVANCES if held else Acct.RETURNED_PAYMENTS
        back.append(Posting(account, fund, currency, amount - owed, pledge=pledge))
    back.append(Posting(Acct.BANK, fund, currency, -amount))
    work = {"function": "management"}
    fee = (
        pair(general_fund, currency, charge, Acct.BANK_CHARGES, Acct.BANK, on_debit=work)
        if charge
        else []
    )
    return [entry(book, back, fee)]
