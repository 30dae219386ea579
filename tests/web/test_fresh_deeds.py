"""Deeds that move money or rights ask who one is once fifteen minutes have gone by.

Every POST of the pages stands in one of two lists: those that are guarded with ``fresh_needed``,
and ``OTHERS``. A new one fails here until somebody has decided.
"""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from ledger.db import Database
from ledger.services.people.sessions import FRESH
from ledger.web.identity.fresh_commands import WHAT
from ledger.web.identity.sessions import NEEDS_FRESH
from tests.conftest import NOW
from tests.web.permissions import DEEDS
from tests.web.test_sign_in import Clock
from tests.worlds.town import Town, found_town

ROOT = Path(__file__).parents[2]
CLOCK = Clock()
AGAIN = "/sign-in/again"
GUARDED = {
    # Approvals post what others asked for; the rest books, pays or promises money by hand.
    *("queue.decide", "manual_entries.do", "offline.record", "transfers.propose"),
    *("payouts.refund", "payouts.retry", "payment_files.make"),
    *(
        "agreements.carry_out",
        "pools.settle",
        "pools.settle_all",
        "journal.correct",
        "undo.ask",
    ),
    *("periods.lift", "periods.reopen", "approvals.change"),
    "installation_books.create",
    *("skill_settings.set_rate", "bank_settings.request_details", "policy_settings.choose"),
    *("people.give", "people.end", "people.pause", "tokens.create", "my_data.erase"),
    *("factor_policy.set_demand", "factor_policy.reset", "factors.unlock"),
    *("factors.add_passkey", "factors.begin_app", "factors.confirm_app"),
    *("factors.remove_passkey", "factors.remove_app", "factors.renew_codes"),
}
# Why the others do not ask.
OTHERS = {
    "one's own gift, whose payment is confirmed at Stripe": {
        *("pledges.send", "promises.pay", "promises.card", "promises.cancel"),
        *("recurring.change", "recurring.amount", "recurring.card"),
        *("giving.cancel", "giving.shown", "giving.not_mine"),
    },
    "how one shows who one is, or gives access up": {
        *(
            "sign_in.ask",
            "sign_in.ask_again",
            "sign_in.enter_code",
            "sign_in.enter",
            "sign_in.leave",
        ),
        *("sign_in.leave", "sign_in.end", "sign_in.end_all"),
        *("second_step.enter", "second_step.recover"),
        *("passkeys.begin", "passkeys.enter", "step_up.confirm", "tokens.revoke"),
    },
    "an approver, who is asked, decides before anything is booked": {
        *("allocations.propose", "agreements.ask", "cost_sharing.propose", "periods.close"),
        "reconciliation.prepare",
        *("pool_agreements.join", "pool_agreements.propose", "sponsors.propose"),
        "evidence.erase",
        *("items.damage", "items.give_on", "items.let_go", "things.value"),
    },
    "takes over what a bank or a list says": {
        *("bank_tables.say", "bank_tables.send", "gift_lists.say", "gift_lists.send"),
        *("statements.join", "statements.match", "statements.undo", "lines.book"),
        *("bank_rules.keep", "bank_rules.change", "many_lines.book"),
        "undo_import.undo",
        *("statements.upload", "suspense.name", "ledgers.send", "ledgers.say"),
        *("waiting.refund", "waiting.payout"),
    },
    "moves neither money nor rights": {
        *("reports.ask_pdf", "reports.ask_export", "reports.ask_bundle"),
        *("background.retry", "installation_jobs.retry", "installation_mail.retry"),
        *("calls.change", "calls.correct", "calls.draft", "calls.throw_away"),
        *("hours.confirm", "hours.log", "hours.reject", "items.plan_wear"),
        *("periods.soft_close", "reports.issue_report", "evidence.attach"),
        *("pledges.confirm", "pledges.pay", "moderation.decide", "moderation.report"),
        *("book_settings.describe", "fund_settings.create", "account_settings.create"),
        *("fund_settings.set_closed", "account_settings.set_closed"),
        "entity_settings.save",
        *("skill_settings.add", "equipment_settings.add"),
        *("things.lend", "things.receive", "things.take_back"),
    },
    "the code from the server's console shows who one is": {"first_visit.set_up"},
    "programs, which have tokens": {
        *("api_bank_statements.take", "api_campaigns.pledge", "api_entries.post"),
        *("api_unknown.refuse", "webhook.receive"),
    },
}


