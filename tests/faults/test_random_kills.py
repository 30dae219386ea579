"""Web server, worker and sandbox killed at random while people pay: one charge and one set of
entries each, and Stripe's balance is the books' (payment case 8, reliability row 1)."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import func, select

from ledger.db import Database
from ledger.gateway import StripeGateway
from ledger.models.journal import Entry
from ledger.models.payments import BalanceTransaction, PaymentAttempt
from ledger.models.pledges import Fulfilment, Pledge
from ledger.queries.invariants import check
from ledger.stripe.sync import reconcile, sync_stripe
from tests.factories import make_book, make_campaign, make_fund, make_party, make_pledge
from tests.faults.actor import settings
from tests.worlds.served_town import PATIENCE_SECONDS, Town, torment


@pytest.fixture
def town(database_url: str, tmp_path: Path) -> Iterator[Town]:
    """Three running processes."""
    made = Town(database_url, tmp_path)
    made.start()
    yield made
    made.stop()


def pledged(db: Database, count: int) -> list[tuple[UUID, UUID]]:
    """Pledges with their baskets."""
    with db.transaction() as session:
        book = make_book(session)
        fund = make_fund(session, book, "SOLAR", "purpose")
        make_fund(session, book)
        campaign = make_campaign(session, book, fund)
        made = [
            make_pledge(session, campaign, make_party(session, f"donor{n}@example.org"))
            for n in range(count)
        ]
        return [(pledge.id, pledge.basket_id) for pledge in made if pledge.basket_id]


def settled(db: Database) -> int:
    with db.snapshot() as session:
        return int(
            session.scalar(
                select(func.count()).select_from(Entry).where(Entry.event_type == "payment_settled")
            )
            or 0
        )


def pay_all(
    db: Database,
    town: Town,
    count: int,
    *,
    pause: tuple[float, float],
    donors: int,
    kills: tuple[int, int],
) -> None:
    """Have people pay while processes die, and see that nothing is lost or double."""
    pledges = pledged(db, count)
    done = threading.Event()
    killer = threading.Thread(
        target=torment,
        args=(town,),
        kwargs={"seed": count, "pause": pause, "most": kills[1], "done": done},
    )
    killer.start()
    try:
        with ThreadPoolExecutor(donors) as pool:
            waits = [pool.submit(town.pay, row[1], n) for n, row in enumerate(pledges)]
            for wait in waits:
                wait.result()
        until = time.monotonic() + PATIENCE_SECONDS
        while (settled(db) < count or town.kills < kills[0]) and time.monotonic() < until:
            time.sleep(0.3)
    finally:
        done.set()
        killer.join()
    gateway = StripeGateway(settings(db.url, town.sandbox.url))
    sync_stripe(db, gateway, now=datetime.now(UTC))
    assert town.kills >= kills[0]
    charges = Counter(
        charge.metadata.to_dict()["pledge"]
        for charge in gateway.client.v1.charges.list({"limit": 100}).auto_paging_iter()
        if charge.status == "succeeded"
    )
    assert charges == {str(pledge_id): 1 for pledge_id, _basket in pledges}
    with db.snapshot() as session:
        by_pledge = session.execute(
            select(Fulfilment.pledge_id, func.count()).group_by(Fulfilment.pledge_id)
        ).all()
        assert {(pledge_id, number) for pledge_id, number in by_pledge} == {
            (pledge_id, 1) for pledge_id, _basket in pledges
        }
        states = Counter(session.scalars(select(Pledge.state)))
        assert states == {"fulfilled": count}
        attempts = Counter(session.scalars(select(PaymentAttempt.state)))
        assert attempts == {"posted": count}
        moved = session.scalar(select(func.count()).select_from(BalanceTransaction))
        assert (moved, settled(db)) == (count, count)
        assert [row for row in check(session) if not row.ok] == []
    (agreement,) = reconcile(db, gateway)
    assert (agreement.difference, agreement.unexplained) == (0, ())
    assert agreement.stripe_balance == agreement.ledger_balance == count * 5796


def test_a_few_payments_survive_kills_of_every_process(db: Database, town: Town) -> None:
    if not db.is_sqlite:
        pytest.skip("the long run does this on both engines")
    pay_all(db, town, 5, pause=(0.5, 1.5), donors=3, kills=(8, 8))


@pytest.mark.long
def test_two_hundred_payments_survive_kills_of_every_process(db: Database, town: Town) -> None:
    started = time.monotonic()
    pay_all(db, town, 200, pause=(1.0, 5.0), donors=4, kills=(40, 400))
    print(f"200 payments, {town.kills} kills, {time.monotonic() - started:.0f} s")
