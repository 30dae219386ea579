"""Parties: who gives. One per e-mail address; the journal knows only the random reference."""

import secrets
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from ledger.core.reference import new_reference
from ledger.db import Session
from ledger.errors import Invalid
from ledger.models.parties import Party
from ledger.queries.people import person_by_email
from ledger.services.people import clean_email

CONSENTS = ("name", "initials", "anonymous")


def find_or_create_party(
    session: Session,
    *,
    name: str,
    email: str,
    consent: str,
    now: datetime,
    person_id: UUID | None = None,
) -> Party:
    """Return the party of an address, made known when it is new.

    It belongs to the person of that address, also when they sign up only after giving.
    ``consent`` says how a name may be shown in public. A known party's can only become more
    private here: whoever fills in a form has not shown that the address is theirs.
    Raises Invalid for an address that is none.
    """
    if consent not in CONSENTS:
        raise Invalid("Choose how your name is shown.", place="consent")
    address = clean_email(email)
    party = session.scalar(select(Party).where(Party.email == address))
    person = person_by_email(session, address)
    if party is None:
        party = Party(
            reference=new_reference("D", secrets.choice),
            name=name.strip(),
            email=address,
            person_id=person.id if person else person_id,
            consent=consent,
            created_at=now,
        )
        session.add(party)
    else:
        party.consent = max(party.consent, consent, key=CONSENTS.index)
        if party.person_id is None and person is not None:
            # Only by the address: whoever merely types it must not come to own what others gave.
            party.person_id = person.id
    session.flush()
    return party
