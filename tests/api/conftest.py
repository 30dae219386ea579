"""The town of the web tests, asked by programs: callers with tokens."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from werkzeug.test import TestResponse

from ledger.services.approvals.decisions import decide
from ledger.services.people.tokens import SCOPES, create_token, scope_in
from tests.conftest import NOW
from tests.web.conftest import quick_town, shared_db, town
from tests.worlds.town import Town

__all__ = ["SCOPES_OF", "Caller", "agree", "call", "quick_town", "shared_db", "town"]

BOOKS = ("A", "B", "P")
# What a caller's token is for: everything, or reading alone.
SCOPES_OF = {
    "write": {scope_in(scope, code) for scope in SCOPES for code in BOOKS},
    "read": {scope_in(scope, code) for scope in ("read-reports", "read-books") for code in BOOKS},
}

Caller = Callable[..., TestResponse]


@pytest.fixture(scope="module")
def call(town: Town) -> Caller:
    """Call an address of the API as somebody, with a token for read or for write."""
    return caller_of(town)


def caller_of(town: Town) -> Caller:
    """Return a function that calls the API of a town."""
    with town.db.transaction() as session:
        secrets = {
            (who, scope): create_token(
                session, person_id=person, name="A test", scopes=scopes, now=NOW
            )
            for who, person in town.people.items()
            for scope, scopes in SCOPES_OF.items()
        }

    def ask(
        method: str,
        path: str,
        who: str = "treasurer",
        scope: str = "write",
        *,
        key: str | None = None,
        headers: dict[str, str] | None = None,
        **options: Any,
    ) -> TestResponse:
        sent = {} if who == "nobody" else {"Authorization": f"Bearer {secrets[who, scope]}"}
        if key is not None:
            sent["Idempotency-Key"] = key
        client = town.app.test_client()
        return client.open(
            f"/api/v1{path}", method=method, headers={**sent, **(headers or {})}, **options
        )

    return ask


def agree(town: Town, answer: TestResponse, *, approve: bool = True, by: str = "approver") -> None:
    """Decide a proposed entry as the approver does."""
    assert answer.status_code == 202, answer.text
    request_id = UUID(answer.get_json()["proposal"])
    town.tell(
        lambda session: decide(
            session,
            request_id=request_id,
            approve=approve,
            decided_by=town.people[by],
            note="",
            now=NOW,
        )
    )
