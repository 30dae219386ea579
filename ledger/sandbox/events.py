"""Events and their delivery: signed, at least once, tried again from a queue that survives."""

import hashlib
import hmac
import json
import time
import urllib.error
import urllib.request

from ledger.sandbox.store import Object, Store

API_VERSION = "2026-10-28.endive"
TIMEOUT_SECONDS = 5
# Seconds between the tries; after the last a message is given up. The setting ``retry_waits``.
WAITS = "1,2,4,8,15,30,60,300"
WAITING, SENT, GIVEN_UP = 0, 1, 2


def emit(store: Store, kind: str, about: Object, before: Object | None = None) -> Object:
    """Make an event and queue it for every endpoint that wants it."""
    event = store.add(
        "event",
        "evt",
        {
            "api_version": API_VERSION,
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
    for endpoint in store.all("webhook_endpoint"):
        wanted = endpoint["enabled_events"]
        if endpoint["status"] == "enabled" and ("*" in wanted or kind in wanted):
            _queue(store, event, endpoint)
    return event


def _queue(store: Store, event: Object, endpoint: Object) -> None:
    dropped = store.control("drop") == "1" or _dropped_once(store)
    for _ in range(2 if store.control("duplicate") == "1" and not dropped else 1):
        store.run(
            "insert into delivery (event, url, secret, due, done, endpoint)"
            " values (?, ?, '', ?, ?, ?)",
            event["id"],
            endpoint["url"],
            time.time() + float(store.control("delay_seconds", "0")),
            GIVEN_UP if dropped else WAITING,
            endpoint["id"],
        )


def _dropped_once(store: Store) -> bool:
    left = int(store.control("drop_next") or 0)
    if left:
        store.set_control("drop_next", str(left - 1))
    return left > 0


def public(body: Object) -> Object:
    """Return an object without what only the sandbox knows."""
    return {name: value for name, value in body.items() if not name.startswith("_")}


def _told(about: Object) -> Object:
    """Return an object as events carry it: an endpoint's secret is no part of it."""
    return {name: value for name, value in public(about).items() if name != "secret"}


def deliver_due(store: Store) -> int:
    """Send what is due; what is not answered with 2xx is tried again later, then given up."""
    with store.transaction():
        due = store.run(
            "select seq, event, endpoint, tries from delivery where done = 0 and due <= ?"
            " order by case when ? then random() else seq end limit 20",
            time.time(),
            int(store.control("shuffle") == "1"),
        )
        waits = [float(part) for part in store.control("retry_waits", WAITS).split(",")]
        timeout = float(store.control("webhook_timeout", str(TIMEOUT_SECONDS)))
    for seq, event_id, endpoint_id, tries in due:
        with store.transaction():
            event = store.get("event", event_id)
            endpoint = store.get("webhook_endpoint", endpoint_id)
            known = shown(store, event) if event else None
        status = _send(store, endpoint, known, timeout) if endpoint and known else 0
        done = SENT if 200 <= status < 300 else GIVEN_UP if tries + 1 >= len(waits) else WAITING
        if endpoint is None:
            done = GIVEN_UP
        with store.transaction():
            store.run(
                "update delivery set tries = tries + 1, status = ?, done = ?, due = ?"
                " where seq = ?",
                status,
                done,
                time.time() + waits[min(tries, len(waits) - 1)],
                seq,
            )
    return len(due)


def shown(store: Store, event: Object) -> Object:
    """Return an event with how many endpoints have not heard it yet."""
    rows = store.run(
        "select count(distinct endpoint) from delivery where event = ? and done = 0", event["id"]
    )
    return {**public(event), "pending_webhooks": int(rows[0][0])}


def undelivered(store: Store) -> set[str]:
    """Return the events that an endpoint has not heard: they wait or were given up."""
    return {row[0] for row in store.run("select distinct event from delivery where done != 1")}


def secrets_of(endpoint: Object, now: int) -> list[str]:
    """Return what signs to an endpoint: for a time after a roll, the old secret as well."""
    old = endpoint["_old_secret"] if endpoint["_old_until"] > now else None
    return [endpoint["secret"], *([old] if old else [])]


def signature(body: bytes, secrets: list[str], at: int) -> str:
    """Return the header that proves a body comes from us, one signature for each secret."""
    message = f"{at}.".encode() + body
    macs = [hmac.new(secret.encode(), message, hashlib.sha256).hexdigest() for secret in secrets]
    return ",".join([f"t={at}", *(f"v1={mac}" for mac in macs)])


def _send(store: Store, endpoint: Object, event: Object, timeout: float) -> int:
    body = json.dumps(event).encode()
    known = secrets_of(endpoint, store.real_now())
    request = urllib.request.Request(  # noqa: S310 (the operator gave the address)
        endpoint["url"],
        data=body,
        headers={
            "Content-Type": "application/json",
            "Stripe-Signature": signature(body, known, int(time.time())),
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:  # noqa: S310
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except (OSError, ValueError):
        return 0
