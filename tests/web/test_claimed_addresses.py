"""Attacks by somebody who types an address that is not theirs, and what its owner can do.

Everything goes through the pages and the mailbox, as it does for strangers.
"""

import re
from dataclasses import dataclass, field
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from ledger.core.vocabulary import RecurringState
from ledger.db import Session
from ledger.gateway import Subscription
from ledger.ids import new_id
from ledger.links import RECURRING, Links
from ledger.models.campaigns import Campaign
from ledger.models.parties import Party
from ledger.models.people import OutboxMessage
from ledger.models.pledges import Basket, Pledge
from ledger.models.recurring import RecurringGift
from ledger.queries.books.books import book_by_code, fund_by_code
from ledger.services.payments import recurring
from tests.conftest import NOW
from tests.factories import make_campaign
from tests.worlds.town import HOME, TODAY, Town, basket_of, person_in, settings_of
from wsgi import create_app

CAMPAIGN = "/campaigns/solar-roof"


def address() -> str:
    """An address that nobody has used yet."""
    return f"g{new_id().hex[-12:]}@example.org"


def call(town: Town) -> str:
    """The address of a campaign to which nobody has given yet."""
    slug = f"c-{new_id().hex[-12:]}"
    with town.db.transaction() as session:
        book = book_by_code(session, "A")
        make_campaign(session, book, fund_by_code(session, book.id, "SOLAR"), slug=slug)
    return f"/campaigns/{slug}"


def give(client: FlaskClient, email: str, to: str = CAMPAIGN, **changes: str) -> UUID:
    """Send a pledge form and return the basket that it made."""
    form = {
        "money": "25",
        "name": "Greta Stone",
        "email": email,
        "consent": "name",
        "message": "",
        "form_key": str(new_id()),
    }
    sent = client.post(f"{to}/pledge", data=form | changes)
    assert sent.status_code == 303, sent.text
    return basket_of(client, (form | changes)["form_key"])


def mailed(town: Town, email: str) -> list[str]:
    """The sign-in links in a mailbox, newest first."""
    with town.db.snapshot() as session:
        bodies = session.scalars(
            select(OutboxMessage.body)
            .where(OutboxMessage.to_email == email)
            .order_by(OutboxMessage.id.desc())
        ).all()
    fill = Links(HOME, town.app.config["SECRET_KEY"]).fill
    return [found for body in bodies for found in re.findall(rf"{HOME}(/sign-in/\S+)", fill(body))]


def sign_in(town: Town, email: str, name: str = "") -> FlaskClient:
    """Sign in as the reader of a mailbox."""
    client = town.client()
    client.post("/sign-in", data={"email": email})
    link = mailed(town, email)[0]
    assert client.get(link).status_code == 200
    assert client.post(link, data={"name": name} if name else {}).status_code == 303
    return client


def supporters(town: Town, to: str) -> str:
    """What everybody sees of a campaign."""
    return town.client().get(to).text


def rows(town: Town, basket_id: UUID) -> tuple[Basket, Party, list[Pledge]]:
    """A basket, its party and its pledges."""
    with town.db.snapshot() as session:
        basket = session.get_one(Basket, basket_id)
        pledges = session.scalars(select(Pledge).where(Pledge.basket_id == basket_id)).all()
        return basket, session.get_one(Party, basket.party_id), list(pledges)


