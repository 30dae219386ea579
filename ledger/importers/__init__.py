"""Readers of other ledgers' files: hledger, ledger, beancount and GnuCash become one History.

A mapping says what its names are in our chart of accounts. Must not know the database.
"""

from ledger.importers.booking import Booking
from ledger.importers.history import Figure, History, Leg, Transaction, exactly
from ledger.importers.mapping import Mapping, read_mapping, write_mapping
from ledger.importers.plain_text import LEAVABLE
from ledger.importers.proposal import Chart, left_open, propose
from ledger.importers.reader import FORMATS, read_history

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
