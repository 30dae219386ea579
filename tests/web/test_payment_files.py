"""The page of what waits to be paid, and its file."""

import pytest
from sqlalchemy import select

from ledger.models.approval_requests import ApprovalRequest
from tests.worlds.town import TODAY, Town

IBAN = "DE89 3704 0044 0532 0130 00"


@pytest.fixture(scope="module")
def reference(quick_town: Town) -> str:
    """A claim of a member that an approver agreed to."""
    form = {
        "title": "Screws",
        "amount": "12",
        "fund": "GEN",
        "reason": "For the door",
        "iban": IBAN,
    }
    claim = quick_town.client("member").post(
        quick_town.address("agreements.ask", kind="expense"), data=form
    )
    assert claim.status_code == 303, claim.text
    with quick_town.db.snapshot() as session:
        asked = session.scalars(
            select(ApprovalRequest).where(ApprovalRequest.title == "Screws")
        ).one()
    done = quick_town.client("approver").post(
        quick_town.address("queue.decide", request_id=str(asked.id)),
        data={"answer": "approve", "note": ""},
    )
    assert done.status_code == 303, done.text
    page = quick_town.client("treasurer").get(quick_town.address("payment_files.show")).text
    assert "Screws" in page
    return page.partition('name="pay"')[2].partition('value="')[2].partition('"')[0]


def test_what_is_ticked_goes_into_a_file_once(quick_town: Town, reference: str) -> None:
    path = quick_town.address("payment_files.make")
    client = quick_town.client("treasurer")
    form = {"pay": reference, "pay_on": TODAY.isoformat(), "file_format": "csv"}
    for change, status, sentence in (
        ({"pay": ""}, 409, "does not wait"),
        ({"pay_on": "2026-01-01"}, 422, "in the past"),
        ({"file_format": "pdf"}, 422, "Choose a format."),
        # The town keeps its books in dollars.
        ({"file_format": "xml"}, 422, "A SEPA file needs a book in euro"),
    ):
        answer = client.post(path, data={**form, **change})
        assert answer.status_code == status, change
        assert sentence in answer.text
    done = client.post(path, data=form)
    assert done.status_code == 200, done.text
    assert done.mimetype == "text/csv"
    assert done.headers["Content-Disposition"] == (
        f'attachment; filename="A-payments-{TODAY.isoformat()}.csv"'
    )
    assert f"{reference},Member,DE89370400440532013000,12.00,USD,Screws" in done.text
    assert f"in a file of {TODAY.isoformat()}" in client.get(path).text
    assert client.post(path, data=form).status_code == 409
    assert client.post(path, data={**form, "again": "true"}).status_code == 200
    # Nobody else sees who is paid where.
    for who in ("member", "approver", "auditor", "admin", "other treasurer"):
        assert quick_town.client(who).get(path).status_code in (403, 404), who
