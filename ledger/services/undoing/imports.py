"""Undo the import of a bank file: the lines that no other file has brought are withdrawn, and what
they were matched to is undone first, all in one transaction.

A line that another file brought too stays with that one. The withdrawn statement gives up its
name, and its lines their fingerprints, so that the same file may come again as new.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from sqlalchemy import delete, select

from ledger.core.bounds import LONGEST_TEXT, check_text
from ledger.db import ReadSession, Session
from ledger.errors import Conflict, Invalid, NotFound
from ledger.models.statements import (
    BankLine,
    BankLinePart,
    BankLineRepeat,
    BankStatement,
    LineState,
    Match,
)
from ledger.services.banking.unmatching import undo_match

# More matches than this are undone at their lines first.
MOST = 500


@dataclass(frozen=True, slots=True)
class Stays:
    """A line that another statement has as well, which keeps it; the latest reference there."""

    line: BankLine
    other: BankStatement


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """What undoing an import would do: the statements of its file, the lines that are withdrawn,
    those that stay, and the matches that are undone, the latest first."""

    statements: tuple[BankStatement, ...]
    withdrawn: tuple[BankLine, ...]
    staying: tuple[Stays, ...]
    matches: tuple[Match, ...]


def plan_import(session: ReadSession, *, book_id: UUID, statement_id: UUID) -> Withdrawal:
    """Return what undoing the import of a statement's file would do.

    Raises NotFound, Conflict when it was undone already, Invalid when too much is matched.
    """
    row = session.get(BankStatement, statement_id)
    if row is None or row.book_id != book_id:
        raise NotFound("This book has no such bank statement.", place="statement")
    if row.withdrawn_at is not None:
        raise Conflict("The import of this statement has already been undone.", place="statement")
    statements = session.scalars(
        select(BankStatement)
        .where(
            BankStatement.book_id == book_id,
            BankStatement.file_sha256 == row.file_sha256,
            BankStatement.withdrawn_at.is_(None),
        )
        .order_by(BankStatement.id)
    ).all()
    ours = [one.id for one in statements]
    lines = session.scalars(
        select(BankLine)
        .where(BankLine.statement_id.in_(ours))
        .order_by(BankLine.booked_on, BankLine.position, BankLine.id)
    ).all()
    others = _brought_again(session, ours)
    withdrawn = [line for line in lines if line.id not in others]
    matches = _matches(session, [line.id for line in withdrawn])
    if len(matches) > MOST:
        raise Invalid(
            "More than {most} lines of this file are matched. Undo their matches first.",
            place="statement",
            most=MOST,
        )
    return Withdrawal(
        tuple(statements),
        tuple(withdrawn),
        tuple(Stays(line, others[line.id]) for line in lines if line.id in others),
        tuple(matches),
    )


def undo_import(
    session: Session,
    *,
    book_id: UUID,
    statement_id: UUID,
    reason: str,
    by: UUID,
    now: datetime,
) -> Withdrawal:
    """Withdraw a file that should not have been imported. Returns what was done.

    Raises Invalid without a reason, and as ``plan_import`` and ``unmatching.undo_match``.
    """
    if not reason.strip():
        raise Invalid("Enter what was wrong.", place="why")
    check_text(reason, longest=LONGEST_TEXT, place="why")
    plan = plan_import(session, book_id=book_id, statement_id=statement_id)
    for match in plan.matches:
        item_id = match.part_id or match.bank_line_id
        undo_match(session, line_id=item_id, reason=reason, by=by, now=now)
    for one in plan.staying:
        _hand_over(session, one)
    ours = [row.id for row in plan.statements]
    seen_again = set(
        session.scalars(
            select(BankLineRepeat.bank_line_id).where(BankLineRepeat.statement_id.in_(ours))
        )
    )
    session.execute(delete(BankLineRepeat).where(BankLineRepeat.statement_id.in_(ours)))
    for line in plan.withdrawn:
        _withdraw(session, line)
    for row in plan.statements:
        row.withdrawn_at, row.withdrawn_by, row.withdrawn_reason = now, by, reason.strip()
        row.bank_account_id = None
        row.statement_ref = f"{row.statement_ref} ~ {row.id}"
    session.flush()
    _wait_for_confirmation(session, {*seen_again, *(one.line.id for one in plan.staying)})
    return plan


def _brought_again(session: ReadSession, ours: Sequence[UUID]) -> dict[UUID, BankStatement]:
    """Return the first other statement that has each line of some statements as well."""
    found: dict[UUID, BankStatement] = {}
    for line_id, other in session.execute(
        select(BankLineRepeat.bank_line_id, BankStatement)
        .join(BankLine, BankLine.id == BankLineRepeat.bank_line_id)
        .join(BankStatement, BankStatement.id == BankLineRepeat.statement_id)
        .where(BankLine.statement_id.in_(ours), BankStatement.id.not_in(ours))
        .order_by(BankStatement.id)
    ):
        found.setdefault(line_id, other)
    return found


def _matches(session: ReadSession, line_ids: Sequence[UUID]) -> list[Match]:
    return list(
        session.scalars(
            select(Match)
            .where(Match.bank_line_id.in_(line_ids), Match.holds())
            .order_by(Match.made_at.desc(), Match.id.desc())
        )
    )


def _hand_over(session: Session, one: Stays) -> None:
    """Let the other statement that has a line keep it."""
    session.execute(
        delete(BankLineRepeat).where(
            BankLineRepeat.statement_id == one.other.id,
            BankLineRepeat.bank_line_id == one.line.id,
        )
    )
    one.line.statement_id = one.other.id
    session.flush()


def _withdraw(session: Session, line: BankLine) -> None:
    line.state = LineState.WITHDRAWN
    line.parked = False
    line.fingerprint = sha256(f"{line.fingerprint}~{line.id}".encode()).hexdigest()
    for part in session.scalars(
        select(BankLinePart).where(BankLinePart.bank_line_id == line.id, BankLinePart.stands())
    ):
        part.state = LineState.WITHDRAWN
    session.flush()


def _wait_for_confirmation(session: Session, line_ids: set[UUID]) -> None:
    """Let lines wait to be confirmed again that only reports of days that were not over have."""
    for line_id in line_ids:
        line = session.get_one(BankLine, line_id)
        if line.state == LineState.WITHDRAWN:
            continue
        again = select(BankLineRepeat.statement_id).where(BankLineRepeat.bank_line_id == line_id)
        final = session.scalar(
            select(BankStatement.id)
            .where(
                BankStatement.id.in_(again) | (BankStatement.id == line.statement_id),
                BankStatement.interim.is_(False),
            )
            .limit(1)
        )
        line.interim = final is None
    session.flush()
