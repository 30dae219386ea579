"""Questions about parties: under which commitments entries name them."""

from collections.abc import Collection

from sqlalchemy import select

from ledger.core.leaf import commit_to
from ledger.db import ReadSession
from ledger.models.parties import Party
from ledger.models.pledges import Pledge


def commitments(session: ReadSession, *, pledges: Collection[str]) -> dict[str, str]:
    """Return the commitment to whoever made each pledge, by the pledge's reference.

    Who was erased has none any more.
    """
    rows = session.execute(
        select(Pledge.reference, Party.salt, Party.reference)
        .join(Party, Party.id == Pledge.party_id)
        .where(Pledge.reference.in_(pledges), Party.salt.is_not(None))
    )
    return {pledge: commit_to(salt or "", reference) for pledge, salt, reference in rows}
