"""Tie bank lines to what they mean: a payout, a pledge, a charge, an entry made before, or
money nobody knows yet. Every match posts or names exactly one entry; amounts in minor units.

Rules M-01, M-05, M-09 of domain section 9; only the certain ones act by themselves.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select

from ledger.core import bookkeeping
from ledger.core.entry import Entry
from ledger.core.reference import find_references
from ledger.db import ReadSession, Session
from ledger.errors import Conflict, Invalid, NotFound
from ledger.models.books import Book, Fund
from ledger.models.journal import Entry as EntryRow
from ledger.models.journal import Posting
from ledger.models.payments import Payout
from ledger.models.pledges import Pledge
from ledger.models.statements import BankLine, Match
from ledger.queries.books import fund_by_code
from ledger.queries.payments import payout_funds, payouts_in_transit
from ledger.queries.pledges import open_quantity, pledge_by_reference
from ledger.services import journal
from ledger.services.pledges import record_fulfilment, release_for

BANK = 1010
WINDOW = timedelta(days=6)
# Up to this, a debit that calls itself a charge is proposed as one; minor units.
CHARGE_LIMIT = 10_000
CHARGE_WORDS = ("fee", "charge", "commission")


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What a line could be: the rule, the object's id or reference, and whether it is certain."""

    rule: str
    target: str
    certain: bool


def suggestions(session: ReadSession, line: BankLine) -> list[Suggestion]:
    """Return what an open line could mean, the most certain first."""
    if line.state != "open":
        return []
    return [
        *_payouts(session, line),
        *_pledges(session, line),
        *_entries(session, line),
        *_charges(line),
    ]


def match_payout(
    session: Session, *, line_id: UUID, payout_id: str, by: UUID | None, now: datetime
) -> None:
    """Book the arrival of a payout (PO-2). Raises Conflict when amounts differ or it is done."""
    line = _open_line(session, line_id)
    payout = session.get(Payout, payout_id)
    if payout is None or payout.book_id != line.book_id:
        raise NotFound("There is no such payout in this book.", place="payout")
    if payout.bank_line_id is not None:
        raise Conflict("This payout has arrived already.", place="payout")
    if payout.amount != line.amount or payout.commodity != line.commodity:
        raise Conflict("The line and the payout differ in amount.", place="payout")
    entries = bookkeeping.payout_arrived(
        book=session.get_one(Book, line.book_id).code,
        currency=line.commodity,
        funds=payout_funds(session, payout_id),
        payout=payout_id,
    )
    entry_id = _post(session, line, entries, "payout_arrived", by, now)
    payout.bank_line_id = line.id
    _tie(session, line, entry_id, "M-01", by, now)


def match_pledge(
    session: Session, *, line_id: UUID, reference: str, by: UUID | None, now: datetime
) -> None:
    """Book a transfer for a pledge (M-05, M-06). Raises NotFound for no such pledge."""
    line = _open_line(session, line_id)
    pledge = _pledge(session, line, reference)
    released, receivable = release_for(session, pledge, line.amount)
    entries = bookkeeping.transfer_received(
        book=session.get_one(Book, line.book_id).code,
        fund=session.get_one(Fund, pledge.fund_id).code,
        currency=line.commodity,
        amount=line.amount,
        pledge=pledge.reference,
        released=released,
        receivable=receivable,
    )
    entry_id = _post(session, line, entries, "transfer_received", by, now)
    record_fulfilment(
        session,
        pledge=pledge,
        entry_id=entry_id,
        quantity=line.amount,
        source="bank_line",
        source_ref=str(line.id),
        now=now,
    )
    _tie(session, line, entry_id, "M-05", by, now)


def match_charge(
    session: Session, *, line_id: UUID, fund: str, by: UUID | None, now: datetime
) -> None:
    """Book a debit as what the bank charged (FEE-1)."""
    line = _open_line(session, line_id)
    if line.amount >= 0:
        raise Invalid("Only money going out can be a bank charge.", place="line")
    fund_by_code(session, line.book_id, fund)
    entries = bookkeeping.bank_charge(
        book=session.get_one(Book, line.book_id).code,
        fund=fund,
        currency=line.commodity,
        amount=-line.amount,
    )
    entry_id = _post(session, line, entries, "bank_charge", by, now)
    _tie(session, line, entry_id, "M-09", by, now)


