"""Every kind of request reads what earlier versions stored, and writes it in the same bytes."""

import json
from typing import Any
from uuid import UUID

import pytest

from ledger.core.payloads import to_document
from ledger.db import Session
from ledger.errors import Conflict
from ledger.models.approval_requests import ApprovalRequest
from ledger.services.approvals import registry
from ledger.services.approvals.decisions import decide, prepare
from ledger.services.approvals.previews import preview
from ledger.services.approvals.registry import payload_of, registered
from ledger.services.approvals.requests import propose
from tests.conftest import NOW
from tests.factories import make_book, make_person

KEY = "0192f0a0-0000-7000-8000-000000000001"
OTHER = "0192f0a0-0000-7000-8000-000000000002"
MONEY = {"quantity": 1200, "commodity": "USD"}
AGREEMENT = {"commitment": KEY, **MONEY}
JOINING = {"pool": KEY, "member": OTHER, "fund": KEY}
# As every version so far stored them, key by key in its order; a second one is older.
STORED: dict[str, list[dict[str, Any]]] = {
    "allocation": [{"run": KEY, "commodity": "USD", "quantity": 1200}],
    "allowance": [{"fund": KEY, **MONEY}],
    "approval_rule": [{"kind": "", "rule": "0:1,500:2"}],
    "bank_details": [
        {"account_holder": "The Hall", "iban": "DE89370400440532013000", "bic": "COBADEFFXXX"}
    ],
    "bank_rule": [{"rule": KEY, **MONEY}],
    "closing": [
        {"until": "2026-10-31", "unreconciled": "The bank sends October's statement by post"},
        {"until": "2026-10-31"},
    ],
    "conditional_allocation": [AGREEMENT],
    "contribution": [{"pool": KEY, "fund": OTHER, **MONEY}],
    "correction": [
        {"entry": KEY, "funds": {"GEN": "ROOF"}, "amount": 1200},
        {"entry": KEY, "funds": {"GEN": "ROOF"}},
    ],
    "cost_sharing": [{"fund": KEY, **MONEY, "measures": {"A": 3, "B": 0}, "funds": {"B": "GEN"}}],
    "damaged_return": [{"asset": KEY, "loan": OTHER, "impairment": 900, "compensation": 0}],
    "designation": [{"from_fund": KEY, "to_fund": OTHER, **MONEY}],
    "disposal": [
        {"asset": KEY, "way": "sold", "price": 900, "amount": 1200},
        {"asset": KEY, "way": "lost", "price": 0},
    ],
    "evidence_erasure": [{"evidence": KEY}],
    "expense": [AGREEMENT],
    "free_use": [{"loan": KEY, "days": 3, **MONEY}],
    "giving_on": [
        {"asset": KEY, "receiver_fund": OTHER, "amount": 1200},
        {"asset": KEY, "receiver_fund": OTHER},
    ],
    "hours_correction": [{"hours": KEY, "quantity": 90, "commodity": "MIN.ELEC"}],
    "line_cost": [{"line": KEY, "fund": OTHER, "account": 5110, **MONEY}],
    "loan": [AGREEMENT],
    "manual_entry": [
        {
            "event_type": "till",
            "external_ref": "T-1",
            "accounting_date": "2026-10-31",
            "postings": [
                {
                    "account": 5110,
                    "fund": "GEN",
                    "commodity": "USD",
                    "quantity": 5,
                    "function": "programme",
                },
                {
                    "account": 1010,
                    "fund": "GEN",
                    "commodity": "USD",
                    "quantity": -5,
                    "function": None,
                },
            ],
        }
    ],
    "material": [{"fund": KEY, "material": "GRM.SAND", "amount_of_material": 5000, **MONEY}],
    "opening": [
        {
            "balances": [{"account": 1010, "fund": "GEN", "commodity": "USD", "quantity": 5}],
            "things": [
                {
                    "tag": "D-1",
                    "commodity": "EQP.DRILL",
                    "fund": "GEN",
                    "cost": 900,
                    "depreciated": 100,
                    "description": "",
                }
            ],
        }
    ],
    "outside_grant": [AGREEMENT],
    "policy": [{"key": "promises", "value": "all", "valid_from_on": "2026-12-01"}],
    "pool_admission": [JOINING],
    "pool_exit": [AGREEMENT],
    "pool_joining": [JOINING],
    "pool_opening": [
        {
            "code": "RIVER",
            "name": "River pool",
            "fund": "POOL",
            "held_fund": "",
            "own_fund": "GEN",
            "fee_basis_points": 500,
            "story": "For the river",
        }
    ],
    "promise": [AGREEMENT],
    "promise_increase": [{"promise": KEY, **MONEY}],
    "purchase": [AGREEMENT],
    "reconciliation": [
        {
            "account": 1010,
            "currency": "USD",
            "until": "2026-10-31",
            "document_sha256": "ab" * 32,
        }
    ],
    "refund": [{"refund": KEY, **MONEY}],
    "refundable": [AGREEMENT],
    "release": [{"from_fund": KEY, "to_fund": OTHER, **MONEY}],
    "reopening": [{"period": KEY}],
    "reversal": [{"entry": KEY, "amount": 1200}, {"entry": KEY}],
    "role": [
        {"person": KEY, "role": "approver"},
        {"person": KEY, "role": "approver", "until": "2027-01-31"},
    ],
    "small_gift": [
        {
            "fund": KEY,
            "thing": "EQP.DRILL",
            "items": 2,
            "description": "Old drills",
            "condition": "B",
            "received_on": "2026-10-31",
            **MONEY,
        }
    ],
    "spending": [AGREEMENT],
    "sponsor": [AGREEMENT],
    "transfer": [{"giver_fund": KEY, "receiver": OTHER, "receiver_fund": OTHER, **MONEY}],
    "undo": [
        {
            "entry_book": KEY,
            "entry": OTHER,
            "entries": [OTHER],
            "kinds": ["cash", "cash_received"],
            "amount": 1200,
        }
    ],
    "valuation": [{"valuation": KEY, "commodity": "USD", "quantity": 1200}],
    "write_off": [{"promise": KEY, **MONEY}],
}


