"""Sign-in links: one is live, a code beside it, and nobody uses up what is somebody else's."""

import re
from itertools import count

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from bench.pages import counting
from ledger.links import Links
from ledger.models.people import OutboxMessage, SignInLink
from ledger.services.people import sign_in_links
from tests.web.test_claimed_addresses import address, give, mailed
from tests.worlds.town import HOME, Town, person_in

TREASURER = "treasurer@example.org"
HERE, THERE = "192.0.2.7", "203.0.113.9"


def at(client: FlaskClient, ip: str) -> FlaskClient:
    """The browser, on a connection of its own."""
    client.environ_base["REMOTE_ADDR"] = ip
    return client


def ask(client: FlaskClient, email: str) -> int:
    """Ask for a link and return the status of the answer."""
    return client.post("/sign-in", data={"email": email}).status_code


def code_for(town: Town, email: str) -> str:
    """The code in the newest message to an address."""
    with town.db.snapshot() as session:
        body = session.scalars(
            select(OutboxMessage.body)
            .where(OutboxMessage.to_email == email)
            .order_by(OutboxMessage.id.desc())
        ).first()
    filled = Links(HOME, town.app.config["SECRET_KEY"]).fill(body or "")
    return str(re.findall(r"^[0-9A-Z]{4}-[0-9A-Z]{4}$", filled, re.MULTILINE)[0])


def known(town: Town) -> str:
    """An address that gave, and that nobody has asked a link for."""
    email = address()
    give(at(town.client(), "198.51.100.4"), email)
    return email


# Networks that no test has asked from yet.
NETWORKS = count(1)


@pytest.fixture
def visitors(town: Town) -> tuple[FlaskClient, FlaskClient]:
    """Two browsers of two visitors who have asked for nothing yet."""
    here, there = (f"10.0.{next(NETWORKS)}.1" for _visitor in range(2))
    return at(town.client(), here), at(town.client(), there)


def test_asking_again_ends_the_older_link(
    town: Town, visitors: tuple[FlaskClient, FlaskClient]
) -> None:
    here, _there = visitors
    email = known(town)
    ask(here, email)
    older = mailed(town, email)[0]
    assert here.get(older).status_code == 200
    ask(here, email)
    newer = mailed(town, email)[0]
    assert newer != older
    assert here.get(older).status_code == 403
    assert here.post(older, data={"name": "Greta"}).status_code == 401
    assert person_in(town, here) is None
    assert here.post(newer, data={"name": "Greta"}).status_code == 303
    assert person_in(town, here) is not None


def test_a_stranger_does_not_use_up_the_links_of_a_treasurer(
    town: Town, visitors: tuple[FlaskClient, FlaskClient]
) -> None:
    owner, stranger = visitors
    answers = [ask(stranger, TREASURER) for _time in range(12)]
    assert answers == [200] * 10 + [429] * 2
    before = len(mailed(town, TREASURER))
    # No more than the stranger's share was sent.
    assert before == sign_in_links.BY_VISITOR_AND_ADDRESS.most
    assert ask(owner, TREASURER) == 200
    links = mailed(town, TREASURER)
    assert len(links) == before + 1
    assert owner.post(links[0], data={"name": ""}).status_code == 303
    assert owner.get("/books/A/desk").status_code == 200


def test_what_is_silently_not_sent_ends_no_link(
    town: Town, visitors: tuple[FlaskClient, FlaskClient]
) -> None:
    owner, stranger = visitors
    email = known(town)
    for _time in range(sign_in_links.BY_VISITOR_AND_ADDRESS.most):
        ask(stranger, email)
    ask(owner, email)
    link = mailed(town, email)[0]
    for _time in range(3):
        assert ask(stranger, email) == 200
    assert mailed(town, email)[0] == link
    assert owner.get(link).status_code == 200


def test_a_visitor_who_asks_often_is_told_when_to_come_back_and_others_are_not_held_up(
    town: Town, visitors: tuple[FlaskClient, FlaskClient]
) -> None:
    here, there = visitors
    for _time in range(10):
        assert ask(here, address()) == 200
    refused = here.post("/sign-in", data={"email": address()})
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 3600
    assert ask(there, address()) == 200