def match_gift(
    session: Session, *, line_id: UUID, fund: str, by: UUID | None, now: datetime
) -> None:
    """Book a credit as a gift without a pledge to a fund."""
    line = _incoming(session, line_id)
    fund_by_code(session, line.book_id, fund)
    entries = bookkeeping.transfer_received(
        book=session.get_one(Book, line.book_id).code,
        fund=fund,
        currency=line.commodity,
        amount=line.amount,
    )
    entry_id = _post(session, line, entries, "transfer_received", by, now)
    _tie(session, line, entry_id, "gift", by, now)


def leave_unidentified(
    session: Session, *, line_id: UUID, fund: str, by: UUID | None, now: datetime
) -> None:
    """Book a credit as owed to somebody not known yet (OFF-3)."""
    line = _incoming(session, line_id)
    fund_by_code(session, line.book_id, fund)
    entries = bookkeeping.receipt_unidentified(
        book=session.get_one(Book, line.book_id).code,
        fund=fund,
        currency=line.commodity,
        amount=line.amount,
    )
    entry_id = _post(session, line, entries, "receipt_unidentified", by, now)
    _tie(session, line, entry_id, "unidentified", by, now)


def identify(
    session: Session, *, line_id: UUID, reference: str, by: UUID | None, now: datetime
) -> None:
    """Give a receipt in suspense to the pledge it was for (OFF-3)."""
    line = session.get(BankLine, line_id)
    if line is None:
        raise NotFound("There is no such line.", place="line")
    parked = session.scalar(
        select(Match).where(Match.bank_line_id == line_id, Match.rule == "unidentified")
    )
    done = session.scalar(
        select(Match.id).where(Match.bank_line_id == line_id, Match.rule == "identified")
    )
    if parked is None or done is not None:
        raise Conflict("This line does not wait to be identified.", place="line")
    pledge = _pledge(session, line, reference)
    parked_in = journal.load_entry(session, line.book_id, parked.entry_id).postings[0].fund
    released, receivable = release_for(session, pledge, line.amount)
    entries = bookkeeping.receipt_identified(
        book=session.get_one(Book, line.book_id).code,
        suspense_fund=parked_in,
        fund=session.get_one(Fund, pledge.fund_id).code,
        currency=line.commodity,
        amount=line.amount,
        pledge=pledge.reference,
        released=released,
        receivable=receivable,
    )
    entry_id = _post(session, line, entries, "receipt_identified", by, now)
    record_fulfilment(
        session,
        pledge=pledge,
        entry_id=entry_id,
        quantity=line.amount,
        source="bank_line",
        source_ref=str(line.id),
        now=now,
    )
    _tie(session, line, entry_id, "identified", by, now)


def match_entry(
    session: Session, *, line_id: UUID, entry_id: UUID, by: UUID | None, now: datetime
) -> None:
    """Tie a line to an entry that moved the bank account before; nothing is posted."""
    line = _open_line(session, line_id)
    if str(entry_id) not in {row.target for row in _entries(session, line)}:
        raise Conflict("This entry does not move the account by this amount.", place="entry")
    _tie(session, line, entry_id, "entry", by, now)


def auto_match(session: Session, *, book_id: UUID, now: datetime) -> int:
    """Match every open line of a book that has exactly one certain meaning; return how many."""
    lines = session.scalars(
        select(BankLine)
        .where(BankLine.book_id == book_id, BankLine.state == "open")
        .order_by(BankLine.booked_on, BankLine.position)
    ).all()
    matched = 0
    for line in lines:
        certain = [row for row in suggestions(session, line) if row.certain]
        if len(certain) != 1:
            continue
        if certain[0].rule == "M-01":
            match_payout(session, line_id=line.id, payout_id=certain[0].target, by=None, now=now)
        else:
            match_pledge(session, line_id=line.id, reference=certain[0].target, by=None, now=now)
        matched += 1
    return matched


