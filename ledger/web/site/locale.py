"""The visitor's language: texts through gettext, dates and figures by locale."""

from babel.support import NullTranslations
from flask import Flask, g, has_request_context, request
from flask_babel import Babel, get_translations, gettext

from ledger.errors import PoolbookError

LOCALES = ("en",)


def register(app: Flask) -> None:
    """Give the app its languages; the first is the source language."""
    Babel(app, locale_selector=chosen, default_locale=LOCALES[0], default_timezone="UTC")
    PoolbookError.translate = staticmethod(translated)
    # Flask-Babel would look the language up for each of the hundreds of texts of a page.
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        gettext=lambda text: _texts().ugettext(text),
        ngettext=lambda one, many, count: _texts().ungettext(one, many, count),
        newstyle=True,
    )
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True


def chosen() -> str:
    """Return the best of our languages for this request."""
    if "locale" not in g:
        g.locale = request.accept_languages.best_match(LOCALES) or LOCALES[0]
    locale: str = g.locale
    return locale


def _texts() -> NullTranslations:
    """Return the translations of this request."""
    if "texts" not in g:
        g.texts = get_translations()
    texts: NullTranslations = g.texts
    return texts


def translated(text: str) -> str:
    """Return a refusal's template in the visitor's language; in English outside a request."""
    return str(gettext(text)) if has_request_context() else text
