"""App codes: six digits that change every thirty seconds (RFC 6238), by the library ``pyotp``.

The secret is encrypted at rest. No code is accepted twice. Must not know sessions or pages.
"""

from datetime import datetime
from uuid import UUID

import pyotp

from ledger.core.bounds import LONGEST_LINE, check_text
from ledger.db import ReadSession, Session
from ledger.encryption import SecretBox
from ledger.errors import NotFound
from ledger.models.factors import Totp
from ledger.models.people import Person

ISSUER = "Poolbook"
# Clocks of phones differ: the code before and the one after are accepted too (RFC 6238, 5.2).
WINDOW = 1
DIGITS = 6


def begin(session: Session, *, person_id: UUID, box: SecretBox, now: datetime) -> None:
    """Make a secret for an app; it takes the place of an earlier app once a code is entered."""
    row = session.get(Totp, person_id)
    if row is None:
        row = Totp(person_id=person_id, label="Authenticator app", created_at=now)
        session.add(row)
    row.pending_secret = box.encrypt(pyotp.random_base32(), owner=str(person_id))
    session.flush()


def pending(session: ReadSession, *, person: Person, box: SecretBox) -> tuple[str, str]:
    """Return the secret that an app is being set up with, and its ``otpauth://`` address.

    Raises NotFound when none is.
    """
    row = session.get(Totp, person.id)
    if row is None or row.pending_secret is None:
        raise NotFound("You are not setting up an authenticator app at the moment. Start again.")
    secret = box.decrypt(row.pending_secret, owner=str(person.id))
    address = pyotp.TOTP(secret).provisioning_uri(name=person.email, issuer_name=ISSUER)
    return secret, address


def confirm(
    session: Session, *, person_id: UUID, code: str, label: str, box: SecretBox, now: datetime
) -> bool:
    """Count the app as a factor when ``code`` is one of its codes. Raises Invalid, NotFound."""
    called = check_text(label.strip(), longest=LONGEST_LINE, place="label")
    row = session.get(Totp, person_id)
    if row is None or row.pending_secret is None:
        raise NotFound("You are not setting up an authenticator app at the moment. Start again.")
    timecode = _timecode(box.decrypt(row.pending_secret, owner=str(person_id)), code, now)
    if timecode is None:
        return False
    row.encrypted_secret, row.pending_secret = row.pending_secret, None
    row.last_timecode, row.last_used_at = timecode, None
    row.verified_at, row.label = now, called or row.label
    session.flush()
    return True


def check(session: Session, *, person_id: UUID, code: str, box: SecretBox, now: datetime) -> bool:
    """Tell whether ``code`` is a code of the person's app that was not used before; use it up."""
    row = session.get(Totp, person_id)
    if row is None or row.encrypted_secret is None:
        return False
    timecode = _timecode(box.decrypt(row.encrypted_secret, owner=str(person_id)), code, now)
    if timecode is None or (row.last_timecode is not None and timecode <= row.last_timecode):
        return False
    row.last_timecode, row.last_used_at = timecode, now
    session.flush()
    return True


def _timecode(secret: str, code: str, now: datetime) -> int | None:
    """Return the time step of a code of about this moment, None for what is none."""
    digits = "".join(code.split())
    if len(digits) != DIGITS or not (digits.isascii() and digits.isdigit()):
        return None
    try:
        return pyotp.TOTP(secret).verify_and_get_timecode(digits, for_time=now, valid_window=WINDOW)
    except pyotp.OTPVerificationError:
        return None
