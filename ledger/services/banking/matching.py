"""Tie bank lines to what they mean: a payout, a pledge, a charge, an entry made before, or
money nobody knows yet. Every match posts or names exactly one entry; amounts in minor units.

Rules M-01, M-05, M-09 of domain section 9; only the certain ones act by themselves. A match is
never edited, and a line is matched once: whole, or each payment of a batch by itself. ``line_id``
is a line's or such a payment's. Must not write the journal but through ``journal.post``.
"""

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from ledger.core import bookkeeping
from ledger.core.accounts import Acct
from ledger.core.entry import Entry
from ledger.core.reference import clean
from ledger.core.vocabulary import FulfilmentSource, LegalNature
from ledger.db import ReadSession, Session
from ledger.errors import Conflict, Invalid, NotFound
from ledger.models.books import Book, Fund
from ledger.models.payments import Payout
from ledger.models.pledges import Pledge
from ledger.models.statements import BankLine, LineState, Match, MatchRule
from ledger.queries.banking.deposits import banked
from ledger.queries.books.books import fund_by_code
from ledger.queries.payments.payments import payout_funds
from ledger.queries.payments.stripe_balance import general_fund
from ledger.queries.pledges.pledges import pledge_by_reference
from ledger.services.banking.deposits import ReturnedCheque, bounce_cheque
from ledger.services.banking.items import (
    Item,
    item_by_id,
    items_of,
    open_item,
    reference_of,
    tie,
    were_undone,
)
from ledger.services.banking.suggestions import (
    FAILED,
    Suggestion,
    suggestions,
    suggestions_for,
)
from ledger.services.books import journal
from ledger.services.pledges.goals import waits_for_goal
from ledger.services.pledges.pledges import record_fulfilment, release_for

__all__ = [
    "Suggestion",
    "auto_match",
    "auto_match_all",
    "identify",
    "leave_unidentified",
    "match_charge",
    "match_entry",
    "match_gift",
    "match_payout",
    "match_pledge",
    "match_returned_cheque",
    "register_automatic",
    "suggestions",
    "suggestions_for",
]

_automatic: list[Callable[[Session, UUID, datetime], int]] = []
# Lines whose meanings are looked up together.
AT_ONCE = 200


def match_payout(
    session: Session, *, line_id: UUID, payout_id: str, by: UUID | None, now: datetime
) -> None:
    """Book the arrival of a payout (PO-2). Raises Conflict when amounts differ or it is done."""
    line = open_item(session, line_id)
    if line.part is not None:
        raise Conflict(
            "A payout can only be matched to a whole line, not to part of one.", place="payout"
        )
    payout = session.get(Payout, payout_id)
    if payout is None or payout.book_id != line.book_id:
        raise NotFound("This book has no such payout.", place="payout")
    if payout.bank_line_id is not None:
        raise Conflict("This payout has already arrived.", place="payout")
    if payout.state in FAILED:
        raise Conflict("Stripe reports that this payout failed.", place="payout")
    if payout.amount != line.amount or payout.commodity != line.commodity:
        raise Conflict("The amounts of the line and the payout differ.", place="payout")
    funds = payout_funds(session, payout_id)
    if sum(funds.values()) != line.amount:
        raise Conflict("The books do not show this payout as in transit.", place="payout")
    entries = bookkeeping.payout_arrived(
        book=session.get_one(Book, line.book_id).code,
        currency=line.commodity,
        funds=funds,
        payout=payout_id,
    )
    entry_id = post_line(session, line, entries, "payout_arrived", by, now)
    payout.bank_line_id = line.line.id
    tie(session, line, entry_id, MatchRule.PAYOUT, by, now)


def match_pledge(
    session: Session, *, line_id: UUID, reference: str, by: UUID | None, now: datetime
) -> None:
    """Book a transfer for a pledge (M-05, M-06); for a campaign that must still reach its goal it
    is held until then (PAY-13). Raises NotFound for no such pledge."""
    line = open_item(session, line_id)
    pledge = _pledge(session, line, reference)
    is_sponsor = pledge.legal_nature == LegalNature.CONDITIONAL and pledge.campaign_id is None
    released, receivable = release_for(session, pledge, line.amount)
    entries = bookkeeping.transfer_received(
        book=session.get_one(Book, line.book_id).code,
        fund=session.get_one(Fund, pledge.fund_id).code,
        currency=line.commodity,
        amount=line.amount,
        fulfilled=bookkeeping.Fulfilled(
            pledge=pledge.reference, released=released, receivable=receivable
        ),
        held=waits_for_goal(session, pledge),
    )
    entry_id = post_line(session, line, entries, "transfer_received", by, now)
    record_fulfilment(
        session,
        pledge=pledge,
        entry_id=entry_id,
        # More than what a matching sponsor owes is a gift and matches nothing (PLG-15).
        quantity=receivable if is_sponsor else line.amount,
        source=FulfilmentSource.BANK_LINE,
        source_ref=reference_of(session, line),
        now=now,
    )
    tie(session, line, entry_id, MatchRule.PLEDGE, by, now)


