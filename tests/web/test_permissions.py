"""Who may do what: every address of the URL map, asked by everybody (domain section 11).

``permissions.py`` is the specification. A route that stands in none of its tables fails the first
test, so that nobody adds one without saying for whom.
"""

from datetime import date
from html import unescape
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select, update

from ledger.core.vocabulary import RecurringState
from ledger.db import Session
from ledger.ids import new_id
from ledger.links import PLEDGE, RECURRING, Links
from ledger.models.approval_requests import ApprovalRequest
from ledger.models.campaigns import Campaign
from ledger.models.people import Membership
from ledger.models.pledges import Basket
from ledger.queries.books.books import book_by_code
from ledger.services.accounting import periods
from ledger.services.approvals.decisions import decide
from ledger.services.payments import recurring
from ledger.services.people import sign_in_links
from tests.conftest import NOW
from tests.factories import make_party, make_person, make_pledge
from tests.web.permissions import (
    ALL,
    API,
    DEEDS,
    GUEST,
    OTHER_GIVER,
    PROVED_BY,
    SIGNED_IN,
    VIEWS,
    WHO,
    WITH_LINK,
    Deed,
    as_markdown,
    in_document,
)
from tests.web.test_every_page import HEALTH
from tests.worlds.town import EVERYBODY, HOME, OF_POOLS, OTHERS, Town

ROOT = Path(__file__).parents[2]

REFUSALS = (401, 403, 404)
# Forms in which the book is an answer: who has no role in it hears so beside the field.
NAMING_THE_BOOK = ("hours.log", "things.receive", "reports.issue_report", "reports.ask_pdf")


def one_of_each_kind() -> set[str]:
    """Of the forms that the same people may send, the first by name."""
    return set({deed.who: name for name, deed in sorted(DEEDS.items(), reverse=True)}.values())


def settle(town: Town) -> Town:
    """Add the people and things that only these tables ask about."""
    links = Links(HOME, town.app.config["SECRET_KEY"])

    def add(session: Session) -> None:
        town.people[OTHER_GIVER] = make_person(session, "Other giver").id
        campaign = session.scalars(select(Campaign).where(Campaign.slug == "solar-roof")).one()
        guest = make_party(session, "guest@example.org", "Guest")
        pledge = make_pledge(session, campaign, guest)
        gift = recurring.begin(
            session,
            campaign=campaign,
            party=guest,
            basket=session.get_one(Basket, pledge.basket_id),
            amount=2000,
            every="month",
            now=NOW,
        )
        gift.state, gift.stripe_subscription_id = RecurringState.ACTIVE, "sub_1"
        place = sign_in_links.issue_link(session, email="guest@example.org", links=links, now=NOW)
        town.ids["link secret"] = links.fill(place).rsplit("/", 1)[1]
        town.ids["link gifts"] = links.token(RECURRING, gift.id)
        town.ids["link promises"] = links.token(PLEDGE, pledge.id)
        book, treasurer = book_by_code(session, "A"), town.people["treasurer"]
        period = periods.close_period(
            session,
            book_id=book.id,
            until=date(2025, 6, 30),
            closed_by=treasurer,
            approved_by=town.people["approver"],
            now=NOW,
        )
        soft = periods.soft_close(
            session,
            book=book,
            until=date(2025, 7, 31),
            reason="All agrees",
            made_by=treasurer,
            now=NOW,
        )
        town.ids |= {"period_id": str(period.id), "soft_close_id": str(soft.id)}

    town.tell(add)
    return town


@pytest.fixture(scope="module")
def town(town: Town) -> Town:
    """The town with everything in it that a route can be about."""
    return settle(town)


@pytest.fixture(scope="module")
def quick_town(quick_town: Town) -> Town:
    """The same on SQLite."""
    return settle(quick_town)


def path_for(town: Town, endpoint: str, who: str, **about: str) -> str:
    """The address of a route for somebody: the guest alone has the link that some of them take."""
    if endpoint in WITH_LINK and who == GUEST:
        rule = next(town.app.url_map.iter_rules(endpoint))
        kind = rule.rule.split("/")[1]
        if kind == "sign-in":
            about["secret"] = town.ids["link secret"]
        else:
            about["token"] = town.ids[f"link {kind}"]
    return town.address(endpoint, **about)


