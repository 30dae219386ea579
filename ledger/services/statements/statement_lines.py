"""Tell the lines of a statement that are new from those that other files have brought.

A line is told by its day and amount, then by the bank's reference where both files are of one
format; texts differ from download to download. Where references leave it open, the balances that
the bank states decide. Must not write.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal
from uuid import UUID

from sqlalchemy import and_, exists, func, or_, select

from ledger.bank_files import Line, Statement, line_base, line_fingerprint
from ledger.core.bounds import shifted
from ledger.db import ReadSession
from ledger.ids import new_id
from ledger.models.statements import (
    BankLine,
    BankLinePart,
    BankLineRepeat,
    BankStatement,
    LineState,
)

Relation = Literal["same", "maybe", "other"]
NO_REFERENCE = ("", "NONREF", "NOTPROVIDED")
# What is valued later is booked a few days before.
FORWARD_DAYS = 14


@dataclass(frozen=True, slots=True)
class Span:
    """What one kept or planned statement covers, and what it states; amounts in minor units."""

    statement_id: UUID
    reference: str
    family: str
    opens_on: date | None
    closes_on: date | None
    opening: int
    closing: int
    opening_derived: bool
    closing_derived: bool
    forward: int
    interim: bool


@dataclass(slots=True)
class Sighting:
    """A line in one statement: under which reference and with which text."""

    span: Span
    reference: str
    text: str


@dataclass(slots=True)
class Kept:
    """A line that is kept, or will be with the file at hand."""

    id: UUID
    amount: int
    booked_on: date
    value_on: date | None
    interim: bool
    fingerprint: str
    sightings: list[Sighting] = field(default_factory=list)
    batch: str = ""
    named: bool = False
    # Parts can be added as long as nothing is decided, and once.
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Told:
    """One line of a statement, and the kept line that it is; None for a new one, which has ``id``
    and ``fingerprint`` instead."""

    line: Line
    kept: Kept | None
    id: UUID | None = None
    fingerprint: str = ""


@dataclass(slots=True)
class History:
    """Everything kept of one bank account that a file touches; grows as a file is planned."""

    spans: list[Span]
    lines: list[Kept]
    total: int


def family_of(file_format: str, *, interim: bool) -> str:
    """Return which files share their references: those of one format, and final ones."""
    if interim:
        return "camt.052"
    return file_format.split("+")[0].rsplit(".001.", 1)[0]


def span_of(statement: Statement, file_format: str) -> Span:
    """Return what a statement that is being planned covers."""
    return Span(
        statement_id=new_id(),
        reference=statement.statement_id,
        family=family_of(file_format, interim=statement.interim),
        opens_on=statement.opens_on,
        closes_on=statement.closes_on,
        opening=statement.opening,
        closing=statement.closing,
        opening_derived=statement.opening_derived,
        closing_derived=statement.closing_derived,
        forward=statement.forward,
        interim=statement.interim,
    )


def load(session: ReadSession, bank_account_id: UUID, statements: Sequence[Statement]) -> History:
    """Return what is kept of a bank account, its lines for the days of the statements only."""
    rows = session.scalars(
        select(BankStatement).where(BankStatement.bank_account_id == bank_account_id)
    ).all()
    spans = {row.id: _kept_span(row) for row in rows}
    days = [line.booked_on for one in statements for line in one.lines]
    history = History(list(spans.values()), [], _total(session, bank_account_id))
    if not days:
        return history
    first, last = min(days), max(days)
    forward = [row.id for row in rows if row.forward]
    late = and_(
        BankLine.statement_id.in_(forward),
        BankLine.value_on >= first,
        BankLine.booked_on >= shifted(first, -FORWARD_DAYS),
    )
    near = or_(and_(BankLine.booked_on >= first, BankLine.booked_on <= last), late)
    found: dict[UUID, Kept] = {}
    for row, split in session.execute(
        select(
            BankLine,
            exists().where(BankLinePart.bank_line_id == BankLine.id, BankLinePart.stands()),
        )
        .join(BankStatement, BankStatement.id == BankLine.statement_id)
        .where(BankStatement.bank_account_id == bank_account_id, near)
        .order_by(BankLine.booked_on, BankLine.id)
    ):
        text = _text(row.end_to_end_id, row.remittance)
        found[row.id] = Kept(
            id=row.id,
            amount=row.amount,
            booked_on=row.booked_on,
            value_on=row.value_on,
            interim=row.interim,
            fingerprint=row.fingerprint,
            sightings=[Sighting(spans[row.statement_id], _reference(row.bank_reference), text)],
            batch=row.batch_reference or "",
            named=bool(row.counterparty_name),
            whole=row.state == LineState.OPEN and not split,
        )
    repeats = (
        select(BankLineRepeat)
        .join(BankLine, BankLine.id == BankLineRepeat.bank_line_id)
        .where(near, BankLineRepeat.statement_id.in_(spans))
    )
    for again in session.scalars(repeats):
        if again.bank_line_id in found:
            found[again.bank_line_id].sightings.append(
                Sighting(spans[again.statement_id], _reference(again.bank_reference), "")
            )
    history.lines = list(found.values())
    return history


def _total(session: ReadSession, bank_account_id: UUID) -> int:
    """Return what all final lines of a bank account come to, in minor units."""
    total = session.scalar(
        select(func.coalesce(func.sum(BankLine.amount), 0))
        .join(BankStatement, BankStatement.id == BankLine.statement_id)
        .where(BankStatement.bank_account_id == bank_account_id, BankLine.interim.is_(False))
    )
    return int(total or 0)


def _kept_span(row: BankStatement) -> Span:
    return Span(
        statement_id=row.id,
        reference=row.statement_ref,
        family=family_of(row.file_format, interim=row.interim),
        opens_on=row.opens_on,
        closes_on=row.closes_on,
        opening=row.opening,
        closing=row.closing,
        opening_derived=row.opening_derived,
        closing_derived=row.closing_derived,
        forward=row.forward,
        interim=row.interim,
    )


def _reference(text: str | None) -> str:
    return "" if (text or "").upper() in NO_REFERENCE else (text or "")


def _text(end_to_end_id: str | None, remittance: str) -> str:
    return " ".join(f"{end_to_end_id or ''} {remittance}".split())


def tell(history: History, statement: Statement, span: Span, *, again: bool) -> list[Told]:
    """Tell new lines from kept ones, each kept line once; ``again`` is a statement kept before.

    Of three readings the first is taken that leads from balance to balance: what references say;
    every line of a day and amount that is there already; only what a reference names.
    """
    readings: tuple[tuple[Relation, ...], ...] = (
        ("same", "maybe"),
        ("same", "maybe", "other"),
        ("same",),
    )
    if again:
        return _assign(history, statement, span, readings[1])
    chosen = [_assign(history, statement, span, one) for one in readings]
    counts = {sum(told.kept is None for told in one) for one in chosen}
    if len(counts) == 1 or span.interim or span.closing_derived:
        return chosen[0]
    return next((one for one in chosen if _leads_on(history, span, one)), chosen[0])


def _leads_on(history: History, span: Span, told: Sequence[Told]) -> bool:
    found = apart([*history.spans, span], history.total + _more(told))
    return found == 0


def _more(told: Sequence[Told]) -> int:
    """Return what a statement adds to the final lines: new ones, and interim ones it confirms."""
    return sum(one.line.amount for one in told if one.kept is None or one.kept.interim)


def apart(spans: Sequence[Span], total: int) -> int | None:
    """Return what the last stated balance has more than the first one and all lines between them.

    None where that cannot be said: a statement without days, or none that states a balance.
    """
    final = [one for one in spans if not one.interim]
    stated = [one for one in final if not one.closing_derived]
    if not stated or len(stated) != len(final) or any(
        one.opens_on is None or one.closes_on is None for one in final
    ):  # fmt: skip
        return None
    first = min(stated, key=lambda one: (one.opens_on or date.min, one.statement_id))
    last = max(stated, key=lambda one: (one.closes_on or date.min, one.statement_id))
    return last.closing + last.forward - first.opening - total


def _assign(
    history: History, statement: Statement, span: Span, allowed: Sequence[Relation]
) -> list[Told]:
    free: dict[tuple[date, int], list[Kept]] = defaultdict(list)
    for kept in history.lines:
        free[kept.booked_on, kept.amount].append(kept)
        if kept.value_on is not None and kept.value_on != kept.booked_on and _is_late(kept):
            free[kept.value_on, kept.amount].append(kept)
    relation_of = _related(span)
    taken: dict[int, Kept] = {}
    used: set[UUID] = set()
    for relation in allowed:
        for index, line in enumerate(statement.lines):
            if index in taken:
                continue
            found = next(
                (
                    kept
                    for kept in free.get((line.booked_on, line.amount), ())
                    if kept.id not in used and relation_of(line, kept) == relation
                ),
                None,
            )
            if found is not None:
                taken[index] = found
                used.add(found.id)
    return [Told(line, taken.get(index)) for index, line in enumerate(statement.lines)]


def _is_late(kept: Kept) -> bool:
    """Tell whether a line was valued after the balance of its statement, and may come again."""
    return any(one.span.forward for one in kept.sightings)


def _related(span: Span) -> Callable[[Line, Kept], Relation | None]:
    def relation(line: Line, kept: Kept) -> Relation | None:
        reference = _reference(line.bank_reference)
        named = span.family == "ofx" and any(
            one.span.family == "ofx" and reference and one.reference == reference
            for one in kept.sightings
        )
        near = [one for one in kept.sightings if not _follows(one.span, span)]
        if not near and not named and not _is_late(kept):
            return None
        found: Relation = "maybe"
        for one in kept.sightings:
            if one.span.family != span.family:
                continue
            if reference and one.reference:
                if reference == one.reference:
                    return "same"
                found = "other"
            elif not reference and not one.reference and one.text:
                text = _text(line.end_to_end_id, line.remittance)
                if text == one.text or text.startswith(one.text) or one.text.startswith(text):
                    return "same"
                found = "other"
        return found

    return relation


def _follows(kept: Span, span: Span) -> bool:
    """Tell whether one of two statements begins where the other ends, so that they share none."""
    return _comes_before(kept, span) or _comes_before(span, kept)


def _comes_before(first: Span, second: Span) -> bool:
    if first.closes_on is None or second.opens_on is None:
        return False
    if first.closes_on < second.opens_on:
        return True
    if first.interim or second.interim or first.closing_derived or second.opening_derived:
        return False
    # On one and the same day only the balances tell two pages from one statement sent twice.
    return (
        first.closes_on == second.opens_on
        and second.opening in (first.closing, first.closing + first.forward)
        and (first.opening, first.closing) != (second.opening, second.closing)
    )


def record(
    history: History, statement: Statement, span: Span, told: Sequence[Told], account: UUID
) -> list[Told]:
    """Add a planned statement to the history, and return its lines with their fingerprints."""
    taken = {kept.fingerprint for kept in history.lines}
    result: list[Told] = []
    # What is interim belongs to no stated balance yet.
    history.total += 0 if span.interim else _more(told)
    for one in told:
        line, kept = one.line, one.kept
        sighting = Sighting(
            span, _reference(line.bank_reference), _text(line.end_to_end_id, line.remittance)
        )
        if kept is not None:
            kept.sightings.append(sighting)
            kept.interim = kept.interim and span.interim
            kept.batch = kept.batch or line.batch_reference or ""
            result.append(one)
            continue
        base = line_base(str(account), statement.currency, line)
        number = 1
        while (found := line_fingerprint(base, number)) in taken:
            number += 1
        taken.add(found)
        made = Kept(
            id=new_id(),
            amount=line.amount,
            booked_on=line.booked_on,
            value_on=line.value_on,
            interim=span.interim,
            fingerprint=found,
            sightings=[sighting],
            batch=line.batch_reference or "",
            named=bool(line.counterparty_name),
            whole=bool(line.amount) and not line.parts,
        )
        history.lines.append(made)
        result.append(Told(line, None, made.id, found))
    history.spans.append(span)
    return result


def parts_for(history: History, line: Line) -> Kept | None:
    """Return the kept line that a line of details is about; None where none is, or several are.

    It has the same day and amount, and no other reference of the bank or of the batch.
    """
    reference, batch = _reference(line.bank_reference), line.batch_reference or ""
    alike = [
        kept
        for kept in history.lines
        if (kept.booked_on, kept.amount) == (line.booked_on, line.amount)
    ]
    named = [
        kept
        for kept in alike
        if (reference and any(one.reference == reference for one in kept.sightings))
        or (batch and kept.batch == batch)
    ]
    found = named or [
        kept
        for kept in alike
        if not (reference and any(one.reference for one in kept.sightings)
                and any(one.span.family.startswith("camt") for one in kept.sightings))
    ]  # fmt: skip
    free = [kept for kept in found if kept.whole] if len(found) > 1 else found
    return free[0] if len(free) == 1 or (named and free) else None
