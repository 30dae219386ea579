"""Who may do what: every address of the URL map, asked by everybody (domain section 11).

The tables below are the specification. A new endpoint that stands in none of them fails the first
test, so that nobody opens a door without saying for whom.
"""

from dataclasses import dataclass, field
from uuid import UUID

import pytest
from sqlalchemy import select

from ledger.ids import new_id
from ledger.models.people import Membership
from ledger.models.proposals import Proposal
from ledger.services.decisions import decide
from tests.conftest import NOW
from tests.web.town import EVERYBODY, TODAY, Town

ALL = frozenset(EVERYBODY)
SIGNED_IN = ALL - {"nobody"}
READERS = frozenset({"treasurer", "approver", "auditor"})
TREASURER = frozenset({"treasurer"})
CIRCLE = frozenset({"member", "treasurer", "approver"})


@dataclass(frozen=True)
class Deed:
    """Who may do something, a form that does it, and what it is about where that differs."""

    who: frozenset[str]
    form: dict[str, str] = field(default_factory=dict)
    about: dict[str, str] = field(default_factory=dict)


CALL = {
    "title": "A well",
    "slug": "well",
    "summary": "Water",
    "story": "We dig.",
    "fund": "GEN",
    "mode": "all_or_nothing",
    "fee_bearer": "fund",
    "opens_on": TODAY.isoformat(),
    "deadline_on": "2026-12-31",
    "need-0": "USD",
    "label-0": "Pipes",
    "minimum-0": "100",
    "deed": "keep",
}
# What can be corrected in the town's open campaign, to which somebody has promised.
WORDS = {
    "title": "Solar roof",
    "summary": "Panels for all",
    "story": "It pays for itself.",
    "label-0": "Panels",
    "label-1": "A projector",
    "label-2": "Electricians",
    "deed": "keep",
}
# Endpoint → who may send its form.
DEEDS: dict[str, Deed] = {
    "pledges.send": Deed(
        ALL,
        {"money": "5", "name": "Ada", "email": "ada@example.org", "consent": "name"},
    ),
    "sign_in.ask": Deed(ALL, {"email": "ada@example.org"}),
    "sign_in.leave": Deed(ALL),
    "sign_in.end_all": Deed(SIGNED_IN),
    "sign_in.ask_again": Deed(SIGNED_IN),
    "reports.issue_report": Deed(
        READERS, {"book": "A", "from": "2026-01-01", "to": "2026-01-31", "edition": "public"}
    ),
    "hours.log": Deed(
        frozenset({"member", "treasurer"}),
        {
            "book": "A",
            "fund": "GEN",
            "commodity": "MIN.ELEC",
            "worked": "1",
            "worked_on": TODAY.isoformat(),
            "description": "Cables",
        },
    ),
    "hours.confirm": Deed(CIRCLE),
    "hours.reject": Deed(CIRCLE, about={"hours_id": "doubtful_hours_id"}),
    "things.receive": Deed(
        CIRCLE,
        {
            "book": "A",
            "fund": "GEN",
            "commodity": "EQP.PROJECTOR",
            "quantity": "1",
            "description": "A projector",
            "condition": "B",
            "received_on": TODAY.isoformat(),
        },
    ),
    "things.value": Deed(
        frozenset({"member", "treasurer"}),
        {"total": "200", "method": "price_list", "evidence": "A list"},
    ),
    "things.lend": Deed(
        frozenset({"member", "treasurer"}),
        {"borrower": "B", "purpose": "A film", "due_on": TODAY.isoformat()},
    ),
    "items.let_go": Deed(
        frozenset({"member", "treasurer"}), {"way": "lost", "reason": "Not seen since May"}
    ),
    "items.give_on": Deed(frozenset({"member", "treasurer"}), {"receiver": "B", "reason": "Why"}),
    "items.plan_wear": Deed(frozenset({"member", "treasurer"}), {"months": "48"}),
    "items.damage": Deed(
        frozenset({"member", "treasurer"}), {"impairment": "5", "reason": "It fell"}
    ),
    "things.take_back": Deed(frozenset({"member", "treasurer"})),
    "giving.cancel": Deed(frozenset({"donor"})),
    "giving.shown": Deed(frozenset({"donor"}), {"consent": "name"}),
    "giving.not_mine": Deed(frozenset({"donor"})),
    "journal.correct": Deed(
        TREASURER, {"from_fund": "GEN", "to_fund": "SOLAR", "reason": "It was for the roof"}
    ),
    "journal.take_back": Deed(TREASURER, {"why": "Counted twice"}),
    "statements.upload": Deed(TREASURER),
    "bank_tables.send": Deed(TREASURER),
    "bank_tables.say": Deed(
        TREASURER,
        {
            "heading_line": "1",
            "day_format": "dmy",
            "decimal_mark": ",",
            "encoding": "",
            "currency": "USD",
            "column-1": "day",
            "column-2": "counterparty",
            "column-3": "amount",
            "deed": "import",
        },
    ),
    "statements.join": Deed(TREASURER),
    "gift_lists.send": Deed(TREASURER),
    "gift_lists.say": Deed(
        TREASURER,
        {
            "heading_line": "1",
            "day_format": "dmy",
            "decimal_mark": ",",
            "encoding": "",
            "currency": "USD",
            "purpose": "fund:GEN",
            "account": "1010",
            "column-1": "counterparty",
            "column-2": "email",
            "column-3": "amount",
            "column-4": "day",
            "deed": "import",
        },
    ),
    "statements.match": Deed(TREASURER, {"meaning": "gift", "target": "GEN"}),
    "offline.record": Deed(
        TREASURER,
        {
            "amount": "5",
            "fund": "GEN",
            "received_on": TODAY.isoformat(),
            "key": "k1",
            "deed": "count",
        },
    ),
    "by_hand.do": Deed(
        TREASURER,
        {
            "name": "Ann",
            "email": "ann@example.org",
            "consent": "name",
            "fund": "GEN",
            "schedule": "2027-01-31 50",
            "reason": "A signed letter",
            "step": "do",
        },
    ),
    "suspense.name": Deed(TREASURER, {"fund": "GEN"}),
    "payouts.refund": Deed(TREASURER, {"amount": "1", "reason": "Paid twice"}),
    "transfers.propose": Deed(
        TREASURER, {"receiver": "B", "amount": "5", "fund": "GEN", "reason": "Seeds"}
    ),
    "commitments.ask": Deed(
        frozenset({"member", "treasurer"}),
        {
            "title": "Cable",
            "amount": "5",
            "fund": "GEN",
            "account": "5110",
            "function": "programme",
            "reason": "For the roof",
        },
    ),
    "commitments.carry_out": Deed(TREASURER, {"amount": "5", "done_on": TODAY.isoformat()}),
    "cost_sharing.propose": Deed(
        TREASURER,
        {
            "title": "Hall hire",
            "amount": "90",
            "fund": "GEN",
            "measure-A": "5",
            "measure-B": "3",
            "reason": "By hours of use",
        },
    ),
    "calls.draft": Deed(TREASURER, CALL),
    "calls.change": Deed(TREASURER, {**CALL, "slug": "a-draft", "deed": "open"}),
    "calls.throw_away": Deed(TREASURER, about={"campaign_id": "spare_draft_id"}),
    "calls.correct": Deed(TREASURER, WORDS),
    "sponsors.propose": Deed(
        TREASURER,
        {
            "name": "Sam",
            "email": "sam@example.org",
            "campaign": "solar-roof",
            "percent": "100",
            "up_to": "1000",
            "reason": "Signed terms",
            "deed": "propose",
        },
    ),
    "periods.close": Deed(TREASURER, {"until": "2026-01-31", "reason": "All agrees"}),
    "my_data.erase": Deed(frozenset({"donor"}), {"email": "donor@example.org"}),
    "periods.soft_close": Deed(TREASURER, {"until": "2026-01-31", "reason": "All agrees"}),
    # Nothing is softly closed here: tests of its own.
    "periods.lift": Deed(frozenset()),
    "periods.reopen": Deed(frozenset(), {"reason": "A bill was missed"}),
    "allocations.propose": Deed(TREASURER, {"amount": "5", "rule": "equal", "purpose": "Seeds"}),
    "pools.settle": Deed(TREASURER),
    "pool_agreements.propose": Deed(
        TREASURER,
        {
            "name": "Three Streams",
            "code": "STREAMS",
            "fund": "POOL",
            "story": "For all",
            "reason": "The members met",
        },
    ),
    "pool_agreements.join": Deed(
        TREASURER, {"pool": "Q", "fund": "GEN", "reason": "The members met"}
    ),
    "queue.decide": Deed(frozenset({"approver"}), {"answer": "approve", "note": ""}),
    "settings.describe": Deed(frozenset({"admin"}), {"name": "A", "time_zone": "UTC"}),
    "settings.open_fund": Deed(
        frozenset({"admin"}), {"code": "ROOF", "fund_name": "Roof", "fund_class": "purpose"}
    ),
    "settings.add_kind": Deed(frozenset({"admin"}), {"kind": "EQP", "singular": "canoe"}),
    "people.give": Deed(
        frozenset({"admin"}), {"name": "Pia", "email": "pia@example.org", "role": "member"}
    ),
    "people.end": Deed(frozenset({"admin"})),
    "tokens.create": Deed(SIGNED_IN, {"name": "A script", "days": "90", "pledge:A": "on"}),
    # The link or the owner decides, not a role: tests of their own, elsewhere or below.
    "sign_in.enter": Deed(frozenset()),
    "sign_in.end": Deed(frozenset()),
    "tokens.revoke": Deed(frozenset()),
    "webhook.receive": Deed(frozenset()),
    "recurring.change": Deed(frozenset()),
    "recurring.amount": Deed(frozenset()),
    "recurring.card": Deed(frozenset()),
    "promises.pay": Deed(frozenset()),
    "promises.card": Deed(frozenset()),
    "promises.cancel": Deed(frozenset()),
    # Tokens, not cookies: tests/api.
    "api_campaigns.pledge": Deed(frozenset()),
    "api_entries.post": Deed(frozenset()),
    "api_bank_statements.take": Deed(frozenset()),
    "api_unknown.refuse": Deed(frozenset()),
}

