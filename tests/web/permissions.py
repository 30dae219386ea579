"""Who may do what: the permission matrix of every route, as data (domain section 11).

A new route needs a row here: in ``VIEWS`` for GET, in ``DEEDS`` for POST, in ``API`` for programs.
``test_permissions.py`` asks every route as everybody, and fails for one without a row. The matrix
in ``docs/security.md`` is written by ``python -m tests.web.permissions``.

How to add a row: name the endpoint, say who may (a set of ``WHO``), and for a form give fields with
which it succeeds. Where no set of people fits, use ``ELSEWHERE`` and name in ``PROVED_BY`` the test
that shows who may.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.worlds.town import EVERYBODY, INSTALLER, TODAY

# Somebody who gave with an address that is not confirmed: not signed in, but with the links that
# were sent to the address. Routes that take such a link give it to them alone in these tests.
GUEST = "unconfirmed giver"
# Signed in by another address than the one whose gift the routes are about.
OTHER_GIVER = "other giver"
WHO = (*EVERYBODY, GUEST, OTHER_GIVER)
ALL = frozenset(WHO)
SIGNED_IN = ALL - {"nobody", GUEST}
READERS = frozenset({"treasurer", "approver", "auditor"})
TREASURER = frozenset({"treasurer"})
CIRCLE = frozenset({"member", "treasurer", "approver"})
ADMIN = frozenset({"admin"})
INSTALLATION = frozenset({INSTALLER})
LINKED = frozenset({GUEST})
ELSEWHERE: frozenset[str] = frozenset()


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
    "acceptance": "all_confirmed",
    "opens_on": TODAY.isoformat(),
    "deadline_on": "2026-12-31",
    "need-0": "USD",
    "label-0": "Pipes",
    "minimum-0": "100",
    "action": "keep",
}
# What can be corrected in the town's open campaign, to which somebody has promised.
WORDS = {
    "title": "Solar roof",
    "summary": "Panels for all",
    "story": "It pays for itself.",
    "label-0": "Panels",
    "label-1": "A projector",
    "label-2": "Electricians",
    "acceptance": "by_hand",
    "action": "keep",
}
NEW_BOOK = {
    "name": "The Orchard",
    "code": "ORCHARD",
    "place": "Halle",
    "currency": "EUR",
    "time_zone": "Europe/Berlin",
    "profile": "US_GAAP",
    "admin_name": "Olga",
    "admin_email": "olga@example.org",
}
BANK = {
    "account_holder": "The Hall",
    "iban": "DE89 3704 0044 0532 0130 00",
    "bic": "COBADEFFXXX",
    "reason": "Our new account",
}
POLICY = {
    "value": "1000",
    "valid_from_on": "2026-12-01",
    "reason": "As the board decided",
}
RATE = {
    "skill": "MIN.ELEC",
    "value": "52.50",
    "specialised": "specialised",
    "source": "Wage table 2026",
    "valid_from_on": "2026-12-01",
}
# Endpoint → who may send its form.
DEEDS: dict[str, Deed] = {
    "pledges.send": Deed(
        ALL,
        {"money": "5", "name": "Ada", "email": "ada@example.org", "consent": "name"},
    ),
    "pledges.confirm": Deed(ALL),
    "pledges.pay": Deed(ALL),
    "moderation.decide": Deed(TREASURER, {"decision": "hide", "reason": "Advertising"}),
    "moderation.report": Deed(ELSEWHERE),
    "sign_in.ask": Deed(ALL, {"email": "ada@example.org"}),
    "sign_in.enter_code": Deed(ELSEWHERE),
    "sign_in.leave": Deed(ALL),
    "sign_in.end_all": Deed(SIGNED_IN),
    "sign_in.ask_again": Deed(SIGNED_IN),
    "background.retry": Deed(ELSEWHERE),
    "reports.ask_export": Deed(READERS),
    "reports.ask_bundle": Deed(READERS),
    "reports.ask_pdf": Deed(
        READERS,
        {"book": "A", "from": "2026-01-01", "to": "2026-01-31", "edition": "public"},
    ),
    "reports.issue_report": Deed(
        frozenset({"treasurer", "approver"}),
        {"book": "A", "from": "2026-01-01", "to": "2026-01-31", "edition": "public"},
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
    "items.give_on": Deed(
        frozenset({"member", "treasurer"}), {"receiver": "B", "reason": "Reason"}
    ),
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
    "undo_import.undo": Deed(TREASURER, {"why": "The wrong account"}),
    "undo.ask": Deed(TREASURER, {"why": "Counted twice"}),
    "statements.upload": Deed(TREASURER),
    "evidence.attach": Deed(TREASURER),
    "payment_files.make": Deed(
        TREASURER, {"pay_on": TODAY.isoformat(), "file_format": "csv", "pay": "C-NONE"}
    ),
    "evidence.erase": Deed(TREASURER, {"reason": "The wrong receipt"}),
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
            "action": "import",
        },
    ),
    "statements.join": Deed(TREASURER),
    "gift_lists.send": Deed(TREASURER),
    "ledgers.send": Deed(TREASURER),
    "ledgers.say": Deed(TREASURER, {"format": "auto", "fund": "GEN", "action": "import"}),
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
            "action": "import",
        },
    ),
    "statements.match": Deed(TREASURER, {"meaning": "gift", "target": "GEN"}),
    "many_lines.book": Deed(TREASURER, {"what": "certain", "step": "book"}),
    "bank_rules.keep": Deed(
        TREASURER,
        {"direction": "in", "words": "x", "meaning": "gift", "fund": "GEN", "step": "keep"},
    ),
    "bank_rules.change": Deed(TREASURER, {"step": "withdraw"}),
    "lines.book": Deed(TREASURER, {"meaning-0": "gift", "fund-0": "GEN", "step": "preview"}),
    "statements.undo": Deed(TREASURER, {"why": "Another giver"}),
    "offline.record": Deed(
        TREASURER,
        {
            "amount": "5",
            "fund": "GEN",
            "received_on": TODAY.isoformat(),
            "key": "k1",
            "action": "count",
        },
    ),
    "manual_entries.do": Deed(
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
    "waiting.refund": Deed(TREASURER, {"fund": "GEN"}),
    "waiting.payout": Deed(TREASURER, {"fund-GEN": "5.00"}),
    "payouts.retry": Deed(TREASURER),
    "payouts.refund": Deed(TREASURER, {"amount": "1", "reason": "Paid twice"}),
    "transfers.propose": Deed(
        TREASURER, {"receiver": "B", "amount": "5", "fund": "GEN", "reason": "Seeds"}
    ),
    "agreements.ask": Deed(
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
    "agreements.carry_out": Deed(TREASURER, {"amount": "5", "done_on": TODAY.isoformat()}),
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
    "calls.change": Deed(TREASURER, {**CALL, "slug": "a-draft", "action": "open"}),
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
            "action": "propose",
        },
    ),
    "reconciliation.prepare": Deed(
        TREASURER,
        {
            "account": "1010",
            "commodity": "USD",
            "until": "2026-01-31",
            "reason": "The bank was not there yet",
        },
    ),
    "periods.close": Deed(TREASURER, {"until": "2026-01-31", "reason": "All agrees"}),
    "my_data.erase": Deed(frozenset({"donor"}), {"email": "donor@example.org"}),
    "periods.soft_close": Deed(TREASURER, {"until": "2026-01-31", "reason": "All agrees"}),
    "periods.lift": Deed(TREASURER),
    "periods.reopen": Deed(TREASURER, {"reason": "A bill was missed"}),
    "allocations.propose": Deed(TREASURER, {"amount": "5", "rule": "equal", "purpose": "Seeds"}),
    "pools.settle": Deed(TREASURER),
    "pools.settle_all": Deed(TREASURER),
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
    "approvals.change": Deed(
        ADMIN, {"kind": "loan", "two_from": "", "three_from": "", "reason": "So"}
    ),
    "book_settings.describe": Deed(ADMIN, {"name": "A", "time_zone": "UTC"}),
    "fund_settings.create": Deed(
        ADMIN, {"code": "ROOF", "fund_name": "Roof", "fund_class": "purpose"}
    ),
    "account_settings.create": Deed(ADMIN, {"number": "5130", "account_name": "Seeds"}),
    "account_settings.set_closed": Deed(ADMIN, {"action": "close"}),
    # To open what is open changes nothing.
    "fund_settings.set_closed": Deed(ADMIN, {"action": "reopen"}),
    "entity_settings.save": Deed(ADMIN, {"fiscal_month": "1"}),
    "bank_settings.request_details": Deed(ADMIN, BANK),
    "policy_settings.choose": Deed(ADMIN, POLICY),
    "skill_settings.add": Deed(ADMIN, {"singular": "carpentry"}),
    "skill_settings.set_rate": Deed(ADMIN, RATE),
    "equipment_settings.add": Deed(ADMIN, {"singular": "canoe"}),
    "people.give": Deed(ADMIN, {"name": "Pia", "email": "pia@example.org", "role": "member"}),
    "people.end": Deed(ADMIN),
    "people.pause": Deed(ADMIN, {"pause": "3"}),
    "tokens.create": Deed(SIGNED_IN, {"name": "A script", "days": "90", "pledge:A": "on"}),
    "passkeys.begin": Deed(ALL, {"purpose": "sign_in"}),
    "factors.unlock": Deed(SIGNED_IN),
    "step_up.confirm": Deed(SIGNED_IN),
    "factors.begin_app": Deed(SIGNED_IN),
    "factors.add_passkey": Deed(SIGNED_IN),
    "factors.renew_codes": Deed(SIGNED_IN),
    "factor_policy.set_demand": Deed(ADMIN, {"role": "treasurer", "demand": "asked"}),
    "factor_policy.reset": Deed(ADMIN),
    # What somebody can show decides.
    "passkeys.enter": Deed(ELSEWHERE),
    "second_step.enter": Deed(ELSEWHERE),
    "second_step.recover": Deed(ELSEWHERE),
    "factors.confirm_app": Deed(ELSEWHERE),
    "factors.remove_app": Deed(ELSEWHERE),
    "factors.remove_passkey": Deed(ELSEWHERE),
    # The link or the owner decides, not a role: tests of their own, elsewhere or below.
    "sign_in.enter": Deed(LINKED, {"name": "Guest"}),
    "sign_in.end": Deed(ELSEWHERE),
    "tokens.revoke": Deed(ELSEWHERE),
    "installation_books.create": Deed(INSTALLATION, NEW_BOOK),
    "installation_jobs.retry": Deed(INSTALLATION),
    "installation_mail.retry": Deed(INSTALLATION),
    "webhook.receive": Deed(ELSEWHERE),
    "first_visit.set_up": Deed(ELSEWHERE),
    "recurring.change": Deed(LINKED),
    "recurring.amount": Deed(LINKED, {"amount": "5"}),
    "recurring.card": Deed(LINKED),
    "promises.pay": Deed(LINKED),
    "promises.card": Deed(LINKED),
    "promises.cancel": Deed(LINKED),
    # Tokens, not cookies: tests/api.
    "api_campaigns.pledge": Deed(ELSEWHERE),
    "api_entries.post": Deed(ELSEWHERE),
    "api_bank_statements.take": Deed(ELSEWHERE),
    "api_unknown.refuse": Deed(ELSEWHERE),
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
            "pledges.back",
            "pledges.thanks",
            "sign_in.form",
            "health.show",
            "health.live",
            "health.ready",
            "home.start",
            "api-docs.openapi_json",
            "api_books.index",
            "api_campaigns.index",
            "api_campaigns.show",
        ),
        ALL,
    ),
    # For monitoring systems with a token.
    "metrics.show": ELSEWHERE,
    "giving.show": SIGNED_IN,
    "my_data.show": SIGNED_IN,
    "my_data.download": SIGNED_IN,
    "tokens.show": SIGNED_IN,
    "factors.show": SIGNED_IN,
    # For who is setting up an app, or owes a second step.
    "factors.app": ELSEWHERE,
    "second_step.show": ELSEWHERE,
    "second_step.lost": ELSEWHERE,
    "factor_policy.show": ADMIN,
    "sign_in.where": SIGNED_IN,
    "sign_in.again": SIGNED_IN,
    # Towards a pledge of one's own, everybody may log.
    "hours.show": SIGNED_IN,
    # Pages about all books of one's own: the other book's people see theirs there.
    "things.show": CIRCLE | {"other member", "other treasurer", "other approver"},
    "things.receive_form": CIRCLE | {"other member", "other treasurer", "other approver"},
    "queue.show": frozenset(
        {"approver", "other approver", "auditor", "other auditor", "admin", "other admin"}
    ),
    "approvals.show": frozenset({"approver", "auditor"}),
    "approvals.rules": READERS | ADMIN,
    "background.index": SIGNED_IN,
    # Nobody asked for anything here: tests of its own.
    "background.show": ELSEWHERE,
    "background.download": ELSEWHERE,
    "reports.index": READERS | {"other treasurer", "other approver", "other auditor"},
    "reports.transparency": READERS,
    "reports.editions": READERS | {"other treasurer", "other approver", "other auditor"},
    # Nothing was made here: tests of its own.
    "reports.compare": ELSEWHERE,
    "reports.edition_pdf": ELSEWHERE,
    "reports.pdf": READERS,
    "things.value_form": frozenset({"member", "treasurer"}),
    "things.lend_form": frozenset({"member", "treasurer"}),
    "items.show": CIRCLE,
    "desk.show": TREASURER,
    "month_end.show": TREASURER,
    "month_end.ahead": TREASURER,
    "statements.show": READERS,
    "reconciliation.show": READERS,
    "reconciliation.signed": ELSEWHERE,
    "bank_tables.choose": TREASURER,
    "bank_tables.show": TREASURER,
    "gift_lists.choose": TREASURER,
    "ledgers.choose": TREASURER,
    "ledgers.show": TREASURER,
    "gift_lists.show": TREASURER,
    "offline.show": TREASURER,
    "manual_entries.index": TREASURER,
    "manual_entries.form": TREASURER,
    "transfers.show": TREASURER,
    "sponsors.show": TREASURER,
    "pool_agreements.index": TREASURER,
    "pool_agreements.new": TREASURER,
    "pool_agreements.join_form": TREASURER,
    "calls.show": TREASURER,
    "calls.new": TREASURER,
    "moderation.show": TREASURER,
    "moderation.ask_report": ELSEWHERE,
    "calls.edit": TREASURER,
    "calls.preview": TREASURER,
    "calls.ask": TREASURER,
    "calls.look_again": TREASURER,
    "cost_sharing.form": TREASURER,
    "agreements.index": READERS | {"member"},
    "agreements.show": READERS | {"member"},
    "agreements.new": frozenset({"member", "treasurer"}),
    "suspense.form": TREASURER,
    "waiting.refund_form": TREASURER,
    "waiting.payout_form": TREASURER,
    "payouts.refund_form": TREASURER,
    "desk.check": READERS,
    "people.show": ADMIN | {"auditor"},
    **dict.fromkeys(
        (
            "settings.show",
            "book_settings.show",
            "entity_settings.show",
            "fund_settings.show",
            "account_settings.show",
            "skill_settings.show",
            "equipment_settings.show",
            "bank_settings.show",
            "policy_settings.show",
            "policy_settings.edit",
            "pool_settings.show",
        ),
        ADMIN,
    ),
    "rights_log.show": ADMIN | {"auditor"},
    "rights_log.download": ADMIN | {"auditor"},
    "journal.show": READERS,
    "receipts.show": READERS,
    "payment_files.show": TREASURER,
    **dict.fromkeys(("evidence.show", "evidence.download", "evidence.preview"), READERS),
    "journal.entry": READERS,
    "undo.form": TREASURER,
    "undo_import.form": TREASURER,
    "journal.account": READERS,
    "journal.trial_balance": READERS,
    "payouts.show": READERS,
    "payout.show": ELSEWHERE,
    "payout.download": ELSEWHERE,
    "periods.show": READERS,
    "statements.lines": READERS,
    "statements.undo_form": TREASURER,
    "lines.show": TREASURER,
    "bank_rules.index": TREASURER,
    "bank_rules.new": TREASURER,
    "bank_rules.show": TREASURER,
    "reports.bundle": READERS,
    "reports.proof": READERS,
    "reports.export": READERS,
    "receivables.show": READERS,
    "receivables.download": READERS,
    "sheets.journal_sheet": READERS,
    "sheets.account_sheet": READERS,
    "allocations.allocate": READERS | {"member"},
    # The demo's own, which an installation has not; and links that nobody has.
    "sign_in.outbox": ELSEWHERE,
    "first_visit.show": ELSEWHERE,
    **dict.fromkeys(
        (
            "installation.show",
            "installation.health",
            "installation_books.show",
            "installation_jobs.show",
            "installation_mail.show",
        ),
        INSTALLATION,
    ),
    "sign_in.confirm": LINKED,
    "recurring.show": LINKED,
    "promises.show": LINKED,
    "api_books.figures_of_book": ELSEWHERE,
    "api_books.trial_balance": ELSEWHERE,
    "api_entries.index": ELSEWHERE,
    "api_entries.proposed": ELSEWHERE,
    "api_unknown.refuse": ELSEWHERE,
}

# Routes whose address holds a signed link; without one that is good, nobody sees anything.
WITH_LINK = frozenset(
    name
    for name in (*DEEDS, *VIEWS)
    if (DEEDS[name].who if name in DEEDS else VIEWS[name]) == LINKED
)
# Method and address → who may call it about book A with a token for everything.
API: dict[tuple[str, str], frozenset[str]] = {
    ("GET", "/books"): frozenset(EVERYBODY),
    ("GET", "/campaigns"): frozenset(EVERYBODY),
    ("GET", "/campaigns/solar-roof"): frozenset(EVERYBODY),
    ("GET", "/books/A/trial-balance"): READERS,
    ("GET", "/books/A/figures"): READERS,
    ("GET", "/books/A/entries"): READERS,
    ("POST", "/books/A/entries"): TREASURER,
    ("GET", "/books/A/proposed-entries/{proposal}"): READERS,
    ("POST", "/books/A/bank-statements"): TREASURER,
    ("POST", "/campaigns/solar-roof/pledges"): frozenset(EVERYBODY) - {"nobody"},
}
# Routes of ELSEWHERE: who may, in words, and the test that shows it.
PROVED_BY: dict[str, tuple[str, str]] = {
    "passkeys.enter": (
        "the owner of the passkey",
        "tests/web/test_factors.py::test_a_passkey_alone_signs_in",
    ),
    **dict.fromkeys(
        ("second_step.show", "second_step.lost", "second_step.enter", "second_step.recover"),
        (
            "who has opened a link and owes the second step",
            "tests/web/test_factors.py"
            "::test_the_second_step_waits_ten_minutes_and_only_where_the_link_was_opened",
        ),
    ),
    **dict.fromkeys(
        ("factors.app", "factors.confirm_app"),
        (
            "who is setting up an app",
            "tests/web/test_factors.py"
            "::test_whoever_has_an_app_signs_in_in_two_steps_without_any_script",
        ),
    ),
    **dict.fromkeys(
        ("factors.remove_app", "factors.remove_passkey"),
        (
            "the owner of the factor",
            "tests/web/test_factors.py::test_removing_the_last_factor_is_told_and_takes_the_codes",
        ),
    ),
    **dict.fromkeys(
        ("moderation.ask_report", "moderation.report"),
        (
            "everybody, about what is shown",
            "tests/web/test_moderation.py"
            "::test_anybody_reports_what_is_shown_and_the_organiser_decides",
        ),
    ),
    "metrics.show": (
        "this machine, or who has the token for figures",
        "tests/web/test_health.py::test_figures_are_for_this_machine_or_for_a_token",
    ),
    "tokens.revoke": (
        "the owner of the token",
        "tests/web/test_permissions.py::test_a_token_is_ended_by_its_owner_only",
    ),
    "sign_in.enter_code": (
        "the browser that asked for the link",
        "tests/web/test_sign_in_links.py"
        "::test_a_code_opens_the_link_in_the_browser_that_asked_and_in_no_other",
    ),
    "reconciliation.signed": (
        "treasurer, approver and auditor of the book",
        "tests/web/test_reconciliation.py::test_a_statement_is_prepared_signed_and_superseded",
    ),
    **dict.fromkeys(
        ("background.show", "background.download", "background.retry"),
        (
            "the person who asked for the job",
            "tests/web/test_background_jobs.py"
            "::test_a_draft_is_made_once_and_downloaded_by_whoever_asked",
        ),
    ),
    "sign_in.end": (
        "the owner of the session",
        "tests/web/test_permissions.py::test_a_session_is_ended_by_its_owner_only",
    ),
    **dict.fromkeys(
        ("first_visit.show", "first_visit.set_up"),
        (
            "everybody while there is no book; with the code from the console",
            "tests/web/test_first_visit.py::test_without_the_code_nothing_is_opened",
        ),
    ),
    "webhook.receive": (
        "Stripe, by its signature",
        "tests/web/test_webhook.py::test_a_forged_message_is_refused_and_leaves_nothing",
    ),
    "sign_in.outbox": (
        "everybody, in a demo only",
        "tests/web/test_every_page.py::test_an_installation_shows_no_outbox",
    ),
    **dict.fromkeys(
        ("payout.show", "payout.download"),
        (
            "treasurer, approver and auditor of a book that the payout holds money of",
            "tests/web/test_payout_page.py::test_a_payout_is_shown_gift_by_gift",
        ),
    ),
    "reports.compare": (
        "treasurer, approver and auditor of the book",
        "tests/web/test_editions.py::test_a_reader_sees_which_entries_made_two_editions_differ",
    ),
    "reports.edition_pdf": (
        "treasurer, approver and auditor of the book",
        "tests/web/test_editions.py::"
        "test_looking_and_downloading_write_nothing_and_issuing_is_a_form",
    ),
}
# What the API adds: these take a token, never the cookie of a browser.
BY_TOKEN = "by token, see the table of the API"

TITLES = {
    "nobody": "anonymous",
    GUEST: "unconfirmed giver",
    "donor": "giver",
    OTHER_GIVER: "another giver",
}
DOCUMENT = Path(__file__).parents[2] / "docs" / "security.md"
BEGIN, END = "<!-- permissions: begin -->", "<!-- permissions: end -->"


def in_words(who: frozenset[str], about: str = "") -> str:
    """Say who may, in the order of the table of people."""
    if who == ALL:
        return "everybody"
    if who == SIGNED_IN:
        return "everybody who is signed in"
    if who == LINKED:
        return "whoever holds the signed link"
    if who == frozenset(EVERYBODY):
        return "everybody"
    if who == frozenset(EVERYBODY) - {"nobody"}:
        return "everybody with a token"
    own = [TITLES.get(one, one) for one in WHO if one in who and not one.startswith("other ")]
    others = [one.removeprefix("other ") for one in EVERYBODY if one in who and one[:6] == "other "]
    assert not others or set(others) <= set(own), about
    return ", ".join(own) + (" (each sees their own books)" if others else "")


def grouped(rows: Mapping[str, frozenset[str]]) -> Iterable[str]:
    """Write a table of routes by who may."""
    found: dict[str, list[str]] = {}
    for name, who in rows.items():
        words = in_words(who, name)
        if not who:
            words = PROVED_BY[name][0] if name in PROVED_BY else BY_TOKEN
        found.setdefault(words, []).append(f"`{name}`")
    yield "| who | routes |"
    yield "|---|---|"
    for words, names in sorted(found.items()):
        yield f"| {words} | {', '.join(sorted(names))} |"


def as_markdown() -> str:
    """Write the matrix as it stands in the document."""
    api = {f"{method} {path}": who for (method, path), who in API.items()}
    return "\n".join(
        (
            "**Reading** (GET)\n",
            *grouped(VIEWS),
            "\n**Doing** (POST)\n",
            *grouped({name: deed.who for name, deed in DEEDS.items()}),
            "\n**Programs** (`/api/v1`; a token's scopes narrow this further)\n",
            *grouped(api),
        )
    )


def in_document() -> str:
    """Return the matrix that stands in the document."""
    return DOCUMENT.read_text().split(BEGIN)[1].split(END)[0].strip()


if __name__ == "__main__":
    before, rest = DOCUMENT.read_text().split(BEGIN)
    DOCUMENT.write_text(f"{before}{BEGIN}\n{as_markdown()}\n{END}{rest.split(END)[1]}")
