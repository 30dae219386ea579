"""An admin alone, with two mailboxes, tries to become treasurer and approver on the pages."""

import re

from sqlalchemy import select

from ledger.models.people import OutboxMessage, Person
from ledger.queries.books.books import book_by_code
from ledger.services.banking import cash
from tests.conftest import NOW
from tests.factories import make_book, make_fund, make_person
from tests.worlds.town import Town

OWN = {"treasurer": "mallory@example.org", "approver": "mallory+2@example.org"}


def give(town: Town, who: str, code: str, role: str, email: str) -> None:
    form = {"name": "Mal", "email": email, "role": role}
    answer = town.client(who).post(f"/books/{code}/people", data=form)
    assert answer.status_code == 303


def sign_in(town: Town, name: str, email: str) -> None:
    with town.db.snapshot() as session:
        town.people[name] = session.scalars(select(Person.id).where(Person.email == email)).one()


def told(town: Town) -> list[str]:
    with town.db.snapshot() as session:
        query = select(OutboxMessage.to_email).where(OutboxMessage.subject.startswith("Roles in"))
        return list(session.scalars(query))


def test_with_a_second_holder_every_step_fails_and_all_are_told(town: Town) -> None:
    for role, email in OWN.items():
        give(town, "admin", "A", role, email)
        sign_in(town, f"own {role}", email)
    assert town.client("own treasurer").get("/books/A/desk").status_code in (302, 403, 404)
    assert town.client("own approver").get("/queue").status_code in (302, 403, 404)
    page = town.client("admin").get("/queue").text
    for request_id in set(re.findall(r'action="/queue/([0-9a-f-]+)"', page)):
        raise AssertionError(f"the admin is offered to agree to {request_id}")
    asked = set(re.findall(r'id="p-([0-9a-f-]+)"', page))
    assert len(asked) == 2
    for who in ("admin", "own approver", "own treasurer", "other approver", "other admin"):
        for request_id in asked:
            answer = town.client(who).post(
                f"/queue/{request_id}", data={"answer": "approve", "note": ""}
            )
            assert answer.status_code in (302, 403, 404), who
    assert town.client("own treasurer").get("/books/A/desk").status_code in (302, 403, 404)
    with town.db.snapshot() as session:
        names = [
            session.get_one(Person, town.people[who]).email
            for who in ("admin", "treasurer", "approver", "second treasurer")
        ]
    assert set(names) <= set(told(town))
    shown = town.client("approver").get("/queue").text
    assert "mallory+2@example.org" in shown
    assert (
        "Another admin or an approver decides under Approval requests"
        in town.client("admin").get("/books/A/people").text
    )


def test_an_admin_who_is_alone_is_delayed_and_told_of(town: Town) -> None:
    with town.db.transaction() as session:
        book = make_book(session, "LONE")
        fund = make_fund(session, book)
        town.people["lone admin"] = make_person(session, "Lone admin", book, "admin").id
        treasurer = make_person(session, "Lone treasurer", book, "treasurer")
        cash.record_cash(
            session,
            book=book,
            counted=cash.Counted(fund=fund, amount=50_000, reference="LONE/first", on=NOW.date()),
            now=NOW,
            made_by=treasurer.id,
        )
    give(town, "lone admin", "LONE", "approver", "alone@example.org")
    sign_in(town, "alone", "alone@example.org")
    assert town.client("alone").get("/queue").status_code in (302, 403, 404)
    page = town.client("lone admin").get("/books/LONE/people").text
    assert "from Nov 4, 2026" in page
    assert "lone.treasurer@example.org" in told(town)
    answer = town.client("lone admin").post("/books/LONE/people/pause", data={"pause": "0"})
    assert answer.status_code == 303
    give(town, "lone admin", "LONE", "approver", "again@example.org")
    page = town.client("lone admin").get("/books/LONE/people").text
    assert page.count("from Nov 4, 2026") == 2


def test_a_second_admin_agrees_on_the_page(town: Town) -> None:
    with town.db.transaction() as session:
        second = make_person(session, "Second admin", book_by_code(session, "A"), "admin")
    town.people["second admin"] = second.id
    give(town, "admin", "A", "treasurer", "real@example.org")
    sign_in(town, "real", "real@example.org")
    page = town.client("second admin").get("/queue").text
    row = next(part for part in page.split("</li>") if "real@example.org" in part)
    found = re.search(r'action="(/queue/[0-9a-f-]+)"', row)
    assert found is not None
    answer = town.client("second admin").post(found[1], data={"answer": "approve", "note": ""})
    assert answer.status_code == 303
    assert town.client("real").get("/books/A/desk").status_code == 200
