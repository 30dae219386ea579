"""What of a book's settings two people decide: where donors send money, and policies."""

from datetime import date

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete, select

from ledger.core.vocabulary import LegalNature, MandateState
from ledger.db import Database
from ledger.errors import Invalid
from ledger.links import PLEDGE, Links
from ledger.models.approval_requests import ApprovalRequest
from ledger.models.mandates import Mandate
from ledger.models.people import Membership
from ledger.models.pledges import Pledge
from ledger.models.rights_log import RightsEvent
from ledger.queries.books.books import book_by_code
from ledger.queries.books.details import details_of
from ledger.queries.books.policies import policy_of
from ledger.services.approvals.previews import books_nothing
from ledger.services.approvals.settings import PolicyChange, request_policy
from ledger.services.books.policies import choose_policy
from tests.conftest import NOW
from tests.web.permissions import BANK, POLICY
from tests.worlds.town import Town, found_town

BANKS = "/books/A/settings/bank-accounts"
POLICIES = "/books/A/settings/policies"
GROUPED = "DE89 3704 0044 0532 0130 00"


@pytest.fixture
def town(db: Database) -> Town:
    return found_town(db)


def leave_alone(town: Town) -> None:
    """End every role that could agree but the admin's own."""
    with town.db.transaction() as session:
        session.execute(
            delete(Membership).where(
                Membership.role.in_(("approver", "admin")),
                Membership.person_id != town.people["admin"],
            )
        )


def decide(town: Town, kind: str, answer: str = "approve") -> FlaskClient:
    with town.db.snapshot() as session:
        request_id = session.scalar(
            select(ApprovalRequest.id).where(
                ApprovalRequest.kind == kind, ApprovalRequest.state == "open"
            )
        )
    approver = town.client("approver")
    page = approver.get(f"/queue/{request_id}")
    assert page.status_code == 200
    if kind == "bank_details":
        assert GROUPED in page.text
    done = approver.post(f"/queue/{request_id}", data={"answer": answer, "note": "Seen"})
    assert done.status_code == 303
    return approver


def shown_to_donors(town: Town) -> bool:
    page = town.client().get(town.address("pledges.thanks"))
    assert page.status_code == 200
    return GROUPED in page.text


def test_donors_see_bank_details_once_a_second_person_agreed(town: Town) -> None:
    admin = town.client("admin")
    assert admin.post(BANKS, data=BANK).status_code == 303
    assert not shown_to_donors(town)
    assert "requests a change" in admin.get(BANKS).text
    decide(town, "bank_details", "reject")
    assert not shown_to_donors(town)
    assert admin.post(BANKS, data=BANK).status_code == 303
    decide(town, "bank_details")
    assert shown_to_donors(town)
    thanks = " ".join(town.client().get(town.address("pledges.thanks")).text.split())
    assert f"<dt>Reference</dt> <dd> {town.ids['reference']} </dd>" in thanks
    assert admin.post(BANKS, data=BANK).status_code == 409
    with town.db.snapshot() as session:
        logged = session.scalars(select(RightsEvent.about["setting"].as_string())).all()
        told = [str(about) for about in session.scalars(select(RightsEvent.about))]
    assert {"account_holder", "iban", "bic"} <= set(logged)
    assert not any(BANK["iban"][4:] in about for about in told)


@pytest.mark.parametrize("state", ["saved", "needs_donor"])
def test_what_a_saved_card_is_charged_is_not_asked_for_by_bank_too(town: Town, state: str) -> None:
    leave_alone(town)
    assert town.client("admin").post(BANKS, data=BANK).status_code == 303
    with town.db.transaction() as session:
        pledge = session.scalars(
            select(Pledge).where(Pledge.reference == town.ids["reference"])
        ).one()
        assert pledge.basket_id is not None
        card = session.scalar(select(Mandate).where(Mandate.pledge_id == pledge.id))
        if card is None:
            card = Mandate(
                book_id=pledge.book_id, pledge_id=pledge.id, created_at=NOW, updated_at=NOW
            )
            session.add(card)
        card.state = MandateState(state)
        token = Links("", town.app.config["SECRET_KEY"]).token(PLEDGE, pledge.id)
    for address in (town.address("pledges.thanks"), f"/promises/{token}"):
        page = town.client().get(address)
        assert page.status_code == 200
        assert (GROUPED in page.text) == (state == "needs_donor"), address


