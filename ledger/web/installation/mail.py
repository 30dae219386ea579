"""The log of outgoing mail, without what a message says, and trying failed ones again."""

from flask import Blueprint, flash, redirect, url_for
from flask_babel import ngettext
from werkzeug.wrappers import Response

from ledger.db import Session
from ledger.queries.jobs.outbox import messages_in, waiting_now
from ledger.services.jobs import outbox
from ledger.web.site.context import installation_admin, now, page, reading, write

pages = Blueprint("installation_mail", __name__)
SHOWN = 100


@pages.get("/installation/mail")
def show() -> Response:
    """Show the latest messages."""
    installation_admin()
    with reading() as session:
        rows = messages_in(session, state=None, limit=SHOWN)
        waiting = waiting_now(session)
    return page("installation/mail.html", rows=rows, waiting=waiting, shown=SHOWN)


@pages.post("/installation/mail/retry")
def retry() -> Response:
    """Have the messages sent that failed in the last three days."""
    installation_admin()

    def command(session: Session) -> int:
        return outbox.retry(session, now=now())

    again = write(command)
    flash(
        ngettext(
            "%(num)s message will be tried again.", "%(num)s messages will be tried again.", again
        )
    )
    return redirect(url_for("installation_mail.show"), 303)
