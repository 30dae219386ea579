"""Who looks after the installation: its books, jobs, mail and backups, and nobody's money.

The role is of no book and gives no right in one: an admin of a book does not have it, and whoever
has it needs a role in a book like anybody else.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from ledger.db import Session
from ledger.errors import NotFound
from ledger.models.people import InstallationAdmin
from ledger.models.rights_log import RightsKind
from ledger.queries.people.people import held_now, runs_installation
from ledger.services.people.rights_log import record

NAME = "installation"


def give(session: Session, *, person_id: UUID, now: datetime, made_by: UUID | None = None) -> bool:
    """Give the role at once; False when it is held already."""
    if runs_installation(session, person_id=person_id, now=now):
        return False
    session.add(InstallationAdmin(person_id=person_id, starts_at=now))
    session.flush()
    record(
        session,
        kind=RightsKind.ROLE_GRANTED,
        actor=made_by,
        about={"person": person_id, "role": NAME},
        now=now,
    )
    return True


def give_to_first(session: Session, *, person_id: UUID, now: datetime) -> None:
    """Give the role to the first admin of an installation; later ones get none by this."""
    if session.scalar(select(InstallationAdmin.id).limit(1)) is None:
        give(session, person_id=person_id, now=now)


def end(session: Session, *, person_id: UUID, now: datetime) -> None:
    """End the role at once. Raises NotFound for somebody who does not hold it."""
    rows = session.scalars(
        select(InstallationAdmin).where(InstallationAdmin.person_id == person_id, held_now(now))
    ).all()
    if not rows:
        raise NotFound("This person does not look after this installation.", place="role")
    for row in rows:
        row.ends_at = now
    session.flush()
    record(
        session,
        kind=RightsKind.ROLE_ENDED,
        actor=None,
        about={"person": person_id, "role": NAME},
        now=now,
    )
