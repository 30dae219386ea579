"""A treasurer undoes a match on the page where it is seen, and is shown what that books."""

import re

import pytest

from ledger.db import Database
from tests.worlds.town import Town, found_town


@pytest.fixture
def town(db: Database) -> Town:
    return found_town(db)


def undo_address(town: Town) -> str:
    return f"/books/A/lines/{town.ids['matched_id']}/undo"


def test_the_statement_the_entry_and_the_bank_page_lead_to_undo(town: Town) -> None:
    treasurer = town.client("treasurer")
    statement = treasurer.get(f"/books/A/statements/{town.ids['statement_id']}").text
    assert undo_address(town) in statement
    entry = re.findall(r"/books/A/journal/[0-9a-f-]{36}", statement)[0]
    assert undo_address(town) in treasurer.get(entry).text
    auditor = town.client("auditor").get(f"/books/A/statements/{town.ids['statement_id']}").text
    assert undo_address(town) not in auditor


def test_undo_shows_the_entry_asks_why_and_lets_the_line_wait(town: Town) -> None:
    treasurer = town.client("treasurer")
    preview = treasurer.get(undo_address(town)).text
    assert "An exact reversal" in preview
    assert "For the garden" in preview
    assert "3.00" in preview
    assert treasurer.post(undo_address(town), data={"why": " "}).status_code == 422
    done = treasurer.post(undo_address(town), data={"why": "Another giver"})
    assert done.status_code == 303
    page = treasurer.get(done.headers["Location"]).text
    assert f'id="line-{town.ids["matched_id"]}"' in page
    again = treasurer.post(undo_address(town), data={"why": "Once more"})
    assert again.status_code == 409
    assert "This line has not been matched." in again.text
    assert town.client("approver").get(undo_address(town)).status_code == 403
