"""Tokens: what each may do in which book, when it ends, and when it was last used."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from ledger.auth import PERMISSIONS
from ledger.db import Session
from ledger.errors import Conflict, Invalid, NotFound
from ledger.ids import new_id
from ledger.models.people import ApiToken
from ledger.queries.people.people import tokens_of
from ledger.services.people import tokens
from tests.conftest import NOW
from tests.factories import make_book, make_person

READ = ["read-books:A"]


def test_a_token_is_kept_only_as_its_hash(session: Session) -> None:
    person = make_person(session, "Ada")
    make_book(session, "A")
    secret = tokens.create_token(
        session, person_id=person.id, name=" A script ", scopes=READ, now=NOW
    )
    stored = session.scalars(select(ApiToken)).one()
    assert (stored.name, secret in stored.secret_sha256) == ("A script", False)
    assert tokens.token_of_secret(session, secret=secret) is stored
    assert tokens.token_of_secret(session, secret=secret + "x") is None
    assert tokens.token_of_secret(session, secret=stored.secret_sha256) is None
    assert stored.expires_at == NOW + timedelta(days=90)


@pytest.mark.parametrize(
    ("name", "scopes", "days", "place"),
    [
        pytest.param(" ", READ, 90, "name", id="without a name"),
        pytest.param("x" * 1000, READ, 90, "name", id="with a name without end"),
        pytest.param("A script", ["admin:A"], 90, "scope", id="for what does not exist"),
        pytest.param("A script", [], 90, "scope", id="for nothing"),
        pytest.param("A script", ["read-books"], 90, "scope", id="for no book"),
        pytest.param("A script", ["read-books:*"], 90, "scope", id="for every book"),
        pytest.param("A script", ["read-books:Z"], 90, "scope", id="for a book that is none"),
        pytest.param("A script", READ, 0, "days", id="for no time"),
        pytest.param("A script", READ, 366, "days", id="for more than a year"),
    ],
)
def test_a_token_is_refused(
    session: Session, name: str, scopes: Sequence[str], days: int, place: str
) -> None:
    person = make_person(session, "Ada")
    make_book(session, "A")
    with pytest.raises(Invalid) as refusal:
        tokens.create_token(
            session, person_id=person.id, name=name, scopes=scopes, days=days, now=NOW
        )
    assert refusal.value.place == place
    assert tokens_of(session, person_id=person.id) == []


def test_a_token_is_revoked_by_its_owner_and_stays_so(session: Session) -> None:
    owner, other = make_person(session, "Ada"), make_person(session, "Bo")
    make_book(session, "A")
    secret = tokens.create_token(session, person_id=owner.id, name="x", scopes=READ, now=NOW)
    token = tokens_of(session, person_id=owner.id)[0]
    for person, number in ((other.id, token.id), (owner.id, new_id())):
        with pytest.raises(NotFound):
            tokens.revoke_token(session, person_id=person, token_id=number, now=NOW)
    assert tokens.token_of_secret(session, secret=secret) is not None
    later = NOW + timedelta(hours=1)
    for instant in (NOW, later):
        tokens.revoke_token(session, person_id=owner.id, token_id=token.id, now=instant)
    assert tokens.token_of_secret(session, secret=secret) is None
    assert token.revoked_at == NOW


def test_tokens_that_have_ended_leave_room_for_others(session: Session) -> None:
    owner = make_person(session, "Ada")
    make_book(session, "A")

    def make(now: datetime = NOW) -> None:
        tokens.create_token(session, person_id=owner.id, name="x", scopes=READ, days=7, now=now)

    for _number in range(tokens.MAX_TOKENS):
        make()
    with pytest.raises(Conflict, match="Revoke one"):
        make()
    make(NOW + timedelta(days=7))


def test_a_use_is_noted_at_most_once_a_minute(session: Session) -> None:
    owner = make_person(session, "Ada")
    make_book(session, "A")
    tokens.create_token(session, person_id=owner.id, name="x", scopes=READ, now=NOW)
    token = tokens_of(session, person_id=owner.id)[0]
    for seconds, noted in ((0, 0), (59, 0), (60, 60), (61, 60), (300, 300)):
        instant = NOW + timedelta(seconds=seconds)
        due = tokens.use_is_due(token, instant)
        tokens.note_use(session, token_id=token.id, now=instant)
        session.refresh(token)
        assert token.last_used_at == NOW + timedelta(seconds=noted)
        assert due == (seconds == noted)


@pytest.mark.parametrize(
    ("scopes", "scope", "book", "allowed"),
    [
        ({"read-books:A"}, "read-books", "A", True),
        ({"read-books:A"}, "read-books", "B", False),
        ({"read-books:A"}, "propose", "A", False),
        ({"read-books:A"}, "read-books", None, True),
        ({"read-books:*"}, "read-books", "B", True),
        ({"read-books:AB"}, "read-books", "A", False),
        (set(), "read-books", None, False),
    ],
)
def test_a_scope_is_for_one_deed_in_one_book(
    scopes: set[str], scope: str, book: str | None, allowed: bool
) -> None:
    assert tokens.allows(scopes, scope, book) is allowed


def test_every_scope_needs_a_permission_that_exists() -> None:
    assert set(tokens.SCOPES.values()) <= set(PERMISSIONS)
