"""A member's share leaves a pool once an approver of the host agrees: the host's bank pays it."""

import pytest
from sqlalchemy import select

from ledger.models.agreements import Agreement
from ledger.models.approval_requests import ApprovalRequest
from ledger.models.journal import Entry
from ledger.queries.books.balances import trial_balance
from ledger.queries.books.books import book_by_code
from tests.worlds.town import TODAY, Town

YES = {"answer": "approve", "note": ""}
NO = {"answer": "reject", "note": "Not before December"}
WHY = {"reason": "Our meeting wants to leave"}


def shares(town: Town) -> dict[int, int]:
    """What the member has in cash and in the pool."""
    with town.db.snapshot() as session:
        rows = trial_balance(session, book_id=book_by_code(session, "B").id)
    held = {row.account: row.quantity for row in rows}
    return {account: held.get(account, 0) for account in (1010, 1350)}


def newest(town: Town, kind: str) -> str:
    with town.db.snapshot() as session:
        asked = select(ApprovalRequest.id).where(
            ApprovalRequest.kind == kind, ApprovalRequest.state == "open"
        )
        return f"/queue/{session.scalars(asked).one()}"


@pytest.fixture
def share(town: Town) -> str:
    """The page of a share that book B has put into the pool; pool and member owe nothing else."""
    client, path = town.client("other treasurer"), "/books/B/by-hand/share-in-pool"
    cash = {"amount": "50", "fund": "GEN", "received_on": TODAY.isoformat(), "pledge": ""}
    with town.db.snapshot() as session:
        count = len(session.scalars(select(Agreement.id)).all())
    for deed in ("count", "bank"):
        form = {**cash, "action": deed, "key": f"{count}{deed}"}
        assert client.post("/books/B/cash", data=form).status_code == 303
    told = {"pool": "P", "amount": "40", "fund": "GEN", "reason": "A reserve", "step": "do"}
    page: str = client.post(path, data=told).headers["Location"]
    yes = town.client("other approver").post(newest(town, "refundable"), data=YES)
    assert yes.status_code == 303
    town.client("treasurer").post(town.address("pools.settle"))
    return page


def test_a_share_leaves_only_when_the_hosts_approver_agrees(town: Town, share: str) -> None:
    member, before = town.client("other treasurer"), shares(town)
    asked = member.post(f"{share}/exit", data=WHY, follow_redirects=True)
    assert "An approver of Book A decides." in asked.text
    assert "Take back the share" not in asked.text
    assert shares(town) == before
    path = newest(town, "pool_exit")
    assert town.client("other approver").post(path, data=YES).status_code == 404
    for who in ("other treasurer", "treasurer", "pool approver", "admin"):
        assert town.client(who).post(path, data=YES).status_code in (403, 404), who
    assert shares(town) == before
    queue = town.client("approver").get("/queue").text
    for said in ("Book B takes its share out of Book P", "$40.00", WHY["reason"]):
        assert said in queue
    assert town.client("approver").post(path, data=YES).status_code == 303
    assert shares(town) == {1010: before[1010] + 4_000, 1350: before[1350] - 4_000}
    assert "returned" in member.get(share).text
    with town.db.snapshot() as session:
        entries = session.scalars(select(Entry).where(Entry.event_type == "refundable_exit"))
        people = {(row.made_by, row.approved_by) for row in entries}
    assert people == {(town.people["other treasurer"], town.people["approver"])}


def test_a_share_is_asked_for_once_at_a_time_and_a_no_moves_nothing(town: Town, share: str) -> None:
    member, before = town.client("other treasurer"), shares(town)
    assert member.post(f"{share}/exit", data=WHY).status_code == 303
    again = member.post(f"{share}/exit", data=WHY)
    assert again.status_code == 409
    path = newest(town, "pool_exit")
    assert town.client("approver").post(path, data=NO).status_code == 303
    assert shares(town) == before
    page = member.get(share).text
    assert NO["note"] in page
    assert "Take back the share" in page
    assert member.post(f"{share}/exit", data={"reason": " "}).status_code == 422
    assert member.post(f"{share}/exit", data=WHY).status_code == 303
    assert town.client("approver").post(newest(town, "pool_exit"), data=YES).status_code == 303
    assert member.post(f"{share}/exit", data=WHY).status_code == 409


def test_a_share_is_not_taken_out_while_something_else_is_owed(town: Town, share: str) -> None:
    member = town.client("other treasurer")
    assert member.post(f"{share}/exit", data=WHY).status_code == 303
    owed = {"receiver": "P", "amount": "5", "fund": "GEN", "reason": "Our part"}
    assert member.post("/books/B/transfers", data=owed).status_code == 303
    yes = town.client("other approver").post(newest(town, "contribution"), data=YES)
    assert yes.status_code == 303
    before = shares(town)
    answer = town.client("approver").post(newest(town, "pool_exit"), data=YES)
    assert answer.status_code == 409
    assert "still owe each other" in answer.text
    assert shares(town) == before
