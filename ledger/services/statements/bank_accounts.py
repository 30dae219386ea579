"""Which bank account of a book a statement is of, whatever its file calls it.

A ledger account stands for one bank account until somebody says that it stands for a further one.
Must not read files or keep lines.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import select, update

from ledger.bank_files import Statement, StatementFile
from ledger.bank_files.accounts import bare, is_iban, same_account, surely_other, two_ibans
from ledger.core.accounts import Acct
from ledger.db import ReadSession, Session
from ledger.errors import Conflict, Invalid, NotFound
from ledger.ids import new_id
from ledger.models.books import Book
from ledger.models.statements import BankAccount, BankLine, BankStatement
from ledger.services.books.books import ensure_commodity


@dataclass(frozen=True, slots=True)
class Choice:
    """What a person says of a file's accounts: which to take, and what the books know it as.

    ``same_as`` names a known bank account; ``further`` makes it one more under the same ledger
    account.
    """

    only: tuple[str, ...] = ()
    same_as: str = ""
    further: bool = False


@dataclass(slots=True)
class Known:
    """A bank account that the books know, or will with this file, with every name it has had."""

    id: UUID
    account: int
    commodity: str
    name: str
    names: set[str] = field(default_factory=set)
    new: bool = False

    def is_called(self, name: str) -> bool:
        """Tell whether a file's name for an account is one of this account's."""
        return any(same_account(name, own) for own in (self.name, *self.names))


@dataclass(slots=True)
class Routed:
    """The bank account of each statement of a file, None where it is left out.

    ``warnings`` and ``refusals`` are sentences by the index of the statement.
    """

    accounts: list[Known | None]
    warnings: list[tuple[int, str]] = field(default_factory=list)
    refusals: list[tuple[int, str]] = field(default_factory=list)


class SeveralAccounts(Invalid):
    """A file whose accounts nobody can tell apart but the person; ``accounts`` are its names."""

    def __init__(self, message: str, accounts: Sequence[str], known: Sequence[str]) -> None:
        super().__init__(message, place="account")
        self.accounts = tuple(accounts)
        self.known = tuple(known)


def known_accounts(session: ReadSession, book_id: UUID) -> list[Known]:
    """Return the bank accounts of a book with their names."""
    found = {
        row.id: Known(row.id, row.account, row.commodity, row.name)
        for row in session.scalars(
            select(BankAccount).where(BankAccount.book_id == book_id).order_by(BankAccount.id)
        )
    }
    names = select(BankStatement.bank_account_id, BankStatement.bank_account).where(
        BankStatement.book_id == book_id, BankStatement.bank_account_id.is_not(None)
    )
    for account_id, name in session.execute(names.distinct()):
        if account_id is not None:
            found[account_id].names.add(name)
    return list(found.values())


def route(
    session: ReadSession, *, book: Book, account: int, file: StatementFile, choice: Choice
) -> Routed:
    """Find the bank account of each statement, for one ledger account. Raises SeveralAccounts."""
    known = known_accounts(session, book.id)
    ours = [one for one in known if one.account == account]
    routed = Routed([None] * len(file.statements))
    unknown: dict[tuple[str, str], list[int]] = {}
    for index, statement in enumerate(file.statements):
        if choice.only and not _is_chosen(statement, choice.only):
            _left_out(routed, index, statement, "it was not chosen")
            continue
        if account == Acct.BANK and statement.currency != book.commodity:
            routed.refusals.append(
                (index, f"The statement is in {statement.currency}, the book in {book.commodity}.")
            )
            continue
        found = account_called(known, statement)
        if found is not None and found.account == account:
            routed.accounts[index] = found
        elif found is not None:
            routed.refusals.append(
                (index, f"{statement.account} is the bank account of {book.code}/{found.account};"
                 f" import it with --account {book.code}/{found.account}.")
            )  # fmt: skip
        else:
            unknown.setdefault((statement.account, statement.currency), []).append(index)
    _place_unknown(session, book, account, file, choice, ours, unknown, routed)
    _forgive(file, routed)
    return routed


def _is_chosen(statement: Statement, only: Sequence[str]) -> bool:
    exact = f"{statement.account}/{statement.currency}"
    return any(one == exact or same_account(statement.account, one) for one in only)


def account_called(known: Sequence[Known], statement: Statement) -> Known | None:
    """Return the bank account that a statement's file names, in its currency; None for none."""
    return next(
        (
            one
            for one in known
            if one.commodity == statement.currency and one.is_called(statement.account)
        ),
        None,
    )


def _place_unknown(
    session: ReadSession,
    book: Book,
    account: int,
    file: StatementFile,
    choice: Choice,
    ours: list[Known],
    unknown: dict[tuple[str, str], list[int]],
    routed: Routed,
) -> None:
    taken = any(found is not None for found in routed.accounts)
    if not unknown:
        return
    alone = len({name for name, _currency in unknown}) == len(unknown)
    names = sorted(name if alone else f"{name}/{currency}" for name, currency in unknown)
    if taken and not (choice.only or choice.further or choice.same_as):
        for (name, _currency), indexes in unknown.items():
            for index in indexes:
                _left_out(routed, index, file.statements[index],
                          f"{name} is no account of {book.code}/{account}")  # fmt: skip
        return
    if len(unknown) > 1:
        raise SeveralAccounts(
            f"The file holds statements of several bank accounts ({', '.join(names)}); say which "
            f"one {book.code}/{account} stands for, with --bank-account.",
            names,
            [one.name for one in ours],
        )
    ((name, currency), indexes) = next(iter(unknown.items()))
    same = [one for one in ours if one.commodity == currency]
    chosen = _chosen(session, book, account, name, currency, same, choice,
                     [file.statements[index] for index in indexes])  # fmt: skip
    if not chosen.new and not choice.same_as:
        routed.warnings.append(
            (indexes[0], f"The file calls the account {name}; it is taken for {chosen.name}, "
             f"the one {book.code}/{account} stands for.")
        )  # fmt: skip
    for index in indexes:
        routed.accounts[index] = chosen


