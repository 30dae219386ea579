"""Passkeys: WebAuthn credentials, verified by the library ``webauthn``.

The library's defaults do not ask for user verification (a fingerprint or a PIN); we always do, as
a passkey alone signs in. Must not know sessions or pages.
"""

import ipaddress
import logging
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import select
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.authentication.verify_authentication_response import VerifiedAuthentication
from webauthn.helpers import (
    options_to_json_dict,
    parse_authentication_credential_json,
    parse_registration_credential_json,
)
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from ledger.core.bounds import LONGEST_LINE, check_text
from ledger.db import ReadSession, Session
from ledger.errors import Conflict
from ledger.models.factors import Challenge, Passkey
from ledger.models.people import Person
from ledger.services.people import challenges

log = logging.getLogger("poolbook.passkeys")
MAX_PASSKEYS = 10
# A response of an authenticator is about 1 kB; one with a chain of certificates about 6.
LONGEST_RESPONSE = 20_000
HINTS = {transport.value for transport in AuthenticatorTransport}


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """Who a passkey is made for (WebAuthn, RP ID), and the origin on which it is used."""

    id: str
    origin: str
    name: str = "Poolbook"


@dataclass(frozen=True, slots=True)
class Verified:
    """What came of a response: the person it proves, or who was refused for a copied passkey."""

    person_id: UUID | None
    copied_from: UUID | None = None


def relying_party(base_url: str) -> RelyingParty | None:
    """Return the relying party of an installation; None when its address is a plain IP address.

    Browsers make passkeys for names only. On this machine's own address, the name is localhost.
    """
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    try:
        if not ipaddress.ip_address(host).is_loopback:
            return None
    except ValueError:
        return RelyingParty(host, f"{parts.scheme}://{parts.netloc.lower()}")
    port = f":{parts.port}" if parts.port else ""
    return RelyingParty("localhost", f"{parts.scheme}://localhost{port}")


def registration_options(
    session: ReadSession, *, person: Person, party: RelyingParty, challenge: Challenge
) -> dict[str, object]:
    """Return what the browser needs to make a passkey that can sign in without a name."""
    options = generate_registration_options(
        rp_id=party.id,
        rp_name=party.name,
        user_id=person.id.bytes,
        user_name=person.email,
        user_display_name=person.name,
        challenge=bytes.fromhex(challenge.challenge),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=_descriptors(session, person.id),
    )
    return options_to_json_dict(options)


def authentication_options(
    session: ReadSession, *, party: RelyingParty, challenge: Challenge
) -> dict[str, object]:
    """Return what the browser needs to use a passkey: one of the person's, or any when unknown."""
    known = challenge.person_id
    options = generate_authentication_options(
        rp_id=party.id,
        challenge=bytes.fromhex(challenge.challenge),
        allow_credentials=_descriptors(session, known) if known else None,
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return options_to_json_dict(options)


def enrol(
    session: Session,
    *,
    person: Person,
    party: RelyingParty,
    challenge_id: UUID,
    browser: str,
    response: str,
    label: str,
    now: datetime,
) -> Passkey | None:
    """Keep a new passkey; None when the browser's response is not one to this challenge.

    Raises Conflict above ten passkeys and for one that is known already, Invalid for the label.
    """
    called = check_text(label.strip(), longest=LONGEST_LINE, place="label")
    if len(passkeys_of(session, person.id)) >= MAX_PASSKEYS:
        raise Conflict(
            "You have ten passkeys, which is the maximum. Remove one that you no longer use.",
            place="label",
        )
    challenge = challenges.spend(
        session,
        challenge_id=challenge_id,
        purpose=challenges.ENROL,
        browser=browser,
        person_id=person.id,
        now=now,
    )
    if challenge is None or len(response) > LONGEST_RESPONSE:
        return None
    try:
        credential = parse_registration_credential_json(response)
        made = verify_registration_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            require_user_verification=True,
        )
    except Exception as error:
        # Bytes of strangers: whatever the library trips over is a refusal.
        log.info("a new passkey was refused: %s", type(error).__name__)
        return None
    if _by_credential(session, made.credential_id) is not None:
        raise Conflict("This passkey is already registered.", place="label")
    told = credential.response.transports or []
    row = Passkey(
        person_id=person.id,
        credential_id=made.credential_id.hex(),
        public_key=made.credential_public_key.hex(),
        sign_count=made.sign_count,
        transports=sorted(item.value for item in told),
        backed_up=made.credential_backed_up,
        label=called or "Passkey",
        created_at=now,
        last_used_at=None,
    )
    session.add(row)
    session.flush()
    return row


def verify(
    session: Session,
    *,
    party: RelyingParty,
    purpose: str,
    challenge_id: UUID,
    browser: str,
    person_id: UUID | None,
    response: str,
    now: datetime,
) -> Verified:
    """Check the use of a passkey. ``person_id`` is who must own it; None to find out who it is.

    A counter that does not rise means that a copy of the passkey was used (WebAuthn level 3,
    section 6.1.1): it is refused. Synced passkeys have no counter and always say zero.
    """
    challenge = challenges.spend(
        session,
        challenge_id=challenge_id,
        purpose=purpose,
        browser=browser,
        person_id=person_id,
        now=now,
    )
    if challenge is None or len(response) > LONGEST_RESPONSE:
        return Verified(None)
    try:
        credential = parse_authentication_credential_json(response)
        row = _by_credential(session, credential.raw_id)
        if row is None or person_id not in (None, row.person_id):
            return Verified(None)
        # Who is found out by the passkey is named by it (WebAuthn level 3, 7.2, step 6).
        named = credential.response.user_handle or None
        if named != row.person_id.bytes and (named is not None or person_id is None):
            return Verified(None)
        used = verify_authentication_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            credential_public_key=bytes.fromhex(row.public_key),
            # The counter is compared below, where a falling one can be told to the owner.
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    except Exception as error:
        # Bytes of strangers: whatever the library trips over is a refusal.
        log.info("the use of a passkey was refused: %s", type(error).__name__)
        return Verified(None)
    return _used(session, row, used, now)


def _used(session: Session, row: Passkey, used: VerifiedAuthentication, now: datetime) -> Verified:
    counts = used.new_sign_count > 0 or row.sign_count > 0
    if counts and used.new_sign_count <= row.sign_count:
        log.warning("passkey %s: its counter fell; it may have been copied", row.id)
        return Verified(None, copied_from=row.person_id)
    row.sign_count, row.backed_up = used.new_sign_count, used.credential_backed_up
    row.last_used_at = now
    session.flush()
    return Verified(row.person_id)


def passkeys_of(session: ReadSession, person_id: UUID) -> list[Passkey]:
    """Return a person's passkeys, the oldest first."""
    return list(
        session.scalars(
            select(Passkey).where(Passkey.person_id == person_id).order_by(Passkey.created_at)
        )
    )


def _by_credential(session: ReadSession, credential_id: bytes) -> Passkey | None:
    return session.scalar(select(Passkey).where(Passkey.credential_id == credential_id.hex()))


def _descriptors(session: ReadSession, person_id: UUID) -> list[PublicKeyCredentialDescriptor]:
    return [
        PublicKeyCredentialDescriptor(
            id=bytes.fromhex(row.credential_id),
            # Hints only; later versions of the standard may know others.
            transports=[AuthenticatorTransport(name) for name in row.transports if name in HINTS],
        )
        for row in passkeys_of(session, person_id)
    ]
