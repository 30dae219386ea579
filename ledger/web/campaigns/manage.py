"""Campaigns as their treasurer sees them: drafted, looked at, thrown away or opened, corrected."""

from uuid import UUID

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from ledger.core.amount import kind_of
from ledger.core.vocabulary import CampaignState
from ledger.db import ReadSession, Session
from ledger.errors import Conflict, Invalid, NotFound
from ledger.models.books import Book, Fund
from ledger.models.campaigns import Campaign
from ledger.queries.books.books import commodities, fund_by_code, own_funds
from ledger.queries.campaigns import campaigns
from ledger.queries.people.people import names_of
from ledger.schemas import campaigns as schemas
from ledger.schemas.fields import asked
from ledger.services.campaigns import campaigns as service
from ledger.web.campaigns.campaigns import look_of
from ledger.web.site.context import (
    book_for,
    now,
    page,
    read_form,
    reading,
    signed_in,
    today,
    write,
)
from ledger.web.site.formatting import plain_decimal
from ledger.web.site.forms import WHOLE, Form, errors_of

pages = Blueprint("calls", __name__)

# What can be corrected whoever has promised; the names of needs besides.
WORDS = ("title", "summary", "story", "acceptance")


@pages.get("/books/<code>/campaigns")
def show(code: str) -> Response:
    """Show every campaign of a book, drafts too."""
    book = book_for("edit_campaigns", code)
    with reading() as session:
        own = campaigns.campaigns_of(session, book_id=book.id)
        needs = campaigns.progress_of(session, own)
        rows = [(row, needs[row.id]) for row in own]
        people = {person for row, _needs in rows for person in (row.made_by, row.opened_by)}
        names = names_of(session, {person for person in people if person is not None})
    return page("campaigns/manage.html", book=book, rows=rows, names=names)


@pages.get("/books/<code>/campaigns/new")
def new(code: str) -> Response:
    """Show the empty form."""
    book = book_for("edit_campaigns", code)
    values = {
        "opens_on": str(today(book)),
        "need-0": book.commodity,
        "acceptance": "all_confirmed",
    }
    return _form(book, None, values, {})


@pages.post("/books/<code>/campaigns/new")
def draft(code: str) -> Response:
    """Write a draft; nobody else sees it."""
    return _keep(book_for("edit_campaigns", code), None)


@pages.get("/books/<code>/campaigns/<uuid:campaign_id>")
def edit(code: str, campaign_id: UUID) -> Response:
    """Show a draft, to change it."""
    book = book_for("edit_campaigns", code)
    with reading() as session:
        row = _draft(session, book, campaign_id)
        values = _written(session, row)
    return _form(book, row, values, {})


@pages.post("/books/<code>/campaigns/<uuid:campaign_id>")
def change(code: str, campaign_id: UUID) -> Response:
    """Change a draft, and open it to everybody when asked to."""
    book = book_for("edit_campaigns", code)
    with reading() as session:
        row = _draft(session, book, campaign_id)
    return _keep(book, row)


@pages.get("/books/<code>/campaigns/<uuid:campaign_id>/preview")
def preview(code: str, campaign_id: UUID) -> Response:
    """Show a draft as everybody will see it."""
    book = book_for("edit_campaigns", code)
    return look_of(lambda session: _draft(session, book, campaign_id))


@pages.get("/books/<code>/campaigns/<uuid:campaign_id>/throw-away")
def ask(code: str, campaign_id: UUID) -> Response:
    """Ask whether a draft shall really be thrown away."""
    book = book_for("edit_campaigns", code)
    with reading() as session:
        row = _draft(session, book, campaign_id)
    return page("campaigns/discard.html", book=book, campaign=row, form=Form())


@pages.post("/books/<code>/campaigns/<uuid:campaign_id>/throw-away")
def throw_away(code: str, campaign_id: UUID) -> Response:
    """Throw a draft away for good."""
    book = book_for("edit_campaigns", code)
    with reading() as session:
        row = _draft(session, book, campaign_id)
    try:
        write(lambda session: service.throw_away_draft(session, campaign_id=campaign_id))
    except Conflict as refusal:
        form = Form(errors={WHOLE: [refusal.message]})
        return page("campaigns/discard.html", 409, book=book, campaign=row, form=form)
    flash(_("The draft “%(title)s” was deleted.", title=row.title))
    return redirect(url_for("calls.show", code=code), 303)


@pages.get("/books/<code>/campaigns/<slug>/correct")
def look_again(code: str, slug: str) -> Response:
    """Show an open campaign, to correct it."""
    book = book_for("edit_campaigns", code)
    with reading() as session:
        row = _open(session, book, slug)
        values = _written(session, row)
    return _form(book, row, values, {})


@pages.post("/books/<code>/campaigns/<slug>/correct")
def correct(code: str, slug: str) -> Response:
    """Correct an open campaign; its terms stay when somebody has promised by them."""
    book = book_for("edit_campaigns", code)
    with reading() as session:
        row = _open(session, book, slug)
    return _keep(book, row)


