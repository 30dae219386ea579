"""Sponsors who match gifts: promised on condition, owed as gifts come in (PLG-13, -14)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select

from ledger.core import bookkeeping
from ledger.core.accounts import Acct
from ledger.core.days import day_in
from ledger.core.match_gifts import Terms, match, taken_back
from ledger.core.states import Move
from ledger.core.vocabulary import LegalNature
from ledger.db import Session
from ledger.errors import Conflict, Invalid
from ledger.models.agreements import Agreement, Step
from ledger.models.books import Book, Fund
from ledger.models.parties import Party
from ledger.models.pledges import Pledge
from ledger.queries.books.policies import policy_of
from ledger.queries.campaigns.matching_sponsors import (
    KIND,
    Gift,
    Span,
    active_sponsors,
    cleared_gifts,
    contributed,
    shares_of,
    spans_of,
    terms_of,
)
from ledger.services.approvals.agreements import (
    NewAgreement,
    StepTaken,
    agreement_kind,
    approve,
    load,
    open_agreement,
    place_of,
    submit_for_approval,
    total,
    transition,
)
from ledger.services.approvals.registry import Decision, register
from ledger.services.pledges.pledges import Promised, booked_as, make_promise


@dataclass(frozen=True, slots=True)
class SponsorOffer:
    """Who offers to match contributions, by which terms, and the document that they signed."""

    party: Party
    terms: Terms
    evidence: str


def propose_sponsor(
    session: Session,
    *,
    book: Book,
    fund: Fund,
    offer: SponsorOffer,
    made_by: UUID,
    now: datetime,
    campaign_id: UUID | None = None,
) -> Agreement:
    """Ask to take a sponsor's matching terms; 10,000 basis points match one for one.

    Gifts to a campaign are matched by themselves, those to a fund by ``match_span``. Raises Invalid
    for terms that match nothing, Conflict where the book's policy calls no promise owed: what such
    a sponsor pays is booked as a gift.
    """
    terms = offer.terms
    if policy_of(session, book, day_in(book.time_zone, now)).promises == "none":
        raise Conflict(
            "This book does not record pledges as owed. Record the sponsor's contributions "
            "instead.",
            place="book",
        )
    if not 0 < terms.basis_points <= 100_000:
        raise Invalid(
            "The matching rate must be above zero and at most ten for one.", place="basis_points"
        )
    if terms.per_gift < 0:
        raise Invalid("A cap cannot be negative.", place="per_gift")
    row = open_agreement(
        session,
        agreement=NewAgreement(
            kind=KIND,
            book=book,
            fund=fund,
            quantity=terms.up_to,
            title="Matching sponsor",
            terms={
                "party": str(offer.party.id),
                "basis_points": terms.basis_points,
                "per_gift": terms.per_gift,
                **({"campaign": str(campaign_id)} if campaign_id else {}),
            },
        ),
        made_by=made_by,
        now=now,
    )
    submit_for_approval(session, row, reason=offer.evidence, now=now)
    return row


def take_sponsor(session: Session, row: Agreement, decision: Decision) -> None:
    """Note the promise; every gift it matches is a condition met (PLG-13)."""
    pledge = make_promise(
        session,
        promised=Promised(
            party=session.get_one(Party, UUID(row.terms["party"])),
            book=session.get_one(Book, row.book_id),
            fund=session.get_one(Fund, row.fund_id),
            quantity=row.quantity,
            legal_nature=LegalNature.CONDITIONAL,
        ),
        on=decision.on,
        now=decision.now,
    )
    row.terms = {**row.terms, "pledge": str(pledge.id)}
    approve(session, row, [], decision)


def match_gifts(
    session: Session,
    *,
    sponsor_id: UUID,
    gifts: int,
    reference: str,
    by: UUID | None,
    on: date,
    now: datetime,
) -> int:
    """Book what a sponsor owes for cleared gifts, never above what was promised (PLG-14).

    ``reference`` names the gifts, so that none is matched twice. Returns what was matched.
    """
    row = load(session, sponsor_id, KIND)
    left = row.quantity - matched(session, row)
    share = min(left, gifts * row.terms["basis_points"] // 10_000)
    if share <= 0:
        return 0
    entries = bookkeeping.gifts_matched(
        **place_of(session, row), amount=share, pledge=_pledge(session, row).reference
    )
    step = transition(
        session,
        row,
        Move.MATCH,
        entries,
        taken=StepTaken(quantity=share, reference=reference, by=by, on=on, now=now),
    )
    return step.quantity


def match_span(
    session: Session,
    *,
    sponsor_id: UUID,
    since: date,
    until: date,
    by: UUID,
    on: date,
    now: datetime,
) -> int:
    """Match what was given to a sponsor's fund in a span of days, less what went back of it; for a
    sponsor without a campaign (PLG-14). Returns what was matched.

    Raises Invalid for a span that ends before it begins, after ``on`` or on a day that is not over
    where the book is kept, Conflict for one of which
    a day is matched already, where nothing is left to match, and for a sponsor of a campaign.
    """
    row = load(session, sponsor_id, KIND)
    if row.terms.get("campaign"):
        raise Conflict("Contributions to a campaign are matched automatically.", place="sponsor")
    if until < since:
        raise Invalid("The last day is before the first.", place="until")
    book = session.get_one(Book, row.book_id)
    # What comes later on a day that is matched could never be matched.
    if until >= day_in(book.time_zone, now) or until > on:
        raise Invalid("These days are not over yet.", place="until")
    span = Span(since, until)
    if any(span.meets(other) for other in spans_of(session, row)):
        raise Conflict("Some of these days have been matched already.", place="since")
    gifts = contributed(
        session,
        fund=session.get_one(Fund, row.fund_id),
        commodity=row.commodity,
        span=span,
        without=_pledge(session, row).reference,
    )
    share = match_gifts(
        session,
        sponsor_id=sponsor_id,
        gifts=gifts,
        reference=span.name,
        by=by,
        on=on,
        now=now,
    )
    if not share:
        raise Conflict("There is nothing to match in these days.", place="since")
    return share


def match_due(session: Session, *, now: datetime) -> int:
    """Match every cleared gift that is not matched, and take back for refunds; return how many.

    Gifts count from the day the terms were approved. Each is a step of its own, so that none is
    matched twice and every share leads to its gift (PLG-14).
    """
    done = 0
    for row in active_sponsors(session):
        about = row.terms.get("campaign")
        if not about:
            continue
        book = session.get_one(Book, row.book_id)
        gifts = cleared_gifts(
            session,
            campaign_id=UUID(about),
            commodity=row.commodity,
            since=_approved_at(session, row),
            without=UUID(row.terms["party"]),
        )
        on = day_in(book.time_zone, now)
        done += _take_back(session, row, gifts, on, now) + _add(session, row, gifts, on, now)
    return done


def _add(session: Session, row: Agreement, gifts: Sequence[Gift], on: date, now: datetime) -> int:
    known = shares_of(session, row)
    fresh = [
        (gift.reference, gift.amount - gift.refunded)
        for gift in gifts
        if gift.reference not in known and gift.amount > gift.refunded
    ]
    found = match(terms_of(row), fresh, already=matched(session, row))
    for item in found:
        if item.share:
            _post(session, row, Move.MATCH, item.share, item.reference, on, now)
    return sum(item.share > 0 for item in found)


def _take_back(
    session: Session, row: Agreement, gifts: Sequence[Gift], on: date, now: datetime
) -> int:
    """Take back the share of what went back; what the sponsor has paid already stays a gift."""
    known = shares_of(session, row)
    done = 0
    for gift in gifts:
        given, back = known.get(gift.reference, (0, 0))
        share = taken_back(given, gift.amount, gift.refunded) - back
        share = min(share, booked_as(session, _pledge(session, row), [Acct.PLEDGES_RECEIVABLE]))
        if share > 0:
            _post(session, row, Move.UNMATCH, share, f"{gift.reference}#{gift.refunded}", on, now)
            done += 1
    return done


def _post(
    session: Session,
    row: Agreement,
    step: Move,
    share: int,
    reference: str,
    on: date,
    now: datetime,
) -> None:
    entries = bookkeeping.gifts_matched(
        **place_of(session, row), amount=share, pledge=_pledge(session, row).reference
    )
    if step == Move.UNMATCH:
        entries = [item.reversed() for item in entries]
    transition(
        session,
        row,
        step,
        entries,
        taken=StepTaken(quantity=share, reference=reference, on=on, now=now),
    )


def _approved_at(session: Session, row: Agreement) -> datetime:
    found = session.scalar(
        select(Step.created_at).where(Step.agreement_id == row.id, Step.name == Move.APPROVE)
    )
    return found or row.created_at


def matched(session: Session, row: Agreement) -> int:
    """Return what gifts have made owed so far."""
    return total(session, row, Move.MATCH) - total(session, row, Move.UNMATCH)


def _pledge(session: Session, row: Agreement) -> Pledge:
    if "pledge" not in row.terms:
        raise Conflict("These terms have not been approved.", place="sponsor")
    return session.get_one(Pledge, UUID(row.terms["pledge"]))


register(agreement_kind(KIND, take_sponsor))
