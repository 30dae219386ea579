"""What the sections of the settings share: who may change them, and how a form is carried out."""

from collections.abc import Callable

from flask import flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from ledger.db import Session
from ledger.errors import Conflict, Invalid, NotAllowed
from ledger.models.books import Book
from ledger.models.rights_log import RightsKind
from ledger.schemas.forms import Form, Made
from ledger.services.people.rights_log import record
from ledger.web.site.context import book_for, now, read_form, visitor, write
from ledger.web.site.forms import errors_of

ACTION = "change_settings"
Command = Callable[[Session, Book, Made], object]
Page = Callable[[Book, dict[str, str], dict[str, list[str]], int], Response]


def said_of_request(at_once: str) -> Callable[[object], str]:
    """Return what is said of a change that another person approves where there is one."""
    asked = _(
        "Approval requested. It applies once another admin or an approver has agreed under "
        "Approval requests."
    )
    return lambda approval_request: str(at_once if approval_request is None else asked)


def carry_out(
    code: str,
    schema: Form[Made],
    command: Command[Made],
    *,
    show: Page,
    named: dict[str, str],
    setting: str,
    said: Callable[[object], str],
) -> Response:
    """Read a form, run its command in one transaction, and lead back to the section.

    ``show`` draws the section again with what is wrong; ``named`` says which field stands for a
    place of the service. The change is written into the log of access rights as ``setting``.
    """
    book = book_for(ACTION, code)

    def noted(session: Session) -> object:
        result = command(session, session.get_one(Book, book.id), answers)
        if setting:
            record(
                session,
                kind=RightsKind.SETTING_CHANGED,
                actor=visitor().id,
                book=book.id,
                about={"setting": setting},
                now=now(),
            )
        return result

    try:
        answers = read_form(schema)
        result = write(noted)
    except (Invalid, Conflict, NotAllowed) as refusal:
        status = 422 if isinstance(refusal, Invalid) else 409
        return show(book, request.form.to_dict(), errors_of(refusal, named), status)
    flash(said(result))
    return redirect(url_for(f"{request.blueprint}.show", code=code), 303)
