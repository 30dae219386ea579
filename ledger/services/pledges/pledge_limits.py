"""How many pledges a visitor may send, a campaign takes from unconfirmed givers, and how often an
address is written to before its owner has confirmed it.

A pledge that is paid, for which a card is saved, or whose giver confirms the address counts no
more: families and halls that share a connection are not held up.
"""

from datetime import datetime
from uuid import UUID

from ledger.core.bounds import LONGEST_LINE
from ledger.core.vocabulary import Role
from ledger.db import ReadSession, Session
from ledger.links import Links
from ledger.models.books import Book
from ledger.models.campaigns import Campaign
from ledger.queries.people.people import emails_with_role
from ledger.services.jobs import rate_limits
from ledger.services.jobs.rate_limits import DAY, HOUR, MINUTE, Limit, Subject
from ledger.services.people import people, sign_in_links

SENT = "pledge_form"
UNCONFIRMED = "unconfirmed_pledge"
TOLD = "flood_notice"
LINK = "confirmation_link"
PER_VISITOR = 12
PER_VISITOR_AT_MOST = 60
PER_CAMPAIGN = 60
LINKS_PER_ADDRESS = 3

TOO_MANY = (
    "Too many pledges were sent from your connection in the last hour. Your answers are kept "
    "below; please send them again later."
)


def is_over(session: ReadSession, *, visitor: str, key: str, now: datetime) -> bool:
    """Tell whether a visitor has sent so many pledges that a further giver confirms first."""
    limit = Limit(PER_VISITOR, HOUR, TOO_MANY)
    return any(
        rate_limits.exceeds(session, kind=SENT, subject=subject, key=key, now=now)
        for subject in rate_limits.visitor(visitor, limit)
    )


def is_flooded(session: ReadSession, *, campaign: Campaign, key: str, now: datetime) -> bool:
    """Tell whether a campaign has so many unconfirmed pledges that the next wait in a queue."""
    subject = Subject(_name(campaign), (Limit(PER_CAMPAIGN, 10 * MINUTE, TOO_MANY),))
    return rate_limits.exceeds(session, kind=UNCONFIRMED, subject=subject, key=key, now=now)


def count_sent(
    session: Session,
    *,
    campaign: Campaign,
    basket_id: UUID,
    visitor: str,
    is_confirmed: bool,
    key: str,
    now: datetime,
) -> None:
    """Count a pledge form that made a basket. Raises RateLimited above what a visitor may send."""
    limit = Limit(PER_VISITOR_AT_MOST, HOUR, TOO_MANY)
    rate_limits.count(
        session,
        kind=SENT,
        subjects=rate_limits.visitor(visitor, limit),
        key=key,
        now=now,
        about=basket_id,
    )
    if not is_confirmed:
        rate_limits.count(
            session,
            kind=UNCONFIRMED,
            subjects=[Subject(_name(campaign))],
            key=key,
            now=now,
            about=basket_id,
        )


def tell_flood(session: Session, *, campaign: Campaign, key: str, now: datetime) -> None:
    """Tell a campaign's organisers, once a day, that pledges wait for them in a queue."""
    subject = Subject(_name(campaign), (Limit(1, DAY, TOO_MANY),))
    if rate_limits.exceeds(session, kind=TOLD, subject=subject, key=key, now=now):
        return
    rate_limits.count(session, kind=TOLD, subjects=[subject], key=key, now=now)
    book = session.get_one(Book, campaign.book_id)
    for email in emails_with_role(session, book_id=book.id, role=Role.TREASURER, now=now):
        people.send(
            session,
            to_email=email,
            subject=f"Many pledges to {campaign.title}"[:LONGEST_LINE],
            body=(
                f"More than {PER_CAMPAIGN} pledges from unconfirmed e-mail addresses were made "
                f"to {campaign.title} within ten minutes. They do not count yet. Later "
                "ones wait until you accept them, under Campaigns, Review "
                "pledges."
            ),
            now=now,
        )


def send_link(session: Session, *, email: str, links: Links, key: str, now: datetime) -> None:
    """Write to the address of a pledge so that its owner can confirm it; silently nothing above
    three messages a day, or for a pledge that has no address any more."""
    subject = rate_limits.email(email, Limit(LINKS_PER_ADDRESS, DAY, TOO_MANY))
    if not email or rate_limits.exceeds(session, kind=LINK, subject=subject, key=key, now=now):
        return
    # Whoever pledged is held to the limits of pledges; the address keeps its own.
    asked = sign_in_links.Asked([Subject("pledges")], links)
    sign_in_links.request_link(session, email=email, asked=asked, now=now)
    rate_limits.count(session, kind=LINK, subjects=[subject], key=key, now=now)


def _name(campaign: Campaign) -> str:
    return f"campaign:{campaign.id}"
