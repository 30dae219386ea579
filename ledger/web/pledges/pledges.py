"""The path of a pledge: the basket form, the way to the payment page and back, the thanks."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from marshmallow import ValidationError
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from ledger.core.amount import kind_of
from ledger.core.currencies import exponent
from ledger.core.pledge_sentences import Status, Tone
from ledger.core.pledge_status import Standing
from ledger.core.recurring_status import GiftStanding, GiftStatus
from ledger.core.vocabulary import LegalNature, MandateState, RecurringState
from ledger.db import ReadSession, Session
from ledger.errors import Conflict, Invalid, NotFound, RateLimited
from ledger.ids import new_id
from ledger.models.books import Book
from ledger.models.campaigns import Campaign
from ledger.models.parties import Party
from ledger.models.pledges import Basket as BasketRow
from ledger.models.pledges import Pledge
from ledger.queries.books.books import commodities
from ledger.queries.books.details import details_of
from ledger.queries.campaigns import campaigns
from ledger.queries.payments import payments
from ledger.queries.payments import recurring as recurring_questions
from ledger.queries.pledges import pledge_figures, pledge_status, pledges, saved_cards
from ledger.schemas.basket import Basket, Choice, Offered, lines_of_form
from ledger.schemas.fields import asked
from ledger.schemas.giving import Way, WayForm
from ledger.services.payments import recurring
from ledger.services.pledges import parties, pledge_limits
from ledger.services.pledges import pledges as pledge_services
from ledger.services.pledges.offers import Line
from ledger.stripe import checkout
from ledger.web.pledges.payment import came_back, count_try, estimate
from ledger.web.site.context import (
    flat_messages,
    gateway,
    here,
    links,
    now,
    page,
    reading,
    visitor,
    write,
)
from ledger.web.site.error_handlers import TYPED_AGAIN
from ledger.web.site.formatting import noun
from ledger.web.site.forms import Form, errors_of
from ledger.web.site.visitors import came_from

pages = Blueprint("pledges", __name__)

MONEY = "money"
EVERY = ("month", "year")
# What may change within seconds of the donor's coming back from the payment page.
SOON = (
    Status.ASKING,
    Status.RECORDING,
    Status.SAVING_CARD,
    Status.NOT_PAID,
    Status.NO_CARD,
    Status.NO_CARD_FOR_PARTS,
    Status.CARD_IS_CHARGED,
    GiftStatus.NOT_STARTED,
    GiftStatus.STARTING,
    GiftStatus.FIRST_ON_ITS_WAY,
)


@dataclass(frozen=True, slots=True)
class Offer:
    """What a form offers: pledges, and money that is given every month or year, minor units."""

    lines: list[Line]
    regular: int
    every: str


@pages.get("/campaigns/<slug>/pledge")
def form(slug: str) -> Response:
    """Show the empty basket."""
    person = visitor().person
    values = {"form_key": str(new_id()), "consent": "initials", "rhythm": "once", "parts": "12"}
    if person:
        values |= {"name": person.name, "email": person.email}
    return _form(slug, MultiDict(values), {})


@pages.post("/campaigns/<slug>/pledge")
def send(slug: str) -> Response:
    """Make the pledges; what is wrong comes back with everything that was typed."""
    with reading() as session:
        campaign = campaigns.campaign_by_slug(session, slug)
        choices = _choices(session, campaign, request.form.get("currency", ""))
    try:
        answers, way = _read(choices)
        offer = _offer(campaign, answers, way)
        basket, confirms_first = write(lambda session: _make(session, slug, answers, offer))
    except RateLimited as refusal:
        answer = _form(slug, request.form, {"form": [refusal.message]}, 429)
        answer.headers["Retry-After"] = str(refusal.retry_after_seconds)
        return answer
    except Invalid as refusal:
        names = {choice.commodity: choice.name for choice in choices}
        return _form(slug, request.form, errors_of(refusal, names), 422)
    except Conflict as refusal:
        return _form(slug, request.form, {"form": [refusal.message]}, 409)
    if confirms_first:
        flash(
            _(
                "We received many pledges from your connection, so please confirm your "
                "e-mail address first. We have sent you a link. Your pledge is saved."
            )
        )
        return redirect(url_for("pledges.thanks", basket_id=basket.id), 303)
    return _to_payment(basket.id)


def stale(slug: str) -> Response:
    """Show what was typed into a form that was open for too long, to be sent again."""
    return _form(
        slug, request.form, {"form": [_("This form was open for too long. Send it again.")]}, 400
    )


TYPED_AGAIN["pledges.send"] = stale


@pages.post("/baskets/<uuid:basket_id>/confirm")
def confirm(basket_id: UUID) -> Response:
    """Send a link to the address of a pledge, with which its owner confirms it.

    Says the same whether or not a message goes out.
    """
    with reading() as session:
        basket = _basket(session, basket_id)
        email = session.get_one(Party, basket.party_id).email
    write(lambda session: _send_link(session, email))
    flash(_("We have sent a link to the e-mail address of this pledge. Open it to confirm."))
    return redirect(url_for("pledges.thanks", basket_id=basket_id), 303)


@pages.post("/baskets/<uuid:basket_id>/pay")
def pay(basket_id: UUID) -> Response:
    """Send the donor to the payment page for the money in the basket, if any is open."""
    return _to_payment(basket_id)


def _to_payment(basket_id: UUID) -> Response:
    """Open a payment page at Stripe and lead there, or to the thank-you page if nothing is due.

    Money for a campaign of all or nothing, or in parts, is charged later: there the page saves a
    card.
    """
    with reading() as session:
        basket = _basket(session, basket_id)
        gift = recurring_questions.recurring_of_basket(session, basket_id=basket_id)
        owed = _money(session, basket)
        email = session.get_one(Party, basket.party_id).email
        card = saved_cards.mandate_of(session, pledge_id=owed.id) if owed else None
        later = owed is not None and (
            owed.legal_nature == LegalNature.CONDITIONAL
            or bool(saved_cards.parts_of(session, pledge_id=owed.id))
        )
    begin = gift if gift is not None and gift.state == RecurringState.ASKED else None
    about = begin.id if begin else owed.id if owed else None
    saved = card is not None and card.state != MandateState.ASKED
    if about is None or (begin is None and saved) or here().gateway is None:
        return redirect(url_for("pledges.thanks", basket_id=basket_id), 303)
    count_try(book_id=basket.book_id, about=about, email=email)
    base = here().settings.base_url
    way: dict[str, Any] = {
        "success_url": base + url_for("pledges.back", basket_id=basket_id),
        "cancel_url": base + url_for("pledges.thanks", basket_id=basket_id),
        "now": now(),
    }
    if begin is not None:
        url = checkout.start_recurring(here().db, gateway(), gift_id=about, **way)
    elif later:
        url = checkout.start_setup(here().db, gateway(), pledge_id=about, **way)
    else:
        url = checkout.start_checkout(here().db, gateway(), pledge_id=about, **way)
    return redirect(url, 303)


@pages.get("/baskets/<uuid:basket_id>/return")
def back(basket_id: UUID) -> Response:
    """Take the donor back from the payment page; what was paid is Stripe's to say."""
    with reading() as session:
        gift = recurring_questions.recurring_of_basket(session, basket_id=basket_id)
        asked = [
            payments.latest_attempt(session, pledge_id=part.id)
            for part in pledges.pledges_of_basket(session, basket_id=basket_id)
        ]
        if gift is not None:
            asked.append(recurring_questions.latest_recurring_attempt(session, gift_id=gift.id))
    answers = [came_back(attempt) for attempt in asked]
    unsure = None if all(answers) else 1
    return redirect(url_for("pledges.thanks", basket_id=basket_id, paid=1, unsure=unsure), 303)


