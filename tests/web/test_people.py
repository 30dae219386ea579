"""People on the pages: roles are given and ended by an admin, and never by oneself."""

from sqlalchemy import select

from ledger.models.approval_requests import ApprovalRequest
from ledger.models.people import Membership
from tests.worlds.town import Town


def give(town: Town, email: str, role: str, name: str = "Pia") -> int:
    form = {"name": name, "email": email, "role": role}
    answer = town.client("admin").post("/books/A/people", data=form)
    assert answer.status_code in (303, 409, 422), answer.text
    return int(answer.status_code)


def agree(town: Town) -> None:
    """Agree as the approver to every role that is asked for."""
    with town.db.snapshot() as session:
        waiting = session.scalars(
            select(ApprovalRequest.id).where(
                ApprovalRequest.kind == "role", ApprovalRequest.state == "open"
            )
        ).all()
    for request_id in waiting:
        answer = town.client("approver").post(
            f"/queue/{request_id}", data={"answer": "approve", "note": ""}
        )
        assert answer.status_code == 303


def test_a_role_that_two_agree_to_holds_at_once_and_ends_at_once(town: Town) -> None:
    assert give(town, "new@example.org", "treasurer", "Nia") == 303
    agree(town)
    page = town.client("admin").get("/books/A/people").text
    assert "new@example.org" in page
    assert "given by Admin" in page
    with town.db.snapshot() as session:
        row = session.scalars(select(Membership).order_by(Membership.id.desc())).first()
        assert row is not None
        town.people["nia"] = row.person_id
    assert town.client("nia").get("/books/A/desk").status_code == 200
    path = f"/books/A/people/{row.id}/end"
    assert town.client("other admin").post(path.replace("/A/", "/B/")).status_code == 404
    assert town.client("admin").post(path).status_code == 303
    assert town.client("nia").get("/books/A/desk").status_code in (302, 403, 404)
    assert town.client("admin").post(path).status_code == 404


def test_nobody_gets_two_roles_that_ask_and_approve_nor_gives_or_ends_their_own(
    town: Town,
) -> None:
    assert give(town, "both@example.org", "treasurer") == 303
    agree(town)
    before = town.rows()
    assert give(town, "both@example.org", "approver") == 409
    assert give(town, "both@example.org", "treasurer") == 303
    with town.db.snapshot() as session:
        mine = session.scalars(
            select(Membership.id).where(Membership.person_id == town.people["admin"])
        ).all()
    for membership in mine:
        answer = town.client("admin").post(f"/books/A/people/{membership}/end")
        assert answer.status_code in (403, 404)
    assert town.rows() == before
    assert town.client("admin").get("/books/A/people").status_code == 200
