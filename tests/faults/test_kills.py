"""A kill between any two steps of a payment leaves one charge and one entry after a restart."""

import signal

import pytest
from sqlalchemy import func, select

from ledger.db import Database
from ledger.models.journal import Entry, Posting
from ledger.models.payments import PaymentAttempt, StripeEvent
from ledger.models.pledges import Pledge
from tests.faults.conftest import Sandbox, act, done

STEPS = 30


def settled(db: Database) -> list[tuple[int, int]]:
    """The legs of every settled payment, sorted."""
    with db.snapshot() as session:
        rows = session.execute(
            select(Posting.account, Posting.quantity)
            .join(Entry, (Entry.book_id == Posting.book_id) & (Entry.id == Posting.entry_id))
            .where(Entry.event_type == "payment_settled")
        )
        return sorted((account, quantity) for account, quantity in rows)


ONCE = sorted([(1110, 5796), (6510, 204), (4010, -6000), (9110, -6000), (9190, 6000)])


def test_the_web_server_killed_at_each_step_opens_one_payment_page(
    db: Database, database_url: str, sandbox: Sandbox, pledge: Pledge
) -> None:
    killed = 0
    for last in range(1, STEPS):
        run = act("web", database_url, sandbox, pledge, last)
        if run.returncode == 0:
            break
        assert run.returncode == -signal.SIGKILL, run.stderr
        killed += 1
    assert killed >= 4, "the steps were not reached"
    url = done("web", database_url, sandbox, pledge)
    assert len(sandbox.list("checkout/sessions")) == 1
    assert sandbox.pay(url).status_code == 303
    done("worker", database_url, sandbox, pledge)
    assert len(sandbox.list("charges")) == 1
    assert settled(db) == ONCE


def test_the_worker_killed_at_each_step_posts_one_entry(
    db: Database, database_url: str, sandbox: Sandbox, pledge: Pledge
) -> None:
    url = done("web", database_url, sandbox, pledge)
    sandbox.pay(url)
    sandbox.control("settle")
    killed = 0
    for last in range(1, STEPS):
        run = act("worker", database_url, sandbox, pledge, last)
        if run.returncode == 0:
            break
        assert run.returncode == -signal.SIGKILL, run.stderr
        killed += 1
    assert killed >= 5, "the steps were not reached"
    done("worker", database_url, sandbox, pledge)
    assert settled(db) == ONCE
    assert len(sandbox.list("charges")) == 1
    with db.snapshot() as session:
        assert session.scalar(select(func.count()).select_from(PaymentAttempt)) == 1
        assert session.get_one(Pledge, pledge.id).state == "fulfilled"


def heard_and_killed(
    role: str, db: Database, database_url: str, sandbox: Sandbox, pledge: Pledge
) -> int:
    """Send one message, killing the door at each step and sending it again; return how many
    messages it kept."""
    sandbox.pay(done("web", database_url, sandbox, pledge))
    sandbox.control("settle")
    killed = 0
    for last in range(1, STEPS):
        run = act(role, database_url, sandbox, pledge, last)
        if run.returncode == 0:
            break
        assert run.returncode == -signal.SIGKILL, run.stderr
        killed += 1
    assert killed >= 3, "the steps were not reached"
    done("worker", database_url, sandbox, pledge)
    assert settled(db) == ONCE
    with db.snapshot() as session:
        return session.scalar(select(func.count()).select_from(StripeEvent)) or 0


def test_the_door_killed_between_commit_and_answer_keeps_one_message(
    db: Database, database_url: str, sandbox: Sandbox, pledge: Pledge
) -> None:
    assert heard_and_killed("door", db, database_url, sandbox, pledge) == 1


def test_a_door_that_does_not_know_a_message_again_keeps_two(
    db: Database, database_url: str, sandbox: Sandbox, pledge: Pledge
) -> None:
    """The control: the message came again after the kill, and only its name tells."""
    if not db.is_sqlite:
        pytest.skip("the control is shown on SQLite")
    assert heard_and_killed("forgetful door", db, database_url, sandbox, pledge) == 2


def test_the_sandbox_killed_between_all_steps_forgets_nothing(
    db: Database, database_url: str, sandbox: Sandbox, pledge: Pledge
) -> None:
    url = done("web", database_url, sandbox, pledge)
    sandbox.restart()
    assert sandbox.pay(url).status_code == 303
    sandbox.restart()
    assert sandbox.pay(url).status_code == 303
    sandbox.control("settle")
    sandbox.restart()
    done("worker", database_url, sandbox, pledge)
    sandbox.control("payout")
    sandbox.restart()
    done("worker", database_url, sandbox, pledge)
    assert len(sandbox.list("charges")) == 1
    assert settled(db) == ONCE
    with db.snapshot() as session:
        moved = session.scalar(select(func.sum(Posting.quantity)).where(Posting.account == 1120))
    assert moved == 5796


def test_a_sandbox_that_is_down_leaves_the_attempt_to_be_taken_up_again(
    db: Database, database_url: str, sandbox: Sandbox, pledge: Pledge
) -> None:
    sandbox.kill()
    assert act("web", database_url, sandbox, pledge).returncode != 0
    sandbox.start()
    url = done("web", database_url, sandbox, pledge)
    sandbox.pay(url)
    sandbox.control("settle")
    done("worker", database_url, sandbox, pledge)
    assert settled(db) == ONCE


def test_an_answer_lost_after_the_effect_opens_no_second_page(
    db: Database, database_url: str, sandbox: Sandbox, pledge: Pledge
) -> None:
    sandbox.control("set", fail="after")
    assert act("web", database_url, sandbox, pledge).returncode != 0
    done("web", database_url, sandbox, pledge)
    assert len(sandbox.list("checkout/sessions")) == 1


def test_without_a_key_a_kill_would_open_a_second_page(
    db: Database, database_url: str, sandbox: Sandbox, pledge: Pledge
) -> None:
    """The control: the same two calls under two keys do make two pages."""
    act("web", database_url, sandbox, pledge, 3)
    with db.transaction() as session:
        for attempt in session.scalars(select(PaymentAttempt)):
            attempt.idempotency_key += "-forgotten"
    done("web", database_url, sandbox, pledge)
    assert len(sandbox.list("checkout/sessions")) == 2