@pages.get("/baskets/<uuid:basket_id>/thanks")
def thanks(basket_id: UUID) -> Response:
    """Say thank you, and how far each part of the basket is."""
    is_unsure = "unsure" in request.args
    with reading() as session:
        basket = _basket(session, basket_id)
        campaign = session.get_one(Campaign, basket.campaign_id)
        book = session.get_one(Book, basket.book_id)
        details = details_of(session, book.id)
        person_id = session.get_one(Party, basket.party_id).person_id
        parts = pledges.pledges_of_basket(session, basket_id=basket_id)
        standings = pledge_status.standings_of(
            session,
            pledge_ids=[part.id for part in parts],
            now=now(),
            is_unsure=is_unsure,
        )
        figures_of = pledge_figures.figures_of_pledges(session, parts)
        cards = {part.id: saved_cards.mandate_of(session, pledge_id=part.id) for part in parts}
        schedules = {part.id: saved_cards.parts_of(session, pledge_id=part.id) for part in parts}
        begun = recurring_questions.recurring_of_basket(session, basket_id=basket_id)
        gift = recurring_questions.recurring_row(session, begun.id) if begun else None
    said: list[Standing | GiftStanding] = [standings[part.id] for part in parts]
    if gift is not None:
        said.append(gift.standing)
    return page(
        "pledges/thanks.html",
        is_confirmed=person_id is not None,
        heading=_heading(said),
        # Stripe's message may be slower than the donor.
        looks_again="paid" in request.args and any(one.status in SOON for one in said),
        is_unsure=is_unsure,
        soon=SOON,
        basket=basket,
        campaign=campaign,
        book=book,
        details=details,
        parts=parts,
        standings=standings,
        figures_of=figures_of,
        cards=cards,
        schedules=schedules,
        gift=gift,
        can_pay=here().gateway is not None,
        links=links(),
    )