def _keep(book: Book, row: Campaign | None) -> Response:
    """Write what the form says, into a campaign or a new one; what is wrong comes back as typed."""
    person = signed_in()
    typed = request.form.to_dict()
    with reading() as session:
        offered = _offered(session, book)
        held = _held(session, row)
    # A day left empty is a day not given.
    raw = {
        name: text for name, text in (held | typed).items() if name != "deadline_on" or text.strip()
    }
    rows, problems = schemas.take_needs(raw, offered)
    try:
        answers = _answers(raw, problems)
        opens = answers.action == "open"
        needs = [*rows.values()]
        kept = write(lambda session: _write(session, book, row, answers, needs, person.id, opens))
    except Invalid as refusal:
        # The services count the needs they were given, the form its rows.
        places = {f"needs[{i}]": f"need-{n}" for i, n in enumerate(rows)}
        return _form(book, row, typed, errors_of(refusal, places), 422)
    except (Conflict, NotFound) as refusal:
        return _form(book, row, typed, errors_of(refusal), 409)
    if opens:
        flash(_("The campaign is now open to everyone."))
        return redirect(url_for("campaigns.show", slug=kept.slug), 303)
    if kept.state == CampaignState.LIVE:
        flash(_("The campaign was corrected."))
        return redirect(url_for("campaigns.show", slug=kept.slug), 303)
    flash(_("Draft saved. Nobody else sees it until you open it."))
    return redirect(url_for("calls.edit", code=book.code, campaign_id=kept.id), 303)


def _answers(raw: dict[str, str], problems: dict[str, list[str]]) -> schemas.Campaign:
    """Read all but the needs. Raises Invalid for these answers and the needs' problems at once."""
    try:
        answers = read_form(schemas.CampaignForm(), raw)
    except Invalid as refusal:
        raise Invalid(refusal.message, messages=errors_of(refusal) | problems) from refusal
    if problems:
        raise Invalid(_("Check the answers marked below."), messages=problems)
    return answers


def _write(
    session: Session,
    book: Book,
    row: Campaign | None,
    answers: schemas.Campaign,
    needs: list[service.Need],
    by: UUID,
    opens: bool,
) -> Campaign:
    terms = service.Terms(
        fund=fund_by_code(session, book.id, answers.fund),
        slug=answers.slug,
        title=answers.title,
        summary=answers.summary,
        story=answers.story,
        mode=answers.mode,
        fee_bearer=answers.fee_bearer,
        acceptance=answers.acceptance,
        currencies=answers.currencies.split(),
        opens_on=answers.opens_on,
        deadline_on=answers.deadline_on,
        needs=needs,
    )
    if row is None:
        kept = service.create_campaign(
            session,
            book=book,
            commodity=book.commodity,
            state=CampaignState.DRAFT,
            made_by=by,
            now=now(),
            **terms,
        )
    elif row.state == CampaignState.DRAFT:
        kept = service.change_draft(session, campaign_id=row.id, **terms)
    else:
        kept = service.correct_campaign(session, campaign_id=row.id, by=by, now=now(), **terms)
    if opens:
        service.open_campaign(session, campaign_id=kept.id, opened_by=by, now=now())
    return kept


def _draft(session: ReadSession, book: Book, campaign_id: UUID) -> Campaign:
    row = session.get(Campaign, campaign_id)
    if row is None or row.book_id != book.id or row.state != CampaignState.DRAFT:
        raise NotFound(_("This draft does not exist. It was opened or deleted."))
    return row


def _open(session: ReadSession, book: Book, slug: str) -> Campaign:
    row = campaigns.campaign_by_slug(session, slug)
    if row.book_id != book.id or row.state != CampaignState.LIVE:
        raise NotFound(_("This campaign does not exist, or it is not open."))
    return row


def _held(session: ReadSession, row: Campaign | None) -> dict[str, str]:
    """Return the answers that a form shows and asks for no more, as they are written."""
    if row is None or row.state == CampaignState.DRAFT:
        return {}
    if not campaigns.relied_on(session, campaign=row):
        return {"slug": row.slug}
    return {
        name: text
        for name, text in _written(session, row).items()
        if name not in WORDS and not name.startswith("label-")
    }


def _offered(session: ReadSession, book: Book) -> list[str]:
    """Return what a campaign of a book can ask for: its money, and hours and things of any kind."""
    known = commodities(session).values()
    kinds = [row for row in known if kind_of(row.code) in ("hours", "things")]
    return [book.commodity, *(row.code for row in sorted(kinds, key=lambda row: row.plural))]


def _written(session: ReadSession, row: Campaign) -> dict[str, str]:
    """Return a campaign as its form writes it."""
    fund = session.get_one(Fund, row.fund_id)
    needs = campaigns.needs_of(session, campaign_id=row.id)
    names = ("title", "slug", "summary", "story", "mode", "fee_bearer", "acceptance", "currencies")
    values = {name: str(getattr(row, name)) for name in names}
    values |= {"fund": fund.code, "opens_on": str(row.opens_on)}
    values["deadline_on"] = str(row.deadline_on or "")
    for n, need in enumerate(needs):
        values |= {
            f"need-{n}": need.commodity,
            f"label-{n}": need.label,
            f"minimum-{n}": _number(need.minimum, need.commodity),
            f"optimum-{n}": _number(need.optimum, need.commodity),
        }
    return values


def _number(quantity: int, commodity: str) -> str:
    if kind_of(commodity) == "hours":
        return f"{quantity // 60}:{quantity % 60:02}"
    return plain_decimal(quantity, commodity)


def _form(
    book: Book,
    row: Campaign | None,
    values: dict[str, str],
    errors: dict[str, list[str]],
    status: int = 200,
) -> Response:
    with reading() as session:
        funds = own_funds(session, book.id)
        offered = _offered(session, book)
        held = _held(session, row)
        # Of what is asked for still, the form has rows.
        needs = campaigns.needs_of(session, campaign_id=row.id) if row and "mode" in held else []
    return page(
        "campaigns/form.html",
        status,
        book=book,
        campaign=row,
        funds=funds,
        offered=offered,
        rows=range(schemas.ROWS),
        held=held,
        needs=needs,
        form=Form(
            schemas.CampaignForm(),
            values=values | held,
            errors=errors,
            more={f"label-{n}": asked(_("Name"), needed=True) for n in range(len(needs))},
        ),
    )
