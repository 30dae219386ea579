"""Messages from Stripe: whether they are what they say they are.

A webhook only says that something changed: the id of the event, its type and the id of the
object are used, everything else is fetched from Stripe. So a message in another version of the
interface is as good as one in ours.
"""

import json
import re
from collections.abc import Iterator

import stripe

from ledger.errors import Invalid, NotAllowed
from ledger.gateway.connection import Connection
from ledger.gateway.objects import Event

# How long Stripe's ids may become, by its page on upgrades; and the longest name of a type.
LONGEST_ID, LONGEST_TYPE = 255, 64
# What no database stores: NUL, and half of a pair.
_UNFIT = re.compile("[\x00\ud800-\udfff]")
_NAME = re.compile(r"[\x21-\x7e]+")


class Messages(Connection):
    """Messages, with their signatures checked."""

    def verify(self, body: bytes, signature: str) -> Event:
        """Check a message's signature and form.

        Raises Invalid for a signature that does not fit and for what is no event, NotAllowed for
        an event of the other mode or of another account.
        """
        try:
            text = body.decode()
            stripe.WebhookSignature.verify_header(
                text, signature, self.secret, stripe.Webhook.DEFAULT_TOLERANCE
            )
        except (ValueError, stripe.SignatureVerificationError) as error:
            raise Invalid("The signature is not valid.", place="Stripe-Signature") from error
        whole = _parsed(text)
        data = whole.get("data")
        about = data.get("object") if isinstance(data, dict) else None
        if whole.get("object") != "event" or not isinstance(about, dict):
            raise Invalid("The webhook message is not a Stripe event.", place="body")
        livemode = whole.get("livemode")
        if not isinstance(livemode, bool):
            raise Invalid(
                "The webhook message does not say whether it is live or test data.",
                place="livemode",
            )
        self.check_mode(livemode)
        if whole.get("account") is not None:
            # Only Connect names an account; this program follows its own alone.
            raise NotAllowed("The webhook message is for a different Stripe account.")
        object_id = about.get("id")
        return Event(
            _name(whole.get("id"), "id", LONGEST_ID),
            _name(whole.get("type"), "type", LONGEST_TYPE),
            # Some objects, the balance for one, have no id.
            None if object_id is None else _name(object_id, "data.object.id", LONGEST_ID),
            livemode,
        )


def _parsed(text: str) -> dict[str, object]:
    """Return the object that a text is in JSON. Raises Invalid."""
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Invalid("The webhook message is not valid JSON.", place="body") from error
    if not isinstance(whole, dict):
        raise Invalid("The webhook message is not a Stripe event.", place="body")
    if any(_UNFIT.search(part) for part in _texts(whole)):
        raise Invalid(
            "The webhook message contains a NUL or an incomplete character.", place="body"
        )
    return whole


def _texts(whole: object) -> Iterator[str]:
    """Return every text in a value of JSON, keys as well, however deep."""
    waiting = [whole]
    while waiting:
        part = waiting.pop()
        if isinstance(part, str):
            yield part
        elif isinstance(part, dict):
            waiting += [*part.keys(), *part.values()]
        elif isinstance(part, list):
            waiting += part


def _name(given: object, place: str, longest: int) -> str:
    """Return an id or a type as Stripe writes them: printable ASCII. Raises Invalid."""
    if not isinstance(given, str) or len(given) > longest or not _NAME.fullmatch(given):
        raise Invalid("This is not a Stripe {where}.", place=place, where=place)
    return given
