"""What a treasurer can do with a bank line, and the service behind each action."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from ledger.db import Session
from ledger.errors import Invalid
from ledger.services.banking import matching, repayments, tax_reclaims

# Meaning → the service, and what the treasurer names with it: a payout, reference, fund, entry,
# item of a deposit or Stripe movement.
MEANINGS: dict[str, tuple[Callable[..., Any], str]] = {
    "payout": (matching.match_payout, "payout_id"),
    "pledge": (matching.match_pledge, "reference"),
    "charge": (matching.match_charge, "fund"),
    "gift": (matching.match_gift, "fund"),
    "unidentified": (matching.leave_unidentified, "fund"),
    "identify": (matching.identify, "reference"),
    "entry": (matching.match_entry, "entry_id"),
    "returned": (matching.match_returned_cheque, "item_id"),
    "repaid": (repayments.match_repaid, "owed"),
    "gift_with_reclaim": (tax_reclaims.match_gift_with_reclaim, "fund"),
    "reclaim": (tax_reclaims.match_reclaim, "fund"),
}


def apply(
    session: Session, *, line_id: UUID, meaning: str, target: str, by: UUID | None, now: datetime
) -> None:
    """Do what a treasurer says a line means; ``target`` is a payout, reference, fund, entry or
    item of a deposit.

    Raises Invalid for a meaning that does not exist, and as the service itself does.
    """
    if meaning not in MEANINGS:
        raise Invalid("Choose how to categorise this line.", place="meaning")
    command, name = MEANINGS[meaning]
    named = _uuid(target) if name in ("entry_id", "item_id") else target
    command(session, line_id=line_id, by=by, now=now, **{name: named})


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise Invalid("This is not a journal entry ID.", place="target") from error
