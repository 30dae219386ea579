"""Messages from Stripe: whether they are what they say they are."""

import stripe

from ledger.errors import Invalid
from ledger.gateway.connection import Connection
from ledger.gateway.objects import Event


class Messages(Connection):
    """Messages, with their signatures checked."""

    def verify(self, body: bytes, signature: str) -> Event:
        """Check a message's signature. Raises Invalid, NotAllowed for one of the other mode."""
        try:
            found = self.client.construct_event(body, signature, self.secret)
            about = getattr(found.data.object, "id", None)
            event = Event(found.id, found.type, about, found.livemode)
        except (ValueError, stripe.SignatureVerificationError) as error:
            raise Invalid("The signature does not fit.", place="Stripe-Signature") from error
        except (AttributeError, TypeError) as error:
            # Signed, but no event as this version of the SDK knows it.
            raise Invalid("The message is no event.", place="body") from error
        self.check_mode(event.livemode)
        return event
