"""The admin's first hour: from an empty installation to an open campaign, without a script."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.conftest import PATIENCE_MILLISECONDS, Running, run_all
from tests.journeys.test_main_job import sign_in

pytestmark = pytest.mark.browser


@pytest.fixture
def empty(database_url: str, tmp_path: Path) -> Iterator[Running]:
    """Poolbook on a database without books."""
    yield from run_all(database_url, tmp_path)


@pytest.fixture
def plain(browser: Browser) -> Iterator[Page]:
    """A window that runs no scripts."""
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MILLISECONDS)
    yield page
    context.close()


def set_up(page: Page, running: Running) -> None:
    """Enter the code from the console and the answers about the first community."""
    page.goto(running.url)
    expect(page).to_have_url(f"{running.url}/first-visit")
    code = re.search(r"enter the code (\S+)", running.log("serve"))
    assert code is not None
    page.get_by_label("One-time code").fill(code[1])
    page.get_by_label("Name of the community").fill("Weir Mill Commons")
    page.get_by_label("Short code").fill("MILL")
    page.get_by_label("Place").fill("Weir Mill")
    page.get_by_label("Currency").fill("EUR")
    page.get_by_label("Time zone").fill("Europe/Berlin")
    page.get_by_label("Accounting profile").select_option("US_GAAP")
    page.get_by_label("Name of the first admin").fill("Ada Brook")
    page.get_by_label("E-mail address of the first admin").fill("ada@example.org")
    page.get_by_role("button", name="Set up").click()
    page.locator("main").get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Settings of Weir Mill Commons")).to_be_visible()


def section(page: Page, running: Running, name: str) -> None:
    page.goto(f"{running.url}/books/MILL/settings")
    page.locator("main").get_by_role("link", name=name, exact=True).click()


def fill_in(page: Page, running: Running) -> None:
    """Tell what the book is, and make what people give: a fund, a skill with its rate, a class."""
    section(page, running, "Book")
    page.get_by_label("Who you are and what you do together").fill("We restore a weir together.")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()

    section(page, running, "Funds")
    page.get_by_label("Name of the fund").fill("New water wheel")
    page.get_by_label("Short code").fill("WHEEL")
    page.get_by_label("Restriction", exact=True).select_option("purpose")
    page.get_by_role("button", name="Create fund").click()
    expect(page.get_by_text("The fund was created.")).to_be_visible()

    section(page, running, "Skills and hour rates")
    page.get_by_label("Singular name").fill("Stone masonry")
    page.get_by_role("button", name="Add skill").click()
    expect(page.get_by_text("Added. People can now pledge it.")).to_be_visible()
    page.get_by_label("Skill", exact=True).select_option(label="Stone masonry")
    page.get_by_label("Value per hour").fill("38.50")
    page.get_by_label("Source of the rate").fill("Wage table of the masons' guild 2026")
    page.get_by_role("button", name="Set rate").click()
    expect(page.get_by_role("row", name="Stone masonry").get_by_text("38.50")).to_be_visible()

    section(page, running, "Equipment classes")
    page.get_by_label("Singular name").fill("chain hoist")
    page.get_by_label("Plural name").fill("chain hoists")
    page.get_by_role("button", name="Add class").click()
    expect(page.get_by_role("cell", name="chain hoists")).to_be_visible()


def invite(page: Page, running: Running) -> None:
    section(page, running, "People and roles")
    page.get_by_label("Name", exact=True).fill("Tess Okafor")
    page.get_by_label("E-mail address").fill("tess@example.org")
    page.get_by_label("Role", exact=True).select_option("treasurer")
    page.get_by_role("button", name="Give role").click()
    expect(page.get_by_text("Done. They can sign in with a link")).to_be_visible()


def open_campaign(page: Page, running: Running) -> None:
    """As the treasurer, open a campaign that asks for money, the skill and the equipment."""
    today = datetime.now(UTC).date()
    page.goto(f"{running.url}/books/MILL/campaigns/new")
    page.get_by_label("Title").fill("A water wheel for the mill")
    page.get_by_label("Address").fill("water-wheel")
    page.get_by_label("Summary in one sentence").fill("Light from the weir.")
    page.get_by_label("Description").fill("We build a wheel of oak.")
    page.get_by_label("Fund", exact=True).select_option("WHEEL")
    for number, (kind, label, amount) in enumerate(
        (
            ("EUR", "Oak and iron", "4000"),
            ("MIN.STONE_MASONRY", "Masons", "40"),
            ("EQP.CHAIN_HOIST", "A chain hoist", "1"),
        )
    ):
        page.locator(f"#need-{number}").select_option(kind)
        page.locator(f"#label-{number}").fill(label)
        page.locator(f"#minimum-{number}").fill(amount)
    page.get_by_label("Every contribution is kept for the purpose.").check()
    page.locator("#opens_on").fill(today.isoformat())
    page.locator("#deadline_on").fill((today + timedelta(days=60)).isoformat())
    page.get_by_role("button", name="Keep draft").click()
    page.get_by_role("button", name="Save and open to everyone").click()
    expect(page.get_by_text("Oak and iron").first).to_be_visible()


# Both engines are tried in tests/web/test_first_visit.py; browsers take their time.
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_admin_opens_a_campaign_within_the_first_hour(empty: Running, plain: Page) -> None:
    set_up(plain, empty)
    fill_in(plain, empty)
    invite(plain, empty)
    sign_in(plain, empty, "tess@example.org")
    open_campaign(plain, empty)

    plain.context.clear_cookies()
    plain.goto(empty.url)
    plain.get_by_role("link", name="A water wheel for the mill").first.click()
    for need in ("Oak and iron", "Masons", "A chain hoist"):
        expect(plain.get_by_text(need).first).to_be_visible()
    # The code is spent: nobody else sets this installation up.
    plain.goto(f"{empty.url}/first-visit")
    expect(
        plain.get_by_text("This installation is already set up. Please sign in.")
    ).to_be_visible()
