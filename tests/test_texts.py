"""Sentences that people read are templates, so that they can be listed and translated."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest
from flask import Flask

from ledger.errors import Invalid, NotFound, PoolbookError, RateLimited

ROOT = Path(__file__).parents[1]
REFUSALS = {"Invalid", "Conflict", "NotFound", "NotAllowed", "RateLimited"}
MARKED = {*REFUSALS, "_", "gettext", "ngettext", "later"}
# Words of our own, and the field's word for each; parameters in braces are no text.
PRIVATE = re.compile(
    r"\b(?:"
    r"things?|"  # equipment, item, supplies
    r"promis(?:e|es|ed|ing)|"  # pledge, pledged
    r"propos(?:e|es|ed|al|als)|"  # request, approval request
    r"movements?|"  # balance transaction
    r"deeds?|"  # entry, step
    r"givers?|gifts?|"  # donor, contribution
    r"somebody|anybody|everybody|whoever|"  # a person, everyone
    r"told|wears?|harm|hand-over|legs?"  # reported, depreciation, loss, receipt, posting
    r")\b|nobody knows|not yours|^noted\b|thr[oe]wn? (?:it |this )?away",
    re.IGNORECASE,
)
# What is left of a text before the words are looked for, each for its reason.
NAMES = re.compile(
    r"\{[^}]*\}|%\(\w+\)s|"  # parameters
    r"Gift Aid|"  # the name of a tax relief in the United Kingdom
    r"`[^`]*`|--\w+|"  # commands and options are a contract with scripts
    r"A donor told you"  # what people say to each other
)
_LITERALS = re.compile(r"""(?<!\w)_\(\s*((?:"(?:[^"\\]|\\.)*"\s*)+|(?:'(?:[^'\\]|\\.)*'\s*)+)""")


@cache
def marked(source: str) -> tuple[tuple[str, ast.expr], ...]:
    """Return each marked argument of a Python source: who marks it, and the expression."""
    return tuple(
        (node.func.id, node.args[0])
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in MARKED
        and node.args
    )


def glued(source: str) -> list[int]:
    """Return the lines where a refusal is glued from pieces that no list of texts can hold."""
    return [
        argument.lineno
        for name, argument in marked(source)
        if name in REFUSALS and isinstance(argument, ast.JoinedStr)
    ]


def texts_of_python(source: str) -> list[str]:
    """Return the texts that a Python source marks for people."""
    return [
        argument.value
        for _name, argument in marked(source)
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    ]


def texts_of_page(source: str) -> list[str]:
    """Return the texts that a template marks for people."""
    return [
        "".join(part[1:-1] for part in re.findall(r"\"[^\"]*\"|'[^']*'", found))
        for found in _LITERALS.findall(source)
    ]


def private_words(texts: list[str]) -> list[str]:
    """Return the texts that hold a word of our own where the field has one."""
    return [text for text in texts if PRIVATE.search(NAMES.sub(" ", text))]


@pytest.fixture(scope="module")
def sources() -> dict[str, str]:
    """Every Python source and template of the program, by its path."""
    return {
        str(path.relative_to(ROOT)): path.read_text()
        for folder in ("ledger", "reports")
        for path in (ROOT / folder).rglob("*")
        if path.suffix == ".py" or (path.suffix == ".html" and "templates" in path.parts)
    }


def test_no_refusal_is_glued_from_pieces(sources: dict[str, str]) -> None:
    found = {path: glued(text) for path, text in sources.items() if path.endswith(".py")}
    assert {path: lines for path, lines in found.items() if lines} == {}


def test_people_read_the_words_of_the_field(sources: dict[str, str]) -> None:
    counted = 0
    found = {}
    for path, source in sources.items():
        texts = texts_of_python(source) if path.endswith(".py") else texts_of_page(source)
        counted += len(texts)
        if words := private_words(texts):
            found[path] = words
    assert found == {}
    assert counted > 2_000


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("raise Invalid('This thing is on loan.')", "This thing is on loan."),
        ("flash(_('Noted. An approver decides.'))", "Noted. An approver decides."),
        ("label = later('Doubtful ' 'promises')", "Doubtful promises"),
    ],
)
def test_a_private_word_in_the_code_is_noticed(source: str, text: str) -> None:
    assert private_words(texts_of_python(source)) == [text]


def test_a_private_word_on_a_page_is_noticed() -> None:
    page = """<h2>{{ _("Regular gifts") }}</h2>{{ _(\n "Gift Aid of %(giver)s "\n "arrived") }}"""
    assert texts_of_page(page) == ["Regular gifts", "Gift Aid of %(giver)s arrived"]
    assert private_words(texts_of_page(page)) == ["Regular gifts"]


def test_a_glued_one_is_noticed() -> None:
    assert glued("raise Invalid(f'{count} too many')\nraise Invalid('{n} too many', n=count)") == [
        1
    ]


def test_a_refusal_says_its_parameters_and_keeps_its_template() -> None:
    refusal = NotFound("This book has no account {number}.", place="account", number=1234)
    assert refusal.message == str(refusal) == "This book has no account 1234."
    assert refusal.text == "This book has no account {number}."


def test_what_somebody_typed_is_never_a_template() -> None:
    typed = "{place.__class__} {0} {"
    assert Invalid("{value!r:.40} is not a date.", value=typed).message.startswith("'{place.__cl")
    assert Invalid(typed).message == typed


def test_a_refusal_is_said_in_the_language_of_the_request(monkeypatch: pytest.MonkeyPatch) -> None:
    german = {"Wait {minutes} minutes.": "Warten Sie {minutes} Minuten."}
    monkeypatch.setattr(PoolbookError, "translate", staticmethod(german.get))
    refusal = RateLimited("Wait {minutes} minutes.", retry_after_seconds=60, minutes=1)
    assert refusal.message == "Warten Sie 1 Minuten."
    assert str(refusal) == "Wait 1 minutes."


def test_outside_a_request_nothing_asks_for_a_language() -> None:
    from ledger.web.site import locale

    app = Flask("anything")
    locale.register(app)
    assert locale.translated("Nothing here.") == "Nothing here."
    with app.test_request_context("/"):
        assert locale.translated("Nothing here.") == "Nothing here."
