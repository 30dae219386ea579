"""Every address of the URL map with everything it can be about, seen by everybody it is for.

``test_every_page`` asks for one address of each endpoint; a form that is made for one kind of
agreement only was never opened by it. Here each part of an address takes every value the town has.
"""

from collections import defaultdict
from collections.abc import Iterator
from itertools import product
from uuid import UUID

import pytest
from sqlalchemy import select

from ledger.core.allocation import AllocationRule
from ledger.links import PLEDGE, Links
from ledger.models.agreements import Agreement
from ledger.models.assets import Asset, Intake
from ledger.models.books import Account
from ledger.models.campaigns import Campaign
from ledger.models.journal import Entry
from ledger.models.pledges import Basket, Pledge
from ledger.queries.books.books import book_by_code
from ledger.queries.campaigns.moderation import TABS
from ledger.web.approvals.agreement_kinds import asked_for, listed, registered
from ledger.web.manual_entries.pages import ENTRY_KINDS
from reports.exports import FORMATS
from tests.web.permissions import GUEST, OTHER_GIVER, VIEWS, WITH_LINK
from tests.web.raw_texts import raw_days, wrong_plurals
from tests.web.test_agreements import WALKS, approve, ask, give_money
from tests.worlds.town import OF_POOLS, OTHERS, Town

PERIOD = "from=2026-01-01&to=2026-12-31&book=A"
# Endpoint → what can be asked in the address besides.
QUERIES: dict[str, tuple[str, ...]] = {
    "items.show": ("", "do=let_go", "do=give_on", "do=plan_wear", "do=damage"),
    "journal.account": ("", "fund=GEN", "fund=NONE", "until=2026-02-01"),
    "journal.show": ("", "account=1010", "fund=GEN", "since=2026-01-01", "words=roof&sums=1"),
    "receivables.show": ("", "when=overdue&state=open", "nature=intention&words=a", "campaign=x"),
    "journal.trial_balance": ("", "as_of=2026-02-01", "known_at=2026-02-01T12:00"),
    "allocations.allocate": ("", *(f"amount=10&purpose=x&rule={rule}" for rule in AllocationRule)),
    "reports.transparency": (PERIOD,),
    "hours.show": ("", "pledge=UNKNOWN"),
    "promises.show": ("", "back=1"),
    "moderation.show": ("", *(f"tab={tab}" for tab in TABS)),
    "pledges.form": ("", "kind=money", "kind=things", "kind=hours"),
}
# No worker runs in these tests; a PDF takes a second and has tests of its own.
LEFT_OUT = ("health.ready", "health.show", "reports.pdf", "static")
# Lists of accounts would repeat one page a hundred times: one of each layer, with and without
# entries.
ACCOUNTS = ("1010", "2140", "4010", "8210", "9110")


@pytest.fixture(scope="module")
def full_town(quick_town: Town) -> Town:
    """A town with an agreement of every kind."""
    give_money(quick_town)
    for kind in WALKS:
        ask(quick_town, kind)
        approve(quick_town, kind)
    return quick_town


