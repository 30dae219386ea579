"""Whatever is posted to whatever form, by whomever: an answer, never a defect.

Random, from a seed that a failure prints. A few hundred run always, five thousand in the long run.
"""

import io
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
from flask import request
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.web.forms import BAD, FORMS
from tests.web.permissions import DEEDS, GUEST, WITH_LINK
from tests.web.test_permissions import path_for, quick_town
from tests.worlds.town import Town

__all__ = ["quick_town"]

# Whoever is asked for; each post is by one of them, and half of them by somebody who may.
SENDERS = ("nobody", "donor", "member", "treasurer", "approver", "auditor", "admin")
VALUES = (
    "",
    *sorted({answer for kind in BAD.values() for answer in kind.values() if answer}),
    *("-0", "0x10", "١٢٣", "1_000", "1e309", "99999999999999999999.99", "0.0000000001", "½", "-1"),
    *("0001-01-01", "9999-12-31", "2026-02-29", "24:00", "12:60", "2026-11-02T25:00"),
    *(
        "../../etc/passwd",
        "{{7*7}}",
        "%s%n",
        "=cmd()",
        "'; drop table entry; --",
        "\r\nSet-Cookie: a=b",
    ),
    *("\ufffd\u202e", "a" * 5000, "null", "true", "[]", "{}", "A", "GEN", "USD", "1010"),
    str(UUID(int=0)),
)
FILES = (
    b"",
    b"\x00" * 200,
    b"\xff\xfe\x00",
    b"PK\x03\x04" + b"\x00" * 60,
    b"<?xml version='1.0'?><Document><BkToCstmrStmt>",
    b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
    b":20:X\r\n:25:DE\r\n:61:2602300230C1,0NMSC\r\n",
    b"a;b;c\r\n1;2\r\n" * 40,
    b"OFXHEADER:100\r\n\r\n<OFX><STMTTRN>",
)
GOOD = {form.endpoint: form.good for form in FORMS}
QUERIES = ("a=%FF", "do=%00", "rule=" + "x" * 3000, "until=2026-13-01", "&&=")
BODIES = (b"\xff\xfe", b"{", b"a" * 600_000, b"&".join([b"a=b"] * 3000), b"=&=&%")
TYPES = (
    *("application/json", "text/xml", "multipart/form-data", "", "a/b;charset=\x7f"),
    *("multipart/form-data; boundary=" + "x" * 300, "application/x-www-form-urlencoded"),
)
NAMES = ("a.csv", "a.xml", "a.xlsx", "../x", "\u202e", "")


@dataclass
class Post:
    """One request: who, where, and what."""

    who: str
    endpoint: str
    path: str
    options: dict[str, Any] = field(default_factory=dict)


def some_post(town: Town, chance: random.Random, endpoint: str) -> Post:
    """Make a post to an endpoint: a good form with a few things wrong, or no form at all."""
    allowed = sorted(DEEDS[endpoint].who & set(SENDERS)) or list(SENDERS)
    if endpoint in WITH_LINK:
        allowed = [GUEST]
    who = chance.choice(allowed if chance.random() < 0.6 else SENDERS)
    about = {name: town.ids[key] for name, key in DEEDS[endpoint].about.items()}
    path = path_for(town, endpoint, who, **about)
    if chance.random() < 0.1:
        path = elsewhere(town, chance, path)
    if chance.random() < 0.1:
        path += "?" + chance.choice(QUERIES)
    good = {**GOOD.get(endpoint, {}), **DEEDS[endpoint].form}
    return Post(who, endpoint, path, body(chance, good))


def elsewhere(town: Town, chance: random.Random, path: str) -> str:
    """The same address about something that is not there, or that is something else."""
    parts = path.split("/")
    ids = [number for number, part in enumerate(parts) if part.count("-") == 4]
    others = (str(UUID(int=0)), "%00", "%E2%80%AE", "1", *town.ids.values())
    parts[chance.choice(ids or [len(parts) - 1])] = chance.choice(others)
    return "/".join(parts)


def body(chance: random.Random, good: dict[str, str]) -> dict[str, Any]:
    """The body and headers of a post."""
    kind = chance.random()
    if kind < 0.04:
        return {"data": chance.choice(BODIES), "content_type": chance.choice(TYPES)}
    fields: dict[str, Any] = dict(good)
    for _ in range(chance.randint(1, 3)):
        name = chance.choice([*fields, "csrf_token", "file", "key", "action", "form_key", "extra"])
        change = chance.random()
        if change < 0.12:
            fields.pop(name, None)
        elif change < 0.2:
            fields[name] = [chance.choice(VALUES) for _ in range(3)]
        elif change < 0.26:
            fields[name] = (io.BytesIO(chance.choice(FILES)), chance.choice(NAMES))
        else:
            fields[name] = chance.choice(VALUES)
    if chance.random() < 0.15:
        fields["file"] = (io.BytesIO(chance.choice(FILES)), chance.choice(NAMES))
    return {"data": fields}


def send(clients: dict[str, FlaskClient], post: Post) -> TestResponse:
    return clients[post.who].post(post.path, **post.options)


EVERY_FORM = sorted(name for name in DEEDS if not name.startswith("api_"))


def defects(town: Town, seed: int, number: int, endpoints: Sequence[str] = EVERY_FORM) -> list[str]:
    """Send so many posts, to each form in turn; return what came back as a defect."""
    chance = random.Random(seed)
    clients = {who: town.client(who) for who in (*SENDERS, GUEST)}
    found = []
    for turn in range(number):
        post = some_post(town, chance, endpoints[turn % len(endpoints)])
        answer = send(clients, post)
        if answer.status_code >= 500:
            found.append(f"{post}: {answer.status_code}")
        if post.endpoint in ("sign_in.leave", "sign_in.end_all", "my_data.erase", "sign_in.enter"):
            clients[post.who] = town.client(post.who)
    return found


@pytest.mark.parametrize(
    ("seed", "number"),
    [(1, 160), *(pytest.param(n, 1000, marks=pytest.mark.long) for n in range(2, 8))],
)
def test_no_post_is_answered_with_a_defect(quick_town: Town, seed: int, number: int) -> None:
    assert defects(quick_town, seed, number) == []


def test_a_form_that_breaks_on_a_value_is_noticed(
    quick_town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: as when a number is read with ``int`` and nothing catches what it raises."""

    def reads_a_number() -> str:
        typed = request.form.get("email", "")
        return str(int(typed)) if typed[:1].isdigit() else "none"

    monkeypatch.setitem(quick_town.app.view_functions, "sign_in.ask", reads_a_number)
    assert defects(quick_town, 1, 60, ["sign_in.ask"])
