"""Ten codes for the day when the phone is lost: each signs in once, and does nothing else.

Codes have 50 random bits; kept are their hashes, keyed by a secret that is not in the database.
"""

import secrets
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, select, update

from ledger.db import ReadSession, Session
from ledger.encryption import SecretBox
from ledger.models.factors import RecoveryCode

CODES = 10
HALF = 5
# Crockford's base 32: no letter that is read as a digit.
LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"
LOOKALIKES = str.maketrans("oil", "011")


def renew(session: Session, *, person_id: UUID, box: SecretBox, now: datetime) -> list[str]:
    """Return ten new codes, to be shown once; the ones before work no more."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.person_id == person_id))
    codes = ["-".join(_half() for _ in range(2)) for _ in range(CODES)]
    session.add_all(
        RecoveryCode(person_id=person_id, code_hash=_hash(box, person_id, code), created_at=now)
        for code in codes
    )
    session.flush()
    return codes


def spend(session: Session, *, person_id: UUID, code: str, box: SecretBox, now: datetime) -> bool:
    """Use a code up; False for one that is wrong or was used."""
    used = session.scalar(
        update(RecoveryCode)
        .where(
            RecoveryCode.person_id == person_id,
            RecoveryCode.code_hash == _hash(box, person_id, code),
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=now)
        .returning(RecoveryCode.id)
    )
    return used is not None


def left(session: ReadSession, person_id: UUID) -> int:
    """Return how many codes can still be used."""
    found = session.scalar(
        select(func.count())
        .select_from(RecoveryCode)
        .where(RecoveryCode.person_id == person_id, RecoveryCode.used_at.is_(None))
    )
    return int(found or 0)


def _half() -> str:
    return "".join(secrets.choice(LETTERS) for _ in range(HALF))


def _hash(box: SecretBox, person_id: UUID, code: str) -> str:
    """Return the keyed hash of a code, however it was typed: capitals, spaces and dashes."""
    plain = "".join(sign for sign in code.lower() if sign.isalnum()).translate(LOOKALIKES)
    return box.digest(plain, owner=str(person_id))