def values(town: Town) -> dict[str, set[str]]:
    """Every value that a part of an address can have in book A."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    found |= {"kind": set(asked_for()), "task": set(ENTRY_KINDS), "file_format": set(FORMATS)}
    found["number"] = set(ACCOUNTS)
    with town.db.snapshot() as session:
        book = book_by_code(session, "A")
        for name, column, of_book in (
            ("entry_id", Entry.id, Entry.book_id),
            ("asset_id", Asset.id, Asset.book_id),
            ("intake_id", Intake.id, Intake.book_id),
            ("slug", Campaign.slug, Campaign.book_id),
            ("pledge_id", Pledge.id, Pledge.book_id),
        ):
            found[name] = {
                str(value) for value in session.scalars(select(column).where(of_book == book.id))
            }
        found["number"] &= {
            str(number)
            for number in session.scalars(select(Account.number).where(Account.book_id == book.id))
        }
        found["basket_id"] = {str(value) for value in session.scalars(select(Basket.id))}
        found["agreement"] = set(
            session.scalars(
                select(Agreement.reference)
                .where(Agreement.book_id == book.id)
                .where(Agreement.kind.in_(listed()))
            )
        )
    return found


def addresses(town: Town, endpoint: str) -> Iterator[str]:
    """Every address of an endpoint."""
    known = values(town)
    with town.db.snapshot() as session:
        kinds = dict(iter(session.execute(select(Agreement.reference, Agreement.kind))))
    rule = next(town.app.url_map.iter_rules(endpoint))
    parts = {name: sorted(known[name]) for name in rule.arguments if name in known}
    if endpoint == "promises.show":
        links = Links("", town.app.config["SECRET_KEY"])
        parts["token"] = [links.token(PLEDGE, UUID(row)) for row in sorted(known["pledge_id"])]
    if endpoint.startswith("manual_entries."):
        parts["code"] = ["A", "P"]
    if endpoint in OF_POOLS:
        parts["code"] = ["P"]
    for chosen in product(*parts.values()):
        path = town.address(endpoint, **dict(zip(parts, chosen, strict=True)))
        queries = QUERIES.get(endpoint, ("",))
        if endpoint == "agreements.show":
            kind = kinds[chosen[0]]
            queries = ("", *(f"do={step}" for step in registered()[kind].steps))
        for query in queries:
            yield f"{path}?{query}" if query else path


def surprises(town: Town, endpoint: str) -> tuple[list[str], int]:
    """Return the addresses that answered with a defect, and how many showed a page."""
    defects, shown = [], 0
    # People of another community see the same pages of their own.
    for who in sorted(VIEWS[endpoint] - {*OTHERS, GUEST, OTHER_GIVER}) or ["nobody"]:
        client = town.client(who)
        for path in addresses(town, endpoint):
            answer = client.get(path)
            shown += answer.status_code < 400
            if answer.status_code >= 500:
                defects.append(f"{who} at {path}: {answer.status_code}")
            if answer.mimetype == "text/html":
                texts = raw_days(answer.text) + wrong_plurals(answer.text)
                defects += [f"{who} at {path}: {text}" for text in texts]
    return defects, shown


# What only the owner of a link or the demo shows has tests of its own.
PRIVATE = ({name for name, who in VIEWS.items() if not who} | WITH_LINK) - {"promises.show"}


@pytest.mark.parametrize("endpoint", sorted(set(VIEWS) - {*LEFT_OUT, *PRIVATE}))
def test_no_address_answers_with_a_defect(full_town: Town, endpoint: str) -> None:
    defects, shown = surprises(full_town, endpoint)
    assert defects == []
    assert shown


def test_a_defect_of_one_kind_of_form_is_noticed(
    full_town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the form of a purchase asked each thing for a name it has not."""
    shows = full_town.app.view_functions["agreements.new"]
    monkeypatch.setitem(
        full_town.app.view_functions,
        "agreements.new",
        lambda code, kind: 1 // 0 if kind == "purchase" else shows(code, kind),
    )
    defects, _shown = surprises(full_town, "agreements.new")
    assert defects == [
        f"{who} at /books/A/agreements/new/purchase: 500" for who in ("member", "treasurer")
    ]


def test_a_day_as_machines_write_it_is_noticed(
    full_town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(full_town.app.jinja_env.filters, "day", lambda day: day.isoformat())
    defects, _shown = surprises(full_town, "giving.show")
    assert defects
    assert "2026-11-02" in defects[0]
    shown = "<p title='2026-11-02'>on 2026-11-02T10:00:00+00:00</p>2026-01-01/2026-11-02"
    machines = '<time datetime="2026-11-02">Nov 2</time><code>2026-11-02</code>id-2026-11-02'
    assert len(raw_days(shown)) == 3
    assert raw_days(machines) == []
    assert wrong_plurals("<b>1</b> hours to confirm") == ["1 hours"]
    assert wrong_plurals("<b>1</b> hour, 21 hours, 1 is less, 1 h") == []


def test_every_kind_of_agreement_is_walked(full_town: Town) -> None:
    with full_town.db.snapshot() as session:
        kinds = set(session.scalars(select(Agreement.kind)))
    assert set(WALKS) <= kinds
