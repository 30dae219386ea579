"""Sponsors who match gifts: promised on condition, owed as gifts come in (PLG-13, -14)."""

from datetime import date, datetime
from uuid import UUID

from ledger.core import bookkeeping
from ledger.db import Session
from ledger.errors import Conflict, Invalid
from ledger.models.books import Book, Fund
from ledger.models.commitments import Commitment
from ledger.models.parties import Party
from ledger.models.pledges import Pledge
from ledger.queries.policies import policy_of
from ledger.services.commitments import (
    approve,
    load,
    open_commitment,
    place_of,
    put_before_approver,
    take_step,
    total,
)
from ledger.services.pledges import RECEIVABLE, booked_as, make_promise

KIND = "sponsor"


def propose_sponsor(
    session: Session,
    *,
    party: Party,
    book: Book,
    fund: Fund,
    up_to: int,
    basis_points: int,
    evidence: str,
    made_by: UUID,
    now: datetime,
) -> Commitment:
    """Ask to take a sponsor's matching terms; 10,000 basis points match one for one.

    Raises Invalid for terms that match nothing, Conflict where the book's policy calls no promise
    owed: what such a sponsor pays is booked as a gift.
    """
    if policy_of(session, book, now.date()).promises == "none":
        raise Conflict("In this book no promise is owed; book the sponsor's gifts.", place="book")
    if not 0 < basis_points <= 100_000:
        raise Invalid("A sponsor matches between 0 and ten for one.", place="basis_points")
    row = open_commitment(
        session,
        kind=KIND,
        book=book,
        fund=fund,
        quantity=up_to,
        title="Matching sponsor",
        terms={"party": str(party.id), "basis_points": basis_points},
        made_by=made_by,
        now=now,
    )
    put_before_approver(session, row, reason=evidence, now=now)
    return row


def take_sponsor(session: Session, row: Commitment, *, by: UUID, on: date, now: datetime) -> None:
    """Note the promise; every gift it matches is a condition met (PLG-13)."""
    pledge = make_promise(
        session,
        party=session.get_one(Party, UUID(row.terms["party"])),
        book=session.get_one(Book, row.book_id),
        fund=session.get_one(Fund, row.fund_id),
        quantity=row.quantity,
        legal_nature="conditional",
        on=on,
        now=now,
    )
    row.terms = {**row.terms, "pledge": str(pledge.id)}
    approve(session, row, [], by=by, on=on, now=now)


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
    step = take_step(
        session, row, "match", entries, quantity=share, reference=reference, by=by, on=on, now=now
    )
    return step.quantity


def unmatch_gifts(
    session: Session,
    *,
    sponsor_id: UUID,
    gifts: int,
    reference: str,
    by: UUID | None,
    on: date,
    now: datetime,
) -> int:
    """Take back what was matched for gifts that were refunded (PLG-14), never what is paid."""
    row = load(session, sponsor_id, KIND)
    pledge = _pledge(session, row)
    share: int = gifts * row.terms["basis_points"] // 10_000
    if share > booked_as(session, pledge, [RECEIVABLE]):
        raise Conflict("The sponsor has paid this already.", place="gifts")
    entries = [
        item.reversed()
        for item in bookkeeping.gifts_matched(
            **place_of(session, row), amount=share, pledge=pledge.reference
        )
    ]
    take_step(
        session, row, "unmatch", entries, quantity=share, reference=reference, by=by, on=on, now=now
    )
    return share


def matched(session: Session, row: Commitment) -> int:
    """Return what gifts have made owed so far."""
    return total(session, row, "match") - total(session, row, "unmatch")


def _pledge(session: Session, row: Commitment) -> Pledge:
    if "pledge" not in row.terms:
        raise Conflict("These terms are not approved.", place="sponsor")
    return session.get_one(Pledge, UUID(row.terms["pledge"]))
