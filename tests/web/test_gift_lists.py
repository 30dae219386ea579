"""A list of gifts on its page: said, looked at, booked, and once only."""

import io

from sqlalchemy import func, select
from werkzeug.test import TestResponse

from ledger.models.journal import Entry
from tests.worlds.town import Town

LIST = "Giver;Mail;Amount;Date\nAda <b>;ada@example.org;1,020.50;2026-05-03\n;;7;2026-05-04\n"
SAID = {
    "heading_line": "1",
    "day_format": "auto",
    "decimal_mark": "",
    "encoding": "",
    "currency": "",
    "purpose": "fund:GEN",
    "account": "1030",
    "without_email": "true",
    "column-1": "counterparty",
    "column-2": "email",
    "column-3": "amount",
    "column-4": "day",
}


def sent(town: Town, text: str, where: str = "/books/A/gifts") -> TestResponse:
    return town.client("treasurer").post(
        where,
        data={"file": (io.BytesIO(text.encode()), "gifts.csv")},
        content_type="multipart/form-data",
    )


def entries(town: Town) -> int:
    with town.db.snapshot() as session:
        return session.scalar(select(func.count()).select_from(Entry)) or 0


def test_a_list_is_looked_at_and_booked_once(town: Town) -> None:
    treasurer, before = town.client("treasurer"), entries(town)
    assert "/books/A/gifts" in treasurer.get("/books/A/by-hand").text
    where = sent(town, LIST).location
    shown = treasurer.get(where)
    assert (shown.status_code, "<b>" in shown.text) == (200, False)
    assert '<option value="email" selected>' in shown.text
    unticked = {name: answer for name, answer in SAID.items() if name != "without_email"}
    refused = treasurer.post(where, data={**unticked, "action": "preview"})
    assert (
        refused.status_code,
        "line 3: This contribution has no e-mail address" in refused.text,
    ) == (
        422,
        True,
    )
    preview = treasurer.post(where, data={**SAID, "action": "preview"})
    assert preview.status_code == 200
    assert "$1,027.50" in preview.text
    assert "<b>" not in preview.text.replace("<b></b>", "")
    assert entries(town) == before
    done = treasurer.post(where, data={**SAID, "action": "import"})
    assert (done.status_code, done.location) == (303, "/books/A/by-hand")
    assert entries(town) == before + 2
    assert "2 contributions booked" in treasurer.get(done.location).text
    assert treasurer.get(where).status_code == 404
    again = sent(town, LIST).location
    treasurer.post(again, data={**SAID, "action": "import"})
    assert entries(town) == before + 2


def test_a_list_sent_as_a_bank_statement_is_told_apart(town: Town) -> None:
    where = sent(town, LIST, "/books/A/statements").location
    assert ("Import it under Import contributions, or with `poolbook import gifts`") in town.client(
        "treasurer"
    ).get(where).text
    dropped = town.client("treasurer").post(where, data={"action": "drop"})
    assert dropped.location == "/books/A/statements"


def test_a_list_can_be_thrown_away(town: Town) -> None:
    where = sent(town, LIST).location
    treasurer = town.client("treasurer")
    assert treasurer.post(where, data={"action": "drop"}).location == "/books/A/by-hand"
    assert treasurer.get(where).status_code == 404
