"""Pages for people, by capability: forms are read by the schemas, commands are services.

Holds no rule of the domain: if a page and the API would need the same ``if``, it belongs below.
"""

import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from flask import Flask
from jinja2 import Environment, FileSystemLoader, PrefixLoader

# Decisions are taken on these pages: every kind of request has to be known.
from ledger.services.workflow import approval_kinds  # noqa: F401

ROOT = str(Path(__file__).parent)
# Each is a module of this package with a blueprint named ``pages``.
NOUNS = (
    "public.home",
    "campaigns.campaigns",
    "campaigns.manage",
    "campaigns.moderation",
    "pledges.pledges",
    "pledges.signed_link",
    "pledges.recurring",
    "pledges.giving",
    "pledges.receivables",
    "people.my_data",
    "volunteering.hours",
    "equipment.equipment",
    "equipment.item",
    "workflow.desk",
    "workflow.month_end",
    "accounting.journal",
    "accounting.sheets",
    "accounting.undo",
    "evidence.files",
    "evidence.receipts",
    "spending.payments",
    "campaigns.matching_sponsors",
    "banking.statements",
    "banking.undo_import",
    "banking.lines",
    "banking.many_lines",
    "banking.rules",
    "banking.bank_tables",
    "importing.gift_lists",
    "importing.ledgers",
    "reconciliation.statements",
    "payments.payouts",
    "payments.waiting",
    "payments.payout",
    "payments.unrecognised",
    "accounting.periods",
    "banking.cash",
    "manual_entries.pages",
    "pools.transfers",
    "approvals.agreements",
    "pools.cost_sharing",
    "pools.pools",
    "pools.agreements",
    "pools.allocations",
    "approvals.queue",
    "approvals.request",
    "identity.sign_in",
    "identity.second_step",
    "identity.passkeys",
    "identity.step_up",
    "identity.factors",
    "people.factor_policy",
    "people.tokens",
    "people.people",
    "settings.hub",
    "settings.book",
    "settings.entity",
    "settings.funds",
    "settings.accounts",
    "settings.skills",
    "settings.equipment",
    "settings.bank_accounts",
    "settings.policies",
    "pools.around",
    "people.rights_log",
    "installation.first_visit",
    "installation.overview",
    "installation.books",
    "installation.jobs",
    "installation.mail",
    "jobs.background",
    "public.health",
    "public.metrics",
)
# What the capabilities register with the approvals: their kinds of agreement, and what approvers
# see of their requests. Agreements are offered in this order.
REGISTERED = (
    "spending.agreement_kinds",
    "accounting.agreement_kinds",
    "campaigns.agreement_kinds",
    "pledges.agreement_kinds",
    "pools.agreement_kinds",
    "accounting.evidence",
    "banking.evidence",
    "accounting.undo_evidence",
    "equipment.evidence",
    "evidence.asked",
    "manual_entries.evidence",
    "payments.evidence",
    "pledges.evidence",
    "pools.evidence",
    "reconciliation.evidence",
    "settings.evidence",
    "volunteering.evidence",
)
# What only the demo shows.
DEMO_NOUNS = ("public.styleguide", "banking.demo_bank")
INDENTATION = re.compile(r"^[ \t]+", re.MULTILINE)


class UnindentedLoader(FileSystemLoader):
    """Finds templates and leaves one space of the indentation of their lines.

    It is for those who read templates, and was a fourth of long pages. Browsers show any run of
    spaces as one, so one is kept: after a block that strips what stands before it, it may be the
    only space between two words.
    """

    def get_source(
        self, environment: Environment, template: str
    ) -> tuple[str, str, Callable[[], bool]]:
        """Return a template, its file, and whether that is still the newest."""
        source, file, is_newest = super().get_source(environment, template)
        return INDENTATION.sub(" ", source), file, is_newest


def templates() -> PrefixLoader:
    """Return what finds ``pledges/form.html`` in the folder ``templates`` of ``pledges``."""
    folders = Path(ROOT).glob("*/templates")
    return PrefixLoader({folder.parent.name: UnindentedLoader(folder) for folder in folders})


def register(app: Flask) -> None:
    """Hang every page on the app, with its errors, headers and template filters."""
    from ledger.web.evidence.files import panel
    from ledger.web.identity import freshness, sessions, step_up
    from ledger.web.serving import request_log, request_metrics, static_files
    from ledger.web.site import (
        context,
        error_handlers,
        formatting,
        idempotency,
        late_days,
        locale,
        visitors,
    )

    app.jinja_loader = templates()
    request_log.register(app)
    request_metrics.register(app)
    locale.register(app)
    formatting.register_filters(app)
    static_files.register(app)
    error_handlers.register(app)
    # Earlier than any before_request: the protection against forged forms reads the form.
    app.url_value_preprocessor(context.check_request)
    app.before_request(visitors.warn_of_forwarded)
    app.before_request(step_up.guard)
    # The last one is the first to run: the headers are there whatever fails afterwards.
    app.after_request(context.remember_location)
    app.after_request(sessions.keep)
    app.after_request(context.secure)
    app.jinja_env.globals["form_key"] = idempotency.fresh_key
    app.jinja_env.globals["day_to_agree_to"] = late_days.day_to_agree_to
    app.jinja_env.globals["evidence_panel"] = panel
    app.jinja_env.globals["further"] = context.further
    app.jinja_env.globals["missing_factors"] = freshness.missing_factors
    app.context_processor(context.context)
    for noun in NOUNS + (DEMO_NOUNS if context.parts_of(app).settings.demo else ()):
        app.register_blueprint(import_module(f"ledger.web.{noun}").pages)
    for module in REGISTERED:
        import_module(f"ledger.web.{module}")
