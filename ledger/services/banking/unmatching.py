"""Undo a match: the line waits again, and what its match had booked is reversed.

The exact opposite is booked on the day of the entry, or on the first day that is open; the match
stays on record with who undid it and why. What rests on the money is undone first.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from ledger.core.accounts import Acct
from ledger.core.amount import plain_text
from ledger.core.bounds import LONGEST_TEXT, check_text
from ledger.core.entry import Entry as CoreEntry
from ledger.core.vocabulary import FulfilmentSource
from ledger.db import ReadSession, Session
from ledger.errors import Conflict, Invalid
from ledger.models.books import Book
from ledger.models.journal import Entry
from ledger.models.payments import Payout
from ledger.models.pledges import Fulfilment, Pledge
from ledger.models.statements import BankLinePart, LineState, Match, MatchRule
from ledger.queries.books.books import fund_by_code
from ledger.queries.books.funds import on_account, spendable
from ledger.queries.payments.owed_refunds import owed_of_entry
from ledger.services.accounting.fund_control import lock_fund
from ledger.services.banking import repayments
from ledger.services.banking.deposits import stands_again
from ledger.services.banking.items import Item, item_by_id, join_again, mark_parked
from ledger.services.banking.suggestions import FAILED
from ledger.services.books import journal
from ledger.services.pledges.pledges import record_fulfilment, restate
from ledger.services.pledges.reopening import can_reopen

# Rules whose match posted nothing: the entry was there before, or is the step of an agreement and
# is undone with the agreement.
POSTED_NOTHING = (MatchRule.ENTRY, MatchRule.BILL, MatchRule.EXPENSE, MatchRule.GRANT)


def last_match(session: ReadSession, item: Item) -> Match | None:
    """Return the match of a line or payment that is undone first, None when none holds."""
    return session.scalar(
        select(Match)
        .where(
            Match.bank_line_id == item.line.id,
            Match.part_id.is_(None) if item.part is None else Match.part_id == item.part.id,
            Match.holds(),
        )
        .order_by(Match.made_at.desc(), Match.id.desc())
        .limit(1)
    )


def undoing(session: ReadSession, *, line_id: UUID) -> tuple[Item, Match, CoreEntry | None]:
    """Return what undoing the last match of a line or payment would do: the item, the match, and
    the entry that would be booked, None where nothing would.

    Raises NotFound, and Conflict with the reason when it cannot be undone.
    """
    item = item_by_id(session, line_id)
    match = last_match(session, item)
    if match is None:
        raise Conflict("This line has not been matched.", place="line")
    if match.rule in POSTED_NOTHING:
        return item, match, None
    if _was_moved(session, match):
        raise Conflict(
            "This entry has since been moved to another fund. Undo the entry that stands there.",
            place="line",
        )
    if owed_of_entry(session, book_id=match.book_id, entry_id=match.entry_id):
        raise Conflict(
            "This contribution is owed back to its donor. Undo that entry first.", place="line"
        )
    _check_payout(session, match)
    for row, pledge in _made_good(session, match):
        if row.quantity > 0 and not can_reopen(pledge):
            raise Conflict(
                "The pledge has since ended or depends on its campaign, so this payment "
                "stays. Refund the money, or move it to another fund.",
                place="line",
            )
        if row.quantity > _still_given(session, pledge):
            raise Conflict("Part of this contribution has since been refunded.", place="line")
    return item, match, journal.load_entry(session, match.book_id, match.entry_id).reversed()


def undo_match(session: Session, *, line_id: UUID, reason: str, by: UUID, now: datetime) -> None:
    """Undo the last match of a line or payment. ``line_id`` is either's.

    Raises Invalid without a reason, and as ``undoing``; Conflict when the money is not there any
    more.
    """
    if not reason.strip():
        raise Invalid("Enter what was wrong.", place="why")
    check_text(reason, longest=LONGEST_TEXT, place="why")
    item, match, opposite = undoing(session, line_id=line_id)
    if opposite is not None:
        _take_back(session, item, match, opposite, by, now)
    release(session, match, reason=reason, by=by, now=now)


def release(session: Session, match: Match, *, reason: str, by: UUID | None, now: datetime) -> None:
    """Note that a match was undone, and let its line or payment wait again where no other holds.

    Nothing is booked: whoever reverses the entry calls this with it.
    """
    item = item_by_id(session, match.part_id or match.bank_line_id)
    match.undone_by, match.undone_at, match.undone_reason = by, now, reason.strip()
    mark_parked(session, item.line)
    if last_match(session, item) is None:
        _open(session, item, now)


def _was_moved(session: ReadSession, match: Match) -> bool:
    """Tell whether the entry of a match was reversed by a correction, which booked it anew."""
    found = select(Entry.id).where(Entry.book_id == match.book_id, Entry.reverses == match.entry_id)
    return session.scalar(found) is not None


def _take_back(
    session: Session, item: Item, match: Match, opposite: CoreEntry, by: UUID, now: datetime
) -> None:
    named = {fund_by_code(session, match.book_id, leg.fund).id for leg in opposite.postings}
    funds = {fund.code: fund for fund in [lock_fund(session, key) for key in sorted(named)]}
    had = {fund.id: spendable(session, fund) for fund in funds.values()}
    reversal = journal.reverse(
        session,
        book_id=match.book_id,
        entry_id=match.entry_id,
        accounting_on=item.booked_on,
        now=now,
        made_by=by,
    ).ids[0]
    for fund in funds.values():
        # The bank account itself may seem overdrawn meanwhile: the line waits, the money is there.
        left = spendable(session, fund)
        if left < min(0, had[fund.id]) and not fund.negative_allowed:
            raise Conflict(
                "The fund {fund} no longer holds this money, because it has since been spent: "
                "{missing} are missing.",
                place="line",
                fund=fund.name or fund.code,
                missing=plain_text(-left, session.get_one(Book, fund.book_id).commodity),
            )
        if on_account(session, fund, Acct.TAX_RECLAIM_RECEIVABLE) < 0:
            raise Conflict("The tax on this contribution has since been reclaimed.", place="line")
    for row, pledge in _made_good(session, match):
        if row.quantity < 0:
            # A repayment opened nothing, so undoing it makes nothing good; a cheque that was not
            # returned after all does.
            session.delete(row)
            session.flush()
            restate(session, pledge)
            continue
        record_fulfilment(
            session,
            pledge=pledge,
            entry_id=reversal,
            quantity=-row.quantity,
            source=FulfilmentSource.UNDONE,
            source_ref=str(match.id),
            now=now,
        )
    repayments.owe_again(session, match, opposite)
    if match.rule == MatchRule.RETURNED_CHEQUE:
        stands_again(session, book_id=match.book_id, entry_id=match.entry_id)
    payout = _payout_of(session, match)
    if payout is not None:
        payout.bank_line_id = None


def _made_good(session: ReadSession, match: Match) -> Sequence[tuple[Fulfilment, Pledge]]:
    """Return what the entry of a match made good, with the pledges."""
    rows = session.execute(
        select(Fulfilment, Pledge)
        .join(Pledge, Pledge.id == Fulfilment.pledge_id)
        .where(Fulfilment.book_id == match.book_id, Fulfilment.entry_id == match.entry_id)
    )
    return [(row, pledge) for row, pledge in rows]


def _still_given(session: ReadSession, pledge: Pledge) -> int:
    """Return what came for a pledge and was not given back, in its smallest unit."""
    rows = session.scalars(select(Fulfilment.quantity).where(Fulfilment.pledge_id == pledge.id))
    return sum(rows)


def _payout_of(session: ReadSession, match: Match) -> Payout | None:
    if match.rule != MatchRule.PAYOUT:
        return None
    return session.scalar(select(Payout).where(Payout.bank_line_id == match.bank_line_id))


def _check_payout(session: ReadSession, match: Match) -> None:
    payout = _payout_of(session, match)
    if payout is not None and payout.state in FAILED:
        raise Conflict(
            "Stripe has reversed this payout, so its arrival cannot be undone.", place="line"
        )


def _open(session: Session, item: Item, now: datetime) -> None:
    """Let a line or payment wait again; with a whole line all its payments do, and what a
    treasurer split is one again with its last part."""
    item.line.state = LineState.OPEN
    if item.part is not None:
        item.part.state = LineState.OPEN
    else:
        for part in session.scalars(
            select(BankLinePart).where(
                BankLinePart.bank_line_id == item.line.id, BankLinePart.stands()
            )
        ):
            part.state = LineState.OPEN
    session.flush()
    join_again(session, item, now)
