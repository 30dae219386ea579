"""Bank files in: camt.053, MT940, OFX and tables become one kind of Statement; no database."""

from ledger.statements.profiles import Profile, read_profile
from ledger.statements.reader import FORMATS, MAX_BYTES, read_statement
from ledger.statements.statement import (
    Line,
    Statement,
    StatementFile,
    chain_breaks,
    chain_warnings,
    decimal_text,
    identity,
    line_base,
    line_fingerprint,
)
from ledger.statements.table import Remembered, TableUnclear

__all__ = [
    "FORMATS",
    "MAX_BYTES",
    "Line",
    "Profile",
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
    "read_profile",
    "read_statement",
]
