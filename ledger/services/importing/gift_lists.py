"""Lists of gifts that somebody kept elsewhere: each becomes a contribution with its giver.

Givers are known by their e-mail address; who is new is made known and shown to nobody. A list
comes in whole or not at all, and twice adds nothing: a gift is the same when giver, day, amount
and text are. The money has to be where the list says it is: in the bank account or the cash box.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypedDict
from uuid import UUID

from sqlalchemy import exists, func, select
from sqlalchemy.orm import aliased

from ledger.bank_files import Gift, GiftList
from ledger.core import bookkeeping
from ledger.core.accounts import BY_NUMBER, Acct
from ledger.core.days import day_in
from ledger.core.entry import Entry, entry
from ledger.core.vocabulary import (
    BookKind,
    CampaignMode,
    CampaignState,
    Consent,
    FulfilmentSource,
    LegalNature,
)
from ledger.core.written import format_day
from ledger.db import ReadSession, Session
from ledger.errors import Invalid
from ledger.models.books import Book, Fund
from ledger.models.campaigns import Campaign
from ledger.models.journal import Entry as EntryRow
from ledger.models.parties import Party
from ledger.queries.books.books import fund_by_code
from ledger.queries.books.journal import told_anew
from ledger.services.books import journal
from ledger.services.books.books import check_own_fund
from ledger.services.people.people import clean_email
from ledger.services.pledges.parties import find_or_create_party, kept_parties
from ledger.services.pledges.pledges import Promised, keep_at_once, record_fulfilment

# Where the money of a list can be, and what is booked for it.
PLACES = {
    Acct.BANK: ("transfer_received", bookkeeping.transfer_received),
    Acct.UNDEPOSITED_CASH: ("cash_received", bookkeeping.cash_received),
}
SOURCE = "gift_list"
LOOKED_UP_AT_ONCE = 500
LENGTH_OF_REFERENCE = hashlib.sha256().digest_size * 2


class GiftsAnswer(TypedDict):
    """The one document that the command line prints; ``total`` in minor units."""

    gifts: int
    duplicates: int
    new_givers: int
    total: int
    commodity: str
    warnings: list[str]


@dataclass(frozen=True, slots=True)
class GiftsImported:
    """What became of a list; ``total`` is of the new gifts, in the book's minor units."""

    new: int
    known: int
    new_givers: int
    total: int
    commodity: str
    warnings: tuple[str, ...]

    def as_json(self) -> GiftsAnswer:
        """Return the one document that the command line prints."""
        return {
            "gifts": self.new,
            "duplicates": self.known,
            "new_givers": self.new_givers,
            "total": self.total,
            "commodity": self.commodity,
            "warnings": list(self.warnings),
        }


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a list is for: a fund, and a campaign if it has one; and where its money is."""

    book: Book
    fund: Fund
    campaign: Campaign | None
    account: int


def purpose_of(
    session: ReadSession, *, book: Book, fund: str, campaign: str, account: int
) -> Purpose:
    """Return what a list is for by its codes: a fund, or a campaign with its fund.

    Raises Invalid for both or neither, a foreign fund, a campaign whose gifts are not ours to
    keep yet, or an account that holds no money.
    """
    if account not in PLACES:
        raise Invalid(
            "Contributions of money must be in the bank account or in the cash box.",
            place="account",
        )
    if book.kind != BookKind.COMMUNITY:
        raise Invalid(
            "A pool receives contributions through its communities. Choose one of them.",
            place="fund",
        )
    if bool(fund) == bool(campaign):
        raise Invalid("Choose either a fund or a campaign.", place="fund")
    if fund:
        found = fund_by_code(session, book.id, fund)
        check_own_fund(book, found)
        return Purpose(book, found, None, account)
    called = session.scalar(
        select(Campaign).where(Campaign.book_id == book.id, Campaign.slug == campaign)
    )
    if called is None or called.state == CampaignState.DRAFT:
        raise Invalid("This community has no such campaign.", place="campaign")
    if called.mode == CampaignMode.ALL_OR_NOTHING and called.state != CampaignState.SUCCEEDED:
        raise Invalid(
            "This campaign keeps contributions only if it succeeds. Until then, refund them "
            "or choose a fund.",
            place="campaign",
        )
    return Purpose(book, session.get_one(Fund, called.fund_id), called, account)


def preview_gifts(
    session: ReadSession, *, purpose: Purpose, gifts: GiftList, without_email: bool, now: datetime
) -> GiftsImported:
    """Say what importing a list would do and keep nothing. Raises Invalid as that does."""
    addresses = _check(purpose, gifts, without_email, now)
    parties = kept_parties(session, addresses)
    known = _known(session, purpose.book, _references(gifts.gifts, addresses, parties))
    new = [
        gift
        for gift, reference in zip(
            gifts.gifts, _references(gifts.gifts, addresses, parties), strict=True
        )
        if reference not in known
    ]
    return GiftsImported(
        new=len(new),
        known=len(gifts.gifts) - len(new),
        new_givers=len({address for address in addresses if address} - parties.keys()),
        total=sum(gift.amount for gift in new),
        commodity=purpose.book.commodity,
        warnings=gifts.warnings,
    )


def import_gifts(
    session: Session,
    *,
    purpose: Purpose,
    gifts: GiftList,
    without_email: bool,
    by: UUID | None,
    now: datetime,
) -> GiftsImported:
    """Book every gift of a list that is not booked yet, all or nothing.

    ``without_email`` lets gifts without an address pass, as unidentified receipts. Raises
    Invalid, naming the row, for a day ahead or in a closed period, and an address that is none.
    """
    addresses = _check(purpose, gifts, without_email, now)
    before = kept_parties(session, addresses)
    parties = dict(before)
    for gift, address in zip(gifts.gifts, addresses, strict=True):
        if address and address not in parties:
            # Whether a name may be shown, nobody has asked them.
            parties[address] = find_or_create_party(
                session, name=gift.name, email=address, consent=Consent.ANONYMOUS, now=now
            )
    references = list(_references(gifts.gifts, addresses, parties))
    known = _known(session, purpose.book, references)
    new = total = 0
    for gift, address, reference in zip(gifts.gifts, addresses, references, strict=True):
        if reference not in known:
            _book(session, purpose, gift, parties.get(address), reference, by, now)
            new, total = new + 1, total + gift.amount
    return GiftsImported(
        new=new,
        known=len(gifts.gifts) - new,
        new_givers=len(parties) - len(before),
        total=total,
        commodity=purpose.book.commodity,
        warnings=gifts.warnings,
    )


def _check(purpose: Purpose, gifts: GiftList, without_email: bool, now: datetime) -> list[str]:
    """Return the address of each gift, empty for nobody's. Raises Invalid, naming the row."""
    today = day_in(purpose.book.time_zone, now)
    addresses = []
    for gift in gifts.gifts:
        if gift.given_on > today:
            raise Invalid("This date is in the future.", place=gift.place)
        if not gift.email:
            if not without_email:
                raise Invalid(
                    "This contribution has no e-mail address to identify its donor. Add one, "
                    "or choose to import contributions without an address as unidentified "
                    "receipts.",
                    place=gift.place,
                )
            addresses.append("")
            continue
        try:
            addresses.append(clean_email(gift.email))
        except Invalid as error:
            raise Invalid(
                "{email!r} is not a valid e-mail address.", place=gift.place, email=gift.email[:60]
            ) from error
        if not gift.name:
            raise Invalid("This contribution has an e-mail address but no name.", place=gift.place)
    return addresses


