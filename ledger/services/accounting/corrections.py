"""Corrections: an entry is reversed and booked again in the fund where it should have been (COR-1).

What should not be there at all is undone, with what rests on it: ``services.undoing``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from ledger.core import bookkeeping
from ledger.core.accounts import Acct
from ledger.core.approval_rules import entry_amount
from ledger.core.entry import Entry as CoreEntry
from ledger.db import ReadSession, Session
from ledger.errors import Conflict, Invalid, NotFound
from ledger.models.approval_requests import ApprovalRequest
from ledger.models.books import Book
from ledger.models.journal import Entry
from ledger.queries.books.books import book_by_code, fund_by_code
from ledger.queries.payments.payments import FOLLOWED
from ledger.services.approvals.registry import ApprovalKind, Decision, register
from ledger.services.approvals.requests import propose
from ledger.services.books import journal
from ledger.services.books.money_trail import deposit_item, moved_on

CORRECTION = "correction"
# Entries that mirror another book cannot be corrected in one book alone.
SHARED = (Acct.INTER_COMMUNITY, Acct.INTEREST_IN_POOL, Acct.REFUNDABLE_CONTRIBUTIONS)


@dataclass(frozen=True, slots=True)
class CorrectionAsked:
    """An entry whose legs belong to other funds; ``funds`` maps codes, the wrong to the right.

    ``amount`` is what the entry moves, in minor units; requests of before the rules by amount
    carry none.
    """

    entry: UUID
    funds: Mapping[str, str]
    amount: int | None = None


def propose_correction(
    session: Session,
    *,
    book_id: UUID,
    entry_id: UUID,
    fund_map: Mapping[str, str],
    reason: str,
    made_by: UUID,
    now: datetime,
) -> ApprovalRequest:
    """Ask to move an entry's legs to other funds. Raises Invalid where that makes no sense."""
    entry = session.get(Entry, (book_id, entry_id))
    if entry is None:
        raise NotFound("This book has no such journal entry.", place="entry")
    if entry.reverses is not None:
        raise Invalid("A reversal cannot be corrected.", place="from_fund")
    wrong = journal.load_entry(session, book_id, entry_id)
    for fund in fund_map.values():
        try:
            fund_by_code(session, book_id, fund)
        except NotFound as error:
            raise Invalid(error.message, place="to_fund") from error
    if any(old == new for old, new in fund_map.items()):
        raise Invalid("Choose a different fund.", place="to_fund")
    if any(leg.account in SHARED for leg in wrong.postings):
        raise Invalid(
            "This journal entry has a counterpart in another book, so it cannot be moved on "
            "its own.",
            place="from_fund",
        )
    bookkeeping.rebooked(wrong, fund_map=fund_map)
    return propose(
        session,
        book_id=book_id,
        kind=CORRECTION,
        title="Move an entry to another fund",
        reason=reason,
        payload=CorrectionAsked(entry_id, fund_map, _amount_of(session, book_id, entry_id)),
        made_by=made_by,
        now=now,
    )


def apply_correction(
    session: Session,
    *,
    book_id: UUID,
    entry_id: UUID,
    fund_map: Mapping[str, str],
    on: date,
    now: datetime,
    made_by: UUID,
    approved_by: UUID,
) -> UUID:
    """Reverse the entry and book it again; return the new entry. Money that has moved on since
    changes its fund where it is now. Raises as ``reverse``."""
    wrong = journal.load_entry(session, book_id, entry_id)
    original = session.get_one(Entry, (book_id, entry_id))
    journal.reverse(
        session,
        book_id=book_id,
        entry_id=entry_id,
        accounting_on=on,
        now=now,
        made_by=made_by,
        approved_by=approved_by,
    )
    approved = journal.Approved(made_by, by=approved_by)
    posted = journal.post(
        session,
        bookkeeping.rebooked(wrong, fund_map=fund_map),
        event_type=original.event_type,
        source="correction",
        external_ref=str(entry_id),
        accounting_on=on,
        now=now,
        made_by=approved,
    )
    if posted.duplicates:
        raise Conflict("This journal entry has already been corrected.", place="entry")
    _follow(session, entry_id, posted.ids[0], wrong, fund_map, on, now, approved)
    return posted.ids[0]


def _follow(
    session: Session,
    entry_id: UUID,
    new_id: UUID,
    wrong: CoreEntry,
    fund_map: Mapping[str, str],
    on: date,
    now: datetime,
    approved: journal.Approved,
) -> None:
    book = book_by_code(session, wrong.book)
    moved = moved_on(session, book=book, entry_id=entry_id, entry=wrong, funds=set(fund_map))
    entries = bookkeeping.money_followed(book=book.code, moved=moved, fund_map=fund_map)
    if entries:
        journal.post(
            session,
            entries,
            event_type=FOLLOWED,
            source="correction",
            external_ref=str(entry_id),
            accounting_on=on,
            now=now,
            made_by=approved,
        )
    item = deposit_item(session, book_id=book.id, entry_id=entry_id)
    if item is not None:
        # The count that bounces later is the one in the right fund.
        item.count_entry_id = new_id
        session.flush()


def _amount_of(session: ReadSession, book_id: UUID, entry_id: UUID) -> int:
    """Return what an entry moves in its book's currency, minor units, for the rule of approvals."""
    legs = journal.load_entry(session, book_id, entry_id).postings
    return entry_amount(
        ((leg.account, leg.commodity, leg.quantity) for leg in legs),
        session.get_one(Book, book_id).commodity,
    )


def _approve(
    session: Session,
    approval_request: ApprovalRequest,
    payload: CorrectionAsked,
    decision: Decision,
) -> None:
    apply_correction(
        session,
        book_id=approval_request.book_id,
        entry_id=payload.entry,
        fund_map=payload.funds,
        on=decision.on,
        now=decision.now,
        made_by=approval_request.made_by,
        approved_by=decision.by,
    )


register(ApprovalKind(CORRECTION, CorrectionAsked, _approve))
