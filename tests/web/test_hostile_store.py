"""No value that can be stored breaks a page: every address over a database full of the worst."""

from datetime import timedelta
from io import BytesIO

import pytest
from pypdf import PdfReader

from ledger.core.bounds import FIRST_DAY, LAST_DAY
from ledger.services.banking import suggestions
from reports import build
from reports.render import render_html, render_pdf
from tests.conftest import NOW
from tests.web import hostile
from tests.web.permissions import VIEWS
from tests.web.test_agreements import WALKS, approve, ask, give_money
from tests.web.test_every_address import LEFT_OUT, PRIVATE, addresses
from tests.worlds.town import Town

ROLES = ("nobody", "donor", "member", "treasurer", "approver", "auditor", "admin")
# Each seed gives every value to other columns and rows; the others run with the long tests.
SEEDS = (1, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(2, 9)))
# Addresses of one endpoint that are enough: each entry of the journal shows the same page.
MOST = 8
ENDPOINTS = sorted(set(VIEWS) - {*LEFT_OUT, *PRIVATE})


@pytest.fixture(scope="module")
def full_town(town: Town) -> Town:
    """A town with an agreement of every kind, and rows wherever there can be any."""
    give_money(town)
    for kind in WALKS:
        ask(town, kind)
        approve(town, kind)
    hostile.post_at_the_bounds(town.db)
    hostile.multiply(town.db)
    return town


@pytest.fixture(scope="module", params=SEEDS)
def worst_town(request: pytest.FixtureRequest, full_town: Town) -> Town:
    """The same town with nothing but awkward values."""
    assert hostile.spoil(full_town.db, request.param) > 500
    return full_town


def broken(town: Town, endpoint: str) -> list[str]:
    """Return what is wrong with the answers of an endpoint.

    Whoever may see its pages share its addresses; everybody else asks for one.
    """
    allowed = [who for who in ROLES if who in VIEWS[endpoint]] or ["nobody"]
    clients = {who: town.client(who) for who in ROLES}
    found = []
    paths = list(addresses(town, endpoint))
    for number, path in enumerate(paths[:: max(1, len(paths) // MOST)]):
        for who in ROLES if number == 0 else (allowed[number % len(allowed)],):
            answer = clients[who].get(path)
            if answer.status_code >= 500:
                found.append(f"{who} at {path}: {answer.status_code}")
            elif answer.mimetype == "text/html" and not answer.location:
                found += [f"{who} at {path}: {wrong}" for wrong in hostile.wrong_in(answer.text)]
    return found


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_no_stored_value_breaks_a_page(worst_town: Town, endpoint: str) -> None:
    assert broken(worst_town, endpoint) == []


def drafted(town: Town) -> build.Built:
    """The report of everything in a town, of all days."""
    with town.db.snapshot() as session:
        return build.draft(
            session,
            scope=build.scope_of_all(session),
            since=FIRST_DAY,
            until=LAST_DAY,
            edition="auditor",
            now=NOW,
        )


@pytest.mark.parametrize("shared_db", ["sqlite"], indirect=True)
def test_no_stored_value_breaks_the_report(worst_town: Town) -> None:
    made = drafted(worst_town)
    assert hostile.wrong_in(render_html(made.report, "0" * 64, untied=made.untied)) == []


@pytest.mark.long
@pytest.mark.parametrize("shared_db", ["sqlite"], indirect=True)
def test_no_stored_value_breaks_the_printed_report(worst_town: Town) -> None:
    """Every text of the books in one PDF: it opens, and nothing was computed."""
    made = drafted(worst_town)
    printed = render_pdf(made.report, draft=True, untied=made.untied)
    pages = PdfReader(BytesIO(printed.pdf)).pages
    assert len(pages) == printed.pages > 1
    text = "".join(page.extract_text() for page in pages)
    assert hostile.PRODUCT not in text
    assert "alert(1)" in text


def test_day_arithmetic_without_bounds_would_break_the_bank_page(
    worst_town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: a line dated 9999-12-31 made the page an error for ever."""
    monkeypatch.setattr(suggestions, "shifted", lambda day, days: day + timedelta(days=days))
    assert any("500" in wrong for wrong in broken(worst_town, "statements.show"))


@pytest.mark.parametrize(
    "text",
    [
        f"<p><b {hostile.MARK}=1></b></p>",
        "<p><script>alert(1)</script></p>",
        '<p onclick="x">x</p>',
        "<p><b>x</p></b>",
        "<ul><li>x</ul>",
        f"<p>{hostile.PRODUCT}</p>",
    ],
)
def test_markup_that_was_let_in_is_noticed(text: str) -> None:
    assert hostile.wrong_in(text)
    assert hostile.wrong_in("<p>x<br>&lt;script&gt;</p>") == []
