"""A receipt that belongs to two claims: approved only by somebody who was told and says so."""

from ledger.db import ReadSession
from ledger.errors import Conflict
from ledger.models.agreements import Agreement
from ledger.queries.evidence.duplicates import with_same_file
from ledger.services.approvals.registry import Decision


def check_confirmed(session: ReadSession, row: Agreement, decision: Decision) -> None:
    """Refuse to approve a bill or claim whose file is attached to another one as well.

    Raises Conflict, naming the other, unless whoever decides has confirmed that both are right.
    """
    if decision.confirmed:
        return
    for other in with_same_file(session, row):
        raise Conflict(
            "The same file is attached to {reference} ({title}). Compare both. If both are right, "
            "confirm it and approve again.",
            place="confirmed",
            reference=other.reference,
            title=other.title,
        )