def test_who_types_an_unknown_address_does_not_own_what_it_gives_later(town: Town) -> None:
    eve, victim = sign_in_after_giving(town), address()
    give(eve, victim, money="1")
    # Three sevens stood in an id by chance.
    theirs = give(town.client(), victim, money="77.77")
    _basket, party, (pledge,) = rows(town, theirs)
    assert party.person_id is None
    for page in ("/giving", "/my-data.json"):
        shown = eve.get(page).text
        assert "77.77" not in shown
        assert ": 7777" not in shown
        assert pledge.reference not in shown
    assert eve.post(f"/giving/{pledge.id}/cancel").status_code == 404
    assert eve.post(f"/giving/baskets/{theirs}/shown", data={"consent": "name"}).status_code == 404
    assert eve.post(f"/giving/baskets/{theirs}/not-mine").status_code == 404
    eve_id = person_in(town, eve)
    assert eve.post("/my-data/erase", data={"email": victim}).status_code == 403
    assert rows(town, theirs)[2][0].state == "open"
    # Its owner finds it, and what Eve typed, which nobody has shown yet.
    owner = sign_in(town, victim)
    assert pledge.reference in owner.get("/giving").text
    with town.db.snapshot() as session:
        assert session.get_one(Party, party.id).person_id != eve_id


def sign_in_after_giving(town: Town) -> FlaskClient:
    """Somebody without a role, who gave and signed in."""
    email = address()
    give(town.client(), email)
    return sign_in(town, email)


def test_nobody_speaks_under_the_name_of_a_known_address(town: Town) -> None:
    email, to = address(), call(town)
    give(town.client(), email, to, name="Ottilie Marsh", consent="initials", message="For the hall")
    owner = sign_in(town, email)
    own = give(owner, email, to, name="Ottilie Marsh", consent="initials", message="For the roof")
    assert "For the roof" in supporters(town, to)
    give(town.client(), email, to, name="Ottilie Marsh", consent="name", message="I hate it here")
    give(sign_in_after_giving(town), email, to, name="Ottilie Marsh", message="I hate it here")
    shown = supporters(town, to)
    assert "I hate it here" not in shown
    assert "Ottilie Marsh" not in shown
    assert "O. M." in shown
    assert rows(town, own)[0].consent == "initials"


def test_typing_an_address_with_anonymous_removes_nothing_of_its_owner(town: Town) -> None:
    email, to = address(), call(town)
    give(town.client(), email, to)
    owner = sign_in(town, email)
    own = give(owner, email, to, name="Petra Lindqvist", message="Good luck to all of you")
    give(town.client(), email, to, name="Nobody", consent="anonymous", message="")
    shown = supporters(town, to)
    assert "Petra Lindqvist" in shown
    assert "Good luck to all of you" in shown
    basket, party, _pledges = rows(town, own)
    assert (basket.name, basket.consent, party.name) == (
        "Petra Lindqvist",
        "name",
        "Petra Lindqvist",
    )


def test_names_and_messages_wait_for_the_owner_of_the_address(town: Town) -> None:
    email, to = address(), call(town)
    guest = give(town.client(), email, to, name="Quentin Ashby", message="Hello from the hill")
    assert "Quentin Ashby" not in supporters(town, to)
    assert "Hello from the hill" not in supporters(town, to)
    owner = sign_in(town, email)
    # To have opened a link says whose the gift is, not yet that it may be shown.
    assert "Quentin Ashby" not in supporters(town, to)
    assert (
        "It is shown as Anonymous, without the message, until you choose"
        in owner.get("/giving").text
    )
    owner.post(f"/giving/baskets/{guest}/shown", data={"consent": "name"})
    assert "Quentin Ashby" in supporters(town, to)
    assert "Hello from the hill" in supporters(town, to)
    owner.post(f"/giving/baskets/{guest}/shown", data={"consent": "anonymous"})
    assert "Quentin Ashby" not in supporters(town, to)
    assert "Hello from the hill" not in supporters(town, to)
    owner.post(f"/giving/baskets/{guest}/shown", data={"consent": "initials"})
    assert "Q. A." in supporters(town, to)
    answer = owner.post(f"/giving/baskets/{guest}/shown", data={"consent": "loud"})
    assert answer.status_code == 422


