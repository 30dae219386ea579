"""Keep bank statements and their lines; the same file or line twice adds nothing.

A file is planned first and kept after, so that a dry run says what an import does. A statement
that contradicts itself is refused, never kept in part. Must not read any file format and must not
post: what a line means is decided in ``matching``.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, select, update

from ledger.bank_files import Line, Part, Statement, StatementFile, chain_breaks
from ledger.core.fitting_accounts import Use, check_fits
from ledger.core.line_history import history_key
from ledger.core.written import format_day, format_quantity
from ledger.db import ReadSession, Session
from ledger.errors import Invalid
from ledger.models.books import Account, Book
from ledger.models.statements import (
    BankLine,
    BankLinePart,
    BankLineRepeat,
    BankStatement,
    LineState,
)
from ledger.services.statements.bank_accounts import (
    Choice,
    Known,
    SeveralAccounts,
    keep_account,
    route,
)
from ledger.services.statements.import_results import Imported, StatementAnswer, describe, imbalance
from ledger.services.statements.statement_lines import (
    History,
    Kept,
    Span,
    Told,
    apart,
    load,
    parts_for,
    record,
    span_of,
    tell,
)

__all__ = [
    "Choice",
    "Imported",
    "SeveralAccounts",
    "describe",
    "import_statement",
    "preview_statement",
]


@dataclass(slots=True)
class _Planned:
    """What is to be done with one statement; ``row_id`` is set for one that is kept already."""

    statement: Statement
    account: Known
    span: Span
    reference: str
    row_id: UUID | None = None
    told: list[Told] = field(default_factory=list)


@dataclass(slots=True)
class _Plan:
    described: list[StatementAnswer]
    refusals: list[tuple[int, str]] = field(default_factory=list)
    statements: list[_Planned] = field(default_factory=list)
    parts: list[tuple[UUID, tuple[Part, ...]]] = field(default_factory=list)

    @property
    def new(self) -> int:
        return sum(one.kept is None for item in self.statements for one in item.told)

    @property
    def duplicates(self) -> int:
        return sum(one.kept is not None for item in self.statements for one in item.told)

    def warn(self, index: int, sentence: str) -> None:
        if sentence not in self.described[index]["warnings"]:
            self.described[index]["warnings"].append(sentence)


def preview_statement(
    session: ReadSession,
    *,
    book: Book,
    account: int,
    file: StatementFile,
    choice: Choice | None = None,
) -> Imported:
    """Say what importing a file would do and keep nothing; what would be refused is a warning.

    Raises Invalid when the book has no such bank account.
    """
    _check_account(session, book, account)
    try:
        plan = _plan(session, book, account, file, choice or Choice())
    except SeveralAccounts as refusal:
        return Imported(file.format, describe(file), 0, 0, (refusal.message,), refusal)
    for index, sentence in plan.refusals:
        plan.warn(index, sentence)
    refused = tuple(dict.fromkeys(sentence for _index, sentence in plan.refusals))
    return Imported(file.format, plan.described, plan.new, plan.duplicates, refused)


def import_statement(
    session: Session,
    *,
    book: Book,
    account: int,
    file: StatementFile,
    imported_by: UUID | None,
    now: datetime,
    choice: Choice | None = None,
) -> Imported:
    """Keep the statements of a file that are of one ledger account, all or nothing.

    Raises Invalid when a statement contradicts itself or the one before it, is of another
    currency, or when the file is of several bank accounts; the place names the statement.
    """
    _check_account(session, book, account)
    plan = _plan(session, book, account, file, choice or Choice())
    for index, sentence in plan.refusals:
        raise Invalid(sentence, place=f"statement {file.statements[index].statement_id}")
    for item in plan.statements:
        _keep(session, book, file, item, imported_by, now)
    for line_id, parts in plan.parts:
        _keep_parts(session, book.id, line_id, parts)
    session.flush()
    return Imported(file.format, plan.described, plan.new, plan.duplicates)


def _check_account(session: ReadSession, book: Book, account: int) -> None:
    known = session.get(Account, (book.id, account))
    if known is None:
        raise Invalid("This book has no account {number}.", place="account", number=account)
    check_fits(Use.BANK_STATEMENT, account, known, place="account")


def _plan(
    session: ReadSession, book: Book, account: int, file: StatementFile, choice: Choice
) -> _Plan:
    """Decide what becomes of every line of a file. Raises SeveralAccounts."""
    plan = _Plan(describe(file))
    routed = route(session, book=book, account=account, file=file, choice=choice)
    for index, sentence in routed.warnings:
        plan.warn(index, sentence)
    breaks = chain_breaks(file.statements)
    ours = [index for index, known in enumerate(routed.accounts) if known is not None]
    for index, statement in enumerate(file.statements):
        if index in ours:
            plan.refusals += [(index, why) for why in imbalance(statement)]
            plan.refusals += [(index, why) for why in breaks.get(index, [])]
    plan.refusals += routed.refusals
    if not ours and not routed.refusals:
        plan.refusals.append((0, "No statement of this file was chosen."))
    histories: dict[UUID, History] = {}
    last: dict[UUID, int] = {}
    for index in ours:
        known, statement = routed.accounts[index], file.statements[index]
        assert known is not None
        if known.id not in histories:
            mine = [file.statements[i] for i in ours if routed.accounts[i] is known]
            histories[known.id] = load(session, known.id, mine)
        history = histories[known.id]
        if statement.details:
            _plan_details(plan, history, statement, index)
            continue
        _plan_statement(session, plan, file, known, history, index, book, account)
        last[known.id] = index
    for account_id, index in last.items():
        for sentence in _gap(histories[account_id], file.statements[index].currency):
            plan.warn(index, sentence)
    return plan


def _plan_statement(
    session: ReadSession,
    plan: _Plan,
    file: StatementFile,
    known: Known,
    history: History,
    index: int,
    book: Book,
    account: int,
) -> None:
    statement = file.statements[index]
    item = _Planned(statement, known, span_of(statement, file.format), statement.statement_id)
    _find_row(session, plan, item, book, account, index)
    before = list(history.lines)
    told = tell(history, statement, item.span, again=item.row_id is not None)
    for one in told:
        if one.kept is not None and one.kept.whole and one.line.parts:
            plan.parts.append((one.kept.id, one.line.parts))
            one.kept.whole = False
    if not item.span.interim:
        for sentence in _unconfirmed(before, told, item.span, statement.currency):
            plan.warn(index, sentence)
    item.told = record(history, statement, item.span, told, known.id)
    if item.row_id is not None:
        history.spans.pop()
    plan.statements.append(item)


def _find_row(
    session: ReadSession, plan: _Plan, item: _Planned, book: Book, account: int, index: int
) -> None:
    """Find the statement that is kept under this name; another one gets its last day with it."""
    statement = item.statement
    row = session.scalar(_named(book, account, item.reference))
    if row is None:
        planned = {other.reference for other in plan.statements}
        if item.reference in planned:
            item.reference = f"{item.reference} · {statement.closes_on}"
        return
    if (row.bank_account_id, row.opening, row.closing) == (
        item.account.id, statement.opening, statement.closing
    ):  # fmt: skip
        item.row_id = row.id
        return
    own = row.bank_account_id == item.account.id
    if own and (row.opens_on, row.closes_on) == (statement.opens_on, statement.closes_on):
        plan.refusals.append(
            (index, "A statement of this name was imported before with another account or balance.")
        )
        return
    # Some banks number their statements anew each year, or give all of them one name.
    item.reference = f"{item.reference} · {statement.closes_on} · {statement.account}"
    again = session.scalar(_named(book, account, item.reference))
    item.row_id = again.id if again is not None else None


def _named(book: Book, account: int, reference: str) -> Select[BankStatement]:
    return select(BankStatement).where(
        BankStatement.book_id == book.id,
        BankStatement.account == account,
        BankStatement.statement_ref == reference,
    )


def _plan_details(plan: _Plan, history: History, statement: Statement, index: int) -> None:
    """Give the parts that a notification names to the lines that statements brought."""
    added = unknown = 0
    for line in statement.lines:
        kept = parts_for(history, line)
        if kept is None:
            unknown += 1
        elif kept.whole and (line.parts or not kept.named):
            plan.parts.append((kept.id, line.parts or (_only_part(line),)))
            kept.whole = False
            added += 1
    if unknown == len(statement.lines) and unknown:
        plan.refusals.append(
            (index, "This is a camt.054, which only gives details of lines, and none of its lines "
             "is on a statement that is kept; import the camt.053 first.")
        )  # fmt: skip
        return
    plan.warn(
        index,
        f"This is a camt.054: it adds the payments of {added} lines and no line of its own."
        + (f" {unknown} are on no statement yet; import it again after that." if unknown else ""),
    )


def _only_part(line: Line) -> Part:
    return Part(
        1, line.amount, line.end_to_end_id, line.counterparty_name, line.counterparty_account,
        line.remittance,
    )  # fmt: skip


def _unconfirmed(
    before: Sequence[Kept], told: Sequence[Told], span: Span, currency: str
) -> list[str]:
    """Name interim lines of a statement's days that it does not confirm."""
    if span.opens_on is None or span.closes_on is None:
        return []
    confirmed = {one.kept.id for one in told if one.kept is not None}
    days = {one.line.booked_on for one in told}
    return [
        f"An interim line of {format_quantity(kept.amount, currency)} on "
        f"{format_day(kept.booked_on)} is not on this statement; the bank may have taken it back."
        for kept in before
        if kept.interim
        and kept.id not in confirmed
        and (kept.booked_on in days or span.opens_on < kept.booked_on <= span.closes_on)
    ]


