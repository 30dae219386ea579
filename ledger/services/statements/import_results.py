"""What became of a bank's file, as the command line and the pages show it; amounts in minor units.

Must not read the database: ``statements`` decides, this says.
"""

from dataclasses import dataclass
from typing import NotRequired, TypedDict

from ledger.bank_files import Statement, StatementFile, chain_breaks, decimal_text
from ledger.services.statements.bank_accounts import SeveralAccounts


class StatementAnswer(TypedDict):
    """One statement of a file as plain values."""

    id: str
    account: str
    currency: str
    opening: int
    closing: int
    lines: int
    credits: int
    debits: int
    balanced: bool | None
    warnings: list[str]


class ImportAnswer(TypedDict):
    """The one document that the command line prints."""

    format: str
    statements: list[StatementAnswer]
    new: int
    duplicates: int
    refused: NotRequired[list[str]]


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a file; ``statements`` as the command line shows them.

    ``refused`` is why an import would keep nothing, in a dry run; ``asked`` is what a person has
    to say first, in that case.
    """

    file_format: str
    statements: list[StatementAnswer]
    new: int
    duplicates: int
    refused: tuple[str, ...] = ()
    asked: SeveralAccounts | None = None

    def as_json(self) -> ImportAnswer:
        """Return the one document that the command line prints."""
        document: ImportAnswer = {
            "format": self.file_format,
            "statements": self.statements,
            "new": self.new,
            "duplicates": self.duplicates,
        }
        if self.refused:
            document["refused"] = list(self.refused)
        return document


def describe(file: StatementFile) -> list[StatementAnswer]:
    """Return a file's statements as plain values, amounts in minor units.

    ``balanced`` is None where the bank states one balance only, which proves nothing.
    """
    breaks = chain_breaks(file.statements)
    return [
        {
            "id": statement.statement_id,
            "account": statement.account,
            "currency": statement.currency,
            "opening": statement.opening,
            "closing": statement.closing,
            "lines": len(statement.lines),
            "credits": statement.credits,
            "debits": statement.debits,
            "balanced": statement.balanced,
            "warnings": [
                *statement.warnings,
                *breaks.get(index, []),
                *imbalance(statement),
            ],
        }
        for index, statement in enumerate(file.statements)
    ]


def imbalance(statement: Statement) -> list[str]:
    """Say by how much a statement contradicts itself; nothing where it does not."""
    if statement.balanced is not False:
        return []
    currency = statement.currency
    return [
        f"Opening and lines give "
        f"{decimal_text(statement.closing - statement.difference, currency)}, but the statement "
        f"closes with {decimal_text(statement.closing, currency)}: "
        f"{decimal_text(abs(statement.difference), currency)} apart."
    ]
