"""A payout gift by gift: what it holds of one book, or of all for the book that received it; minor
units."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, exists, func, or_, select, true, tuple_

from ledger.core.accounts import Acct
from ledger.db import ReadSession
from ledger.errors import NotFound
from ledger.models.books import Book
from ledger.models.journal import Entry
from ledger.models.parties import Party
from ledger.models.payments import BalanceTransaction, Payout
from ledger.models.pledges import Pledge
from ledger.models.recurring import RecurringGift
from ledger.queries.books.balances import balance_of
from ledger.queries.payments.payments import payout_claims

PAGE = 50


@dataclass(frozen=True, slots=True)
class Part:
    """What a payout holds of one category and book."""

    book: str
    category: str
    count: int
    amount: int
    fee: int
    net: int


@dataclass(frozen=True, slots=True)
class Line:
    """A balance transaction in a payout. ``reference`` and ``donor`` are those of its pledge or
    monthly gift, ``entry`` is where the book has it; all three for the asking book alone."""

    txn: BalanceTransaction
    book: str
    reference: str
    donor: str
    pledge_id: UUID | None
    entry_id: UUID | None


@dataclass(frozen=True, slots=True)
class Detail:
    """A payout as one book sees it. ``whole`` for the book that received it: its parts sum to the
    payout. ``opening`` and ``closing`` are the book's Stripe balance before its day and after."""

    payout: Payout
    whole: bool
    parts: tuple[Part, ...]
    claims: tuple[tuple[str, int, str, str | None, int], ...]
    entries: tuple[tuple[UUID, date, str], ...]
    opening: int
    closing: int

    @property
    def net(self) -> int:
        """What the parts come to: the payout, or the book's share of it."""
        return sum(part.net for part in self.parts)


def payouts_touching(session: ReadSession, *, book: Book, limit: int = PAGE) -> list[Payout]:
    """Return the newest payouts that a book received or has a share of."""
    share = exists().where(
        BalanceTransaction.stripe_payout_id == Payout.stripe_payout_id,
        BalanceTransaction.book_id == book.id,
    )
    return list(
        session.scalars(
            select(Payout)
            .where(or_(Payout.book_id == book.id, share))
            .order_by(Payout.created_at.desc(), Payout.stripe_payout_id)
            .limit(limit)
        )
    )


def payout_detail(session: ReadSession, *, book: Book, payout_id: str) -> Detail:
    """Return a payout that a book received or has a share of. Raises NotFound for another."""
    payout = session.get(Payout, payout_id)
    if payout is None:
        raise NotFound("This book has no such payout.", place="payout")
    whole = payout.book_id == book.id
    txn = BalanceTransaction
    rows = session.execute(
        select(
            func.coalesce(Book.code, ""),
            txn.reporting_category,
            func.count(),
            func.sum(txn.amount),
            func.sum(txn.fee),
            func.sum(txn.net),
        )
        .outerjoin(Book, Book.id == txn.book_id)
        .where(*_contained(payout, book))
        .group_by(Book.code, txn.reporting_category)
        .order_by(Book.code, txn.reporting_category)
    )
    parts = tuple(
        Part(code, what, n, int(a), int(f), int(net)) for code, what, n, a, f, net in rows
    )
    if not whole and not parts:
        raise NotFound("This book has no such payout.", place="payout")
    claims = payout_claims(session, payout_id)
    entries = _entries(session, payout, book)
    day = entries[0][1] if entries else payout.created_at.date()
    return Detail(
        payout,
        whole,
        parts,
        tuple(
            (code, account, fund, other, quantity)
            for code, legs in claims.items()
            if whole or code == book.code
            for (account, fund, other), quantity in legs.items()
        ),
        entries,
        _at_stripe(session, book, payout.commodity, day - timedelta(days=1)),
        _at_stripe(session, book, payout.commodity, day),
    )


def payout_lines(
    session: ReadSession,
    *,
    book: Book,
    payout: Payout,
    donors: bool,
    after: str = "",
    limit: int = PAGE,
) -> tuple[list[Line], str]:
    """Return what a payout holds, oldest first, and the name of the last where more follows.

    ``donors`` tells who gave, to those who may read it in the asking book.
    """
    txn = BalanceTransaction
    rows = session.execute(
        select(txn, Book.code, Pledge, RecurringGift.reference, Party.name)
        .outerjoin(Book, Book.id == txn.book_id)
        .outerjoin(Pledge, Pledge.id == txn.pledge_id)
        .outerjoin(RecurringGift, RecurringGift.id == txn.recurring_id)
        .outerjoin(Party, Party.id == func.coalesce(Pledge.party_id, RecurringGift.party_id))
        .where(*_contained(payout, book), _behind(session, after))
        .order_by(txn.created_at, txn.stripe_txn_id)
        .limit(limit + 1)
    ).all()
    shown = rows[:limit]
    booked = _booked(session, book, [row[0].stripe_txn_id for row in shown])
    lines = []
    for row, code, pledge, monthly, name in shown:
        ours = row.book_id == book.id
        lines.append(
            Line(
                row,
                code or "",
                ((pledge.reference if pledge else monthly) or "") if ours else "",
                (name or "") if ours and donors else "",
                pledge.id if pledge and ours else None,
                booked.get(row.stripe_txn_id),
            )
        )
    return lines, shown[-1][0].stripe_txn_id if len(rows) > limit else ""


def _contained(payout: Payout, book: Book) -> tuple[ColumnElement[bool], ...]:
    txn = BalanceTransaction
    mine = true() if payout.book_id == book.id else txn.book_id == book.id
    return (
        txn.stripe_payout_id == payout.stripe_payout_id,
        txn.source_id.is_distinct_from(payout.stripe_payout_id),
        mine,
    )


def _behind(session: ReadSession, after: str) -> ColumnElement[bool]:
    last = session.get(BalanceTransaction, after) if after else None
    if last is None:
        return true()
    order = tuple_(BalanceTransaction.created_at, BalanceTransaction.stripe_txn_id)
    return order > (last.created_at, last.stripe_txn_id)


def _booked(session: ReadSession, book: Book, names: Sequence[str]) -> dict[str, UUID]:
    """Return the entry of each movement in a book, the last where it was corrected."""
    rows = session.execute(
        select(Entry.external_ref, Entry.id)
        .where(Entry.book_id == book.id, Entry.source == "stripe", Entry.external_ref.in_(names))
        .order_by(Entry.recorded_at)
    )
    return {name: entry_id for name, entry_id in rows if name}


def _entries(
    session: ReadSession, payout: Payout, book: Book
) -> tuple[tuple[UUID, date, str], ...]:
    """Return the entries of a payout and of its return in a book, oldest first."""
    moves = select(BalanceTransaction.stripe_txn_id).where(
        BalanceTransaction.source_id == payout.stripe_payout_id
    )
    rows = session.execute(
        select(Entry.id, Entry.accounting_on, Entry.event_type)
        .where(
            Entry.book_id == book.id,
            Entry.source == "stripe",
            or_(Entry.event_type == "payout_created", Entry.event_type == "payout_failed"),
            Entry.external_ref.in_(moves),
        )
        .order_by(Entry.recorded_at)
    )
    return tuple((entry_id, day, event) for entry_id, day, event in rows)


def _at_stripe(session: ReadSession, book: Book, commodity: str, day: date) -> int:
    found = balance_of(session, book_id=book.id, accounts=[Acct.STRIPE_BALANCE], as_of=day)
    return found[commodity]
