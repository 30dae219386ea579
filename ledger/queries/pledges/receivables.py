"""Questions about promises on paper: whose they are, what is due when, what has come."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select

from ledger.core.instalments import Part
from ledger.core.states import AgreementKind, AgreementState
from ledger.core.vocabulary import LegalNature, PledgeState
from ledger.db import ReadSession
from ledger.models.agreements import Agreement
from ledger.models.parties import Party
from ledger.models.pledges import Pledge
from ledger.queries.pledges.pledges import fulfilled_quantity, open_quantity

KIND = AgreementKind.PROMISE
OWED = AgreementState.OWED


@dataclass(frozen=True, slots=True)
class PromiseRow:
    """A promise on paper; amounts in minor units, ``pledge`` empty until it is in the books."""

    donor: str
    commodity: str
    parts: tuple[Part, ...]
    pledge: str = ""
    fulfilled: int = 0
    open: int = 0
    # Whether it stands in the books as owed, not only noted.
    owed: bool = False


def promise_behind(session: ReadSession, agreement_id: UUID) -> PromiseRow:
    """Return what a promise on paper says and what became of it."""
    row = session.get_one(Agreement, agreement_id)
    donor = session.get_one(Party, UUID(row.terms["party"])).name
    parts = tuple(Part(date.fromisoformat(day), amount) for day, amount in row.terms["schedule"])
    if "pledge" not in row.terms:
        return PromiseRow(donor, row.commodity, parts)
    pledge = session.get_one(Pledge, UUID(row.terms["pledge"]))
    return PromiseRow(
        donor,
        row.commodity,
        parts,
        pledge.reference,
        fulfilled_quantity(session, pledge),
        open_quantity(session, pledge),
        owed=pledge.legal_nature == LegalNature.UNCONDITIONAL and row.state == OWED,
    )


def kept(session: ReadSession, *, book_id: UUID) -> set[UUID]:
    """Return the promises of a book of which all has come."""
    rows = session.scalars(
        select(Agreement).where(
            Agreement.book_id == book_id, Agreement.kind == KIND, Agreement.state == OWED
        )
    ).all()
    ended = session.scalars(
        select(Pledge.id).where(
            Pledge.id.in_([UUID(row.terms["pledge"]) for row in rows]),
            Pledge.state.in_((PledgeState.FULFILLED, PledgeState.OVER_FULFILLED)),
        )
    ).all()
    return {row.id for row in rows if UUID(row.terms["pledge"]) in ended}


def donors(session: ReadSession, *, book_id: UUID) -> dict[UUID, str]:
    """Return who made each promise on paper to a book."""
    rows = session.scalars(
        select(Agreement).where(Agreement.book_id == book_id, Agreement.kind == KIND)
    ).all()
    named = {row.id: UUID(row.terms["party"]) for row in rows}
    people = session.execute(select(Party.id, Party.name).where(Party.id.in_(named.values())))
    names = dict(iter(people))
    return {commitment: names[party] for commitment, party in named.items()}
