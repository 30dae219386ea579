"""Messages from Stripe: whether they are what they say they are."""

import stripe

from ledger.errors import Invalid, NotAllowed
from ledger.gateway.connection import Connection
from ledger.gateway.objects import Event


class Messages(Connection):
    """Messages, with their signatures checked."""

    def verify(self, body: bytes, signature: str) -> Event:
        """Check a message's signature.

        Raises Invalid, NotAllowed for one of the other mode, of another account, or in another
        version of the interface than the SDK reads (which the SDK itself does not compare).
        """
        try:
            found = self.client.construct_event(body, signature, self.secret)
            about = getattr(found.data.object, "id", None)
            event = Event(found.id, found.type, about, found.livemode)
            version, account = found.api_version, getattr(found, "account", None)
        except (ValueError, stripe.SignatureVerificationError) as error:
            raise Invalid("The signature does not fit.", place="Stripe-Signature") from error
        except (AttributeError, TypeError) as error:
            # Signed, but no event as this version of the SDK knows it.
            raise Invalid("The message is no event.", place="body") from error
        self.check_mode(event.livemode)
        if version != stripe.api_version:
            raise NotAllowed("The message is in another version than this program reads.")
        if account is not None:
            # Only Connect names an account; this program follows its own alone.
            raise NotAllowed("The message is about another account.")
        return event
