"""The visitor's language: texts through gettext, dates and figures by locale."""

from flask import Flask, request
from flask_babel import Babel

LOCALES = ("en",)


def register(app: Flask) -> None:
    """Give the app its languages; the first is the source language."""
    Babel(app, locale_selector=chosen, default_locale=LOCALES[0], default_timezone="UTC")
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True


def chosen() -> str:
    """Return the best of our languages for this request."""
    return request.accept_languages.best_match(LOCALES) or LOCALES[0]
