"""Sessions: begin one, keep it, raise it, end it.

The browser holds a random token; the row holds its SHA-256, so that a copy of the database signs
nobody in. A token is replaced whenever its holder's rights rise. How long a session lasts depends
on what it opens: weeks for somebody who gives, hours for somebody with a role.
"""

import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, or_

from ledger.db import Session
from ledger.errors import NotFound
from ledger.models.rights_log import RightsKind
from ledger.models.sessions import SessionEnd, SignInSession
from ledger.queries.people.sessions import holds_a_role, sessions_of
from ledger.services.people.people import sha256
from ledger.services.people.rights_log import record

# Whether somebody holds a role → how long an unused session lasts, and how long a used one.
IDLE = {False: timedelta(days=30), True: timedelta(hours=12)}
ABSOLUTE = {False: timedelta(days=90), True: timedelta(days=7)}
# How long somebody counts as having just shown who they are.
FRESH = timedelta(minutes=15)
SEEN_EVERY = timedelta(minutes=1)
# How long ended sessions are kept, to answer who was signed in where.
KEPT = timedelta(days=90)
TOKEN_BYTES = 32


def start_session(
    session: Session,
    *,
    person_id: UUID,
    methods: Collection[str],
    device: str,
    now: datetime,
    fresh: bool,
) -> tuple[SignInSession, str]:
    """Begin a session and return it with its token, which is not kept.

    ``fresh``: whether the person has just shown as much as they can, so that actions that need it
    need not ask again for fifteen minutes.
    """
    _forget_old(session, person_id, now)
    has_role = holds_a_role(session, person_id=person_id, now=now)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    row = SignInSession(
        token_sha256=sha256(token),
        person_id=person_id,
        created_at=now,
        issued_at=now,
        last_seen_at=now,
        idle_until=now + IDLE[has_role],
        absolute_until=now + ABSOLUTE[has_role],
        fresh_until=now + FRESH if fresh else now,
        methods=" ".join(sorted(methods)),
        device=device,
    )
    session.add(row)
    session.flush()
    _record(session, RightsKind.SIGNED_IN, row, now, methods="+".join(sorted(methods)))
    return row, token


def rise(
    session: Session,
    *,
    session_id: UUID,
    token: str,
    methods: Collection[str],
    now: datetime,
    fresh: bool,
) -> tuple[SignInSession, str]:
    """Give a session another token because its holder has just shown again who they are.

    It lasts as long as a new one from here; ``fresh`` as for ``start_session``. Raises NotFound
    when the session has ended or the token was replaced already.
    """
    row = _live(session, session_id, token, now)
    has_role = holds_a_role(session, person_id=row.person_id, now=now)
    row.methods = " ".join(sorted({*row.methods.split(), *methods}))
    if fresh:
        row.fresh_until = now + FRESH
    row.idle_until, row.absolute_until = now + IDLE[has_role], now + ABSOLUTE[has_role]
    token = _reissue(session, row, now)
    _record(session, RightsKind.CONFIRMED, row, now, methods="+".join(sorted(methods)))
    return row, token


def take_rights(
    session: Session, *, session_id: UUID, token: str, now: datetime
) -> tuple[SignInSession, str]:
    """Give a session another token because its holder has gained a role.

    It lasts no longer than sessions of people with a role. Raises NotFound as ``rise``.
    """
    row = _live(session, session_id, token, now)
    row.idle_until = min(row.idle_until, now + IDLE[True])
    row.absolute_until = min(row.absolute_until, now + ABSOLUTE[True])
    return row, _reissue(session, row, now)


def note_use(session: Session, *, session_id: UUID, now: datetime) -> None:
    """Write down that a session is used, which keeps it from running out unused."""
    row = session.get(SignInSession, session_id)
    if row is None or row.ended_at is not None:
        return
    has_role = holds_a_role(session, person_id=row.person_id, now=now)
    row.last_seen_at, row.idle_until = now, now + IDLE[has_role]
    session.flush()


def is_noted(row: SignInSession, now: datetime) -> bool:
    """Tell whether the last use of a session is written down to the minute."""
    return now - row.last_seen_at < SEEN_EVERY


def is_fresh(row: SignInSession, now: datetime) -> bool:
    """Tell whether somebody has shown who they are within the last fifteen minutes."""
    return now < row.fresh_until


def end_session(
    session: Session, *, session_id: UUID, person_id: UUID, reason: SessionEnd, now: datetime
) -> None:
    """End one of a person's own sessions. Raises NotFound when it is none or has ended."""
    row = session.get(SignInSession, session_id)
    if row is None or row.person_id != person_id or row.ended_at is not None:
        raise NotFound("This session has already ended.", place="session")
    row.ended_at, row.ended_reason = now, reason
    session.flush()
    _record(session, RightsKind.SIGNED_OUT, row, now, reason=reason)


def end_all(
    session: Session,
    *,
    person_id: UUID,
    reason: SessionEnd,
    now: datetime,
    keep: UUID | None = None,
) -> int:
    """End every session of a person but the one to ``keep``; return how many there were."""
    rows = [row for row in sessions_of(session, person_id=person_id, now=now) if row.id != keep]
    for row in rows:
        row.ended_at, row.ended_reason = now, reason
    session.flush()
    for row in rows:
        _record(session, RightsKind.SIGNED_OUT, row, now, reason=reason)
    return len(rows)


def _live(session: Session, session_id: UUID, token: str, now: datetime) -> SignInSession:
    row = session.get(SignInSession, session_id)
    if (
        row is None
        or row.ended_at is not None
        or min(row.idle_until, row.absolute_until) <= now
        or row.token_sha256 != sha256(token)
    ):
        raise NotFound("You are no longer signed in.", place="session")
    return row


def _record(
    session: Session, kind: RightsKind, row: SignInSession, now: datetime, **how: str
) -> None:
    record(
        session,
        kind=kind,
        actor=row.person_id,
        about={"session": row.id, **how},
        now=now,
    )


def _reissue(session: Session, row: SignInSession, now: datetime) -> str:
    token = secrets.token_urlsafe(TOKEN_BYTES)
    row.token_sha256, row.issued_at, row.last_seen_at = sha256(token), now, now
    session.flush()
    return token


def _forget_old(session: Session, person_id: UUID, now: datetime) -> None:
    """Delete what is known of a person's sessions that ended long ago."""
    session.execute(
        delete(SignInSession).where(
            SignInSession.person_id == person_id,
            or_(
                SignInSession.ended_at < now - KEPT,
                SignInSession.idle_until < now - KEPT,
                SignInSession.absolute_until < now - KEPT,
            ),
        )
    )