def test_a_transfer_for_an_all_or_nothing_campaign_is_held(town: Town) -> None:
    leave_alone(town)
    assert town.client("admin").post(BANKS, data=BANK).status_code == 303
    with town.db.transaction() as session:
        pledge = session.scalars(
            select(Pledge).where(Pledge.reference == town.ids["reference"])
        ).one()
        pledge.legal_nature = LegalNature.CONDITIONAL
        token = Links("", town.app.config["SECRET_KEY"]).token(PLEDGE, pledge.id)
    for address in (town.address("pledges.thanks"), f"/promises/{token}"):
        page = town.client().get(address).text
        assert GROUPED in page, address
        assert "We hold it until the campaign reaches everything it needs" in page
    with town.db.transaction() as session:
        session.get_one(Pledge, pledge.id).legal_nature = LegalNature.INTENTION
    assert "We hold it" not in town.client().get(f"/promises/{token}").text


def test_the_queue_promises_a_booking_only_where_one_follows(town: Town) -> None:
    assert town.client("admin").post(BANKS, data=BANK).status_code == 303
    page = town.client("approver").get("/queue").text
    assert page.count("Review: what changes") >= 1
    with town.db.snapshot() as session:
        waiting = session.scalars(
            select(ApprovalRequest.kind).where(ApprovalRequest.state == "open")
        ).all()
    silent = [kind for kind in waiting if books_nothing(kind)]
    assert page.count("Review: what changes") <= len(silent) < len(waiting)
    assert "Review: what is booked, and the balances after it" in page


def test_an_admin_alone_changes_bank_details_at_once_and_takes_them_off_again(town: Town) -> None:
    leave_alone(town)
    admin = town.client("admin")
    assert admin.post(BANKS, data=BANK).status_code == 303
    assert shown_to_donors(town)
    empty = {"reason": "Closed"}
    assert admin.post(BANKS, data=empty).status_code == 303
    assert not shown_to_donors(town)


@pytest.mark.parametrize(
    ("field", "wrong"),
    [("iban", "DE88370400440532013000"), ("iban", ""), ("account_holder", " "), ("bic", "X")],
)
def test_wrong_bank_details_are_named_and_not_requested(town: Town, field: str, wrong: str) -> None:
    refused = town.client("admin").post(BANKS, data={**BANK, field: wrong})
    assert refused.status_code == 422
    assert f'href="#{field}"' in refused.text
    with town.db.snapshot() as session:
        known = session.scalars(
            select(ApprovalRequest).where(ApprovalRequest.kind == "bank_details")
        ).all()
    assert known == []


def value(town: Town, on: date) -> int:
    with town.db.snapshot() as session:
        return policy_of(session, book_by_code(session, "A"), on).capitalise_from


def test_a_policy_changes_from_its_day_once_a_second_person_agreed(town: Town) -> None:
    admin = town.client("admin")
    assert "$500" in admin.get(POLICIES).text
    assert admin.post(f"{POLICIES}/capitalise_from", data=POLICY).status_code == 303
    assert "requests a change" in admin.get(POLICIES).text
    assert value(town, date(2026, 12, 1)) == 500
    decide(town, "policy")
    assert value(town, date(2026, 12, 1)) == 1000
    assert value(town, date(2026, 11, 30)) == 500


ANSWERS = {
    "promises": "documented",
    "services": "false",
    "payment_methods": "card",
    "discount_points": "2.5",
    "allowance_points": "0, 5, 12.5, 60",
    "holdback_days": "0",
}