def test_every_kind_is_here() -> None:
    assert set(STORED) == set(registered())


@pytest.mark.parametrize("kind", STORED)
def test_a_stored_request_is_read_and_written_in_the_same_bytes(kind: str) -> None:
    for document in STORED[kind]:
        payload = payload_of(kind, document)
        assert type(payload) is registered()[kind].payload
        assert json.dumps(to_document(payload)) == json.dumps(document)


@pytest.mark.parametrize("kind", STORED)
def test_a_request_of_another_shape_is_refused(kind: str) -> None:
    (document, *_older) = STORED[kind]
    with pytest.raises(Conflict, match="cannot be read"):
        payload_of(kind, {**document, "surprise": 1})
    first = next(iter(document))
    with pytest.raises(Conflict, match=first):
        payload_of(kind, {**document, first: None})


def test_a_name_is_registered_once() -> None:
    with pytest.raises(ValueError, match="registered twice"):
        registry.register(registered()["spending"])


def test_a_payload_of_another_kind_is_not_put_before_anybody(session: Session) -> None:
    book = make_book(session)
    with pytest.raises(TypeError, match="carries"):
        propose(
            session,
            book_id=book.id,
            kind="closing",
            title="Close",
            reason="The year is over",
            payload=payload_of("reopening", {"period": KEY}),
            made_by=make_person(session, "Tess", book, "treasurer").id,
            now=NOW,
        )


@pytest.mark.parametrize(
    ("kind", "document", "sentence"),
    [
        ("of_tomorrow", {}, "cannot handle requests of the kind “of_tomorrow”"),
        ("closing", {"until": "tomorrow"}, "until is no date"),
    ],
)
@pytest.mark.parametrize("approve", [True, False])
def test_a_request_that_this_version_cannot_read_is_refused_in_a_sentence(
    session: Session, kind: str, document: dict[str, str], sentence: str, *, approve: bool
) -> None:
    book = make_book(session)
    asks, agrees = (make_person(session, name, book, "approver").id for name in ("Ann", "Bo"))
    approval_request = ApprovalRequest(
        book_id=book.id,
        kind=kind,
        title="Something",
        reason="We need it",
        arguments=document,
        state="open",
        made_by=asks,
        made_at=NOW,
    )
    session.add(approval_request)
    session.flush()

    def answer(request_id: UUID) -> None:
        prepare(session, kind)
        decide(
            session,
            request_id=request_id,
            approve=approve,
            decided_by=agrees,
            note="",
            now=NOW,
        )

    with pytest.raises(Conflict, match=sentence):
        preview(session, request_id=approval_request.id, by=agrees, now=NOW)
    if kind == "closing" and not approve:
        # Nothing has to be read to say no to it.
        answer(approval_request.id)
        assert approval_request.state == "rejected"
        return
    with pytest.raises(Conflict, match=sentence):
        answer(approval_request.id)
