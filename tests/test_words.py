"""Documents and code speak in the words of the glossary: one idea, one word, and no metaphors."""

import io
import re
import tokenize
from collections.abc import Iterator

import pytest

from tests.test_tidy import ROOT, TEXTS, name_of

# What these words once stood for, and the word that the glossary has.
OLD = {
    "door": "entry point",
    "deed": "command, or action",
    "brake": "rate limit",
    "lever": "sandbox dashboard",
    "sweep": "sync",
    "town": "world",
    "hamlet": "world",
}
WORD = re.compile(rf"\b({'|'.join(OLD)})s?\b", re.IGNORECASE)
# Names of files and functions in code keep theirs until they are renamed.
CODE = re.compile(r"```.*?```|`[^`\n]*`|\]\([^)]*\)", re.DOTALL)
DOCUMENTS = [path for path in TEXTS if path.suffix == ".md"]
# Migrations tell of their own time.
PROGRAM = [
    path
    for path in TEXTS
    if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in ("ledger", "reports", "wsgi.py")
]
READ = (tokenize.COMMENT, tokenize.STRING, tokenize.NAME)


def old_words(text: str) -> Iterator[str]:
    """Yield each old word of a text, with the one to use."""
    for found in WORD.finditer(CODE.sub("", text)):
        yield f"{found[0]}: say {OLD[found[1].lower()]}"


def test_documents_speak_in_the_words_of_the_glossary() -> None:
    assert ROOT / "docs" / "glossary.md" in DOCUMENTS
    found = [
        f"{name_of(path)}: {word}" for path in DOCUMENTS for word in old_words(path.read_text())
    ]
    assert found == []


def said_in(source: str) -> Iterator[str]:
    """Yield the comments, texts and names of a program, names as words."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in READ:
            yield token.string.replace("_", " ")


def test_the_program_speaks_in_the_words_of_the_glossary() -> None:
    found = [
        f"{name_of(path)}: {word}"
        for path in PROGRAM
        for text in said_in(path.read_text())
        for word in old_words(text)
    ]
    assert found == []


def test_an_old_word_in_the_program_is_seen() -> None:
    source = "# A door.\ndef next_sweep() -> None:\n    'One deed.'\n"
    assert len([word for text in said_in(source) for word in old_words(text)]) == 3


@pytest.mark.parametrize(
    "sentence",
    ["Every door opens a transaction.", "Deeds are done once.", "The sweep finds it."],
)
def test_an_old_word_is_seen(sentence: str) -> None:
    assert len(list(old_words(sentence))) == 1
    assert list(old_words("See `doors.py` and [it](doors.md); outdoor work.")) == []
