"""Pledges: made, fulfilled, taken back. What is open follows from fulfilments.

A basket is one form by one donor; each pledge in it counts one commodity, and its reference
labels every leg that belongs to it.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select

from ledger.core import bookkeeping
from ledger.core.accounts import Acct
from ledger.core.amount import is_currency
from ledger.core.days import day_in
from ledger.core.entry import Entry
from ledger.core.instalments import Part, instalments
from ledger.core.reference import new_reference
from ledger.core.vocabulary import (
    Acceptance,
    CampaignMode,
    FulfilmentSource,
    LegalNature,
    PledgeState,
)
from ledger.db import ReadSession, Session
from ledger.errors import Conflict, Invalid, NotFound
from ledger.models.books import Book, Fund
from ledger.models.campaigns import Campaign
from ledger.models.journal import Entry as EntryRow
from ledger.models.parties import Party
from ledger.models.pledges import Basket, Fulfilment, Pledge, PledgeLine
from ledger.queries.books.balances import balance_of
from ledger.queries.books.journal import told_anew
from ledger.queries.books.policies import policy_of
from ledger.queries.pledges.pledges import fulfilled_quantity, open_quantity
from ledger.services.books import journal
from ledger.services.pledges.confirmations import restate_confirmed
from ledger.services.pledges.offers import Line, check_lines, check_open

ENDED = (
    PledgeState.CANCELLED,
    PledgeState.LAPSED,
    PledgeState.WRITTEN_OFF,
    PledgeState.CHARGED_BACK,
)


@dataclass(frozen=True, slots=True)
class PledgeRequest:
    """What somebody pledges with one form; quantities in each commodity's smallest unit.

    ``name`` is the party's if empty; a ``form_key`` makes one basket, without lines if something
    is offered ``besides``. Money is promised once it is paid or a card is saved where payment is
    ``by_card``. A basket that ``is_queued`` waits for the organiser whatever the campaign's
    policy.
    """

    lines: Sequence[Line]
    form_key: str
    message: str
    consent: str
    name: str = ""
    besides: bool = False
    by_card: bool = False
    is_queued: bool = False


@dataclass(frozen=True, slots=True)
class Promised:
    """Money that somebody promised a fund outside any form, in minor units."""

    party: Party
    book: Book
    fund: Fund
    quantity: int
    legal_nature: LegalNature
    due_on: date | None = None


def make_pledges(
    session: Session, *, campaign: Campaign, party: Party, request: PledgeRequest, now: datetime
) -> Basket:
    """Make a basket with a pledge for each line, and post what they mean.

    Raises Invalid by commodity, Conflict when the campaign is over or the key is another's.
    """
    known = session.scalar(select(Basket).where(Basket.form_key == request.form_key))
    if known is not None:
        if (known.campaign_id, known.party_id) != (campaign.id, party.id):
            raise Conflict("This form has already been submitted by another person.", place="form")
        return known
    today = day_in(session.get_one(Book, campaign.book_id).time_zone, now)
    check_open(campaign, today)
    if request.lines or not request.besides:
        check_lines(session, campaign, request.lines, by_card=request.by_card)
    # Money needs nobody's acceptance.
    offers = any(not is_currency(line.commodity) for line in request.lines)
    waits = offers and (request.is_queued or campaign.acceptance != Acceptance.ALL_CONFIRMED)
    basket = Basket(
        book_id=campaign.book_id,
        campaign_id=campaign.id,
        party_id=party.id,
        form_key=request.form_key,
        name=request.name.strip() or party.name,
        message=request.message,
        consent=request.consent,
        created_at=now,
        confirmed_at=now if party.person_id else None,
        accepted_at=now if not waits else None,
    )
    session.add(basket)
    session.flush()
    is_counted = party.person_id is not None and basket.accepted_at is not None
    for line in request.lines:
        is_money = is_currency(line.commodity)
        pledge = _pledge_of(campaign, basket, line, now)
        pledge.needs_card = request.by_card and is_money
        pledge.unconfirmed = pledge.needs_card if is_money else not is_counted
        _make(session, pledge, line, today, now)
    return basket


def _pledge_of(campaign: Campaign, basket: Basket, line: Line, now: datetime) -> Pledge:
    return Pledge(
        book_id=campaign.book_id,
        fund_id=campaign.fund_id,
        campaign_id=campaign.id,
        basket_id=basket.id,
        party_id=basket.party_id,
        reference=new_reference("P", secrets.choice),
        commodity=line.commodity,
        quantity=line.quantity,
        legal_nature=(
            LegalNature.CONDITIONAL
            if campaign.mode == CampaignMode.ALL_OR_NOTHING
            else LegalNature.INTENTION
        ),
        state=PledgeState.OPEN,
        note=line.note,
        due_on=None,
        cover=line.cover,
        created_at=now,
    )


def _make(session: Session, pledge: Pledge, line: Line, today: date, now: datetime) -> None:
    session.add(pledge)
    session.flush()
    if line.parts > 1:
        spread(session, pledge, instalments(line.quantity, line.parts, today))
    book, fund = _codes(session, pledge)
    _post(
        session,
        pledge,
        bookkeeping.pledge_made(
            book=book,
            fund=fund,
            commodity=pledge.commodity,
            quantity=pledge.quantity,
            pledge=pledge.reference,
            legal_nature=pledge.legal_nature,
        ),
        "pledge_made",
        today,
        now,
    )


def spread(session: Session, pledge: Pledge, parts: Sequence[Part]) -> None:
    """Write down when a pledge is paid. Raises Invalid unless the parts sum to it exactly."""
    if sum(part.quantity for part in parts) != pledge.quantity:
        raise Invalid("The instalments do not add up to the pledge.", place="parts")
    for n, part in enumerate(parts, start=1):
        session.add(
            PledgeLine(pledge_id=pledge.id, n=n, due_on=part.due_on, quantity=part.quantity)
        )
    session.flush()


def add_to_last_part(session: Session, pledge: Pledge, amount: int) -> None:
    """Raise the last instalment of a pledge that was increased, so that they still sum to it."""
    last = session.scalar(
        select(PledgeLine)
        .where(PledgeLine.pledge_id == pledge.id)
        .order_by(PledgeLine.n.desc())
        .limit(1)
    )
    if last is not None:
        last.quantity += amount
        session.flush()


def make_promise(
    session: Session,
    *,
    promised: Promised,
    on: date,
    now: datetime,
    made_by: UUID | None = None,
) -> Pledge:
    """Write down a promise of money that came by phone or letter, without a campaign.

    An unconditional one is posted by ``receivables``, which knows its present value.
    """
    pledge = _promise(promised, now)
    session.add(pledge)
    session.flush()
    if promised.legal_nature != LegalNature.UNCONDITIONAL:
        entries = bookkeeping.pledge_made(
            book=promised.book.code,
            fund=promised.fund.code,
            commodity=pledge.commodity,
            quantity=promised.quantity,
            pledge=pledge.reference,
            legal_nature=promised.legal_nature,
        )
        _post(session, pledge, entries, "pledge_made", on, now, made_by=made_by)
    return pledge


def keep_at_once(
    session: Session,
    *,
    promised: Promised,
    now: datetime,
    campaign: Campaign | None = None,
    note: str = "",
) -> Pledge:
    """Write down a promise whose money is here already: nothing of it is ever open, so it has no
    memo legs. The caller posts the money and records the fulfilment."""
    pledge = _promise(promised, now)
    pledge.campaign_id = campaign.id if campaign is not None else None
    pledge.note = note
    session.add(pledge)
    session.flush()
    return pledge


def release_for(session: Session, pledge: Pledge, amount: int) -> tuple[int, int]:
    """Return how much of a payment takes an intention off the memo accounts, and how much pays
    what is owed; both in the pledge's smallest unit, both zero while nothing is owed."""
    rest = min(amount, open_quantity(session, pledge))
    if pledge.legal_nature == LegalNature.INTENTION:
        return rest, 0
    if pledge.legal_nature == LegalNature.CONDITIONAL:
        # Of a matching promise the part that gifts have earned is owed already (PLG-14).
        return 0, min(rest, booked_as(session, pledge, [Acct.PLEDGES_RECEIVABLE]))
    return 0, rest


