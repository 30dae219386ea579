"""What is matched: a bank line, or one payment of a batch line. Amounts in minor units.

A line with payments is matched when all of them are. Must not post.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, exists, func, select

from ledger.db import ReadSession, Session
from ledger.errors import Conflict, NotFound
from ledger.models.statements import BankLine, BankLinePart, LineState, Match, MatchRule
from ledger.queries.banking.statements import IDENTIFIED, PARKED, LineRow, holds_parked


@dataclass(frozen=True, slots=True)
class Item:
    """A line or one of its payments, with what is needed to tell what it means.

    ``split`` says of a whole line that it has payments.
    """

    line: BankLine
    part: BankLinePart | None = None
    split: bool = False

    @property
    def id(self) -> UUID:
        """The id of the part, or of the line."""
        return self.part.id if self.part is not None else self.line.id

    @property
    def amount(self) -> int:
        """The amount in minor units, in is positive."""
        return self.part.amount if self.part is not None else self.line.amount

    @property
    def state(self) -> LineState:
        """``open`` or ``matched``."""
        return self.part.state if self.part is not None else self.line.state

    @property
    def about(self) -> BankLine | BankLinePart:
        """What says whom the money is from and what for: a payment, else its line."""
        part = self.part
        if part is None or (part.split_by is not None and part.split_of is None):
            return self.line
        return part

    @property
    def text(self) -> str:
        """Everything that may name a pledge."""
        about = self.about
        return f"{about.remittance} {about.end_to_end_id or ''}"

    @property
    def words(self) -> str:
        """Every text, in capitals."""
        about = self.about
        texts = (
            about.remittance,
            self.line.bank_reference,
            about.end_to_end_id,
            about.counterparty_name,
            self.line.through,
        )
        return " ".join(text or "" for text in texts).upper()

    @property
    def book_id(self) -> UUID:
        """The book of the line."""
        return self.line.book_id

    @property
    def account(self) -> int:
        """The ledger account that stands for the bank account."""
        return self.line.account

    @property
    def commodity(self) -> str:
        """The currency of the line."""
        return self.line.commodity

    @property
    def booked_on(self) -> date:
        """The day on which the bank booked the line."""
        return self.line.booked_on


def item_by_id(session: ReadSession, item_id: UUID) -> Item:
    """Return a line or a part by its id. Raises NotFound."""
    part = session.get(BankLinePart, item_id)
    line = session.get(BankLine, part.bank_line_id if part is not None else item_id)
    if line is None or (part is not None and part.replaced_at is not None):
        raise NotFound("This bank statement line does not exist.", place="line")
    return Item(line, part, split=part is None and _has_parts(session, line.id))


def _has_parts(session: ReadSession, line_id: UUID) -> bool:
    parts = exists().where(BankLinePart.bank_line_id == line_id, BankLinePart.stands())
    return bool(session.scalar(select(parts)))


def open_item(session: ReadSession, item_id: UUID) -> Item:
    """Return a line or part that waits. Raises NotFound, and Conflict for one that is matched."""
    item = item_by_id(session, item_id)
    if item.line.state != LineState.OPEN or item.state != LineState.OPEN:
        raise Conflict("This line has already been matched.", place="line")
    if item.split and _begun(session, item.line.id):
        raise Conflict(
            "Some payments of this line have already been matched. Match the others one by one.",
            place="line",
        )
    return item


def _begun(session: ReadSession, line_id: UUID) -> bool:
    return bool(
        session.scalar(
            select(
                exists().where(
                    BankLinePart.bank_line_id == line_id, BankLinePart.state == LineState.MATCHED,
                    BankLinePart.amount != 0, BankLinePart.stands(),
                )
            )
        )
    )  # fmt: skip


def items_of(session: ReadSession, lines: Sequence[BankLine]) -> list[Item]:
    """Return lines as what can be matched of them: each line, then its open payments."""
    parts: dict[UUID, list[BankLinePart]] = {}
    for part in session.scalars(
        select(BankLinePart)
        .where(BankLinePart.bank_line_id.in_([line.id for line in lines]), BankLinePart.stands())
        .order_by(BankLinePart.bank_line_id, BankLinePart.position)
    ):
        parts.setdefault(part.bank_line_id, []).append(part)
    return [item for line in lines for item in _items(line, parts.get(line.id, []))]


def items_of_rows(rows: Sequence[LineRow]) -> list[Item]:
    """Return the same of lines whose payments were read with them."""
    return [item for row in rows for item in _items(row.line, [one.part for one in row.parts])]


def _items(line: BankLine, parts: Sequence[BankLinePart]) -> list[Item]:
    begun = any(part.state == LineState.MATCHED and part.amount for part in parts)
    whole = [] if begun else [Item(line, split=bool(parts))]
    return whole + [Item(line, part) for part in parts if part.state == LineState.OPEN]


def reference_of(session: ReadSession, item: Item) -> str:
    """Return the outside reference of what a line or payment books next: its id, and how often a
    match of it was undone, since an event is booked once for its reference."""
    undone = session.scalar(
        select(func.count()).where(
            Match.bank_line_id == item.line.id,
            Match.part_id.is_(None) if item.part is None else Match.part_id == item.part.id,
            Match.undone_at.is_not(None),
        )
    )
    return f"{item.id}/{undone}" if undone else str(item.id)


def were_undone(session: ReadSession, lines: Sequence[BankLine]) -> set[UUID]:
    """Return which of some lines had a match that somebody undid: a program leaves those alone."""
    ids = [line.id for line in lines]
    return set(
        session.scalars(
            select(Match.bank_line_id)
            .where(Match.bank_line_id.in_(ids), Match.undone_at.is_not(None))
            .distinct()
        )
    )


def tie(
    session: Session, item: Item, entry_id: UUID, rule: MatchRule, by: UUID | None, now: datetime
) -> None:
    """Tie a line or part to its entry; it is matched then, and the line with its last part."""
    session.add(
        Match(
            book_id=item.book_id,
            bank_line_id=item.line.id,
            part_id=item.part.id if item.part is not None else None,
            entry_id=entry_id,
            rule=rule,
            made_by=by,
            made_at=now,
        )
    )
    if item.part is not None:
        item.part.state = LineState.MATCHED
        session.flush()
        waits = exists().where(
            BankLinePart.bank_line_id == item.line.id,
            BankLinePart.state == LineState.OPEN,
            BankLinePart.stands(),
        )
        if not session.scalar(select(waits)):
            item.line.state = LineState.MATCHED
    else:
        item.line.state = LineState.MATCHED
        for part in session.scalars(
            select(BankLinePart).where(
                BankLinePart.bank_line_id == item.line.id, BankLinePart.stands()
            )
        ):
            part.state = LineState.MATCHED
    session.flush()
    if rule in (PARKED, IDENTIFIED):
        mark_parked(session, item.line)


def mark_parked(session: Session, line: BankLine) -> None:
    """Keep whether the line, or one of its payments, is booked as nobody's, as its matches say."""
    session.flush()
    line.parked = bool(session.scalar(select(holds_parked()).where(BankLine.id == line.id)))
    session.flush()


def join_again(session: Session, item: Item, now: datetime) -> None:
    """Join what a treasurer had split once nothing of it is matched any more: the line, or the
    payment of a batch, waits as a whole again. Does nothing for what the bank itemised."""
    part = item.part
    if part is None or part.split_by is None:
        return
    same: ColumnElement[bool] = BankLinePart.split_of.is_(None)
    if part.split_of is not None:
        same = BankLinePart.split_of == part.split_of
    made = session.scalars(
        select(BankLinePart).where(
            BankLinePart.bank_line_id == item.line.id,
            BankLinePart.split_by.is_not(None),
            BankLinePart.stands(),
            same,
        )
    ).all()
    if any(one.state != LineState.OPEN for one in made):
        return
    for one in made:
        one.replaced_at = now
    if part.split_of is not None:
        before = [session.get_one(BankLinePart, part.split_of)]
    else:
        before = list(
            session.scalars(
                select(BankLinePart).where(
                    BankLinePart.bank_line_id == item.line.id, BankLinePart.split_by.is_(None)
                )
            )
        )
    for one in before:
        one.replaced_at = None
    session.flush()
