"""Every rule of the books, counted over the live data (domain section 7).

Each check is one or two aggregates in the database, never a loop over all entries. What the
triggers already refuse is checked all the same: a check that trusts its guard proves nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Executable, Text, and_, case, cast, exists, func, literal, or_, select
from sqlalchemy.orm import aliased

from ledger.core.accounts import CASH_LIKE
from ledger.db import ReadSession
from ledger.models.books import Account, Book, Fund
from ledger.models.hours import HoursEntry
from ledger.models.journal import Entry, Posting
from ledger.models.parties import Party
from ledger.models.payments import BalanceTransaction
from ledger.models.pledges import Fulfilment, Pledge
from ledger.models.pools import AllocationLine, AllocationRun, Pool
from ledger.models.proposals import Proposal
from ledger.models.statements import BankLine, BankStatement
from ledger.queries.periods import first_drift
from ledger.queries.seals import first_difference

MIRRORS = ((5510, 4520), (5530, 4530), (5540, 4540), (6530, 4510))
PROMISES = (1210, 9110, 9120)


@dataclass(frozen=True, slots=True)
class Result:
    """One rule: how many rows were looked at, and the first that breaks it."""

    id: str
    title: str
    ok: bool
    checked: int
    first_violation: str | None


Check = Callable[[ReadSession], tuple[int, str | None]]


def check(session: ReadSession) -> list[Result]:
    """Run every check and return the results in order."""
    results = []
    for name, title, run in CHECKS:
        checked, violation = run(session)
        results.append(Result(name, title, violation is None, checked, violation))
    return results


def _layer() -> Any:
    return case(
        (Posting.account / 1000 == 8, "QTY"), (Posting.account / 1000 == 9, "MEMO"), else_="FIN"
    )


def _balanced(session: ReadSession) -> tuple[int, str | None]:
    query = (
        select(Posting.entry_id, Posting.commodity, func.sum(Posting.quantity))
        .group_by(Posting.book_id, Posting.entry_id, Posting.fund_id, _layer(), Posting.commodity)
        .having(func.sum(Posting.quantity) != 0)
        .limit(1)
    )
    return _count(session, Entry), _first(session, query, "entry {0} is off by {2} {1}")


def _kinds(session: ReadSession) -> tuple[int, str | None]:
    is_money = or_(func.length(Posting.commodity) == 3, Posting.commodity.like("UNT%"))
    fin = Posting.account < 8000
    qty = and_(Posting.account >= 8000, Posting.account < 9000)
    query = (
        select(Posting.entry_id, Posting.account, Posting.commodity)
        .where(or_(and_(fin, ~is_money), and_(qty, is_money)))
        .limit(1)
    )
    return _count(session, Posting), _first(session, query, "entry {0}: {2} on account {1}")


def _sizes(session: ReadSession) -> tuple[int, str | None]:
    legs = (
        select(Posting.entry_id, func.count().label("legs"))
        .group_by(Posting.book_id, Posting.entry_id)
        .having(or_(func.count() < 2, func.count() > 500))
        .limit(1)
    )
    lone = (
        select(Entry.id)
        .where(~exists().where(Posting.book_id == Entry.book_id, Posting.entry_id == Entry.id))
        .limit(1)
    )
    orphan = (
        select(Posting.entry_id)
        .where(~exists().where(Entry.book_id == Posting.book_id, Entry.id == Posting.entry_id))
        .limit(1)
    )
    found = (
        _first(session, legs, "entry {0} has {1} postings")
        or _first(session, lone, "entry {0} has no postings")
        or _first(session, orphan, "postings of {0} have no entry")
    )
    return _count(session, Entry), found


def _reversals(session: ReadSession) -> tuple[int, str | None]:
    """A reversal negates its target leg by leg: together they move nothing."""
    twice = (
        select(Entry.reverses, func.count())
        .where(Entry.reverses.is_not(None))
        .group_by(Entry.book_id, Entry.reverses)
        .having(func.count() > 1)
        .limit(1)
    )
    legs = (
        select(Entry.id, Posting.account, func.sum(Posting.quantity))
        .join(
            Posting,
            and_(
                Posting.book_id == Entry.book_id,
                or_(Posting.entry_id == Entry.id, Posting.entry_id == Entry.reverses),
            ),
        )
        .where(Entry.reverses.is_not(None))
        .group_by(Entry.id, Posting.account, Posting.fund_id, Posting.commodity)
        .having(func.sum(Posting.quantity) != 0)
        .limit(1)
    )
    number = session.scalar(
        select(func.count()).select_from(Entry).where(Entry.reverses.is_not(None))
    )
    found = _first(session, twice, "entry {0} is reversed {1} times") or _first(
        session, legs, "reversal {0} leaves {2} on account {1}"
    )
    return int(number or 0), found


def _maker_checker(session: ReadSession) -> tuple[int, str | None]:
    entries = select(Entry.id).where(Entry.made_by == Entry.approved_by).limit(1)
    proposals = select(Proposal.id).where(Proposal.made_by == Proposal.decided_by).limit(1)
    found = _first(session, entries, "entry {0} was approved by its maker") or _first(
        session, proposals, "proposal {0} was decided by its maker"
    )
    return _count(session, Proposal), found


def _counterparties(session: ReadSession) -> tuple[int, str | None]:
    query = (
        select(Posting.entry_id, Posting.account)
        .join(
            Account,
            and_(Account.book_id == Posting.book_id, Account.number == Posting.account),
        )
        .where(
            Account.inter_book,
            or_(Posting.counterparty_id.is_(None), Posting.counterparty_id == Posting.book_id),
        )
        .limit(1)
    )
    return _count(session, Posting), _first(
        session, query, "entry {0}: account {1} without a counterparty"
    )


def _agency(session: ReadSession) -> tuple[int, str | None]:
    """An agency fund holds the money of others: its own net assets are nothing."""
    query = (
        select(Fund.code, func.sum(Posting.quantity))
        .join(Posting, Posting.fund_id == Fund.id)
        .where(Fund.fund_class == "agency", Posting.account >= 3000, Posting.account < 8000)
        .group_by(Fund.id, Fund.code, Posting.commodity)
        .having(func.sum(Posting.quantity) != 0)
        .limit(1)
    )
    number = session.scalar(
        select(func.count()).select_from(Fund).where(Fund.fund_class == "agency")
    )
    return int(number or 0), _first(session, query, "fund {0} has net assets of {1}")


def _current_accounts(session: ReadSession) -> tuple[int, str | None]:
    return _mirror(session, 1300, 1300)


def _pairs(session: ReadSession) -> tuple[int, str | None]:
    checked, found = 0, None
    for here, there in MIRRORS:
        number, violation = _mirror(session, here, there)
        checked += number
        found = found or violation
    return checked, found


def _loans(session: ReadSession) -> tuple[int, str | None]:
    """What one book has lent, the other has borrowed; the two have the same sign."""
    return _mirror(session, 8220, 8230, sign=-1)


def _mirror(
    session: ReadSession, here: int, there: int, *, sign: int = 1
) -> tuple[int, str | None]:
    """Check that what one book has against another is what the other has against it."""
    sums: dict[tuple[str, str, str], int] = {}
    sides = [(here, 1)] if here == there else [(here, 1), (there, sign)]
    for account, factor in sides:
        for book, other, commodity, quantity in _against(session, account):
            low, high = sorted((book, other)) if here == there else (book, other)
            pair = (high, low) if account == there != here else (low, high)
            sums[*pair, commodity] = sums.get((*pair, commodity), 0) + factor * quantity
    for (book, other, commodity), rest in sums.items():
        if rest:
            return len(sums), f"books {book} and {other} differ by {rest} {commodity} on {here}"
    return len(sums), None


def _against(session: ReadSession, account: int) -> list[tuple[str, str, str, int]]:
    rows = session.execute(
        select(
            Posting.book_id,
            Posting.counterparty_id,
            Posting.commodity,
            func.sum(Posting.quantity),
        )
        .where(Posting.account == account, Posting.counterparty_id.is_not(None))
        .group_by(Posting.book_id, Posting.counterparty_id, Posting.commodity)
    )
    return [(str(book), str(other), unit, int(total)) for book, other, unit, total in rows]


def _hosts(session: ReadSession) -> tuple[int, str | None]:
    """What a host holds for its pools is what it owes them."""
    query = (
        select(Fund.code, func.sum(Posting.quantity))
        .join(Posting, Posting.fund_id == Fund.id)
        .where(
            Fund.id.in_(select(Pool.held_fund_id)),
            Posting.account.in_([*CASH_LIKE, 1120, 1300]),
        )
        .group_by(Fund.id, Fund.code, Posting.commodity)
        .having(func.sum(Posting.quantity) != 0)
        .limit(1)
    )
    return _count(session, Pool), _first(session, query, "fund {0}: held and owed differ by {1}")


def _pledges(session: ReadSession) -> tuple[int, str | None]:
    """What is open of a pledge is what the journal says is promised or owed."""
    done = (
        select(Fulfilment.pledge_id, func.sum(Fulfilment.quantity).label("quantity"))
        .where(Fulfilment.quantity > 0)
        .group_by(Fulfilment.pledge_id)
        .subquery()
    )
    booked = (
        select(
            Posting.book_id,
            Posting.pledge,
            Posting.commodity,
            func.sum(Posting.quantity).label("quantity"),
        )
        .where(Posting.account.in_(PROMISES), Posting.pledge.is_not(None))
        .group_by(Posting.book_id, Posting.pledge, Posting.commodity)
        .subquery()
    )
    rest = Pledge.quantity - func.coalesce(done.c.quantity, 0)
    going = Pledge.state.in_(("open", "part_fulfilled", "fulfilled"))
    still_open = case((and_(going, rest > 0), rest), else_=0)
    query = (
        select(Pledge.reference, still_open, func.coalesce(booked.c.quantity, 0))
        .outerjoin(done, done.c.pledge_id == Pledge.id)
        .outerjoin(
            booked,
            and_(
                booked.c.book_id == Pledge.book_id,
                booked.c.pledge == Pledge.reference,
                booked.c.commodity == Pledge.commodity,
            ),
        )
        .where(still_open != func.coalesce(booked.c.quantity, 0))
        .limit(1)
    )
    return _count(session, Pledge), _first(
        session, query, "pledge {0}: {1} open, {2} in the journal"
    )


def _clearing(session: ReadSession) -> tuple[int, str | None]:
    """The Stripe account holds what the posted balance transactions left on it."""
    rows = session.execute(
        select(BalanceTransaction.commodity, func.sum(BalanceTransaction.net))
        .where(BalanceTransaction.posted_at.is_not(None))
        .group_by(BalanceTransaction.commodity)
    )
    stripe = {commodity: int(net) for commodity, net in rows}
    known = select(BalanceTransaction.stripe_txn_id)
    payouts = select(BalanceTransaction.stripe_payout_id).where(
        BalanceTransaction.stripe_payout_id.is_not(None)
    )
    moved = session.execute(
        select(Posting.commodity, func.sum(Posting.quantity))
        .where(
            Posting.account == 1110,
            or_(Posting.payment.in_(known), Posting.payment.in_(payouts)),
        )
        .group_by(Posting.commodity)
    )
    books = {commodity: int(quantity) for commodity, quantity in moved}
    for commodity in sorted(stripe.keys() | books.keys()):
        said, booked = stripe.get(commodity, 0), books.get(commodity, 0)
        if said != booked:
            return len(stripe), f"{commodity}: Stripe moved {said}, the books {booked}"
    return _count(session, BalanceTransaction), None


def _statements(session: ReadSession) -> tuple[int, str | None]:
    """Opening and lines give the closing balance, where all lines came with the statement."""
    lines = (
        select(
            BankLine.statement_id,
            func.sum(BankLine.amount).label("amount"),
        )
        .group_by(BankLine.statement_id)
        .subquery()
    )
    moved = func.coalesce(lines.c.amount, 0)
    # A line that an earlier, overlapping statement brought belongs to that one.
    shared = aliased(BankStatement)
    overlaps = exists().where(
        shared.book_id == BankStatement.book_id,
        shared.account == BankStatement.account,
        shared.id != BankStatement.id,
        shared.opens_on <= BankStatement.closes_on,
        shared.closes_on >= BankStatement.opens_on,
    )
    query = (
        select(BankStatement.statement_ref, BankStatement.closing, moved)
        .outerjoin(lines, lines.c.statement_id == BankStatement.id)
        .where(BankStatement.opening + moved != BankStatement.closing, ~overlaps)
        .limit(1)
    )
    return _count(session, BankStatement), _first(
        session, query, "statement {0} closes with {1} after lines of {2}"
    )


def _allocations(session: ReadSession) -> tuple[int, str | None]:
    query = (
        select(AllocationRun.id, AllocationRun.quantity, func.sum(AllocationLine.quantity))
        .join(AllocationLine, AllocationLine.run_id == AllocationRun.id)
        .group_by(AllocationRun.id, AllocationRun.quantity)
        .having(func.sum(AllocationLine.quantity) != AllocationRun.quantity)
        .limit(1)
    )
    return _count(session, AllocationRun), _first(
        session, query, "run {0}: {1} decided, {2} in lines"
    )


def _hours(session: ReadSession) -> tuple[int, str | None]:
    """Nobody confirms their own hours, and the journal has what was confirmed."""
    own = (
        select(HoursEntry.id)
        .join(Party, Party.id == HoursEntry.party_id)
        .where(
            HoursEntry.state == "confirmed",
            or_(
                HoursEntry.confirmed_by == HoursEntry.logged_by,
                HoursEntry.confirmed_by == Party.person_id,
            ),
        )
        .limit(1)
    )
    unbooked = (
        select(HoursEntry.id)
        .where(
            HoursEntry.state == "confirmed",
            ~exists().where(
                Entry.book_id == HoursEntry.book_id,
                Entry.source == "hours",
                func.replace(Entry.external_ref, "-", "")
                == func.replace(cast(HoursEntry.id, Text), "-", ""),
            ),
        )
        .limit(1)
    )
    found = _first(session, own, "hours {0} were confirmed by the volunteer") or _first(
        session, unbooked, "hours {0} are confirmed and not booked"
    )
    return _count(session, HoursEntry), found


def _log(session: ReadSession) -> tuple[int, str | None]:
    """Each book is what its sealed log says, and each checkpoint given out is its beginning."""
    checked = 0
    for book_id, code in session.execute(select(Book.id, Book.code).order_by(Book.code)).all():
        agreed, difference = first_difference(session, book_id)
        checked += agreed
        if difference is not None:
            return checked, f"book {code}: {difference}"
    return checked, None


def _periods(session: ReadSession) -> tuple[int, str | None]:
    """Closed periods are what was signed, whatever came later."""
    return first_drift(session)


def _groups(session: ReadSession) -> tuple[int, str | None]:
    """Entries of one event in several books come together or not at all."""
    query = (
        select(Entry.transfer_group, func.count())
        .where(Entry.transfer_group.is_not(None))
        .group_by(Entry.transfer_group)
        .having(func.count() < 2)
        .limit(1)
    )
    number = session.scalar(
        select(func.count(Entry.transfer_group.distinct())).where(Entry.transfer_group.is_not(None))
    )
    return int(number or 0), _first(session, query, "group {0} has {1} entry")


def _first(session: ReadSession, query: Executable, sentence: str) -> str | None:
    row = session.execute(query).first()
    return None if row is None else sentence.format(*row)


def _count(session: ReadSession, table: type) -> int:
    return int(session.scalar(select(func.count(literal(1))).select_from(table)) or 0)


CHECKS: tuple[tuple[str, str, Check], ...] = (
    ("I-01", "every entry balances by fund, layer and commodity", _balanced),
    ("I-02", "value legs are money, quantity legs are not", _kinds),
    ("I-03", "entries have 2 to 500 postings, postings an entry", _sizes),
    ("I-05", "books are what their sealed logs say", _log),
    ("I-07", "a reversal negates its target, once", _reversals),
    ("I-09", "nobody approves what they made", _maker_checker),
    ("I-10", "accounts between books name the other book", _counterparties),
    ("I-12", "agency funds have no net assets", _agency),
    ("I-20", "current accounts mirror each other", _current_accounts),
    ("I-21", "what one book gave, the other received", _pairs),
    ("I-22", "what is lent is borrowed", _loans),
    ("I-23", "events of several books are whole", _groups),
    ("I-25", "hosts hold what they owe their pools", _hosts),
    ("I-31", "pledges are open as far as the journal says", _pledges),
    ("I-34", "the Stripe account agrees with Stripe", _clearing),
    ("I-38", "bank statements add up", _statements),
    ("I-40", "allocations add up to what was decided", _allocations),
    ("I-54", "hours are confirmed by somebody else", _hours),
    ("I-61", "closed periods are what was signed", _periods),
)
