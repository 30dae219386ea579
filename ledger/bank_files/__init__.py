"""Readers of bank files: camt, MT940, OFX and tables become one kind of Statement; no database."""

from ledger.bank_files.cells import order_of
from ledger.bank_files.gifts import Gift, GiftList, read_gifts, reading_of_gifts
from ledger.bank_files.grid import Grid
from ledger.bank_files.placing import place
from ledger.bank_files.profiles import Profile, profile_from, read_profile
from ledger.bank_files.reader import FORMATS, MAX_BYTES, read_statement
from ledger.bank_files.statement import (
    Line,
    Part,
    Statement,
    StatementFile,
    chain_breaks,
    chain_warnings,
    decimal_text,
    identity,
    line_base,
    line_fingerprint,
)
from ledger.bank_files.table import Reading, Remembered, TableUnclear, reading_of

__all__ = [
    "FORMATS",
    "MAX_BYTES",
    "Gift",
    "GiftList",
    "Grid",
    "Line",
    "Part",
    "Profile",
    "Reading",
    "Remembered",
    "Statement",
    "StatementFile",
    "TableUnclear",
    "chain_breaks",
    "chain_warnings",
    "decimal_text",
    "identity",
    "line_base",
    "line_fingerprint",
    "order_of",
    "place",
    "profile_from",
    "read_gifts",
    "read_profile",
    "read_statement",
    "reading_of",
    "reading_of_gifts",
]
