"""The visitor's language: texts through gettext, dates and figures by locale."""

from flask import Flask, has_request_context, request
from flask_babel import Babel, gettext

from ledger.errors import PoolbookError

LOCALES = ("en",)


def register(app: Flask) -> None:
    """Give the app its languages; the first is the source language."""
    Babel(app, locale_selector=chosen, default_locale=LOCALES[0], default_timezone="UTC")
    PoolbookError.translate = staticmethod(translated)
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True


def chosen() -> str:
    """Return the best of our languages for this request."""
    return request.accept_languages.best_match(LOCALES) or LOCALES[0]


def translated(text: str) -> str:
    """Return a refusal's template in the visitor's language; in English outside a request."""
    return str(gettext(text)) if has_request_context() else text
