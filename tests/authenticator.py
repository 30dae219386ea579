"""A software authenticator: makes passkeys and signs with them as a phone would (WebAuthn)."""

import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from webauthn.helpers import encode_cbor

PRESENT, VERIFIED, BACKUP_ELIGIBLE, BACKED_UP, ATTESTED = 0x01, 0x04, 0x08, 0x10, 0x40


def b64(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def raw(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Authenticator:
    """One passkey on one device; the attributes can be changed to misbehave."""

    origin: str
    rp_id: str
    credential_id: bytes = b"a credential of this phone"
    counter: int = 0
    counts: bool = True
    verifies: bool = True
    user_handle: bytes = b""
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    def make(self, options: Mapping[str, Any]) -> str:
        """Answer to ``navigator.credentials.create``."""
        self.user_handle = raw(options["user"]["id"])
        numbers = self.key.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)}
        attested = bytes(16) + len(self.credential_id).to_bytes(2) + self.credential_id
        told = self._told(ATTESTED) + attested + encode_cbor(cose)
        statement = {"fmt": "none", "attStmt": {}, "authData": told}
        return self._answer(
            {
                "clientDataJSON": b64(self._client("webauthn.create", options)),
                "attestationObject": b64(encode_cbor(statement)),
                "transports": ["internal", "hybrid"],
            }
        )

    def use(self, options: Mapping[str, Any]) -> str:
        """Answer to ``navigator.credentials.get``."""
        if self.counts:
            self.counter += 1
        told, client = self._told(0), self._client("webauthn.get", options)
        signed = self.key.sign(told + hashlib.sha256(client).digest(), ec.ECDSA(SHA256()))
        return self._answer(
            {
                "clientDataJSON": b64(client),
                "authenticatorData": b64(told),
                "signature": b64(signed),
                "userHandle": b64(self.user_handle),
            }
        )

    def _told(self, more: int) -> bytes:
        flags = PRESENT | BACKUP_ELIGIBLE | BACKED_UP | more | (VERIFIED if self.verifies else 0)
        return (
            hashlib.sha256(self.rp_id.encode()).digest() + bytes([flags]) + self.counter.to_bytes(4)
        )

    def _client(self, kind: str, options: Mapping[str, Any]) -> bytes:
        told = {"type": kind, "challenge": options["challenge"], "origin": self.origin}
        return json.dumps(told).encode()

    def _answer(self, response: dict[str, Any]) -> str:
        name = b64(self.credential_id)
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": response})
