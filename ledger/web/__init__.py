"""Door: people. One file of pages per noun; forms are read by the schemas, deeds by services.

Holds no rule of the domain: if a page and the API would need the same ``if``, it belongs below.
"""

from pathlib import Path
from typing import Any

from flask import Flask

ROOT = str(Path(__file__).parent)


def register(app: Flask) -> None:
    """Hang every page on the app, with its errors, headers and template filters."""
    from ledger.web import (
        campaigns,
        commitments,
        demo_bank,
        desk,
        door,
        figures,
        giving,
        health,
        home,
        hours,
        journal,
        locale,
        offline,
        payouts,
        periods,
        pledges,
        pools,
        queue,
        refusals,
        sign_in,
        statements,
        styleguide,
        things,
        tokens,
        transfers,
    )

    locale.register(app)
    figures.register_filters(app)
    refusals.register(app)
    # Earlier than any before_request: the protection against forged forms reads the form.
    app.url_value_preprocessor(door.check_request)
    app.after_request(door.secure)
    app.context_processor(door.context)
    nouns: tuple[Any, ...] = (
        home,
        campaigns,
        pledges,
        giving,
        hours,
        things,
        desk,
        journal,
        statements,
        payouts,
        periods,
        offline,
        transfers,
        commitments,
        pools,
        queue,
        sign_in,
        tokens,
        health,
    )
    for noun in nouns:
        app.register_blueprint(noun.pages)
    if door.parts_of(app).settings.demo:
        app.register_blueprint(styleguide.pages)
        app.register_blueprint(demo_bank.pages)
