"""A sponsor who matches all contributions to a fund, a span of days at a time (PLG-14)."""

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from ledger.core.days import ONE_DAY
from ledger.db import Database, Session
from ledger.models.agreements import Agreement
from ledger.models.approval_requests import ApprovalRequest
from ledger.queries.books.books import book_by_code, fund_by_code
from ledger.queries.invariants import check
from ledger.services.payments.gifts import Kind, settle_gift
from tests.conftest import NOW
from tests.web.test_owed_refunds import balances, change, moved
from tests.worlds.town import TODAY, Town, found_town

TERMS = {
    "name": "Sam Sponsor",
    "email": "sam@example.org",
    "campaign": "fund:SOLAR",
    "percent": "50",
    "up_to": "100",
    "per_gift": "",
    "reason": "A signed letter",
    "action": "propose",
}
# Contributions come today; the pages are looked at a day later, when today is over.
DAY = TODAY.isoformat()
NEXT = (TODAY + ONE_DAY).isoformat()


@pytest.fixture
def town(db: Database) -> Town:
    return found_town(db, clock=lambda: NOW + ONE_DAY)


def give(town: Town, amount: int, name: str) -> None:
    """A contribution to the fund, by card."""

    def tell(session: Session) -> None:
        fund = fund_by_code(session, book_by_code(session, "A").id, "SOLAR")
        txn = moved(session, f"txn_{name}", amount, "charge", f"ch_{name}")
        settle_gift(session, txn_id=txn, fund=fund, kind=Kind(), now=NOW)

    town.tell(tell)


def offered(town: Town, target: str = "fund:SOLAR") -> str:
    """Have the terms approved; return the agreement's page."""
    terms = {**TERMS, "campaign": target}
    asked = town.client("treasurer").post("/books/A/sponsors", data=terms)
    assert asked.status_code == 303, asked.text
    with town.db.snapshot() as session:
        row = session.scalars(select(Agreement).where(Agreement.kind == "sponsor")).one()
        request = session.scalars(
            select(ApprovalRequest).where(ApprovalRequest.kind == "sponsor")
        ).one()
    path = town.address("queue.decide", request_id=str(request.id))
    done = town.client("approver").post(path, data={"answer": "approve", "note": ""})
    assert done.status_code == 303, done.text
    return f"/books/A/agreements/{row.reference}"


def match(town: Town, path: str, **answers: str) -> TestResponse:
    data = {"since": "2026-01-01", "until": DAY, "done_on": NEXT, **answers}
    return town.client("treasurer").post(f"{path}/match", data=data)


def test_what_was_given_to_the_fund_is_matched_up_to_the_cap_and_once(town: Town) -> None:
    give(town, 6_000, "one")
    sponsors = town.client("treasurer").get("/books/A/sponsors").text
    assert "all contributions" in sponsors
    preview = (
        town.client("treasurer").post("/books/A/sponsors", data={**TERMS, "action": "try"}).text
    )
    assert "Preview of these terms" in preview
    assert "of this financial year so far" in preview
    assert "Jan 1, 2026 – Nov 3, 2026" in preview
    # Half of what came without a pledge.
    assert "$60.00" in preview
    assert "$30.00" in preview
    path = offered(town)
    sponsors = town.client("treasurer").get("/books/A/sponsors").text
    assert f"{path}?do=match" in sponsors
    assert "Contributions from" in town.client("treasurer").get(f"{path}?do=match").text
    before = balances(town)
    assert match(town, path).status_code == 303
    assert change(town, before) == {9190: 3_000, 9120: -3_000, 1210: 3_000, 4030: -3_000}
    # Wherever people read it, a span is written in their words.
    assert "Jan 1, 2026 – Nov 2, 2026" in town.client("treasurer").get(path).text
    again = match(town, path)
    assert again.status_code == 409
    assert "have been matched already" in again.text
    with town.db.snapshot() as session:
        found = {row.id: row.first_violation for row in check(session) if not row.ok}
    # The town's contribution to the pool was decided by nobody.
    assert found.keys() <= {"I-09"}, found


@pytest.mark.parametrize(
    ("answers", "status", "sentence"),
    [
        ({"since": DAY, "until": "2026-01-01"}, 422, "The last day is before the first."),
        ({"until": "2027-01-01"}, 422, "These days are not over yet."),
        # What comes later on that day could never be matched.
        ({"until": NEXT}, 422, "These days are not over yet."),
        # The step would stand in the books before what it matches.
        ({"done_on": "2026-10-01"}, 422, "These days are not over yet."),
        ({"since": "2026-01-01", "until": "2026-01-02"}, 409, "There is nothing to match"),
    ],
)
def test_what_is_wrong_with_the_days_is_said(
    town: Town, answers: dict[str, str], status: int, sentence: str
) -> None:
    give(town, 6_000, "one")
    path = offered(town)
    before = balances(town)
    answer = match(town, path, **answers)
    assert answer.status_code == status
    assert sentence in answer.text
    assert balances(town) == before


def test_no_more_is_matched_than_was_promised(town: Town) -> None:
    give(town, 30_000, "one")
    path = offered(town)
    before = balances(town)
    assert match(town, path).status_code == 303
    assert change(town, before)[1210] == 10_000


@pytest.mark.parametrize("action", ["try", "propose"])
def test_a_cap_for_each_contribution_needs_a_campaign(town: Town, action: str) -> None:
    asked = {**TERMS, "per_gift": "5", "action": action}
    answer = town.client("treasurer").post("/books/A/sponsors", data=asked)
    assert answer.status_code == 422
    assert 'href="#per_gift"' in answer.text
    other = town.client("treasurer").post(
        "/books/A/sponsors", data={**TERMS, "campaign": "fund:NONE"}
    )
    assert other.status_code == 422


def test_a_sponsor_of_a_campaign_is_matched_by_the_daily_jobs_alone(town: Town) -> None:
    path = offered(town, "solar-roof")
    answer = match(town, path)
    assert answer.status_code == 409
    assert "matched automatically" in answer.text
    assert (
        town.client("member").post(f"{path}/match", data={"since": DAY, "until": DAY}).status_code
        == 403
    )