def booked_as(session: ReadSession, pledge: Pledge, accounts: list[int]) -> int:
    """Return what accounts hold of a pledge, in its own smallest unit, debit positive."""
    balance = balance_of(
        session, book_id=pledge.book_id, accounts=accounts, pledge=pledge.reference
    )
    return balance[pledge.commodity]


def check_place(pledge: Pledge, book: Book, fund: Fund) -> None:
    """Refuse to fulfil a pledge in a book or fund that is not its own.

    Its memo legs stand there, and would be taken off elsewhere. Raises Invalid.
    """
    if pledge.book_id != book.id:
        raise Invalid("This pledge is to another community.", place="pledge")
    if pledge.fund_id != fund.id:
        raise Invalid("This pledge is for another fund.", place="fund")


def record_fulfilment(
    session: Session,
    *,
    pledge: Pledge,
    entry_id: UUID,
    quantity: int,
    source: FulfilmentSource,
    source_ref: str,
    now: datetime,
) -> None:
    """Note what made good a part of a pledge; the same source counts once.

    A refund is a negative quantity: it lowers what was received and opens nothing again. What
    is given before a condition is met takes the conditional promise off the memo accounts.
    """
    known = session.scalar(
        select(Fulfilment.id).where(
            Fulfilment.pledge_id == pledge.id,
            Fulfilment.source == source,
            Fulfilment.source_ref == source_ref,
        )
    )
    if known is not None:
        return
    if pledge.legal_nature == LegalNature.CONDITIONAL:
        _keep_early(session, pledge, entry_id, quantity, f"{source}/{source_ref}", now)
    session.add(
        Fulfilment(
            book_id=pledge.book_id,
            pledge_id=pledge.id,
            entry_id=entry_id,
            quantity=quantity,
            source=source,
            source_ref=source_ref,
            created_at=now,
        )
    )
    session.flush()
    restate(session, pledge)


