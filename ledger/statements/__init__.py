"""Bank files in: camt.053 and MT940 become one kind of Statement. Must not know the database."""

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

__all__ = [
    "FORMATS",
    "MAX_BYTES",
    "Line",
    "Statement",
    "StatementFile",
    "chain_breaks",
    "chain_warnings",
    "decimal_text",
    "identity",
    "line_base",
    "line_fingerprint",
    "read_statement",
]
