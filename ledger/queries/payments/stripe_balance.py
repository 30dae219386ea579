"""Questions about the Stripe account: whose it is, and whether the books agree with it to the
last minor unit (I-34)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from sqlalchemy import func, literal_column, select, union_all

from ledger.core.accounts import Acct
from ledger.core.vocabulary import FundClass
from ledger.db import ReadSession
from ledger.models.balances import BalanceMonth
from ledger.models.books import Book, Fund
from ledger.models.journal import Entry, Posting
from ledger.models.payments import BalanceTransaction
from ledger.models.pools import Pool
from ledger.models.seals import Unsealed
from ledger.models.stripe_accounts import StripeAccount, StripeBalance

PAYOUTS = ("payout",)


class Told(Protocol):
    """A movement as Stripe tells it."""

    @property
    def id(self) -> str:
        """Stripe's id."""

    @property
    def amount(self) -> int:
        """The gross amount, in minor units."""

    @property
    def fee(self) -> int:
        """What Stripe took of it."""

    @property
    def net(self) -> int:
        """What it moved: amount less fee."""

    @property
    def currency(self) -> str:
        """In which currency."""

    @property
    def reporting_category(self) -> str:
        """Stripe's word for what it was."""


@dataclass(frozen=True, slots=True)
class Unexplained:
    """A movement or an entry of which Stripe and the books differ by ``gap`` minor units
    (Stripe less books)."""

    id: str
    what: str
    gap: int
    why: str


@dataclass(frozen=True, slots=True)
class Part:
    """What movements of one category came to, in minor units."""

    category: str
    count: int
    amount: int
    fee: int
    net: int


@dataclass(frozen=True, slots=True)
class Agreement:
    """Stripe's balance and the books' in one currency, what they consist of, and everything that
    explains a difference; minor units."""

    commodity: str
    stripe_balance: int
    ledger_balance: int
    unexplained: tuple[Unexplained, ...]
    parts: tuple[Part, ...]

    @property
    def difference(self) -> int:
        """What Stripe has more than the books."""
        return self.stripe_balance - self.ledger_balance


def account_of(session: ReadSession) -> StripeAccount | None:
    """Return the account that the books follow, once it was heard of."""
    return session.get(StripeAccount, 1)


def book_for_account(session: ReadSession) -> Book | None:
    """Return the book that the account's own movements belong to: the one that was named, or
    the first that has money at Stripe, or the first community."""
    row = account_of(session)
    if row is not None and row.book_id is not None:
        return session.get_one(Book, row.book_id)
    communities = Book.id.not_in(select(Pool.book_id))
    first = session.scalar(
        select(Book)
        .join(BalanceTransaction, BalanceTransaction.book_id == Book.id)
        .where(communities)
        .order_by(BalanceTransaction.created_at, BalanceTransaction.stripe_txn_id)
        .limit(1)
    )
    return first or session.scalar(select(Book).where(communities).order_by(Book.code).limit(1))


def general_fund(session: ReadSession, book: Book) -> Fund:
    """Return a book's first unrestricted fund, or its first."""
    return session.scalars(
        select(Fund)
        .where(Fund.book_id == book.id)
        .order_by(Fund.fund_class != FundClass.UNRESTRICTED, Fund.code)
        .limit(1)
    ).one()


def balances_read(session: ReadSession) -> list[StripeBalance]:
    """Return what Stripe last said is on the balance, by currency."""
    return list(session.scalars(select(StripeBalance).order_by(StripeBalance.commodity)))


def movements_net(session: ReadSession) -> dict[str, int]:
    """Return what all movements that are known come to, by currency, in minor units."""
    rows = session.execute(
        select(BalanceTransaction.commodity, func.sum(BalanceTransaction.net)).group_by(
            BalanceTransaction.commodity
        )
    )
    return {commodity: int(total) for commodity, total in rows}


