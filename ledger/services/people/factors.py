"""Second factors as a whole: check a code, add and remove factors, reset lost ones, set policies.

The owner is told by mail of every change, and signed out of all browsers but the one that made it:
somebody who was let in without the factor does not stay. Wrong codes are counted for each person:
five in an hour are the most, and only who has opened a sign-in link of the person gets to try one.
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import delete

from ledger.core.vocabulary import Role
from ledger.db import ReadSession, Session
from ledger.encryption import SecretBox
from ledger.errors import Conflict, Invalid, NotAllowed, NotFound
from ledger.ids import new_id
from ledger.models.books import Book
from ledger.models.factors import (
    FactorDemand,
    FactorPolicy,
    FactorReset,
    Passkey,
    RecoveryCode,
    Totp,
)
from ledger.models.people import Person
from ledger.models.rights_log import RightsKind
from ledger.models.sessions import SessionEnd
from ledger.queries.people.factors import GRACE_DAYS, factors_of, has_factor
from ledger.queries.people.people import memberships_of
from ledger.services.jobs import rate_limits
from ledger.services.jobs.rate_limits import HOUR, Limit, Subject
from ledger.services.people import recovery_codes, sessions, totp
from ledger.services.people.people import send
from ledger.services.people.rights_log import record

PURPOSE = "factors"
KIND = "factor_code"
PASSKEY, APP = "passkey", "app"
KINDS = {PASSKEY: "a passkey", APP: "an authenticator app"}
WRONG_CODES = Limit(
    5, HOUR, "Five wrong codes within an hour are the most. Use a passkey, or try again later."
)


class Answer(StrEnum):
    """What came of a code that somebody typed."""

    APP = "app"
    RECOVERY = "recovery"
    WRONG = "wrong"


def check_code(
    session: Session,
    *,
    person_id: UUID,
    code: str,
    takes_recovery: bool,
    box: SecretBox,
    now: datetime,
) -> Answer:
    """Check a code of the person's app, or a recovery code where one is taken; use it up.

    Wrong ones are counted, so the caller must commit whatever comes of it. Raises RateLimited for
    the sixth try after five wrong ones within an hour.
    """
    this_try = new_id()
    rate_limits.count(
        session,
        kind=KIND,
        subjects=[Subject(f"person:{person_id}", (WRONG_CODES,))],
        key=box.secret_key,
        about=this_try,
        now=now,
    )
    answer = Answer.WRONG
    if totp.check(session, person_id=person_id, code=code, box=box, now=now):
        answer = Answer.APP
    elif takes_recovery and recovery_codes.spend(
        session, person_id=person_id, code=code, box=box, now=now
    ):
        _tell(session, person_id, "a recovery code was used to sign in", now)
        answer = Answer.RECOVERY
    if answer == Answer.WRONG:
        record(session, kind=RightsKind.FACTOR_FAILED, actor=person_id, now=now)
    else:
        rate_limits.settle(session, about={this_try}, now=now)
    return answer


def note_added(
    session: Session,
    *,
    person_id: UUID,
    kind: str,
    box: SecretBox,
    now: datetime,
    keep: UUID | None = None,
) -> list[str]:
    """Tell the owner of a new factor, ``passkey`` or ``app``, and lift what a reset held back; end
    their sessions but the one to ``keep``.

    Return ten recovery codes for who has none left, to be shown once; else nothing.
    """
    _end_others(session, person_id, keep, now)
    session.execute(delete(FactorReset).where(FactorReset.person_id == person_id))
    record(session, kind=RightsKind.FACTOR_ADDED, actor=person_id, about={"factor": kind}, now=now)
    _tell(session, person_id, f"{KINDS[kind]} was added", now)
    if recovery_codes.left(session, person_id):
        return []
    return recovery_codes.renew(session, person_id=person_id, box=box, now=now)


def renew_codes(session: Session, *, person_id: UUID, box: SecretBox, now: datetime) -> list[str]:
    """Return ten new recovery codes, to be shown once. Raises Conflict without another factor."""
    if not has_factor(session, person_id):
        raise Conflict("Set up a passkey or an authenticator app first.", place="form")
    _tell(session, person_id, "new recovery codes were made", now)
    return recovery_codes.renew(session, person_id=person_id, box=box, now=now)


def remove_passkey(
    session: Session,
    *,
    person_id: UUID,
    passkey_id: UUID,
    now: datetime,
    keep: UUID | None = None,
) -> None:
    """Remove one of a person's own passkeys, and end their sessions but the one to ``keep``.

    Raises NotFound.
    """
    row = session.get(Passkey, passkey_id)
    if row is None or row.person_id != person_id:
        raise NotFound("You have no such passkey.", place="form")
    session.delete(row)
    session.flush()
    _end_others(session, person_id, keep, now)
    _removed(session, person_id, PASSKEY, now)


def remove_app(
    session: Session, *, person_id: UUID, now: datetime, keep: UUID | None = None
) -> None:
    """Remove a person's own authenticator app, and end their sessions but the one to ``keep``.

    Raises NotFound.
    """
    row = session.get(Totp, person_id)
    if row is None or row.verified_at is None:
        raise NotFound("You have no authenticator app.", place="form")
    session.delete(row)
    session.flush()
    _end_others(session, person_id, keep, now)
    _removed(session, person_id, APP, now)


def tell_of_copy(session: Session, *, person_id: UUID, now: datetime) -> None:
    """Warn somebody whose passkey seems to have been copied."""
    _tell(
        session,
        person_id,
        "a sign-in with a copy of your passkey was rejected. Remove this passkey and add another",
        now,
    )


def reset(session: Session, *, person_id: UUID, by: UUID | None, now: datetime) -> None:
    """Remove all factors of somebody who lost them; end their sessions and tell them.

    Their roles that move money or give rights pause until they have a factor again. ``by`` is
    nobody for the operator's command. Raises NotAllowed for one's own factors and for an admin
    who is not admin of every book in which the person has a role; Conflict without factors.
    """
    if by == person_id:
        raise NotAllowed("You cannot reset your own second factors. Ask another admin.")
    found = factors_of(session, person_id)
    if not found.any and not found.codes_left:
        raise Conflict("This person has no second factor to reset.", place="form")
    if by is not None:
        _check_admin(session, person_id, by, now)
    for table in (Passkey, Totp, RecoveryCode, FactorReset):
        session.execute(delete(table).where(table.person_id == person_id))
    session.add(FactorReset(person_id=person_id, reset_by=by, reset_at=now))
    session.flush()
    for book, _roles in memberships_of(session, person_id=person_id, now=now):
        record(
            session,
            kind=RightsKind.FACTORS_RESET,
            actor=by,
            book=book.id,
            about={"person": person_id},
            now=now,
        )
    sessions.end_all(session, person_id=person_id, reason=SessionEnd.FACTORS_RESET, now=now)
    who = "the operator of this installation" if by is None else "an admin of your community"
    _tell(session, person_id, f"{who} removed your passkeys, app and recovery codes", now)


def set_policy(
    session: Session, *, book: Book, role: str, demand: str, set_by: UUID, now: datetime
) -> bool:
    """Say whether a role of a book needs a factor; tell whether that changes anything.

    Whoever holds the role without one has seven days. Raises Invalid.
    """
    if role not in tuple(Role):
        raise Invalid("Choose a role.", place="role")
    if demand not in tuple(FactorDemand):
        raise Invalid("Choose off, asked or required.", place=f"demand-{role}")
    row = session.get(FactorPolicy, (book.id, role))
    if row is not None and row.demand == demand:
        return False
    if row is None:
        row = FactorPolicy(book_id=book.id, role=role, grace_days=GRACE_DAYS)
        session.add(row)
    row.demand, row.set_by, row.set_at = FactorDemand(demand), set_by, now
    session.flush()
    record(
        session,
        kind=RightsKind.SETTING_CHANGED,
        actor=set_by,
        book=book.id,
        about={"setting": "second_factor", "role": role, "value": demand},
        now=now,
    )
    return True


def _check_admin(session: ReadSession, person_id: UUID, by: UUID, now: datetime) -> None:
    """Refuse an admin of one community who would pause roles in another."""
    theirs = {
        book.id
        for book, roles in memberships_of(session, person_id=by, now=now)
        if "admin" in roles
    }
    held = {book.id for book, _roles in memberships_of(session, person_id=person_id, now=now)}
    if not held <= theirs:
        raise NotAllowed(
            "This person also has roles in other communities. Ask the operator of this "
            "installation to reset their second factors."
        )


def _end_others(session: Session, person_id: UUID, keep: UUID | None, now: datetime) -> None:
    sessions.end_all(
        session, person_id=person_id, reason=SessionEnd.FACTORS_CHANGED, now=now, keep=keep
    )


def _removed(session: Session, person_id: UUID, kind: str, now: datetime) -> None:
    """Recovery codes stand in for a factor; without any they are worth nothing."""
    if not has_factor(session, person_id):
        session.execute(delete(RecoveryCode).where(RecoveryCode.person_id == person_id))
    about = {"factor": kind}
    record(session, kind=RightsKind.FACTOR_REMOVED, actor=person_id, about=about, now=now)
    _tell(session, person_id, f"{KINDS[kind]} was removed", now)


def _tell(session: Session, person_id: UUID, what: str, now: datetime) -> None:
    person = session.get(Person, person_id)
    assert person is not None
    send(
        session,
        to_email=person.email,
        subject="Security change in Poolbook",
        body=(
            f"On {now:%d %B %Y at %H:%M} UTC {what}.\n\n"
            "If this was you, you do not need to do anything. If it was not you, sign in, check "
            "your second factors and sessions, and contact an admin of your community immediately."
        ),
        now=now,
    )
