"""Files of other ledgers in: hledger, ledger, beancount and GnuCash become one History.

A mapping says what its names are in our chart of accounts. Must not know the database.
"""

from ledger.histories.booking import Booking
from ledger.histories.history import Figure, History, Leg, Transaction, exactly
from ledger.histories.mapping import Mapping, read_mapping, write_mapping
from ledger.histories.plain_text import LEAVABLE
from ledger.histories.proposal import Chart, left_open, propose
from ledger.histories.reader import FORMATS, read_history

__all__ = [
    "FORMATS",
    "LEAVABLE",
    "Booking",
    "Chart",
    "Figure",
    "History",
    "Leg",
    "Mapping",
    "Transaction",
    "exactly",
    "left_open",
    "propose",
    "read_history",
    "read_mapping",
    "write_mapping",
]
