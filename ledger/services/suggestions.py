"""What a bank line could mean, by the rules M-01 to M-09 of domain section 9.

Only looks and names; ``matching`` acts. A rule is certain when nothing else fits as well.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import func, select

from ledger.core.bounds import shifted
from ledger.core.reference import find_references
from ledger.db import ReadSession
from ledger.models.journal import Entry as EntryRow
from ledger.models.journal import Posting
from ledger.models.payments import Payout
from ledger.models.statements import BankLine, Match
from ledger.queries.payments import payouts_in_transit
from ledger.queries.pledges import open_quantity, pledge_by_reference

BANK = 1010
BANKING_DAYS = 4
WINDOW_DAYS = 6
# Up to this, a debit that calls itself a charge is proposed as one; minor units.
CHARGE_LIMIT = 10_000
CHARGE_WORDS = ("fee", "charge", "commission")
CHARGE_CODES = ("CHRG", "FEES", "COMM", "NCHG", "NCOM")
FAILED = ("failed", "canceled")
SHORTEST_DESCRIPTOR = 4


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What a line could be: the rule, the object's id or reference, whether it is certain, and
    a sentence; ``posts`` is the event type it would post, empty when it posts nothing."""

    rule: str
    target: str
    certain: bool
    sentence: str = ""
    posts: str = ""


def suggestions(session: ReadSession, line: BankLine) -> list[Suggestion]:
    """Return what an open line could mean, the most certain first."""
    if line.state != "open":
        return []
    if line.account != BANK:
        return _entries(session, line)
    return [
        *_payouts(session, line),
        *_pledges(session, line),
        *_entries(session, line),
        *_charges(line),
    ]


def _payouts(session: ReadSession, line: BankLine) -> list[Suggestion]:
    """M-01 and M-02: a line of a payout's amount near the day it should arrive; a debit where
    Stripe fetched what its balance lacked."""
    words = " ".join(
        (
            line.remittance,
            line.bank_reference or "",
            line.end_to_end_id or "",
            line.counterparty_name or "",
        )
    ).upper()
    near = [
        row
        for row in payouts_in_transit(session, book_id=line.book_id)
        if row.amount == line.amount
        and row.commodity == line.commodity
        and row.state not in FAILED
        and banking_days(row.arrival_on, line.booked_on) <= BANKING_DAYS
    ]
    # A trace is one payout's own; a descriptor is the same for all of them.
    traced = [row for row in near if row.trace and row.trace.upper() in words]
    named = traced or [row for row in near if _describes(row, words)]
    if not named:
        return [_payout("M-02", row, certain=False) for row in near]
    return [_payout("M-01", row, certain=len(named) == 1) for row in named]


def _describes(payout: Payout, words: str) -> bool:
    descriptor = payout.descriptor.strip().upper()
    return len(descriptor) >= SHORTEST_DESCRIPTOR and descriptor in words


def _payout(rule: str, payout: Payout, *, certain: bool) -> Suggestion:
    sentence = (
        f"Amount, day and text are those of payout {payout.stripe_payout_id}."
        if rule == "M-01"
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


def _pledges(session: ReadSession, line: BankLine) -> list[Suggestion]:
    """M-05 and M-06: a credit that names a pledge; certain when it is all that is open of it."""
    if line.amount <= 0:
        return []
    found = []
    references = find_references(f"{line.remittance} {line.end_to_end_id or ''}")
    for reference in references:
        pledge = pledge_by_reference(session, line.book_id, reference)
        if pledge is None or pledge.commodity != line.commodity:
            continue
        exact = open_quantity(session, pledge) == line.amount
        found.append(
            Suggestion(
                "M-05" if exact else "M-06",
                reference,
                certain=exact and len(references) == 1,
                sentence=(
                    f"The text names pledge {reference}, and the amount is what is open."
                    if exact
                    else f"The text names pledge {reference}; the amount differs from what is open."
                ),
                posts="transfer_received",
            )
        )
    return found


def _charges(line: BankLine) -> list[Suggestion]:
    """M-09: a small debit that the bank calls a charge."""
    if not -CHARGE_LIMIT <= line.amount < 0:
        return []
    coded = any(code in (line.code or "").upper() for code in CHARGE_CODES)
    words = line.remittance.lower()
    if not coded and not any(word in words for word in CHARGE_WORDS):
        return []
    sentence = "The bank calls this a charge." if coded else "The text speaks of a charge."
    return [Suggestion("M-09", "", certain=False, sentence=sentence, posts="bank_charge")]


def _entries(session: ReadSession, line: BankLine) -> list[Suggestion]:
    """Return entries that moved the account by this amount and are tied to no line yet."""
    total = func.sum(Posting.quantity)
    tied = select(Match.entry_id).where(Match.book_id == line.book_id)
    rows = session.execute(
        select(Posting.entry_id)
        .join(
            EntryRow,
            (EntryRow.book_id == Posting.book_id) & (EntryRow.id == Posting.entry_id),
        )
        .where(
            Posting.book_id == line.book_id,
            Posting.account == line.account,
            Posting.commodity == line.commodity,
            Posting.accounting_on >= shifted(line.booked_on, -WINDOW_DAYS),
            Posting.accounting_on <= shifted(line.booked_on, WINDOW_DAYS),
            Posting.entry_id.not_in(tied),
            EntryRow.source != "bank",
        )
        .group_by(Posting.entry_id)
        .having(total == line.amount)
        .limit(5)
    )
    return [
        Suggestion(
            "entry",
            str(entry_id),
            certain=False,
            sentence="An entry in the books moved the account by this amount.",
        )
        for (entry_id,) in rows
    ]
