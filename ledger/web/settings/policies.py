"""Settings of a book: its policies, what each means, and who approves a change."""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as later
from werkzeug.wrappers import Response

from ledger.core import approval_rules
from ledger.core.policies import profile
from ledger.db import Session
from ledger.models.books import Book
from ledger.queries.approvals.requests import requests_for
from ledger.queries.approvals.rules import POLICY
from ledger.queries.books.policies import choices_of, policy_of
from ledger.schemas.settings import CHOSEN_HERE, PolicyForm
from ledger.services.approvals import settings
from ledger.services.approvals.role_grants import PAUSE
from ledger.services.approvals.settings import PolicyChange
from ledger.web.identity.sessions import fresh_needed, held_answers
from ledger.web.settings.section import ACTION, carry_out, said_of_request
from ledger.web.site.context import book_for, now, page, reading, signed_in, today
from ledger.web.site.forms import Form

pages = Blueprint("policy_settings", __name__)
# What each policy decides, in a sentence; the keys are those of ``core.policies``.
MEANINGS = {
    "promises": later("Which unconditional pledges are owed: all, documented ones, or none."),
    "services": later("Whether specialised hours are income and cost, or a statistic."),
    "use": later("Whether the free use of equipment is income and cost, or a statistic."),
    "release_on_service": later(
        "Whether equipment leaves its restricted fund once it is in use: always, by the donor's "
        "terms, or never."
    ),
    "capitalise_from": later(
        "From which value an item is equipment and not a low-value item, in whole units of the "
        "currency."
    ),
    "lapse_after_days": later("After how many days a pledge that is not owed expires."),
    "hours_window_days": later("After how many days logged hours need an approver."),
    "allowance_points": later(
        "Which share of a receivable may never be paid, up to 30, 60, 90 and more days overdue, "
        "in hundredths of a percent."
    ),
    "discount_points": later(
        "The yearly discount rate of long pledges, in hundredths of a percent."
    ),
    "holdback_points": later(
        "Which share of recent card payments a pool does not allocate yet, in hundredths of a "
        "percent."
    ),
    "holdback_days": later("For how many days it holds that share back."),
    "debit_return_days": later("For how many days a bank debit can be returned."),
    PAUSE: later("How many days a role waits that no second person can approve."),
    "payment_methods": later("Which kinds of payment a payment page offers."),
    approval_rules.KEY: later("How many people approve a request, from which amount upwards."),
}


@dataclass(frozen=True, slots=True)
class Shown:
    """One policy as an admin sees it; ``is_chosen`` where the book departs from its profile."""

    key: str
    meaning: Any
    value: str
    usual: str
    is_chosen: bool


@pages.get("/books/<code>/settings/policies")
def show(code: str) -> Response:
    """Show what each policy means and what holds today."""
    return _page(book_for(ACTION, code), held_answers(), {})


@pages.post("/books/<code>/settings/policies")
@fresh_needed
def choose(code: str) -> Response:
    """Ask for another value of a policy; another person agrees where there is one."""

    def command(session: Session, book: Book, answers: dict[str, Any]) -> object:
        reason = answers.pop("reason")
        return settings.request_policy(
            session,
            book=book,
            change=PolicyChange(**answers),
            reason=reason,
            made_by=signed_in().id,
            now=now(),
        )

    return carry_out(
        code,
        PolicyForm(),
        command,
        show=_page,
        named=dict.fromkeys(CHOSEN_HERE, "value"),
        # The service writes it down when it holds.
        setting="",
        said=said_of_request(_("Saved. It applies from the day you entered.")),
    )


def _page(
    book: Book, values: dict[str, str], errors: dict[str, list[str]], status: int = 200
) -> Response:
    with reading() as session:
        waiting = requests_for(session, book_ids=[book.id], kinds=[POLICY], is_open=True)
        present = policy_of(session, book, today(book)).document()
        chosen = choices_of(session, book, today(book))
    usual = profile(book.profile).document()
    rows = [
        Shown(key, meaning, _text(present[key]), _text(usual[key]), key in chosen)
        for key, meaning in MEANINGS.items()
    ]
    return page(
        "settings/policies.html",
        status,
        book=book,
        rows=rows,
        waiting=waiting,
        own_pages={
            PAUSE: url_for("people.show", code=book.code),
            approval_rules.KEY: url_for("approvals.rules", code=book.code),
        },
        form=Form(
            PolicyForm(),
            values={"valid_from_on": today(book).isoformat(), **values},
            errors=errors,
            options={"key": [(key, key.replace("_", " ")) for key in CHOSEN_HERE]},
        ),
    )


def _text(value: Any) -> str:
    """Return a policy's value in words."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(str(part) for part in value)
    return str(value)
