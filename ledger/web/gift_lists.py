"""A list of gifts (CSV, XLSX): a person says what its columns are and what it is for, looks, and
books all of it at once."""

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.wrappers import Response

from ledger.db import ReadSession
from ledger.errors import Invalid, NotFound, PoolbookError
from ledger.models.books import Book
from ledger.models.campaigns import Campaign
from ledger.queries.books import funds_of
from ledger.schemas.gift_lists import MEANINGS, gift_mapping
from ledger.services import gift_lists, tables
from ledger.statements import GiftList, Reading, read_gifts, reading_of_gifts
from ledger.web import table_forms
from ledger.web.door import book_for, now, page, read_form, reading, signed_in, write

pages = Blueprint("gift_lists", __name__)

GIFTS_SHOWN = 10
LEADS_TO = "by_hand.index"


@pages.get("/books/<code>/gifts")
def choose(code: str) -> Response:
    """Ask for a list of gifts."""
    return page("gift_lists/choose.html", book=book_for("record_cash", code), errors={})


@pages.post("/books/<code>/gifts")
def send(code: str) -> Response:
    """Keep a list and lead to the page on which its columns are said."""
    book = book_for("record_cash", code)
    try:
        file_name, data = table_forms.sent_file()
        reading_of_gifts(data, None, book.commodity)
    except Invalid as refusal:
        errors = {"file": table_forms.errors_of(refusal)["form"]}
        return page("gift_lists/choose.html", 422, book=book, errors=errors)
    return table_forms.to_mapping(book, "gifts", file_name, data)


@pages.get("/books/<code>/gifts/<uuid:draft_id>")
def show(code: str, draft_id: UUID) -> Response:
    """Show a list with the best reading of its columns."""
    book = book_for("record_cash", code)
    name, data = table_forms.draft_of(book, draft_id, "gifts")
    found = reading_of_gifts(data, None, book.commodity)
    values = table_forms.values_of(found, book.commodity, MEANINGS)
    errors = {"form": list(found.problems)} if found.problems else {}
    return _page(book, draft_id, name, found, values, errors)


@pages.post("/books/<code>/gifts/<uuid:draft_id>")
def say(code: str, draft_id: UUID) -> Response:
    """Take what a person says of a list: show what would be booked, or book it."""
    book = book_for("record_cash", code)
    name, data = table_forms.draft_of(book, draft_id, "gifts")
    if request.form.get("deed") == "drop":
        write(lambda session: tables.drop_draft(session, draft_id=draft_id))
        flash(_("The file was thrown away; nothing was booked."))
        return redirect(url_for(LEADS_TO, code=code), 303)
    found = reading_of_gifts(data, None, book.commodity)
    values = request.form.to_dict()
    gifts = preview = None
    try:
        answers = read_form(gift_mapping(table_forms.width_of(found.grid)))
        profile = table_forms.profile_of(found, answers)
        found = reading_of_gifts(data, profile, book.commodity)
        gifts = read_gifts(data, profile, book.commodity)
        if answers["deed"] == "import":
            return _import(book, draft_id, gifts, answers)
        preview = _preview(book, gifts, answers)
    except (Invalid, NotFound) as refusal:
        errors = _errors_of(refusal)
        return _page(book, draft_id, name, found, values, errors, status=422)
    return _page(book, draft_id, name, found, values, {}, gifts, preview)


def _errors_of(refusal: PoolbookError) -> dict[str, list[str]]:
    if refusal.place in ("fund", "campaign"):
        return {"purpose": [refusal.message]}
    if refusal.place == "account":
        return {"account": [refusal.message]}
    if isinstance(refusal, Invalid):
        return table_forms.errors_of(refusal)
    return {"purpose": [refusal.message]}


def _purpose(session: ReadSession, book: Book, answers: dict[str, Any]) -> gift_lists.Purpose:
    kind, _colon, named = answers["purpose"].partition(":")
    return gift_lists.purpose_of(
        session,
        book=book,
        fund=named if kind == "fund" else "",
        campaign=named if kind == "campaign" else "",
        account=int(answers["account"]),
    )


def _preview(book: Book, gifts: GiftList, answers: dict[str, Any]) -> gift_lists.GiftsImported:
    with reading() as session:
        return gift_lists.preview_gifts(
            session,
            purpose=_purpose(session, book, answers),
            gifts=gifts,
            without_email=answers["without_email"],
            now=now(),
        )


def _import(book: Book, draft_id: UUID, gifts: GiftList, answers: dict[str, Any]) -> Response:
    person = signed_in()

    def keep(session: Any) -> gift_lists.GiftsImported:
        done = gift_lists.import_gifts(
            session,
            purpose=_purpose(session, book, answers),
            gifts=gifts,
            without_email=answers["without_email"],
            by=person.id,
            now=now(),
        )
        tables.drop_draft(session, draft_id=draft_id)
        return done

    done = write(keep)
    flash(
        _(
            "%(new)s gifts were booked, %(known)s were booked before; %(givers)s givers are new.",
            new=done.new,
            known=done.known,
            givers=done.new_givers,
        )
    )
    return redirect(url_for(LEADS_TO, code=book.code), 303)


def _page(
    book: Book,
    draft_id: UUID,
    file_name: str,
    found: Reading,
    values: dict[str, str],
    errors: dict[str, list[str]],
    gifts: GiftList | None = None,
    preview: gift_lists.GiftsImported | None = None,
    status: int = 200,
) -> Response:
    with reading() as session:
        funds = [fund for fund in funds_of(session, book.id) if fund.fund_class != "agency"]
        campaigns = session.scalars(
            select(Campaign)
            .where(Campaign.book_id == book.id, Campaign.state != "draft")
            .order_by(Campaign.opens_on.desc(), Campaign.slug)
        ).all()
    purposes = [(f"fund:{fund.code}", fund.name) for fund in funds]
    purposes += [
        (f"campaign:{one.slug}", _("Campaign: %(title)s", title=one.title)) for one in campaigns
    ]
    return page(
        "gift_lists/show.html",
        status,
        book=book,
        draft_id=draft_id,
        file_name=file_name,
        columns=table_forms.columns_of(found),
        lines=table_forms.heading_lines(found.grid),
        purposes=purposes,
        values=values,
        errors=errors,
        preview=preview,
        samples=gifts.gifts[:GIFTS_SHOWN] if gifts else (),
    )
