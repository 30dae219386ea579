"""A new kind of request needs no line outside its own module: this one adds a kind and uses it."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from ledger.core.entry import Posting, entry
from ledger.db import ReadSession, Session
from ledger.errors import Invalid
from ledger.models.approval_requests import ApprovalRequest
from ledger.models.books import Book, Fund
from ledger.models.journal import Entry
from ledger.queries.approvals.requests import RequestRow
from ledger.queries.books.books import book_by_code, fund_by_code
from ledger.queries.invariants import check
from ledger.services.approvals import registry
from ledger.services.approvals.decisions import decide
from ledger.services.approvals.previews import preview
from ledger.services.approvals.registry import ApprovalKind, Decision
from ledger.services.approvals.requests import propose
from ledger.services.books import journal
from ledger.web.approvals import evidence
from ledger.web.approvals.evidence import Evidence
from tests.conftest import NOW
from tests.worlds.town import Town

FLOAT = "till_float"
TODAY = NOW.date()


@dataclass(frozen=True, slots=True)
class TillFloat:
    """Cash from the bank for the till of an event, in minor units."""

    fund: UUID
    event_on: date
    quantity: int
    commodity: str


def hand_out(
    session: Session, approval_request: ApprovalRequest, payload: TillFloat, decision: Decision
) -> None:
    if payload.event_on < decision.on:
        raise Invalid("The event is over.", place="event_on")
    fund = session.get_one(Fund, payload.fund)
    book = session.get_one(Book, approval_request.book_id)
    legs = (
        Posting(1020, fund.code, payload.commodity, payload.quantity),
        Posting(1010, fund.code, payload.commodity, -payload.quantity),
    )
    journal.post(
        session,
        [entry(book.code, *legs)],
        event_type=FLOAT,
        source=FLOAT,
        external_ref=str(approval_request.id),
        accounting_on=decision.on,
        now=decision.now,
        made_by=journal.Approved(approval_request.made_by, by=decision.by),
    )


def day_of_event(_session: ReadSession, _row: RequestRow, payload: TillFloat) -> Evidence:
    return Evidence(terms=[("Day of the event", payload.event_on.isoformat())])


@pytest.fixture(autouse=True)
def kind(monkeypatch: pytest.MonkeyPatch) -> None:
    """The new kind, known for one test."""
    monkeypatch.setattr(registry, "_kinds", dict(registry._kinds))
    monkeypatch.setattr(evidence, "_shown", dict(evidence._shown))
    registry.register(ApprovalKind(FLOAT, TillFloat, hand_out))
    evidence.register(FLOAT, day_of_event, done="Approved. Fetch the cash from the bank.")


def ask(town: Town, event_on: date = TODAY) -> UUID:
    with town.db.transaction() as session:
        book = book_by_code(session, "A")
        fund = fund_by_code(session, book.id, "GEN")
        return propose(
            session,
            book_id=book.id,
            kind=FLOAT,
            title="Float of the summer fair",
            reason="Two tills",
            payload=TillFloat(fund.id, event_on, 7_650, book.commodity),
            made_by=town.people["treasurer"],
            now=NOW,
        ).id


def unknown(town: Town, kind: str = "of_tomorrow", **arguments: Any) -> UUID:
    """Store a request as another version would."""
    with town.db.transaction() as session:
        row = ApprovalRequest(
            book_id=book_by_code(session, "A").id,
            kind=kind,
            title="Something new",
            reason="A later version asked",
            arguments=arguments,
            state="open",
            made_by=town.people["treasurer"],
            made_at=NOW,
        )
        session.add(row)
        session.flush()
        return row.id


def broken(session: ReadSession) -> list[str]:
    return [finding.id for finding in check(session) if not finding.ok]


def booked(session: ReadSession) -> int:
    query = select(func.count()).select_from(Entry).where(Entry.event_type == FLOAT)
    return int(session.scalar(query) or 0)


def test_a_new_kind_is_asked_tried_and_booked(town: Town) -> None:
    request_id = ask(town)
    approver = town.people["approver"]
    with town.db.transaction() as session:
        before, sound = booked(session), broken(session)
        seen = preview(session, request_id=request_id, by=approver, now=NOW)
        ((_book, row),) = seen.entries
        assert [(leg.account, leg.quantity) for leg in row.legs] == [(1020, 7_650), (1010, -7_650)]
        assert booked(session) == before
        done = decide(
            session,
            request_id=request_id,
            approve=True,
            decided_by=approver,
            note="",
            now=NOW,
        )
        assert (done.state, booked(session)) == ("approved", before + 1)
        assert broken(session) == sound


def test_a_new_kind_shows_its_evidence_and_is_decided_on_the_pages(town: Town) -> None:
    request_id = ask(town)
    client = town.client("approver")
    for page in (client.get("/queue").text, client.get(f"/queue/{request_id}").text):
        assert "Day of the event" in page
        assert NOW.date().isoformat() in page
        assert "$76.50" in page
    answer = client.post(f"/queue/{request_id}", data={"answer": "approve", "note": ""})
    assert answer.status_code == 303
    assert "Fetch the cash from the bank." in client.get("/queue").text
    assert "till float" in town.client("admin").get("/books/A/approval-rules").text


def test_what_a_new_kind_refuses_is_said_where_it_is_decided(town: Town) -> None:
    request_id = ask(town, date(2026, 1, 1))
    client = town.client("approver")
    assert "The event is over." in client.get(f"/queue/{request_id}").text
    answer = client.post(f"/queue/{request_id}", data={"answer": "approve", "note": ""})
    assert answer.status_code == 422
    assert "The event is over." in answer.text


@pytest.mark.parametrize(
    ("stored", "sentence"),
    [
        ({"quantity": 5, "commodity": "USD"}, "cannot handle requests of the kind"),
        ({"quantity": "x", "commodity": 7, "price": "y"}, "cannot handle requests of the kind"),
        ({"kind": "closing"}, "This request cannot be read: until is missing"),
        ({"kind": FLOAT, "quantity": 1.5}, "This request cannot be read: quantity is no int"),
        ({"kind": "approval_rule"}, "This request cannot be read"),
    ],
)
@pytest.mark.parametrize("answer", ["approve", "reject"])
def test_a_request_that_this_version_cannot_read_breaks_no_page(
    town: Town, stored: dict[str, Any], sentence: str, answer: str
) -> None:
    request_id = unknown(town, **stored)
    before = town.rows()
    client = town.client("approver")
    for address in ("/queue", f"/queue/{request_id}"):
        page = client.get(address)
        assert page.status_code == 200
        assert sentence in page.text
    assert town.client("treasurer").get("/books/A/desk").status_code == 200
    told = client.post(f"/queue/{request_id}", data={"answer": answer, "note": ""})
    # Nothing has to be read to say no to a kind that is known.
    if answer == "reject" and "kind" in stored:
        assert told.status_code == 303
    else:
        assert (told.status_code, town.rows()) == (409, before)
        assert sentence in told.text
    with town.db.transaction() as session:
        session.delete(session.get_one(ApprovalRequest, request_id))
