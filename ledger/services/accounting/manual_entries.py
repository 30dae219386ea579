"""Manual entries: legs that a person wrote or sent by a program, posted when another approves.

What the services of events post is theirs alone: their event types, the accounts they keep row by
row, and every account that names another book, whose two sides are written together. What is
left obeys what people obey: the fund's money, its purpose, and the days that are open.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func, select

from ledger.core.accounts import CASH_LIKE
from ledger.core.days import day_in
from ledger.core.entry import Entry, Posting
from ledger.core.fitting_accounts import Use, check_fits
from ledger.core.functions import FUNCTIONS
from ledger.core.payloads import to_document
from ledger.core.vocabulary import AccountKind, BookKind, FundClass, RequestState
from ledger.core.written import format_day
from ledger.db import ReadSession, Session
from ledger.errors import Conflict, Invalid
from ledger.models.approval_requests import ApprovalRequest
from ledger.models.books import Account, Book, Commodity, Fund
from ledger.models.journal import Entry as EntryRow
from ledger.queries.accounting.periods import closed_until
from ledger.queries.books.books import accounts_of, funds_of
from ledger.queries.books.funds import OWED
from ledger.services.accounting.fund_control import hold
from ledger.services.approvals.registry import ApprovalKind, Decision, register
from ledger.services.approvals.requests import propose
from ledger.services.books import journal
from ledger.services.books.books import check_own_fund

KIND = "manual_entry"
SOURCE = "api"
# Every other event type belongs to a service, and some excuse what a manual entry may not do.
EVENT_TYPES = ("manual", "till", "payroll", "accrual")
WITHOUT_REASON = "Sent by a program."
# Who writes both books of what one community owes, gave or lent another.
BOTH_SIDES = (
    "Account {} names another community; transfers, pools, cost sharing and loans of things "
    "write it in both books at once."
)
COST = AccountKind.EXPENSE


@dataclass(frozen=True, slots=True)
class Leg:
    """One leg that a person wrote: debit positive, in the smallest unit."""

    account: int
    fund: str
    commodity: str
    quantity: int
    function: str | None


@dataclass(frozen=True, slots=True)
class ManualEntry:
    """An entry that is to be posted, and what its sender calls it."""

    event_type: str
    external_ref: str
    accounting_date: date
    postings: tuple[Leg, ...]


def propose_entry(
    session: Session,
    *,
    book: Book,
    asked: ManualEntry,
    reason: str,
    made_by: UUID,
    now: datetime,
) -> tuple[ApprovalRequest, bool]:
    """Ask an approver to post an entry; return the proposal and whether it was there already.

    Quantities in the smallest unit, debit positive. (event_type, external_ref) identifies an entry
    that is not rejected: told again with the same legs and day it is the same proposal. Raises
    Invalid naming the field, and Conflict for a reference of something else, a closed day, or a
    fund that has less.
    """
    if asked.event_type not in EVENT_TYPES:
        raise Invalid(
            "The event type must be one of {event_types}.",
            place="event_type",
            event_types=", ".join(EVENT_TYPES),
        )
    _check_legs(session, book, asked.postings)
    entry = entry_of(book, asked)
    known = _known(session, book, asked.event_type, asked.external_ref)
    if known is not None:
        if known.arguments != to_document(asked):
            raise Conflict("This reference is already used by another entry.", place="external_ref")
        return known, True
    if posted_as(session, book.id, asked.event_type, asked.external_ref) is not None:
        raise Conflict("This reference is already in the books.", place="external_ref")
    _check(session, book, entry, asked.accounting_date, day_in(book.time_zone, now))
    approval_request = propose(
        session,
        book_id=book.id,
        kind=KIND,
        title=f"Manual entry: {asked.event_type} {asked.external_ref}",
        reason=reason.strip() or WITHOUT_REASON,
        payload=asked,
        made_by=made_by,
        now=now,
    )
    return approval_request, False


def post_entry(
    session: Session, approval_request: ApprovalRequest, payload: ManualEntry, decision: Decision
) -> None:
    """Post what was asked for, exactly, on its day. Raises as ``propose_entry``: the books may
    have changed since."""
    book = session.get_one(Book, approval_request.book_id)
    entry = entry_of(book, payload)
    _check_legs(session, book, payload.postings)
    _check(session, book, entry, payload.accounting_date, decision.on)
    draft = journal.Draft(
        entry=entry,
        event_type=payload.event_type,
        source=SOURCE,
        external_ref=payload.external_ref,
        accounting_on=payload.accounting_date,
        made_by=approval_request.made_by,
        approved_by=decision.by,
    )
    if journal.post_batch(session, [draft], now=decision.now).duplicates:
        raise Conflict("This reference is already in the books.", place="external_ref")


def entry_of(book: Book, payload: ManualEntry) -> Entry:
    """Return the entry that a request asks for. Raises Invalid when it does not balance."""
    return Entry(book.code, tuple(Posting(**asdict(leg)) for leg in payload.postings))


def posted_as(
    session: ReadSession, book_id: UUID, event_type: str, external_ref: str
) -> UUID | None:
    """Return the id of the entry that is known by what its sender called it, if it was posted."""
    return session.scalar(
        select(EntryRow.id).where(
            EntryRow.book_id == book_id,
            EntryRow.source == SOURCE,
            EntryRow.event_type == event_type,
            EntryRow.external_ref == external_ref,
        )
    )


def _known(
    session: ReadSession, book: Book, event_type: str, external_ref: str
) -> ApprovalRequest | None:
    return session.scalars(
        select(ApprovalRequest).where(
            ApprovalRequest.book_id == book.id,
            ApprovalRequest.kind == KIND,
            ApprovalRequest.state != RequestState.REJECTED,
            ApprovalRequest.arguments["event_type"].as_string() == event_type,
            ApprovalRequest.arguments["external_ref"].as_string() == external_ref,
        )
    ).first()


def _check_legs(session: ReadSession, book: Book, postings: Sequence[Leg]) -> None:
    """Refuse legs that name nothing of the book, or that only a service writes."""
    if book.kind == BookKind.POOL:
        raise Invalid(
            "You cannot make manual entries in a pool's book. Use the pool's own pages instead.",
            place="postings",
        )
    funds = {fund.code: fund for fund in funds_of(session, book.id)}
    chart = {account.number: account for account in accounts_of(session, book.id)}
    units = set(session.scalars(select(Commodity.code)))
    for index, leg in enumerate(postings):
        _check_leg(book, leg, funds, chart, units, f"postings[{index}]")


def _check(session: Session, book: Book, entry: Entry, day: date, today: date) -> None:
    """Refuse a day or an amount that the pages would. Funds that lose money stay locked."""
    funds = {fund.code: fund for fund in funds_of(session, book.id)}
    _check_day(session, book, day, today)
    changes: Counter[tuple[str, str]] = Counter()
    for leg in entry.postings:
        if leg.account in CASH_LIKE or leg.account in OWED:
            changes[leg.fund, leg.commodity] += leg.quantity
    for (fund, unit), change in sorted(changes.items()):
        if change < 0:
            hold(session, funds[fund].id, -change, currency=unit, place="postings")


def _check_leg(
    book: Book,
    leg: Leg,
    funds: Mapping[str, Fund],
    chart: Mapping[int, Account],
    units: set[str],
    place: str,
) -> None:
    fund, account = funds.get(leg.fund), chart.get(leg.account)
    if fund is None:
        raise Invalid(
            "Book {code} has no fund {fund}.", place=f"{place}.fund", code=book.code, fund=leg.fund
        )
    check_own_fund(book, fund, place=f"{place}.fund")
    if account is None:
        raise Invalid(
            "Book {code} has no account {account}.",
            place=f"{place}.account",
            code=book.code,
            account=leg.account,
        )
    if account.inter_book:
        raise Invalid(BOTH_SIDES.format(leg.account), place=f"{place}.account")
    check_fits(Use.MANUAL, leg.account, account, place=f"{place}.account")
    if leg.commodity not in units:
        raise Invalid(
            "There is no commodity {commodity}.",
            place=f"{place}.commodity",
            commodity=leg.commodity,
        )
    if account.kind == COST and leg.function not in FUNCTIONS:
        raise Invalid(
            "Choose the function of this cost: {functions}.",
            place=f"{place}.function",
            functions=", ".join(FUNCTIONS),
        )
    if account.kind != COST and leg.function is not None:
        raise Invalid("Only a cost can have a function.", place=f"{place}.function")
    if (
        account.kind == COST
        and leg.quantity > 0
        and fund.fund_class == FundClass.ENDOWMENT_PERMANENT
    ):
        raise Invalid(
            "This is a permanent endowment, so its money cannot be spent.", place=f"{place}.fund"
        )


def _check_day(session: ReadSession, book: Book, day: date, today: date) -> None:
    """Refuse days before the books begin, in closed periods, and still ahead."""
    if day > today:
        raise Invalid("This date is in the future.", place="accounting_date")
    opened = day_in(book.time_zone, book.created_at)
    earliest = select(func.min(EntryRow.accounting_on)).where(EntryRow.book_id == book.id)
    first = min(opened, session.scalar(earliest) or opened)
    if day < first:
        raise Invalid(
            "These books begin on {first}.", place="accounting_date", first=format_day(first)
        )
    closed = closed_until(session, [book.id]).get(book.id)
    if closed is not None and day <= closed:
        raise Conflict(
            "These books are closed up to {closed}.",
            place="accounting_date",
            closed=format_day(closed),
        )


register(ApprovalKind(KIND, ManualEntry, post_entry))
