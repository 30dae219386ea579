"""The page of a reconciliation statement, from the desk to the signed page and its successor."""

from datetime import date, timedelta
from html import unescape
from uuid import UUID

from sqlalchemy import select

from ledger.db import Session
from ledger.ids import new_id
from ledger.models.approval_requests import ApprovalRequest
from ledger.models.reconciliation import ReconciliationStatement
from ledger.models.statements import BankLine, BankStatement
from ledger.services.approvals.decisions import decide
from tests.conftest import NOW
from tests.worlds.town import Town

ASKED = {"account": "1010-USD", "until": "2026-10-31"}


def kept(session: Session) -> ReconciliationStatement:
    return session.scalars(select(ReconciliationStatement)).one()


def test_a_statement_is_prepared_signed_and_superseded(quick_town: Town) -> None:
    town = quick_town
    client = town.client("treasurer")
    page = "/books/A/reconciliation"
    shown = client.get(page, query_string=ASKED)
    assert shown.status_code == 200
    assert "Unexplained difference" in shown.text
    form = {"account": "1010", "commodity": "USD", "until": "2026-10-31"}
    refused = client.post(page, data={**form, "reason": ""})
    assert refused.status_code == 422
    assert "leaves something open" in unescape(refused.text)
    assert client.post(page, data={**form, "reason": "The bank's file is late"}).status_code == 303
    queue = town.client("approver").get("/queue").text
    assert "Statement balance" in queue

    def sign(session: Session) -> UUID:
        request = session.scalars(
            select(ApprovalRequest).where(ApprovalRequest.kind == "reconciliation")
        ).one()
        decide(
            session,
            request_id=request.id,
            approve=True,
            decided_by=town.people["approver"],
            note="",
            now=NOW,
        )
        return kept(session).id

    statement_id = town.db.run(sign)
    path = f"{page}/{statement_id}"
    for who in ("treasurer", "approver", "auditor"):
        answer = town.client(who).get(path)
        assert answer.status_code == 200
        assert "The bank's file is late" in unescape(answer.text)
        assert "superseded" not in answer.text
    for who in ("member", "other treasurer"):
        assert town.client(who).get(path).status_code in (403, 404)
    assert path in client.get(page, query_string=ASKED).text
    town.tell(lambda session: add_line(session, town))
    assert "Bank or books have changed" in client.get(path).text


def add_line(session: Session, town: Town) -> None:
    """A line of the bank that comes in late."""
    statement = session.scalars(
        select(BankStatement).where(BankStatement.account == 1010).limit(1)
    ).one()
    day = date(2026, 10, 31) - timedelta(days=3)
    session.add(
        BankLine(
            book_id=statement.book_id,
            statement_id=statement.id,
            account=1010,
            position=99,
            amount=-600,
            commodity="USD",
            booked_on=day,
            value_on=day,
            bank_reference=None,
            end_to_end_id=None,
            counterparty_name=None,
            remittance="Charge",
            code=None,
            fingerprint=str(new_id()),
            state="open",
        )
    )


def test_an_account_that_is_at_no_bank_is_not_found(quick_town: Town) -> None:
    client = quick_town.client("treasurer")
    assert client.get("/books/A/reconciliation?account=1999-USD").status_code == 404
    assert client.get("/books/A/reconciliation?until=yesterday").status_code == 422
    assert client.get("/books/B/reconciliation").status_code in (403, 404)
