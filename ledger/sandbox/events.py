"""Events and their delivery: signed, at least once, tried again from a queue that survives."""

import hashlib
import hmac
import json
import time
import urllib.error
import urllib.request
from typing import Any

from ledger.sandbox.store import Object, Store

API_VERSION = "2026-10-28.endive"
TIMEOUT_SECONDS = 5
WAITS = (1, 2, 4, 8, 15, 30, 60, 300)


def emit(store: Store, kind: str, about: Object, before: Object | None = None) -> Object:
    """Make an event and queue it for every endpoint that wants it."""
    event = store.add(
        "event",
        "evt",
        {
            "account": None,
            "api_version": API_VERSION,
            "context": None,
            "created": store.now(),
            "data": {
                "object": _told(about),
                **({"previous_attributes": before} if before else {}),
            },
            "livemode": False,
            "pending_webhooks": 0,
            "request": {"id": None, "idempotency_key": None},
            "type": kind,
        },
    )
    if about.get("livemode"):
        event["livemode"] = True
        store.save(event)
    if store.control("drop") == "1":
        return event
    times = 2 if store.control("duplicate") == "1" else 1
    for endpoint in store.all("webhook_endpoint"):
        wanted = endpoint["enabled_events"]
        if endpoint["status"] == "enabled" and ("*" in wanted or kind in wanted):
            for _ in range(times):
                store.run(
                    "insert into delivery (event, url, secret, due) values (?, ?, ?, ?)",
                    event["id"],
                    endpoint["url"],
                    endpoint["secret"],
                    time.time(),
                )
    return event


def public(body: Object) -> Object:
    """Return an object without what only the sandbox knows."""
    return {name: value for name, value in body.items() if not name.startswith("_")}


def _told(about: Object) -> Object:
    """Return an object as events carry it: an endpoint's secret is no part of it."""
    return {name: value for name, value in public(about).items() if name != "secret"}


def deliver_due(store: Store) -> int:
    """Send what is due; what is not answered with 2xx is tried again later."""
    with store.transaction():
        due = store.run(
            "select seq, event, url, secret, tries from delivery where done = 0 and due <= ?"
            " order by case when ? then random() else seq end limit 20",
            time.time(),
            int(store.control("shuffle") == "1"),
        )
    for seq, event_id, url, secret, tries in due:
        event = store.get("event", event_id)
        status = _send(url, secret, event) if event else 0
        good = 200 <= status < 300
        wait = WAITS[min(tries, len(WAITS) - 1)]
        with store.transaction():
            store.run(
                "update delivery set tries = tries + 1, status = ?, done = ?, due = ?"
                " where seq = ?",
                status,
                int(good or tries + 1 >= len(WAITS)),
                time.time() + wait,
                seq,
            )
    return len(due)


def signature(body: bytes, secret: str, at: int) -> str:
    """Return the header that proves a body comes from us."""
    mac = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={mac}"


def _send(url: str, secret: str, event: dict[str, Any]) -> int:
    body = json.dumps(public(event)).encode()
    request = urllib.request.Request(  # noqa: S310 (the operator gave the address)
        url,
        data=body,
        headers={
            "Content-Type": "application/json",
            "Stripe-Signature": signature(body, secret, int(time.time())),
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except (OSError, ValueError):
        return 0