def ledger_balances(session: ReadSession) -> dict[str, int]:
    """Return what the books have at Stripe, by currency."""
    months = select(BalanceMonth.commodity, BalanceMonth.quantity).where(
        # Book by book, as the key of the sums is.
        BalanceMonth.book_id.in_(select(Book.id)),
        BalanceMonth.account == Acct.STRIPE_BALANCE,
    )
    # From the few entries that wait to their legs, which an outer join has to do.
    waiting = (
        select(Posting.commodity, Posting.quantity)
        .select_from(Unsealed)
        .outerjoin(
            Posting,
            (Posting.book_id == Unsealed.book_id)
            & (Posting.entry_id == Unsealed.entry_id)
            & (Posting.account + 0 == Acct.STRIPE_BALANCE),
        )
    )
    legs = union_all(months, waiting).subquery()
    rows = session.execute(
        select(legs.c.commodity, func.sum(legs.c.quantity)).group_by(legs.c.commodity)
    )
    return {commodity: int(quantity) for commodity, quantity in rows if commodity is not None}


def reconcile(
    session: ReadSession, *, balances: Mapping[str, int], told: Sequence[Told] | None = None
) -> list[Agreement]:
    """Compare Stripe's balance with the books, movement by movement.

    ``told`` are all movements that Stripe lists; without them those kept here stand for them.
    The gaps of each currency add up to its difference, so nothing can hide in another's.
    """
    kept = {row.stripe_txn_id: row for row in session.scalars(select(BalanceTransaction))}
    movements = _as_kept(kept) if told is None else _as_told(told)
    nets = {one.id: (one.commodity, one.net) for one in movements}
    categories = {one.id: one.category for one in movements}
    booked, other = _booked(session, kept)
    found: defaultdict[str, list[Unexplained]] = defaultdict(list)
    for txn_id in sorted(nets.keys() | booked.keys()):
        row = kept.get(txn_id)
        commodity, net = nets.get(txn_id) or (row.commodity if row else "", 0)
        gap = net - booked.get(txn_id, 0)
        if gap:
            what = row.reporting_category if row else categories.get(txn_id, "")
            found[commodity].append(Unexplained(txn_id, what, gap, _why(row, txn_id in nets)))
    for commodity, entry_id, event, quantity in other:
        found[commodity].append(
            Unexplained(str(entry_id), event, -quantity, "an entry that no movement explains")
        )
    totals: defaultdict[str, int] = defaultdict(int)
    for commodity, net in nets.values():
        totals[commodity] += net
    ledger = ledger_balances(session)
    agreements = []
    for commodity in sorted(balances.keys() | ledger.keys() | totals.keys()):
        gaps = found[commodity]
        rest = balances.get(commodity, 0) - totals[commodity]
        if rest:
            gaps.append(
                Unexplained("", "balance", rest, "Stripe's balance is not the sum of its movements")
            )
        agreements.append(
            Agreement(
                commodity,
                balances.get(commodity, 0),
                ledger.get(commodity, 0),
                tuple(gaps),
                _parts(movements, commodity),
            )
        )
    return agreements


@dataclass(frozen=True, slots=True)
class _Movement:
    id: str
    commodity: str
    category: str
    amount: int
    fee: int
    net: int


def _as_kept(kept: Mapping[str, BalanceTransaction]) -> list[_Movement]:
    return [
        _Movement(name, row.commodity, row.reporting_category, row.amount, row.fee, row.net)
        for name, row in kept.items()
    ]


def _as_told(told: Sequence[Told]) -> list[_Movement]:
    return [
        _Movement(txn.id, txn.currency, txn.reporting_category, txn.amount, txn.fee, txn.net)
        for txn in told
    ]


def _parts(movements: Sequence[_Movement], commodity: str) -> tuple[Part, ...]:
    of = [one for one in movements if one.commodity == commodity]
    return tuple(
        Part(
            category,
            len(rows),
            sum(one.amount for one in rows),
            sum(one.fee for one in rows),
            sum(one.net for one in rows),
        )
        for category in sorted({one.category for one in of})
        for rows in [[one for one in of if one.category == category]]
    )