def match_charge(
    session: Session, *, line_id: UUID, fund: str, by: UUID | None, now: datetime
) -> None:
    """Book a debit as what the bank charged (FEE-1)."""
    line = open_item(session, line_id)
    if line.amount >= 0:
        raise Invalid("Only outgoing money can be a bank charge.", place="line")
    fund_by_code(session, line.book_id, fund)
    entries = bookkeeping.bank_charge(
        book=session.get_one(Book, line.book_id).code,
        fund=fund,
        currency=line.commodity,
        amount=-line.amount,
    )
    entry_id = post_line(session, line, entries, "bank_charge", by, now)
    tie(session, line, entry_id, MatchRule.BANK_CHARGE, by, now)


def match_returned_cheque(
    session: Session, *, line_id: UUID, item_id: UUID, by: UUID, now: datetime
) -> None:
    """Book that the bank took back one item of a deposit (OFF-2); what the line is above it was
    the bank's charge. Raises Conflict for less than the item, and as ``bounce_cheque`` does."""
    line = open_item(session, line_id)
    cheque = next((one for one in banked(session, book_id=line.book_id) if one.id == item_id), None)
    if cheque is None or cheque.commodity != line.commodity:
        raise Conflict(
            "No deposited cheque with this name is waiting to be matched.", place="entry"
        )
    charge = -line.amount - cheque.amount
    if charge < 0:
        raise Conflict("The bank took back less than the amount of this cheque.", place="amount")
    if line.account != Acct.BANK:
        raise Conflict(
            "Lines of this account can only be matched to existing journal entries.", place="line"
        )
    book = session.get_one(Book, line.book_id)
    entry_id = bounce_cheque(
        session,
        cheque=ReturnedCheque(entry_id=item_id, charge=charge),
        book=book,
        general_fund=general_fund(session, book),
        by=by,
        on=line.booked_on,
        now=now,
    )
    tie(session, line, entry_id, MatchRule.RETURNED_CHEQUE, by, now)


def match_gift(
    session: Session, *, line_id: UUID, fund: str, by: UUID | None, now: datetime
) -> None:
    """Book a credit as a gift without a pledge to a fund."""
    line = open_incoming(session, line_id)
    fund_by_code(session, line.book_id, fund)
    entries = bookkeeping.transfer_received(
        book=session.get_one(Book, line.book_id).code,
        fund=fund,
        currency=line.commodity,
        amount=line.amount,
    )
    entry_id = post_line(session, line, entries, "transfer_received", by, now)
    tie(session, line, entry_id, MatchRule.GIFT, by, now)


def leave_unidentified(
    session: Session, *, line_id: UUID, fund: str, by: UUID | None, now: datetime
) -> None:
    """Book a credit as owed to somebody not known yet (OFF-3)."""
    line = open_incoming(session, line_id)
    fund_by_code(session, line.book_id, fund)
    entries = bookkeeping.receipt_unidentified(
        book=session.get_one(Book, line.book_id).code,
        fund=fund,
        currency=line.commodity,
        amount=line.amount,
    )
    entry_id = post_line(session, line, entries, "receipt_unidentified", by, now)
    tie(session, line, entry_id, MatchRule.UNIDENTIFIED, by, now)


def identify(
    session: Session, *, line_id: UUID, reference: str, by: UUID | None, now: datetime
) -> None:
    """Give a receipt in suspense to the pledge it was for (OFF-3)."""
    line = item_by_id(session, line_id)
    ties = session.scalars(
        select(Match).where(
            Match.bank_line_id == line.line.id,
            Match.part_id.is_(None) if line.part is None else Match.part_id == line.part.id,
            Match.holds(),
        )
    )
    made = {match.rule: match.entry_id for match in ties}
    if MatchRule.UNIDENTIFIED not in made or MatchRule.IDENTIFIED in made:
        raise Conflict("This line is not waiting to be identified.", place="line")
    pledge = _pledge(session, line, reference)
    parked_in = (
        journal.load_entry(session, line.book_id, made[MatchRule.UNIDENTIFIED]).postings[0].fund
    )
    released, receivable = release_for(session, pledge, line.amount)
    entries = bookkeeping.receipt_identified(
        book=session.get_one(Book, line.book_id).code,
        suspense_fund=parked_in,
        fund=session.get_one(Fund, pledge.fund_id).code,
        currency=line.commodity,
        amount=line.amount,
        fulfilled=bookkeeping.Fulfilled(
            pledge=pledge.reference, released=released, receivable=receivable
        ),
        held=waits_for_goal(session, pledge),
    )
    entry_id = post_line(session, line, entries, "receipt_identified", by, now)
    record_fulfilment(
        session,
        pledge=pledge,
        entry_id=entry_id,
        quantity=line.amount,
        source=FulfilmentSource.BANK_LINE,
        source_ref=reference_of(session, line),
        now=now,
    )
    tie(session, line, entry_id, MatchRule.IDENTIFIED, by, now)


