"""The webhook takes what Stripe signed, once, keeps nothing of persons, and refuses the rest."""

import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import stripe
from flask.testing import FlaskClient
from sqlalchemy import select

from ledger.config import STRIPE_API, Settings, from_environment
from ledger.db import Database
from ledger.errors import Invalid
from ledger.gateway.messages import LONGEST_ID, LONGEST_TYPE
from ledger.models.base import Base
from ledger.models.jobs import Job
from ledger.models.payments import StripeEvent
from ledger.stripe.webhook import MAX_BODY
from tests.conftest import NOW
from wsgi import create_app

ROOT = Path(__file__).parents[2]
SECRET = "whsec_door"
ADDRESS = "/webhooks/stripe"
PERSON = {
    "customer_email": "ada.secret@example.org",
    "billing_details": {"name": "Ada Secret", "phone": "0123-SECRET"},
}


def door(db: Database, key: str = "sk_test_door", **other: str) -> FlaskClient:
    """The whole program as a stranger reaches it, with the real gateway."""
    settings = Settings(
        database_url=db.url,
        data=Path(),
        secret_key="x",
        base_url="https://poolbook.example",
        stripe_key=key,
        stripe_webhook_secret=SECRET if key else "",
        stripe_base=STRIPE_API,
    )
    return create_app(settings, db=db, clock=lambda: NOW).test_client()


@pytest.fixture
def client(shared_db: Database) -> FlaskClient:
    return door(shared_db)


def message(kind: str = "charge.succeeded", livemode: bool = False, **about: Any) -> dict[str, Any]:
    """A message as Stripe words it, about an object that names a person."""
    return {
        "id": f"evt_{uuid4().hex}",
        "object": "event",
        "account": None,
        "api_version": stripe.api_version,
        "created": int(time.time()),
        "data": {"object": {"id": "ch_1", "object": "charge", **PERSON, **about}},
        "livemode": livemode,
        "pending_webhooks": 1,
        "request": None,
        "type": kind,
    }


def signed(body: str, secret: str = SECRET, at: int | None = None) -> str:
    """The header of a body, made by the SDK itself."""
    header: str = stripe.WebhookSignature.generate_signature_header(
        body, secret, timestamp=at if at is not None else int(time.time())
    )
    return header


def send(client: FlaskClient, body: str | bytes, header: str | None) -> int:
    headers = {"Stripe-Signature": header} if header is not None else {}
    return client.post(
        ADDRESS, data=body, headers=headers, content_type="application/json"
    ).status_code


def kept(db: Database, name: str | None = None) -> list[StripeEvent]:
    with db.snapshot() as session:
        rows = session.scalars(select(StripeEvent)).all()
    return [row for row in rows if name in (None, row.stripe_event_id)]


def jobs_of(db: Database, name: str) -> list[Job]:
    with db.snapshot() as session:
        return list(session.scalars(select(Job).where(Job.key == name)))


def test_a_signed_message_is_kept_and_wakes_the_worker(
    client: FlaskClient, shared_db: Database
) -> None:
    sent = message()
    body = json.dumps(sent)
    assert send(client, body, signed(body)) == 200
    (row,) = kept(shared_db, sent["id"])
    assert (row.event_type, row.object_id, row.received_at) == ("charge.succeeded", "ch_1", NOW)
    (job,) = jobs_of(shared_db, sent["id"])
    assert (job.kind, job.run_at) == ("stripe_event", NOW)


def test_a_duplicate_is_answered_well_and_kept_once(
    client: FlaskClient, shared_db: Database
) -> None:
    sent = message()
    body = json.dumps(sent)
    assert [send(client, body, signed(body)) for _ in range(3)] == [200, 200, 200]
    assert len(kept(shared_db, sent["id"])) == 1
    assert len(jobs_of(shared_db, sent["id"])) == 1


def _header(body: str, name: str) -> str | None:
    now = int(time.time())
    good = signed(body, at=now)
    return {
        "no header": None,
        "an empty header": "",
        "garbage": "t=now,v1=nothing",
        "Restore the installation's secret key, or have the second factors reset": signed(
            body, "whsec_other"
        ),
        "no secret": signed(body, ""),
        "a time too long ago": signed(body, at=now - 301),
        "a time changed": good.replace(f"t={now}", f"t={now - 5}"),
        "only an older scheme": good.replace("v1=", "v0="),
        "one digit changed": good[:-1] + ("0" if good[-1] != "0" else "1"),
        "another body's": signed(body + " "),
    }[name]


