"""Sign and read checkpoints: Ed25519 signed notes (C2SP signed-note and tlog-checkpoint).

The key belongs to the installation. Whoever verifies needs the key's line, which says its name
and is published once, outside the installation. Must not know the database.
"""

import hashlib
from base64 import b64decode, b64encode
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ledger.errors import Invalid

ED25519 = b"\x01"
DASH = "\N{EM DASH}"
SEED_BYTES = 32


def signer_of(name: str, seed: str) -> "Signer":
    """Return the signer of an installation. Raises Invalid for a seed that is not 64 hex digits."""
    try:
        return Signer(name, bytes.fromhex(seed))
    except ValueError as error:
        raise Invalid("The signing seed must be 64 hexadecimal digits.", place="seed") from error


@dataclass(frozen=True, slots=True)
class Signer:
    """The installation's name and its private key (32 bytes of seed)."""

    name: str
    seed: bytes

    def __post_init__(self) -> None:
        """Refuse a name that a signed note cannot carry, and a seed of another length."""
        if not self.name or any(sign.isspace() or sign == "+" for sign in self.name):
            raise Invalid("A key's name cannot contain spaces or a plus sign.", place="name")
        if len(self.seed) != SEED_BYTES:
            raise Invalid("An Ed25519 seed must have 32 bytes.", place="seed")

    @property
    def _private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)

    @property
    def public(self) -> bytes:
        """The public key, 32 bytes."""
        return self._private.public_key().public_bytes_raw()

    @property
    def key_line(self) -> str:
        """What verifiers are given: name, key id and public key (C2SP signed-note, vkey)."""
        key = b64encode(ED25519 + self.public).decode()
        return f"{self.name}+{key_id(self.name, self.public).hex()}+{key}"

    def sign(self, text: str) -> str:
        """Return the signed note. Raises Invalid for a text that is not whole lines."""
        if not text.endswith("\n") or "\n\n" in text:
            raise Invalid(
                "A note must consist of whole lines, and none of them can be empty.", place="text"
            )
        signature = key_id(self.name, self.public) + self._private.sign(text.encode())
        return f"{text}\n{DASH} {self.name} {b64encode(signature).decode()}\n"

    def read(self, note: str) -> str:
        """Return the text of a note of ours. Raises Invalid when the signature is not ours."""
        text, _, tail = note.partition("\n\n")
        text += "\n"
        for line in tail.splitlines():
            parts = line.split(" ")
            if len(parts) == 3 and parts[0] == DASH and parts[1] == self.name:
                try:
                    raw = b64decode(parts[2], validate=True)
                    public = Ed25519PublicKey.from_public_bytes(self.public)
                    public.verify(raw[4:], text.encode())
                except (ValueError, InvalidSignature):
                    continue
                if raw[:4] == key_id(self.name, self.public):
                    return text
        raise Invalid("The checkpoint was not signed by this installation.", place="signature")


def key_id(name: str, public: bytes) -> bytes:
    """Return the four bytes that name a key (C2SP signed-note)."""
    return hashlib.sha256(name.encode() + b"\n" + ED25519 + public).digest()[:4]
