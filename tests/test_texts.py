"""Sentences that people read are templates, so that they can be listed and translated."""

import ast
from pathlib import Path

import pytest
from flask import Flask

from ledger.errors import Invalid, NotFound, PoolbookError, RateLimited

ROOT = Path(__file__).parents[1]
REFUSALS = {"Invalid", "Conflict", "NotFound", "NotAllowed", "RateLimited"}


def glued(source: str) -> list[int]:
    """Return the lines where a refusal is glued from pieces that no list of texts can hold."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in REFUSALS
        and node.args
        and isinstance(node.args[0], ast.JoinedStr)
    ]


def test_no_refusal_is_glued_from_pieces():
    files = [path for folder in ("ledger", "reports") for path in (ROOT / folder).rglob("*.py")]
    found = {str(path.relative_to(ROOT)): glued(path.read_text()) for path in files}
    assert {path: lines for path, lines in found.items() if lines} == {}


def test_a_glued_one_is_noticed():
    assert glued("raise Invalid(f'{count} too many')\nraise Invalid('{n} too many', n=count)") == [
        1
    ]


def test_a_refusal_says_its_parameters_and_keeps_its_template():
    refusal = NotFound("This book has no account {number}.", place="account", number=1234)
    assert refusal.message == str(refusal) == "This book has no account 1234."
    assert refusal.text == "This book has no account {number}."


def test_what_somebody_typed_is_never_a_template():
    typed = "{place.__class__} {0} {"
    assert Invalid("{value!r:.40} is not a date.", value=typed).message.startswith("'{place.__cl")
    assert Invalid(typed).message == typed


def test_a_refusal_is_said_in_the_language_of_the_request(monkeypatch: pytest.MonkeyPatch):
    german = {"Wait {minutes} minutes.": "Warten Sie {minutes} Minuten."}
    monkeypatch.setattr(PoolbookError, "translate", staticmethod(german.get))
    refusal = RateLimited("Wait {minutes} minutes.", retry_after_seconds=60, minutes=1)
    assert refusal.message == "Warten Sie 1 Minuten."
    assert str(refusal) == "Wait 1 minutes."


def test_outside_a_request_nothing_asks_for_a_language():
    from ledger.web.site import locale

    app = Flask("anything")
    locale.register(app)
    assert locale.translated("Nothing here.") == "Nothing here."
    with app.test_request_context("/"):
        assert locale.translated("Nothing here.") == "Nothing here."