def missing(town: Town) -> set[str]:
    """The endpoints that stand in no table, and the rows that name no endpoint."""
    forms = set(town.endpoints("POST")) ^ set(DEEDS)
    programs = {
        (method, rule.rule.removeprefix("/api/v1"))
        for rule in town.app.url_map.iter_rules()
        if rule.endpoint.startswith("api_") and rule.endpoint != "api_unknown.refuse"
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    } ^ {(method, as_rule(path)) for method, path in API}
    named = {f"{method} {path}" for method, path in programs}
    return forms | (set(town.endpoints("GET")) ^ set(VIEWS)) | named


def as_rule(path: str) -> str:
    """The rule of the URL map that an address of the table of programs is an example of."""
    path = path.replace("/A/", "/<code>/").replace("solar-roof", "<slug>")
    return path.replace("{proposal}", "<uuid:request_id>")


def was_refused(status: int, location: str) -> bool:
    return status in REFUSALS or (status == 302 and location == "/sign-in")


def test_every_endpoint_stands_in_the_tables(town: Town) -> None:
    assert missing(town) == set()


def test_an_endpoint_that_stands_in_no_table_is_noticed(town: Town) -> None:
    removed = DEEDS.pop("queue.decide")
    try:
        assert missing(town) == {"queue.decide"}
    finally:
        DEEDS["queue.decide"] = removed
    assert set(town.endpoints("PUT") + town.endpoints("DELETE") + town.endpoints("PATCH")) == {
        "api_unknown.refuse"
    }


@pytest.mark.parametrize("endpoint", sorted(set(VIEWS) - {"reports.pdf"}))
def test_a_page_is_seen_by_exactly_those_it_is_for(quick_town: Town, endpoint: str) -> None:
    town = quick_town
    seen = set()
    for who in WHO:
        path = path_for(town, endpoint, who)
        if endpoint == "reports.transparency":
            path += "?from=2026-01-01&to=2026-12-31&book=A"
        answer = town.client(who).get(path)
        assert answer.status_code < 500 or endpoint in HEALTH, who
        # A report of a book that is not one's own comes back as the form with a sentence.
        refused = endpoint == "reports.transparency" and answer.status_code == 422
        if not refused and not was_refused(answer.status_code, answer.headers.get("Location", "")):
            seen.add(who)
    assert seen == VIEWS[endpoint]


@pytest.mark.sampled("endpoint", one_of_each_kind())
@pytest.mark.parametrize("endpoint", sorted(DEEDS))
def test_those_who_may_not_do_it_are_refused_and_nothing_is_written(
    town: Town, endpoint: str
) -> None:
    before = town.rows()
    for who in sorted(ALL - DEEDS[endpoint].who):
        path = path_for(town, endpoint, who)
        answer = town.client(who).post(path, data=DEEDS[endpoint].form)
        named = endpoint in NAMING_THE_BOOK and "don't have access to it" in unescape(answer.text)
        assert answer.status_code in REFUSALS or named, (who, answer.status_code)
    assert town.rows() == before


@pytest.mark.sampled("endpoint", one_of_each_kind())
@pytest.mark.parametrize("endpoint", sorted(name for name, deed in DEEDS.items() if deed.who))
def test_those_who_may_do_it_are_not_refused(town: Town, endpoint: str) -> None:
    form = {**DEEDS[endpoint].form}
    about = {name: town.ids[key] for name, key in DEEDS[endpoint].about.items()}
    statuses = {}
    for who in sorted(DEEDS[endpoint].who):
        path = path_for(town, endpoint, who, **about)
        if endpoint == "pledges.send":
            form["form_key"] = str(new_id())
        answer = town.client(who).post(path, data=form)
        statuses[who] = answer.status_code
    assert not set(statuses.values()) & {*REFUSALS, 500}, statuses
    # The first succeeds; the others may come too late, which is no refusal.
    first = next(iter(statuses.values()))
    late = {
        "payouts.refund": 409,
        "statements.upload": 422,
        "evidence.attach": 422,
        "payment_files.make": 409,
        "bank_tables.send": 422,
        "gift_lists.send": 422,
        "ledgers.send": 422,
        # The town's books are kept there already.
        "ledgers.say": 409,
        "tokens.create": 201,
    }
    # The town's thing has no value yet and is not lent; test_items has one that is.
    # The town's donor gave signed in; test_claimed_addresses has gifts that joined.
    late |= {"giving.not_mine": 409}
    # Nobody here has an authenticator that answers, or a factor.
    late |= {"factors.add_passkey": 422, "factors.renew_codes": 409, "factor_policy.reset": 409}
    late |= {"step_up.confirm": 422}
    # Accounts of the chart stay open; test_closing has one of a book's own.
    late |= {"account_settings.set_closed": 422}
    late |= {"items.plan_wear": 409, "items.damage": 409}
    # Stripe is asked what they are, and nobody answers here: test_waiting.
    late |= {"waiting.refund": 409, "waiting.payout": 409}
    # Somebody else agrees to roles here, so none waits: test_role_grants.
    late |= {"people.pause": 409}
    # The town takes no payments, and asks Stripe for nothing.
    late |= dict.fromkeys((name for name in WITH_LINK if not name.startswith("sign_in.")), 409)
    assert first in (200, 302, 303, late.get(endpoint)), statuses