def _gap(history: History, currency: str) -> list[str]:
    """Say when all that is kept of a bank account does not lead from first to last balance."""
    found = apart(history.spans, history.total)
    if not found:
        return []
    final = [one for one in history.spans if not one.interim]
    first = min(one.opens_on for one in final if one.opens_on)
    last = max((one for one in final if one.closes_on),
               key=lambda one: (one.closes_on or first, one.statement_id))  # fmt: skip
    return [
        f"The lines kept since {format_day(first)} lead to "
        f"{format_quantity(last.closing - found, currency)}, but the bank states "
        f"{format_quantity(last.closing, currency)} on {format_day(last.closes_on or first)}: a "
        "statement in between is missing."
    ]


def _keep(
    session: Session,
    book: Book,
    file: StatementFile,
    item: _Planned,
    imported_by: UUID | None,
    now: datetime,
) -> None:
    keep_account(session, book, item.account, item.statement.account)
    if item.row_id is None:
        item.row_id = item.span.statement_id
        session.add(_row(book, file, item, imported_by, now))
        session.flush()
    there = set(
        session.scalars(
            select(BankLineRepeat.bank_line_id).where(BankLineRepeat.statement_id == item.row_id)
        )
    )
    own = set(session.scalars(select(BankLine.id).where(BankLine.statement_id == item.row_id)))
    confirmed: list[UUID] = []
    for one in item.told:
        if one.kept is None:
            session.add(_line(book.id, item, one))
        elif one.kept.id not in there | own:
            there.add(one.kept.id)
            session.add(
                BankLineRepeat(
                    statement_id=item.row_id,
                    bank_line_id=one.kept.id,
                    bank_reference=one.line.bank_reference,
                )
            )
            confirmed.append(one.kept.id)
    session.flush()
    for one in item.told:
        if one.id is not None and one.line.parts:
            _keep_parts(session, book.id, one.id, one.line.parts)
    if confirmed and not item.span.interim:
        session.execute(
            update(BankLine)
            .where(BankLine.id.in_(confirmed), BankLine.interim.is_(True))
            .values(interim=False)
            .execution_options(synchronize_session="fetch")
        )