def match_entry(
    session: Session, *, line_id: UUID, entry_id: UUID, by: UUID | None, now: datetime
) -> None:
    """Tie a line to an entry that moved the bank account before; nothing is posted."""
    line = open_item(session, line_id)
    fitting = {
        row.target
        for row in suggestions_for(session, [line])[line.id]
        if row.rule == MatchRule.ENTRY
    }
    if str(entry_id) not in fitting:
        raise Conflict(
            "This journal entry does not change the account by this amount.", place="entry"
        )
    tie(session, line, entry_id, MatchRule.ENTRY, by, now)


def auto_match(session: Session, *, book_id: UUID, now: datetime) -> int:
    """Match every open line and payment of a book that has exactly one certain meaning; return
    how many. What is interim waits for the statement that confirms it, and what somebody undid for
    somebody."""
    lines = session.scalars(
        select(BankLine)
        .where(
            BankLine.book_id == book_id,
            BankLine.state == LineState.OPEN,
            BankLine.account == Acct.BANK,
            BankLine.interim.is_(False),
        )
        .order_by(BankLine.booked_on, BankLine.position, BankLine.id)
    ).all()
    certain: list[tuple[Item, Suggestion]] = []
    for start in range(0, len(lines), AT_ONCE):
        here = lines[start : start + AT_ONCE]
        undone = were_undone(session, here)
        items = items_of(session, [line for line in here if line.id not in undone])
        ideas = suggestions_for(session, items)
        for item in items:
            found = [row for row in ideas[item.id] if row.certain]
            if len(found) == 1:
                certain.append((item, found[0]))
    # Two lines that both look like one payout or one pledge are a question for somebody.
    claims = Counter((row.rule, row.target) for _item, row in certain)
    matched = 0
    for item, row in certain:
        if claims[row.rule, row.target] > 1:
            continue
        if row.rule == MatchRule.PAYOUT:
            match_payout(session, line_id=item.id, payout_id=row.target, by=None, now=now)
        else:
            match_pledge(session, line_id=item.id, reference=row.target, by=None, now=now)
        matched += 1
    return matched + sum(more(session, book_id, now) for more in _automatic)


def register_automatic(match: Callable[[Session, UUID, datetime], int]) -> None:
    """Let another capability match lines of a book by itself, behind what is certain here."""
    _automatic.append(match)


def auto_match_all(session: Session, *, now: datetime) -> int:
    """Match what is certain in every book that has open lines; return how many."""
    waiting = session.scalars(
        select(BankLine.book_id).where(BankLine.state == LineState.OPEN).distinct()
    ).all()
    return sum(auto_match(session, book_id=book_id, now=now) for book_id in waiting)


def _pledge(session: ReadSession, line: Item, reference: str) -> Pledge:
    if line.amount <= 0:
        raise Invalid("Only incoming money can fulfil a pledge.", place="line")
    pledge = pledge_by_reference(session, line.book_id, clean(reference) or reference.strip())
    if pledge is None or pledge.commodity != line.commodity:
        raise Invalid("This book has no pledge of money with this reference.", place="reference")
    return pledge


def open_incoming(session: ReadSession, line_id: UUID) -> Item:
    """Return a line or payment that came in and is not matched yet. Raises NotFound, Conflict."""
    line = open_item(session, line_id)
    if line.amount <= 0:
        raise Invalid("Only incoming money can be a contribution.", place="line")
    return line


def post_line(
    session: Session,
    line: Item,
    entries: list[Entry],
    event_type: str,
    by: UUID | None,
    now: datetime,
) -> UUID:
    """Post what a line means and return its entry. Raises Conflict for another bank account."""
    if line.account != Acct.BANK:
        raise Conflict(
            "Lines of this account can only be matched to existing journal entries.", place="line"
        )
    return journal.post(
        session,
        entries,
        event_type=event_type,
        source="bank",
        external_ref=reference_of(session, line),
        accounting_on=line.booked_on,
        now=now,
        made_by=by,
    ).ids[0]