def test_another_communitys_payment_cannot_be_refunded_from_ones_own_book(town: Town) -> None:
    client = town.client("other treasurer")
    before = town.rows()
    path = town.address("payouts.refund", code="B")
    answer = client.post(path, data={"amount": "1", "reason": "Mine now"})
    assert answer.status_code == 404
    assert client.get(path).status_code == 404
    assert town.rows() == before


def about_something(name: str, town: Town) -> bool:
    """Whether a route names a book and something in it."""
    arguments = next(town.app.url_map.iter_rules(name)).arguments
    return "code" in arguments and bool(arguments & set(town.ids) - {"book_id"})


def found_from_outside(town: Town, endpoint: str) -> set[tuple[str, int]]:
    """Ask as everybody of community B, through B's address, for what is A's; return who got it."""
    found = set()
    path = town.address(endpoint, code="Q" if endpoint in OF_POOLS else "B")
    for who in OTHERS:
        client = town.client(who)
        if endpoint in DEEDS:
            answer = client.post(path, data=DEEDS[endpoint].form)
        else:
            answer = client.get(path)
        # Some forms say beside the field that there is no such thing here.
        if answer.status_code not in (403, 404, 422) or "With best wishes" in answer.text:
            found.add((who, answer.status_code))
    return found


def test_what_belongs_to_another_book_is_not_found_through_ones_own(town: Town) -> None:
    before = town.rows()
    routes = [
        name
        for name in sorted({*VIEWS, *DEEDS})
        if about_something(name, town) and not name.startswith("api_")
    ]
    assert len(routes) > 20
    found = {name: found_from_outside(town, name) for name in routes}
    assert not any(found.values()), found
    assert town.rows() == before


