"""A rule is made of a line in one click, tried before it is kept, and asked about."""

from sqlalchemy import select

from ledger.models.bank_rules import BankRule
from tests.worlds.town import Town

RULES = "/books/A/bank/rules"


def test_a_rule_is_made_of_a_line_tried_and_kept(quick_town: Town) -> None:
    treasurer = quick_town.client("treasurer")
    line = quick_town.ids["matched_id"]
    assert f"{RULES}/new?line={line}" in treasurer.get(f"/books/A/bank/lines/{line}").text
    form = treasurer.get(f"{RULES}/new?line={line}").text
    assert 'value="For the garden"' in form
    assert '<option value="gift" selected>' in form
    answers = {"direction": "in", "words": "for the garden", "meaning": "gift", "fund": "GEN"}
    tried = treasurer.post(f"{RULES}/new", data={**answers, "step": "try"})
    assert "1 past lines fit: 1 were decided the same, 0 otherwise. 0 open lines fit." in tried.text
    with quick_town.db.snapshot() as session:
        before = session.scalars(select(BankRule.id)).all()
    kept = treasurer.post(f"{RULES}/new", data={**answers, "step": "keep"})
    assert kept.status_code == 303
    with quick_town.db.snapshot() as session:
        assert len(session.scalars(select(BankRule.id)).all()) == len(before) + 1
    page = treasurer.get(kept.headers["Location"]).text
    assert "for the garden" in page
    asked = treasurer.post(kept.headers["Location"], data={"step": "ask", "why": ""})
    assert asked.status_code == 409
    assert "A rule books only up to a largest amount." in asked.text
    done = treasurer.post(kept.headers["Location"], data={"step": "withdraw", "why": ""})
    assert done.status_code == 303
    assert "This rule has been withdrawn." in treasurer.get(done.headers["Location"]).text
    assert "for the garden" in treasurer.get(RULES).text