def cancel_pledge(
    session: Session, *, pledge_id: UUID, on: date, now: datetime, made_by: UUID | None = None
) -> UUID:
    """Take back what is open (PLG-09) and return the entry.

    Raises NotFound, Conflict when nothing is open or it is owed.
    """
    return _end(session, pledge_id, PledgeState.CANCELLED, on, now, made_by)


def lapse_pledge(session: Session, *, pledge_id: UUID, on: date, now: datetime) -> None:
    """Let what is open lapse (PLG-08). Raises NotFound, Conflict when nothing is open."""
    _end(session, pledge_id, PledgeState.LAPSED, on, now)


def meet_condition(session: Session, *, pledge: Pledge, on: date, now: datetime) -> None:
    """Make a conditional promise owed (PLG-07); promised things and hours become intentions, and
    so does money where the book's policy wants a promise on paper first (domain section 13)."""
    rest = open_quantity(session, pledge)
    if pledge.legal_nature != LegalNature.CONDITIONAL or not rest:
        return
    book, fund = _codes(session, pledge)
    policy = policy_of(session, session.get_one(Book, pledge.book_id), on)
    owed = is_currency(pledge.commodity) and policy.promises == "all"
    entries = bookkeeping.condition_met(
        book=book,
        fund=fund,
        commodity=pledge.commodity,
        quantity=rest,
        pledge=pledge.reference,
        owed=owed,
    )
    pledge.legal_nature = LegalNature.UNCONDITIONAL if owed else LegalNature.INTENTION
    restate_confirmed(session, pledge.id)
    _post(session, pledge, entries, "condition_met", on, now)


