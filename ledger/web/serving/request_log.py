"""One line of the log for each request: its route, status, time, and who asked in which book.

The address itself is never written: links hold secrets, and anybody can type anything into it.
"""

import logging
import time
from typing import Any
from uuid import UUID

from flask import Flask, Response, g, request
from flask.signals import request_finished, request_started

from ledger import logs
from ledger.ids import new_id

log = logging.getLogger("poolbook.requests")

HEADER = "X-Request-Id"


def register(app: Flask) -> None:
    """Note every request of a program, whatever becomes of it.

    Flask's signals are the outermost hooks: they come before the address is looked at, and after
    every other header is set.
    """
    request_started.connect(_begin, app)
    request_finished.connect(_finish, app)


def _begin(_app: Flask, **_more: Any) -> None:
    g.request_id, g.request_began = new_id(), time.perf_counter()
    logs.begin_request(g.request_id)


def _finish(_app: Flask, response: Response, **_more: Any) -> None:
    response.headers[HEADER] = str(g.request_id)
    logs.note(
        log,
        "request",
        method=request.method if request.method in METHODS else "other",
        route=request.endpoint,
        status=response.status_code,
        ms=logs.milliseconds_since(g.request_began),
        user=_who_asked(),
        book=_which_book(response.status_code),
    )
    logs.end_request()


# Clients make up methods as they like.
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def _who_asked() -> UUID | None:
    """Return the id of who asked, if the request found out; never read it for the log's sake."""
    visitor, caller = g.get("visitor"), g.get("caller")
    if visitor is not None and visitor.person is not None:
        found: UUID = visitor.person.id
        return found
    return caller.person_id if caller is not None else None


def _which_book(status: int) -> str | None:
    """Return the book that an address names, where there is one of that name.

    The book of an address that leads nowhere is whatever somebody typed.
    """
    code = (request.view_args or {}).get("code")
    visitor = g.get("visitor")
    known = visitor is not None and any(book.code == code for book, _roles in visitor.memberships)
    return code if code and (known or status < 400) else None
