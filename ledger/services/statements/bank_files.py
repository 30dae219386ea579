"""A bank file on the bank page: each statement goes to the ledger account that its bank account is
known under, and what nobody knows yet to the operating account.

Must not read files.
"""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from ledger.bank_files import Statement, StatementFile
from ledger.core.accounts import Acct
from ledger.db import ReadSession, Session
from ledger.models.books import Book
from ledger.services.statements.bank_accounts import Choice, account_called, known_accounts
from ledger.services.statements.statements import Imported, import_statement


def import_file(
    session: Session,
    *,
    book: Book,
    file: StatementFile,
    imported_by: UUID | None,
    now: datetime,
    choice: Choice | None = None,
) -> Imported:
    """Keep every statement of a file in its own ledger account, all or nothing.

    Raises Invalid as ``import_statement`` does, and SeveralAccounts where a person has to choose.
    """
    done = [
        import_statement(
            session,
            book=book,
            account=account,
            file=replace(file, statements=statements),
            imported_by=imported_by,
            now=now,
            choice=choice if account == Acct.BANK else None,
        )
        for account, statements in _by_account(session, book, file).items()
    ]
    return Imported(
        file.format,
        [shown for one in done for shown in one.statements],
        sum(one.new for one in done),
        sum(one.duplicates for one in done),
    )


def _by_account(
    session: ReadSession, book: Book, file: StatementFile
) -> dict[int, tuple[Statement, ...]]:
    known = known_accounts(session, book.id)
    found: dict[int, tuple[Statement, ...]] = {}
    for statement in file.statements:
        one = account_called(known, statement)
        account = one.account if one is not None else Acct.BANK
        found[account] = (*found.get(account, ()), statement)
    return found
