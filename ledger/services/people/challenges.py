"""Challenges that authenticators sign: for one purpose, in one browser, for five minutes, once.

Spending a challenge is an update that only one request can win, and it happens before anything is
verified: a wrong answer uses the challenge up as well.
"""

import hashlib
import secrets
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, update

from ledger.db import Session
from ledger.models.factors import Challenge, ChallengePurpose

LIFETIME = timedelta(minutes=5)
CHALLENGE_BYTES = 32
ENROL, SIGN_IN, SECOND_STEP, CONFIRM = ChallengePurpose


def begin(
    session: Session, *, purpose: str, browser: str, person_id: UUID | None, now: datetime
) -> Challenge:
    """Make a challenge; forget those that are too old. ``browser`` is the cookie's own key."""
    assert purpose in tuple(ChallengePurpose)
    session.execute(delete(Challenge).where(Challenge.expires_at < now))
    row = Challenge(
        purpose=ChallengePurpose(purpose),
        challenge=secrets.token_hex(CHALLENGE_BYTES),
        browser_sha256=_sha256(browser),
        person_id=person_id,
        expires_at=now + LIFETIME,
    )
    session.add(row)
    session.flush()
    return row


def spend(
    session: Session,
    *,
    challenge_id: UUID,
    purpose: str,
    browser: str,
    person_id: UUID | None,
    now: datetime,
) -> bytes | None:
    """Use a challenge up and return its bytes.

    None for a challenge that was used, is too old, or was made for another purpose, another
    browser or another person.
    """
    found = session.scalar(
        update(Challenge)
        .where(
            Challenge.id == challenge_id,
            Challenge.purpose == purpose,
            Challenge.browser_sha256 == _sha256(browser),
            Challenge.person_id.is_(None)
            if person_id is None
            else Challenge.person_id == person_id,
            Challenge.used_at.is_(None),
            Challenge.expires_at > now,
        )
        .values(used_at=now)
        .returning(Challenge.challenge)
    )
    return None if found is None else bytes.fromhex(found)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