def _heading(said: Sequence[Standing | GiftStanding]) -> str:
    """Return what a whole basket comes to: what is most pressing of its parts."""
    pressing = min((one.tone for one in said), key=list(Tone).index, default=Tone.RECORDED)
    headings = {
        Tone.NEEDS_YOU: _("Please check your payment"),
        Tone.NOT_PAID: _("Not paid yet"),
        Tone.ON_ITS_WAY: _("Thank you. Your payment is on its way"),
        Tone.ARRIVED: _("Thank you. Your contribution has arrived"),
        Tone.RECORDED: _("Thank you. We've recorded your pledge"),
        Tone.RETURNED: _("About your contribution"),
        Tone.ENDED: _("Your pledge has ended"),
    }
    return str(headings[pressing])


def _offers(
    choices: Sequence[Choice], needs: Sequence[campaigns.Progress]
) -> dict[str, dict[str, Any]]:
    """Return what the form says about the field of each offer: what the campaign calls it."""
    called = {need.commodity: need.label for need in needs}
    looks: dict[str, dict[str, Any]] = {}
    for one in choices:
        kind, called_else = kind_of(one.commodity), noun(one.commodity)
        if kind == "money":
            looks[one.name] = asked(called.get(one.commodity) or _("Amount"), widget="money")
            continue
        label = called.get(one.commodity) or called_else
        looks[one.name] = (
            asked(label, _("For example 6, 6:30 or 6.5"), suffix=_("hours"))
            if kind == "hours"
            else asked(label, widget="count", suffix=called_else)
        )
    return looks


def _form(
    slug: str, values: MultiDict[str, str], errors: dict[str, list[str]], status: int = 200
) -> Response:
    with reading() as session:
        campaign = campaigns.campaign_by_slug(session, slug)
        book = session.get_one(Book, campaign.book_id)
        needs = campaigns.progress(session, campaign_id=campaign.id)
        chosen = values.get("currency", "")
        choices = {choice.commodity: choice for choice in _choices(session, campaign, chosen)}
    hundred = 100 * 10 ** exponent(campaign.commodity)
    return page(
        "pledges/form.html",
        status,
        campaign=campaign,
        book=book,
        needs=needs,
        choices=choices,
        form=Form(
            Basket(),
            WayForm(),
            values=values,
            errors=errors,
            more=_offers(list(choices.values()), needs),
        ),
        currencies=[campaign.commodity, *campaign.currencies.split()],
        can_pay=here().gateway is not None,
        estimate=estimate(),
        hundred=hundred,
    )


def _choices(session: ReadSession, campaign: Campaign, currency: str) -> list[Choice]:
    """Return what a form offers; money counts in the currency chosen, if the campaign takes it."""
    known = commodities(session)
    offered = [need.commodity for need in campaigns.needs_of(session, campaign_id=campaign.id)]
    if campaign.commodity not in offered:
        offered.insert(0, campaign.commodity)
    taken = currency if currency in campaign.currencies.split() else campaign.commodity
    return [
        Choice(MONEY, taken, known[taken].exponent)
        if code == campaign.commodity
        else Choice(f"give-{code}", code, known[code].exponent)
        for code in offered
    ]


