"""What donors are told by mail about money that is to come, each with the link to change it.

Messages go to the outbox in the transaction that causes them; nothing is sent from here. Where a
link belongs stands its place only: whoever sends the message writes the signed link there, so that
the database holds none.
"""

from collections.abc import Callable
from datetime import date, datetime

from ledger.core.amount import is_currency
from ledger.core.days import day_in
from ledger.core.pledge_sentences import Tone
from ledger.core.vocabulary import LegalNature
from ledger.core.written import format_day, format_quantity
from ledger.db import Session
from ledger.links import PLEDGE, RECURRING, place_for
from ledger.models.books import Book
from ledger.models.campaigns import Campaign
from ledger.models.parties import Party
from ledger.models.pledges import Pledge
from ledger.models.recurring import RecurringGift
from ledger.queries.books.books import commodities
from ledger.queries.pledges.pledge_status import standings_of
from ledger.services.people.people import send

# What a message about a changed status is headed with.
SUBJECTS = {
    Tone.NEEDS_YOU: "Your payment did not go through",
    Tone.NOT_PAID: "Your payment did not go through",
    Tone.RETURNED: "About a returned payment",
}
EVERY = {"month": "every month", "year": "every year"}
NO_SIGN_IN = "You do not need to sign in. Anyone with this link can use it, so keep it private."


def tell_status(
    session: Session, *, pledge: Pledge, now: datetime, subject: str | None = None
) -> None:
    """Say what is true of a pledge now that something happened to it or to its payment."""
    found = standings_of(session, pledge_ids=[pledge.id], now=now)[pledge.id]
    sentence = found.words(_write(session), format_day)
    _tell(
        session,
        pledge,
        subject=subject or SUBJECTS.get(found.tone, f"About your pledge {pledge.reference}"),
        text=(
            f"This is about your pledge {pledge.reference} to {_title(session, pledge)}. {sentence}"
        ),
        link=place_for(PLEDGE, pledge.id) if is_currency(pledge.commodity) else "",
        now=now,
    )


def tell_arrived(session: Session, *, pledge: Pledge, now: datetime) -> None:
    """Confirm that a payment for a pledge has arrived, with what is true of the pledge now."""
    tell_status(
        session,
        pledge=pledge,
        now=now,
        subject=f"Thank you for your contribution to {_title(session, pledge)}",
    )


def tell_card_saved(session: Session, *, pledge: Pledge, shown: str, now: datetime) -> None:
    """Say that a card is kept, for what, and when it will be charged."""
    when = (
        "We charge it only if the campaign reaches its goal by the deadline."
        if pledge.legal_nature == LegalNature.CONDITIONAL
        else "We charge it on the dates you agreed to, and tell you if a payment fails."
    )
    _tell(
        session,
        pledge,
        subject=f"Your card is saved for {_title(session, pledge)}",
        text=(
            f"We have saved {_card(shown)} for your pledge {pledge.reference} of "
            f"{_write(session)(pledge.quantity, pledge.commodity)}. {when}"
        ),
        link=place_for(PLEDGE, pledge.id),
        now=now,
    )


def tell_card_failed(
    session: Session,
    *,
    pledge: Pledge,
    amount: int,
    tries_again_at: datetime | None,
    now: datetime,
) -> None:
    """Say that a charge did not come through, and what its donor can do."""
    zone = session.get_one(Book, pledge.book_id).time_zone
    again = (
        f"We will try again on {format_day(day_in(zone, tries_again_at))}. You do not need to act."
        if tries_again_at is not None
        else "We cannot try again without you, because your bank wants you to confirm the payment."
    )
    _tell(
        session,
        pledge,
        subject=f"Your payment for {_title(session, pledge)} did not go through",
        text=(
            f"Your bank did not pay {_write(session)(amount, pledge.commodity)} for your pledge "
            f"{pledge.reference}. You were not charged. {again} Pay now or use another card:"
        ),
        link=place_for(PLEDGE, pledge.id),
        now=now,
    )


