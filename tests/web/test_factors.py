"""Second factors on the pages: set one up, sign in with it, confirm with it, lose it, need it."""

import json
import re
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from uuid import UUID

import pyotp
import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from ledger.db import Database
from ledger.models.factors import FactorPolicy
from ledger.models.people import OutboxMessage
from ledger.queries.books.books import book_by_code
from ledger.queries.people.factors import factors_of
from ledger.services.people.people import grant_role
from ledger.services.people.sessions import FRESH
from ledger.web.identity.passkeys import STRANGERS
from tests.authenticator import Authenticator
from tests.conftest import NOW
from tests.factories import make_person
from tests.web.test_claimed_addresses import mailed
from tests.web.test_sessions import row_of
from tests.web.test_sign_in import Clock
from tests.worlds.town import HOME, Town, found_town

CLOCK = Clock()
NAMES = count(1)
STALE = FRESH + timedelta(minutes=1)
CODES = r"<li><code>([0-9a-z]{5}-[0-9a-z]{5})</code></li>"


@pytest.fixture(autouse=True)
def clock() -> Clock:
    """The town's clock, put right before each test."""
    CLOCK.now = NOW
    return CLOCK


@pytest.fixture(scope="module")
def lasting(shared_db: Database) -> Town:
    """A town with a clock to set."""
    return found_town(shared_db, clock=CLOCK)


@dataclass
class Somebody:
    """A person with a role in book A, who sets up factors and loses them."""

    town: Town
    role: str = "treasurer"
    email: str = ""
    id: UUID = field(default_factory=lambda: UUID(int=0))
    app: pyotp.TOTP = field(default_factory=lambda: pyotp.TOTP(pyotp.random_base32()))
    phone: Authenticator = field(
        default_factory=lambda: Authenticator(HOME, "poolbook.example", str(next(NAMES)).encode())
    )

    def __post_init__(self) -> None:
        name = f"Somebody {next(NAMES)}"
        with self.town.db.transaction() as session:
            book = book_by_code(session, "A")
            person = make_person(session, name, book, self.role)
            self.id, self.email = person.id, person.email
        self.town.people[name] = self.id
        self.name = name

    def browser(self) -> FlaskClient:
        """A browser in which they are signed in by a link of just now."""
        return self.town.client(self.name)

    def opens_a_link(self) -> tuple[FlaskClient, TestResponse]:
        """Press the button of a new sign-in link."""
        client = self.town.client()
        client.post("/sign-in", data={"email": self.email})
        return client, client.post(mailed(self.town, self.email)[0])

    def sets_up_an_app(self, client: FlaskClient) -> list[str]:
        """Set up an app and return the recovery codes that are shown, if any."""
        assert client.post("/factors/app").headers["Location"] == "/factors/app"
        page = client.get("/factors/app").text
        assert "<svg" in page
        key = re.search(r'<code class="key">([A-Z2-7 ]+)</code>', page)
        assert key is not None
        self.app = pyotp.TOTP(key[1].replace(" ", ""))
        answer = client.post("/factors/app/confirm", data={"code": self.code(), "label": "Phone"})
        assert answer.status_code in (201, 303)
        CLOCK.now += timedelta(seconds=30)
        return re.findall(CODES, answer.text)

    def code(self) -> str:
        return self.app.at(CLOCK.now)

    def asked(self, client: FlaskClient, purpose: str) -> tuple[str, dict[str, object]]:
        """Have the browser's script ask for a challenge."""
        answer = client.post("/passkeys/challenge", data={"purpose": purpose})
        assert answer.status_code == 200, answer.text
        assert answer.json is not None
        return answer.json["challenge"], answer.json["options"]

    def makes_a_passkey(self, client: FlaskClient) -> TestResponse:
        challenge, options = self.asked(client, "enrol")
        form = {"challenge": challenge, "response": self.phone.make(options), "label": "My phone"}
        return client.post("/factors/passkeys", data=form)

    def signed(self, client: FlaskClient, purpose: str) -> dict[str, str]:
        challenge, options = self.asked(client, purpose)
        return {"challenge": challenge, "response": self.phone.use(options)}