# Endpoint → who may look at it, in book A or pool P.
VIEWS: dict[str, frozenset[str]] = {
    **dict.fromkeys(
        (
            "static",
            "home.show",
            "home.all_campaigns",
            "home.all_communities",
            "home.community",
            "campaigns.show",
            "pools.show",
            "pledges.form",
            "pledges.pay",
            "pledges.back",
            "pledges.thanks",
            "sign_in.form",
            "health.show",
            "home.start",
            "api-docs.openapi_json",
            "api_books.index",
            "api_campaigns.index",
            "api_campaigns.show",
        ),
        ALL,
    ),
    "giving.show": SIGNED_IN,
    "my_data.show": SIGNED_IN,
    "my_data.download": SIGNED_IN,
    "tokens.show": SIGNED_IN,
    "sign_in.where": SIGNED_IN,
    "sign_in.again": SIGNED_IN,
    # Towards a pledge of one's own, everybody may log.
    "hours.show": SIGNED_IN,
    # Pages about all books of one's own: the other book's people see theirs there.
    "things.show": CIRCLE | {"other member", "other treasurer", "other approver"},
    "things.receive_form": CIRCLE | {"other member", "other treasurer", "other approver"},
    "queue.show": frozenset({"approver", "other approver"}),
    "reports.index": READERS | {"other treasurer", "other approver", "other auditor"},
    "reports.transparency": READERS,
    "reports.editions": READERS | {"other treasurer", "other approver", "other auditor"},
    # Nothing was made here: tests of its own.
    "reports.compare": frozenset(),
    "reports.edition_pdf": frozenset(),
    "reports.pdf": READERS,
    "things.value_form": frozenset({"member", "treasurer"}),
    "things.lend_form": frozenset({"member", "treasurer"}),
    "items.show": CIRCLE,
    "desk.show": TREASURER,
    "statements.show": TREASURER,
    "bank_tables.choose": TREASURER,
    "bank_tables.show": TREASURER,
    "gift_lists.choose": TREASURER,
    "gift_lists.show": TREASURER,
    "offline.show": TREASURER,
    "by_hand.index": TREASURER,
    "by_hand.form": TREASURER,
    "transfers.show": TREASURER,
    "sponsors.show": TREASURER,
    "pool_agreements.index": TREASURER,
    "pool_agreements.new": TREASURER,
    "pool_agreements.join_form": TREASURER,
    "calls.show": TREASURER,
    "calls.new": TREASURER,
    "calls.edit": TREASURER,
    "calls.preview": TREASURER,
    "calls.ask": TREASURER,
    "calls.look_again": TREASURER,
    "cost_sharing.form": TREASURER,
    "commitments.index": READERS | {"member"},
    "commitments.show": READERS | {"member"},
    "commitments.new": frozenset({"member", "treasurer"}),
    "suspense.form": TREASURER,
    "payouts.refund_form": TREASURER,
    "desk.check": READERS,
    "people.show": frozenset({"admin"}),
    "settings.show": frozenset({"admin"}),
    "rights_log.show": frozenset({"auditor", "admin"}),
    "rights_log.download": frozenset({"auditor", "admin"}),
    "journal.show": READERS,
    "journal.entry": READERS,
    "journal.account": READERS,
    "journal.trial_balance": READERS,
    "payouts.show": READERS,
    "periods.show": READERS,
    "statements.lines": READERS,
    "reports.bundle": READERS,
    "reports.proof": READERS,
    "reports.export": READERS,
    "allocations.allocate": READERS | {"member"},
    # The demo's own, which an installation has not; and links that nobody has.
    "sign_in.outbox": frozenset(),
    "sign_in.confirm": frozenset(),
    "recurring.show": frozenset(),
    "promises.show": frozenset(),
    "api_books.figures_of_book": frozenset(),
    "api_books.trial_balance": frozenset(),
    "api_entries.index": frozenset(),
    "api_entries.proposed": frozenset(),
    "api_unknown.refuse": frozenset(),
}
REFUSALS = (401, 403, 404)
# Forms in which the book is an answer: who has no role in it hears so beside the field.
NAMING_THE_BOOK = ("hours.log", "things.receive", "reports.issue_report")


