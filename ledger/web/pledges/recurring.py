"""A recurring gift by its signed link: how it stands, and pause, skip, change or stop it.

The link is the key: whoever holds it need not sign in, and can do nothing else with it. Only its
owner, signed in, can raise the amount: somebody's card pays for it.
"""

from uuid import UUID

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from marshmallow import ValidationError
from werkzeug.wrappers import Response

from ledger.core.currencies import exponent
from ledger.errors import Invalid, NotFound
from ledger.links import RECURRING
from ledger.models.parties import Party
from ledger.models.recurring import RecurringGift
from ledger.queries.payments import recurring
from ledger.schemas.fields import minor_units
from ledger.schemas.giving import Amount
from ledger.stripe import checkout
from ledger.web.pledges.payment import came_back, count_try
from ledger.web.site.context import gateway, here, links, now, page, reading, visitor
from ledger.web.site.forms import Form, errors_of

pages = Blueprint("recurring", __name__)

ACTIONS = {
    "pause": checkout.pause_gift,
    "resume": checkout.resume_gift,
    "skip": checkout.skip_next,
    "stop": checkout.stop_gift,
}


@pages.get("/gifts/<token>")
def show(token: str) -> Response:
    """Show one recurring gift to whoever holds its link."""
    if "back" in request.args:
        gift_id = links().read(RECURRING, token)
        with reading() as session:
            attempt = recurring.latest_recurring_attempt(session, gift_id=gift_id)
        came_back(attempt)
    return _page(token, {})


@pages.post("/gifts/<token>/<any(pause, resume, skip, stop):action>")
def change(token: str, action: str) -> Response:
    """Pause, resume, leave one payment out, or stop."""
    gift_id = links().read(RECURRING, token)
    ACTIONS[action](here().db, gateway(), gift_id=gift_id, now=now())
    said = {
        "pause": _("Your recurring contribution is paused. We charge nothing until you resume it."),
        "resume": _("Your recurring contribution resumes with the next payment."),
        "skip": _("The next payment is skipped. The one after it will be charged again."),
        "stop": _(
            "Your recurring contribution has ended. We will not charge you again. Thank you "
            "for your support."
        ),
    }
    flash(said[action])
    return redirect(url_for("recurring.show", token=token), 303)


@pages.post("/gifts/<token>/amount")
def amount(token: str) -> Response:
    """Give another amount from the next payment on."""
    gift_id = links().read(RECURRING, token)
    gift = _gift(gift_id)
    try:
        value = minor_units(request.form.get("amount", ""), exponent(gift.commodity))
        if value > gift.amount and not _is_owner(gift):
            raise Invalid(
                _(
                    "To give more, sign in with the e-mail address you gave with. With this "
                    "link you can only lower the amount."
                ),
                place="amount",
            )
        checkout.change_amount(here().db, gateway(), gift_id=gift_id, amount=value, now=now())
    except ValidationError as error:
        return _page(token, {"amount": [str(sentence) for sentence in error.messages]}, 422)
    except Invalid as refusal:
        return _page(token, errors_of(refusal), 422)
    flash(_("The new amount applies from the next payment."))
    return redirect(url_for("recurring.show", token=token), 303)


@pages.post("/gifts/<token>/card")
def card(token: str) -> Response:
    """Send the donor to a page that saves another card."""
    gift = _gift(links().read(RECURRING, token))
    with reading() as session:
        email = session.get_one(Party, gift.party_id).email
    count_try(book_id=gift.book_id, about=gift.id, email=email)
    base = here().settings.base_url
    url = checkout.start_new_card(
        here().db,
        gateway(),
        gift_id=gift.id,
        success_url=base + url_for("recurring.show", token=token, back=1),
        cancel_url=base + url_for("recurring.show", token=token),
        now=now(),
    )
    return redirect(url, 303)


def _is_owner(gift: RecurringGift) -> bool:
    """Tell whether the person to whom the gift belongs is signed in: a link can be passed on."""
    with reading() as session:
        owner = session.get_one(Party, gift.party_id).person_id
    return owner is not None and owner == visitor().id


def _gift(gift_id: UUID) -> RecurringGift:
    with reading() as session:
        gift = session.get(RecurringGift, gift_id)
    if gift is None:
        raise NotFound(_("This recurring contribution no longer exists."))
    return gift


def _page(token: str, errors: dict[str, list[str]], status: int = 200) -> Response:
    gift_id = links().read(RECURRING, token)
    with reading() as session:
        gift = recurring.recurring_row(session, gift_id)
    if gift is None:
        raise NotFound(_("This recurring contribution no longer exists."))
    return page(
        "pledges/recurring.html",
        status,
        gift=gift,
        token=token,
        form=Form(Amount(), values=request.form, errors=errors),
        can_pay=here().gateway is not None,
    )
