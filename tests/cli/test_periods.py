"""Periods from the command line: whoever is named must be a treasurer; approvers still decide."""

from uuid import UUID

import pytest

from ledger.db import Database
from ledger.services.approvals.decisions import decide
from tests.cli.conftest import Run
from tests.conftest import NOW
from tests.factories import make_book, make_fund, make_person

ASKED = ("--book", "A", "--reason", "All agrees", "--by")
UNTIL = ("--until", "2026-01-31")


@pytest.fixture
def people(db: Database) -> list[UUID]:
    with db.transaction() as session:
        book = make_book(session)
        make_fund(session, book)
        return [
            make_person(session, name, book, role).id
            for name, role in (
                ("Tess Books", "treasurer"),
                ("Ann Lee", "approver"),
                ("Bo Dale", "approver"),
            )
        ]


def agree(db: Database, approval_request: UUID, *people: UUID) -> None:
    with db.transaction() as session:
        for person in people:
            decide(
                session,
                request_id=approval_request,
                approve=True,
                decided_by=person,
                note="",
                now=NOW,
            )


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_period_goes_through_its_states(run: Run, db: Database, people: list[UUID]) -> None:
    tess = "tess.books@example.org"
    listed = ("period", "list", "--book", "A", "--json")
    assert run(*listed).json == {"periods": [], "waiting": {}}
    assert run("period", "reopen", *ASKED, tess).code == 1
    done = run("period", "soft-close", *ASKED, tess, *UNTIL, "--json")
    assert done.json == {"until": "2026-01-31"}
    assert run(*listed).json["periods"][0]["state"] == "softly_closed"
    for somebody in ("ann.lee@example.org", "nobody@example.org"):
        refused = run("period", "close", *ASKED, somebody, *UNTIL)
        assert (refused.code, refused.out) == (1, "")
    asked = run("period", "close", *ASKED, tess, *UNTIL, "--json").json["proposal"]
    agree(db, UUID(asked), people[1])
    (row,) = run(*listed).json["periods"]
    assert (row["state"], row["agrees"], row["until"]) == ("closed", True, "2026-01-31")
    asked = run("period", "reopen", *ASKED, tess, "--json").json["proposal"]
    agree(db, UUID(asked), people[1], people[2])
    (row,) = run(*listed).json["periods"]
    assert (row["state"], row["agrees"]) == ("reopened", None)
