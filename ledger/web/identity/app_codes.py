"""Codes that somebody types: those of an app, and recovery codes; the same wherever they count."""

from uuid import UUID

from ledger.db import Session
from ledger.encryption import SecretBox
from ledger.services.people import factors
from ledger.services.people.factors import Answer
from ledger.web.site.context import here, now


def box() -> SecretBox:
    """Return what factors are encrypted and hashed with here."""
    return SecretBox(here().settings.secret_key, factors.PURPOSE)


def check(opened: Session, person_id: UUID, code: str, *, takes_recovery: bool) -> Answer:
    """Check a code and count a wrong one, so the caller must commit. Raises RateLimited."""
    return factors.check_code(
        opened,
        person_id=person_id,
        code=code,
        takes_recovery=takes_recovery,
        box=box(),
        now=now(),
    )
