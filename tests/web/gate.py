"""Campaigns that need money, hours and a projector, and what strangers send to them.

For the tests of what counts, what is shown and how much may be sent.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import count
from uuid import UUID

from flask.testing import FlaskClient
from sqlalchemy import select

from ledger.core import bookkeeping
from ledger.core.entry import Posting
from ledger.gateway import CheckoutSession
from ledger.ids import new_id
from ledger.models.campaigns import Campaign
from ledger.models.parties import Party
from ledger.models.people import OutboxMessage
from ledger.models.pledges import Pledge
from ledger.queries import invariants
from ledger.queries.books.books import book_by_code, fund_by_code
from ledger.queries.campaigns.campaigns import progress
from ledger.queries.pledges.pledge_status import standings_of
from ledger.services.books import journal
from ledger.services.campaigns.campaigns import Need, close_campaign, create_campaign
from ledger.services.payments import payment_limits
from tests import factories
from tests.conftest import NOW
from tests.web.test_claimed_addresses import address, sign_in
from tests.worlds.town import Town, basket_of

NEEDS = (
    Need("USD", "Panels", 900_000, 900_000),
    Need("MIN.ELEC", "Electricians", 60 * 60, 60 * 60),
    Need("EQP.PROJECTOR", "A projector", 1, 1),
)
OVER = date(2027, 1, 1)
VISITORS = count()


@dataclass
class Provider:
    """Stands in for Stripe: opens pages that nobody finishes."""

    pages: int = 0

    def create_checkout_session(self, **asked: object) -> CheckoutSession:
        self.pages += 1
        page = f"https://checkout.stripe.com/c/{asked['key']}"
        return CheckoutSession(f"cs_{asked['key']}", page, "open", "unpaid", None)

    create_setup_page = create_checkout_session

    def create_customer(self, **asked: object) -> str:
        return f"cus_{asked['key']}"


def gate(town: Town, acceptance: str = "all_confirmed", mode: str = "all_or_nothing") -> Campaign:
    """A campaign that needs 9,000.00, sixty hours and a projector."""
    with town.db.transaction() as session:
        book = book_by_code(session, "A")
        return create_campaign(
            session,
            book=book,
            fund=fund_by_code(session, book.id, "SOLAR"),
            slug=f"g-{new_id().hex[-12:]}",
            title="A roof for all",
            summary="Panels",
            story="A roof.",
            mode=mode,
            acceptance=acceptance,
            commodity="USD",
            opens_on=date(2026, 1, 1),
            deadline_on=date(2026, 12, 31),
            needs=NEEDS,
            now=NOW,
        )


def offer(
    client: FlaskClient, campaign: Campaign, email: str, status: int = 303, **changes: str
) -> UUID | None:
    """Send a pledge form; the basket that it made."""
    form = {
        "name": "Greta Stone",
        "email": email,
        "consent": "name",
        "message": "",
        "form_key": str(new_id()),
    }
    sent = client.post(
        f"/campaigns/{campaign.slug}/pledge",
        data=form | changes,
        # Each of them from elsewhere: how many one visitor may send is not asked here.
        environ_overrides={"REMOTE_ADDR": f"198.51.100.{next(VISITORS) % 256}"},
    )
    assert sent.status_code == status, sent.text
    return basket_of(client, (form | changes)["form_key"]) if status == 303 else None


def made(client: FlaskClient, campaign: Campaign, email: str, **changes: str) -> UUID:
    basket = offer(client, campaign, email, 303, **changes)
    assert basket is not None
    return basket


def hours(n: int) -> dict[str, str]:
    return {"give-MIN.ELEC": f"{n}:00"}


def save_card(town: Town, basket_id: UUID) -> None:
    """What Stripe tells once somebody has saved a card for the money in a basket."""
    with town.db.transaction() as session:
        pledge = session.scalars(
            select(Pledge).where(Pledge.basket_id == basket_id, Pledge.commodity == "USD")
        ).one()
        factories.save_card(session, pledge)


def counted(town: Town, campaign: Campaign) -> tuple[int, ...]:
    """What counts towards each minimum."""
    with town.db.snapshot() as session:
        return tuple(row.counted for row in progress(session, campaign_id=campaign.id))


def promised(town: Town, campaign: Campaign) -> tuple[int, ...]:
    """What everybody is told is promised."""
    with town.db.snapshot() as session:
        return tuple(row.promised for row in progress(session, campaign_id=campaign.id))


def outcome(town: Town, campaign: Campaign) -> str:
    """How the campaign ends on the day after its last."""
    with town.db.transaction() as session:
        return close_campaign(
            session, campaign_id=campaign.id, on=OVER, now=NOW + timedelta(days=60)
        )


def sentences(town: Town, basket_id: UUID) -> list[str]:
    with town.db.snapshot() as session:
        ids = session.scalars(select(Pledge.id).where(Pledge.basket_id == basket_id)).all()
        found = standings_of(session, pledge_ids=ids, now=NOW)
        return [found[key].words(lambda n, _unit: str(n), date.isoformat) for key in ids]


def decide(
    town: Town,
    campaign: Campaign,
    basket_id: UUID,
    decision: str,
    reason: str = "",
    status: int = 303,
) -> str:
    """What the organiser decides on the page of the campaign's pledges."""
    answer = town.client("treasurer").post(
        f"/books/A/campaigns/{campaign.slug}/pledges/{basket_id}",
        data={"decision": decision, "reason": reason},
    )
    assert answer.status_code == status, answer.text
    return answer.text


