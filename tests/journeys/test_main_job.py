"""The guided tour, executed: a pledge of money, a thing and hours becomes a page of a PDF."""

import json
import re
import subprocess
import time
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.journeys.conftest import PATIENCE_MILLISECONDS, Running

pytestmark = pytest.mark.browser


def sign_in(page: Page, running: Running, email: str) -> None:
    """Sign in by the link in the demo's outbox."""
    page.context.clear_cookies()
    page.goto(f"{running.url}/sign-in")
    page.get_by_label("E-mail").fill(email)
    page.get_by_role("button", name="Send sign-in link").click()
    page.get_by_role("link", name="Open the demo's outbox").click()
    page.locator("article", has_text=email).first.get_by_role("link").click()
    page.locator("main").get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("You are signed in as")).to_be_visible()


def pledge_all_three(page: Page, running: Running) -> None:
    page.goto(f"{running.url}/campaigns/solar-roof")
    page.get_by_role("link", name="Give money, equipment or hours").click()
    page.get_by_label("Panels and cable").fill("60")
    page.get_by_label("A projector").fill("1")
    page.get_by_label("Electricians").fill("6")
    page.get_by_label("Your name").fill("Dana Whitlock")
    page.get_by_label("E-mail").fill("dana@example.org")
    page.get_by_role("button", name="Pledge").click()

    page.get_by_role("button", name="Pay 60.00 USD", exact=True).click()
    expect(page.get_by_text("arrived on")).to_be_visible()


def give_the_rest(page: Page, running: Running) -> None:
    sign_in(page, running, "dana@example.org")
    page.goto(f"{running.url}/giving")
    page.get_by_role("link", name="Log hours").first.click()
    page.get_by_label("Time").fill("6")
    page.get_by_label("Work done").fill("Wired the first string")
    page.get_by_role("button", name="Log", exact=True).click()
    expect(
        page.get_by_text("Your time counts once another person has confirmed it")
    ).to_be_visible()

    sign_in(page, running, "milo@example.org")
    page.goto(f"{running.url}/hours")
    mine = page.locator("li", has_text="Wired the first string")
    mine.get_by_role("button", name="Confirm").click()
    expect(page.get_by_text("Confirmed. The hours are in the books.")).to_be_visible()
    page.goto(f"{running.url}/things")
    row = page.locator("tr", has_text="Dana Whitlock").filter(has_text="projector")
    row.get_by_role("link", name="Receipt").click()
    page.get_by_label("Description").fill("Short-throw projector, serial 4711")
    page.get_by_role("button", name="Received").click()
    page.get_by_label("Total value").fill("420")
    page.get_by_label("Evidence").fill("Two offers for the same model")
    page.get_by_role("button", name="Request approval").click()
    expect(page.get_by_text("The value is booked once an approver agrees")).to_be_visible()


def approve(page: Page, running: Running, evidence: str) -> None:
    sign_in(page, running, "arno@example.org")
    page.goto(f"{running.url}/queue")
    page.locator("li", has_text=evidence).get_by_role("button", name="Approve").click()
    expect(page.get_by_text("Approved and booked.")).to_be_visible()


def reconcile(page: Page, running: Running, folder: Path) -> None:
    assert requests.post(f"{running.sandbox}/_test/payout", timeout=60).ok
    sign_in(page, running, "tess@example.org")
    until = time.monotonic() + PATIENCE_MILLISECONDS / 1000
    while time.monotonic() < until:
        page.goto(f"{running.url}/books/ELDER/payouts")
        if page.get_by_text("in transit").count():
            break
        time.sleep(0.5)
    page.goto(f"{running.url}/books/ELDER/statements")
    with page.expect_download() as download:
        page.get_by_role("link", name="Get today's file").click()
    file = folder / "bank.xml"
    download.value.save_as(file)
    page.get_by_label("Bank file").set_input_files(file)
    page.get_by_role("button", name="Import").click()
    told = page.get_by_role("status").filter(has_text="matched automatically")
    expect(told).to_be_visible()
    page.goto(f"{running.url}/books/ELDER/payouts")
    expect(page.get_by_text("arrived").first).to_be_visible()
    page.goto(f"{running.url}/books/ELDER/statements")
    fee = page.locator("li", has_text="Account fee")
    fee.get_by_role("button", name="Bank charge", exact=True).click()
    expect(page.get_by_text("Matched and booked.")).to_be_visible()
    expect(page.locator("tfoot td.ok", has_text="$0.00")).to_be_visible()


