"""Bank files in: camt.053 and MT940 become one kind of Statement. Must not know the database."""

from ledger.statements.reader import read_statement
from ledger.statements.statement import Line, Statement, StatementFile, chain_warnings

__all__ = ["Line", "Statement", "StatementFile", "chain_warnings", "read_statement"]