FORGERIES = (
    "no header",
    "an empty header",
    "garbage",
    "Restore the installation's secret key, or have the second factors reset",
    "no secret",
    "a time too long ago",
    "a time changed",
    "only an older scheme",
    "one digit changed",
    "another body's",
)


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_message_is_refused_and_leaves_nothing(
    client: FlaskClient, shared_db: Database, name: str
) -> None:
    sent = message()
    body = json.dumps(sent)
    before = len(kept(shared_db))
    assert send(client, body, _header(body, name)) == 400
    assert len(kept(shared_db)) == before
    assert jobs_of(shared_db, sent["id"]) == []


@pytest.mark.parametrize("age", [0, 200])
def test_the_same_message_well_signed_is_taken(
    client: FlaskClient, shared_db: Database, age: int
) -> None:
    """The control of the forgeries; the second of two signatures counts while a secret rolls."""
    sent = message()
    body = json.dumps(sent)
    header = signed(body, at=int(time.time()) - age)
    rolled = header.replace("v1=", f"v1={'0' * 64},v1=")
    assert send(client, body, rolled) == 200
    assert len(kept(shared_db, sent["id"])) == 1


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "null",
        '"text"',
        "{}",
        "{",
        '{"object": "event"}',
        '{"object": "event", "id": "evt_x", "type": "t", "livemode": false}',
        '{"object": "event", "id": "evt_x", "type": "t", "livemode": false, "data": null}',
        '{"object": "v2.core.event", "id": "evt_x", "type": "t", "livemode": false}',
    ],
)
def test_a_signed_body_that_is_no_event_is_refused_without_an_error(
    client: FlaskClient, shared_db: Database, body: str
) -> None:
    before = len(kept(shared_db))
    assert send(client, body, signed(body)) == 400
    assert len(kept(shared_db)) == before


@pytest.mark.parametrize("version", ["2014-01-01", "2025-03-31.basil", "2027-09-29.freesia", None])
def test_an_event_of_another_version_is_kept(
    client: FlaskClient, shared_db: Database, version: str | None
) -> None:
    """An endpoint that was made by hand sends in the account's version; we read ids alone."""
    sent = {**message(), "api_version": version}
    body = json.dumps(sent)
    assert send(client, body, signed(body)) == 200
    (row,) = kept(shared_db, sent["id"])
    assert (row.event_type, row.object_id) == ("charge.succeeded", "ch_1")


def _odd(name: str) -> str:
    """A message that is well signed and odd, as text."""
    sent = message()
    about = sent["data"]["object"]
    changes: dict[str, dict[str, Any]] = {
        "a null id": {"id": None},
        "an object as id": {"id": {"id": "evt_1"}},
        "a number as id": {"id": 5},
        "no text as id": {"id": ""},
        "an id too long": {"id": "evt_" + "x" * (LONGEST_ID - 3)},
        "an id with a NUL": {"id": "evt_\x00"},
        "an id with half a character": {"id": "evt_\ud800"},
        "an id with a line break": {"id": "evt_1\n"},
        "a null type": {"type": None},
        "a list as type": {"type": ["charge.succeeded"]},
        "a type with half a character": {"type": "charge.\udfff"},
        "a type too long": {"type": "x" * (LONGEST_TYPE + 1)},
        "a mode in words": {"livemode": "false"},
        "a mode in numbers": {"livemode": 0},
        "an object in a list": {"data": {"object": [about]}},
        "an object as the object's id": {"data": {"object": {**about, "id": {"id": "ch_1"}}}},
        "half a character somewhere": {"data": {"object": {**about, "note": "\udc00"}}},
        "half a character in a key": {"data": {"object": {**about, "\ud800": 1}}},
        "a NUL somewhere": {"request": {"idempotency_key": "a\x00b"}},
    }
    if name == "deep nesting":
        return json.dumps(sent)[:-1] + ', "deep": ' + "[" * 100_000 + "]" * 100_000 + "}"
    if name == "a number without end":
        return json.dumps(sent)[:-1] + ', "long": ' + "9" * 5000 + "}"
    return json.dumps({**sent, **changes[name]})


