"""Where a request comes from, for the rate limits.

It is the address of the connection. What a request says about that itself is believed only as far
as our own proxies wrote it (``POOLBOOK_TRUSTED_PROXIES``, applied in ``create_app``).
"""

import logging

from flask import current_app, request

from ledger.services.jobs import rate_limits
from ledger.services.jobs.rate_limits import Limit, Subject
from ledger.web.site.context import here

log = logging.getLogger("poolbook.web")

FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-Ip")
WARNED = "poolbook_warned_of_forwarded_headers"


def came_from() -> str:
    """Return the IP address that this request came from; empty for a socket of this machine."""
    return request.remote_addr or ""


def of_visitor(*limits: Limit) -> list[Subject]:
    """Return whom this request counts for, held to some limits."""
    return rate_limits.visitor(came_from(), *limits)


def warn_of_forwarded() -> None:
    """Warn once when requests name another origin and no proxy of ours is configured.

    Either somebody makes it up, or all visitors are being counted as one.
    """
    if WARNED in current_app.extensions or here().settings.trusted_proxies:
        return
    if any(name in request.headers for name in FORWARDED):
        current_app.extensions[WARNED] = True
        log.warning(
            "requests carry forwarded addresses, which are ignored: POOLBOOK_TRUSTED_PROXIES is 0"
        )