def missing(town: Town) -> set[str]:
    """The endpoints that stand in no table, and the rows that name no endpoint."""
    forms = set(town.endpoints("POST")) ^ set(DEEDS)
    return forms | (set(town.endpoints("GET")) ^ set(VIEWS))


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
    path = town.address(endpoint)
    if endpoint == "reports.transparency":
        path += "?from=2026-01-01&to=2026-12-31&book=A"
    seen = set()
    for who in EVERYBODY:
        answer = town.client(who).get(path)
        assert answer.status_code < 500 or endpoint == "health.show", who
        # A report of a book that is not one's own comes back as the form with a sentence.
        refused = endpoint == "reports.transparency" and answer.status_code == 422
        if not refused and not was_refused(answer.status_code, answer.headers.get("Location", "")):
            seen.add(who)
    assert seen == VIEWS[endpoint]


@pytest.mark.parametrize("endpoint", sorted(DEEDS))
def test_those_who_may_not_do_it_are_refused_and_nothing_is_written(
    town: Town, endpoint: str
) -> None:
    before = town.rows()
    path = town.address(endpoint)
    for who in sorted(ALL - DEEDS[endpoint].who):
        answer = town.client(who).post(path, data=DEEDS[endpoint].form)
        named = endpoint in NAMING_THE_BOOK and "not yours to see" in answer.text
        assert answer.status_code in REFUSALS or named, (who, answer.status_code)
    assert town.rows() == before