def _offer(campaign: Campaign, offered: Offered, way: Way) -> Offer:
    """Return what is pledged and what is given regularly, with the fee covered where wished."""
    lines, regular = [], 0
    for line in offered.lines:
        if kind_of(line.commodity) != "money":
            lines.append(line)
            continue
        if way.rhythm != "once" and line.commodity != campaign.commodity:
            raise Invalid(
                _(
                    "Recurring contributions and instalments must be in the campaign's own "
                    "currency."
                ),
                place="currency",
            )
        cover = estimate().cover_for(line.quantity) if way.cover else 0
        amount = line.quantity + cover
        if way.rhythm in EVERY:
            regular = amount
            continue
        parts = way.parts if way.rhythm == "parts" else 1
        lines.append(replace(line, quantity=amount, cover=cover, parts=parts))
    if way.rhythm != "once" and here().gateway is None:
        raise Invalid(
            _("Recurring contributions are paid by card, and card payments are not set up here."),
            place="rhythm",
        )
    return Offer(lines, regular, way.rhythm)


def _make(session: Session, slug: str, answers: Offered, offer: Offer) -> tuple[BasketRow, bool]:
    """Make what is offered and count it; tell whether the giver confirms their address first."""
    key = here().settings.secret_key
    # Read again where it is promised to: it may have ended or been corrected meanwhile.
    campaign = campaigns.campaign_by_slug(session, slug)
    is_new = not pledges.is_sent(session, form_key=answers.form_key)
    party = parties.party_of_form(
        session,
        giver=parties.Giver(answers.name, answers.email, answers.consent),
        form_key=answers.form_key,
        person=visitor().person,
        now=now(),
    )
    is_confirmed = party.person_id is not None
    confirms_first = not is_confirmed and pledge_limits.is_over(
        session, visitor=came_from(), key=key, now=now()
    )
    is_flooded = not is_confirmed and pledge_limits.is_flooded(
        session, campaign=campaign, key=key, now=now()
    )
    basket = pledge_services.make_pledges(
        session,
        campaign=campaign,
        party=party,
        request=pledge_services.PledgeRequest(
            lines=offer.lines,
            form_key=answers.form_key,
            message=answers.message,
            consent=answers.consent,
            name=answers.name,
            by_card=here().gateway is not None,
            besides=bool(offer.regular),
            is_queued=is_flooded,
        ),
        now=now(),
    )
    if offer.regular:
        recurring.begin(
            session,
            campaign=campaign,
            party=party,
            basket=basket,
            amount=offer.regular,
            every=offer.every,
            now=now(),
        )
    if is_new:
        pledge_limits.count_sent(
            session,
            campaign=campaign,
            basket_id=basket.id,
            visitor=came_from(),
            is_confirmed=is_confirmed,
            key=key,
            now=now(),
        )
        if is_flooded:
            pledge_limits.tell_flood(session, campaign=campaign, key=key, now=now())
        if confirms_first:
            _send_link(session, party.email)
    return basket, confirms_first and is_new


def _send_link(session: Session, email: str) -> None:
    key = here().settings.secret_key
    pledge_limits.send_link(session, email=email, links=links(), key=key, now=now())


def _read(choices: list[Choice]) -> tuple[Offered, Way]:
    lines, problems = lines_of_form(request.form, choices)
    raw = {
        name: request.form.get(name, "")
        for name in ("name", "email", "consent", "message", "form_key")
    }
    answers: Offered | None = None
    way: Way | None = None
    try:
        answers = Basket().load({**raw, "lines": lines})
    except ValidationError as error:
        found = flat_messages(error.messages_dict)
        if problems:
            found.pop("lines", None)
        problems = {**found, **problems}
    try:
        way = WayForm().load(_way())
    except ValidationError as error:
        problems = {**flat_messages(error.messages_dict), **problems}
    if answers is None or way is None or problems:
        raise Invalid(_("Check the answers marked below."), messages=problems)
    return answers, way


def _way() -> dict[str, str]:
    """Return how money is given; who sends no such answers gives once."""
    raw = {"rhythm": request.form.get("rhythm", "once")}
    if request.form.get("cover"):
        raw["cover"] = request.form["cover"]
    if raw["rhythm"] == "parts" and request.form.get("parts"):
        raw["parts"] = request.form["parts"]
    return raw


def _basket(session: ReadSession, basket_id: UUID) -> BasketRow:
    basket = session.get(BasketRow, basket_id)
    if basket is None:
        raise NotFound(_("This basket does not exist."))
    return basket


def _money(session: ReadSession, basket: BasketRow) -> Pledge | None:
    """Return the money pledge of a basket that still waits for its payment."""
    for part in pledges.pledges_of_basket(session, basket_id=basket.id):
        if kind_of(part.commodity) == "money" and part.open:
            return session.get_one(Pledge, part.id)
    return None
