"""Start Poolbook: hang every door on one program. The only file that knows everybody."""

import os
from collections.abc import Callable
from datetime import datetime, timedelta

import reports.cli
import reports.views
from flask import Flask
from flask_wtf.csrf import CSRFProtect

from ledger import api, config, web, webhook
from ledger.checkout import PaymentGateway
from ledger.cli import cli, main
from ledger.config import Settings
from ledger.db import Database
from ledger.gateway import StripeGateway
from ledger.web.door import Poolbook, system_clock

__all__ = ["create_app", "main"]

SESSION_HOURS = 12
# The largest body is a bank statement; its reader has a narrower limit of its own.
MAX_BODY = 16 * 1024 * 1024
MAX_FORM = 512 * 1024

reports.cli.register(cli)


def create_app(
    settings: Settings | None = None,
    *,
    db: Database | None = None,
    gateway: PaymentGateway | None = None,
    clock: Callable[[], datetime] = system_clock,
) -> Flask:
    """Return the web program. Raises Invalid when the settings are half configured."""
    settings = settings or config.from_environment(os.environ)
    if gateway is None and settings.stripe_key:
        gateway = StripeGateway(settings)
    app = Flask("ledger.web", root_path=web.ROOT, static_folder="static")
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.base_url.startswith("https://"),
        PERMANENT_SESSION_LIFETIME=timedelta(hours=SESSION_HOURS),
        MAX_CONTENT_LENGTH=MAX_BODY,
        MAX_FORM_MEMORY_SIZE=MAX_FORM,
        WTF_CSRF_TIME_LIMIT=SESSION_HOURS * 3600,
        WTF_CSRF_SSL_STRICT=False,
    )
    app.extensions["poolbook"] = Poolbook(
        db or Database(settings.database_url), settings, gateway, clock
    )
    csrf = CSRFProtect(app)
    web.register(app)
    app.register_blueprint(reports.views.pages)
    app.register_blueprint(webhook.pages)
    csrf.exempt(webhook.pages)
    for blueprint in api.register(app):
        csrf.exempt(blueprint)
    return app
