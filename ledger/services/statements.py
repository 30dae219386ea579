"""Keep bank statements and their lines; the same file or line twice adds nothing."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from ledger.core.accounts import BY_NUMBER
from ledger.db import Session
from ledger.errors import Invalid
from ledger.models.books import Account, Book
from ledger.models.statements import BankLine, BankStatement
from ledger.statements import Statement, StatementFile, chain_warnings

CHUNK = 500


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a file; ``statements`` as the command line shows them."""

    file_format: str
    statements: list[dict[str, Any]]
    new: int
    duplicates: int


def describe(file: StatementFile) -> list[dict[str, Any]]:
    """Return a file's statements as plain values, amounts in minor units."""
    chained = chain_warnings(file.statements)
    described = []
    for statement in file.statements:
        own = [text for text in chained if f"Statement {statement.statement_id} " in text]
        if statement.difference:
            own.append(
                f"Opening and lines give {statement.closing - statement.difference}, but the "
                f"statement closes with {statement.closing}: {statement.difference} apart."
            )
        described.append(
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
                "warnings": [*statement.warnings, *own],
            }
        )
    return described


def import_statement(
    session: Session,
    *,
    book: Book,
    account: int,
    file: StatementFile,
    imported_by: UUID | None,
    now: datetime,
) -> Imported:
    """Keep every statement of a file for one ledger account, all or nothing.

    Raises Invalid when a statement contradicts itself, is of another currency, or the file is
    of several bank accounts; the message names the statement.
    """
    if session.get(Account, (book.id, account)) is None:
        raise Invalid(f"Book {book.code} has no account {account}.", place="account")
    if account in BY_NUMBER and BY_NUMBER[account].kind != "asset":
        raise Invalid(f"Account {account} is no bank account.", place="account")
    described = describe(file)
    for statement, shown in zip(file.statements, described, strict=True):
        if not statement.balanced:
            raise Invalid(" ".join(shown["warnings"]), place=f"statement {statement.statement_id}")
        if statement.currency != book.commodity and account == 1010:
            raise Invalid(
                f"The statement is in {statement.currency}, the account in {book.commodity}.",
                place=f"statement {statement.statement_id}",
            )
    if len({statement.account for statement in file.statements}) > 1:
        raise Invalid("The file holds statements of several bank accounts.", place="file")
    new = duplicates = 0
    for statement in file.statements:
        added, known = _keep(session, book, account, file, statement, imported_by, now)
        new += added
        duplicates += known
    return Imported(file.format, described, new, duplicates)


def _keep(
    session: Session,
    book: Book,
    account: int,
    file: StatementFile,
    statement: Statement,
    imported_by: UUID | None,
    now: datetime,
) -> tuple[int, int]:
    row = session.scalar(
        select(BankStatement).where(
            BankStatement.book_id == book.id,
            BankStatement.account == account,
            BankStatement.statement_ref == statement.statement_id,
        )
    )
    if row is None:
        row = BankStatement(
            book_id=book.id,
            account=account,
            statement_ref=statement.statement_id,
            file_format=file.format,
            file_sha256=file.sha256,
            bank_account=statement.account,
            commodity=statement.currency,
            opening=statement.opening,
            closing=statement.closing,
            opens_on=statement.opens_on,
            closes_on=statement.closes_on,
            imported_by=imported_by,
            imported_at=now,
        )
        session.add(row)
        session.flush()
    elif (row.opening, row.closing) != (statement.opening, statement.closing):
        raise Invalid(
            "A statement of this name was imported before with other balances.",
            place=f"statement {statement.statement_id}",
        )
    prints = statement.fingerprints()
    known: set[str] = set()
    for start in range(0, len(prints), CHUNK):
        known |= set(
            session.scalars(
                select(BankLine.fingerprint).where(
                    BankLine.book_id == book.id,
                    BankLine.account == account,
                    BankLine.fingerprint.in_(prints[start : start + CHUNK]),
                )
            )
        )
    for line, fingerprint in zip(statement.lines, prints, strict=True):
        if fingerprint not in known:
            session.add(
                BankLine(
                    book_id=book.id,
                    statement_id=row.id,
                    account=account,
                    position=line.position,
                    amount=line.amount,
                    commodity=statement.currency,
                    booked_on=line.booked_on,
                    value_on=line.value_on,
                    bank_reference=line.bank_reference,
                    end_to_end_id=line.end_to_end_id,
                    counterparty_name=line.counterparty_name,
                    remittance=line.remittance,
                    code=line.code,
                    fingerprint=fingerprint,
                    state="open",
                )
            )
    session.flush()
    return len(prints) - len(known), len(known)
