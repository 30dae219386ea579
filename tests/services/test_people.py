"""People: addresses, roles that exclude each other, links that work once, tokens."""

from datetime import timedelta
from functools import partial
from itertools import permutations

import pytest
from sqlalchemy import select

from ledger import auth
from ledger.core.vocabulary import Role
from ledger.db import Session
from ledger.errors import Conflict, Invalid, NotAllowed, NotFound
from ledger.links import Links
from ledger.models.people import OutboxMessage, SignInLink
from ledger.queries.people.people import memberships_of, person_by_email, roles_of
from ledger.services.jobs import rate_limits
from ledger.services.people import people, sign_in_links
from tests.conftest import NOW
from tests.factories import make_book, make_person

LINKS = Links("https://x.example", "a key")
ASKED = sign_in_links.Asked(rate_limits.visitor("192.0.2.1"), LINKS)
ROLES = tuple(Role)
# Which two roles one person may hold at once in one book (domain section 11).
TOGETHER = {frozenset({"member", role}) for role in ROLES}


def test_duties_that_exclude_each_other_are_not_held_at_once(session: Session) -> None:
    book, other = make_book(session), make_book(session, "B")
    for first, second in permutations(ROLES, 2):
        person = make_person(session, f"{first} {second}", book, first)
        give = partial(people.grant_role, session, person_id=person.id, role=second, now=NOW)
        # In another book the same person may do the other duty.
        assert give(book_id=other.id) is not None
        if frozenset({first, second}) in TOGETHER:
            assert give(book_id=book.id) is not None
            assert give(book_id=book.id) is None
        else:
            with pytest.raises(Conflict, match="cannot be"):
                give(book_id=book.id)


def test_nobody_gives_a_role_to_themselves(session: Session) -> None:
    book = make_book(session)
    admin = make_person(session, "Ada", book, "admin")
    with pytest.raises(NotAllowed):
        people.grant_role(
            session,
            person_id=admin.id,
            book_id=book.id,
            role="member",
            granted_by=admin.id,
            now=NOW,
        )


def test_a_role_that_does_not_exist_is_refused(session: Session) -> None:
    book = make_book(session)
    person = make_person(session, "Ada")
    with pytest.raises(Invalid):
        people.grant_role(session, person_id=person.id, book_id=book.id, role="king", now=NOW)


def test_a_role_ends_at_its_time_and_may_then_be_followed_by_another(session: Session) -> None:
    book = make_book(session)
    person = make_person(session, "Ada")
    end = NOW + timedelta(days=30)
    give = partial(people.grant_role, session, person_id=person.id, book_id=book.id)
    roles = partial(roles_of, session, person_id=person.id, book_id=book.id)
    give(role="auditor", now=NOW, ends_at=end)
    just_before = end - timedelta(seconds=1)
    assert roles(now=just_before) == {"auditor"}
    assert roles(now=end) == frozenset()
    assert roles(now=NOW - timedelta(seconds=1)) == frozenset()
    give(role="treasurer", now=end)
    assert memberships_of(session, person_id=person.id, now=end) == [
        (book, frozenset({"treasurer"}))
    ]


@pytest.mark.parametrize(
    ("action", "role"),
    [
        ("decide", "treasurer"),
        ("propose_transfer", "approver"),
        ("import_statement", "auditor"),
        ("read_books", "admin"),
        ("post_entries", "admin"),
        ("confirm_hours", "auditor"),
        ("manage_roles", "treasurer"),
    ],
)
def test_a_role_does_not_do_what_another_is_for(session: Session, action: str, role: str) -> None:
    book, other = make_book(session), make_book(session, "B")
    person = make_person(session, "Ada", book, role)
    require = partial(auth.require, session, action=action, now=NOW)
    with pytest.raises(NotAllowed):
        require(book_id=book.id, person_id=person.id)
    with pytest.raises(NotFound):
        require(book_id=other.id, person_id=person.id)
    with pytest.raises(NotAllowed, match="sign in"):
        require(book_id=book.id, person_id=None)
    # Control: each action has somebody who does it.
    able = next(iter(auth.PERMISSIONS[action]))
    doer = make_person(session, "Bo", book, able)
    assert require(book_id=book.id, person_id=doer.id) == {able}


def test_no_role_both_asks_for_and_decides(session: Session) -> None:
    asking = {name for name in auth.PERMISSIONS if name.startswith(("propose_", "value_"))}
    assert len(asking) >= 5
    for action in asking:
        assert not auth.PERMISSIONS[action] & auth.PERMISSIONS["decide"], action
    assert all(roles <= set(ROLES) for roles in auth.PERMISSIONS.values())
    with pytest.raises(KeyError):
        auth.can({"admin"}, "fly")


@pytest.mark.parametrize(
    "text",
    [
        *("", "ada", "ada@", "@example.org", "ada@example", "a b@example.org"),
        *("ada@example.org\0", "ada@example.org\nBcc: b@example.org", "x" * 10_000),
    ],
)
def test_what_is_no_address_is_refused_by_name(text: str) -> None:
    with pytest.raises(Invalid) as refusal:
        people.clean_email(text)
    assert "email" in refusal.value.messages


def test_an_address_is_one_person_in_any_capitals(session: Session) -> None:
    first = people.create_person(session, email="Ada@Example.org", name="Ada", now=NOW)
    again = people.create_person(session, email=" ada@example.ORG ", name="Other", now=NOW)
    assert (first.id, again.name) == (again.id, "Ada")
    assert person_by_email(session, "ADA@example.org") is first


def test_a_link_is_kept_only_as_its_hash_and_spent_once(session: Session) -> None:
    person = make_person(session, "Ada")
    sign_in_links.request_link(session, email=person.email, asked=ASKED, now=NOW)
    kept = session.scalars(select(OutboxMessage.body)).one()
    secret = LINKS.fill(kept).split("/sign-in/")[1].split()[0]
    assert secret not in kept
    stored = session.scalars(select(SignInLink)).one()
    assert secret not in (stored.secret_sha256, stored.email)
    assert sign_in_links.address_of_link(session, secret=secret, now=NOW)
    assert sign_in_links.use_link(session, secret=secret, now=NOW).id == person.id
    assert not sign_in_links.address_of_link(session, secret=secret, now=NOW)
    with pytest.raises(NotAllowed):
        sign_in_links.use_link(session, secret=secret, now=NOW)


def test_a_link_is_not_good_from_its_last_instant_on(session: Session) -> None:
    person = make_person(session, "Ada")
    sign_in_links.request_link(session, email=person.email, asked=ASKED, now=NOW)
    kept = session.scalars(select(OutboxMessage.body)).one()
    secret = LINKS.fill(kept).split("/sign-in/")[1].split()[0]
    assert secret not in kept
    end = NOW + sign_in_links.LIFETIME
    assert sign_in_links.address_of_link(session, secret=secret, now=end - timedelta(seconds=1))
    with pytest.raises(NotAllowed):
        sign_in_links.use_link(session, secret=secret, now=end)