def allocate(page: Page, running: Running) -> None:
    page.goto(f"{running.url}/pools/STREAMS/allocate")
    page.get_by_label("Amount", exact=True).fill("1000")
    page.get_by_label("Purpose").fill("Spring seed order")
    page.get_by_role("button", name="Preview allocation").click()
    shares = page.locator("table td.num").all_inner_texts()
    assert sorted(text.split()[0] for text in shares) == [
        "$1,000.00",
        "$333.33",
        "$333.33",
        "$333.34",
    ]
    page.get_by_role("button", name="Request approval").click()
    expect(page.get_by_text("Nothing changes until an approver agrees")).to_be_visible()
    approve(page, running, "Spring seed order")


def test_a_pledge_becomes_entries_becomes_a_page_of_the_report(
    running: Running, page: Page, tmp_path: Path
) -> None:
    pledge_all_three(page, running)
    give_the_rest(page, running)
    approve(page, running, "Two offers for the same model")
    reconcile(page, running, tmp_path)
    allocate(page, running)

    sign_in(page, running, "una@example.org")
    page.goto(f"{running.url}/reports")
    page.get_by_label("Books").select_option("ELDER")
    page.get_by_label("Edition").select_option("auditor")
    page.get_by_role("button", name="Show the figures").click()
    glance = {
        item.get_attribute("data-glance"): item.inner_text().split("\n")[0]
        for item in page.locator("[data-glance]").all()
    }
    page.get_by_role("link", name="Download the PDF").click()
    page.get_by_role("button", name="Make the file").click()
    done = page.get_by_role("link", name="Download", exact=True)
    done.wait_for(timeout=120_000)
    with page.expect_download() as download:
        done.click()
    pdf = tmp_path / "report.pdf"
    download.value.save_as(pdf)
    text = subprocess.run(
        ["pdftotext", "-layout", pdf, "-"], capture_output=True, text=True, check=True
    ).stdout
    assert set(glance) >= {"USD", "EQP.PROJECTOR", "MIN.ELEC"}
    for shown in glance.values():
        assert shown.split("  ")[0].strip() in text

    stated = json.loads(running.command("trial-balance", "--book", "ELDER", "--json"))["rows"]
    page.goto(f"{running.url}/books/ELDER/trial-balance")
    on_page = [
        {
            "account": int(row.get_attribute("data-account") or 0),
            "fund": row.get_attribute("data-fund"),
            "commodity": row.get_attribute("data-commodity"),
            "quantity": int(row.get_attribute("data-quantity") or 0),
        }
        for row in page.locator("tr[data-account]").all()
    ]
    assert on_page == [{key: row[key] for key in on_page[0]} for row in stated]
    section = text.split("Trial balance on", 1)[1].split("Entries of the period", 1)[0]
    for row in stated:
        assert _printed(section, row), row

    checked = json.loads(running.command("check", "--json"))
    assert checked["ok"], checked
    arrived = [row for row in stated if row["account"] == 1120]
    assert not arrived, "the payout has left transit"


def _printed(section: str, row: dict[str, object]) -> bool:
    """Tell whether the PDF has a line with this balance: account, fund, unit and figure."""
    quantity = int(str(row["quantity"]))
    money = len(str(row["commodity"])) == 3
    figure = f"{abs(quantity) / 100:,.2f}" if money else f"{abs(quantity):,}"
    pattern = rf"{row['account']} .*\s{row['fund']}\s+{row['commodity']}\s+{figure}\s*$"
    return re.search(pattern, section, re.MULTILINE) is not None
