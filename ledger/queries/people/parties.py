"""Questions about parties: under which commitments entries name them, what is kept about them."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Text, func, literal, or_, select, type_coerce, union_all

from ledger.core.leaf import commit_to
from ledger.db import ReadSession
from ledger.models.campaigns import Campaign
from ledger.models.hours import HoursEntry
from ledger.models.parties import Party
from ledger.models.payments import BalanceTransaction
from ledger.models.people import ApiToken, OutboxMessage, Person
from ledger.models.pledges import Basket, Pledge
from ledger.models.recurring import RecurringGift
from ledger.models.sessions import SignInSession
from ledger.paging import CARDS, Page, behind, cut
from ledger.queries.people.factors import factors_of


def labels_of(session: ReadSession, *, pledges: Collection[str]) -> dict[str, dict[str, str]]:
    """Return the labels of pledges by their references: the commitment to whoever made each, and
    its campaign. Who was erased has no commitment any more."""
    rows = session.execute(
        select(Pledge.reference, Party.salt, Party.reference, Campaign.slug)
        .join(Party, Party.id == Pledge.party_id)
        .outerjoin(Campaign, Campaign.id == Pledge.campaign_id)
        .where(Pledge.reference.in_(pledges))
    )
    return {pledge: _labels(salt, party, slug) for pledge, salt, party, slug in rows}


def labels_of_payment(session: ReadSession, txn: BalanceTransaction) -> dict[str, str]:
    """Return the labels of whoever a movement of the Stripe balance came from, as far as it is
    known: party and campaign of its pledge, or of the recurring gift that it is a part of."""
    source: Pledge | RecurringGift | None = None
    if txn.pledge_id is not None:
        source = session.get_one(Pledge, txn.pledge_id)
    elif txn.recurring_id is not None:
        source = session.get_one(RecurringGift, txn.recurring_id)
    if source is None:
        return {}
    return labels_for(session, campaign_id=source.campaign_id, party_id=source.party_id)


def labels_for(
    session: ReadSession, *, campaign_id: UUID | None, party_id: UUID | None
) -> dict[str, str]:
    """Return the labels of what a party gave to a campaign; either may be unknown."""
    campaign = session.get(Campaign, campaign_id) if campaign_id else None
    party = session.get(Party, party_id) if party_id else None
    slug = campaign.slug if campaign else None
    return _labels(party.salt if party else None, party.reference if party else "", slug)


def _labels(salt: str | None, party: str, slug: str | None) -> dict[str, str]:
    labels = {"party": commit_to(salt, party)} if salt else {}
    return {**labels, "campaign": slug} if slug else labels


def counted_about(session: ReadSession, *, person: Person) -> dict[str, int]:
    """Return how many pledges, hours, messages and tokens are kept about somebody who signs in."""
    ids = select(Party.id).where(_is(person))
    counts = {
        "pledges": select(func.count()).where(Pledge.party_id.in_(ids)),
        "hours": select(func.count()).where(HoursEntry.party_id.in_(ids)),
        "messages": select(func.count()).where(OutboxMessage.to_email == person.email),
        "tokens": select(func.count()).where(ApiToken.person_id == person.id),
    }
    found = session.execute(select(*(count.scalar_subquery() for count in counts.values()))).one()
    return dict(zip(counts, found, strict=True))


@dataclass(frozen=True, slots=True)
class GivenBasket:
    """A basket as its owner sees it: what is in it, and how the public sees it.

    ``is_shown`` once the owner has confirmed it; ``has_joined`` if it was made with their address
    while they were not signed in. ``parts`` are commodities with quantities in smallest units.
    """

    id: UUID
    campaign: str
    slug: str
    name: str
    consent: str
    message: str
    created_at: datetime
    is_shown: bool
    has_joined: bool
    parts: tuple[tuple[str, int], ...]
    regular: tuple[str, int, str] | None


def parties_of_person(session: ReadSession, *, person_id: UUID) -> list[UUID]:
    """Return the parties under which a signed-in person gave."""
    return list(session.scalars(select(Party.id).where(Party.person_id == person_id)))


def baskets_of_person(
    session: ReadSession, *, person_id: UUID, after: UUID | None = None
) -> Page[GivenBasket]:
    """Return a page of a person's baskets, newest first."""
    order = (Basket.created_at.desc(), Basket.id.desc())
    # The ids alone are put in order, from an index; then the rows of one page are read.
    newest = (
        select(Basket.id)
        .join(Party, Party.id == Basket.party_id)
        .where(
            Party.person_id == person_id,
            behind(session, after, Basket.created_at, Basket.id, newest_first=True),
        )
        .order_by(*order)
        .limit(CARDS + 1)
    )
    rows = session.execute(
        select(Basket, Campaign, Party.joined_at)
        .join(Campaign, Campaign.id == Basket.campaign_id)
        .join(Party, Party.id == Basket.party_id)
        .where(Basket.id.in_(newest))
        .order_by(*order)
    ).all()
    ids = [basket.id for basket, _campaign, _joined_at in rows]
    parts: defaultdict[UUID | None, list[tuple[str, int]]] = defaultdict(list)
    regular: dict[UUID | None, tuple[str, int, str]] = {}
    once = select(
        Pledge.basket_id, Pledge.commodity, Pledge.quantity, literal("").label("every")
    ).where(Pledge.basket_id.in_(ids))
    again = select(
        RecurringGift.basket_id,
        RecurringGift.commodity,
        RecurringGift.amount,
        type_coerce(RecurringGift.every, Text),
    ).where(RecurringGift.basket_id.in_(ids))
    for basket_id, commodity, quantity, every in session.execute(union_all(once, again)):
        if every:
            regular[basket_id] = (commodity, quantity, every)
        else:
            parts[basket_id].append((commodity, quantity))
    found = [
        GivenBasket(
            id=basket.id,
            campaign=campaign.title,
            slug=campaign.slug,
            name=basket.name,
            consent=basket.consent,
            message=basket.message,
            created_at=basket.created_at,
            is_shown=basket.confirmed_at is not None,
            has_joined=joined_at is not None,
            parts=tuple(sorted(parts[basket.id])),
            regular=regular.get(basket.id),
        )
        for basket, campaign, joined_at in rows
    ]
    return cut(found, attrgetter("id"), CARDS)


