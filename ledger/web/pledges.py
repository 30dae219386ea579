"""The path of a pledge: the basket form, the way to the payment page and back, the thanks."""

from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, request, url_for
from flask_babel import gettext as _
from marshmallow import ValidationError
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from ledger import checkout
from ledger.core.amount import kind_of
from ledger.db import ReadSession
from ledger.errors import Conflict, Invalid, NotFound
from ledger.ids import new_id
from ledger.models.books import Book
from ledger.models.campaigns import Campaign
from ledger.models.pledges import Basket as BasketRow
from ledger.models.pledges import Pledge
from ledger.queries import campaigns, payments, pledges
from ledger.queries.books import commodities
from ledger.schemas.basket import Basket, Choice, lines_of_form
from ledger.services import parties
from ledger.services import pledges as pledge_services
from ledger.web.door import (
    errors_of,
    flat_messages,
    here,
    now,
    page,
    reading,
    visitor,
    write,
)

pages = Blueprint("pledges", __name__)

MONEY = "money"


@pages.get("/campaigns/<slug>/pledge")
def form(slug: str) -> Response:
    """Show the empty basket."""
    person = visitor().person
    values = {"form_key": str(new_id()), "consent": "initials"}
    if person:
        values |= {"name": person.name, "email": person.email}
    return _form(slug, MultiDict(values), {})


@pages.post("/campaigns/<slug>/pledge")
def send(slug: str) -> Response:
    """Make the pledges; what is wrong comes back with everything that was typed."""
    with reading() as session:
        campaign = campaigns.campaign_by_slug(session, slug)
        choices = _choices(session, campaign)
    try:
        answers = _read(choices)
        basket = write(
            lambda session: pledge_services.make_pledges(
                session,
                campaign=campaign,
                party=parties.find_or_create_party(
                    session,
                    name=answers["name"],
                    email=answers["email"],
                    consent=answers["consent"],
                    person_id=visitor().id,
                    now=now(),
                ),
                lines=[pledge_services.Line(**line) for line in answers["lines"]],
                form_key=answers["form_key"],
                message=answers["message"],
                consent=answers["consent"],
                now=now(),
            )
        )
    except Invalid as refusal:
        return _form(slug, request.form, _named(errors_of(refusal), choices), 422)
    except Conflict as refusal:
        return _form(slug, request.form, {"form": [refusal.message]}, 409)
    return redirect(url_for("pledges.pay", basket_id=basket.id), 303)


@pages.get("/baskets/<uuid:basket_id>/pay")
def pay(basket_id: UUID) -> Response:
    """Send the donor to the payment page for the money in the basket, if any is open."""
    with reading() as session:
        basket = _basket(session, basket_id)
        owed = _money(session, basket)
    gateway = here().gateway
    if owed is None or gateway is None:
        return redirect(url_for("pledges.thanks", basket_id=basket_id), 303)
    base = here().settings.base_url
    url = checkout.start_checkout(
        here().db,
        gateway,
        pledge_id=owed.id,
        success_url=base + url_for("pledges.back", basket_id=basket_id),
        cancel_url=base + url_for("pledges.thanks", basket_id=basket_id),
        now=now(),
    )
    return redirect(url, 303)


@pages.get("/baskets/<uuid:basket_id>/return")
def back(basket_id: UUID) -> Response:
    """Take the donor back from the payment page; what was paid is Stripe's to say, later."""
    return redirect(url_for("pledges.thanks", basket_id=basket_id, paid=1), 303)


@pages.get("/baskets/<uuid:basket_id>/thanks")
def thanks(basket_id: UUID) -> Response:
    """Say thank you, and how far each part of the basket is."""
    with reading() as session:
        basket = _basket(session, basket_id)
        campaign = session.get_one(Campaign, basket.campaign_id)
        book = session.get_one(Book, basket.book_id)
        parts = pledges.pledges_of_basket(session, basket_id=basket_id)
        attempts = {
            part.id: payments.latest_attempt(session, pledge_id=part.id)
            for part in parts
            if kind_of(part.commodity) == "money"
        }
    waiting = any(part.open for part in parts if part.id in attempts) and "paid" in request.args
    return page(
        "pledges/thanks.html",
        basket=basket,
        campaign=campaign,
        book=book,
        parts=parts,
        attempts=attempts,
        waiting=waiting,
        can_pay=here().gateway is not None,
    )


def _form(
    slug: str, values: MultiDict[str, str], errors: dict[str, list[str]], status: int = 200
) -> Response:
    with reading() as session:
        campaign = campaigns.campaign_by_slug(session, slug)
        book = session.get_one(Book, campaign.book_id)
        needs = campaigns.progress(session, campaign_id=campaign.id)
        choices = {choice.commodity: choice for choice in _choices(session, campaign)}
    return page(
        "pledges/form.html",
        status,
        campaign=campaign,
        book=book,
        needs=needs,
        choices=choices,
        values=values,
        errors=errors,
    )


def _choices(session: ReadSession, campaign: Campaign) -> list[Choice]:
    known = commodities(session)
    offered = [need.commodity for need in campaigns.needs_of(session, campaign_id=campaign.id)]
    if campaign.commodity not in offered:
        offered.insert(0, campaign.commodity)
    return [
        Choice(MONEY if code == campaign.commodity else f"give-{code}", code, known[code].exponent)
        for code in offered
    ]


def _read(choices: list[Choice]) -> dict[str, Any]:
    lines, problems = lines_of_form(request.form, choices)
    raw = {
        name: request.form.get(name, "")
        for name in ("name", "email", "consent", "message", "form_key")
    }
    try:
        answers: dict[str, Any] = Basket().load({**raw, "lines": lines})
    except ValidationError as error:
        found = flat_messages(error.messages_dict)
        if problems:
            found.pop("lines", None)
        problems = {**found, **problems}
    if problems:
        raise Invalid(_("Some answers need another look."), messages=problems)
    return answers


def _named(errors: dict[str, list[str]], choices: list[Choice]) -> dict[str, list[str]]:
    """Give sentences about a commodity the name of its field."""
    names = {choice.commodity: choice.name for choice in choices}
    return {names.get(key, key): sentences for key, sentences in errors.items()}


def _basket(session: ReadSession, basket_id: UUID) -> BasketRow:
    basket = session.get(BasketRow, basket_id)
    if basket is None:
        raise NotFound(_("There is no such basket."))
    return basket


def _money(session: ReadSession, basket: BasketRow) -> Pledge | None:
    """Return the money pledge of a basket that still waits for its payment."""
    for part in pledges.pledges_of_basket(session, basket_id=basket.id):
        if kind_of(part.commodity) == "money" and part.open:
            return session.get_one(Pledge, part.id)
    return None
