"""Door: people. One file of pages per noun; forms are read by the schemas, deeds by services.

Holds no rule of the domain: if a page and the API would need the same ``if``, it belongs below.
"""

from importlib import import_module
from pathlib import Path

from flask import Flask

ROOT = str(Path(__file__).parent)
# Each is a module of this room with a blueprint named ``pages``.
NOUNS = (
    "home",
    "campaigns",
    "calls",
    "moderation",
    "pledges",
    "promises",
    "recurring",
    "giving",
    "my_data",
    "hours",
    "things",
    "items",
    "desk",
    "journal",
    "sponsors",
    "statements",
    "bank_tables",
    "gift_lists",
    "ledgers",
    "payouts",
    "suspense",
    "periods",
    "offline",
    "by_hand",
    "transfers",
    "commitments",
    "cost_sharing",
    "pools",
    "pool_agreements",
    "allocations",
    "queue",
    "approvals",
    "sign_in",
    "second_step",
    "passkeys",
    "step_up",
    "factors",
    "factor_policy",
    "tokens",
    "people",
    "settings",
    "rights_log",
    "health",
)
# What only the demo shows.
DEMO_NOUNS = ("styleguide", "demo_bank")


def register(app: Flask) -> None:
    """Hang every page on the app, with its errors, headers and template filters."""
    from ledger.web import (
        door,
        figures,
        freshness,
        labels,
        late_days,
        locale,
        once,
        refusals,
        sessions,
        step_up,
        visitors,
    )

    locale.register(app)
    figures.register_filters(app)
    labels.register(app)
    refusals.register(app)
    # Earlier than any before_request: the protection against forged forms reads the form.
    app.url_value_preprocessor(door.check_request)
    app.before_request(visitors.warn_of_forwarded)
    app.before_request(step_up.guard)
    # The last one is the first to run: the headers are there whatever fails afterwards.
    app.after_request(door.remember_location)
    app.after_request(sessions.keep)
    app.after_request(door.secure)
    app.jinja_env.globals["form_key"] = once.fresh_key
    app.jinja_env.globals["day_to_agree_to"] = late_days.day_to_agree_to
    app.jinja_env.globals["further"] = door.further
    app.jinja_env.globals["missing_factors"] = freshness.missing_factors
    app.context_processor(door.context)
    for noun in NOUNS + (DEMO_NOUNS if door.parts_of(app).settings.demo else ()):
        app.register_blueprint(import_module(f"ledger.web.{noun}").pages)
