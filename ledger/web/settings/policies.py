"""Settings of a book: its policies, what each means, and asking for another value of one."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import Blueprint, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as later
from werkzeug.wrappers import Response

from ledger.core import approval_rules
from ledger.core.policies import profile
from ledger.db import Session
from ledger.errors import NotFound
from ledger.models.books import Book
from ledger.queries.approvals.requests import requests_for
from ledger.queries.approvals.rules import POLICY
from ledger.queries.books.policies import choices_of, policy_of
from ledger.schemas.first_visit import PROFILE_NAMES
from ledger.schemas.policies import KINDS, NewValue, policy_form
from ledger.services.approvals import settings
from ledger.services.approvals.role_grants import PAUSE
from ledger.services.approvals.settings import PolicyChange
from ledger.web.identity.sessions import fresh_needed, held_answers
from ledger.web.settings.policy_values import in_words, typed
from ledger.web.settings.section import ACTION, carry_out, said_of_request
from ledger.web.site.context import book_for, now, page, reading, signed_in, today
from ledger.web.site.forms import Form

pages = Blueprint("policy_settings", __name__)
# What each policy decides, in a sentence; the keys are those of ``core.policies``.
MEANINGS = {
    "promises": later("Unconditional pledges that are owed"),
    "services": later("Specialised volunteer hours are income and cost, not only a statistic"),
    "use": later("Free use of equipment is income and cost, not only a statistic"),
    "release_on_service": later("Equipment leaves its restricted fund once it is in use"),
    "capitalise_from": later("An item is equipment, not a low-value item, from this value"),
    "lapse_after_days": later("A pledge that is not owed expires after"),
    "hours_window_days": later("Logged hours need an approver after"),
    "allowance_points": later(
        "Share of a receivable that may never be paid, up to 30, 60, 90 and more days overdue"
    ),
    "discount_points": later("Yearly discount rate of long pledges"),
    "holdback_points": later("Share of recent card payments that a pool does not allocate yet"),
    "holdback_days": later("A pool holds that share back for"),
    "debit_return_days": later("A bank debit can be returned for"),
    "payment_methods": later("Kinds of payment that a payment page offers"),
    PAUSE: later("A role waits, if no second person can approve it, for"),
    approval_rules.KEY: later("People who approve a request"),
}


@dataclass(frozen=True, slots=True)
class Shown:
    """One policy as an admin sees it; ``is_chosen`` where the book departs from its profile."""

    meaning: Any
    value: str
    usual: str
    is_chosen: bool
    address: str


@pages.get("/books/<code>/settings/policies")
def show(code: str) -> Response:
    """Show what each policy means and what holds today."""
    book = book_for(ACTION, code)
    with reading() as session:
        waiting = requests_for(session, book_ids=[book.id], kinds=[POLICY], is_open=True)
        present = policy_of(session, book, today(book))
        chosen = choices_of(session, book, today(book))
    usual = profile(book.profile)
    elsewhere = {
        PAUSE: url_for("people.show", code=book.code),
        approval_rules.KEY: url_for("approvals.rules", code=book.code),
    }
    rows = [
        Shown(
            meaning,
            in_words(key, present, book.commodity),
            in_words(key, usual, book.commodity),
            key in chosen,
            elsewhere.get(key) or url_for(".edit", code=book.code, policy=key),
        )
        for key, meaning in MEANINGS.items()
    ]
    return page(
        "settings/policies.html",
        book=book,
        rows=rows,
        waiting=waiting,
        profile=PROFILE_NAMES[book.profile],
    )


@pages.get("/books/<code>/settings/policies/<policy>")
def edit(code: str, policy: str) -> Response:
    """Show the form that asks for another value."""
    return _page(book_for(ACTION, code), policy, held_answers(), {})


@pages.post("/books/<code>/settings/policies/<policy>")
@fresh_needed
def choose(code: str, policy: str) -> Response:
    """Ask for another value of a policy; another person agrees where there is one."""
    book = book_for(ACTION, code)
    _check_known(policy)

    def command(session: Session, book: Book, answers: NewValue) -> object:
        change = PolicyChange(policy, answers.value, answers.valid_from_on)
        return settings.request_policy(
            session,
            book=book,
            change=change,
            reason=answers.reason,
            made_by=signed_in().id,
            now=now(),
        )

    def again(
        book: Book, values: dict[str, str], errors: dict[str, list[str]], status: int
    ) -> Response:
        return _page(book, policy, values, errors, status)

    return carry_out(
        code,
        policy_form(policy, book.commodity),
        command,
        show=again,
        named={policy: "value"},
        # The service writes it down when it holds.
        setting="",
        said=said_of_request(_("Saved. It applies from the day you entered.")),
    )


def _check_known(policy: str) -> None:
    if policy not in KINDS:
        raise NotFound(_("This page does not exist."))


def _page(
    book: Book,
    policy: str,
    values: dict[str, str],
    errors: dict[str, list[str]],
    status: int = 200,
) -> Response:
    _check_known(policy)
    day: date = today(book)
    with reading() as session:
        present = policy_of(session, book, day)
    given = {"value": typed(policy, present), "valid_from_on": day.isoformat()}
    return page(
        "settings/policy.html",
        status,
        book=book,
        policy=policy,
        meaning=MEANINGS[policy],
        usual=in_words(policy, profile(book.profile), book.commodity),
        form=Form(policy_form(policy, book.commodity), values={**given, **values}, errors=errors),
    )