def tell_campaign_over(session: Session, *, pledge: Pledge, reached: bool, now: datetime) -> None:
    """Say how an all-or-nothing campaign ended, and what that means for a pledge of money."""
    amount = _write(session)(pledge.quantity, pledge.commodity)
    outcome = (
        f"The campaign reached its goal. We are now charging {amount} to your card, as agreed."
        if reached
        else f"The campaign did not reach its goal. We will not charge the {amount} you pledged, "
        "and we have deleted your card details."
    )
    _tell(
        session,
        pledge,
        subject=f"{_title(session, pledge)}: {'goal reached' if reached else 'goal not reached'}",
        text=outcome,
        link=place_for(PLEDGE, pledge.id),
        now=now,
    )


def tell_declined(session: Session, *, pledge: Pledge, reason: str, now: datetime) -> None:
    """Say that hours or things that were offered are not needed, and why."""
    found = standings_of(session, pledge_ids=[pledge.id], now=now)[pledge.id]
    _tell(
        session,
        pledge,
        subject=f"About your pledge to {_title(session, pledge)}",
        text=(
            f"Thank you for pledging {_write(session)(pledge.quantity, pledge.commodity)} to "
            f"{_title(session, pledge)}. {found.words(_write(session), format_day)} "
            f"The organiser's reason: {reason}"
        ),
        link="",
        now=now,
    )


def tell_gift_begun(session: Session, *, gift: RecurringGift, now: datetime) -> None:
    """Say thank you for a recurring gift, with the link that changes or stops it."""
    _tell_of_gift(
        session,
        gift,
        subject="Thank you for your recurring contribution",
        text=(
            f"You give {_write(session)(gift.amount, gift.commodity)} {EVERY[gift.every]} to "
            f"{_campaign(session, gift)}. You can pause it, skip a payment, change the amount or "
            "the card, or stop it at any time:"
        ),
        now=now,
    )


def tell_renewal_failed(session: Session, *, gift: RecurringGift, now: datetime) -> None:
    """Say that a renewal did not come through, and how to mend it."""
    _tell_of_gift(
        session,
        gift,
        subject="Your recurring contribution did not go through",
        text=(
            f"Your bank did not pay {_write(session)(gift.amount, gift.commodity)} for "
            f"{_campaign(session, gift)}. You were not charged and owe nothing. We will try again "
            "in the next few days. To use another card, to pause or to stop, open:"
        ),
        now=now,
    )


def tell_gift_stopped(session: Session, *, gift: RecurringGift, on: date, now: datetime) -> None:
    """Say that a recurring gift has ended."""
    why = " because the payments failed" if gift.failure else ", as you asked"
    _tell_of_gift(
        session,
        gift,
        subject="Your recurring contribution has ended",
        text=(
            f"Your contribution of {_write(session)(gift.amount, gift.commodity)} "
            f"{EVERY[gift.every]} to {_campaign(session, gift)} ended on {format_day(on)}{why}. "
            "We will not charge you again. Your earlier contributions are not affected:"
        ),
        now=now,
    )


def _tell(
    session: Session, pledge: Pledge, *, subject: str, text: str, link: str, now: datetime
) -> None:
    email = session.get_one(Party, pledge.party_id).email
    # Whoever was erased has no address any more.
    if not email:
        return
    send(
        session,
        to_email=email,
        subject=subject,
        body=f"{text}\n\n{link}\n\n{NO_SIGN_IN}" if link else text,
        now=now,
    )


def _tell_of_gift(
    session: Session, gift: RecurringGift, *, subject: str, text: str, now: datetime
) -> None:
    email = session.get_one(Party, gift.party_id).email
    # Whoever was erased, or said that the gift is not theirs, has no address any more.
    if not email:
        return
    send(
        session,
        to_email=email,
        subject=subject,
        body=f"{text}\n\n{place_for(RECURRING, gift.id)}\n\n{NO_SIGN_IN}",
        now=now,
    )


def _write(session: Session) -> Callable[[int, str], str]:
    """Return what writes a quantity as the pages do, things by their names."""
    nouns = {code: (row.singular, row.plural) for code, row in commodities(session).items()}
    return lambda quantity, commodity: format_quantity(quantity, commodity, nouns=nouns)


def _card(shown: str) -> str:
    return f"your card {shown}" if shown else "your card"


def _title(session: Session, pledge: Pledge) -> str:
    if pledge.campaign_id is None:
        return session.get_one(Book, pledge.book_id).name
    return session.get_one(Campaign, pledge.campaign_id).title


def _campaign(session: Session, gift: RecurringGift) -> str:
    return session.get_one(Campaign, gift.campaign_id).title
