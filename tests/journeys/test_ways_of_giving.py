"""Every way of giving, in a real browser on a phone: from the form to the entries in the books."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from ledger.db import Database
from ledger.models.books import Book
from ledger.models.campaigns import Campaign
from ledger.models.journal import Entry
from ledger.models.payments import BalanceTransaction
from ledger.queries.invariants import check
from ledger.services.books.journal import load_entry
from ledger.services.campaigns.campaigns import Need, create_campaign
from tests.factories import make_book, make_fund
from tests.journeys.conftest import PATIENCE_MILLISECONDS, Running, run_all

pytestmark = pytest.mark.browser

TODAY = datetime.now(UTC).date()
DAY = 86_400
LOOKS = PATIENCE_MILLISECONDS // 250


@dataclass
class Hall:
    """The running program with three campaigns, and its database."""

    running: Running
    db: Database
    days: int = 0

    def campaign(self, slug: str) -> str:
        return f"{self.running.url}/campaigns/{slug}"

    def deadline_passes(self, slug: str) -> None:
        """Let the last day of a campaign be yesterday."""
        with self.db.transaction() as session:
            row = session.scalars(select(Campaign).where(Campaign.slug == slug)).one()
            row.deadline_on = TODAY - timedelta(days=2)

    def control(self, name: str, **form: str) -> None:
        """Turn one of the sandbox's controls."""
        answer = requests.post(f"{self.running.sandbox}/_test/{name}", data=form, timeout=60)
        assert answer.ok, answer.text

    def later(self, days: int) -> None:
        """Let days pass at Stripe, and let happen what they bring."""
        self.days += days
        self.control("set", advance=str(self.days * DAY))
        self.control("tick")

    def entries(self, *event_types: str) -> str:
        """The newest entry of each kind, as an accountant reads it."""
        with self.db.snapshot() as session:
            found = []
            for kind in event_types:
                book_id, entry_id = session.execute(
                    select(Entry.book_id, Entry.id)
                    .where(Entry.event_type == kind)
                    .order_by(Entry.id.desc())
                    .limit(1)
                ).one()
                found.append(load_entry(session, book_id, entry_id))
            return "\n".join(
                f"{leg.account} {leg.fund} {leg.quantity}"
                for entry in found
                for leg in entry.postings
            )


