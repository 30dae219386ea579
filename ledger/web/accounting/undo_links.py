"""Where an event is undone, or its cure is found: the address of that very page, of that object.

Must not decide how an event is undone: that is ``services.undoing.ways``.
"""

from dataclasses import dataclass
from uuid import UUID

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import select

from ledger.core.states import Move
from ledger.db import ReadSession
from ledger.models.agreements import Step
from ledger.models.books import Book
from ledger.models.journal import Posting
from ledger.models.pledges import Pledge
from ledger.models.statements import MatchRule
from ledger.services.undoing.events import Event, book_of, steps_of
from ledger.services.undoing.plans import answer_for, ties_of
from ledger.services.undoing.ways import Never, Page, There
from ledger.web.site.context import visitor


@dataclass(frozen=True, slots=True)
class Answer:
    """What the page of an entry says about undoing it: a sentence, and a link with its words."""

    sentence: str
    address: str
    words: str
    here: bool = False


def answer(session: ReadSession, event: Event, book: Book) -> Answer:
    """Return how an event is undone, as the page of its entry in a book says it."""
    found = answer_for(session, event)
    if isinstance(found, There | Never):
        sentence = found.how.message if isinstance(found, There) else found.why.message
        address, words = address_of(session, found.page, event, book)
        return Answer(sentence, address, words)
    home = session.get_one(Book, book_of(session, event))
    if home.id != book.id:
        own = next((row.id for row in event.entries if row.book_id == home.id), None)
        readable = own is not None and visitor().may("read_books", home.id)
        return Answer(
            _("%(name)s booked this, and its treasurer can undo it.", name=home.name),
            url_for("journal.entry", code=home.code, entry_id=own) if readable else "",
            _("The entry of %(name)s", name=home.name),
        )
    return Answer(
        _("It is undone by an exact reversal, with everything that rests on it."),
        url_for("undo.form", code=book.code, entry_id=_id(event, book)),
        _("Undo this entry"),
        here=True,
    )


def _id(event: Event, book: Book) -> UUID:
    """Return the entry of an event that stands in a book."""
    return next(row.id for row in event.entries if row.book_id == book.id)


def address_of(session: ReadSession, page: Page, event: Event, book: Book) -> tuple[str, str]:
    """Return the address of a page about an event, and the words of the link that leads there."""
    code = book.code
    if page == Page.BANK_LINE:
        tie = next(one for one in ties_of(session, event) if one.rule != MatchRule.ENTRY)
        address = url_for("statements.undo_form", code=code, matched_id=tie.item_id)
        return address, _("Undo the match")
    if page == Page.SUSPENSE:
        address = url_for("suspense.form", code=code, txn_id=event.first.external_ref)
        return address, _("Categorise the payment")
    if page == Page.REFUND:
        pledge = _pledge_of(session, event)
        if pledge is not None:
            address = url_for("payouts.refund_form", code=code, pledge_id=pledge)
            return address, _("Refund the donor")
        return url_for("payouts.show", code=code), _("Payments and refunds")
    if page == Page.REPAY:
        address = url_for("manual_entries.form", code=code, task="donor-repaid")
        return address, _("Record the repayment")
    if page == Page.NEW_PLEDGE:
        address = url_for("manual_entries.form", code=code, task="spoken-pledge")
        return address, _("Record a new pledge")
    if page == Page.AGREEMENT:
        return _of_agreement(session, event, book)
    if page == Page.REVERSED and event.first.reverses is not None:
        address = url_for("journal.entry", code=code, entry_id=event.first.reverses)
        return address, _("The entry that was reversed")
    if page == Page.FUNDS:
        address = url_for("journal.entry", code=code, entry_id=event.first.id, _anchor="correct")
        return address, _("Move it to another fund")
    return url_for("payouts.show", code=code), _("Payments and refunds")


def _of_agreement(session: ReadSession, event: Event, book: Book) -> tuple[str, str]:
    for _step, row in steps_of(session, event):
        approved = session.scalar(
            select(Step.entry_id).where(
                Step.agreement_id == row.id, Step.name == Move.APPROVE, Step.entry_id.is_not(None)
            )
        )
        if approved is not None:
            address = url_for("undo.form", code=book.code, entry_id=approved)
            return address, _("Undo the approval")
        address = url_for("agreements.show", code=book.code, agreement=row.reference)
        return address, _("The agreement %(reference)s", reference=row.reference)
    return url_for("agreements.index", code=book.code), _("Agreements")


def _pledge_of(session: ReadSession, event: Event) -> UUID | None:
    return session.scalar(
        select(Pledge.id)
        .join(Posting, (Posting.book_id == Pledge.book_id) & (Posting.pledge == Pledge.reference))
        .where(Posting.book_id == event.first.book_id, Posting.entry_id == event.first.id)
        .limit(1)
    )
