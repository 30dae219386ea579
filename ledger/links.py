"""Signed links: whoever holds one may manage that one gift without signing in, or sign in once.

The signature is over our own id and purpose, so that a link cannot be made up nor one kind be used
for another. A link to a gift lasts 90 days from the message that brings it; a sign-in link ends
with its row. Messages are kept with places for links and get the links when they are sent: a copy
of the database opens nothing. Must not know the database.
"""

import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from itsdangerous import BadSignature, URLSafeSerializer

from ledger.errors import NotFound

RECURRING = "recurring"
PLEDGE = "pledge"
SIGN_IN = "sign_in"
PATHS = {RECURRING: "gifts", PLEDGE: "promises", SIGN_IN: "sign-in"}
# Links that end by themselves, and after how many days: who has them later signs in.
ENDING = (RECURRING, PLEDGE)
DAYS = 90
# Between signs that nobody can type: every entry point refuses them in texts, so that a name or
# a message cannot be made to look like a place and get a link to what is somebody else's.
_PLACE = re.compile(rf"\x02(link|code):({'|'.join(PATHS)}):([0-9a-f]{{32}})\x03")
# Without I, L, O and U, which are misread or spell words (Crockford's base 32).
_CODE_SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CODE_LENGTH = 8


def place_for(kind: str, row_id: UUID) -> str:
    """Return the place in a message where the link to a row is written when it is sent."""
    return f"\x02link:{kind}:{row_id.hex}\x03"


def code_place_for(kind: str, row_id: UUID) -> str:
    """Return the place in a message where the code of a row is written when it is sent."""
    return f"\x02code:{kind}:{row_id.hex}\x03"


@dataclass(frozen=True, slots=True)
class Links:
    """Makes and reads links below the public address of the installation."""

    base_url: str
    secret_key: str
    clock: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))

    def token(self, kind: str, row_id: UUID) -> str:
        """Return the signed name of a row, for a gift with the last day of the link."""
        if kind in ENDING:
            return str(self._signer(kind).dumps([row_id.hex, self._today() + DAYS]))
        return str(self._signer(kind).dumps(row_id.hex))

    def to(self, kind: str, row_id: UUID) -> str:
        """Return the whole address of the page that manages a row."""
        return f"{self.base_url}/{PATHS[kind]}/{self.token(kind, row_id)}"

    def fill(self, text: str) -> str:
        """Write the links and codes into a message that is about to be sent or shown."""

        def filled(place: re.Match[str]) -> str:
            what = self.code if place[1] == "code" else self.to
            return what(place[2], UUID(place[3]))

        return _PLACE.sub(filled, text)

    def code(self, kind: str, row_id: UUID) -> str:
        """Return what somebody types instead of following a link: 40 bits, as ABCD-EFGH."""
        text = f"poolbook.code.{kind}.{row_id.hex}"
        digest = hmac.new(self.secret_key.encode(), text.encode(), hashlib.sha256).digest()
        number = int.from_bytes(digest[:5])
        signs = [_CODE_SIGNS[number >> 5 * place & 31] for place in range(_CODE_LENGTH)]
        return f"{''.join(signs[:4])}-{''.join(signs[4:])}"

    def read(self, kind: str, token: str) -> UUID:
        """Return the row that a link is for. Raises NotFound for a link that is not ours or has
        ended, as those to gifts have that were made before links ended by themselves."""
        try:
            said = self._signer(kind).loads(token)
            row_id, last_day = said if isinstance(said, list) else (said, None)
            row = UUID(row_id)
        except (BadSignature, ValueError, TypeError, AttributeError) as error:
            raise NotFound(
                "This link is incomplete. Copy the whole link from the message."
            ) from error
        if kind in ENDING and (last_day is None or last_day < self._today()):
            raise NotFound(
                "This link has expired. Sign in with the e-mail address you gave with to see and "
                "change your contributions."
            )
        return row

    def _today(self) -> int:
        """Return the day in UTC as a number; links end by the day."""
        return self.clock().astimezone(UTC).toordinal()

    def _signer(self, kind: str) -> URLSafeSerializer:
        return URLSafeSerializer(self.secret_key, salt=f"poolbook.{kind}")
