"""What people are shown: figures are what the journal says (I-67, I-68)."""

from sqlalchemy import false, or_, select, true

from ledger.db import ReadSession
from ledger.models.pledges import Pledge
from ledger.queries.figure_drift import first_drift
from ledger.queries.invariants.result import Finding, count
from ledger.queries.pledges import unconfirmed


def sums(session: ReadSession) -> Finding:
    """I-67: the sums of figures are what the sealed postings come to."""
    return first_drift(session)


def confirmed(session: ReadSession) -> Finding:
    """I-68: a promise waits for its donor as far as pages, cards and gifts say."""
    waits = unconfirmed()
    wrong = or_((Pledge.unconfirmed == true()) & ~waits, (Pledge.unconfirmed == false()) & waits)
    found = session.execute(
        select(Pledge.reference, Pledge.unconfirmed).where(wrong).order_by(Pledge.id).limit(1)
    ).first()
    checked = count(session, Pledge)
    if found is None:
        return checked, None
    said = "waiting for its donor" if found[1] else "promised"
    return checked, f"pledge {found[0]} is counted as {said}, and is not"
