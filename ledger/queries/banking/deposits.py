"""Questions about cash and cheques: what is counted and not banked, what a deposit is made of."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import Select, exists, select
from sqlalchemy.orm import aliased

from ledger.core.accounts import Acct
from ledger.db import ReadSession
from ledger.models.books import Fund
from ledger.models.deposits import DepositItem
from ledger.models.journal import Entry, Posting
from ledger.models.parties import Party
from ledger.models.pledges import Fulfilment, Pledge


@dataclass(frozen=True, slots=True)
class Counted:
    """Cash or a cheque as it was counted; ``giver`` where it was for a pledge; minor units."""

    id: UUID
    on: date
    fund: str
    amount: int
    commodity: str
    pledge_id: UUID | None
    reference: str
    giver: str


@dataclass(frozen=True, slots=True)
class Banked:
    """One item of a deposit that has not bounced; minor units."""

    id: UUID
    deposit_id: UUID
    on: date
    amount: int
    commodity: str
    reference: str
    giver: str


def counted(session: ReadSession, *, book_id: UUID, fund_id: UUID | None = None) -> list[Counted]:
    """Return what is counted and neither banked nor taken back, oldest first."""
    undone = aliased(Entry)
    query = (
        select(Entry, Posting, Fund.code, Pledge, Party.name)
        .join(Posting, (Posting.book_id == Entry.book_id) & (Posting.entry_id == Entry.id))
        .join(Fund, Fund.id == Posting.fund_id)
        .outerjoin(
            Fulfilment,
            (Fulfilment.book_id == Entry.book_id) & (Fulfilment.entry_id == Entry.id),
        )
        .outerjoin(Pledge, Pledge.id == Fulfilment.pledge_id)
        .outerjoin(Party, Party.id == Pledge.party_id)
        .where(
            Entry.book_id == book_id,
            Entry.event_type == "cash_received",
            Entry.reverses.is_(None),
            Posting.account == Acct.UNDEPOSITED_CASH,
            Posting.quantity > 0,
            ~exists().where(DepositItem.book_id == book_id, DepositItem.count_entry_id == Entry.id),
            ~exists().where(undone.book_id == book_id, undone.reverses == Entry.id),
        )
        .order_by(Entry.accounting_on, Entry.id)
    )
    if fund_id is not None:
        query = query.where(Posting.fund_id == fund_id)
    return [
        Counted(
            entry.id,
            entry.accounting_on,
            fund,
            posting.quantity,
            posting.commodity,
            pledge.id if pledge else None,
            pledge.reference if pledge else "",
            giver or "",
        )
        for entry, posting, fund, pledge, giver in session.execute(query)
    ]


def items_of(session: ReadSession, *, book_id: UUID, deposit_id: UUID) -> list[DepositItem]:
    """Return all items of a deposit, in the order in which they were put in."""
    return list(session.scalars(_items(book_id).where(DepositItem.deposit_entry_id == deposit_id)))


def banked(session: ReadSession, *, book_id: UUID, limit: int = 200) -> list[Banked]:
    """Return the items of the newest deposits that have not bounced, newest first; a deposit of
    before items were kept stands for itself."""
    rows = session.execute(
        select(Entry, Posting.quantity, Posting.commodity, DepositItem, Pledge, Party.name)
        .join(Posting, (Posting.book_id == Entry.book_id) & (Posting.entry_id == Entry.id))
        .outerjoin(
            DepositItem,
            (DepositItem.book_id == Entry.book_id) & (DepositItem.deposit_entry_id == Entry.id),
        )
        .outerjoin(Pledge, Pledge.id == DepositItem.pledge_id)
        .outerjoin(Party, Party.id == Pledge.party_id)
        .where(
            Entry.book_id == book_id,
            Entry.event_type == "cash_banked",
            Entry.reverses.is_(None),
            Posting.quantity > 0,
            DepositItem.bounce_entry_id.is_(None),
        )
        .order_by(Entry.accounting_on.desc(), Entry.id.desc(), DepositItem.id)
        .limit(limit)
    )
    return [
        Banked(
            item.id if item else entry.id,
            entry.id,
            entry.accounting_on,
            item.amount if item else total,
            commodity,
            pledge.reference if pledge else "",
            giver or "",
        )
        for entry, total, commodity, item, pledge, giver in rows
    ]


def _items(book_id: UUID) -> Select[DepositItem]:
    return select(DepositItem).where(DepositItem.book_id == book_id).order_by(DepositItem.id)
