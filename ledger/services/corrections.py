"""Corrections: an entry is reversed and booked again as it should have been (COR-1)."""

from collections.abc import Mapping
from datetime import date, datetime
from uuid import UUID

from ledger.core import bookkeeping
from ledger.db import Session
from ledger.errors import Conflict, Invalid, NotFound
from ledger.models.journal import Entry
from ledger.models.proposals import Proposal
from ledger.queries.books import fund_by_code
from ledger.services import journal
from ledger.services.proposals import propose

# Entries that mirror another book cannot be corrected in one book alone.
SHARED = (1300, 1350, 2350)


def propose_correction(
    session: Session,
    *,
    book_id: UUID,
    entry_id: UUID,
    fund_map: Mapping[str, str],
    reason: str,
    made_by: UUID,
    now: datetime,
) -> Proposal:
    """Ask to move an entry's legs to other funds. Raises Invalid where that makes no sense."""
    entry = session.get(Entry, (book_id, entry_id))
    if entry is None:
        raise NotFound("There is no such entry in this book.", place="entry")
    if entry.reverses is not None:
        raise Invalid("A reversal is not corrected.", place="from_fund")
    wrong = journal.load_entry(session, book_id, entry_id)
    for fund in fund_map.values():
        try:
            fund_by_code(session, book_id, fund)
        except NotFound as error:
            raise Invalid(error.message, place="to_fund") from error
    if any(old == new for old, new in fund_map.items()):
        raise Invalid("These are the same fund.", place="to_fund")
    if any(leg.account in SHARED for leg in wrong.postings):
        raise Invalid(
            "This entry is mirrored in another book and cannot be moved alone.", place="from_fund"
        )
    bookkeeping.rebooked(wrong, fund_map=fund_map)
    return propose(
        session,
        book_id=book_id,
        kind="correction",
        title="Move an entry to another fund",
        reason=reason,
        arguments={"entry": str(entry_id), "funds": dict(fund_map)},
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
    """Reverse the entry and book it again; return the new entry. Raises as ``reverse``."""
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
    posted = journal.post(
        session,
        bookkeeping.rebooked(wrong, fund_map=fund_map),
        event_type=original.event_type,
        source="correction",
        external_ref=str(entry_id),
        accounting_on=on,
        now=now,
        made_by=made_by,
        approved_by=approved_by,
    )
    if posted.duplicates:
        raise Conflict("This entry was corrected already.", place="entry")
    return posted.ids[0]
