"""Keep bank statements and their lines; the same file or line twice adds nothing.

A statement that contradicts itself is refused, never kept in part. Must not read any file format
and must not post: what a line means is decided in ``matching``.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from ledger.core.fitting_accounts import Use, check_fits
from ledger.db import ReadSession, Session
from ledger.errors import Invalid
from ledger.models.books import Account, Book
from ledger.models.statements import BankLine, BankStatement
from ledger.services.books import ensure_commodity
from ledger.statements import (
    Statement,
    StatementFile,
    chain_breaks,
    decimal_text,
    identity,
    line_fingerprint,
)

OPERATING = 1010


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a file; ``statements`` as the command line shows them."""

    file_format: str
    statements: list[dict[str, Any]]
    new: int
    duplicates: int

    def as_json(self) -> dict[str, Any]:
        """Return the one document that the command line prints."""
        return {
            "format": self.file_format,
            "statements": self.statements,
            "new": self.new,
            "duplicates": self.duplicates,
        }


def describe(file: StatementFile) -> list[dict[str, Any]]:
    """Return a file's statements as plain values, amounts in minor units."""
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
                *_imbalance(statement),
            ],
        }
        for index, statement in enumerate(file.statements)
    ]


def preview_statement(
    session: ReadSession, *, book: Book, account: int, file: StatementFile
) -> Imported:
    """Say what importing a file would do and keep nothing; what would be refused is a warning.

    Raises Invalid when the book has no such bank account.
    """
    _check_account(session, book, account)
    described = describe(file)
    for index, sentence in _refusals(book, account, file):
        if sentence not in described[index]["warnings"]:
            described[index]["warnings"].append(sentence)
    new = duplicates = 0
    for statement in file.statements:
        known = [item.old for item in _sorted_out(session, book, account, statement)]
        new += known.count(False)
        duplicates += known.count(True)
    return Imported(file.format, described, new, duplicates)


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

    Raises Invalid when a statement contradicts itself or the one before it, is of another
    currency, or the file is of several bank accounts; the place names the statement.
    """
    _check_account(session, book, account)
    described = describe(file)
    for index, sentence in _refusals(book, account, file):
        raise Invalid(sentence, place=f"statement {file.statements[index].statement_id}")
    new = duplicates = 0
    for statement in file.statements:
        added, known = _keep(session, book, account, file, statement, imported_by, now)
        new += added
        duplicates += known
    described[-1]["warnings"] += _gap(session, book, account, file.statements[-1])
    return Imported(file.format, described, new, duplicates)


def _check_account(session: ReadSession, book: Book, account: int) -> None:
    known = session.get(Account, (book.id, account))
    if known is None:
        raise Invalid(f"Book {book.code} has no account {account}.", place="account")
    check_fits(Use.BANK_STATEMENT, account, known, place="account")


def _refusals(book: Book, account: int, file: StatementFile) -> list[tuple[int, str]]:
    """Return why a file cannot be kept: the index of the statement and a sentence."""
    found = []
    breaks = chain_breaks(file.statements)
    first = file.statements[0].account
    for index, statement in enumerate(file.statements):
        found += [(index, sentence) for sentence in _imbalance(statement)]
        found += [(index, sentence) for sentence in breaks.get(index, [])]
        if statement.interim or statement.details:
            found.append((index, "This is no final statement; ask the bank for camt.053."))
        if account == OPERATING and statement.currency != book.commodity:
            found.append(
                (index, f"The statement is in {statement.currency}, the book in {book.commodity}.")
            )
        if statement.account != first:
            found.append((index, "The file holds statements of several bank accounts."))
    return found


def _imbalance(statement: Statement) -> list[str]:
    if statement.balanced is not False:
        return []
    currency = statement.currency
    return [
        f"Opening and lines give "
        f"{decimal_text(statement.closing - statement.difference, currency)}, but the statement "
        f"closes with {decimal_text(statement.closing, currency)}: "
        f"{decimal_text(abs(statement.difference), currency)} apart."
    ]


@dataclass(frozen=True, slots=True)
class _Sorted:
    """A line of a file: its fingerprint, and whether it is kept already."""

    fingerprint: str
    old: bool


def _sorted_out(
    session: ReadSession, book: Book, account: int, statement: Statement
) -> list[_Sorted]:
    """Tell new lines from those that another file has brought.

    Two lines that look the same are one when their statements overlap in time, and two when
    one statement follows the other: two equal gifts may well come on one day.
    """
    shared: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for base, other in _stored(session, book, account, statement):
        total[base] += 1
        if not _follows(other, statement):
            shared[base] += 1
    result = []
    for base in statement.bases():
        if shared[base]:
            shared[base] -= 1
            result.append(_Sorted("", old=True))
        else:
            total[base] += 1
            result.append(_Sorted(line_fingerprint(base, total[base]), old=False))
    return result


def _stored(
    session: ReadSession, book: Book, account: int, statement: Statement
) -> list[tuple[str, BankStatement]]:
    """Return what identifies each line kept for the days of a statement, with its statement."""
    days = [line.booked_on for line in statement.lines]
    if not days:
        return []
    rows = session.execute(
        select(BankLine, BankStatement)
        .join(BankStatement, BankStatement.id == BankLine.statement_id)
        .where(
            BankLine.book_id == book.id,
            BankLine.account == account,
            BankLine.booked_on >= min(days),
            BankLine.booked_on <= max(days),
            BankStatement.bank_account == statement.account,
        )
    )
    return [
        (
            identity(
                kept.bank_account,
                line.commodity,
                line.amount,
                line.booked_on,
                line.bank_reference,
                line.end_to_end_id,
                line.remittance,
            ),
            kept,
        )
        for line, kept in rows
    ]


def _follows(kept: BankStatement, statement: Statement) -> bool:
    """Tell whether one of two statements begins where the other ends, so that they share none."""
    old = (kept.opens_on, kept.closes_on, kept.opening, kept.closing)
    new = (statement.opens_on, statement.closes_on, statement.opening, statement.closing)
    return _comes_before(old, new) or _comes_before(new, old)


_Span = tuple[date | None, date | None, int, int]


def _comes_before(first: _Span, second: _Span) -> bool:
    _opens_on, ends_on, opening, closing = first
    starts_on, _closes_on, next_opening, next_closing = second
    if ends_on is None or starts_on is None:
        return False
    if ends_on < starts_on:
        return True
    # On one and the same day only the balances tell two pages from one statement sent twice.
    return (
        ends_on == starts_on
        and closing == next_opening
        and (opening, closing) != (next_opening, next_closing)
    )


def _keep(
    session: Session,
    book: Book,
    account: int,
    file: StatementFile,
    statement: Statement,
    imported_by: UUID | None,
    now: datetime,
) -> tuple[int, int]:
    row = _statement_row(session, book, account, file, statement, imported_by, now)
    lines = _sorted_out(session, book, account, statement)
    for line, found in zip(statement.lines, lines, strict=True):
        if found.old:
            continue
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
                fingerprint=found.fingerprint,
                # A line of nothing (a note of the bank) leaves nothing to decide.
                state="open" if line.amount else "matched",
            )
        )
    session.flush()
    old = sum(found.old for found in lines)
    return len(lines) - old, old


def _statement_row(
    session: Session,
    book: Book,
    account: int,
    file: StatementFile,
    statement: Statement,
    imported_by: UUID | None,
    now: datetime,
) -> BankStatement:
    row = session.scalar(
        select(BankStatement).where(
            BankStatement.book_id == book.id,
            BankStatement.account == account,
            BankStatement.statement_ref == statement.statement_id,
        )
    )
    if row is not None:
        kept = (row.bank_account, row.opening, row.closing)
        if kept != (statement.account, statement.opening, statement.closing):
            raise Invalid(
                "A statement of this name was imported before with another account or balance.",
                place=f"statement {statement.statement_id}",
            )
        return row
    ensure_commodity(session, statement.currency)
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
    return row


def _gap(session: ReadSession, book: Book, account: int, statement: Statement) -> list[str]:
    """Say when all that is kept of a bank account does not lead from first to last balance."""
    ours = (
        BankStatement.book_id == book.id,
        BankStatement.account == account,
        BankStatement.bank_account == statement.account,
    )
    kept: Sequence[BankStatement] = session.scalars(select(BankStatement).where(*ours)).all()
    if any(row.opens_on is None or row.closes_on is None for row in kept):
        return []
    first, last = _ends(kept)
    moved = session.scalar(
        select(func.coalesce(func.sum(BankLine.amount), 0))
        .join(BankStatement, BankStatement.id == BankLine.statement_id)
        .where(*ours)
    )
    apart = last.closing - first.opening - int(moved or 0)
    if not apart:
        return []
    return [
        f"The lines kept since {first.opens_on} lead to "
        f"{decimal_text(last.closing - apart, statement.currency)}, but the bank states "
        f"{decimal_text(last.closing, statement.currency)} on {last.closes_on}: a statement in "
        "between is missing."
    ]


def _ends(kept: Sequence[BankStatement]) -> tuple[BankStatement, BankStatement]:
    """Return the statements that open first and close last; ids follow the order of import."""
    first = min(kept, key=lambda row: (row.opens_on or date.min, row.id))
    last = max(kept, key=lambda row: (row.closes_on or date.min, row.id))
    return first, last