def may_read(client: FlaskClient) -> bool:
    return client.get("/books/A/desk").status_code == 200


def is_asked(answer: TestResponse) -> bool:
    """Whether a form was answered with the question who one is."""
    return (answer.status_code, answer.headers.get("Location")) == (303, "/sign-in/again")


def told(town: Town, email: str) -> str:
    with town.db.snapshot() as session:
        rows = session.scalars(select(OutboxMessage.body).where(OutboxMessage.to_email == email))
        return "\n".join(rows)


def test_whoever_has_an_app_signs_in_in_two_steps_without_any_script(lasting: Town) -> None:
    ada = Somebody(lasting)
    codes = ada.sets_up_an_app(ada.browser())
    assert len(codes) == 10
    client, answer = ada.opens_a_link()
    assert answer.headers["Location"] == "/second-step"
    assert not may_read(client)
    assert "Use app code" in client.get("/second-step").text
    wrong = client.post("/second-step", data={"code": "000000"})
    assert wrong.status_code == 422
    assert not may_read(client)
    # A recovery code belongs on the page for those who lost both.
    assert client.post("/second-step", data={"code": codes[0]}).status_code == 422
    assert client.post("/second-step", data={"code": ada.code()}).status_code == 303
    assert may_read(client)
    assert "an authenticator app was added" in told(lasting, ada.email)


def test_a_code_that_was_used_signs_nobody_else_in(lasting: Town) -> None:
    ada = Somebody(lasting)
    ada.sets_up_an_app(ada.browser())
    (first, _), (second, _) = ada.opens_a_link(), ada.opens_a_link()
    code = ada.code()
    assert first.post("/second-step", data={"code": code}).status_code == 303
    assert second.post("/second-step", data={"code": code}).status_code == 422
    assert not may_read(second)


def test_five_wrong_codes_are_the_most_and_say_when_to_come_back(lasting: Town) -> None:
    ada = Somebody(lasting)
    codes = ada.sets_up_an_app(ada.browser())
    client, _answer = ada.opens_a_link()
    for address in ("/second-step", "/second-step/lost", "/second-step") * 2:
        last = client.post(address, data={"code": "000000"})
    assert last.status_code == 429
    assert 0 < int(last.headers["Retry-After"]) <= 3600
    right = client.post("/second-step/lost", data={"code": codes[0]})
    assert right.status_code == 429
    CLOCK.now += timedelta(hours=1)
    client, _answer = ada.opens_a_link()
    assert client.post("/second-step", data={"code": ada.code()}).status_code == 303


def test_the_second_step_waits_ten_minutes_and_only_where_the_link_was_opened(
    lasting: Town,
) -> None:
    ada = Somebody(lasting)
    ada.sets_up_an_app(ada.browser())
    client, _answer = ada.opens_a_link()
    code = {"code": ada.code()}
    assert lasting.client().post("/second-step", data=code).status_code == 401
    CLOCK.now += timedelta(minutes=10)
    assert client.post("/second-step", data={"code": ada.code()}).status_code == 401
    assert not may_read(client)


def test_a_passkey_alone_signs_in(lasting: Town) -> None:
    ada = Somebody(lasting)
    answer = ada.makes_a_passkey(ada.browser())
    assert answer.status_code == 201
    assert len(re.findall(CODES, answer.text)) == 10
    client = lasting.client()
    form = ada.signed(client, "sign_in")
    # What one browser asked for is not answered by another.
    assert lasting.client().post("/sign-in/passkey", data=form).status_code == 403
    form = ada.signed(client, "sign_in")
    assert client.post("/sign-in/passkey", data=form).status_code == 303
    assert may_read(client)
    assert client.post("/sign-in/passkey", data=form).status_code == 403
    assert "My phone" in client.get("/factors").text


