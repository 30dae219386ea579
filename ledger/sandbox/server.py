"""The sandbox as a server: authentication, idempotency keys, errors, and the clockwork."""

import hashlib
import json
import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from flask import Blueprint, Flask, Response, current_app, g, request
from waitress import create_server

from ledger.sandbox import (
    api,
    clockwork,
    controls,
    dashboard,
    endpoints,
    faults,
    lists,
    pages,
    parameters,
)
from ledger.sandbox.errors import ApiError
from ledger.sandbox.events import API_VERSION, deliver_due
from ledger.sandbox.params import nested
from ledger.sandbox.store import Object, Store

v1 = Blueprint("v1", __name__, url_prefix="/v1")
TICK_SECONDS = 0.2
LONGEST_KEY = 255
DAY = 86_400
HIDE = {"Cache-Control": "no-store"}
log = logging.getLogger("poolbook.sandbox")


def create_app(state: Path) -> Flask:
    """Return the server's app on a state file."""
    app = Flask(__name__)
    app.extensions["store"] = Store(state)
    app.register_blueprint(v1)
    app.register_blueprint(pages.pages)
    app.register_blueprint(controls.pages)
    app.register_blueprint(dashboard.pages)
    app.add_url_rule("/healthz", view_func=lambda: {"ok": True}, endpoint="healthz")
    return app


def serve(
    port: int,
    state: Path,
    *,
    webhook: str | None = None,
    webhook_secret: str | None = None,
    settle_seconds: float = 1.0,
    payout_seconds: int = 86_400,
) -> None:
    """Serve on this machine until killed; a payout every so many seconds of its clock."""
    app = create_app(state)
    store: Store = app.extensions["store"]
    with store.transaction():
        store.set_control("base", f"http://127.0.0.1:{port}")
        store.set_control("settle_seconds", str(settle_seconds))
        store.set_control("payout_seconds", str(payout_seconds))
        if webhook and not any(e["url"] == webhook for e in store.all("webhook_endpoint")):
            endpoints.create(store, {"url": webhook, "secret": webhook_secret or ""})
    threading.Thread(target=_tick_forever, args=(store,), daemon=True).start()
    server = create_server(app, host="127.0.0.1", port=port, threads=8)
    server.run()


@v1.get("/<path:path>")
def read(path: str) -> Response:
    """Show an object or a page of a list."""

    def found() -> Object:
        pairs = list(request.args.items(multi=True))
        parameters.check("GET", path, pairs)
        return lists.read(_store(), path, nested(pairs)) or _handled("GET", path, pairs)

    return _answer(lambda: _made(found))


@v1.post("/<path:path>")
def change(path: str) -> Response:
    """Make or change something, once per idempotency key."""
    return _change("POST", path, request.form.items(multi=True))


@v1.delete("/<path:path>")
def remove(path: str) -> Response:
    """Delete or end something."""
    return _change("DELETE", path, request.args.items(multi=True))


def _change(method: str, path: str, pairs: Iterable[tuple[str, str]]) -> Response:
    given = list(pairs)
    return _answer(lambda: _once(f"{method} {path}", lambda: _handled(method, path, given)))


def _handled(method: str, path: str, pairs: list[tuple[str, str]]) -> Object:
    parameters.check(method, path, pairs)
    params = nested(pairs)
    store = _store()
    base = request.host_url.rstrip("/")
    if store.control("base") != base:
        store.set_control("base", base)
    handler, ids = api.route(method, path)
    return lists.expanded(store, handler(store, params, *ids), params)


class _Replay(Exception):
    """The stored answer of an earlier request with the same key."""

    def __init__(self, status: int, body: Object) -> None:
        super().__init__()
        self.status = status
        self.body = body


