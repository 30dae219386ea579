"""Encrypt what must be read again, and key the hashes of what must only be recognised.

Both keys are derived from the installation's secret, which is kept in a file and never in the
database: a copy of the database, or a backup, signs nobody in. Must not know the database.
"""

import hashlib
import hmac
import os
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ledger.errors import Conflict

KEY_BYTES = 32
NONCE_BYTES = 12


@dataclass(frozen=True, slots=True)
class SecretBox:
    """The keys of one purpose; what one box encrypts, a box of another purpose cannot read."""

    secret_key: str
    purpose: str

    def encrypt(self, text: str, *, owner: str) -> str:
        """Return the text encrypted with AES-256-GCM, in hexadecimal digits.

        It can be read only for the same ``owner``: moved to another person's row it is useless.
        """
        nonce = os.urandom(NONCE_BYTES)
        sealed = AESGCM(self._key("encrypt")).encrypt(nonce, text.encode(), owner.encode())
        return (nonce + sealed).hex()

    def decrypt(self, sealed: str, *, owner: str) -> str:
        """Return what was encrypted for ``owner``.

        Raises Conflict when it was encrypted with another installation's secret, or changed.
        """
        try:
            raw = bytes.fromhex(sealed)
            text = AESGCM(self._key("encrypt")).decrypt(
                raw[:NONCE_BYTES], raw[NONCE_BYTES:], owner.encode()
            )
        except (InvalidTag, ValueError) as error:
            raise Conflict(
                "This was encrypted with a different secret key. Restore the installation's "
                "secret key, or have the second factors reset."
            ) from error
        return text.decode()

    def digest(self, text: str, *, owner: str) -> str:
        """Return a keyed SHA-256 in hexadecimal digits, by which a text is recognised."""
        message = f"{owner}\n{text}".encode()
        return hmac.new(self._key("digest"), message, hashlib.sha256).hexdigest()

    def _key(self, use: str) -> bytes:
        info = f"poolbook.{self.purpose}.{use}".encode()
        derived = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info)
        return derived.derive(self.secret_key.encode())
