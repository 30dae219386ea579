"""What happens by itself: debits end, charges settle, refunds succeed or fail, payouts go out.

Every waiting thing is a row that survives a kill. Must not answer requests.
"""

from collections.abc import Callable
from functools import partial

from ledger.sandbox import (
    attempts,
    balance,
    billing,
    charges,
    disputes,
    payouts,
    refunds,
    sessions,
)
from ledger.sandbox.cards import ALL
from ledger.sandbox.store import Store

# In this order when everything is to happen at once.
KINDS: dict[str, Callable[[Store, str], bool]] = {
    "end_debit": attempts.end_debit,
    "settle_charge": charges.settle,
    "refund:pending": partial(refunds.end, how="pending"),
    "refund:failing": partial(refunds.end, how="failing"),
    "arrive": payouts.arrive,
    **{
        f"dispute:{reason}": partial(disputes.follow_card, reason=reason)
        for reason in sorted({means.then for means in ALL if means.then})
    },
    "end_dispute": disputes.end_by_evidence,
}


def wake(store: Store, *, now: bool = False, only: str | None = None) -> int:
    """Do what is due, or everything that waits ``now``, and return how much was done."""
    done = 0
    for kind, act in KINDS.items():
        if only and not kind.startswith(only):
            continue
        rows = store.run(
            "select seq, object from wakeup where kind = ? and (due <= ? or ?) order by seq",
            kind,
            store.now(),
            int(now),
        )
        for seq, object_id in rows:
            store.run("delete from wakeup where seq = ?", seq)
            done += act(store, object_id)
    return done


def tick(store: Store) -> None:
    """Do what is due by the sandbox's clock."""
    wake(store)
    balance.ripen(store)
    sessions.expire_due(store)
    billing.run(store, None, store.now())
    daily_payout(store)


def daily_payout(store: Store) -> None:
    """Pay out what is there when a new day of the sandbox's clock begins."""
    day = int(store.control("payout_seconds", "86400"))
    # The instant and not the day's number, so that days of another length begin no new one.
    last = store.control("paid_out_at")
    if last and int(last) // day == store.now() // day:
        return
    store.set_control("paid_out_at", str(store.now()))
    if last:
        for row in balance.balance(store, {})["available"]:
            payouts.pay_out(store, row["currency"])
