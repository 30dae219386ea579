"""Every worked event has an answer to how it is undone, and what can be undone leaves sound books.

Also every event type that the program's source names: one that is not listed fails here.
"""

import ast
import importlib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from ledger.core.states import MOVES
from ledger.core.vocabulary import PledgeState
from ledger.db import Database
from ledger.errors import Conflict
from ledger.models.journal import Entry
from ledger.queries.invariants import check
from ledger.services.accounting.manual_entries import EVENT_TYPES
from ledger.services.approvals.registry import registered
from ledger.services.undoing import undo
from ledger.services.undoing.events import event_of, not_reversed
from ledger.services.undoing.plans import answer_for
from ledger.services.undoing.ways import SILENT, WAYS, Here, Never, There, way_of
from tests.oracle.test_oracle import EVENTS, all_steps
from tests.worlds.worked_events import World, in_order

SERVICES = Path(__file__).parents[2] / "ledger" / "services"
AFTER = datetime(2028, 1, 1, tzinfo=UTC)
POSTS = {"post", "_post", "post_line", "_mark", "remember", "Draft"}
# What is told with the name of a state.
ENDS = {f"pledge_{state}" for state in (PledgeState.CANCELLED, PledgeState.LAPSED)}


def named_in(path: Path) -> set[str]:
    """The event types that a module of services posts under."""
    name = "ledger.services." + ".".join(path.relative_to(SERVICES).with_suffix("").parts)
    module = importlib.import_module(name)
    found: set[str] = set()
    for call in ast.walk(ast.parse(path.read_text())):
        if not isinstance(call, ast.Call):
            continue
        callee = (
            call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        )
        if callee not in POSTS:
            continue
        given = [*call.args[3:], *(key.value for key in call.keywords if key.arg == "event_type")]
        for value in given:
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                found.add(value.value)
            elif isinstance(value, ast.Name) and isinstance(getattr(module, value.id, None), str):
                found.add(getattr(module, value.id))
            elif isinstance(value, ast.Attribute) and value.attr == "kind":
                found |= {
                    kind.name for kind in registered().values() if kind.approve.__module__ == name
                }
    return found


def every_event_type() -> set[str]:
    """Every event type that services name, and every step of an agreement that books something."""
    found = {name for path in SERVICES.rglob("*.py") for name in named_in(path)}
    steps = {
        f"{kind}_{move}" for kind, moves in MOVES.items() for _state, move in moves
        if move not in SILENT
    }  # fmt: skip
    return found | steps | ENDS | {*EVENT_TYPES}


def unanswered() -> set[str]:
    return every_event_type() - WAYS.keys()


def test_every_event_type_has_an_answer() -> None:
    assert unanswered() == set()


def test_an_event_type_that_is_not_listed_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("cash_banked", "disposal", "pledge_made", "spending_bill"):
        with monkeypatch.context() as patched:
            patched.delitem(WAYS, name)
            assert unanswered() == {name}
    with pytest.raises(LookupError):
        way_of("an event of tomorrow", "stripe")


def test_what_is_not_undone_says_why_and_what_to_do_instead() -> None:
    for name, way in WAYS.items():
        said = way.why.message if isinstance(way, Never) else ""
        said = way.how.message if isinstance(way, There) else said
        assert isinstance(way, Here) or said.endswith("."), name
    never = [name for name, way in WAYS.items() if isinstance(way, Never)]
    here = [name for name, way in WAYS.items() if isinstance(way, Here)]
    assert len(never) < len(here) / 2


def test_all_worked_events_are_undone_one_after_the_other(db: Database) -> None:
    world, steps = World(), all_steps()
    with db.transaction() as session:
        world.build(session)
    for code in in_order(list(EVENTS)):
        with db.transaction() as session:
            steps[code](world, session)
    with db.snapshot() as session:
        rows = [
            (row.book_id, row.id)
            for row in session.scalars(
                select(Entry).where(not_reversed()).order_by(Entry.id.desc())
            )
        ]
    undone = set()
    for book_id, entry_id in rows:
        try:
            with db.transaction() as session:
                event = event_of(session, book_id=book_id, entry_id=entry_id)
                if not isinstance(answer_for(session, event), Here):
                    continue
                plan = undo.checked_plan(session, book_id=book_id, entry_id=entry_id)
                undo.carry_out(
                    session,
                    plan,
                    reason="It never happened",
                    now=AFTER,
                    made_by=world.people["maker"],
                    approved_by=world.people["checker"] if plan.needs_approval else None,
                )
                undone |= {event.kind for event in plan.events}
        except Conflict:
            # Undone with something later, or its money was spent for good.
            continue
    with db.snapshot() as session:
        assert [row for row in check(session) if not row.ok] == []
    here = {name for name, way in WAYS.items() if isinstance(way, Here)}
    assert here - undone == ELSEWHERE


# Not among the worked events, or not undone there: a line's at the line, the host's fee and what
# was paid into the pool because they were paid out again.
ELSEWHERE = {
    *("accrual", "history", "manual", "payroll", "till"),
    *(
        "bank_charge",
        "cost_paid_without_bill",
        "cost_refunded",
        "given_to_others",
        "held_for_others",
        "interest_received",
        "own_transfer_arrived",
        "own_transfer_sent",
        "gift_with_reclaim",
        "payout_arrived",
        "reclaim_received",
    ),
    *("receipt_identified", "receipt_unidentified"),
    *("expense_cancel", "item_returned", "loan_repay", "spending_cancel", "spending_return"),
    *("conditional_allocation_work", "sponsor_approve"),
    *("contribution_settled", "host_fee", "owed_refund_repaid", "refund_owed", "suspense_named"),
}