def test_a_passkey_is_the_second_step_after_a_link(lasting: Town) -> None:
    ada, eve = Somebody(lasting), Somebody(lasting)
    for who in (ada, eve):
        who.makes_a_passkey(who.browser())
    client, _answer = ada.opens_a_link()
    eve.phone.user_handle = ada.id.bytes
    assert client.post("/second-step", data=eve.signed(client, "second_step")).status_code == 422
    assert not may_read(client)
    assert client.post("/second-step", data=ada.signed(client, "second_step")).status_code == 303
    assert may_read(client)


def test_a_copied_passkey_is_refused_and_its_owner_told(lasting: Town) -> None:
    ada = Somebody(lasting)
    ada.phone.counter = 9
    ada.makes_a_passkey(ada.browser())
    client = lasting.client()
    ada.phone.counter = 4
    assert client.post("/sign-in/passkey", data=ada.signed(client, "sign_in")).status_code == 403
    assert "copy of your passkey" in told(lasting, ada.email)
    ada.phone.counter = 9
    assert client.post("/sign-in/passkey", data=ada.signed(client, "sign_in")).status_code == 303


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"challenge": "x", "response": "{}"},
        {"challenge": str(UUID(int=1)), "response": "{}"},
        {"challenge": str(UUID(int=1)), "response": "x" * 30_000},
        {"challenge": str(UUID(int=1)), "response": json.dumps({"id": [1]})},
    ],
    ids=str,
)
def test_what_is_no_passkey_is_refused(lasting: Town, form: dict[str, str]) -> None:
    assert lasting.client().post("/sign-in/passkey", data=form).status_code == 403
    ada = Somebody(lasting)
    assert ada.browser().post("/factors/passkeys", data=form).status_code == 422


def test_a_changed_factor_ends_the_sessions_of_other_browsers(lasting: Town) -> None:
    """Whoever was let in without the factor, or with the one that is removed, does not stay."""
    ada = Somebody(lasting)
    here, elsewhere = ada.browser(), ada.browser()
    assert may_read(elsewhere)
    ada.sets_up_an_app(here)
    assert may_read(here)
    assert not may_read(elsewhere)
    another, _answer = ada.opens_a_link()
    another.post("/second-step", data={"code": ada.code()})
    assert may_read(another)
    assert here.post("/factors/app/remove", data=TOKEN).headers["Location"] == "/factors"
    assert may_read(here)
    assert not may_read(another)


def test_a_recovery_code_signs_in_to_set_up_a_factor_and_for_nothing_else(lasting: Town) -> None:
    ada = Somebody(lasting)
    codes = ada.sets_up_an_app(ada.browser())
    client, _answer = ada.opens_a_link()
    assert client.post("/second-step/lost", data={"code": codes[3].upper()}).status_code == 303
    assert "a recovery code was used" in told(lasting, ada.email)
    assert row_of(lasting, client).fresh_until == CLOCK.now
    for page in ("/books/A/desk", "/giving", "/tokens", "/sessions"):
        answer = client.get(page)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/factors")
    for form in ("/tokens", "/factors/codes", "/factors/app/remove", "/sign-in/again/factor"):
        assert client.post(form, data=TOKEN).headers["Location"] == "/factors"
    with lasting.db.snapshot() as session:
        assert factors_of(session, ada.id).app is not None
    # The new app takes the place of the one that was lost.
    assert ada.sets_up_an_app(client) == []
    assert may_read(client)
    assert client.post("/tokens", data=TOKEN).status_code == 201
    again, _answer = ada.opens_a_link()
    assert again.post("/second-step/lost", data={"code": codes[3]}).status_code == 422


TOKEN = {"name": "Nightly <copy>", "days": "90", "pledge:A": "on"}
AGAIN = "/sign-in/again/factor"


