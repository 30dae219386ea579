"""A write sent twice under one key happens once; the stored answer is given again."""

import hashlib
from collections.abc import Callable
from typing import Any

from flask import request

from ledger.api.token import Caller, parts
from ledger.db import Session
from ledger.errors import Conflict
from ledger.models.people import IdempotencyKey


def once(
    caller: Caller, key: str, command: Callable[[Session], dict[str, Any]], *, status: int = 201
) -> dict[str, Any]:
    """Run a command in one transaction with its key, or give the stored answer again.

    ``key`` is the caller's own, from the ``Idempotency-Key`` header; ``status`` is the answer's.
    Raises Conflict for the same key with another address or body.
    """
    digest = hashlib.sha256(
        request.method.encode() + request.path.encode() + b"\n" + request.get_data()
    ).hexdigest()
    now = parts().clock()

    def run(session: Session) -> dict[str, Any]:
        known = session.get(IdempotencyKey, (caller.person_id, key))
        if known is not None:
            if known.request_sha256 != digest:
                raise Conflict(
                    "This idempotency key has already been used for a different request.",
                    place="Idempotency-Key",
                )
            return dict(known.body)
        body = command(session)
        session.add(
            IdempotencyKey(
                person_id=caller.person_id,
                key=key,
                request_sha256=digest,
                status=status,
                body=body,
                created_at=now,
            )
        )
        session.flush()
        return body

    answer: dict[str, Any] = parts().db.run(run)
    return answer