def _why(row: BalanceTransaction | None, is_told: bool) -> str:
    if not is_told:
        return "booked, and Stripe lists no such movement"
    if row is None:
        return "not read yet"
    if row.posted_at is None:
        return "not in the books yet"
    return "booked with another amount"


def _booked(
    session: ReadSession, kept: Mapping[str, BalanceTransaction]
) -> tuple[dict[str, int], list[tuple[str, UUID, str, int]]]:
    """Return what the books moved for each movement, and what entries moved for none.

    A payout's legs are labelled with the payout, those of all else with the movement.
    """
    payouts = {
        row.source_id: row.stripe_txn_id
        for row in kept.values()
        if row.reporting_category in PAYOUTS and row.source_id
    }
    booked: defaultdict[str, int] = defaultdict(int)
    rows = session.execute(
        select(Posting.payment, func.sum(Posting.quantity))
        .where(Posting.account == Acct.STRIPE_BALANCE, Posting.payment.is_not(None))
        .group_by(Posting.payment)
    )
    strange = []
    for payment, quantity in rows:
        txn_id = payment if payment in kept else payouts.get(payment or "")
        if txn_id is None:
            strange.append(payment)
        else:
            booked[txn_id] += int(quantity)
    # An entry and its reversal are one slip, and none when both are there.
    slip = func.coalesce(Entry.reverses, Entry.id)
    others = session.execute(
        select(Posting.commodity, slip, func.min(Entry.event_type), func.sum(Posting.quantity))
        .join(Entry, (Entry.book_id == Posting.book_id) & (Entry.id == Posting.entry_id))
        .where(
            Posting.account == Acct.STRIPE_BALANCE,
            Posting.payment.is_(None) | Posting.payment.in_(strange),
        )
        .group_by(Posting.commodity, slip)
        .having(func.sum(Posting.quantity) != 0)
        .order_by(slip)
    )
    return dict(booked), [
        (commodity, entry_id, event, int(quantity))
        for commodity, entry_id, event, quantity in others
    ]


def in_suspense(session: ReadSession, *, book_id: UUID) -> list[BalanceTransaction]:
    """Return movements of a book that nobody has named yet, oldest first."""
    return list(
        session.scalars(
            select(BalanceTransaction)
            .where(
                BalanceTransaction.book_id == book_id,
                # Said as the index of these few says it.
                BalanceTransaction.outcome == literal_column("'movement_suspended'"),
            )
            .order_by(BalanceTransaction.created_at, BalanceTransaction.stripe_txn_id)
        )
    )


def agreement_as_read(session: ReadSession, *, book_id: UUID) -> list[Agreement]:
    """Return how the books agree with the balance that was last read and what Stripe has told
    since, for the book of the account; nothing for others, and nothing before it was read."""
    balances = _balances_as_read(session, book_id)
    return reconcile(session, balances=balances) if balances else []


def differing_currencies(session: ReadSession, *, book_id: UUID) -> int:
    """Return in how many currencies they differ: as ``agreement_as_read``, but not movement by
    movement, which would be all there ever were."""
    balances = _balances_as_read(session, book_id)
    if not balances:
        return 0
    ledger = ledger_balances(session)
    return sum(
        balances.get(commodity, 0) != ledger.get(commodity, 0)
        for commodity in balances.keys() | ledger.keys()
    )


def _balances_as_read(session: ReadSession, book_id: UUID) -> dict[str, int]:
    """Return the balance that was last read and what Stripe has told since, by currency."""
    readings = balances_read(session)
    book = book_for_account(session) if readings else None
    if book is None or book.id != book_id:
        return {}
    nets = movements_net(session)
    return {
        row.commodity: row.amount
        + (0 if row.movements_net is None else nets.get(row.commodity, 0) - row.movements_net)
        for row in readings
    }


def read_until(session: ReadSession) -> datetime | None:
    """Return when Stripe's balance was last read."""
    return session.scalar(select(func.max(StripeBalance.read_at)))