@pytest.fixture(scope="module")
def late(shared_db: Database) -> Town:
    """A town with a clock to set."""
    CLOCK.now = NOW
    return found_town(shared_db, clock=CLOCK)


def guarded(town: Town) -> set[str]:
    return {name for name, view in town.app.view_functions.items() if view in NEEDS_FRESH}


def test_every_form_is_in_one_of_the_lists(late: Town) -> None:
    others = [name for names in OTHERS.values() for name in names]
    assert len(others) == len(set(others))
    assert guarded(late) == GUARDED == set(WHAT)
    assert set(late.endpoints("POST")) == GUARDED | set(others)
    assert not GUARDED & set(others)


def sent_after(town: Town, endpoint: str, minutes: timedelta) -> str:
    """Sign in, send a form after some minutes, and return where the answer leads."""
    deed = DEEDS[endpoint]
    who = next(iter(sorted(deed.who & set(town.people))), "treasurer")
    CLOCK.now = NOW
    client = town.client(who)
    CLOCK.now = NOW + minutes
    about = {name: town.ids[key] for name, key in deed.about.items()}
    answer = client.post(town.address(endpoint, **about), data=deed.form)
    return answer.headers.get("Location", "")


@pytest.mark.parametrize("endpoint", sorted(GUARDED))
def test_a_deed_asks_again_after_fifteen_minutes_and_writes_nothing(
    late: Town, endpoint: str
) -> None:
    before = late.rows()
    assert sent_after(late, endpoint, FRESH) == AGAIN
    assert late.rows() == before
    assert sent_after(late, endpoint, FRESH - timedelta(seconds=1)) != AGAIN


def test_a_preview_does_not_ask(late: Town) -> None:
    form = {**DEEDS["manual_entries.do"].form, "step": "try"}
    CLOCK.now = NOW
    client = late.client("treasurer")
    CLOCK.now = NOW + FRESH
    assert client.post(late.address("manual_entries.do"), data=form).status_code == 200


def test_an_approver_is_told_what_they_confirm_and_nobody_else_is(late: Town) -> None:
    path = late.address("queue.decide")
    for who, knows in (("approver", True), ("other approver", False)):
        CLOCK.now = NOW
        client = late.client(who)
        CLOCK.now = NOW + FRESH
        client.post(path, data={"answer": "approve", "note": ""})
        page = " ".join(client.get(AGAIN).text.split())
        assert "Confirm it’s you to decide on a request" in page
        assert ("Value of 1 projector · " in page) == knows


# Modules whose guarded forms have nothing that is typed: buttons, choices, codes and a comment.
NOTHING_TYPED = {
    "ledger.web.approvals.queue",
    "ledger.web.identity.factors",
    "ledger.web.people.factor_policy",
    "ledger.web.pools.pools",
}


def forgetful(modules: Mapping[str, str]) -> set[str]:
    """The modules that ask for a fresh sign-in and show their form without what was typed."""
    asking = {name for name, source in modules.items() if "@fresh_needed" in source}
    return {name for name in asking if "held_answers()" not in modules[name]}


def test_every_form_keeps_what_was_typed_while_its_owner_signs_in_again() -> None:
    modules = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts): path.read_text()
        for path in (ROOT / "ledger" / "web").rglob("*.py")
    }
    assert forgetful(modules) == NOTHING_TYPED
    modules["ledger.web.accounting.undo"] = "@fresh_needed\ndef ask() -> None: ..."
    assert forgetful(modules) == NOTHING_TYPED | {"ledger.web.accounting.undo"}