def sound(town: Town) -> list[str]:
    """What is wrong with promises and figures; the town's own entries break other rules."""
    with town.db.snapshot() as session:
        return [
            f"{row.id}: {row.first_violation}"
            for row in invariants.check(session)
            if row.id in ("I-30", "I-31", "I-32", "I-67", "I-68") and not row.ok
        ]


def confirmed_offer(town: Town, campaign: Campaign, email: str, what: dict[str, str]) -> UUID:
    """An offer whose giver has opened the link in their mailbox."""
    basket_id = made(town.client(), campaign, email, **what)
    sign_in(town, email)
    return basket_id


def arrives(town: Town, campaign: Campaign, amount: int) -> None:
    """A transfer for a campaign is in the books, as those of a list of gifts are."""

    def named(leg: Posting) -> Posting:
        return replace(leg, campaign=campaign.slug)

    with town.db.transaction() as session:
        entries = bookkeeping.cash_received(
            book="A",
            fund="SOLAR",
            currency="USD",
            amount=amount,
            fulfilled=bookkeeping.Fulfilled(pledge=None, released=0, receivable=0),
        )
        journal.post(
            session,
            [replace(row, postings=tuple(map(named, row.postings))) for row in entries],
            event_type="cash_received",
            source="cash",
            external_ref=str(new_id()),
            accounting_on=NOW.date(),
            now=NOW,
        )


def messages(town: Town, email: str) -> list[str]:
    with town.db.snapshot() as session:
        found = session.scalars(
            select(OutboxMessage.body)
            .where(OutboxMessage.to_email == email)
            .order_by(OutboxMessage.id)
        )
        return list(found)


def sends(
    client: FlaskClient, campaign: Campaign, visitor: str, **changes: str
) -> tuple[int, str, str]:
    """What a visitor from an IP address is answered to a pledge form, and whether it goes on
    (``pay``) or asks to confirm the address first (``thanks``)."""
    form = {
        "name": "Greta Stone",
        "email": address(),
        "consent": "name",
        "message": "For the roof",
        "form_key": str(new_id()),
        **hours(2),
    }
    answer = client.post(
        f"/campaigns/{campaign.slug}/pledge",
        data=form | changes,
        environ_overrides={"REMOTE_ADDR": visitor},
    )
    if answer.status_code == 429:
        assert 0 < int(answer.headers["Retry-After"]) <= 3600
    place = answer.headers.get("Location", "")
    if place.startswith("/"):
        asks = "confirm your e-mail address first" in client.get(place).text
        place = "thanks" if asks else "pay"
    elif place:
        place = "pay"
    return answer.status_code, place, answer.text


def pays(town: Town, email: str) -> None:
    """What is noted when Stripe says that somebody paid."""
    with town.db.transaction() as session:
        pledge = session.scalars(
            select(Pledge).join(Party, Party.id == Pledge.party_id).where(Party.email == email)
        ).one()
        payment_limits.note_paid(session, about=pledge.id, now=NOW)
