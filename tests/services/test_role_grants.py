"""Roles that move money need two people; an admin alone is delayed, and all holders are told."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from ledger.db import Session
from ledger.errors import Conflict, Invalid, NotAllowed
from ledger.models.approval_requests import ApprovalRequest
from ledger.models.books import Book
from ledger.models.people import Membership, OutboxMessage
from ledger.models.rights_log import RightsEvent
from ledger.queries.people.people import roles_of
from ledger.services.approvals import decisions, role_grants
from ledger.services.people import people
from tests.conftest import NOW
from tests.factories import make_book, make_fund, make_person
from tests.services.test_periods import gift

PAUSE = timedelta(days=2)
INVENTED = ("treasurer", "approver", "admin")


@pytest.fixture
def book(session: Session) -> Book:
    """A book in which something is booked."""
    made = make_book(session)
    make_fund(session, made)
    gift(session, NOW.date(), "1")
    return made


@pytest.fixture
def admin(session: Session, book: Book) -> UUID:
    return make_person(session, "Ada Admin", book, "admin").id


def give(
    session: Session, book: Book, by: UUID, role: str, name: str = "Nobody", now: datetime = NOW
) -> tuple[UUID, role_grants.Given]:
    person = make_person(session, name)
    given = role_grants.give_role(
        session, book=book, person_id=person.id, role=role, given_by=by, now=now
    )
    return person.id, given


def roles(session: Session, book: Book, person: UUID, now: datetime = NOW) -> frozenset[str]:
    return roles_of(session, person_id=person, book_id=book.id, now=now)


def decide(
    session: Session, approval_request: ApprovalRequest, by: UUID, *, approve: bool = True
) -> None:
    decisions.decide(
        session, request_id=approval_request.id, approve=approve, decided_by=by, note="", now=NOW
    )


def told(session: Session) -> set[str]:
    return set(session.scalars(select(OutboxMessage.to_email)))


@pytest.mark.parametrize("role", INVENTED)
@pytest.mark.parametrize("second", ["approver", "admin"])
def test_where_somebody_else_can_agree_an_admin_alone_gives_nothing(
    session: Session, book: Book, admin: UUID, role: str, second: str
) -> None:
    other = make_person(session, "Olga Other", book, second)
    make_person(session, "Tess Till", book, "treasurer")
    nobody, given = give(session, book, admin, role)
    assert given.asked is not None
    later = NOW + timedelta(days=400)
    assert roles(session, book, nobody) == roles(session, book, nobody, later) == frozenset()
    assert told(session) == {
        "ada.admin@example.org", "olga.other@example.org", "tess.till@example.org"
    }  # fmt: skip
    with pytest.raises(NotAllowed):
        decide(session, given.asked, admin)
    with pytest.raises(NotAllowed):
        decide(session, given.asked, nobody)
    assert roles(session, book, nobody) == frozenset()
    decide(session, given.asked, other.id)
    assert roles(session, book, nobody) == {role}


def test_an_invented_approver_does_not_agree_to_an_invented_treasurer(
    session: Session, book: Book, admin: UUID
) -> None:
    """Both addresses are the admin's: neither is anybody before a real second person agrees."""
    make_person(session, "Olga Other", book, "approver")
    approver, first = give(session, book, admin, "approver", "Puppet")
    _treasurer, second = give(session, book, admin, "treasurer", "Doll")
    for approval_request in (first.asked, second.asked):
        assert approval_request is not None
        with pytest.raises(NotAllowed):
            decide(session, approval_request, approver)
    assert set(session.scalars(select(Membership.role))) == {"admin", "approver"}


def test_a_no_gives_nothing_and_is_told_and_written_down(
    session: Session, book: Book, admin: UUID
) -> None:
    other = make_person(session, "Olga Other", book, "approver")
    nobody, given = give(session, book, admin, "treasurer")
    assert given.asked is not None
    decide(session, given.asked, other.id, approve=False)
    assert roles(session, book, nobody) == frozenset()
    bodies = session.scalars(select(OutboxMessage.body)).all()
    assert any("rejected" in body for body in bodies)
    kinds = [str(kind) for kind in session.scalars(select(RightsEvent.kind))]
    assert kinds[-2:] == ["role_asked", "role_refused"]


def test_no_message_names_who_gets_a_role(session: Session, book: Book, admin: UUID) -> None:
    make_person(session, "Olga Other", book, "approver")
    give(session, book, admin, "treasurer", "Zora Zed")
    for message in session.scalars(select(OutboxMessage)):
        assert "zora" not in f"{message.subject}{message.body}".lower()


@pytest.mark.parametrize("role", INVENTED)
def test_an_admin_who_is_alone_waits_and_all_are_told(
    session: Session, book: Book, admin: UUID, role: str
) -> None:
    make_person(session, "Tess Till", book, "treasurer")
    nobody, given = give(session, book, admin, role)
    assert given.starts_at == NOW + PAUSE
    assert roles(session, book, nobody, NOW + PAUSE - timedelta(seconds=1)) == frozenset()
    assert roles(session, book, nobody, NOW + PAUSE) == {role}
    assert told(session) >= {"ada.admin@example.org", "tess.till@example.org"}


