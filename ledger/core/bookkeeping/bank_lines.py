"""What a bank line can mean that no other event brings into the books (events BNK); minor units.

Pure; amounts are above zero, and the name of the event says in which direction the money went.
"""

from ledger.core.accounts import Acct
from ledger.core.bookkeeping.legs import pair
from ledger.core.entry import Entry, entry


def interest_received(*, book: str, fund: str, currency: str, amount: int) -> list[Entry]:
    """Book interest that the bank paid (BNK-1)."""
    return [entry(book, pair(fund, currency, amount, Acct.BANK, Acct.INTEREST))]


def own_transfer_sent(*, book: str, fund: str, currency: str, amount: int) -> list[Entry]:
    """Book money that left for another account of the same book and is on its way (BNK-2)."""
    return [entry(book, pair(fund, currency, amount, Acct.OUTGOING_PAYMENTS, Acct.BANK))]


def own_transfer_arrived(*, book: str, fund: str, currency: str, amount: int) -> list[Entry]:
    """Book money that arrived from another account of the same book (BNK-2)."""
    return [entry(book, pair(fund, currency, amount, Acct.BANK, Acct.OUTGOING_PAYMENTS))]


def held_for_others(*, book: str, fund: str, currency: str, amount: int) -> list[Entry]:
    """Book money that came in and is somebody else's, outside the system (BNK-3)."""
    return [entry(book, pair(fund, currency, amount, Acct.BANK, Acct.HELD_FOR_THIRD_PARTIES))]


def given_to_others(*, book: str, fund: str, currency: str, amount: int) -> list[Entry]:
    """Book that money which was held for somebody else left for them, or went back (BNK-3)."""
    return [entry(book, pair(fund, currency, amount, Acct.HELD_FOR_THIRD_PARTIES, Acct.BANK))]


def cost_paid_without_bill(
    *, book: str, fund: str, currency: str, amount: int, account: int, function: str
) -> list[Entry]:
    """Book a payment for which no bill or order was there, once it is approved (BNK-4)."""
    work = {"function": function}
    return [entry(book, pair(fund, currency, amount, account, Acct.BANK, on_debit=work))]


def cost_refunded(
    *, book: str, fund: str, currency: str, amount: int, account: int, function: str
) -> list[Entry]:
    """Book money that a supplier gave back: it lowers the cost (BNK-5)."""
    work = {"function": function}
    return [entry(book, pair(fund, currency, amount, Acct.BANK, account, on_credit=work))]