def test_a_guest_signs_in_by_the_address_they_gave_with(town: Town) -> None:
    email = address()
    basket = give(town.client(), email, name="Rolf Amsel")
    commitment = [(p.reference, p.salt) for p in (rows(town, basket)[1],)]
    client = town.client()
    known = client.post("/sign-in", data={"email": email}).text
    unknown = client.post("/sign-in", data={"email": address()}).text
    assert known == unknown
    link = mailed(town, email)[0]
    # A mail scanner opens it; nothing joins before somebody presses the button.
    assert 'value="Rolf Amsel"' in client.get(link).text
    assert rows(town, basket)[1].person_id is None
    entered = client.post(link, data={"name": "Rolf A."})
    assert entered.headers["Location"].startswith("/giving")
    page = client.get("/giving").text
    assert "You are signed in as Rolf A." in page
    assert "Contributions made with your e-mail address are now under My giving" in page
    for path in ("/giving", "/hours", "/my-data", "/my-data.json"):
        assert client.get(path).status_code == 200, path
    assert [(p.reference, p.salt) for p in (rows(town, basket)[1],)] == commitment
    # What is given signed in is shown at once, and no other sign-in joins it again.
    assert rows(town, give(client, email))[0].confirmed_at is not None
    erased = client.post("/my-data/erase", data={"email": email})
    assert erased.status_code == 303
    found, party, pledges = rows(town, basket)
    assert (found.name, party.name, party.email, pledges[0].state) == ("", "", "", "cancelled")


@pytest.mark.parametrize("name", ["A\0da", "x" * 121])
def test_a_name_that_cannot_be_kept_is_said_and_the_link_stays_good(town: Town, name: str) -> None:
    email, client = address(), town.client()
    give(client, email)
    client.post("/sign-in", data={"email": email})
    link = mailed(town, email)[0]
    answer = client.post(link, data={"name": name})
    assert (answer.status_code, 'id="name-error"' in answer.text) == (422, True)
    assert client.get("/giving").status_code == 302
    assert client.post(link, data={"name": "Ada"}).status_code == 303


def test_an_address_that_never_gave_gets_no_link(town: Town) -> None:
    email = address()
    town.client().post("/sign-in", data={"email": email})
    assert mailed(town, email) == []


def test_a_gift_that_is_not_mine_leaves_me_and_stays_in_the_books(town: Town) -> None:
    email = address()
    mine = give(town.client(), email, name="Sofie Vogt")
    planted = give(town.client(), email, name="Sofie Vogt", message="Vote for me")
    owner = sign_in(town, email)
    assert owner.post(f"/giving/baskets/{planted}/not-mine").status_code == 303
    basket, party, (pledge,) = rows(town, planted)
    assert (party.person_id, party.email, basket.confirmed_at) == (None, "", None)
    assert pledge.state == "open"
    assert pledge.reference not in owner.get("/giving").text
    # It does not come back with the next sign-in, and the other one stays.
    again = sign_in(town, email)
    assert pledge.reference not in again.get("/giving").text
    assert rows(town, mine)[2][0].reference in again.get("/giving").text
    own = give(again, email)
    assert again.post(f"/giving/baskets/{own}/not-mine").status_code == 409


def test_a_guest_logs_hours_towards_what_they_pledged_and_16_hours_a_day_at_most(
    town: Town,
) -> None:
    email = address()
    baskets = [give(town.client(), email, **{"money": "", "give-MIN.ELEC": "20"}) for _ in range(2)]
    owner = sign_in(town, email)
    statuses = [
        owner.post(
            "/hours",
            data={
                "pledge": rows(town, basket)[2][0].reference,
                "worked": "9",
                "worked_on": TODAY.isoformat(),
                "description": "Cables",
            },
        ).status_code
        for basket in baskets
    ]
    # Two parties of one person do not work two days in one.
    assert statuses == [303, 422]
    assert owner.post(f"/giving/baskets/{baskets[0]}/not-mine").status_code == 409