def _is(person: Person) -> ColumnElement[bool]:
    return or_(Party.person_id == person.id, Party.email == person.email)


def kept_about(session: ReadSession, *, person_id: UUID) -> dict[str, Any]:
    """Return all that is kept about somebody who signs in, as plain values for a file."""
    person = session.get_one(Person, person_id)
    parties = session.scalars(select(Party).where(_is(person))).all()
    ids = [party.id for party in parties]
    pledges = session.scalars(select(Pledge).where(Pledge.party_id.in_(ids))).all()
    messages = {
        basket.id: basket.message
        for basket in session.scalars(select(Basket).where(Basket.party_id.in_(ids)))
    }
    hours = session.scalars(select(HoursEntry).where(HoursEntry.party_id.in_(ids))).all()
    mails = session.scalars(
        select(OutboxMessage).where(OutboxMessage.to_email == person.email)
    ).all()
    tokens = session.scalars(select(ApiToken).where(ApiToken.person_id == person_id)).all()
    return {
        "name": person.name,
        "email": person.email,
        "known_since": person.created_at.isoformat(),
        "given_as": [
            {
                "name": party.name,
                "email": party.email,
                "shown_as": party.consent,
                "reference": party.reference,
            }
            for party in parties
        ],
        "pledges": [
            {
                "reference": pledge.reference,
                "commodity": pledge.commodity,
                "quantity": pledge.quantity,
                "state": pledge.state,
                "made_at": pledge.created_at.isoformat(),
                "note": pledge.note,
                "message": messages.get(pledge.basket_id, "") if pledge.basket_id else "",
            }
            for pledge in pledges
        ],
        "hours": [
            {
                "worked_on": row.worked_on.isoformat(),
                "commodity": row.commodity,
                "minutes": row.worked_minutes,
                "description": row.description,
                "state": row.state,
            }
            for row in hours
        ],
        "messages_to_you": [
            {"subject": mail.subject, "body": mail.body, "at": mail.created_at.isoformat()}
            for mail in mails
        ],
        "tokens": [token.name for token in tokens],
        "signed_in": _browsers(session, person_id),
        "second_factors": _factors(session, person_id),
    }


def _factors(session: ReadSession, person_id: UUID) -> list[dict[str, str]]:
    held = factors_of(session, person_id)
    rows = [("passkey", row.label, row.created_at) for row in held.passkeys]
    rows += [("app", held.app.label, held.app.created_at)] if held.app else []
    return [
        {"kind": kind, "label": label, "since": since.isoformat()} for kind, label, since in rows
    ]


def _browsers(session: ReadSession, person_id: UUID) -> list[dict[str, str | None]]:
    rows = session.scalars(
        select(SignInSession)
        .where(SignInSession.person_id == person_id)
        .order_by(SignInSession.created_at, SignInSession.id)
    )
    return [
        {
            "device": row.device,
            "since": row.created_at.isoformat(),
            "last_use": row.last_seen_at.isoformat(),
            "ended": row.ended_at.isoformat() if row.ended_at else None,
        }
        for row in rows
    ]