def _chosen(
    session: ReadSession,
    book: Book,
    account: int,
    name: str,
    currency: str,
    ours: list[Known],
    choice: Choice,
    statements: Sequence[Statement],
) -> Known:
    """Return the account that a name nobody has used yet means. Raises SeveralAccounts."""
    if choice.same_as:
        found = next((one for one in ours if one.is_called(choice.same_as)), None)
        if found is None:
            raise Invalid(
                "{code}/{account} has no bank account {same_as}.",
                place="account",
                code=book.code,
                account=account,
                same_as=choice.same_as,
            )
        return found
    if not ours or choice.further:
        return Known(new_id(), account, currency, name, {name}, new=True)
    if len(ours) == 1 and _may_be(session, ours[0], name, statements):
        return ours[0]
    listed = ", ".join(one.name for one in ours)
    raise SeveralAccounts(
        f"{book.code}/{account} stands for the bank account {listed}; this statement is of {name}. "
        "If that is the same account under another name, import it with --same-as; if it is one "
        "more account kept there, with --further-account.",
        [name],
        [one.name for one in ours],
    )


def _may_be(session: ReadSession, known: Known, name: str, statements: Sequence[Statement]) -> bool:
    """Tell whether a name that is new may be that of a known account: nothing speaks against it,
    or the account's own balances and lines speak for it. Two IBANs are always two."""
    names = (known.name, *known.names)
    if not any(surely_other(name, own) for own in names):
        return True
    return not any(two_ibans(name, own) for own in names) and _fits(session, known, statements)


def _fits(session: ReadSession, known: Known, statements: Sequence[Statement]) -> bool:
    """Tell whether statements continue or repeat what is kept of an account."""
    kept = session.scalars(
        select(BankStatement).where(BankStatement.bank_account_id == known.id)
    ).all()
    balances = {row.closing for row in kept if not row.closing_derived and row.closing}
    for statement in statements:
        if not statement.closing_derived and statement.closing in balances:
            return True
        if not statement.opening_derived and statement.opening in balances:
            return True
        days = [line.booked_on for line in statement.lines]
        if not days:
            continue
        shared = session.execute(
            select(BankLine.booked_on, BankLine.amount)
            .join(BankStatement, BankStatement.id == BankLine.statement_id)
            .where(
                BankStatement.bank_account_id == known.id,
                BankLine.booked_on >= min(days),
                BankLine.booked_on <= max(days),
                BankLine.amount != 0,
            )
        )
        there = {(on, amount) for on, amount in shared}
        if any((line.booked_on, line.amount) in there for line in statement.lines):
            return True
    return False


def _left_out(routed: Routed, index: int, statement: Statement, why: str) -> None:
    routed.warnings.append(
        (index, f"Statement {statement.statement_id} of {statement.account} in "
         f"{statement.currency} is left out: {why}. Choose this account to take it.")
    )  # fmt: skip


def _forgive(file: StatementFile, routed: Routed) -> None:
    """Leave out what belongs elsewhere, as long as something of the file belongs here."""
    if not any(found is not None for found in routed.accounts):
        return
    for index, why in routed.refusals:
        statement = file.statements[index]
        routed.warnings.append(
            (index, f"Statement {statement.statement_id} of {statement.account} is left out: {why}")
        )
    routed.refusals.clear()


def keep_account(session: Session, book: Book, known: Known, name: str) -> None:
    """Make a bank account that is new, and remember its IBAN as soon as a file says it."""
    if known.new:
        ensure_commodity(session, known.commodity)
        session.add(
            BankAccount(
                id=known.id,
                book_id=book.id,
                account=known.account,
                commodity=known.commodity,
                name=known.name,
            )
        )
        session.flush()
        known.new = False
    elif is_iban(bare(name)) and not is_iban(bare(known.name)):
        session.get_one(BankAccount, known.id).name = name
        known.name = name
    known.names.add(name)


def join_accounts(session: Session, *, book_id: UUID, account_id: UUID, into_id: UUID) -> None:
    """Make two bank accounts one, which files called by two names. Raises NotFound, Conflict."""
    one, into = session.get(BankAccount, account_id), session.get(BankAccount, into_id)
    if one is None or into is None or {one.book_id, into.book_id} != {book_id}:
        raise NotFound("This book has no such bank account.", place="account")
    if one.id == into.id or (one.account, one.commodity) != (into.account, into.commodity):
        raise Conflict("These two bank accounts cannot be joined.", place="account")
    session.execute(
        update(BankStatement)
        .where(BankStatement.bank_account_id == one.id)
        .values(bank_account_id=into.id)
        .execution_options(synchronize_session="fetch")
    )
    if is_iban(bare(one.name)) and not is_iban(bare(into.name)):
        into.name = one.name
    session.delete(one)
    session.flush()
