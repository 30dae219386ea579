"""A list of gifts (CSV, XLSX): a person says what its columns are and what it is for, looks, and
books all of it at once."""

from functools import partial
from typing import Any

from flask import Blueprint, flash
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import select

from ledger.bank_files import Reading, read_gifts, reading_of_gifts
from ledger.core.vocabulary import CampaignState, FundClass
from ledger.db import ReadSession, Session
from ledger.errors import Invalid, NotFound, PoolbookError
from ledger.models.books import Book
from ledger.models.campaigns import Campaign
from ledger.queries.books.books import open_funds
from ledger.schemas.gift_lists import MEANINGS, GiftTable, gift_table
from ledger.services.importing import gift_lists
from ledger.web.importing import table_forms
from ledger.web.importing.drafts import Draft, Flow, Looked, register
from ledger.web.site.context import now, read_form, reading, signed_in
from ledger.web.site.forms import Errors, errors_of

pages = Blueprint("gift_lists", __name__)

GIFTS_SHOWN = 10


def _check(book: Book, _file_name: str, data: bytes) -> Reading:
    return reading_of_gifts(data, None, book.commodity)


def _propose(draft: Draft) -> Looked:
    found = _check(draft.book, draft.file_name, draft.data)
    values = table_forms.values_of(found, draft.book.commodity, MEANINGS)
    errors = {"form": list(found.problems)} if found.problems else {}
    return Looked(values, errors, _shown(draft, found))


def _answer(draft: Draft, values: dict[str, str]) -> Looked:
    found = _check(draft.book, draft.file_name, draft.data)
    try:
        said = read_form(gift_table(table_forms.width_of(found.grid)))
        profile = table_forms.profile_of(found, said)
        found = reading_of_gifts(draft.data, profile, draft.book.commodity)
        gifts = read_gifts(draft.data, profile, draft.book.commodity)
        with reading() as session:
            preview = gift_lists.preview_gifts(
                session,
                purpose=_purpose(session, draft.book, said),
                gifts=gifts,
                without_email=said.without_email,
                now=now(),
            )
    except (Invalid, NotFound) as refusal:
        return Looked(values, _errors_of(refusal), _shown(draft, found))
    by = signed_in().id

    def keep(session: Session) -> gift_lists.GiftsImported:
        return gift_lists.import_gifts(
            session,
            purpose=_purpose(session, draft.book, said),
            gifts=gifts,
            without_email=said.without_email,
            by=by,
            now=now(),
        )

    shown = {"preview": preview, "samples": gifts.gifts[:GIFTS_SHOWN]}
    return Looked(values, {}, {**_shown(draft, found), **shown}, keep)


def _said(_book: Book, done: gift_lists.GiftsImported) -> None:
    parts = (
        ngettext("%(num)s contribution booked", "%(num)s contributions booked", done.new),
        _("%(known)s already booked before", known=done.known),
        ngettext("%(num)s new donor", "%(num)s new donors", done.new_givers),
    )
    flash(f"{', '.join(map(str, parts))}.")


def _errors_of(refusal: PoolbookError) -> Errors:
    return errors_of(
        refusal,
        {"fund": "purpose", "campaign": "purpose"},
        only=(*table_forms.FIELDS, "purpose", "account"),
        tell=True,
    )


def _purpose(session: ReadSession, book: Book, said: GiftTable) -> gift_lists.Purpose:
    kind, _colon, named = said.purpose.partition(":")
    return gift_lists.purpose_of(
        session,
        book=book,
        fund=named if kind == "fund" else "",
        campaign=named if kind == "campaign" else "",
        account=int(said.account),
    )


def _shown(draft: Draft, found: Reading) -> dict[str, Any]:
    with reading() as session:
        funds = [
            fund
            for fund in open_funds(session, draft.book.id)
            if fund.fund_class != FundClass.AGENCY
        ]
        campaigns = session.scalars(
            select(Campaign)
            .where(Campaign.book_id == draft.book.id, Campaign.state != CampaignState.DRAFT)
            .order_by(Campaign.opens_on.desc(), Campaign.slug)
        ).all()
    purposes = [(f"fund:{fund.code}", fund.name) for fund in funds]
    purposes += [
        (f"campaign:{one.slug}", _("Campaign: %(title)s", title=one.title)) for one in campaigns
    ]
    return {**table_forms.shown_of(found), "purposes": purposes}


register(
    Flow(
        pages,
        purpose="gifts",
        action="record_cash",
        templates=("importing/choose_gift_list.html", "importing/gift_list.html"),
        leads_to="manual_entries.index",
        check=_check,
        propose=_propose,
        answer=_answer,
        said=_said,
        form=partial(table_forms.form_of, gift_table(0)),
        errors_of=_errors_of,
    ),
    "gifts",
)
