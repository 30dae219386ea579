"""A payout on its page and in its files: each gift, and sums that equal the payout."""

import csv
import io
from dataclasses import replace

import pytest
from openpyxl import load_workbook

from ledger.db import Database, Session
from ledger.gateway import Payout
from ledger.services.stripe_balance import balance_transactions, payouts
from tests.conftest import NOW
from tests.worlds.town import TODAY, Town, found_town, stray_payment


@pytest.fixture
def town(db: Database) -> Town:
    """The town, whose payment of 20.00 was paid out less Stripe's 0.88."""
    town = found_town(db)

    def pay_out(session: Session) -> None:
        moved = replace(
            stray_payment(),
            id="txn_out",
            kind="payout",
            reporting_category="payout",
            amount=-1912,
            fee=0,
            net=-1912,
            source_id="po_town",
        )
        balance_transactions.store_transaction(session, txn=moved)
        payouts.settle_payout(
            session,
            txn_id="txn_out",
            payout=Payout(
                id="po_town",
                amount=1912,
                currency="USD",
                status="paid",
                arrival_on=TODAY,
                descriptor="STRIPE",
                trace="",
                created_at=NOW,
            ),
            contained=["txn_stray"],
            now=NOW,
        )

    town.tell(pay_out)
    return town


def test_a_payout_is_shown_gift_by_gift(town: Town) -> None:
    address = town.address("payout.show", payout_id="po_town")
    for who in ("treasurer", "approver", "auditor"):
        shown = town.client(who).get(address)
        assert shown.status_code == 200
        for text in ("txn_stray", "20.00", "0.88", "19.12", "Line by line"):
            assert text in shown.text, text
    assert address in town.client("treasurer").get(town.address("payouts.show")).text
    sheet = town.address("payout.download", payout_id="po_town")
    for who in ("donor", "member", "other treasurer"):
        assert town.client(who).get(address).status_code in {403, 404}, who
        assert town.client(who).get(sheet).status_code in {403, 404}, who
    assert town.client("treasurer").get(town.address("payout.show")).status_code == 404


def test_the_files_of_a_payout_sum_to_it(town: Town) -> None:
    client = town.client("treasurer")
    told = client.get(town.address("payout.download", payout_id="po_town", sheet="csv"))
    rows = list(csv.DictReader(io.StringIO(told.data.decode("utf-8-sig"))))
    assert [(row["Gross"], row["Fee"], row["Net"]) for row in rows] == [("20.00", "0.88", "19.12")]
    book = client.get(town.address("payout.download", payout_id="po_town", sheet="xlsx"))
    (page,) = load_workbook(io.BytesIO(book.data)).worksheets
    cells = [[cell.value for cell in row] for row in page]
    assert [str(value) for value in cells[1][7:10]] == ["20", "0.88", "19.12"]
