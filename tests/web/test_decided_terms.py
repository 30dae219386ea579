"""Each kind of request tells its approver what is decided: names, figures, and days in words."""

import re
from collections.abc import Callable
from datetime import date
from html import unescape
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from ledger.core.match_gifts import Terms
from ledger.core.payloads import to_document
from ledger.core.states import AgreementKind
from ledger.core.vocabulary import Consent
from ledger.db import Session
from ledger.ids import new_id
from ledger.models.agreements import Agreement
from ledger.models.approval_requests import ApprovalRequest
from ledger.models.assets import AssetLoan
from ledger.models.books import Book, Fund
from ledger.models.campaigns import Campaign
from ledger.models.periods import Period
from ledger.queries.books.books import book_by_code, fund_by_code
from ledger.services.accounting import opening_balances, periods
from ledger.services.approvals.agreements import AgreementAsked, NewAgreement, open_agreement
from ledger.services.approvals.registry import registered
from ledger.services.approvals.role_grants import RoleAsked
from ledger.services.approvals.rules import RuleChange
from ledger.services.approvals.settings import PolicyChange
from ledger.services.books.details import BankDetails
from ledger.services.campaigns.matching_sponsors import SponsorOffer, propose_sponsor
from ledger.services.equipment import contributed_use, disposals, low_value_items, supplies
from ledger.services.payments.refunds import RefundAsked
from ledger.services.pledges import receivables
from ledger.services.pledges.parties import find_or_create_party
from ledger.services.pools.cost_sharing import SharedCost
from ledger.services.pools.pools import ContributionAsked
from ledger.services.undoing import undo
from ledger.services.volunteering.hours import HoursCorrection
from ledger.web.approvals import agreement_kinds, evidence
from tests.conftest import NOW
from tests.factories import make_party
from tests.worlds.town import Town

DAY = date(2026, 3, 1)
IN_WORDS = "Mar 1, 2026"
# What is decided of these is the title, the amount, and the funds that every kind shows.
PLAIN = {"transfer", "release", "designation", "outside_grant", "expense", "refundable"}


def unnamed(kinds: set[str]) -> set[str]:
    """The kinds of which approvers are shown nothing of their own."""
    pages = agreement_kinds.registered()
    told = {kind for kind, page in pages.items() if page.facts is not agreement_kinds._none}
    return kinds - PLAIN - told - evidence._shown.keys()