ODD = (
    "a null id",
    "an object as id",
    "a number as id",
    "no text as id",
    "an id too long",
    "an id with a NUL",
    "an id with half a character",
    "an id with a line break",
    "a null type",
    "a list as type",
    "a type with half a character",
    "a type too long",
    "a mode in words",
    "a mode in numbers",
    "an object in a list",
    "an object as the object's id",
    "half a character somewhere",
    "half a character in a key",
    "a NUL somewhere",
    "deep nesting",
    "a number without end",
)


@pytest.mark.parametrize("name", ODD)
def test_a_signed_oddity_is_refused_and_never_an_error(
    client: FlaskClient, shared_db: Database, name: str
) -> None:
    before = len(kept(shared_db))
    body = _odd(name)
    assert send(client, body, signed(body)) == 400
    assert len(kept(shared_db)) == before


@pytest.mark.parametrize("depth", [1, 50, 500])
def test_what_is_deep_but_readable_is_kept_without_its_depth(
    client: FlaskClient, shared_db: Database, depth: int
) -> None:
    """The control of the oddities: nothing but ids is read, and nothing else is stored."""
    sent = message()
    for name in ("created", "request", "api_version"):
        sent[name] = json.loads("[" * depth + "]" * depth)
    sent["data"]["object"]["object"] = sent["created"]
    body = json.dumps(sent)
    assert send(client, body, signed(body)) == 200
    (row,) = kept(shared_db, sent["id"])
    assert "[" not in row.body


def test_names_of_messages_fit_their_columns() -> None:
    columns: Any = StripeEvent.__table__.columns
    longest = {"stripe_event_id": LONGEST_ID, "event_type": LONGEST_TYPE, "object_id": LONGEST_ID}
    assert {name: columns[name].type.length for name in longest} == longest


def test_names_as_long_as_stripe_allows_are_kept(client: FlaskClient, shared_db: Database) -> None:
    sent = message(id="cs_" + "x" * (LONGEST_ID - 3))
    sent["id"] = sent["id"].ljust(LONGEST_ID, "x")
    body = json.dumps(sent)
    assert send(client, body, signed(body)) == 200
    assert kept(shared_db, sent["id"])[0].object_id == sent["data"]["object"]["id"]


def test_an_object_without_an_id_is_kept(client: FlaskClient, shared_db: Database) -> None:
    sent = message("balance.available", id=None)
    body = json.dumps(sent)
    assert send(client, body, signed(body)) == 200
    assert kept(shared_db, sent["id"])[0].object_id is None


def test_a_signed_body_that_is_no_text_is_refused(client: FlaskClient) -> None:
    body = b"\xff\xfe\x00"
    assert send(client, body, signed("\xff")) == 400


def test_a_body_too_large_is_refused_before_it_is_read(
    client: FlaskClient, shared_db: Database
) -> None:
    for size, status in ((MAX_BODY + 1, 413), (MAX_BODY - 1000, 200)):
        sent = message(note="")
        sent["data"]["object"]["note"] = "x" * (size - len(json.dumps(sent)))
        body = json.dumps(sent)
        assert len(body) == size
        assert send(client, body, signed(body)) == status
        assert len(kept(shared_db, sent["id"])) == (status == 200)


@pytest.mark.parametrize(
    ("key", "livemode", "status"),
    [
        ("sk_test_door", True, 400),
        ("sk_live_door", False, 400),
        ("sk_test_door", False, 200),
        ("sk_live_door", True, 200),
    ],
    ids=["live into test", "test into live", "test into test", "live into live"],
)
def test_a_message_of_the_other_mode_never_enters(
    shared_db: Database, key: str, livemode: bool, status: int
) -> None:
    sent = message(livemode=livemode)
    body = json.dumps(sent)
    assert send(door(shared_db, key), body, signed(body)) == status
    assert len(kept(shared_db, sent["id"])) == (status == 200)


@pytest.mark.parametrize("kind", ["nobody.knows.this", "account.updated", "x" * 64])
def test_a_message_of_an_unknown_kind_is_taken_like_any_other(
    client: FlaskClient, shared_db: Database, kind: str
) -> None:
    sent = message(kind)
    body = json.dumps(sent)
    assert send(client, body, signed(body)) == 200
    assert kept(shared_db, sent["id"])[0].event_type == kind


