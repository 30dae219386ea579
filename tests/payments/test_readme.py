"""The table of cases names tests that are there, that run, and that have a control."""

import ast
import importlib
import re
from pathlib import Path

import pytest

HERE = Path(__file__).parent
TESTS = HERE.parent
ROW = re.compile(r"^\| ([0-9]+)[a-c]? \| [^|]+ \| `([^`|]+)` \| (broken|`[^`|]+`) \|$", re.M)
CASES = range(1, 22)


def wrong(text: str) -> list[str]:
    """What is wrong with a table of cases; nothing, if all is well."""
    rows = ROW.findall(text)
    found = [line for line in text.split("\n") if line.startswith("| ") and not ROW.match(line)]
    found = [line for line in found if not line.startswith("| case |")]
    found += [f"case {n}" for n in sorted(set(CASES) - {int(row[0]) for row in rows})]
    for _number, test, control in rows:
        place, _, name = test.partition("::")
        if not runs(place, name):
            found.append(test)
        elif control == "broken":
            if name not in named_in(place, "BROKEN"):
                found.append(f"{test} has no control")
        elif not runs(*control.strip("`").split("::")):
            found.append(control)
    return found


def runs(place: str, name: str) -> bool:
    """Whether there is a test of this name, or a case in the list of a test."""
    path = TESTS / place
    if not path.is_file():
        return False
    tree = ast.parse(path.read_text())
    there = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    return name in there and (name.startswith("test_") or name in named_in(place, "CASES"))


def named_in(place: str, name: str) -> list[str]:
    """The cases in a list of a file of tests."""
    module = importlib.import_module("tests." + place.removesuffix(".py").replace("/", "."))
    rows = getattr(module, name, [])
    return [getattr(row[0] if isinstance(row, tuple) else row, "__name__", "") for row in rows]


def test_every_case_names_a_test_that_runs_and_its_control() -> None:
    assert wrong((HERE / "README.md").read_text()) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("one_message_many_times_at_once", "no_such_case"), "test_messages.py::no_such_case"),
        (("yen_have_no_decimals", "refused"), "test_currencies.py::refused"),
        (("payments/test_modes.py", "payments/test_none.py"), "test_none.py"),
        (("would_pay_twice", "would_pay_thrice"), "would_pay_thrice"),
        (("| 20 |", "| 19 |"), "case 20"),
        (("| broken |", "| some day |"), "some day"),
    ],
)
def test_a_table_that_is_not_true_is_noticed(change: tuple[str, str], said: str) -> None:
    text = (HERE / "README.md").read_text()
    assert change[0] in text
    assert said in "\n".join(wrong(text.replace(*change)))