def test_a_form_sent_twice_by_a_guest_makes_one_basket(town: Town) -> None:
    email, key = address(), str(new_id())
    first = give(town.client(), email, form_key=key)
    before = town.rows()
    assert give(town.client(), email, form_key=key) == first
    assert town.rows() == before
    other = town.client().post(
        f"{CAMPAIGN}/pledge",
        data={"money": "5", "name": "Eve", "email": address(), "consent": "name", "form_key": key},
    )
    assert other.status_code == 409
    assert town.rows() == before


@dataclass
class Provider:
    """Stands in for Stripe's subscriptions and notes which amounts it is told."""

    amounts: list[int] = field(default_factory=list)

    def change_subscription(self, subscription: str, *, amount: int) -> Subscription:
        self.amounts.append(amount)
        return Subscription(
            id=subscription,
            status="active",
            customer_id="cus_1",
            item_id="si_1",
            product_id="prod_1",
            amount=amount,
            currency="USD",
            every="month",
            next_at=None,
            paused=False,
            resumes_at=None,
            metadata={},
        )


def regular(town: Town, basket_id: UUID) -> UUID:
    """Let a basket have a regular gift of 20.00 that is running."""

    def begin(session: Session) -> UUID:
        basket = session.get_one(Basket, basket_id)
        gift = recurring.begin(
            session,
            campaign=session.get_one(Campaign, basket.campaign_id),
            party=session.get_one(Party, basket.party_id),
            basket=basket,
            amount=2000,
            every="month",
            now=NOW,
        )
        gift.state, gift.stripe_subscription_id = RecurringState.ACTIVE, f"sub_{gift.id.hex}"
        return gift.id

    with town.db.transaction() as session:
        return begin(session)


def test_a_gift_link_lowers_a_regular_gift_and_only_its_owner_raises_it(town: Town) -> None:
    provider = Provider()
    app = create_app(
        settings_of(town.db.url),
        db=town.db,
        gateway=provider,  # type: ignore[arg-type]  # answers what these pages ask
        clock=lambda: NOW,
    )
    app.config["WTF_CSRF_ENABLED"] = False
    paying = Town(app, town.db, town.people, town.ids)
    app.test_client_class = town.app.test_client_class
    email = address()
    gift_id = regular(town, give(town.client(), email))
    path = "/gifts/" + Links(HOME, app.config["SECRET_KEY"]).token(RECURRING, gift_id) + "/amount"
    other = address()
    give(town.client(), other)
    for browser in (paying.client(), sign_in(paying, other)):
        answer = browser.post(path, data={"amount": "200"})
        assert answer.status_code == 422
        assert "sign in with the e-mail address you gave with" in answer.text
        # A link never signs in.
        assert person_in(paying, browser) != town.people["donor"]
    assert provider.amounts == []
    assert paying.client().post(path, data={"amount": "10"}).status_code == 303
    assert paying.client().post(path, data={"amount": "20"}).status_code == 422
    owner = sign_in(paying, email)
    assert owner.post(path, data={"amount": "20"}).status_code == 303
    assert provider.amounts == [1000, 2000]
    # The bounds are Stripe's, for the owner as well.
    for amount, said in (("0.10", "start at $0.50"), ("99999999", "go up to $999,999.99")):
        answer = owner.post(path, data={"amount": amount})
        assert answer.status_code == 422
        assert said in answer.text
    assert provider.amounts == [1000, 2000]
    assert paying.client().get("/giving").status_code == 302
    with town.db.snapshot() as session:
        assert session.get_one(RecurringGift, gift_id).amount == 2000


@pytest.mark.parametrize("who", ["treasurer", "approver", "admin"])
def test_no_role_opens_the_giving_of_others(town: Town, who: str) -> None:
    basket = give(town.client(), address())
    pledge = rows(town, basket)[2][0]
    client = town.client(who)
    assert client.post(f"/giving/{pledge.id}/cancel").status_code == 404
    assert client.post(f"/giving/baskets/{basket}/not-mine").status_code == 404