def test_a_route_that_looks_beyond_its_book_is_noticed(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: as when a page asks for an entry and forgets whose it is."""
    monkeypatch.setitem(town.app.view_functions, "journal.entry", lambda **_of: "an entry")
    assert found_from_outside(town, "journal.entry") == {(who, 200) for who in OTHERS}


def test_a_printed_report_is_refused_to_who_may_not_read_it(quick_town: Town) -> None:
    """Who may is asked in tests/reports: printing takes a second for each."""
    path = quick_town.address("reports.pdf") + "?from=2026-01-01&to=2026-12-31&book=A"
    for who in sorted(ALL - VIEWS["reports.pdf"]):
        answer = quick_town.client(who).get(path)
        # Readers of another book get the form back, which says that there is no such book.
        elsewhere = who in OTHERS and answer.status_code == 422
        assert elsewhere or was_refused(answer.status_code, answer.headers.get("Location", "")), who
        assert answer.mimetype == "text/html"


def test_what_is_proved_elsewhere_names_its_test() -> None:
    rows = {**VIEWS, **{name: deed.who for name, deed in DEEDS.items()}}
    nobody = {name for name, who in rows.items() if not who and not name.startswith("api_")}
    assert nobody == set(PROVED_BY)
    for _words, place in PROVED_BY.values():
        file, name = place.split("::")
        assert f"def {name}(" in (ROOT / file).read_text(), place


def test_the_matrix_in_the_document_is_this_one() -> None:
    assert in_document() == as_markdown(), "run python -m tests.web.permissions"


def test_whoever_asks_does_not_decide(town: Town) -> None:
    """The approver of this town has asked for something herself."""
    made: list[UUID] = []

    def ask(session: Session) -> None:
        old = session.get_one(ApprovalRequest, UUID(town.ids["request_id"]))
        approval_request = ApprovalRequest(
            book_id=old.book_id,
            kind="correction",
            title="Mine",
            reason="I want it",
            arguments={"entry": town.ids["entry_id"], "funds": {"GEN": "SOLAR"}},
            state="open",
            made_by=town.people["approver"],
            made_at=NOW,
        )
        session.add(approval_request)
        session.flush()
        made.append(approval_request.id)

    town.tell(ask)
    before = town.rows()
    client = town.client("approver")
    page = client.get("/queue").text
    assert "You requested this, so another person decides." in page
    answer = client.post(f"/queue/{made[0]}", data={"answer": "approve", "note": ""})
    assert answer.status_code == 403
    assert "cannot approve" in answer.text
    assert town.rows() == before

    def agree(session: Session) -> None:
        other = make_person(session, "Another", book_by_code(session, "A"), "approver")
        decide(
            session,
            request_id=made[0],
            approve=True,
            decided_by=other.id,
            note="",
            now=NOW,
        )

    # Control: the same decision by somebody else is taken.
    town.tell(agree)
    assert town.rows()["entry"] > before["entry"]


def test_a_decision_taken_twice_says_so(town: Town) -> None:
    path = town.address("queue.decide")
    answers = [
        town.client("approver").post(path, data={"answer": "reject", "note": ""}) for _ in range(2)
    ]
    assert answers[-1].status_code == 409
    assert "already been decided" in answers[-1].text


def test_nobody_confirms_hours_of_their_own(town: Town) -> None:
    before = town.rows()
    path = town.address("hours.confirm", hours_id=town.ids["more_hours_id"])
    answer = town.client("second member").post(path)
    assert answer.status_code == 403
    assert town.rows() == before
    assert town.client("member").post(path).status_code == 303
    assert town.rows() != before


def test_a_token_is_ended_by_its_owner_only(town: Town) -> None:
    path = town.address("tokens.revoke")
    for who in sorted(ALL):
        assert town.client(who).post(path).status_code in REFUSALS
    owner = town.client("second treasurer")
    assert owner.post(path).status_code == 303
    assert "Revoked" in owner.get("/tokens").text


def test_a_session_is_ended_by_its_owner_only(town: Town) -> None:
    path = town.address("sign_in.end")
    for who in sorted(ALL):
        assert town.client(who).post(path).status_code in REFUSALS, who
    assert town.client("second treasurer").post(path).status_code in (302, 303)


def test_a_role_taken_away_is_gone_with_the_next_page(town: Town) -> None:
    client = town.client("second treasurer")
    assert client.get("/books/A/desk").status_code == 200
    person = town.people["second treasurer"]
    town.tell(
        lambda session: session.execute(
            update(Membership).where(Membership.person_id == person).values(ends_at=NOW)
        )
    )
    assert client.get("/books/A/desk").status_code == 404


EVERYBODY_KNOWN = frozenset(EVERYBODY) - {"nobody"}


def written_by_auditors() -> set[str]:
    """The forms that auditors may send and others who are signed in may not."""
    return {name for name, deed in DEEDS.items() if "auditor" in deed.who and deed.who < SIGNED_IN}


# A job that reads the books and writes down that it was asked for; it is its owner's.
ASKED_FOR = {"reports.ask_pdf", "reports.ask_export", "reports.ask_bundle"}


def test_an_auditor_writes_nothing_but_what_is_their_own() -> None:
    assert written_by_auditors() == ASKED_FOR
    assert not [
        who
        for (method, _path), who in API.items()
        if method == "POST" and "auditor" in who and who < EVERYBODY_KNOWN
    ]


def test_a_form_for_auditors_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(DEEDS, "offline.record", Deed(frozenset({"treasurer", "auditor"})))
    assert written_by_auditors() == {"offline.record", *ASKED_FOR}


def test_what_an_auditor_reads_has_no_forms_of_the_books(town: Town) -> None:
    auditor = town.client("auditor")
    for path in ("/books/A/statements", "/books/A/people", "/queue", "/books/A/rights"):
        answer = auditor.get(path)
        assert answer.status_code == 200, path
        body = answer.text.split("<main")[1].split("</main>")[0]
        assert 'method="post"' not in body, path
        assert "@example.org" not in body, path
    assert "Reconciliation of bank and books" in auditor.get("/books/A/statements").text
    assert "Treasurer" in auditor.get("/books/A/people").text
    # The control: whoever may act finds the forms on the same pages.
    assert 'method="post"' in town.client("admin").get("/books/A/people").text.split("<main")[1]