@pytest.fixture(scope="module")
def hall(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    """Poolbook, its worker and the Stripe sandbox as processes, on SQLite."""
    folder = tmp_path_factory.mktemp("hall")
    shutil.copy(sqlite_template, folder / "poolbook.db")
    db = Database(f"sqlite:///{folder / 'poolbook.db'}")
    with db.transaction() as session:
        book = make_book(session, "HALL")
        make_fund(session, book)
        fund = make_fund(session, book, "SOLAR", "purpose")
        for slug, mode, minimum in (
            ("roof", "keep_what_you_raise", 500_000),
            ("well", "all_or_nothing", 10_000),
            ("bridge", "all_or_nothing", 900_000),
        ):
            create_campaign(
                session,
                book=book,
                fund=fund,
                slug=slug,
                title=f"The {slug}",
                summary="For all of us",
                story="We build it together.",
                mode=mode,
                commodity="USD",
                currencies=("EUR",) if slug == "roof" else (),
                opens_on=date(2026, 1, 1),
                deadline_on=TODAY + timedelta(days=60),
                needs=(Need("USD", "Money", minimum, 2 * minimum),),
                now=datetime.now(UTC),
            )
    for running in run_all(db.url, folder):
        found = Hall(running, db)
        found.control("set", debit_seconds=str(1000 * DAY))
        yield found
    db.dispose()


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    """A phone without JavaScript: every way of giving works without."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, java_script_enabled=False)
    opened = context.new_page()
    opened.set_default_timeout(PATIENCE_MILLISECONDS)
    yield opened
    context.close()


def offer(page: Page, hall: Hall, slug: str, amount: str, who: str, **answers: str) -> None:
    """Fill the form in and send it."""
    page.goto(hall.campaign(slug))
    page.get_by_role("link", name="Give money").click()
    page.get_by_label("Money").first.fill(amount)
    if "currency" in answers:
        page.get_by_label("Currency").select_option(answers["currency"])
    if "rhythm" in answers:
        page.get_by_label(answers["rhythm"]).check()
    if "parts" in answers:
        page.get_by_label("Number of monthly instalments").fill(answers["parts"])
    if "cover" in answers:
        page.get_by_label("Add the payment fee").check()
    page.get_by_label("Your name").fill("Dana Whitlock")
    page.get_by_label("E-mail").fill(f"{who}@example.org")
    page.get_by_role("button", name="Pledge").click()


def by_card(page: Page, number: str = "4242 4242 4242 4242") -> None:
    """Give a card on the payment page, whatever it is for."""
    page.get_by_label("Card number").fill(number)
    page.locator("form", has=page.get_by_label("Card number")).get_by_role("button").click()


def until(page: Page, text: str) -> None:
    """Look again until a page without JavaScript says something."""
    for _ in range(LOOKS):
        if page.get_by_text(text).count():
            return
        page.wait_for_timeout(250)
        page.reload()
    raise AssertionError(f"“{text}” does not come: {page.locator('main').inner_text()}")


def link_for(page: Page, hall: Hall, who: str, subject: str) -> str:
    """The signed link in the newest message with a subject."""
    page.goto(f"{hall.running.url}/outbox")
    for _ in range(LOOKS):
        mail = page.locator("article", has_text=f"{who}@example.org").filter(has_text=subject)
        if mail.count():
            return mail.first.get_by_role("link").get_attribute("href") or ""
        page.wait_for_timeout(250)
        page.reload()
    raise AssertionError(f"no message “{subject}”: {page.locator('main').inner_text()}")


def test_once_with_the_fee_covered(hall: Hall, phone: Page) -> None:
    offer(phone, hall, "roof", "100", "once", cover="yes")
    expect(phone.get_by_role("heading", name="103.30 USD")).to_be_visible()
    by_card(phone)
    until(phone, "arrived on")
    assert hall.entries("payment_settled") == (
        "1110 SOLAR 10000\n6510 SOLAR 330\n4010 SOLAR -10330\n9190 SOLAR 10330\n9110 SOLAR -10330"
    )


def test_the_bank_asks_by_3d_secure(hall: Hall, phone: Page) -> None:
    offer(phone, hall, "roof", "60", "secure")
    by_card(phone, "4000 0025 0000 3155")
    phone.get_by_role("button", name=re.compile("yes|complete|confirm", re.IGNORECASE)).click()
    until(phone, "arrived on")


def test_declined_then_paid_with_another_card(hall: Hall, phone: Page) -> None:
    offer(phone, hall, "roof", "60", "declined")
    by_card(phone, "4000 0000 0000 0002")
    expect(phone.get_by_text("Your card was declined")).to_be_visible()
    by_card(phone)
    until(phone, "arrived on")


def test_in_another_currency(hall: Hall, phone: Page) -> None:
    hall.control("set", settles="usd", rates="eur:usd=1.0824")
    offer(phone, hall, "roof", "50", "abroad", currency="EUR")
    by_card(phone)
    until(phone, "arrived on")
    text = hall.entries("payment_settled")
    assert "4010 SOLAR -5412" in text
    assert "9110 SOLAR -5000" in text


def test_in_parts_that_sum_to_the_whole(hall: Hall, phone: Page) -> None:
    offer(phone, hall, "roof", "100", "parts", rhythm="In instalments", parts="3")
    by_card(phone)
    until(phone, "1 of 3 instalments arrived")
    parts = phone.locator(".schedule b").all_inner_texts()
    assert parts == ["$33.33", "$33.33", "$33.34"]
    phone.get_by_role("link", name="View or change").click()
    expect(phone.get_by_text("Visa 4242")).to_be_visible()
    assert phone.locator(".schedule .paid").count() == 1


def test_every_month_with_a_renewal_that_fails_and_is_mended(hall: Hall, phone: Page) -> None:
    offer(phone, hall, "roof", "20", "monthly", rhythm="Every month")
    by_card(phone)
    until(phone, "given so far")
    assert hall.entries("gift_settled") == "1110 SOLAR 1912\n6510 SOLAR 88\n4020 SOLAR -2000"
    link = link_for(phone, hall, "monthly", "Thank you for your recurring contribution")
    phone.goto(link)
    # Somebody's card pays for it: a link alone does not raise it.
    phone.get_by_label("Another amount").fill("25")
    phone.get_by_role("button", name="Change the amount").click()
    expect(phone.locator("#amount-error")).to_contain_text("sign in")
    phone.get_by_label("Another amount").fill("15")
    phone.get_by_role("button", name="Change the amount").click()
    expect(phone.get_by_text("The new amount applies from the next payment")).to_be_visible()
    phone.get_by_role("button", name="Use another card").click()
    by_card(phone, "4000 0000 0000 0341")
    hall.later(32)
    mend = link_for(phone, hall, "monthly", "did not go through")
    assert mend == link
    phone.goto(mend)
    expect(phone.get_by_text("Your bank refused $15.00")).to_be_visible()
    phone.get_by_role("button", name="Use another card").click()
    by_card(phone)
    hall.later(4)
    phone.goto(link)
    until(phone, "$35.00 given so far; the next $15.00 is taken")
    assert phone.locator(".status.arrived").count() == 1


def test_stopped_by_the_signed_link(hall: Hall, phone: Page) -> None:
    offer(phone, hall, "roof", "15", "stops", rhythm="Every year")
    by_card(phone)
    phone.goto(link_for(phone, hall, "stops", "Thank you for your recurring contribution"))
    phone.get_by_role("button", name="Skip the next payment").click()
    expect(phone.get_by_text("The one after it will be charged again")).to_be_visible()
    phone.get_by_role("button", name="Resume").click()
    phone.get_by_role("button", name="Pause").click()
    expect(phone.get_by_text("Your recurring contribution is paused")).to_be_visible()
    phone.get_by_role("button", name="Stop contribution").click()
    expect(phone.get_by_text("This gift has ended").first).to_be_visible()
    link_for(phone, hall, "stops", "Your recurring contribution has ended")
    assert not phone.get_by_role("button", name="Stop contribution").count()


def test_all_or_nothing_that_succeeds_and_brings_a_donor_back(hall: Hall, phone: Page) -> None:
    offer(phone, hall, "well", "100", "good")
    by_card(phone)
    until(phone, "Your card is charged $100.00 only if")
    offer(phone, hall, "well", "40", "bad")
    by_card(phone, "4000 0000 0000 0341")
    until(phone, "Your card is charged")
    phone.goto(hall.campaign("well"))
    expect(phone.get_by_text("$140.00 pledged")).to_be_visible()
    hall.deadline_passes("well")
    link = link_for(phone, hall, "bad", "did not go through")
    link_for(phone, hall, "good", "goal reached")
    phone.goto(hall.campaign("well"))
    until(phone, "$100.00 received")
    expect(phone.get_by_text("$40.00 pledged")).to_be_visible()
    assert hall.entries("condition_met") != ""
    phone.goto(link)
    phone.get_by_role("button", name="Pay $40.00 now").click()
    by_card(phone)
    until(phone, "Your $40.00 arrived on")
    assert hall.entries("payment_settled") == "1110 SOLAR 3854\n6510 SOLAR 146\n1210 SOLAR -4000"


def test_all_or_nothing_that_fails_charges_nobody(hall: Hall, phone: Page) -> None:
    offer(phone, hall, "bridge", "50", "hopeful")
    by_card(phone)
    until(phone, "Your card is charged")
    hall.deadline_passes("bridge")
    phone.goto(link_for(phone, hall, "hopeful", "goal not reached"))
    until(phone, "Nothing was charged.")
    until(phone, "ended")
    assert hall.entries("pledge_lapsed") == "9190 SOLAR 5000\n9120 SOLAR -5000"


def test_a_bank_debit_that_clears_and_one_that_fails(hall: Hall, phone: Page) -> None:
    offer(phone, hall, "roof", "200", "debit")
    phone.get_by_role("button", name="by bank debit").click()
    until(phone, "Your bank is moving")
    assert hall.entries("debit_started") == "9130 SOLAR 20000\n9190 SOLAR -20000"
    hall.control("now", only="end_debit")
    until(phone, "arrived on")
    text = hall.entries("payment_settled")
    assert "9190 SOLAR 20000\n9130 SOLAR -20000" in text

    offer(phone, hall, "roof", "80", "unpaid")
    phone.get_by_label("Account number").fill("000222222227")
    phone.get_by_role("button", name="by bank debit").click()
    until(phone, "Your bank is moving")
    hall.control("now", only="end_debit")
    until(phone, "Pay $80.00 now")
    assert hall.entries("bank_debit_fail") == "9190 SOLAR 8000\n9130 SOLAR -8000"


def test_a_bank_debit_that_is_returned_after_it_cleared(hall: Hall, phone: Page) -> None:
    offer(phone, hall, "roof", "200", "returned")
    phone.get_by_role("button", name="by bank debit").click()
    until(phone, "Your bank is moving")
    hall.control("now", only="end_debit")
    until(phone, "arrived on")
    with hall.db.snapshot() as session:
        charge = session.scalars(
            select(BalanceTransaction.source_id)
            .where(BalanceTransaction.amount == 20_000)
            .order_by(BalanceTransaction.created_at.desc(), BalanceTransaction.stripe_txn_id)
        ).first()
    hall.control("return_debit", charge=charge or "")
    for _ in range(LOOKS):
        with hall.db.snapshot() as session:
            if session.scalar(select(Entry.id).where(Entry.event_type == "debit_returned")):
                break
        phone.wait_for_timeout(250)
    text = hall.entries("debit_returned")
    assert text.startswith("4091 SOLAR 20000\n6520 SOLAR 400\n1110 SOLAR -20400")


def test_the_books_are_sound_after_all_of_it(hall: Hall) -> None:
    with hall.db.snapshot() as session:
        assert [row for row in check(session) if not row.ok] == []
        assert session.scalar(select(Book.code)) == "HALL"