def test_a_deed_that_moves_rights_asks_again_after_fifteen_minutes(lasting: Town) -> None:
    ada = Somebody(lasting)
    client = ada.browser()
    codes = ada.sets_up_an_app(client)
    assert client.post("/tokens", data=TOKEN).status_code == 201
    CLOCK.now += STALE
    before = lasting.rows()
    assert is_asked(client.post("/tokens", data=TOKEN))
    assert lasting.rows() == before
    page = client.get("/sign-in/again").text
    assert "Use app code" in page
    assert "Send sign-in link" not in page
    # Neither a wrong code nor a recovery code confirms.
    for wrong in ("000000", codes[0]):
        assert client.post(AGAIN, data={"code": wrong}).status_code == 422
    with lasting.db.snapshot() as session:
        assert factors_of(session, ada.id).codes_left == 10
    assert is_asked(client.post("/tokens", data=TOKEN))
    answer = client.post(AGAIN, data={"code": ada.code()})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/tokens")
    # What was answered comes back to be looked at, and nothing was done by itself.
    assert 'value="Nightly &lt;copy&gt;"' in client.get("/tokens").text
    assert lasting.rows()["api_token"] == before["api_token"]
    assert client.post("/tokens", data=TOKEN).status_code == 201


def test_a_passkey_confirms_and_leads_back_to_the_page(lasting: Town) -> None:
    admin = Somebody(lasting, "admin")
    client = admin.browser()
    admin.makes_a_passkey(client)
    CLOCK.now += STALE
    form = {"role": "auditor", "demand": "asked"}
    assert is_asked(client.post("/books/A/factors", data=form))
    assert client.post(AGAIN, data=admin.signed(client, "sign_in")).status_code == 422
    answer = client.post(AGAIN, data=admin.signed(client, "confirm"))
    assert (answer.status_code, answer.headers["Location"]) == (303, "/books/A/factors")
    with lasting.db.snapshot() as session:
        assert session.scalar(select(FactorPolicy).where(FactorPolicy.role == "auditor")) is None
    answer = client.post("/books/A/factors", data=form)
    assert answer.headers["Location"] == "/books/A/factors"


def test_a_link_alone_does_not_confirm_for_who_has_a_factor(lasting: Town) -> None:
    ada = Somebody(lasting)
    client = ada.browser()
    ada.sets_up_an_app(client)
    CLOCK.now += STALE
    client.post("/sign-in", data={"email": ada.email})
    answer = client.post(mailed(lasting, ada.email)[0])
    assert answer.headers["Location"] == "/second-step"
    assert is_asked(client.post("/tokens", data=TOKEN))
    assert client.post("/second-step", data={"code": ada.code()}).status_code == 303
    assert client.post("/tokens", data=TOKEN).status_code == 201


def test_nobody_adds_a_factor_in_a_session_that_was_left_open(lasting: Town) -> None:
    ada = Somebody(lasting)
    client = ada.browser()
    CLOCK.now += STALE
    assert client.post("/passkeys/challenge", data={"purpose": "enrol"}).status_code == 403
    assert is_asked(client.post("/factors/app"))
    with lasting.db.snapshot() as session:
        assert not factors_of(session, ada.id).any


def test_a_lost_factor_is_reset_by_another_admin_and_the_role_waits(lasting: Town) -> None:
    ada, admin = Somebody(lasting), Somebody(lasting, "admin")
    browser, desk = ada.browser(), admin.browser()
    ada.sets_up_an_app(browser)
    admin.sets_up_an_app(desk)
    reset = "/books/A/people/{}/reset-factors"
    assert desk.post(reset.format(admin.id)).status_code == 403
    assert desk.post(reset.format(ada.id)).status_code == 303
    assert not may_read(browser)
    assert "an admin of your community removed" in told(lasting, ada.email)
    client, answer = ada.opens_a_link()
    assert answer.headers["Location"] == "/start"
    assert may_read(client)
    assert "can read but not make changes" in client.get("/books/A/desk").text
    refused = client.post("/books/A/cash", data={"amount": "5", "fund": "GEN"})
    assert refused.status_code == 403
    assert "Protect your role first" in refused.text
    ada.sets_up_an_app(client)
    assert client.post("/books/A/cash", data={"amount": "5", "fund": "GEN"}).status_code == 422