def _row(
    book: Book, file: StatementFile, item: _Planned, imported_by: UUID | None, now: datetime
) -> BankStatement:
    statement = item.statement
    return BankStatement(
        id=item.row_id,
        book_id=book.id,
        account=item.account.account,
        bank_account_id=item.account.id,
        statement_ref=item.reference,
        file_format=file.format,
        file_sha256=file.sha256,
        bank_account=statement.account,
        commodity=statement.currency,
        opening=statement.opening,
        closing=statement.closing,
        opening_derived=statement.opening_derived,
        closing_derived=statement.closing_derived,
        forward=statement.forward,
        interim=statement.interim,
        opens_on=statement.opens_on,
        closes_on=statement.closes_on,
        line_count=len(statement.lines),
        imported_by=imported_by,
        imported_at=now,
    )


def _line(book_id: UUID, item: _Planned, one: Told) -> BankLine:
    line = one.line
    return BankLine(
        id=one.id,
        book_id=book_id,
        statement_id=item.row_id,
        account=item.account.account,
        position=line.position,
        amount=line.amount,
        commodity=item.statement.currency,
        booked_on=line.booked_on,
        value_on=line.value_on,
        bank_reference=line.bank_reference,
        end_to_end_id=line.end_to_end_id,
        counterparty_name=line.counterparty_name,
        counterparty_account=line.counterparty_account,
        remittance=line.remittance,
        code=line.code,
        batch_reference=line.batch_reference,
        through=line.through,
        returned=line.returned,
        interim=item.span.interim,
        fingerprint=one.fingerprint,
        history_key=history_key(
            line.amount, line.remittance, line.counterparty_account, line.counterparty_name
        ),
        # A line of nothing (a note of the bank) leaves nothing to decide.
        state=LineState.OPEN if line.amount else LineState.MATCHED,
    )


def _keep_parts(session: Session, book_id: UUID, line_id: UUID, parts: Sequence[Part]) -> None:
    for part in parts:
        session.add(
            BankLinePart(
                book_id=book_id,
                bank_line_id=line_id,
                position=part.position,
                amount=part.amount,
                end_to_end_id=part.end_to_end_id,
                counterparty_name=part.counterparty_name,
                counterparty_account=part.counterparty_account,
                remittance=part.remittance,
                state=LineState.OPEN if part.amount else LineState.MATCHED,
            )
        )