def test_nothing_of_a_person_is_stored_or_logged(
    client: FlaskClient, shared_db: Database, caplog: pytest.LogCaptureFixture
) -> None:
    body = json.dumps(message("checkout.session.completed"))
    caplog.set_level(logging.DEBUG)
    assert send(client, body, signed(body)) == 200
    assert send(client, body, signed(body, "whsec_other")) == 400
    with shared_db.snapshot() as session:
        stored = " ".join(
            str(row)
            for table in Base.metadata.sorted_tables
            for row in session.execute(select(table))
        )
    assert "checkout.session.completed" in stored
    for words in ("secret@example", "Ada Secret", "0123-SECRET"):
        assert words in body
        assert words not in stored
        assert words not in caplog.text
    assert SECRET not in caplog.text


def test_only_a_post_is_heard_and_a_page_needs_no_token(client: FlaskClient) -> None:
    assert client.get(ADDRESS).status_code == 405
    assert "csrf" not in client.post(ADDRESS).text.lower()


def test_without_stripe_the_door_is_shut(shared_db: Database) -> None:
    body = json.dumps(message())
    assert send(door(shared_db, key=""), body, signed(body, "")) == 404


# A start that is half configured

HALVES: list[tuple[str, Mapping[str, str], str]] = [
    ("a key without its secret", {"STRIPE_SECRET_KEY": "sk_test_1"}, "STRIPE_WEBHOOK_SECRET"),
    ("a secret without its key", {"STRIPE_WEBHOOK_SECRET": "whsec_1"}, "STRIPE_SECRET_KEY"),
    (
        "a public key",
        {"STRIPE_SECRET_KEY": "pk_test_1", "STRIPE_WEBHOOK_SECRET": "whsec_1"},
        "STRIPE_SECRET_KEY",
    ),
    (
        "no webhook secret but some text",
        {"STRIPE_SECRET_KEY": "sk_test_1", "STRIPE_WEBHOOK_SECRET": "secret"},
        "STRIPE_WEBHOOK_SECRET",
    ),
    (
        "a live key for another address",
        {
            "STRIPE_SECRET_KEY": "sk_live_1",
            "STRIPE_WEBHOOK_SECRET": "whsec_1",
            "STRIPE_API_BASE": "http://127.0.0.1:9",
        },
        "STRIPE_API_BASE",
    ),
    (
        "a restricted live key for another address",
        {
            "STRIPE_SECRET_KEY": "rk_live_1",
            "STRIPE_WEBHOOK_SECRET": "whsec_1",
            "STRIPE_API_BASE": "https://api.stripe.com.example.org",
        },
        "STRIPE_API_BASE",
    ),
]


@pytest.mark.parametrize(
    ("environ", "place"), [half[1:] for half in HALVES], ids=[half[0] for half in HALVES]
)
def test_a_half_configured_start_is_refused_by_name(
    tmp_path: Path, environ: dict[str, str], place: str
) -> None:
    with pytest.raises(Invalid) as refused:
        from_environment({"POOLBOOK_DATA": str(tmp_path), **environ})
    assert refused.value.place == place
    for value in environ.values():
        if value.startswith(("sk_", "rk_", "whsec_")):
            assert value not in str(refused.value)


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"STRIPE_SECRET_KEY": "sk_test_1", "STRIPE_WEBHOOK_SECRET": "whsec_1"},
        {"STRIPE_SECRET_KEY": "rk_live_1", "STRIPE_WEBHOOK_SECRET": "whsec_1"},
    ],
    ids=["nothing", "test keys", "live keys"],
)
def test_nothing_or_everything_is_a_configuration(tmp_path: Path, environ: dict[str, str]) -> None:
    found = from_environment({"POOLBOOK_DATA": str(tmp_path), **environ})
    assert found.stripe_key == environ.get("STRIPE_SECRET_KEY", "")
    assert found.sandbox is False


@pytest.mark.parametrize("process", ["serve", "worker"])
def test_no_process_starts_half_configured(tmp_path: Path, process: str) -> None:
    run = subprocess.run(
        [sys.executable, "-c", "from wsgi import main; main()", process],
        cwd=ROOT,
        env={
            **{name: value for name, value in os.environ.items() if "STRIPE" not in name},
            "PYTHONPATH": str(ROOT),
            "POOLBOOK_DATA": str(tmp_path),
            "STRIPE_SECRET_KEY": "sk_test_canary",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 1
    assert "STRIPE_WEBHOOK_SECRET is not set" in run.stderr
    assert "canary" not in run.stderr + run.stdout
    assert "Traceback" not in run.stderr
