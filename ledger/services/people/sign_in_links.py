"""Sign-in links: asked for at a page, sent by mail, used once.

Of a link only the SHA-256 is kept, and its message has a place that is filled when it is sent:
neither a copy of the database nor a backup signs anybody in. An address has one live link at most.
Asking never tells whether an address is known: the answer is the same, and so is the work.
"""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, delete, select, update

from ledger.db import ReadSession, Session
from ledger.errors import NotAllowed, NotFound
from ledger.ids import new_id
from ledger.links import SIGN_IN, Links, code_place_for, place_for
from ledger.models.people import Person, SignInLink
from ledger.queries.people.people import name_given, person_by_email
from ledger.services.jobs import rate_limits
from ledger.services.jobs.rate_limits import HOUR, Limit, Subject
from ledger.services.people.people import clean_email, create_person, send, sha256

LIFETIME = timedelta(minutes=20)
# How long links that can no longer be used are kept.
KEPT = timedelta(days=1)
MOST_TRIES = 5
KIND = "sign_in"
TOO_MANY = "You have asked for many sign-in links. Please wait a while before you ask again."
# Whoever asks is told when they asked too often, for whatever addresses.
BY_VISITOR = Limit(10, HOUR, TOO_MANY)
# Nobody is told about these: the page would say which addresses are known. A stranger can use up
# their own share of an address's messages, never all of them.
BY_VISITOR_AND_ADDRESS = Limit(5, HOUR, TOO_MANY)
BY_ADDRESS = Limit(30, HOUR, TOO_MANY)


@dataclass(frozen=True, slots=True)
class Asked:
    """What it takes to ask for a link: who asks, as the limits count visitors, and our secret."""

    visitor: Sequence[Subject]
    links: Links


def request_link(session: Session, *, email: str, asked: Asked, now: datetime) -> UUID:
    """Send a link when somebody has a role or gave with this address; return what to call it.

    Silently nothing is sent to others, nor above the limits of an address. Raises Invalid for what
    is no address, RateLimited when the visitor asked too often.
    """
    address = clean_email(email)
    link_id = new_id()
    goes = _may_sign_in(session, address) & _is_within(session, address, asked, now)
    rate_limits.count(
        session,
        kind=KIND,
        subjects=[
            *asked.visitor,
            Subject(_share(address, asked)),
            rate_limits.email(address),
        ],
        key=asked.links.secret_key,
        now=now,
        about=link_id,
    )
    session.execute(delete(SignInLink).where(SignInLink.expires_at < now - KEPT))
    # The same statements either way, and undone where nothing is sent.
    attempt = session.begin_nested()
    _make(session, link_id=link_id, address=address, links=asked.links, now=now)
    minutes = LIFETIME // timedelta(minutes=1)
    send(
        session,
        to_email=address,
        subject="Your sign-in link for Poolbook",
        body=(
            f"Follow this link to sign in. It works once and expires in {minutes} minutes.\n\n"
            f"{place_for(SIGN_IN, link_id)}\n\n"
            "Or enter this code on the page where you requested the link:\n\n"
            f"{code_place_for(SIGN_IN, link_id)}\n\n"
            "Never share this code. If you did not request it, you can ignore this message: nobody "
            "has been signed in."
        ),
        now=now,
    )
    session.flush()
    if goes:
        attempt.commit()
    else:
        attempt.rollback()
    return link_id


def issue_link(session: Session, *, email: str, links: Links, now: datetime) -> str:
    """Make a link for somebody with a role, or who gave, and return its place; for the operator,
    who hands it over without mail. Raises Invalid, or NotFound for who is unknown."""
    address = clean_email(email)
    if not _may_sign_in(session, address):
        raise NotFound(
            "We found no role, pledge or contribution with this e-mail address.", place="email"
        )
    link_id = new_id()
    _make(session, link_id=link_id, address=address, links=links, now=now)
    return place_for(SIGN_IN, link_id)


def use_link(session: Session, *, secret: str, now: datetime, name: str = "") -> Person:
    """Spend a link and return the person, made known by ``name`` if they gave without one.

    Raises NotAllowed when it is not good any more.
    """
    spent = session.execute(
        update(SignInLink)
        .where(SignInLink.secret_sha256 == sha256(secret), *_is_live(now))
        .values(used_at=now)
        .returning(SignInLink.id, SignInLink.email)
    ).one_or_none()
    if spent is None or not _may_sign_in(session, spent.email):
        raise NotAllowed(
            "This sign-in link has expired or has already been used, or a newer one was "
            "sent. Request a new link."
        )
    # Those who turn out to be who they are use up nobody's limit.
    rate_limits.settle(session, about=[spent.id], now=now)
    given = name_given(session, email=spent.email)
    return create_person(session, email=spent.email, name=name.strip() or given or "", now=now)


def address_of_link(session: ReadSession, *, secret: str, now: datetime) -> str | None:
    """Return whose link this is while it can still be used, without using it: mail scanners open
    links."""
    return session.scalar(
        select(SignInLink.email).where(SignInLink.secret_sha256 == sha256(secret), *_is_live(now))
    )


def try_code(
    session: Session, *, link_id: UUID, code: str, links: Links, now: datetime
) -> str | None:
    """Return the link that was asked for as ``link_id`` when ``code`` is the one sent with it.

    None when it is not, after five tries, or when the link is not good any more. Only the browser
    that asked knows what the link is called.
    """
    counted = session.execute(
        update(SignInLink)
        .where(SignInLink.id == link_id, SignInLink.tries < MOST_TRIES, *_is_live(now))
        .values(tries=SignInLink.tries + 1)
        .returning(SignInLink.id)
    ).one_or_none()
    right = hmac.compare_digest(plain_code(code), plain_code(links.code(SIGN_IN, link_id)))
    return links.token(SIGN_IN, link_id) if counted is not None and right else None


def plain_code(code: str) -> bytes:
    """Return a code as it is compared: in capitals, without what people put in between."""
    return "".join(sign for sign in code.upper() if sign.isalnum()).encode()


def _is_live(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        SignInLink.used_at.is_(None),
        SignInLink.ended_at.is_(None),
        SignInLink.expires_at > now,
    )


def _may_sign_in(session: ReadSession, address: str) -> bool:
    # Both are asked in any case, so that the time says nothing.
    known, gave = person_by_email(session, address), name_given(session, email=address)
    return known is not None or gave is not None


def _share(address: str, asked: Asked) -> str:
    """Return by what name a visitor's share of an address is counted: the narrowest network."""
    return f"{asked.visitor[0].name} {address}"


def _is_within(session: ReadSession, address: str, asked: Asked, now: datetime) -> bool:
    """Tell whether an address may be sent another link, as far as this visitor goes."""
    subjects = [
        Subject(_share(address, asked), (BY_VISITOR_AND_ADDRESS,)),
        rate_limits.email(address, BY_ADDRESS),
    ]
    above = [
        rate_limits.exceeds(
            session, kind=KIND, subject=subject, key=asked.links.secret_key, now=now
        )
        for subject in subjects
    ]
    return not any(above)


def _make(session: Session, *, link_id: UUID, address: str, links: Links, now: datetime) -> None:
    """Make a link; an older one of the same address is good no more."""
    session.execute(
        update(SignInLink)
        .where(SignInLink.email == address, *_is_live(now))
        .values(ended_at=now)
        .execution_options(synchronize_session=False)
    )
    session.add(
        SignInLink(
            id=link_id,
            email=address,
            secret_sha256=sha256(links.token(SIGN_IN, link_id)),
            created_at=now,
            expires_at=now + LIFETIME,
        )
    )
    session.flush()