def test_each_policy_is_typed_as_people_say_it(town: Town) -> None:
    leave_alone(town)
    admin = town.client("admin")
    for key, answer in ANSWERS.items():
        form = {**POLICY, "value": answer}
        assert admin.post(f"{POLICIES}/{key}", data=form).status_code == 303, key
    with town.db.snapshot() as session:
        chosen = policy_of(session, book_by_code(session, "A"), date(2026, 12, 1))
    assert (chosen.promises, chosen.services, chosen.payment_methods) == (
        *("documented", False),
        ("card",),
    )
    assert (chosen.discount_points, chosen.holdback_days) == (250, 0)
    assert chosen.allowance_points == (0, 500, 1_250, 6_000)


def test_approval_rules_are_shown_in_words(town: Town) -> None:
    leave_alone(town)
    with town.db.transaction() as session:
        book = book_by_code(session, "A")
        choose_policy(
            session,
            book=book,
            key="approvals",
            value="0:1,2000:2",
            valid_from_on=date(2026, 1, 1),
            now=NOW,
        )
    assert "1 person, 2 people from $2,000.00" in town.client("admin").get(POLICIES).text


def test_an_admin_alone_chooses_a_policy_at_once(town: Town) -> None:
    leave_alone(town)
    assert town.client("admin").post(f"{POLICIES}/capitalise_from", data=POLICY).status_code == 303
    assert value(town, date(2026, 12, 1)) == 1000


@pytest.mark.parametrize(
    ("key", "answer"),
    [
        ("capitalise_from", "many"),
        ("capitalise_from", "1000001"),
        ("promises", "some"),
        ("discount_points", "50.01"),
        ("allowance_points", "0, 5"),
        ("allowance_points", "0, 5, x, 6"),
        ("payment_methods", ""),
    ],
)
def test_an_unfit_policy_is_named_and_not_requested(town: Town, key: str, answer: str) -> None:
    refused = town.client("admin").post(f"{POLICIES}/{key}", data={**POLICY, "value": answer})
    assert refused.status_code == 422
    assert 'href="#value"' in refused.text


@pytest.mark.parametrize("key", ["approvals", "role_pause_days", "nothing"])
def test_what_has_a_page_of_its_own_has_no_second_one(town: Town, key: str) -> None:
    admin = town.client("admin")
    assert admin.get(f"{POLICIES}/{key}").status_code == 404
    assert admin.post(f"{POLICIES}/{key}", data=POLICY).status_code == 404


@pytest.mark.parametrize("key", ["approvals", "approvals.loan", "role_pause_days"])
def test_the_service_refuses_them_too(town: Town, key: str) -> None:
    change = PolicyChange(key, "0:1", date(2026, 12, 1))
    with pytest.raises(Invalid, match="a page of its own"), town.db.transaction() as session:
        request_policy(
            session,
            book=book_by_code(session, "A"),
            change=change,
            reason="So",
            made_by=town.people["admin"],
            now=NOW,
        )


def test_the_public_reads_who_is_behind_a_book_and_reports_begin_with_its_year(
    town: Town,
) -> None:
    admin = town.client("admin")
    form = {
        "legal_name": "The Hall <e.V.>",
        "registration_number": "VR 12",
        "postal_address": "Mill Lane 1\n06108 Halle",
        "fiscal_month": "4",
    }
    assert admin.post("/books/A/settings/entity", data=form).status_code == 303
    shown = town.client().get("/c/A").text
    assert "The Hall &lt;e.V.&gt;" in shown
    assert "06108 Halle" in shown
    assert 'value="2026-04-01"' in town.client("treasurer").get("/reports").text
    assert 'value="2026-01-01"' in town.client("other treasurer").get("/reports").text
    wrong = admin.post("/books/A/settings/entity", data={**form, "fiscal_month": "13"})
    assert wrong.status_code == 422
    with town.db.snapshot() as session:
        assert details_of(session, book_by_code(session, "A").id).fiscal_month == 4
