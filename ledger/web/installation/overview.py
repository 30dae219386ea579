"""The installation at a glance, and what the doctor finds; for installation admins only."""

from flask import Blueprint, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from ledger.core.written import format_day
from ledger.db import ReadSession
from ledger.doctor import Patient, examine
from ledger.models.jobs import Heartbeat
from ledger.queries.books.books import all_books
from ledger.queries.jobs.installation import jobs_given_up
from ledger.queries.jobs.outbox import waiting_now
from ledger.queries.payments.stripe_balance import account_of, book_for_account
from ledger.queries.people.people import installation_admins
from ledger.services.jobs.jobs import BACKUP
from ledger.web.site.context import here, installation_admin, now, page, reading
from ledger.web.site.locale import chosen

pages = Blueprint("installation", __name__)


@pages.get("/installation")
def show() -> Response:
    """Show each part of the installation with its state in a line."""
    installation_admin()
    with reading() as session:
        books = len(all_books(session))
        given_up = jobs_given_up(session)
        waiting = waiting_now(session)
        stripe = _stripe(session)
        backup = session.get(Heartbeat, BACKUP)
        admins = installation_admins(session, now=now())
    last = _("Last on %(day)s", day=format_day(backup.at.date(), chosen())) if backup else ""
    return page(
        "installation/overview.html",
        sections=[
            (
                _("Books"),
                url_for("installation_books.show"),
                ngettext("%(num)s book", "%(num)s books", books),
            ),
            (
                _("Jobs"),
                url_for("installation_jobs.show"),
                ngettext("%(num)s job failed", "%(num)s jobs failed", given_up)
                if given_up
                else _("None failed"),
            ),
            (
                _("Mail"),
                url_for("installation_mail.show"),
                ngettext("%(num)s message waits", "%(num)s messages wait", waiting),
            ),
            (_("Stripe"), "", stripe),
            (_("Backups"), "", last or _("None was made yet. Run poolbook backup by a timer.")),
            (
                _("Health"),
                url_for("installation.health"),
                _("Check every part, with the cure where one is not well"),
            ),
        ],
        admins=admins,
    )


@pages.get("/installation/health")
def health() -> Response:
    """Examine every part now, as `poolbook doctor` does."""
    installation_admin()
    parts = here()
    found = examine(Patient(parts.settings, parts.db, parts.gateway, now()))
    return page("installation/health.html", found=found, ok=all(row.ok for row in found))


def _stripe(session: ReadSession) -> str:
    """Say which account the books follow, and which book owns it."""
    account = account_of(session)
    if account is None:
        return str(_("Connected, but not heard of yet") if here().gateway else _("Not connected"))
    mode = _("Live payments") if account.livemode else _("Test mode: no real payments")
    if account.sandbox:
        mode = _("Sandbox: no real payments")
    book = book_for_account(session)
    owner = ""
    if book is not None and account.book_id:
        owner = _("payouts and fees go to %(name)s", name=book.name)
    elif book is not None:
        owner = _(
            "shared payouts and fees go to %(name)s until an owner is named on the server: "
            "poolbook stripe assign CODE",
            name=book.name,
        )
    return " · ".join(part for part in (mode, account.account_id, owner) if part)
