"""Campaigns and pledges for programs."""

import hashlib
from datetime import date
from typing import Any
from uuid import UUID

from marshmallow import EXCLUDE, Schema, fields

from ledger.api.blueprint import Blueprint
from ledger.api.document import Once
from ledger.api.idempotency import once
from ledger.api.token import PUBLIC, caller, parts
from ledger.core.amount import plain_text
from ledger.db import Session
from ledger.models.books import Book
from ledger.models.campaigns import Campaign
from ledger.models.people import Person
from ledger.queries.campaigns import campaigns
from ledger.queries.pledges import pledges
from ledger.queries.pledges.pledge_status import standings_of
from ledger.schemas.basket import Basket, Offered
from ledger.services.pledges import parties
from ledger.services.pledges import pledges as pledge_services

blueprint = Blueprint("api_campaigns", "Campaigns, how far they are, and pledges")


class Need(Schema):
    """How far one need is, in the commodity's smallest unit."""

    commodity = fields.String()
    label = fields.String()
    minimum = fields.Integer()
    optimum = fields.Integer()
    promised = fields.Integer()
    received = fields.Integer()
    counted = fields.Integer()


class CampaignShown(Schema):
    """A campaign as everybody sees it."""

    slug = fields.String()
    title = fields.String()
    summary = fields.String()
    state = fields.String()
    mode = fields.String()
    commodity = fields.String()
    deadline_on = fields.Date(allow_none=True)
    needs = fields.List(fields.Nested(Need))


class PledgeShown(Schema):
    """A pledge that was made."""

    reference = fields.String()
    commodity = fields.String()
    quantity = fields.Integer()
    state = fields.String()
    status = fields.String()
    sentence = fields.String()


class BasketShown(Schema):
    """A basket that was made, with its pledges."""

    basket = fields.UUID()
    pledges = fields.List(fields.Nested(PledgeShown))


@blueprint.get("/campaigns")
@blueprint.needs(PUBLIC)
@blueprint.response(200, CampaignShown(many=True))
def index() -> list[dict[str, Any]]:
    """Show the campaigns that take pledges; no token needed."""
    with parts().db.snapshot() as session:
        live = campaigns.live_campaigns(session)
        needs = campaigns.progress_of(session, live)
        return [_shown(row, needs[row.id]) for row in live]


@blueprint.get("/campaigns/<slug>")
@blueprint.needs(PUBLIC)
@blueprint.response(200, CampaignShown)
def show(slug: str) -> dict[str, Any]:
    """Show one campaign; no token needed."""
    with parts().db.snapshot() as session:
        found = campaigns.campaign_by_slug(session, slug)
        return _shown(found, campaigns.progress(session, campaign_id=found.id))


@blueprint.post("/campaigns/<slug>/pledges")
@blueprint.needs("pledge")
@blueprint.arguments(Once(unknown=EXCLUDE), location="headers")
@blueprint.arguments(Basket(exclude=("form_key",)))
@blueprint.response(201, BasketShown)
def pledge(headers: dict[str, str], body: Offered, slug: str) -> dict[str, Any]:
    """Make pledges; needs the scope ``pledge`` for the campaign's book and an Idempotency-Key."""
    with parts().db.snapshot() as session:
        asking = campaigns.campaign_by_slug(session, slug)
        book_code = session.get_one(Book, asking.book_id).code
    who = caller(book_code)
    now = parts().clock()

    def command(session: Session) -> dict[str, Any]:
        form_key = _form_key(who.person_id, headers["idempotency_key"])
        basket = pledge_services.make_pledges(
            session,
            campaign=campaigns.campaign_by_slug(session, slug),
            party=parties.party_of_form(
                session,
                giver=parties.Giver(body.name, body.email, body.consent),
                form_key=form_key,
                person=session.get(Person, who.person_id),
                now=now,
            ),
            request=pledge_services.PledgeRequest(
                lines=body.lines,
                form_key=form_key,
                message=body.message,
                consent=body.consent,
                name=body.name,
                by_card=parts().gateway is not None,
            ),
            now=now,
        )
        rows = pledges.pledges_of_basket(session, basket_id=basket.id)
        said = standings_of(session, pledge_ids=[row.id for row in rows], now=now)
        return {
            "basket": str(basket.id),
            "pledges": [
                {
                    "reference": row.reference,
                    "commodity": row.commodity,
                    "quantity": row.quantity,
                    "state": row.state,
                    "status": said[row.id].status.value,
                    "sentence": said[row.id].words(plain_text, date.isoformat),
                }
                for row in rows
            ],
        }

    return once(who, headers["idempotency_key"], command)


def _form_key(person_id: UUID, key: str) -> str:
    """Return a key of 64 signs that no form has and no two callers share."""
    return "api:" + hashlib.sha256(f"{person_id}:{key}".encode()).hexdigest()[:60]


def _shown(campaign: Campaign, needs: list[campaigns.Progress]) -> dict[str, Any]:
    return {
        "slug": campaign.slug,
        "title": campaign.title,
        "summary": campaign.summary,
        "state": campaign.state,
        "mode": campaign.mode,
        "commodity": campaign.commodity,
        "deadline_on": campaign.deadline_on,
        "needs": needs,
    }
