"""Deposits: what of the counted cash and cheques went to the bank, and which of it came back.

Each item can bounce by itself: its amount goes back, its pledge opens again exactly, and the rest
of the deposit stays. Minor units.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select

from ledger.core import bookkeeping
from ledger.core.accounts import Acct
from ledger.core.entry import Entry
from ledger.core.vocabulary import FulfilmentSource, LegalNature
from ledger.db import Session
from ledger.errors import Conflict, Invalid
from ledger.ids import new_id
from ledger.models.books import Book, Fund
from ledger.models.deposits import DepositItem
from ledger.models.pledges import Pledge
from ledger.queries.banking.deposits import Counted, counted, items_of
from ledger.queries.books.journal import told_anew
from ledger.services.books import journal
from ledger.services.books.books import check_own_fund
from ledger.services.pledges.donor_messages import tell_status
from ledger.services.pledges.goals import held
from ledger.services.pledges.pledges import record_fulfilment
from ledger.services.pledges.reopening import can_reopen, owed_again, reopened
from ledger.services.stripe_balance.balance_transactions import merged

LEGS_OF_A_DEPOSIT = 2


def put_in(
    session: Session,
    *,
    book: Book,
    fund: Fund,
    deposit_id: UUID,
    amount: int,
    counts: Sequence[UUID],
    now: datetime,
) -> None:
    """Note which counts went to the bank with a deposit: those that are named, else what fits, the
    oldest first. What no count explains is an item of its own. Raises Invalid for a count that is
    not there any more, or counts that are more than the deposit."""
    waiting = counted(session, book_id=book.id, fund_id=fund.id)
    chosen = _named(waiting, counts) if counts else _fitting(waiting, amount)
    rest = amount - sum(one.amount for one in chosen)
    if rest < 0:
        raise Invalid("These cash counts add up to more than the deposit.", place="amount")
    for one in chosen:
        _add(session, book, deposit_id, one.amount, now, one)
    if rest:
        _add(session, book, deposit_id, rest, now)
    session.flush()


@dataclass(frozen=True, slots=True)
class ReturnedCheque:
    """A cheque that the bank sent back, and what it charged for that, in minor units.

    ``entry_id`` is the item of a deposit, or the entry of a deposit that is one cheque. ``amount``
    names the cheque in a deposit of before items were kept.
    """

    entry_id: UUID
    charge: int
    amount: int | None = None


def bounce_cheque(
    session: Session,
    *,
    book: Book,
    cheque: ReturnedCheque,
    general_fund: Fund,
    by: UUID,
    on: date,
    now: datetime,
) -> UUID:
    """Book a banked cheque that the bank sent back, and what it charged for that (OFF-2).

    Raises NotFound for no such item or entry, Conflict for a deposit of several, Invalid for a
    charge below zero or a foreign fund.
    """
    check_own_fund(book, general_fund, place="general_fund")
    if cheque.charge < 0:
        raise Invalid("A charge cannot be negative.", place="charge")
    item = _item(session, book, cheque.entry_id, cheque.amount, now)
    # A count that was corrected since is in another fund than its deposit was.
    source = item.count_entry_id or item.deposit_entry_id
    came = journal.load_entry(session, book.id, source)
    legs = [
        leg
        for leg in came.postings
        if leg.account in (Acct.UNDEPOSITED_CASH, Acct.BANK) and leg.quantity > 0
    ]
    pledge = session.get(Pledge, item.pledge_id) if item.pledge_id else None
    again = owed_again(session, pledge, item.amount) if pledge and not item.bounce_entry_id else 0
    entries = bookkeeping.cheque_bounced(
        book=book.code,
        fund=legs[0].fund,
        currency=legs[0].commodity,
        amount=item.amount,
        charge=cheque.charge,
        general_fund=general_fund.code,
        fulfilled=bookkeeping.Fulfilled(
            pledge=pledge.reference if pledge else None,
            receivable=again
            if pledge is not None and pledge.legal_nature == LegalNature.UNCONDITIONAL
            else 0,
        ),
        held=pledge is not None and held(session, pledge) >= item.amount,
    )
    posted = journal.post(
        session,
        merged(entries + _opened(session, pledge, again)),
        event_type="cheque_bounced",
        source="cash",
        external_ref=told_anew(
            session,
            book_id=book.id,
            source="cash",
            event_type="cheque_bounced",
            reference=str(cheque.entry_id),
        ),
        accounting_on=on,
        now=now,
        made_by=by,
    )
    if item.bounce_entry_id is not None:
        return posted.ids[0]
    item.bounce_entry_id = posted.ids[0]
    session.flush()
    if pledge is not None:
        _open_again(session, pledge, item, posted.ids[0], now)
    return posted.ids[0]


def _open_again(
    session: Session, pledge: Pledge, item: DepositItem, entry_id: UUID, now: datetime
) -> None:
    """Note at a pledge that its cheque came back, and tell its donor."""
    if can_reopen(pledge):
        record_fulfilment(
            session,
            pledge=pledge,
            entry_id=entry_id,
            quantity=-item.amount,
            source=FulfilmentSource.RETURN,
            source_ref=str(item.id),
            now=now,
        )
    tell_status(session, pledge=pledge, now=now)


def stands_again(session: Session, *, book_id: UUID, entry_id: UUID) -> None:
    """Let a cheque stand as paid again whose return, booked by an entry, was undone."""
    for item in session.scalars(
        select(DepositItem).where(
            DepositItem.book_id == book_id, DepositItem.bounce_entry_id == entry_id
        )
    ):
        item.bounce_entry_id = None
    session.flush()


def _opened(session: Session, pledge: Pledge | None, again: int) -> list[Entry]:
    """Return what puts an intention back on the memo accounts; what is owed stands again anyway."""
    if pledge is None or not again or pledge.legal_nature == LegalNature.UNCONDITIONAL:
        return []
    return reopened(session, pledge, again)


def _item(
    session: Session, book: Book, key: UUID, amount: int | None, now: datetime
) -> DepositItem:
    item = session.get(DepositItem, key)
    if item is not None and item.book_id == book.id:
        return item
    banked = journal.load_entry(session, book.id, key)
    legs = [leg for leg in banked.postings if leg.account == Acct.BANK and leg.quantity > 0]
    if len(legs) != 1 or len(banked.postings) != LEGS_OF_A_DEPOSIT:
        raise Conflict(
            "This journal entry is not a deposit of cheques for a single fund.", place="entry"
        )
    known = items_of(session, book_id=book.id, deposit_id=key)
    if len(known) == 1 and known[0].amount == legs[0].quantity:
        return known[0]
    if any(one.count_entry_id for one in known):
        raise Conflict("This deposit contains several items. Choose one of them.", place="entry")
    left = legs[0].quantity - sum(one.amount for one in known)
    wanted = left if amount is None else amount
    if not 0 < wanted <= left:
        raise Invalid("This is more than what is left of the deposit.", place="amount")
    item = _add(session, book, key, wanted, now)
    session.flush()
    return item


def _named(waiting: Sequence[Counted], counts: Sequence[UUID]) -> list[Counted]:
    known = {one.id: one for one in waiting}
    if not set(counts) <= known.keys():
        raise Invalid(
            "One of these cash counts has already been deposited, or belongs to another fund.",
            place="counts",
        )
    return [known[key] for key in dict.fromkeys(counts)]


def _fitting(waiting: Sequence[Counted], amount: int) -> list[Counted]:
    """Return the counts that a deposit can be of: one of just this amount, else the oldest."""
    exact = next((one for one in waiting if one.amount == amount), None)
    if exact is not None:
        return [exact]
    found = []
    for one in waiting:
        if one.amount <= amount:
            found.append(one)
            amount -= one.amount
    return found


def _add(
    session: Session,
    book: Book,
    deposit_id: UUID,
    amount: int,
    now: datetime,
    count: Counted | None = None,
) -> DepositItem:
    item = DepositItem(
        id=new_id(),
        book_id=book.id,
        deposit_entry_id=deposit_id,
        count_entry_id=count.id if count else None,
        pledge_id=count.pledge_id if count else None,
        amount=amount,
        created_at=now,
    )
    session.add(item)
    return item
