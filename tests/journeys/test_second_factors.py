"""Second factors in a real Chromium: its virtual authenticator makes and uses the passkeys."""

import re
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyotp
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy import select
from werkzeug.serving import make_server

from ledger.db import Database
from ledger.links import Links
from ledger.models.people import OutboxMessage
from ledger.services.people.sessions import FRESH
from tests.ports import free_port
from tests.worlds.town import Town, found_town

pytestmark = pytest.mark.browser
WEEK = timedelta(days=7)
PHONE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


class Site:
    """A town that is served to real browsers, and its clock, which runs and can be put forward."""

    def __init__(self, database: Database) -> None:
        self.ahead = timedelta(0)
        port = free_port()
        # Browsers keep passkeys for names, not for IP addresses.
        self.url = f"http://localhost:{port}"
        self.town: Town = found_town(database, csrf=True, base_url=self.url, clock=lambda: self.now)
        self.server = make_server("127.0.0.1", port, self.town.app, threaded=True)

    @property
    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def link(self, email: str) -> str:
        """The newest sign-in link in a mailbox."""
        newest = select(OutboxMessage.body).where(
            OutboxMessage.to_email == email, OutboxMessage.subject.contains("link")
        )
        with self.town.db.snapshot() as session:
            body = session.scalars(newest.order_by(OutboxMessage.id.desc())).first() or ""
        found = re.search(r"http\S+", Links(self.url, "a key for tests").fill(body))
        assert found is not None
        return found[0]


@pytest.fixture(scope="module")
def site(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A town on SQLite: what is asked here is what browsers do."""
    path = tmp_path_factory.mktemp("town") / "poolbook.db"
    shutil.copy(sqlite_template, path)
    database = Database(f"sqlite:///{path}")
    found = Site(database)
    thread = threading.Thread(target=found.server.serve_forever)
    thread.start()
    yield found
    found.server.shutdown()
    thread.join()
    database.dispose()


@dataclass
class Windows:
    """Windows of a browser on the site, and what went wrong in their scripts."""

    browser: Browser
    site: Site
    opened: list[BrowserContext] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def open(self, *, scripts: bool = True) -> Page:
        context = self.browser.new_context(base_url=self.site.url, java_script_enabled=scripts)
        self.opened.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("console", lambda message: self.hear(message.text))
        return page

    def hear(self, text: str) -> None:
        if "Content Security Policy" in text:
            self.problems.append(text)


@pytest.fixture
def windows(browser: Browser, site: Site) -> Iterator[Windows]:
    """Windows in which no script fails and the content policy is kept."""
    found = Windows(browser, site)
    yield found
    for context in found.opened:
        context.close()
    assert found.problems == []


def with_phone(page: Page) -> None:
    """Give the window an authenticator that verifies its user."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": PHONE})


def open_link(page: Page, site: Site, email: str) -> None:
    """Ask for a link and press its button."""
    page.goto("/sign-in")
    page.get_by_label("E-mail").fill(email)
    page.get_by_role("button", name="Send sign-in link").click()
    page.goto(site.link(email))
    page.get_by_role("button", name="Sign in").click()


def set_up_an_app(page: Page, site: Site) -> tuple[pyotp.TOTP, list[str]]:
    """Set up an app on the page of factors, as somebody with a phone in their hand does."""
    page.goto("/factors")
    page.get_by_role("button", name="Set up an authenticator app").click()
    expect(page.locator(".qr svg")).to_be_visible()
    app = pyotp.TOTP(page.locator("code.key").inner_text().replace(" ", ""))
    page.get_by_label("Six-digit code from the app").fill(app.at(site.now))
    page.get_by_role("button", name="Turn on").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Save these ten codes")
    codes = page.locator("ol.codes code").all_inner_texts()
    page.get_by_role("link", name="Done").click()
    # The next code is one that was not used.
    site.ahead += timedelta(seconds=30)
    return app, codes


