"""What a bank line could mean, by the rules M-01 to M-09 and M-12 of domain section 9.

Only looks and names; ``matching`` acts. A rule is certain when nothing else fits as well.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import and_, exists, func, literal_column, select

from ledger.core.accounts import Acct
from ledger.core.bounds import shifted
from ledger.core.reference import find_references
from ledger.db import ReadSession
from ledger.models.journal import ELSEWHERE, Posting
from ledger.models.journal import Entry as EntryRow
from ledger.models.payments import Payout
from ledger.models.statements import BankLine, LineState, Match, MatchRule
from ledger.queries.banking.deposits import banked
from ledger.queries.payments.owed_refunds import owed_refunds
from ledger.queries.payments.payments import payouts_in_transit
from ledger.queries.pledges.pledges import open_by_reference
from ledger.services.banking.items import Item, items_of

BANKING_DAYS = 4
WINDOW_DAYS = 6
# Up to this, a debit that calls itself a charge is proposed as one; minor units.
CHARGE_LIMIT = 10_000
CHARGE_WORDS = ("fee", "charge", "commission")
CHARGE_CODES = ("CHRG", "FEES", "COMM", "NCHG", "NCOM")
FAILED = ("failed", "canceled")
SHORTEST_DESCRIPTOR = 4
ENTRIES_SHOWN = 5
CHEQUES_SHOWN = 5
# What a bank takes for a cheque that comes back, at most; minor units.
RETURN_CHARGE_LIMIT = 5_000
OWED_SHOWN = 5
ENTRIES_LOOKED_AT = 1_000


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What a line could be: the rule, the object's id or reference, whether it is certain, and
    a sentence; ``posts`` is the event type it would post, empty when it posts nothing. ``about``
    tells several of one rule apart for a person, and ``on`` which day; ``amount`` in minor units
    where it is not the line's."""

    rule: str
    target: str
    certain: bool
    sentence: str = ""
    posts: str = ""
    about: str = ""
    amount: int = 0
    on: date | None = None


def suggestions(session: ReadSession, line: BankLine) -> list[Suggestion]:
    """Return what an open line could mean as a whole, the most certain first."""
    item = next((one for one in items_of(session, [line]) if one.part is None), None)
    return suggestions_for(session, [item])[line.id] if item is not None else []


def suggestions_for(
    session: ReadSession, items: Sequence[Item], *, with_pledges: bool = True
) -> dict[UUID, list[Suggestion]]:
    """Return what lines and payments of one book could mean, each the most certain first.

    Asks the same few questions for any number of them; ``with_pledges`` is for callers that weigh
    pledges themselves.
    """
    waiting = [item for item in items if item.line.state == item.state == LineState.OPEN]
    ours = [item for item in waiting if item.account == Acct.BANK]
    payouts = _payouts(session, [item for item in ours if item.part is None])
    pledges = _pledges(session, [item for item in ours if with_pledges and not item.split])
    cheques = _cheques(session, [item for item in ours if item.amount < 0])
    owed = _owed(session, [item for item in ours if item.amount < 0])
    entries = _entries(session, waiting)
    found: dict[UUID, list[Suggestion]] = {item.id: [] for item in items}
    for item in waiting:
        found[item.id] = [
            *payouts.get(item.id, ()),
            *pledges.get(item.id, ()),
            *cheques.get(item.id, ()),
            *owed.get(item.id, ()),
            *entries.get(item.id, ()),
            *(_charges(item) if item.account == Acct.BANK else ()),
        ]
    return found


def _payouts(session: ReadSession, items: Sequence[Item]) -> dict[UUID, list[Suggestion]]:
    """M-01 and M-02: a line of a payout's amount near the day it should arrive; a debit where
    Stripe fetched what its balance lacked."""
    if not items:
        return {}
    by_amount: dict[tuple[int, str], list[Payout]] = defaultdict(list)
    for row in payouts_in_transit(session, book_id=items[0].book_id):
        if row.state not in FAILED:
            by_amount[row.amount, row.commodity].append(row)
    found = {}
    for item in items:
        near = [
            row
            for row in by_amount.get((item.amount, item.commodity), ())
            if banking_days(row.arrival_on, item.booked_on) <= BANKING_DAYS
        ]
        words = item.words if near else ""
        # A trace is one payout's own; a descriptor is the same for all of them.
        traced = [row for row in near if row.trace and row.trace.upper() in words]
        named = traced or [row for row in near if _describes(row, words)]
        found[item.id] = [
            _payout(MatchRule.PAYOUT, row, certain=len(named) == 1) for row in named
        ] or [_payout("M-02", row, certain=False) for row in near]
    return found


