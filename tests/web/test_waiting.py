"""What only a treasurer can say of Stripe's movements: an old refund's fund, a payout's funds."""

from dataclasses import replace
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from ledger.db import Database, Session
from ledger.gateway import Payout, Refund
from ledger.models.journal import Entry
from ledger.models.payments import BalanceTransaction
from ledger.models.payments import Payout as PayoutRow
from ledger.queries.books.books import book_by_code, fund_by_code
from ledger.queries.payments.payments import payout_funds
from ledger.services.books.journal import load_entry
from ledger.services.payments import gifts
from ledger.services.stripe_balance.balance_transactions import store_transaction
from tests.conftest import NOW
from tests.worlds.town import TODAY, Town, found_town, stray_payment

PAID_OUT = Payout(
    id="po_by_hand",
    amount=500,
    currency="USD",
    status="paid",
    arrival_on=TODAY,
    descriptor="STRIPE",
    trace="",
    created_at=NOW,
    automatic=False,
)


class Stripe:
    """Answers what the refund and the payout of the town are."""

    def __init__(self) -> None:
        self.charge, self.payout = "ch_before", PAID_OUT

    def retrieve_refund(self, refund_id: str) -> Refund:
        """A refund of the charge that a test says."""
        return Refund(refund_id, self.charge, 500, "succeeded")

    def retrieve_payout(self, payout_id: str) -> Payout:
        """The payout that a test says."""
        assert payout_id == "po_by_hand"
        return self.payout


class Asked:
    """The town with somebody who answers for Stripe."""

    def __init__(self, town: Town) -> None:
        self.town, self.stripe = town, Stripe()
        parts = town.app.extensions["poolbook"]
        town.app.extensions["poolbook"] = replace(parts, gateway=self.stripe)

    def client(self, who: str = "treasurer") -> FlaskClient:
        return self.town.client(who)

    def send(self, endpoint: str, who: str = "treasurer", **answers: str) -> TestResponse:
        return self.client(who).post(self.town.address(endpoint), data=answers)

    def hold(self, fund: str, amount: int) -> None:
        """Put money of a fund on the Stripe balance."""

        def give(session: Session) -> None:
            txn = replace(
                stray_payment(), id=f"txn_{fund}", source_id=f"ch_{fund}", amount=amount, fee=0
            )
            store_transaction(session, txn=replace(txn, net=amount))
            target = fund_by_code(session, book_by_code(session, "A").id, fund)
            gifts.settle_gift(session, txn_id=txn.id, fund=target, now=NOW)

        self.town.tell(give)

    def legs(self, txn: str) -> list[tuple[int, str, int, UUID | None]]:
        """What a movement was booked as, and who said so."""
        with self.town.db.snapshot() as session:
            row = session.get_one(BalanceTransaction, txn)
            entry = session.scalars(
                select(Entry).where(Entry.source == "stripe", Entry.external_ref == txn)
            ).one_or_none()
            if entry is None:
                assert row.posted_at is None
                return []
            found = load_entry(session, entry.book_id, entry.id)
            return [(leg.account, leg.fund, leg.quantity, entry.made_by) for leg in found.postings]


@pytest.fixture
def asked(db: Database) -> Asked:
    return Asked(found_town(db))


def test_an_old_refund_is_booked_as_one_of_an_earlier_period(asked: Asked) -> None:
    stripe = asked.client().get(asked.town.address("payouts.show")).text
    assert asked.town.address("waiting.refund_form") in stripe
    assert "5.00" in asked.client().get(asked.town.address("waiting.refund_form")).text
    assert asked.send("waiting.refund", fund="SOLAR").status_code == 303
    by = asked.town.people["treasurer"]
    assert asked.legs("txn_refund") == [
        (4095, "SOLAR", 500, by),
        (1110, "SOLAR", -500, by),
    ]
    assert asked.send("waiting.refund", fund="SOLAR").status_code == 404


def test_a_refund_of_a_payment_that_is_known_is_left_to_the_books(asked: Asked) -> None:
    asked.stripe.charge = "ch_stray"
    answer = asked.send("waiting.refund", fund="SOLAR")
    assert answer.status_code == 409
    assert "The payment of this refund is known here." in answer.text
    assert asked.legs("txn_refund") == []


def test_a_payout_takes_what_the_treasurer_says_of_each_fund(asked: Asked) -> None:
    asked.hold("GEN", 300)
    asked.hold("SOLAR", 400)
    stripe = asked.client().get(asked.town.address("payouts.show")).text
    assert asked.town.address("waiting.payout_form") in stripe
    form = asked.client().get(asked.town.address("waiting.payout_form")).text
    assert "The books show 4.00 at Stripe." in form
    answer = asked.send("waiting.payout", **{"fund-GEN": "1", "fund-SOLAR": "4"})
    assert answer.status_code == 303
    with asked.town.db.snapshot() as session:
        assert payout_funds(session, "po_by_hand") == {"GEN": 100, "SOLAR": 400}
        assert session.get_one(PayoutRow, "po_by_hand").descriptor == "STRIPE"
    assert {leg[3] for leg in asked.legs("txn_payout")} == {asked.town.people["treasurer"]}
    assert asked.send("waiting.payout", **{"fund-GEN": "5"}).status_code == 404


@pytest.mark.parametrize(
    ("answers", "status", "sentence"),
    [
        ({"fund-GEN": "1", "fund-SOLAR": "3.99"}, 422, "do not add up to the payout"),
        ({"fund-SOLAR": "5.01"}, 422, "do not add up to the payout"),
        ({"fund-GEN": ""}, 422, "do not add up to the payout"),
    ],
)
def test_what_is_wrong_with_the_funds_is_said_and_nothing_is_booked(
    asked: Asked, answers: dict[str, str], status: int, sentence: str
) -> None:
    asked.hold("GEN", 300)
    answer = asked.send("waiting.payout", **answers)
    assert answer.status_code == status
    assert sentence in answer.text
    assert asked.legs("txn_payout") == []


def test_a_payout_that_stripe_itemises_is_not_split_by_hand(asked: Asked) -> None:
    asked.hold("GEN", 500)
    asked.stripe.payout = replace(PAID_OUT, automatic=True)
    answer = asked.send("waiting.payout", **{"fund-GEN": "5"})
    assert answer.status_code == 409
    assert "Stripe says what this payout contains." in answer.text
    assert asked.legs("txn_payout") == []


def test_only_the_book_that_owns_the_stripe_account_says_what_they_are(asked: Asked) -> None:
    for endpoint in ("waiting.refund", "waiting.payout"):
        path = asked.town.address(endpoint).replace("/books/A/", "/books/B/")
        other = asked.client("other treasurer")
        assert other.get(path).status_code == 404
        assert other.post(path, data={"fund": "GEN", "fund-GEN": "5"}).status_code == 404
    stripe = asked.client("other treasurer").get("/books/B/payouts").text
    assert "old-refund" not in stripe