def _promise(promised: Promised, now: datetime) -> Pledge:
    return Pledge(
        book_id=promised.book.id,
        fund_id=promised.fund.id,
        campaign_id=None,
        basket_id=None,
        party_id=promised.party.id,
        reference=new_reference("P", secrets.choice),
        commodity=promised.book.commodity,
        quantity=promised.quantity,
        legal_nature=promised.legal_nature,
        state=PledgeState.OPEN,
        due_on=promised.due_on,
        created_at=now,
    )


def _end(
    session: Session,
    pledge_id: UUID,
    state: PledgeState,
    on: date,
    now: datetime,
    made_by: UUID | None = None,
) -> UUID:
    pledge = session.get(Pledge, pledge_id)
    if pledge is None:
        raise NotFound("This pledge does not exist.", place="pledge")
    rest = open_quantity(session, pledge)
    if not rest:
        raise Conflict("This pledge has nothing left to pay.", place="pledge")
    if pledge.legal_nature == LegalNature.UNCONDITIONAL:
        raise Conflict(
            "This pledge is receivable. It can be written off, but not withdrawn.", place="pledge"
        )
    book, fund = _codes(session, pledge)
    entries = bookkeeping.pledge_released(
        book=book,
        fund=fund,
        commodity=pledge.commodity,
        quantity=rest,
        pledge=pledge.reference,
        legal_nature=pledge.legal_nature,
    )
    pledge.state = state
    pledge.unconfirmed = False
    event_type = f"pledge_{state}"
    named = told_anew(
        session,
        book_id=pledge.book_id,
        source="pledge",
        event_type=event_type,
        reference=str(pledge.id),
    )
    return _post(session, pledge, entries, event_type, on, now, named, made_by=made_by)


def _keep_early(
    session: Session, pledge: Pledge, entry_id: UUID, quantity: int, told: str, now: datetime
) -> None:
    """Release what is kept of a conditional promise; ``release_for`` leaves it on 9120."""
    rest = max(0, open_quantity(session, pledge) - quantity)
    kept = booked_as(session, pledge, [Acct.PLEDGES_RECEIVABLE, Acct.CONDITIONAL_PLEDGES]) - rest
    if kept <= 0:
        return
    book, fund = _codes(session, pledge)
    entries = bookkeeping.pledge_released(
        book=book,
        fund=fund,
        commodity=pledge.commodity,
        quantity=kept,
        pledge=pledge.reference,
        legal_nature=pledge.legal_nature,
    )
    on = session.get_one(EntryRow, (pledge.book_id, entry_id)).accounting_on
    _post(session, pledge, entries, "pledge_kept_early", on, now, f"{pledge.id}/{told}")


def _post(
    session: Session,
    pledge: Pledge,
    entries: Sequence[Entry],
    event_type: str,
    on: date,
    now: datetime,
    reference: str = "",
    made_by: UUID | None = None,
) -> UUID:
    """Post an event of a pledge and return its entry; ``reference`` tells apart what can happen to
    it more than once."""
    return journal.post(
        session,
        entries,
        event_type=event_type,
        source="pledge",
        external_ref=reference or str(pledge.id),
        accounting_on=on,
        now=now,
        made_by=made_by,
    ).ids[0]


def restate(session: Session, pledge: Pledge) -> None:
    """Set a pledge's state by what has made it good. One that has ended stays so, unless it was
    given up and came after all, to the last of it (I-30)."""
    done = fulfilled_quantity(session, pledge)
    if pledge.state == PledgeState.CHARGED_BACK or (
        pledge.state in ENDED and done < pledge.quantity
    ):
        return
    if done > pledge.quantity:
        pledge.state = PledgeState.OVER_FULFILLED
    elif done == pledge.quantity:
        pledge.state = PledgeState.FULFILLED
    else:
        pledge.state = PledgeState.PART_FULFILLED if done else PledgeState.OPEN
    restate_confirmed(session, pledge.id)


def _codes(session: Session, pledge: Pledge) -> tuple[str, str]:
    return (
        session.get_one(Book, pledge.book_id).code,
        session.get_one(Fund, pledge.fund_id).code,
    )