def _describes(payout: Payout, words: str) -> bool:
    descriptor = payout.descriptor.strip().upper()
    return len(descriptor) >= SHORTEST_DESCRIPTOR and descriptor in words


def _payout(rule: str, payout: Payout, *, certain: bool) -> Suggestion:
    sentence = (
        f"Amount, day and text are those of payout {payout.stripe_payout_id}."
        if rule == MatchRule.PAYOUT
        else f"Amount and day are those of payout {payout.stripe_payout_id}."
    )
    return Suggestion(rule, payout.stripe_payout_id, certain, sentence, "payout_arrived")


def banking_days(one: date, other: date) -> int:
    """Return how many banking days lie between two dates; weekends do not count.

    Public holidays differ by country and bank and are not known here.
    """
    start, end = sorted((one, other))
    days = (end - start).days
    if days > 30:
        return days
    return sum((start + timedelta(days=n)).weekday() < 5 for n in range(1, days + 1))


def _pledges(session: ReadSession, items: Sequence[Item]) -> dict[UUID, list[Suggestion]]:
    """M-05 and M-06: a credit that names a pledge; certain when it is all that is open of it."""
    named = {item.id: find_references(item.text) for item in items if item.amount > 0}
    references = {reference for those in named.values() for reference in those}
    if not references:
        return {}
    pledges = {
        pledge.reference: (pledge.commodity, quantity)
        for pledge, quantity in open_by_reference(session, items[0].book_id, references)
    }
    found: dict[UUID, list[Suggestion]] = {}
    for item in items:
        for reference in named.get(item.id, ()):
            commodity, quantity = pledges.get(reference, ("", 0))
            if commodity != item.commodity:
                continue
            exact = quantity == item.amount
            found.setdefault(item.id, []).append(
                Suggestion(
                    MatchRule.PLEDGE if exact else "M-06",
                    reference,
                    certain=exact and len(named[item.id]) == 1,
                    sentence=(
                        f"The text names pledge {reference}, and the amount is what is open."
                        if exact
                        else f"The text names pledge {reference}; the amount differs from what is "
                        "open."
                    ),
                    posts="transfer_received",
                )
            )
    return found


def _cheques(session: ReadSession, items: Sequence[Item]) -> dict[UUID, list[Suggestion]]:
    """M-12: a debit of a cheque that was paid in, else of one and the bank's charge for it."""
    if not items:
        return {}
    paid_in = banked(session, book_id=items[0].book_id)
    found = {}
    for item in items:
        fitting = [
            one
            for one in paid_in
            if one.commodity == item.commodity
            and 0 <= -item.amount - one.amount <= RETURN_CHARGE_LIMIT
            and one.on <= item.booked_on
        ]
        fitting = [one for one in fitting if one.amount == -item.amount] or fitting
        fitting.sort(key=lambda one: -one.amount)
        found[item.id] = [
            Suggestion(
                MatchRule.RETURNED_CHEQUE,
                str(one.id),
                certain=False,
                sentence="A cheque of this amount was paid in."
                if one.amount == -item.amount
                else "A cheque was paid in; the rest would be the bank's charge.",
                posts="cheque_bounced",
                about=f"{one.giver} {one.reference}".strip(),
                amount=one.amount,
            )
            for one in fitting[:CHEQUES_SHOWN]
        ]
    return found