@pytest.mark.parametrize("endpoint", sorted(name for name, deed in DEEDS.items() if deed.who))
def test_those_who_may_do_it_are_not_refused(town: Town, endpoint: str) -> None:
    form = {**DEEDS[endpoint].form}
    about = {name: town.ids[key] for name, key in DEEDS[endpoint].about.items()}
    path = town.address(endpoint, **about)
    statuses = {}
    for who in sorted(DEEDS[endpoint].who):
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
        "bank_tables.send": 422,
        "gift_lists.send": 422,
        "tokens.create": 201,
    }
    # The town's thing has no value yet and is not lent; test_items has one that is.
    # The town's donor gave signed in; test_claimed_addresses has gifts that joined.
    late |= {"giving.not_mine": 409}
    late |= {"items.plan_wear": 409, "items.damage": 409}
    assert first in (200, 302, 303, late.get(endpoint)), statuses


def test_another_communitys_payment_cannot_be_refunded_from_ones_own_book(town: Town) -> None:
    client = town.client("other treasurer")
    before = town.rows()
    path = town.address("payouts.refund", code="B")
    answer = client.post(path, data={"amount": "1", "reason": "Mine now"})
    assert answer.status_code == 404
    assert client.get(path).status_code == 404
    assert town.rows() == before


@pytest.mark.parametrize(
    "endpoint",
    [
        "gift_lists.show",
        "gift_lists.say",
        "bank_tables.show",
        "bank_tables.say",
        "statements.match",
        "journal.correct",
        "statements.lines",
        "journal.entry",
    ],
)
def test_what_belongs_to_another_book_is_not_found_through_ones_own(
    town: Town, endpoint: str
) -> None:
    client = town.client("other treasurer")
    path = town.address(endpoint, code="B")
    before = town.rows()
    if endpoint in DEEDS:
        answer = client.post(path, data=DEEDS[endpoint].form)
        assert answer.status_code in (404, 422)
    else:
        answer = client.get(path)
        assert answer.status_code == 404
    assert "With best wishes" not in answer.text
    assert town.rows() == before