def _references(
    gifts: Sequence[Gift], addresses: Sequence[str], parties: dict[str, Party]
) -> Iterator[str]:
    """Yield what identifies each gift: the n-th of a giver with this day, amount and text.

    Givers stand in it by their random id, so that a reference tells nothing of anybody. Somebody
    who is not known yet has given nothing here, and need not be found.
    """
    seen: Counter[str] = Counter()
    for gift, address in zip(gifts, addresses, strict=True):
        party = parties.get(address)
        who = str(party.id) if party is not None else f"nobody {address}"
        parts = (who, gift.given_on.isoformat(), str(gift.amount), gift.note)
        base = hashlib.sha256("\x1f".join(parts).encode()).hexdigest()
        seen[base] += 1
        yield hashlib.sha256(f"{base}:{seen[base]}".encode()).hexdigest()


def _known(session: ReadSession, book: Book, references: Iterator[str] | list[str]) -> set[str]:
    wanted, found = list(references), set()
    undone = aliased(EntryRow)
    # How often it was undone before stands behind its reference.
    named = func.substr(EntryRow.external_ref, 1, LENGTH_OF_REFERENCE)
    for start in range(0, len(wanted), LOOKED_UP_AT_ONCE):
        part = wanted[start : start + LOOKED_UP_AT_ONCE]
        found |= set(
            session.scalars(
                select(named).where(
                    EntryRow.book_id == book.id,
                    EntryRow.source == SOURCE,
                    named.in_(part),
                    # One that was undone may come again.
                    ~exists().where(
                        undone.book_id == EntryRow.book_id, undone.reverses == EntryRow.id
                    ),
                )
            )
        )
    return found


def _book(
    session: Session,
    purpose: Purpose,
    gift: Gift,
    party: Party | None,
    reference: str,
    by: UUID | None,
    now: datetime,
) -> None:
    event_type, entries_of = PLACES[purpose.account]
    pledge = None
    if party is not None:
        pledge = keep_at_once(
            session,
            promised=Promised(
                party=party,
                book=purpose.book,
                fund=purpose.fund,
                quantity=gift.amount,
                legal_nature=LegalNature.INTENTION,
            ),
            now=now,
            campaign=purpose.campaign,
            note=gift.note,
        )
    entries = entries_of(
        book=purpose.book.code,
        fund=purpose.fund.code,
        currency=purpose.book.commodity,
        amount=gift.amount,
        fulfilled=bookkeeping.Fulfilled(pledge.reference if pledge is not None else None),
    )
    if pledge is None and purpose.campaign is not None:
        # With a pledge, the campaign is the pledge's.
        entries = [_for_campaign(item, purpose.campaign.slug) for item in entries]
    posted = journal.post(
        session,
        entries,
        event_type=event_type,
        source=SOURCE,
        external_ref=told_anew(
            session,
            book_id=purpose.book.id,
            source=SOURCE,
            event_type=event_type,
            reference=reference,
        ),
        accounting_on=gift.given_on,
        now=now,
        made_by=by,
    )
    kept = session.get_one(EntryRow, (purpose.book.id, posted.ids[0]))
    if kept.accounting_on != gift.given_on:
        raise Invalid(
            "{given_on} is in a closed period. Reopen the period, or leave this contribution out.",
            place=gift.place,
            given_on=format_day(gift.given_on),
        )
    if pledge is not None:
        record_fulfilment(
            session,
            pledge=pledge,
            entry_id=posted.ids[0],
            quantity=gift.amount,
            source=FulfilmentSource.GIFT_LIST,
            source_ref=reference,
            now=now,
        )


def _for_campaign(item: Entry, slug: str) -> Entry:
    """Return an entry whose income names the campaign that it counts for."""
    return entry(
        item.book,
        *(
            replace(leg, campaign=slug) if BY_NUMBER[leg.account].kind == "income" else leg
            for leg in item.postings
        ),
    )
