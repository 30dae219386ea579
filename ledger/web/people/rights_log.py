"""The log of rights of a book, for auditors and admins: pages, and all of it for a spreadsheet."""

import csv
import io
from collections.abc import Sequence
from uuid import UUID

from flask import Blueprint, current_app
from flask_babel import lazy_gettext as later
from werkzeug.wrappers import Response

from ledger.models.rights_log import RightsEvent, RightsKind
from ledger.queries.people import rights_log
from ledger.queries.people.people import names_of
from ledger.services.people.rights_log import record
from ledger.web.site.context import book_for, now, page, reading, row_asked, visitor, write

pages = Blueprint("rights_log", __name__)
ACTION = "read_rights_log"
COLUMNS = ("number", "at", "kind", "actor", "person", "role", "details")
WORDS = {
    RightsKind.SIGNED_IN: later("Signed in"),
    RightsKind.CONFIRMED: later("Confirmed their identity"),
    RightsKind.SIGNED_OUT: later("Signed out"),
    RightsKind.FACTOR_FAILED: later("Failed the second step of sign-in"),
    RightsKind.FACTOR_ADDED: later("Added a second factor"),
    RightsKind.FACTOR_REMOVED: later("Removed a second factor"),
    RightsKind.FACTORS_RESET: later("Reset a person’s second factors"),
    RightsKind.ROLE_ASKED: later("Requested a role"),
    RightsKind.ROLE_GRANTED: later("Granted a role"),
    RightsKind.ROLE_REFUSED: later("Rejected a role"),
    RightsKind.ROLE_ENDED: later("Ended a role"),
    RightsKind.TOKEN_MADE: later("Created a token"),
    RightsKind.TOKEN_ENDED: later("Revoked a token"),
    RightsKind.SETTING_CHANGED: later("Changed a setting"),
    RightsKind.DATA_EXPORTED: later("Exported data"),
    RightsKind.PERSONAL_DATA_DOWNLOADED: later("Downloaded personal data"),
    RightsKind.PERSON_ERASED: later("Erased a person"),
}


@pages.get("/books/<code>/rights")
def show(code: str) -> Response:
    """Show what happened to rights in a book, newest first."""
    book = book_for(ACTION, code)
    with reading() as session:
        found = rights_log.page_of_book(session, book_id=book.id, after=row_asked("rights"))
        names = names_of(session, _people(found.rows))
    return page(
        "people/rights_log.html", book=book, found=found, names=names, words=WORDS, UUID=UUID
    )


@pages.get("/books/<code>/rights.csv")
def download(code: str) -> Response:
    """Download all of it, people by their ids, and log that."""
    book = book_for(ACTION, code)
    write(
        lambda session: record(
            session,
            kind=RightsKind.DATA_EXPORTED,
            actor=visitor().id,
            book=book.id,
            about={"format": "rights.csv"},
            now=now(),
        )
    )
    with reading() as session:
        rows = rights_log.events_of_book(session, book_id=book.id)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(_cells(row) for row in rows)
    answer = current_app.response_class(out.getvalue(), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="{book.code}-rights.csv"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _cells(row: RightsEvent) -> list[str | int]:
    """Return the cells of an event. None begins like a formula: ``record`` lets no such text in."""
    about = dict(row.about)
    return [
        row.seq or "",
        row.at.isoformat(),
        row.kind,
        str(row.actor_id or ""),
        about.pop("person", ""),
        about.pop("role", ""),
        " ".join(f"{name}={value}" for name, value in sorted(about.items())),
    ]


def _people(rows: Sequence[RightsEvent]) -> set[UUID]:
    """Return whom the events name."""
    found = {row.actor_id for row in rows if row.actor_id}
    return found | {UUID(row.about["person"]) for row in rows if "person" in row.about}