def test_whoever_asks_does_not_decide(town: Town) -> None:
    """The approver of this town has asked for something herself."""
    made: list[UUID] = []

    def ask(session) -> None:  # type: ignore[no-untyped-def]
        old = session.get_one(Proposal, UUID(town.ids["proposal_id"]))
        proposal = Proposal(
            book_id=old.book_id,
            kind="correction",
            title="Mine",
            reason="I want it",
            arguments={"entry": town.ids["entry_id"], "funds": {"GEN": "SOLAR"}},
            state="open",
            made_by=town.people["approver"],
            made_at=NOW,
        )
        session.add(proposal)
        session.flush()
        made.append(proposal.id)

    town.tell(ask)
    before = town.rows()
    client = town.client("approver")
    page = client.get("/queue").text
    assert "Yours: somebody else decides." in page
    answer = client.post(f"/queue/{made[0]}", data={"answer": "approve", "note": ""})
    assert answer.status_code == 403
    assert "cannot approve" in answer.text
    assert town.rows() == before
    # Control: the same decision by somebody else is taken.
    town.tell(
        lambda session: decide(
            session,
            proposal_id=made[0],
            approve=True,
            decided_by=town.people["other approver"],
            note="",
            now=NOW,
        )
    )
    assert town.rows()["entry"] > before["entry"]


def test_a_decision_taken_twice_says_so(town: Town) -> None:
    path = town.address("queue.decide")
    answers = [
        town.client("approver").post(path, data={"answer": "reject", "note": ""}) for _ in range(2)
    ]
    assert answers[-1].status_code == 409
    assert "decided already" in answers[-1].text


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


def test_a_role_taken_away_is_gone_with_the_next_page(town: Town) -> None:
    client = town.client("second treasurer")
    assert client.get("/books/A/desk").status_code == 200
    person = town.people["second treasurer"]
    town.tell(
        lambda session: [
            setattr(row, "ends_at", NOW)
            for row in session.scalars(select(Membership).where(Membership.person_id == person))
        ]
    )
    assert client.get("/books/A/desk").status_code == 404
