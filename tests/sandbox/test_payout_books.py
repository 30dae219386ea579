"""A payout in the books is what Stripe sent, also when it fails, waits, or mixes communities."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import stripe

from ledger.db import Database
from ledger.gateway import Account
from ledger.models.pledges import Pledge
from ledger.queries.books.books import book_by_code
from ledger.queries.payments import payments as questions
from ledger.services.stripe_balance import accounts
from tests.conftest import NOW
from tests.faults.conftest import Sandbox
from tests.payout_rows import payouts_of
from tests.ports import free_port
from tests.sandbox.conftest import page_params
from tests.worlds.shop import Shop

EVERYTHING = ("charge", "refund", "payout", "payout_reversal")


@pytest.fixture
def shop(db: Database, tmp_path: Path) -> Iterator[Shop]:
    """A shop with a sandbox to itself: a payout takes everything along."""
    server = Sandbox(free_port(), tmp_path / "sandbox.db")
    server.start()
    server.control("set", settle_seconds="86400")
    yield Shop(db, server)
    server.kill()


def paid(shop: Shop, *amounts: int, book: str = "A") -> list[Pledge]:
    """Pledges of one book that somebody paid."""
    made = [shop.pledge(amount, book=book) for amount in amounts]
    for pledge in made:
        shop.pay(pledge)
    return made


def test_payouts_with_refunds_and_a_failure_are_booked_by_the_sweep_alone(shop: Shop) -> None:
    one, two = paid(shop, 6000, 10_000)
    shop.sync_stripe()
    shop.approved_refund(two, 4000)
    shop.work(seconds=1)
    shop.sandbox.control("payout")
    assert shop.sync_stripe() == 2
    assert (shop.balance(one, 1110), shop.balance(one, 1120)) == (0, 5796 + 9680 - 4000)
    with shop.db.snapshot() as session:
        (row,) = payouts_of(session, book_id=one.book_id)
    assert dict(row.funds) == {"F1": 5796, "F2": 5680}
    # Movements of one second have no order but that of their names.
    by_time = sorted(row.transactions, key=lambda txn: (txn.created_at, txn.stripe_txn_id))
    assert list(row.transactions) == by_time
    kinds = sorted(txn.reporting_category for txn in row.transactions)
    assert kinds == ["charge", "charge", "refund"]
    assert row.amount == sum(txn.net for txn in row.transactions) == 11_476

    shop.sandbox.control("fail_payout", payout=row.id)
    assert shop.sync_stripe() == 1
    assert (shop.balance(one, 1110), shop.balance(one, 1120)) == (11_476, 0)
    with shop.db.snapshot() as session:
        assert questions.payouts_in_transit(session, book_id=one.book_id) == []
        assert payouts_of(session, book_id=one.book_id)[0].state == "failed"

    paid(shop, 5000)
    shop.sandbox.control("payout")
    assert shop.sync_stripe() == 2
    assert (shop.balance(one, 1110), shop.balance(one, 1120)) == (0, 11_476 + 4825)
    assert shop.waiting() == []
    assert shop.net_of(EVERYTHING) == 0


def test_a_payout_that_failed_before_anybody_looked_is_booked_out_and_in(shop: Shop) -> None:
    (pledge,) = paid(shop, 6000)
    shop.sandbox.control("payout")
    payout = shop.client.v1.payouts.list().data[0]
    shop.sandbox.control("fail_payout", payout=payout.id)
    shop.sandbox.control("payout")
    for _ in range(3):
        shop.sync_stripe()
    events = [event for event, account, _ in shop.legs(pledge) if account == 1120]
    assert sorted(events) == ["payout_created", "payout_created", "payout_failed"]
    assert (shop.balance(pledge, 1110), shop.balance(pledge, 1120)) == (0, 5796)
    assert shop.waiting() == []


def test_a_payout_of_two_communities_is_booked_through_claims(shop: Shop) -> None:
    (mine,) = paid(shop, 6000)
    (theirs,) = paid(shop, 10_000, book="B")
    assert shop.sync_stripe() == 2
    # Who is first with money at Stripe is chance where both pay within one second.
    with shop.db.transaction() as session:
        accounts.bind(session, account=Account("acct_1", False, True), now=NOW)
        accounts.assign(session, book=book_by_code(session, "A"))
    shop.sandbox.control("payout")
    assert shop.sync_stripe() == 1
    assert shop.waiting() == []
    assert (shop.balance(mine, 1110), shop.balance(theirs, 1110)) == (0, 0)
    assert (shop.balance(mine, 1120), shop.balance(theirs, 1120)) == (5796 + 9680, 0)
    assert (shop.balance(mine, 1300), shop.balance(theirs, 1300)) == (-9680, 9680)

    payout = shop.client.v1.payouts.list().data[0]
    shop.sandbox.control("fail_payout", payout=payout.id)
    assert shop.sync_stripe() == 1
    assert (shop.balance(mine, 1110), shop.balance(theirs, 1110)) == (5796, 9680)
    assert (shop.balance(mine, 1120), shop.balance(mine, 1300)) == (0, 0)
    assert (shop.balance(theirs, 1120), shop.balance(theirs, 1300)) == (0, 0)


def test_a_payout_with_a_payment_of_no_pledge_takes_it_out_of_the_general_fund(shop: Shop) -> None:
    (pledge,) = paid(shop, 6000)
    stray = shop.client.v1.checkout.sessions.create(page_params(2000))
    shop.sandbox.pay(stray.url or "")
    shop.sandbox.control("payout")
    assert shop.sync_stripe() == 3
    assert shop.waiting() == []
    assert (shop.balance(pledge, 1110), shop.balance(pledge, 2190)) == (0, -1912)
    assert shop.balance(pledge, 1120) == 5796 + 1912
    with shop.db.snapshot() as session:
        (row,) = payouts_of(session, book_id=pledge.book_id)
    assert dict(row.funds) == {"F1": 5796, "GEN": 1912}


def test_a_payout_of_more_than_a_page_of_movements_is_exact(shop: Shop) -> None:
    (pledge,) = paid(shop, 5000)
    shop.sync_stripe()
    (charge,) = shop.charges(pledge)
    for _ in range(104):
        shop.client.v1.refunds.create({"charge": charge.id, "amount": 10})
    shop.sandbox.control("payout")
    assert shop.sync_stripe() == 105
    assert (shop.balance(pledge, 4090), shop.balance(pledge, 1110)) == (1040, 0)
    assert shop.balance(pledge, 1120) == 4825 - 1040


def test_the_first_page_alone_would_not_do(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: without turning pages, the same payout misses movements."""
    if not shop.db.is_sqlite:
        pytest.skip("the control is shown on SQLite")
    monkeypatch.setattr(
        stripe.ListObject, "auto_paging_iter", lambda page: iter(page.data), raising=True
    )
    with pytest.raises(AssertionError, match="assert 99 == 105"):
        test_a_payout_of_more_than_a_page_of_movements_is_exact(shop)
