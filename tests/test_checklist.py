"""The security checklist leaves nothing out, and what it names as evidence is there."""

import re
from pathlib import Path

import pytest

from tests.web.conftest import quick_town
from tests.worlds.town import Town

__all__ = ["quick_town"]

ROOT = Path(__file__).parents[1]
DOCUMENT = ROOT / "docs" / "security.md"
# Section of ASVS 5.0.0 → how many requirements it has at levels 1 and 2; they come first in each.
SECTIONS = {
    "1.1": 2,
    "1.2": 9,
    "1.3": 11,
    "1.4": 3,
    "1.5": 2,
    "2.1": 3,
    "2.2": 3,
    "2.3": 4,
    "2.4": 1,
    "3.2": 2,
    "3.3": 4,
    "3.4": 6,
    "3.5": 5,
    "3.7": 2,
    "4.1": 3,
    "4.2": 1,
    "4.3": 2,
    "4.4": 4,
    "5.1": 1,
    "5.2": 3,
    "5.3": 2,
    "5.4": 3,
    "6.1": 3,
    "6.2": 12,
    "6.3": 4,
    "6.4": 4,
    "6.5": 5,
    "6.6": 3,
    "6.8": 4,
    "7.1": 3,
    "7.2": 4,
    "7.3": 2,
    "7.4": 5,
    "7.5": 2,
    "7.6": 2,
    "8.1": 2,
    "8.2": 3,
    "8.3": 1,
    "8.4": 1,
    "9.1": 3,
    "9.2": 4,
    "10.1": 2,
    "10.2": 2,
    "10.3": 4,
    "10.4": 11,
    "10.5": 5,
    "10.6": 2,
    "10.7": 3,
    "11.1": 2,
    "11.2": 3,
    "11.3": 3,
    "11.4": 4,
    "11.5": 1,
    "11.6": 1,
    "12.1": 3,
    "12.2": 2,
    "12.3": 4,
    "13.1": 1,
    "13.2": 5,
    "13.3": 2,
    "13.4": 5,
    "14.1": 2,
    "14.2": 4,
    "14.3": 3,
    "15.1": 3,
    "15.2": 3,
    "15.3": 7,
    "16.1": 1,
    "16.2": 5,
    "16.3": 4,
    "16.4": 3,
    "16.5": 3,
    "17.1": 1,
    "17.2": 4,
    "17.3": 2,
}
NUMBERS = [
    f"{section}.{number}" for section, most in SECTIONS.items() for number in range(1, most + 1)
]
STATES = {"met", "partly", "not met", "deployment", "does not apply"}
NAMED = re.compile(
    r"`((?:tests|ledger|docs|reports|bench|\.ci)/[^`]*|[a-zA-Z.]+\.(?:py|md|lock|toml))`"
)
ROW = re.compile(r"\| (\d+\.\d+\.\d+)(?:–(\d+\.\d+\.\d+))? ([^|]+) \| ([^|]+) \|([^|]*)\|")


def rows() -> list[tuple[list[str], str, str]]:
    """Each row of the checklist: the requirements it is about, the state, and the evidence."""
    found = []
    for first, last, _title, state, evidence in ROW.findall(DOCUMENT.read_text()):
        start, end = NUMBERS.index(first), NUMBERS.index(last or first)
        found.append((NUMBERS[start : end + 1], state, evidence.strip()))
    return found


def test_each_requirement_stands_in_the_checklist_once_and_in_order() -> None:
    assert len(NUMBERS) == 253
    assert [number for numbers, _state, _evidence in rows() for number in numbers] == NUMBERS


def test_each_row_has_a_state_and_says_why() -> None:
    for numbers, state, evidence in rows():
        assert state in STATES, numbers
        if state in ("met", "partly"):
            assert evidence, numbers


def missing(text: str) -> list[str]:
    """The files, and tests in them, that a text names and that are not there."""
    return [name for name in NAMED.findall(text) if not is_there(*name.split("::"))]


def is_there(file: str, test: str = "") -> bool:
    path = ROOT / file
    return path.exists() and (not test or f"def {test}(" in path.read_text())


def test_all_evidence_is_there() -> None:
    assert missing(DOCUMENT.read_text()) == []


def test_evidence_that_is_gone_is_noticed() -> None:
    gone = ["tests/web/test_gone.py", "tests/test_checklist.py::test_gone"]
    assert missing(f"held by `{gone[0]}`, `wsgi.py` and `{gone[1]}`") == gone


@pytest.mark.parametrize("path", ["/", "/sign-in", "/healthz", "/api/v1/books", "/webhooks/stripe"])
def test_trace_is_not_answered(quick_town: Town, path: str) -> None:
    answer = quick_town.app.test_client().open(path, method="TRACE", headers={"X-Secret": "seen"})
    assert answer.status_code in (404, 405)
    assert "seen" not in answer.text