def test_an_admin_of_one_community_does_not_reset_who_serves_another(lasting: Town) -> None:
    admin, ada = Somebody(lasting, "admin"), Somebody(lasting)
    ada.sets_up_an_app(ada.browser())
    lasting.tell(
        lambda session: grant_role(
            session,
            person_id=ada.id,
            book_id=book_by_code(session, "B").id,
            role="approver",
            now=CLOCK.now,
        )
    )
    answer = admin.browser().post(f"/books/A/people/{ada.id}/reset-factors")
    assert answer.status_code == 403
    with lasting.db.snapshot() as session:
        assert factors_of(session, ada.id).any


def test_a_role_that_requires_a_factor_reads_and_does_not_write_after_seven_days(
    lasting: Town,
) -> None:
    member, admin = Somebody(lasting, "member"), Somebody(lasting, "admin")
    form = {"title": "Cable", "amount": "5", "fund": "GEN", "account": "5110"}
    hours = {"book": "A", "fund": "GEN", "commodity": "MIN.ELEC", "worked": "1"}
    hours |= {"worked_on": NOW.date().isoformat(), "description": "Cables"}

    def tried() -> tuple[int, int]:
        client = member.browser()
        return (
            client.post("/books/A/agreements/new/expense", data=form).status_code,
            client.post("/hours", data=hours).status_code,
        )

    asked = tried()
    assert asked == (422, 303)
    demand = {"role": "member", "demand": "required"}
    assert admin.browser().post("/books/A/factors", data=demand).status_code == 303
    assert "requires a second factor for the role member" in member.browser().get("/factors").text
    CLOCK.now += timedelta(days=7) - timedelta(seconds=1)
    assert tried() == asked
    CLOCK.now += timedelta(seconds=1)
    assert tried() == (403, 403)
    assert member.browser().get("/books/A/agreements").status_code == 200
    # The same role in another community is not held back.
    other = {**hours, "book": "B"}
    assert lasting.client("other member").post("/hours", data=other).status_code == 303
    member.sets_up_an_app(member.browser())
    assert tried() == asked
    admin.browser().post("/books/A/factors", data={**demand, "demand": "off"})


def test_removing_the_last_factor_is_told_and_takes_the_codes(lasting: Town) -> None:
    ada = Somebody(lasting)
    client = ada.browser()
    ada.sets_up_an_app(client)
    answer = ada.makes_a_passkey(client)
    assert answer.status_code == 303
    assert client.post("/factors/app/remove").status_code == 303
    found = re.search(r'action="(/factors/passkeys/[^"]+/remove)"', client.get("/factors").text)
    assert found is not None
    assert Somebody(lasting).browser().post(found[1]).status_code == 404
    assert client.post(found[1]).status_code == 303
    with lasting.db.snapshot() as session:
        held = factors_of(session, ada.id)
    assert (held.any, held.codes_left) == (False, 0)
    assert "a passkey was removed" in told(lasting, ada.email)


def test_strangers_do_not_fill_the_database_with_challenges(quick_town: Town) -> None:
    client = quick_town.client()
    for _time in range(STRANGERS.most):
        assert client.post("/passkeys/challenge", data={"purpose": "sign_in"}).status_code == 200
    rows = quick_town.rows()["challenge"]
    refused = client.post("/passkeys/challenge", data={"purpose": "sign_in"})
    assert (refused.status_code, quick_town.rows()["challenge"]) == (429, rows)
    assert int(refused.headers["Retry-After"]) > 0
