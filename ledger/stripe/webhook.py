"""Stripe's webhook: verify the signature, keep the message and a job in one transaction, answer.

Nothing is decided here: messages come twice, late, out of order or never.
"""

from flask import Blueprint, current_app, request
from werkzeug.wrappers import Response

from ledger.errors import Invalid, NotAllowed
from ledger.services.stripe_balance import events

pages = Blueprint("webhook", __name__)

MAX_BODY = 256 * 1024


@pages.post("/webhooks/stripe")
def receive() -> Response:
    """Take one signed message: 200 when it is kept, 400 when its signature does not fit
    or it is no event of this account."""
    parts = current_app.extensions["poolbook"]
    if parts.gateway is None:
        return Response("Payments are not configured.", 404)
    if (request.content_length or 0) > MAX_BODY:
        return Response("Too large.", 413)
    body = request.get_data()
    if len(body) > MAX_BODY:
        return Response("Too large.", 413)
    try:
        event = parts.gateway.verify(body, request.headers.get("Stripe-Signature", ""))
    except (Invalid, NotAllowed) as error:
        return Response(str(error), 400, content_type="text/plain")
    now = parts.clock()
    text = body.decode()
    parts.db.run(lambda session: events.store(session, event=event, body=text, now=now))
    return Response("", 200)