def test_every_kind_tells_what_is_decided(
    quick_town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert quick_town.app
    assert unnamed(set(registered())) == set()
    # The control.
    monkeypatch.delitem(evidence._shown, "refund")
    assert unnamed(set(registered())) == {"refund"}


def texts(page: str) -> str:
    """What people read of a page."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", page)))


Ask = Callable[[Session, Town, Book, Fund], Any]


def agreed(kind: AgreementKind, quantity: int, **terms: Any) -> Ask:
    """An agreement of a kind that waits for its approver."""

    def ask(session: Session, _town: Town, book: Book, fund: Fund) -> AgreementAsked:
        about = NewAgreement(
            kind=kind, book=book, fund=fund, quantity=quantity, title="A title", terms=terms
        )
        row = open_agreement(session, agreement=about, now=NOW)
        return AgreementAsked(row.id, quantity, "USD")

    return ask


def of_fund(kind: AgreementKind, name: str) -> Ask:
    """An agreement with another book, whose terms name a fund of it."""

    def ask(session: Session, _town: Town, book: Book, fund: Fund) -> AgreementAsked:
        other = book_by_code(session, "B")
        terms = {name: str(fund_by_code(session, other.id, "GEN").id)}
        about = NewAgreement(kind, book, fund, 5_000, "A title", other=other, terms=terms)
        row = open_agreement(session, agreement=about, now=NOW)
        return AgreementAsked(row.id, row.quantity, row.commodity)

    return ask


def _promised(session: Session, _town: Town, book: Book, fund: Fund) -> Agreement:
    return receivables.propose_promise(
        session,
        party=make_party(session, "writer@example.org", "Walter Writer"),
        book=book,
        fund=fund,
        letter=receivables.Letter(schedule=[(DAY, 20_000)], evidence="A letter"),
        made_by=_town.people["treasurer"],
        now=NOW,
    )


def _asset(town: Town) -> UUID:
    return UUID(town.ids["asset_id"])


def _loan(session: Session) -> AssetLoan:
    return session.scalars(select(AssetLoan)).first() or AssetLoan()


def _closed(session: Session, town: Town, book: Book, _fund: Fund) -> periods.Reopening:
    who = town.people["approver"]
    row = Period(
        book_id=book.id,
        until_on=DAY,
        state="closed",
        snapshot="{}",
        snapshot_sha256="0" * 64,
        log_size=0,
        log_root="0" * 64,
        closed_by=who,
        approved_by=who,
        closed_at=NOW.replace(microsecond=session.query(Period).count()),
    )
    session.add(row)
    session.flush()
    return periods.Reopening(row.id)


KINDS: dict[str, tuple[Ask, list[str]]] = {
    "closing": (lambda *_: periods.Closing(DAY), ["Last day of the closed period", IN_WORDS]),
    "reopening": (_closed, ["Last day of the closed period", IN_WORDS, "Nov 2, 2026"]),
    "reversal": (
        lambda _s, town, *_: undo.ReversalAsked(UUID(town.ids["entry_id"])),
        ["cash", "Nov 2, 2026", "500.00"],
    ),
    "undo": (
        lambda _s, town, book, _f: undo.UndoAsked(
            book.id,
            UUID(town.ids["entry_id"]),
            (UUID(town.ids["entry_id"]),),
            ("cash", "cash_received"),
            50_000,
        ),
        ["cash", "Nov 2, 2026", "500.00", "Reverses in"],
    ),
    "hours_correction": (
        lambda _s, town, *_: HoursCorrection(UUID(town.ids["hours_id"]), 15, "MIN.ELEC"),
        ["Second member", "Nov 2, 2026", "Rails", "Confirmed", "1 h", "15 min"],
    ),
    "refund": (
        lambda _s, town, *_: RefundAsked(UUID(town.ids["refund_id"]), 500, "USD"),
        ["Donor", "Refund", "$5.00", "Received"],
    ),
    "promise_increase": (
        lambda *a: receivables.PromiseChange(_promised(*a).id, 900, "USD"),
        ["Walter Writer", "$9.00", "Open"],
    ),
    "write_off": (
        lambda *a: receivables.PromiseChange(_promised(*a).id, 900, "USD"),
        ["Walter Writer", "$9.00", "Open"],
    ),
    "allowance": (
        lambda _s, _t, _b, fund: receivables.Allowance(fund.id, 700, "USD"),
        ["Pledges receivable", "Allowance so far", "$7.00"],
    ),
    "disposal": (
        lambda _s, town, *_: disposals.Disposal(_asset(town), "returned", 0, 0),
        ["A projector", "given back to the donor", "Carrying amount"],
    ),
    "giving_on": (
        lambda _s, town, _b, fund: disposals.Giving(_asset(town), fund.id, 0),
        ["A projector", "Carrying amount", "To fund"],
    ),
    "damaged_return": (
        lambda s, town, *_: disposals.Damage(_asset(town), _loan(s).id, 300, 200),
        ["A projector", "Book B", "Nov 2, 2026", "$3.00", "$2.00"],
    ),
    "free_use": (
        lambda s, *_: contributed_use.UseValued(_loan(s).id, 12, 4_000, "USD"),
        ["A projector", "Book B", "Days of use 12", "$40.00"],
    ),
    "small_gift": (
        lambda _s, _t, _b, fund: low_value_items.LowValueGift(
            fund.id, "EQP.PROJECTOR", 3, "Old beamers", "C", DAY, 900, "USD"
        ),
        ["Old beamers", IN_WORDS, "3 projector", "$9.00"],
    ),
    "material": (
        lambda _s, _t, _b, fund: supplies.MaterialGiven(fund.id, "GRM.SAND", 4_000, 900, "USD"),
        ["Quantity", "4,000", "$9.00"],
    ),
    "cost_sharing": (
        lambda _s, _t, _b, fund: SharedCost(fund.id, 9_000, "USD", {"A": 2, "B": 1}, {"B": "GEN"}),
        ["Measure of Book A 2", "Share of Book A", "$60.00", "Share of Book B", "$30.00"],
    ),
    "contribution": (
        lambda s, _t, _b, fund: ContributionAsked(book_by_code(s, "Q").id, fund.id, 9_000, "USD"),
        ["Book Q", "Host's fee 2.5%"],
    ),
    "spending": (
        agreed(AgreementKind.SPENDING, 900, account=5110, function="programme"),
        ["5110", "programme", "$9.00"],
    ),
    "loan": (of_fund(AgreementKind.LOAN, "borrower_fund"), ["Payee Book B", "To fund GEN"]),
    "purchase": (
        agreed(AgreementKind.PURCHASE, 900, thing="EQP.PROJECTOR", items=3),
        ["Equipment 3 projector", "$9.00"],
    ),
    "conditional_allocation": (
        of_fund(AgreementKind.CONDITIONAL_ALLOCATION, "member_fund"),
        ["Condition A title", "Payee Book B", "To fund GEN"],
    ),
    "opening": (
        lambda *_: opening_balances.Opening(
            (opening_balances.Balance(1010, "GEN", "USD", 700),),
            (opening_balances.Thing("T-1", "EQP.PROJECTOR", "GEN", 900, 400, "A lamp"),),
        ),
        ["1010 Bank", "$7.00", "T-1 A lamp", "$5.00"],
    ),
    "bank_details": (
        lambda *_: BankDetails("Club", "DE02120300000000202051", "BYLADEM1001"),
        ["Club", "DE02 1203 0000 0000 2020 51", "Shown now none"],
    ),
    "policy": (
        lambda *_: PolicyChange("lapse_after_days", "30", DAY),
        ["A pledge that is not owed expires after", "Value 30 days", "Today 90 days", IN_WORDS],
    ),
    "approval_rule": (
        lambda *_: RuleChange("", "0:1,500:2"),
        ["all kinds", "1 person, 2 people from $500.00", "Today 1 person"],
    ),
    "role": (
        lambda _s, town, *_: RoleAsked(town.people["donor"], "treasurer", DAY),
        ["Donor", "treasurer", f"Until {IN_WORDS}"],
    ),
}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_an_approver_reads_what_is_decided(quick_town: Town, kind: str) -> None:
    ask, expected = KINDS[kind]
    with quick_town.db.transaction() as session:
        # A pool gives on a condition, a community asks for the rest.
        of_pool = kind == AgreementKind.CONDITIONAL_ALLOCATION
        book = book_by_code(session, "P" if of_pool else "A")
        fund = fund_by_code(session, book.id, "JOINT" if of_pool else "GEN")
        payload = ask(session, quick_town, book, fund)
        row = ApprovalRequest(
            id=new_id(),
            book_id=book.id,
            kind=kind,
            title="A request",
            reason="Because",
            arguments=to_document(payload),
            state="open",
            made_by=quick_town.people["treasurer"],
            made_at=NOW,
        )
        session.add(row)
    client = quick_town.client("approver")
    queue = client.get("/queue").text
    own = queue.split(f'id="p-{row.id}"')[1].split("<form")[0]
    for page in (own, client.get(f"/queue/{row.id}").text):
        read = texts(page)
        assert [text for text in expected if text not in read] == [], read
        assert not re.search(r"\d{4}-\d\d-\d\d", read), read
    with quick_town.db.transaction() as session:
        session.delete(session.get_one(ApprovalRequest, row.id))


@pytest.mark.parametrize("of_campaign", [True, False])
def test_a_sponsor_is_decided_by_name_rate_and_caps(quick_town: Town, of_campaign: bool) -> None:
    with quick_town.db.transaction() as session:
        book = book_by_code(session, "A")
        campaign = session.scalars(select(Campaign).where(Campaign.slug == "solar-roof")).one()
        row = propose_sponsor(
            session,
            offer=SponsorOffer(
                party=find_or_create_party(
                    session,
                    name="Sam Sponsor",
                    email="sam@example.org",
                    consent=Consent.NAME,
                    now=NOW,
                ),
                terms=Terms(5_000, 2_500 if of_campaign else 0, 50_000),
                evidence="A letter",
            ),
            book=book,
            fund=fund_by_code(session, book.id, "SOLAR"),
            campaign_id=campaign.id if of_campaign else None,
            made_by=quick_town.people["treasurer"],
            now=NOW,
        )
        request = session.scalars(
            select(ApprovalRequest).where(
                ApprovalRequest.arguments["commitment"].as_string() == str(row.id)
            )
        ).one()
        title = campaign.title if of_campaign else "Fund SOLAR, all contributions"
    expected = [f"Contributions to {title}", "Adds 50%", "Maximum in total $500.00"]
    expected.append("Maximum per contribution " + ("$25.00" if of_campaign else "none"))
    agreement = f"/books/A/agreements/{row.reference}"
    for who in ("approver", "auditor", "member"):
        client = quick_town.client(who)
        addresses = [agreement] if who == "member" else [f"/queue/{request.id}", agreement]
        for address in addresses:
            read = texts(client.get(address).text)
            assert [text for text in expected if text not in read] == [], read
            # Donors are known to those who have to know them.
            assert ("Sponsor Sam Sponsor" in read) == (who == "approver"), read
