"""People of a book: who has which role, and since when; an admin gives roles and ends them."""

from uuid import UUID
from zoneinfo import ZoneInfo

from babel.dates import format_date
from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as later
from werkzeug.wrappers import Response

from ledger.core.days import ONE_DAY
from ledger.core.policies import NUMBERS
from ledger.db import Session
from ledger.errors import Conflict, Invalid, NotAllowed
from ledger.models.people import Person
from ledger.queries.approvals import requests, rules
from ledger.queries.books.policies import policy_of
from ledger.queries.people import people as people_queries
from ledger.schemas.people import NewRoleForm, PauseForm
from ledger.services.approvals import role_grants
from ledger.services.approvals.registry import payload_of
from ledger.services.people import people
from ledger.web.identity.sessions import fresh_needed, held_answers
from ledger.web.site.context import (
    book_for,
    now,
    page,
    read_form,
    reading,
    signed_in,
    today,
    visitor,
    write,
)
from ledger.web.site.forms import Form, errors_of
from ledger.web.site.locale import chosen

pages = Blueprint("people", __name__)
ACTION, READ = "manage_roles", "read_people"
# What each role is for, in the words of those who give it.
WORDS = {
    "member": later("Member: logs hours, receives equipment, requests spending"),
    "treasurer": later("Treasurer: keeps the books and makes requests"),
    "approver": later("Approver: approves or rejects requests"),
    "auditor": later("Auditor: can read everything but change nothing"),
    "admin": later("Admin: gives and ends roles"),
}


@pages.get("/books/<code>/people")
def show(code: str) -> Response:
    """Show who has which role, and the form that gives one."""
    return _page(code, {"role": "member"} | held_answers(), {})


@pages.post("/books/<code>/people")
@fresh_needed
def give(code: str) -> Response:
    """Give somebody a role, known or new."""
    book = book_for(ACTION, code)
    admin = signed_in()
    try:
        answers = read_form(NewRoleForm())

        def command(session: Session) -> role_grants.Given:
            person = people.create_person(
                session, email=answers.email, name=answers.name, now=now()
            )
            return role_grants.give_role(
                session,
                book=book,
                person_id=person.id,
                role=answers.role,
                given_by=admin.id,
                now=now(),
                until=answers.until,
            )

        given = write(command)
    except Invalid as refusal:
        return _page(code, request.form.to_dict(), errors_of(refusal), 422)
    except (Conflict, NotAllowed) as refusal:
        return _page(code, request.form.to_dict(), {"role": [refusal.message]}, 409)
    if given.asked is not None:
        flash(
            _(
                "Approval requested. The role starts once another admin or an approver has "
                "agreed under Approval requests."
            )
        )
    elif given.starts_at is not None and given.starts_at > now():
        flash(
            _(
                "There is no other person to approve it, so the role starts on %(day)s.",
                day=format_date(given.starts_at, locale=chosen()),
            )
        )
    elif given.starts_at is not None:
        flash(_("Done. They can sign in with a link sent to this address."))
    else:
        flash(_("This person already has this role."))
    return redirect(url_for("people.show", code=code), 303)


@pages.post("/books/<code>/people/<uuid:membership_id>/end")
@fresh_needed
def end(code: str, membership_id: UUID) -> Response:
    """End a role, at once."""
    book = book_for(ACTION, code)
    admin = signed_in()
    write(
        lambda session: role_grants.take_role(
            session, book=book, membership_id=membership_id, taken_by=admin.id, now=now()
        )
    )
    flash(_("Ended. Earlier requests and decisions of this person are not affected."))
    return redirect(url_for("people.show", code=code), 303)


@pages.post("/books/<code>/people/pause")
@fresh_needed
def pause(code: str) -> Response:
    """Set how long a role waits that an admin gives alone."""
    book = book_for(ACTION, code)
    admin = signed_in()
    try:
        days = read_form(PauseForm()).pause
        choice = write(
            lambda session: role_grants.choose_pause(
                session, book=book, days=days, made_by=admin.id, now=now()
            )
        )
    except Invalid as refusal:
        return _page(code, {"role": "member", **request.form}, errors_of(refusal), 422)
    except Conflict as refusal:
        return _page(code, {"role": "member", **request.form}, {"pause": [refusal.message]}, 409)
    day = format_date(choice.valid_from_on, locale=chosen())
    flash(_("Saved. It applies from %(day)s.", day=day))
    return redirect(url_for("people.show", code=code), 303)


def _page(
    code: str, values: dict[str, str], errors: dict[str, list[str]], status: int = 200
) -> Response:
    book = book_for(READ, code)
    with reading() as session:
        rows = people_queries.people_of(session, book_id=book.id, now=now(), to_come=True)
        waiting: list[tuple[requests.RequestRow, role_grants.RoleAsked]] = [
            (row, payload_of(row.kind, row.arguments))
            for row in requests.requests_for(
                session, book_ids=[book.id], kinds=[rules.ROLE], is_open=True
            )
        ]
        asked = [(wish.role, session.get_one(Person, wish.person), row) for row, wish in waiting]
        alone = not role_grants.others_of(session, book.id, but={signed_in().id}, now=now())
        pause = policy_of(session, book, today(book)).role_pause_days
    most = NUMBERS[role_grants.PAUSE]
    return page(
        "people/people.html",
        status,
        book=book,
        books=visitor().books(READ),
        gives=visitor().may(ACTION, book.id),
        rows=rows,
        now=now(),
        zone=ZoneInfo(book.time_zone),
        one_day=ONE_DAY,
        asked=asked,
        alone=alone,
        words=WORDS,
        form=Form(
            NewRoleForm(),
            PauseForm(),
            values={"pause": pause, **values},
            errors=errors,
            more={"pause": {"label": _("Days, at most %(most)s", most=most)}},
        ),
    )
