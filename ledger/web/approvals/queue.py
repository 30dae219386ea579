"""The approver's queue: what is asked, from which book, with which evidence; yes or no."""

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from babel.dates import format_date
from flask import Blueprint, flash, redirect, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as later
from werkzeug.wrappers import Response

from ledger.core.policies import Policy
from ledger.db import ReadSession, Session
from ledger.errors import Conflict, Invalid, NotAllowed, NotFound
from ledger.models.assets import Valuation
from ledger.models.books import Book, Fund
from ledger.models.commitments import Commitment
from ledger.models.people import Person
from ledger.models.pools import Pool
from ledger.models.proposals import Proposal
from ledger.queries.approvals import requests
from ledger.queries.approvals import rules as approvals
from ledger.queries.books import journal
from ledger.queries.books.books import accounts_of, book_by_code
from ledger.queries.pledges import receivables
from ledger.queries.pools import pools
from ledger.schemas.money import Decision
from ledger.services.accounting import manual_entries, opening_balances
from ledger.services.approvals import decisions
from ledger.services.approvals.registry import payload_of
from ledger.services.pools import agreements, lifecycle
from ledger.web.identity.sessions import fresh_needed
from ledger.web.site.context import (
    now,
    page,
    read_form,
    reading,
    require_anywhere,
    signed_in,
    visitor,
    write,
)
from ledger.web.site.formatting import format_share
from ledger.web.site.locale import chosen

pages = Blueprint("queue", __name__)

# What a proposal says besides its amount: the label, the argument, and the argument that names its
# unit; else it is money of the book.
AMOUNTS: dict[str, tuple[tuple[Any, str, str], ...]] = {
    "small_gift": ((later("Quantity"), "items", "thing"),),
    "disposal": ((later("Price"), "price", ""),),
    "damaged_return": (
        (later("The harm"), "impairment", ""),
        (later("The borrower pays"), "compensation", ""),
    ),
}


@pages.get("/queue")
def show() -> Response:
    """Show what waits, with what it rests on, and what was decided lately."""
    return _page({})


@pages.post("/queue/<uuid:proposal_id>")
@fresh_needed
def decide(proposal_id: UUID) -> Response:
    """Take one decision."""
    person = signed_in()
    with reading() as session:
        proposal = session.get(Proposal, proposal_id)
    if proposal is None or not may_decide(proposal.kind, proposal.book_id):
        raise NotFound(_("There is no such proposal, or it is not yours to see."))
    try:
        answers = read_form(Decision())
        approve = answers["answer"] == "approve"
        kind = proposal.kind

        def deed(session: Session) -> Proposal:
            decisions.prepare(session, kind)
            return decisions.decide(
                session,
                proposal_id=proposal_id,
                approve=approve,
                decided_by=person.id,
                note=answers["note"],
                now=now(),
            )

        decided = write(deed)
    except NotAllowed as refusal:
        return _page({f"p-{proposal_id}": [refusal.message]}, 403)
    except Conflict as refusal:
        return _page({f"p-{proposal_id}": [refusal.message]}, 409)
    except Invalid as refusal:
        return _page({f"p-{proposal_id}": [refusal.message]}, 422)
    if decided.state == "open":
        flash(_("Noted. Somebody else has to agree as well."))
    else:
        flash(_done(decided.kind) if approve else _("Rejected; nothing was booked."))
    return redirect(url_for("queue.show"), 303)


def _done(kind: str) -> str:
    """Say what an approval has done."""
    if kind == agreements.JOINING:
        return str(_("Approved. If another community hosts the pool, its approver is asked now."))
    if kind in (agreements.OPENING, agreements.ADMISSION):
        return str(_("Approved. Nothing is booked by it."))
    return str(_("Approved and booked."))


def _page(errors: dict[str, list[str]], status: int = 200) -> Response:
    books = require_anywhere("read_queue")
    ids = [book.id for book in books]
    with reading() as session:
        waiting = [
            (row, evidence(session, row))
            for row in requests.proposals_for(session, book_ids=ids, is_open=True)
            if may_read(row.kind, row.book_id)
        ]
        rules = approvals.rules_of(session, ids, now()) if waiting else {}
        decided = [
            row
            for row in requests.proposals_for(session, book_ids=ids, is_open=False, limit=10)
            if may_read(row.kind, row.book_id)
        ]
    # What is not in the queue any more has no place of its own for its sentence.
    for place in errors.keys() - {f"p-{row.id}" for row, _found in waiting}:
        flash(" ".join(errors[place]))
    needed = {row.id: people_needed(rules[row.book_id], row) for row, _found in waiting}
    return page(
        "approvals/queue.html",
        status,
        waiting=waiting,
        needed=needed,
        decided=decided,
        errors=errors,
        may_decide=may_decide,
    )


def may_decide(kind: str, book_id: UUID) -> bool:
    """Tell whether the visitor's role approves requests of a kind in a book."""
    rights = kind in approvals.RIGHTS
    return visitor().may("decide_rights" if rights else "decide", book_id)


def may_read(kind: str, book_id: UUID) -> bool:
    """Tell whether the visitor sees requests of a kind in a book: to approve or to audit them."""
    return may_decide(kind, book_id) or "auditor" in visitor().roles(book_id)


def people_needed(policy: Policy, row: requests.ProposalRow) -> int:
    """Return how many people sign a request; one more than have where it turned out to be more."""
    by_rule = approvals.needed_by(policy, row.kind, row.arguments, row.currency)
    return max(by_rule, len(row.agreed) + 1) if row.state == "open" else by_rule