def auto_match_all(session: Session, *, now: datetime) -> int:
    """Match what is certain in every book that has open lines; return how many."""
    waiting = session.scalars(
        select(BankLine.book_id).where(BankLine.state == "open").distinct()
    ).all()
    return sum(auto_match(session, book_id=book_id, now=now) for book_id in waiting)


def _payouts(session: ReadSession, line: BankLine) -> list[Suggestion]:
    if line.amount <= 0:
        return []
    words = f"{line.remittance} {line.bank_reference or ''} {line.counterparty_name or ''}".upper()
    near = [
        row
        for row in payouts_in_transit(session, book_id=line.book_id)
        if row.amount == line.amount
        and row.commodity == line.commodity
        and abs(row.arrival_on - line.booked_on) <= WINDOW
    ]
    named = [
        row
        for row in near
        if (row.trace and row.trace.upper() in words) or row.descriptor.upper() in words
    ]
    if named:
        return [Suggestion("M-01", row.stripe_payout_id, certain=len(named) == 1) for row in named]
    return [Suggestion("M-02", row.stripe_payout_id, certain=False) for row in near]


def _pledges(session: ReadSession, line: BankLine) -> list[Suggestion]:
    if line.amount <= 0:
        return []
    found = []
    for reference in find_references(f"{line.remittance} {line.end_to_end_id or ''}"):
        pledge = pledge_by_reference(session, line.book_id, reference)
        if pledge is not None and pledge.commodity == line.commodity:
            exact = open_quantity(session, pledge) == line.amount
            found.append(Suggestion("M-05" if exact else "M-06", reference, certain=exact))
    return found


def _charges(line: BankLine) -> list[Suggestion]:
    words = line.remittance.lower()
    if -CHARGE_LIMIT <= line.amount < 0 and any(word in words for word in CHARGE_WORDS):
        return [Suggestion("M-09", "", certain=False)]
    return []


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
            Posting.accounting_on >= line.booked_on - WINDOW,
            Posting.accounting_on <= line.booked_on + WINDOW,
            Posting.entry_id.not_in(tied),
            EntryRow.source != "bank",
        )
        .group_by(Posting.entry_id)
        .having(total == line.amount)
        .limit(5)
    )
    return [Suggestion("entry", str(entry_id), certain=False) for (entry_id,) in rows]


def _pledge(session: ReadSession, line: BankLine, reference: str) -> Pledge:
    if line.amount <= 0:
        raise Invalid("Only money coming in fulfils a pledge.", place="line")
    pledge = pledge_by_reference(session, line.book_id, reference.strip().upper())
    if pledge is None or pledge.commodity != line.commodity:
        raise Invalid("This book has no pledge of money with this reference.", place="reference")
    return pledge


def _open_line(session: ReadSession, line_id: UUID) -> BankLine:
    line = session.get(BankLine, line_id)
    if line is None:
        raise NotFound("There is no such line.", place="line")
    if line.state != "open":
        raise Conflict("This line is matched already.", place="line")
    return line


def _incoming(session: ReadSession, line_id: UUID) -> BankLine:
    line = _open_line(session, line_id)
    if line.amount <= 0:
        raise Invalid("Only money coming in can be a gift.", place="line")
    return line


def _post(
    session: Session,
    line: BankLine,
    entries: list[Entry],
    event_type: str,
    by: UUID | None,
    now: datetime,
) -> UUID:
    if line.account != BANK:
        raise Conflict("Lines of this account are matched to entries made before.", place="line")
    return journal.post(
        session,
        entries,
        event_type=event_type,
        source="bank",
        external_ref=str(line.id),
        accounting_on=line.booked_on,
        now=now,
        made_by=by,
    ).ids[0]


def _tie(
    session: Session, line: BankLine, entry_id: UUID, rule: str, by: UUID | None, now: datetime
) -> None:
    session.add(
        Match(
            book_id=line.book_id,
            bank_line_id=line.id,
            entry_id=entry_id,
            rule=rule,
            made_by=by,
            made_at=now,
        )
    )
    line.state = "matched"
    session.flush()