def make_a_token(page: Page, name: str) -> None:
    page.goto("/tokens")
    page.get_by_label("Purpose").fill(name)
    page.get_by_label("pledge", exact=False).first.check()
    page.get_by_role("button", name="Create token").click()


def test_a_passkey_signs_in_and_confirms(site: Site, windows: Windows) -> None:
    page = windows.open()
    with_phone(page)
    open_link(page, site, "treasurer@example.org")
    page.goto("/factors")
    page.get_by_label("Name").fill("My laptop")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.locator("ol.codes code")).to_have_count(10)
    expect(page.get_by_role("button", name="Print")).to_be_visible()
    with page.expect_download() as saved:
        page.get_by_role("link", name="Download").click()
    assert len(Path(saved.value.path()).read_text().split()) == 10
    page.get_by_role("link", name="Done").click()
    expect(page.get_by_text("My laptop")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    # Without any name or mailbox.
    page.goto("/sign-in")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_text("You are signed in as Treasurer.")).to_be_visible()
    site.ahead += FRESH
    make_a_token(page, "Nightly copy")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Confirm it")
    page.get_by_role("button", name="Use passkey").click()
    expect(page.get_by_text("Check your answers and send the form again")).to_be_visible()
    expect(page.get_by_label("Purpose")).to_have_value("Nightly copy")
    page.get_by_role("button", name="Create token").click()
    expect(page.locator("#secret")).to_be_visible()
    # The link of the mailbox alone is not enough any more.
    page.get_by_role("button", name="Sign out").click()
    open_link(page, site, "treasurer@example.org")
    page.get_by_role("button", name="Use passkey").click()
    expect(page.get_by_text("You are signed in as Treasurer.")).to_be_visible()


def test_an_app_works_without_scripts_and_recovery_leads_to_a_new_one(
    site: Site, windows: Windows
) -> None:
    page = windows.open(scripts=False)
    open_link(page, site, "approver@example.org")
    app, codes = set_up_an_app(page, site)
    page.get_by_role("button", name="Sign out").click()
    open_link(page, site, "approver@example.org")
    page.get_by_label("Code of your app").fill(app.at(site.now))
    page.get_by_role("button", name="Use app code").click()
    expect(page.get_by_text("You are signed in as Approver.")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    open_link(page, site, "approver@example.org")
    page.get_by_role("link", name="Lost both?").click()
    page.get_by_label("Recovery code").fill(codes[0])
    page.get_by_role("button", name="Sign in").click()
    page.goto("/queue")
    expect(page).to_have_url(f"{site.url}/factors")
    page.get_by_role("button", name="Set up another authenticator app").click()
    app = pyotp.TOTP(page.locator("code.key").inner_text().replace(" ", ""))
    page.get_by_label("Six-digit code from the app").fill(app.at(site.now))
    page.get_by_role("button", name="Turn on").click()
    page.goto("/queue")
    expect(page.get_by_role("heading", level=1)).to_have_text("Approval requests")


def test_a_role_that_requires_a_factor_waits_for_one(site: Site, windows: Windows) -> None:
    admin = windows.open()
    open_link(admin, site, "admin@example.org")
    admin.goto("/books/A/factors")
    row = admin.locator("tr", has=admin.get_by_label("For the role treasurer"))
    row.get_by_label("For the role treasurer").select_option("required")
    row.get_by_role("button", name="Save").click()
    site.ahead += WEEK
    page = windows.open()
    with_phone(page)
    open_link(page, site, "second.treasurer@example.org")
    page.goto("/books/A/cash")
    page.get_by_label("Amount").first.fill("5")
    page.locator("main form button").last.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Protect your role first")
    page.get_by_role("link", name="Set up a second factor").click()
    page.get_by_role("button", name="Add a passkey").click()
    page.get_by_role("link", name="Done").click()
    page.goto("/books/A/desk")
    expect(page.get_by_text("requires a second factor")).to_have_count(0)
    page.goto("/books/A/cash")
    page.get_by_label("Amount").first.fill("x")
    page.locator("main form button").last.click()
    expect(page.get_by_role("heading", name="Please check your answers")).to_be_visible()