def evidence(session: ReadSession, row: requests.ProposalRow) -> dict[str, object]:
    """Return what a proposal rests on: the split, the valuation, the entry or the promise."""
    found: dict[str, object] = {}
    if row.kind == "allocation":
        found["run"] = pools.run_by_id(session, UUID(row.arguments["run"]))
    elif row.kind == "valuation":
        found["valuation"] = session.get(Valuation, UUID(row.arguments["valuation"]))
    elif row.kind in ("correction", "reversal"):
        proposal = session.get_one(Proposal, row.id)
        found["detail"] = journal.entry_detail(
            session, book_id=proposal.book_id, entry_id=UUID(row.arguments["entry"])
        )
        found["funds"] = row.arguments.get("funds", {})
    elif row.kind == receivables.KIND:
        promise = receivables.promise_behind(session, UUID(row.arguments["commitment"]))
        if not visitor().may("read_donors", row.book_id):
            promise = replace(promise, donor="")
        found["promise"] = promise
    elif row.kind == agreements.OPENING:
        found["terms"] = _terms_of_new(row)
    elif row.kind in (agreements.JOINING, agreements.ADMISSION):
        found["terms"] = _terms_of_joining(session, row)
    elif row.kind == lifecycle.EXIT:
        found["terms"] = _terms_of_exit(session, row)
    elif row.kind == approvals.ROLE:
        who = session.get_one(Person, UUID(row.arguments["person"]))
        found["terms"] = [
            (_("Who"), who.name),
            *([(_("E-mail address"), who.email)] if may_decide(row.kind, row.book_id) else []),
            (_("Role"), row.arguments["role"]),
        ]
    elif row.kind == approvals.RULE:
        kind = row.arguments["kind"].replace("_", " ") or _("every kind")
        found["terms"] = [(_("Kind"), kind), (_("People by amount"), row.arguments["rule"])]
    if row.kind == opening_balances.KIND:
        found["amounts"] = [
            (f"{line['account']} {line['fund']}", line["quantity"], line["commodity"])
            for line in row.arguments["balances"]
        ]
        return found
    book = book_by_code(session, row.book)
    if row.kind == manual_entries.KIND:
        found["terms"] = _terms_of_entry(row)
        found["legs"] = _legs(session, book, row)
    own = book.commodity
    found["amounts"] = [
        (label, row.arguments[name], row.arguments.get(unit, own))
        for label, name, unit in AMOUNTS.get(row.kind, ())
        if row.arguments[name]
    ]
    return found


def _terms_of_entry(row: requests.ProposalRow) -> list[tuple[str, str]]:
    """Return on which day what would be booked, and what the sender calls it."""
    asked = row.arguments
    day = format_date(date.fromisoformat(asked["accounting_date"]), locale=chosen())
    return [
        (_("Day"), day),
        (_("Kind"), asked["event_type"]),
        (_("Reference"), asked["external_ref"]),
    ]


def _legs(session: ReadSession, book: Book, row: requests.ProposalRow) -> list[journal.Leg]:
    """Return the exact legs that an approval would post."""
    names = {account.number: account.name for account in accounts_of(session, book.id)}
    entry = manual_entries.entry_of(book, payload_of(row.kind, row.arguments))
    return [
        journal.Leg(
            line=line,
            account=leg.account,
            account_name=names[leg.account],
            fund=leg.fund,
            commodity=leg.commodity,
            quantity=leg.quantity,
            counterparty=None,
            labels=(("function", leg.function),) if leg.function else (),
        )
        for line, leg in enumerate(entry.postings, start=1)
    ]


def _terms_of_new(row: requests.ProposalRow) -> list[tuple[str, str]]:
    """Return what an approver agrees to by opening a pool."""
    terms = row.arguments
    return [
        (_("Code"), terms["code"]),
        (_("What it is for"), terms["story"]),
        (_("Fund that keeps the money"), terms["held_fund"] or _("a new one")),
        (_("Fee of the host"), format_share(terms["fee_basis_points"], locale=chosen())),
        (_("The host's share goes to"), terms["own_fund"] or _("nowhere: it is no member")),
    ]


def _terms_of_joining(session: ReadSession, row: requests.ProposalRow) -> list[tuple[str, str]]:
    """Return who joins which pool, who is in it, and what its host takes."""
    pool = session.get_one(Pool, UUID(row.arguments["pool"]))
    members = pools.members_of(session, pool_id=pool.book_id)
    return [
        (_("Pool"), session.get_one(Book, pool.book_id).name),
        (_("Its host"), session.get_one(Book, pool.host_id).name),
        (_("Fee of the host"), format_share(pool.fee_basis_points, locale=chosen())),
        (_("Members"), ", ".join(member.name for member in members) or _("none yet")),
        (_("Who joins"), session.get_one(Book, UUID(row.arguments["member"])).name),
        (_("With the fund"), session.get_one(Fund, UUID(row.arguments["fund"])).name),
    ]


def _terms_of_exit(session: ReadSession, row: requests.ProposalRow) -> list[tuple[str, str]]:
    """Return whose share leaves which pool, and since when it is there."""
    share = session.get_one(Commitment, UUID(row.arguments["commitment"]))
    return [
        (_("Member"), session.get_one(Book, share.book_id).name),
        (_("Pool"), session.get_one(Book, share.other_id).name),
        (_("Its share"), f"{share.reference}, {format_date(share.created_at, locale=chosen())}"),
    ]
