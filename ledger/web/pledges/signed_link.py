"""A pledge by its signed link: what is due, the card it is paid with, and the way to pay now.

The link is the key: whoever holds it need not sign in, and can do nothing else with it.
"""

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from ledger.core.days import day_in
from ledger.errors import NotFound
from ledger.links import PLEDGE
from ledger.models.books import Book
from ledger.models.campaigns import Campaign
from ledger.models.parties import Party
from ledger.models.pledges import Pledge
from ledger.queries.books.details import details_of
from ledger.queries.payments.payments import latest_attempt
from ledger.queries.pledges import pledge_status, pledges, saved_cards
from ledger.services.pledges import pledges as pledge_services
from ledger.stripe import checkout
from ledger.web.pledges.payment import came_back, count_try
from ledger.web.site.context import gateway, here, links, now, page, reading, write

pages = Blueprint("promises", __name__)


@pages.get("/promises/<token>")
def show(token: str) -> Response:
    """Show one pledge of money to whoever holds its link."""
    pledge = _pledge(token)
    is_unsure = False
    if "back" in request.args:
        with reading() as session:
            attempt = latest_attempt(session, pledge_id=pledge.id)
        is_unsure = not came_back(attempt)
        pledge = _pledge(token)
    with reading() as session:
        book = session.get_one(Book, pledge.book_id)
        details = details_of(session, book.id)
        campaign = session.get(Campaign, pledge.campaign_id) if pledge.campaign_id else None
        row = pledges.pledge_row(session, pledge.id)
        mandate = saved_cards.mandate_of(session, pledge_id=pledge.id)
        parts = saved_cards.parts_of(session, pledge_id=pledge.id)
        today = day_in(book.time_zone, now())
        due = saved_cards.amount_due(session, pledge, today)
        found = pledge_status.standings_of(
            session, pledge_ids=[pledge.id], now=now(), is_unsure=is_unsure
        )[pledge.id]
        on_its_way = saved_cards.under_way(session, pledge_id=pledge.id)
    return page(
        "pledges/signed_link.html",
        pledge=row,
        cover=pledge.cover,
        book=book,
        details=details,
        campaign=campaign,
        mandate=mandate,
        parts=parts,
        due=due,
        on_its_way=on_its_way,
        found=found,
        token=token,
        can_pay=here().gateway is not None,
    )


@pages.post("/promises/<token>/pay")
def pay(token: str) -> Response:
    """Send the donor to the payment page for what is due."""
    pledge = _counted(token)
    url = checkout.start_checkout(here().db, gateway(), pledge_id=pledge.id, **_way(token))
    return redirect(url, 303)


@pages.post("/promises/<token>/card")
def card(token: str) -> Response:
    """Send the donor to a page that saves a card, or another one."""
    pledge = _counted(token)
    url = checkout.start_setup(here().db, gateway(), pledge_id=pledge.id, **_way(token))
    return redirect(url, 303)


@pages.post("/promises/<token>/cancel")
def cancel(token: str) -> Response:
    """Take back what is still open of the pledge."""
    pledge = _pledge(token)
    with reading() as session:
        zone = session.get_one(Book, pledge.book_id).time_zone
    write(
        lambda session: pledge_services.cancel_pledge(
            session, pledge_id=pledge.id, on=day_in(zone, now()), now=now()
        )
    )
    flash(_("The open part of your pledge is cancelled, and we have deleted your card details."))
    return redirect(url_for("promises.show", token=token), 303)


def _way(token: str) -> dict[str, Any]:
    """Return where the payment page leads back to, and when it is asked for."""
    base = here().settings.base_url
    return {
        "success_url": base + url_for("promises.show", token=token, back=1),
        "cancel_url": base + url_for("promises.show", token=token),
        "now": now(),
    }


def _counted(token: str) -> Pledge:
    pledge = _pledge(token)
    with reading() as session:
        email = session.get_one(Party, pledge.party_id).email
    count_try(book_id=pledge.book_id, about=pledge.id, email=email)
    return pledge


def _pledge(token: str) -> Pledge:
    pledge_id: UUID = links().read(PLEDGE, token)
    with reading() as session:
        pledge = session.get(Pledge, pledge_id)
    if pledge is None:
        raise NotFound(_("This pledge no longer exists."))
    return pledge
