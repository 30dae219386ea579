"""A bank line becomes several things: its parts, each matched by itself, in one transaction.

The parts sum to the line exactly. A part is undone by itself; with the last one the line is whole
again. Amounts in minor units.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from ledger.core.amount import plain_text
from ledger.core.bounds import LONGEST_TEXT, check_text
from ledger.db import ReadSession, Session
from ledger.errors import Invalid, PoolbookError
from ledger.ids import new_id
from ledger.models.statements import BankLinePart, LineState
from ledger.services.banking.items import Item, item_by_id, open_item
from ledger.services.banking.unmatching import last_match
from ledger.services.reconciliation.meanings import Doing, Part, book, meaning_of

MOST_PARTS = 50
# The bank numbers its own payments from one; those of a treasurer stand behind all of them.
FIRST_POSITION = 1_000_000


def book_parts(
    session: Session, *, line_id: UUID, parts: Sequence[Part], by: UUID, now: datetime
) -> None:
    """Book a line, or a payment of a batch, as the parts that somebody says it is.

    One part is the line itself. Raises Invalid when the parts are not the line, naming what is
    left; and as each part's service does, its place led by the number of the part: ``0.fund``.
    """
    item = open_item(session, line_id)
    amounts = _amounts(item, parts)
    for number, part in enumerate(parts):
        check_text(part.note, longest=LONGEST_TEXT, place=f"{number}.note")
    rows = [item.id] if len(parts) == 1 else _split(session, item, amounts, by, now)
    for number, (item_id, part) in enumerate(zip(rows, parts, strict=True)):
        try:
            book(session, Doing(item_id, part, by, now))
            _note(session, item_id, part.note)
        except PoolbookError as refusal:
            refusal.place = f"{number}.{refusal.place or 'meaning'}"
            raise


def _amounts(item: Item, parts: Sequence[Part]) -> list[int]:
    """Return the signed amounts of the parts. Raises Invalid when they are not the item's."""
    if not parts:
        raise Invalid("Say what this line is.", place="parts")
    if len(parts) > MOST_PARTS:
        raise Invalid("A line can have at most {most} parts.", place="parts", most=MOST_PARTS)
    amounts: list[int] = []
    open_at, sign = None, 1
    for number, part in enumerate(parts):
        if part.amount is not None and part.amount <= 0:
            raise Invalid("Enter an amount above zero.", place=f"{number}.amount")
        try:
            direction = meaning_of(part).sign(item.amount)
        except Invalid as refusal:
            refusal.place = f"{number}.meaning"
            raise
        if part.amount is None and open_at is not None:
            raise Invalid("Only one part can be the rest.", place=f"{number}.amount")
        if part.amount is None:
            open_at, sign = number, direction
        amounts.append(direction * (part.amount or 0))
    if open_at is not None and (item.amount - sum(amounts)) * sign > 0:
        amounts[open_at] = item.amount - sum(amounts)
    elif open_at is not None:
        raise Invalid("The other parts leave nothing for this one.", place=f"{open_at}.amount")
    check_sum(item.amount, amounts, item.commodity)
    return amounts


def check_sum(amount: int, amounts: Sequence[int], commodity: str) -> None:
    """Refuse parts that are not their line, saying how much is missing or too much."""
    rest = amount - sum(amounts)
    if not rest:
        return
    if (rest > 0) != (amount > 0):
        raise Invalid(
            "The parts are {over} more than this line.",
            place="parts",
            over=plain_text(abs(rest), commodity),
        )
    if amount > 0:
        raise Invalid(
            "{rest} of this line is not explained. Is it a contribution, to be paid back, or not "
            "known yet?",
            place="parts",
            rest=plain_text(rest, commodity),
        )
    raise Invalid(
        "{rest} of this line is not explained.", place="parts", rest=plain_text(-rest, commodity)
    )


def _split(
    session: Session,
    item: Item,
    amounts: Sequence[int],
    by: UUID,
    now: datetime,
) -> list[UUID]:
    """Make the parts of an item in place of the payments that it had; return their ids."""
    taken = func.max(BankLinePart.position)
    last = session.scalar(select(taken).where(BankLinePart.bank_line_id == item.line.id)) or 0
    first = max(last + 1, FIRST_POSITION)
    for old in [item.part] if item.part is not None else _bank_parts(session, item):
        old.replaced_at = now
    about = item.part
    made = [
        BankLinePart(
            id=new_id(),
            book_id=item.book_id,
            bank_line_id=item.line.id,
            position=first + number,
            amount=amount,
            # Of a whole line the texts are the line's own; a payment's are repeated.
            end_to_end_id=about.end_to_end_id if about is not None else None,
            counterparty_name=about.counterparty_name if about is not None else None,
            counterparty_account=about.counterparty_account if about is not None else None,
            remittance=about.remittance if about is not None else "",
            state=LineState.OPEN,
            split_by=by,
            split_of=about.id if about is not None else None,
        )
        for number, amount in enumerate(amounts)
    ]
    session.add_all(made)
    session.flush()
    return [one.id for one in made]


def _bank_parts(session: ReadSession, item: Item) -> Sequence[BankLinePart]:
    return session.scalars(
        select(BankLinePart).where(BankLinePart.bank_line_id == item.line.id, BankLinePart.stands())
    ).all()


def _note(session: Session, item_id: UUID, note: str) -> None:
    """Keep what somebody wrote beside a part at the match that was made of it."""
    if not note.strip():
        return
    item = item_by_id(session, item_id)
    match = last_match(session, item)
    if match is not None:
        match.note = note.strip()
        session.flush()
