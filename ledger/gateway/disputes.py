"""Disputes: what a bank contests, how it stands, and until when evidence is taken."""

from datetime import datetime

import stripe
from stripe.params import DisputeListParams

from ledger.gateway.connection import PAGE, Connection, id_of, instant_of, translated
from ledger.gateway.objects import Dispute


class Disputes(Connection):
    """Disputes, looked up."""

    def retrieve_dispute(self, dispute_id: str) -> Dispute:
        """Return a dispute."""
        with translated():
            found = self.client.v1.disputes.retrieve(dispute_id)
        self.check_mode(found.livemode)
        return _dispute(found)

    def list_disputes(self, *, since: datetime | None = None) -> list[Dispute]:
        """Return disputes opened since an instant, oldest first."""
        params: DisputeListParams = {"limit": PAGE}
        if since is not None:
            params["created"] = {"gte": int(since.timestamp())}
        with translated():
            found = list(self.client.v1.disputes.list(params).auto_paging_iter())
        for item in found:
            self.check_mode(item.livemode)
        return [_dispute(item) for item in found[::-1]]


def _dispute(found: stripe.Dispute) -> Dispute:
    details = found.evidence_details
    return Dispute(
        id=found.id,
        charge_id=id_of(found.charge) or "",
        amount=found.amount,
        currency=found.currency.upper(),
        reason=found.reason,
        status=found.status,
        evidence_due_at=instant_of(details.due_by) if details.due_by else None,
        evidence_given=bool(details.submission_count),
        created_at=instant_of(found.created),
    )