def _once(path: str, made: Callable[[], Object]) -> tuple[int, Object]:
    """Do a change once per key: the same parameters replay, other parameters are an error."""
    key = request.headers.get("Idempotency-Key")
    if not key:
        return _made(made)
    if len(key) > LONGEST_KEY:
        raise ApiError(f"An idempotency key has at most {LONGEST_KEY} characters.")
    store = _store()
    fields = sorted([*request.form.items(multi=True), *request.args.items(multi=True)])
    fingerprint = hashlib.sha256(json.dumps([path, fields]).encode()).hexdigest()
    # Stripe forgets a key a day after its first use at the earliest.
    oldest = store.real_now() - int(store.control("key_seconds", str(DAY)))
    store.run("delete from reply where created > 0 and created < ?", oldest)
    rows = store.run("select fingerprint, status, body from reply where key = ?", key)
    if rows:
        if rows[0][0] != fingerprint:
            raise ApiError(
                f"The key '{key}' was used with other parameters; use another for another request.",
                kind="idempotency_error",
            )
        raise _Replay(rows[0][1], json.loads(rows[0][2]))
    # A decline was carried out and is told again; a mistake was not, and may be put right.
    status, body = _made(made)
    if g.fault and g.fault.kind == "stuck":
        # Whatever was answered first is answered again, a failure too.
        status, body = faults.FAILURES["before"]
    store.run(
        "insert into reply (key, fingerprint, status, body, created) values (?, ?, ?, ?, ?)",
        key,
        fingerprint,
        status,
        json.dumps(body),
        store.real_now(),
    )
    return status, body


def _answer(make: Callable[[], tuple[int, Object]]) -> Response:
    store = _store()
    replayed = False
    fault = None
    try:
        _authenticate()
        with store.transaction():
            fault = g.fault = faults.take(store, request.method, request.path.removeprefix("/v1/"))
            if fault and fault.kind in faults.FAILURES:
                status, body = faults.FAILURES[fault.kind]
            else:
                status, body = make()
    except ApiError as error:
        status, body = error.status, error.body
    except _Replay as earlier:
        status, body, replayed = earlier.status, earlier.body, True
    if fault and fault.kind in ("after", "stuck"):
        status, body = faults.FAILURES["before"]
    if fault and fault.kind == "slow":
        time.sleep(fault.seconds)
    answer = current_app.response_class(
        json.dumps(body), status=status, mimetype="application/json", headers=HIDE
    )
    answer.headers["Stripe-Version"] = API_VERSION
    answer.headers["Request-Id"] = f"req_{secrets.token_hex(7)}"
    if status in (409, 500):
        answer.headers["Stripe-Should-Retry"] = "false"
    if replayed:
        answer.headers["Idempotent-Replayed"] = "true"
    if fault and fault.kind == "cut":
        # Fewer bytes than promised: the client loses the answer of what was done.
        answer.headers["Content-Length"] = str(len(answer.data) + 1)
    return answer


def _made(make: Callable[[], Object]) -> tuple[int, Object]:
    """Return an answer and its status; a decline is one whose effects stay."""
    try:
        return 200, make()
    except ApiError as error:
        if not error.kept:
            raise
        return error.status, error.body


def _authenticate() -> None:
    given = request.authorization
    key = ""
    if given is not None:
        key = given.token or given.username or "" if given.type != "basic" else given.username or ""
    if not key:
        raise ApiError("You did not provide an API key.", status=401)
    if not key.startswith(("sk_test_", "rk_test_")):
        # Not even its end is repeated: it may be a live key that came here by mistake.
        raise ApiError("Invalid API Key provided.", status=401)


def _store() -> Store:
    found: Store = current_app.extensions["store"]
    return found


def _tick_forever(store: Store) -> None:
    """Settle, pay out once a day, and deliver; no failure ends the clockwork."""
    pause = threading.Event()
    while True:
        try:
            with store.transaction():
                clockwork.tick(store)
            deliver_due(store)
        except Exception as error:
            log.error("a tick failed: %s", type(error).__name__)
        pause.wait(TICK_SECONDS)