def _owed(session: ReadSession, items: Sequence[Item]) -> dict[UUID, list[Suggestion]]:
    """What a debit could pay back to a donor: all that is owed of one contribution, else a part."""
    if not items:
        return {}
    owed = owed_refunds(session, book_id=items[0].book_id)
    found = {}
    for item in items:
        fitting = [
            one for one in owed if one.commodity == item.commodity and one.owed >= -item.amount
        ]
        fitting = [one for one in fitting if one.owed == -item.amount] or fitting
        found[item.id] = [
            Suggestion(
                MatchRule.OWED_REFUND,
                one.name,
                certain=False,
                sentence="This amount is owed back to a donor.",
                posts="owed_refund_repaid",
                about=f"{one.donor} {one.reference}".strip() or one.name,
            )
            for one in fitting[:OWED_SHOWN]
        ]
    return found


def _charges(item: Item) -> list[Suggestion]:
    """M-09: a small debit that the bank calls a charge."""
    if not -CHARGE_LIMIT <= item.amount < 0:
        return []
    coded = any(code in (item.line.code or "").upper() for code in CHARGE_CODES)
    words = item.text.lower()
    if not coded and not any(word in words for word in CHARGE_WORDS):
        return []
    sentence = "The bank calls this a charge." if coded else "The text speaks of a charge."
    return [
        Suggestion(MatchRule.BANK_CHARGE, "", certain=False, sentence=sentence, posts="bank_charge")
    ]


def _entries(session: ReadSession, items: Sequence[Item]) -> dict[UUID, list[Suggestion]]:
    """Return entries that moved the account by an item's amount and are tied to no line yet."""
    found: dict[UUID, list[Suggestion]] = {}
    accounts: dict[tuple[int, str], list[Item]] = defaultdict(list)
    for item in items:
        if item.amount:
            accounts[item.account, item.commodity].append(item)
    for (account, commodity), mine in accounts.items():
        moved = _moved(session, mine, account, commodity)
        for item in mine:
            first = shifted(item.booked_on, -WINDOW_DAYS)
            last = shifted(item.booked_on, WINDOW_DAYS)
            near = [row for row in moved.get(item.amount, ()) if first <= row[1] <= last]
            found[item.id] = [
                Suggestion(
                    MatchRule.ENTRY,
                    str(entry_id),
                    certain=False,
                    sentence="An entry in the books moved the account by this amount.",
                    about=event_type.replace("_", " "),
                    on=on,
                )
                for entry_id, on, event_type in near[:ENTRIES_SHOWN]
            ]
    return found


def _moved(
    session: ReadSession, items: Sequence[Item], account: int, commodity: str
) -> dict[int, list[tuple[UUID, date, str]]]:
    """Return untied entries of the days and amounts of items: by amount, (id, day, event)."""
    total = func.sum(Posting.quantity)
    tied = exists().where(
        Match.book_id == Posting.book_id, Match.entry_id == Posting.entry_id, Match.holds()
    )
    book_id = items[0].book_id
    # The way in is by the few entries from elsewhere, not by all that moved the account.
    elsewhere = select(EntryRow.id).where(
        EntryRow.book_id == book_id,
        literal_column(ELSEWHERE),
        EntryRow.accounting_on >= shifted(min(item.booked_on for item in items), -WINDOW_DAYS),
        EntryRow.accounting_on <= shifted(max(item.booked_on for item in items), WINDOW_DAYS),
    )
    rows = session.execute(
        select(Posting.entry_id, Posting.accounting_on, EntryRow.event_type, total)
        .join(EntryRow, and_(EntryRow.book_id == Posting.book_id, EntryRow.id == Posting.entry_id))
        .where(
            Posting.book_id == book_id,
            Posting.entry_id.in_(elsewhere),
            Posting.account + 0 == account,
            Posting.commodity == commodity,
            ~tied,
        )
        .group_by(Posting.entry_id, Posting.accounting_on, EntryRow.event_type)
        .having(total.in_({item.amount for item in items}))
        .order_by(Posting.accounting_on, Posting.entry_id)
        .limit(ENTRIES_LOOKED_AT)
    )
    moved: dict[int, list[tuple[UUID, date, str]]] = defaultdict(list)
    for entry_id, on, event_type, quantity in rows:
        moved[int(quantity)].append((entry_id, on, event_type))
    return moved
