"""Tokens for programs: what each may do in which book, until when, and when it was last used.

A secret is shown once and kept only as its SHA-256. A token never allows more than its owner may
do at the moment of the call. Must not know Flask.
"""

import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, or_, select, update

from ledger.core.bounds import LONGEST_LINE, check_text
from ledger.db import ReadSession, Session
from ledger.errors import Conflict, Invalid, NotFound
from ledger.models.books import Book
from ledger.models.people import ApiToken
from ledger.models.rights_log import RightsKind
from ledger.services.people.people import sha256
from ledger.services.people.rights_log import record

MAX_TOKENS = 20
# How many days a token lasts when nothing else is chosen, and at most.
USUAL_DAYS = 90
MOST_DAYS = 365
# Use is noted at most this often, so that a busy program does not write at every call.
NOTE_EVERY = timedelta(minutes=1)
# Scope → the action of the permission matrix that its owner needs as well.
SCOPES: dict[str, str] = {
    "read-reports": "read_report",
    "read-books": "read_books",
    "import": "import_statement",
    "propose": "post_entries",
    "pledge": "make_pledges",
}
# Stands for every book; only tokens from before scopes named books have it.
ANY_BOOK = "*"


def scope_in(scope: str, book_code: str) -> str:
    """Return a scope for one book, as tokens keep it."""
    return f"{scope}:{book_code}"


def allows(scopes: Collection[str], scope: str, book_code: str | None) -> bool:
    """Tell whether a token's scopes hold one for a book, or for any book where none is named."""
    if book_code is None:
        return any(found.startswith(f"{scope}:") for found in scopes)
    return not {scope_in(scope, book_code), scope_in(scope, ANY_BOOK)}.isdisjoint(scopes)


def create_token(
    session: Session,
    *,
    person_id: UUID,
    name: str,
    scopes: Collection[str],
    now: datetime,
    days: int = USUAL_DAYS,
) -> str:
    """Make a bearer token and return its secret, which is not kept.

    ``scopes`` are those of ``SCOPES``, each for one book, as ``scope_in`` writes them. Raises
    Invalid for others, for none, for a token without a name or one that lasts for no time or for
    more than a year, Conflict for more than twenty at once.
    """
    called = check_text(name.strip(), longest=LONGEST_LINE, place="name")
    if not called:
        raise Invalid("Enter what the token is for.", place="name")
    if not 1 <= days <= MOST_DAYS:
        raise Invalid(
            "A token can last from 1 to {most_days} days.", place="days", most_days=MOST_DAYS
        )
    _check_scopes(session, scopes)
    live = session.scalar(
        select(func.count())
        .select_from(ApiToken)
        .where(
            ApiToken.person_id == person_id,
            ApiToken.revoked_at.is_(None),
            ApiToken.expires_at > now,
        )
    )
    if (live or 0) >= MAX_TOKENS:
        raise Conflict(
            "You have the maximum number of tokens. Revoke one that you no longer use.",
            place="name",
        )
    secret = "pb_" + secrets.token_urlsafe(32)
    token = ApiToken(
        person_id=person_id,
        name=called,
        secret_sha256=sha256(secret),
        scopes=" ".join(sorted(scopes)),
        created_at=now,
        expires_at=now + timedelta(days=days),
    )
    session.add(token)
    session.flush()
    record(
        session,
        kind=RightsKind.TOKEN_MADE,
        actor=person_id,
        about={"token": token.id, "scopes": "+".join(sorted(scopes)), "days": days},
        now=now,
    )
    return secret


def _check_scopes(session: ReadSession, scopes: Collection[str]) -> None:
    if not scopes:
        raise Invalid("Choose what the token may do.", place="scope")
    codes = set()
    for found in scopes:
        scope, _, code = found.partition(":")
        if scope not in SCOPES:
            raise Invalid("There is no scope {scope}.", place="scope", scope=scope)
        codes.add(code)
    known = set(session.scalars(select(Book.code).where(Book.code.in_(codes))))
    for code in sorted(codes - known):
        raise Invalid("There is no book {code!r} for a token.", place="scope", code=code)


def revoke_token(session: Session, *, person_id: UUID, token_id: UUID, now: datetime) -> None:
    """End a person's own token; ending it twice changes nothing. Raises NotFound."""
    token = session.get(ApiToken, token_id)
    if token is None or token.person_id != person_id:
        raise NotFound("You have no such token.", place="token")
    if token.revoked_at is None:
        token.revoked_at = now
        session.flush()
        record(
            session,
            kind=RightsKind.TOKEN_ENDED,
            actor=person_id,
            about={"token": token_id},
            now=now,
        )


def token_of_secret(session: ReadSession, *, secret: str) -> ApiToken | None:
    """Return the token of a secret, or None when it is unknown or revoked; it may be past its end.

    Only the SHA-256 is compared.
    """
    return session.scalar(
        select(ApiToken).where(
            ApiToken.secret_sha256 == sha256(secret), ApiToken.revoked_at.is_(None)
        )
    )


def use_is_due(token: ApiToken, now: datetime) -> bool:
    """Tell whether the last use that is noted is old enough to be noted anew."""
    return token.last_used_at is None or token.last_used_at <= now - NOTE_EVERY


def note_use(session: Session, *, token_id: UUID, now: datetime) -> None:
    """Note that a token was used; of several calls in a minute the first is noted."""
    session.execute(
        update(ApiToken)
        .where(
            ApiToken.id == token_id,
            or_(ApiToken.last_used_at.is_(None), ApiToken.last_used_at <= now - NOTE_EVERY),
        )
        .values(last_used_at=now)
    )