def test_two_roles_that_start_later_are_not_held_together(
    session: Session, book: Book, admin: UUID
) -> None:
    nobody, _given = give(session, book, admin, "treasurer")
    for role in ("approver", "auditor"):
        with pytest.raises(Conflict, match="cannot be"):
            role_grants.give_role(
                session, book=book, person_id=nobody, role=role, given_by=admin, now=NOW
            )


def test_who_is_removed_first_is_told_of_what_comes_then(
    session: Session, book: Book, admin: UUID
) -> None:
    """An admin who ends the second person's role at once is alone, but neither quick nor quiet."""
    other = make_person(session, "Olga Other", book, "approver")
    held = session.scalars(select(Membership).where(Membership.person_id == other.id)).one()
    role_grants.take_role(
        session, book=book, membership_id=held.id, taken_by=admin, now=NOW + timedelta(hours=1)
    )
    assert roles(session, book, other.id, NOW + timedelta(hours=1)) == frozenset()
    _nobody, given = give(session, book, admin, "approver", now=NOW + timedelta(hours=2))
    assert given.starts_at == NOW + timedelta(hours=2) + PAUSE
    mails = session.scalars(
        select(OutboxMessage.body).where(OutboxMessage.to_email == "olga.other@example.org")
    ).all()
    assert ["ended" in mail for mail in mails] == [True, False]


def test_the_first_people_of_a_book_start_at_once(session: Session) -> None:
    book = make_book(session)
    admin = make_person(session, "Ada Admin", book, "admin").id
    for role in ("treasurer", "approver"):
        nobody, given = give(session, book, admin, role, role)
        assert given.starts_at == NOW
        assert roles(session, book, nobody) == {role}


def test_other_roles_need_nobody_else(session: Session, book: Book, admin: UUID) -> None:
    make_person(session, "Olga Other", book, "approver")
    for role in ("member", "auditor"):
        nobody, _given = give(session, book, admin, role, role)
        assert roles(session, book, nobody) == {role}
    assert told(session) == set()


def test_nobody_asks_for_a_role_of_their_own_or_twice(
    session: Session, book: Book, admin: UUID
) -> None:
    make_person(session, "Olga Other", book, "approver")
    with pytest.raises(NotAllowed):
        role_grants.give_role(
            session, book=book, person_id=admin, role="treasurer", given_by=admin, now=NOW
        )
    nobody, _given = give(session, book, admin, "treasurer")
    with pytest.raises(Conflict, match="already"):
        role_grants.give_role(
            session, book=book, person_id=nobody, role="treasurer", given_by=admin, now=NOW
        )


def test_a_shorter_pause_holds_after_the_present_one(
    session: Session, book: Book, admin: UUID
) -> None:
    choice = role_grants.choose_pause(session, book=book, days=0, made_by=admin, now=NOW)
    assert choice.valid_from_on == (NOW + PAUSE).date()
    assert role_grants.pause_of(session, book, NOW) == PAUSE
    assert role_grants.pause_of(session, book, NOW + PAUSE) == timedelta(0)
    longer = role_grants.choose_pause(session, book=book, days=9, made_by=admin, now=NOW)
    assert longer.valid_from_on == NOW.date()
    with pytest.raises(Invalid):
        role_grants.choose_pause(session, book=book, days=61, made_by=admin, now=NOW)
    make_person(session, "Olga Other", book, "approver")
    with pytest.raises(Conflict):
        role_grants.choose_pause(session, book=book, days=1, made_by=admin, now=NOW)


def test_a_role_that_has_not_started_can_be_ended(
    session: Session, book: Book, admin: UUID
) -> None:
    nobody, _given = give(session, book, admin, "treasurer")
    row = session.scalars(select(Membership).where(Membership.person_id == nobody)).one()
    role_grants.take_role(session, book=book, membership_id=row.id, taken_by=admin, now=NOW)
    assert roles(session, book, nobody, NOW + timedelta(days=9)) == frozenset()


def test_each_guard_is_held_by_a_test(
    session: Session, book: Book, admin: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The controls: with a guard broken, the test of it fails."""

    def broken(test: Callable[..., None], **more: Any) -> None:
        savepoint = session.begin_nested()
        with pytest.raises((AssertionError, pytest.fail.Exception)):
            test(session, book, admin, **more)
        savepoint.rollback()

    with monkeypatch.context() as patched:
        patched.setattr(role_grants, "others_of", lambda *_args, **_named: set())
        broken(
            test_where_somebody_else_can_agree_an_admin_alone_gives_nothing,
            role="treasurer",
            second="approver",
        )
    with monkeypatch.context() as patched:
        patched.setattr(role_grants, "pause_of", lambda *_args: timedelta(0))
        broken(test_an_admin_who_is_alone_waits_and_all_are_told, role="approver")
        broken(test_a_shorter_pause_holds_after_the_present_one)
    with monkeypatch.context() as patched:
        patched.setattr(role_grants, "LATELY", timedelta(0))
        broken(test_who_is_removed_first_is_told_of_what_comes_then)
    with monkeypatch.context() as patched:
        patched.setattr(people, "check_together", lambda *_args: None)
        broken(test_two_roles_that_start_later_are_not_held_together)
