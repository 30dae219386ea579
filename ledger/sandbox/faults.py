"""Faults on demand: answers that fail, are lost, cut off, late, or too many.

A fault is for a method and the beginning of a path, and for so many requests. Must not act on
objects.
"""

import json
import time
from dataclasses import dataclass
from typing import Any

from ledger.sandbox.errors import ApiError
from ledger.sandbox.store import Object, Store


def _failure(status: int, kind: str, message: str, **more: str) -> tuple[int, Object]:
    return status, {"error": {"type": kind, "message": message, **more}}


# What is answered instead of acting. ``after`` acts and then answers as ``before`` does, ``stuck``
# does so to every later request with the same key too; ``cut`` acts and breaks off the answer;
# ``slow`` acts and answers late.
FAILURES = {
    "before": _failure(500, "api_error", "Something went wrong on our side."),
    "unavailable": _failure(503, "api_error", "We are briefly not there."),
    "busy": _failure(
        409, "invalid_request_error", "Another request holds this object.", code="lock_timeout"
    ),
    "limit": _failure(
        429, "invalid_request_error", "Too many requests came at once.", code="rate_limit"
    ),
}
KINDS = (*FAILURES, "after", "cut", "slow", "stuck")


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong with one request, and for how many seconds a slow one waits."""

    kind: str
    seconds: float = 0


def plan(store: Store, form: dict[str, str]) -> Object:
    """Have the next ``count`` requests to ``path`` by ``method`` fail as ``kind`` says."""
    if form["kind"] not in KINDS:
        raise ApiError(f"A fault is one of {', '.join(KINDS)}.", param="kind")
    made = {
        "kind": form["kind"],
        "path": form.get("path", ""),
        "method": form.get("method", "").upper(),
        "count": int(form.get("count", "1")),
        "seconds": form.get("seconds", "5"),
    }
    _keep(store, [*_planned(store), made])
    return made


def take(store: Store, method: str, path: str) -> Fault | None:
    """Return what goes wrong with a request, and count it; None when all is well."""
    if method != "GET":
        once = store.control("fail")
        if once:
            store.set_control("fail", "")
            return Fault(once)
    planned = _planned(store)
    for fault in planned:
        if path.startswith(fault["path"]) and fault["method"] in ("", method):
            fault["count"] -= 1
            _keep(store, planned)
            return Fault(fault["kind"], float(fault["seconds"]))
    return Fault("limit") if _too_many(store) else None


def _planned(store: Store) -> list[Any]:
    found = store.control("faults")
    return list(json.loads(found)) if found else []


def _keep(store: Store, planned: list[Any]) -> None:
    store.set_control("faults", json.dumps([fault for fault in planned if fault["count"] > 0]))


def _too_many(store: Store) -> bool:
    """Count requests by the second where ``limit_per_second`` says so."""
    most = int(store.control("limit_per_second") or 0)
    if not most:
        return False
    second = str(int(time.time()))
    last, _, count = store.control("requests").partition(":")
    number = int(count or 0) + 1 if last == second else 1
    store.set_control("requests", f"{second}:{number}")
    return number > most
