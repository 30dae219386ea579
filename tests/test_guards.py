"""The run that switches guards off finds those that no test holds, and only those."""

import builtins
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench import guards

SAMPLE = """
def pay(amount, left, page):
    if amount <= 0:
        raise ValueError("above zero")
    if (rest := left - amount) < 0:
        raise ValueError("more than there is")
    elif page is None:
        abort(404)
    if rest == 0:
        page = "empty"
    return rest, page
"""


@pytest.fixture
def sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[guards.Switchboard, Any]:
    """A module with three guards, and one question that refuses nothing."""
    path = tmp_path / "sample.py"
    path.write_text(SAMPLE)
    board, names = guards.Switchboard(), {"abort": sys.exit}
    monkeypatch.setattr(builtins, guards.SWITCH, board.ask, raising=False)
    exec(guards.compiled(board, path), names)  # noqa: S102
    return board, names["pay"]


def test_each_guard_has_a_switch_and_nothing_else_changes(
    sample: tuple[guards.Switchboard, Any],
) -> None:
    board, pay = sample
    assert [(guard.line, guard.text) for guard in sorted(board.guards, key=lambda g: g.line)] == [
        (3, "amount <= 0"),
        (5, "(rest := (left - amount)) < 0"),
        (7, "page is None"),
    ]
    assert pay(5, 5, "full") == (0, "empty")
    for wrong in ((0, 5, ""), (6, 5, "")):
        with pytest.raises(ValueError, match=r"above|more"):
            pay(*wrong)
    with pytest.raises(SystemExit):
        pay(1, 5, None)
    for number, guard in enumerate(board.guards):
        board.off = number
        # What the question itself does is done, whatever its answer counts for.
        assert pay(*{3: (0, 5, ""), 5: (6, 5, ""), 7: (1, 5, None)}[guard.line])


def test_what_was_reached_and_what_refused_is_told_apart(
    sample: tuple[guards.Switchboard, Any],
) -> None:
    board, pay = sample
    board.test = "a test"
    with pytest.raises(ValueError, match="above"):
        pay(0, 5, "")
    run = guards.Run(board, 1)
    said = {guard.line: guards.verdict(run, n) for n, guard in enumerate(board.guards)}
    assert said[5] == said[7] == "SURVIVES: never reached"
    pay(1, 5, "")
    run.held_by[next(n for n, guard in enumerate(board.guards) if guard.line == 3)] = None
    said = {guard.line: guards.verdict(run, n) for n, guard in enumerate(board.guards)}
    assert said == {
        3: "SURVIVES: no test minds",
        5: "SURVIVES: never refused anything",
        7: "SURVIVES: never refused anything",
    }


@pytest.mark.parametrize(("tests", "survivors"), [("test_entry.py", 0), ("test_bounds.py", 11)])
def test_guards_survive_the_tests_that_do_not_ask_for_them(tests: str, survivors: int) -> None:
    command = [sys.executable, "-m", "bench.guards", "--only", "core/entry.py"]
    told = subprocess.run(
        [*command, "--tests", f"tests/core/{tests}"],
        cwd=guards.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert f"11 guards, {survivors} that no test holds" in told.stdout, told.stderr
    assert told.returncode == bool(survivors)


def test_a_module_is_judged_by_the_tests_that_name_it() -> None:
    chosen = guards.tests_of([guards.ROOT / "ledger/services/pledges/receivables.py"])
    assert str(guards.ROOT / "tests/services/test_receivables.py") in chosen
    assert not any("tests/sandbox" in name for name in chosen)
