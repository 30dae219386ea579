"""The log of rights: what is written, that it only grows, and that changes show."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import Executable, delete, select, text, update
from sqlalchemy.exc import DBAPIError

from ledger.db import Database, Session
from ledger.ids import new_id
from ledger.models.books import Book
from ledger.models.people import Person
from ledger.models.rights_log import RightsEvent, RightsKind
from ledger.models.sessions import SessionEnd
from ledger.queries.books.seals import first_difference
from ledger.queries.people.rights_log import events_of_book, first_break, page_of_book
from ledger.services.books import policies
from ledger.services.books.seals import make_checkpoint
from ledger.services.people import sessions
from ledger.services.people.people import end_role, grant_role
from ledger.services.people.rights_log import record
from ledger.services.people.tokens import create_token, revoke_token
from ledger.services.workflow import erasures
from ledger.signing import Signer
from tests.conftest import NOW
from tests.factories import make_book, make_fund, make_person
from tests.queries.damage import guard, guards_off

SIGNER = Signer("poolbook.example", bytes(32))


def logged(session: Session) -> list[tuple[str, UUID | None, dict[str, object]]]:
    """What is in the log: kind, actor and subject, oldest first."""
    rows = session.scalars(select(RightsEvent).order_by(RightsEvent.id))
    return [(row.kind, row.actor_id, row.about) for row in rows]


def settle(db: Database) -> tuple[Book, Person, Person]:
    """A book with an admin and somebody else."""
    with db.transaction() as session:
        book = make_book(session)
        make_fund(session, book)
        return book, make_person(session, "Ada", book, "admin"), make_person(session, "Bo")


def test_roles_tokens_settings_and_sign_ins_are_logged(db: Database) -> None:
    book, admin, person = settle(db)
    later = NOW + timedelta(hours=1)
    with db.transaction() as session:
        role = grant_role(
            session,
            person_id=person.id,
            book_id=book.id,
            role="treasurer",
            now=NOW,
            granted_by=admin.id,
        )
        assert role is not None
        row, token = sessions.start_session(
            session, person_id=person.id, methods=("link",), device="x", now=NOW, fresh=True
        )
        sessions.rise(
            session,
            session_id=row.id,
            token=token,
            methods=("totp",),
            now=later,
            fresh=True,
        )
        create_token(
            session, person_id=person.id, name="x", scopes={"read-books:A", "import:A"}, now=later
        )
        made = logged(session)[-1][2]["token"]
        revoke_token(session, person_id=person.id, token_id=UUID(str(made)), now=later)
        policies.choose_policy(
            session,
            book=book,
            key="hours_window_days",
            value="60",
            valid_from_on=NOW.date(),
            now=later,
            made_by=person.id,
        )
        end_role(session, book_id=book.id, membership_id=role.id, ended_by=admin.id, now=later)
        sessions.end_all(session, person_id=person.id, reason=SessionEnd.EVERYWHERE, now=later)
        about = {"person": str(person.id), "role": "treasurer"}
        own = {"session": str(row.id)}
        assert logged(session)[1:] == [
            ("role_granted", admin.id, about),
            ("signed_in", person.id, own | {"methods": "link"}),
            ("confirmed", person.id, own | {"methods": "totp"}),
            (
                "token_made",
                person.id,
                {"token": made, "scopes": "import:A+read-books:A", "days": 90},
            ),
            ("token_ended", person.id, {"token": made}),
            (
                "setting_changed",
                person.id,
                {"setting": "hours_window_days", "from": NOW.date().isoformat()},
            ),
            ("role_ended", admin.id, about),
            ("signed_out", person.id, own | {"reason": "everywhere"}),
        ]


@pytest.mark.parametrize("sign", ["ada@example.org", "Ada Hill", "=1+1", "", " ", "Zoë", "a\nb"])
def test_what_could_name_a_person_or_a_formula_is_not_taken(db: Database, sign: str) -> None:
    _book, admin, _person = settle(db)
    with pytest.raises(ValueError, match="ids and plain words"), db.transaction() as session:
        record(
            session,
            kind=RightsKind.ROLE_GRANTED,
            actor=admin.id,
            about={"person": sign},
            now=NOW,
        )


def test_no_row_can_be_changed_or_deleted(db: Database) -> None:
    settle(db)
    attempts: list[Executable] = [
        update(RightsEvent).values(kind="signed_out"),
        delete(RightsEvent),
    ]
    if not db.is_sqlite:
        attempts.append(text("truncate rights_log"))
    for attempt in attempts:
        with pytest.raises(DBAPIError, match="only grows"), db.transaction() as session:
            session.execute(attempt)
    with db.transaction() as session:
        assert [kind for kind, _actor, _about in logged(session)] == ["role_granted"]


@pytest.mark.parametrize("damage", ["change", "remove", "rewrite"])
def test_a_change_with_the_guards_off_is_found(db: Database, damage: str) -> None:
    book, admin, person = settle(db)
    with db.transaction() as session:
        for role in ("member", "auditor"):
            grant_role(
                session,
                person_id=person.id,
                book_id=book.id,
                role=role,
                now=NOW,
                granted_by=admin.id,
            )
        assert first_difference(session, book.id)[1] is None
        note = make_checkpoint(session, book=book, signer=SIGNER, now=NOW).note
        assert "\nrights 3 " in note
        assert first_difference(session, book.id)[1] is None
    with guards_off(db) as connection:
        rows = RightsEvent.__table__.c
        if damage == "change":
            connection.execute(update(RightsEvent).where(rows.seq == 2).values(actor_id=person.id))
            told = "event 2 of the log of rights was changed"
        elif damage == "remove":
            connection.execute(delete(RightsEvent).where(rows.seq == 2))
            told = "event 2 of the log of rights is missing"
        else:
            # The newest is cut off: the chain is whole, but the checkpoint knows of it.
            connection.execute(delete(RightsEvent).where(rows.seq == 3))
            told = "leaves has another log of rights"
        guard(connection)
        session = Session(connection)
        found = first_difference(session, book.id)[1] or ""
        assert told in found
        assert (first_break(session, book.id) is None) == (damage == "rewrite")


def test_an_erasure_changes_no_row_whatever_somebody_is_called(db: Database) -> None:
    book, admin, _person = settle(db)
    with db.transaction() as session:
        person = make_person(session, "auditor")
        role = grant_role(
            session,
            person_id=person.id,
            book_id=book.id,
            role="auditor",
            now=NOW,
            granted_by=admin.id,
        )
        assert role is not None
        end_role(session, book_id=book.id, membership_id=role.id, ended_by=admin.id, now=NOW)
        before = logged(session)
        erasures.erase(session, email=person.email, now=NOW, asked_by=person.id)
        about: dict[str, object] = {"person": str(person.id)}
        assert logged(session) == [*before, ("person_erased", person.id, about)]
        assert first_difference(session, book.id)[1] is None


def test_a_book_shows_its_own_events_and_those_of_its_people_while_they_hold_a_role(
    db: Database,
) -> None:
    book, admin, person = settle(db)
    with db.transaction() as session:
        other = make_book(session, "B")
        make_person(session, "Cy", other, "admin")

        def sign_in(hours: int) -> str:
            row, _token = sessions.start_session(
                session,
                person_id=person.id,
                methods=("link",),
                device="x",
                now=NOW + timedelta(hours=hours),
                fresh=True,
            )
            return str(row.id)

        sign_in(0)
        role = grant_role(
            session,
            person_id=person.id,
            book_id=book.id,
            role="member",
            now=NOW + timedelta(hours=1),
            granted_by=admin.id,
        )
        assert role is not None
        during = sign_in(2)
        end_role(
            session,
            book_id=book.id,
            membership_id=role.id,
            ended_by=admin.id,
            now=NOW + timedelta(hours=3),
        )
        sign_in(4)
        found = events_of_book(session, book_id=book.id)
        assert [row.about.get("session", row.about.get("role")) for row in found] == [
            "admin",
            "member",
            during,
            "member",
        ]
        assert list(page_of_book(session, book_id=book.id, after=None).rows) == found[::-1]
        behind = page_of_book(session, book_id=book.id, after=found[2].id)
        assert list(behind.rows) == [found[1], found[0]]
        assert page_of_book(session, book_id=book.id, after=new_id()).rows == tuple(found[::-1])