def test_who_signs_in_uses_up_no_limit(
    town: Town, visitors: tuple[FlaskClient, FlaskClient]
) -> None:
    here, _there = visitors
    for _time in range(12):
        email = known(town)
        assert ask(here, email) == 200
        assert here.post(mailed(town, email)[0], data={"name": "Greta"}).status_code == 303


def test_the_work_is_the_same_for_known_and_unknown_addresses(
    quick_town: Town,
) -> None:
    town, often = quick_town, known(quick_town)
    client = at(town.client(), HERE)
    for _time in range(5):
        ask(client, often)
    statements, pages = [], []
    for email in (TREASURER, known(town), address(), often):
        client = at(town.client(), HERE if email == often else THERE)
        with counting(town.db.engine) as seen:
            answer = client.post("/sign-in", data={"email": email})
        assert answer.status_code == 200
        pages.append(re.sub(r'value="[^"]+"', "", answer.text))
        statements.append([" ".join(text.split()[:3]) for text in seen])
    assert statements[0][-1].startswith("RELEASE")
    # What is not sent is written as well, and undone.
    for other in statements[1:]:
        assert other[:-1] == statements[0][:-1]
    assert [found[-1].split()[0] for found in statements] == [
        *("RELEASE", "RELEASE"),
        *("ROLLBACK", "ROLLBACK"),
    ]
    assert len(set(pages)) == 1
    with town.db.snapshot() as session:
        addresses = set(session.scalars(select(SignInLink.email)))
        mails = session.scalars(select(OutboxMessage).where(OutboxMessage.to_email == often)).all()
    assert addresses >= {TREASURER, often}
    assert len(addresses) == 3
    assert len(mails) == 5


def test_a_code_opens_the_link_in_the_browser_that_asked_and_in_no_other(
    town: Town, visitors: tuple[FlaskClient, FlaskClient]
) -> None:
    here, there = visitors
    email = known(town)
    ask(here, email)
    code = code_for(town, email)
    ask(there, address())
    for stranger, status in ((there, 422), (town.client(), 401)):
        assert stranger.post("/sign-in/code", data={"code": code}).status_code == status
    typed = f" {code.lower().replace('-', ' ')} "
    led = here.post("/sign-in/code", data={"code": typed})
    assert led.status_code == 303
    link = led.headers["Location"]
    assert link == mailed(town, email)[0]
    assert person_in(town, here) is None
    assert here.post(link, data={"name": "Greta"}).status_code == 303
    assert person_in(town, here) is not None
    # The cookie forgets what it asked for.
    assert here.post("/sign-in/code", data={"code": code}).status_code == 403


def test_a_code_has_five_tries(town: Town, visitors: tuple[FlaskClient, FlaskClient]) -> None:
    here, _there = visitors
    email = known(town)
    ask(here, email)
    code = code_for(town, email)
    for wrong in ("AAAA-AAAA", "", code[:4], code + "0", "\N{SNOWMAN}"):
        answer = here.post("/sign-in/code", data={"code": wrong})
        assert answer.status_code == 422
        assert "This code is not correct or has expired" in answer.text
    assert here.post("/sign-in/code", data={"code": code}).status_code == 422
    # The link itself is still good: somebody else's tries must not end it.
    assert here.post(mailed(town, email)[0], data={"name": "Greta"}).status_code == 303


def test_a_link_shows_whose_it_is_in_part_and_tells_no_other_server(town: Town) -> None:
    client = at(town.client(), "198.51.100.200")
    ask(client, TREASURER)
    answer = client.get(mailed(town, TREASURER)[0])
    assert "Sign in as t•••@example.org?" in answer.text
    assert TREASURER not in answer.text
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert person_in(town, client) is None


def test_neither_link_nor_code_is_kept(town: Town) -> None:
    client = at(town.client(), "198.51.100.201")
    email = known(town)
    ask(client, email)
    secret, code = mailed(town, email)[0].removeprefix("/sign-in/"), code_for(town, email)
    with town.db.snapshot() as session:
        body = session.scalars(
            select(OutboxMessage.body).where(OutboxMessage.to_email == email)
        ).one()
        link = session.scalars(select(SignInLink).where(SignInLink.email == email)).one()
    cookie = client.get_cookie("__Host-visit", domain="poolbook.example")
    assert cookie is not None
    for kept in (body, link.secret_sha256, cookie.value):
        assert secret not in kept
        assert code not in kept
