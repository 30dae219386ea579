"""Which guards does no test hold? Switch each one off and see whether a test turns red.

    python -m bench.guards --only services/spending/expenses.py core
    python -m bench.guards --only web/identity/sessions.py --tests tests/web/test_sessions.py

A guard is an ``if`` whose branch ends with ``raise``, ``abort(…)`` or, in a function that returns
what is wrong or None, with that sentence; in ``ledger/core``, ``ledger/services``, ``ledger/web``.
The modules are compiled with a switch at each guard. First the tests run once, which shows in which
of them a guard refused something; then each guard is switched off for these tests, until one
fails. A guard survives when it was never reached, when it never refused anything, or when no test
minds that it does not.

Tests are those that import a module or are named after it, else all of its room, on SQLite; what a
test starts as another program is not seen. The modules on disk are not changed. Must not import
``ledger``: the switches come first.
"""

import argparse
import ast
import builtins
import os
import signal
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("core", "services", "web")
PROBLEM = "str | None"
SWITCH = "_guard_is_on_"
# A test that hangs without its guard has noticed.
TEST_SECONDS = 90
LONGEST_TEXT = 70


@dataclass(frozen=True)
class Guard:
    """One guard: where it stands and what it asks."""

    path: Path
    line: int
    text: str

    @property
    def place(self) -> str:
        """The file and line, as editors read it."""
        return f"{self.path.relative_to(ROOT)}:{self.line}"


@dataclass
class Switchboard:
    """Every guard by number, which one is off, and in which tests each one refused something."""

    guards: list[Guard] = field(default_factory=list)
    off: int | None = None
    test: str = ""
    reached: set[int] = field(default_factory=set)
    refused_in: dict[int, set[str]] = field(default_factory=dict)

    def add(self, guard: Guard) -> int:
        """Keep a guard and return its number."""
        self.guards.append(guard)
        return len(self.guards) - 1

    def ask(self, number: int, answer: Any) -> Any:
        """Return a guard's answer, or no when it is switched off."""
        if self.test:
            self.reached.add(number)
        if not answer:
            return answer
        if self.off == number:
            return False
        if self.test:
            self.refused_in.setdefault(number, set()).add(self.test)
        return answer


class Switches(ast.NodeTransformer):
    """Puts a switch at each guard of one module."""

    def __init__(self, board: Switchboard, path: Path) -> None:
        self.board = board
        self.path = path
        self.tells_problems = False

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        """Note whether a function returns what is wrong, or None."""
        outside = self.tells_problems
        self.tells_problems = node.returns is not None and ast.unparse(node.returns) == PROBLEM
        self.generic_visit(node)
        self.tells_problems = outside
        return node

    def visit_If(self, node: ast.If) -> ast.If:
        """Put a switch before the question of one guard."""
        self.generic_visit(node)
        last = node.body[-1]
        if not (_refuses(last) or (self.tells_problems and _is_sentence(last))):
            return node
        number = self.board.add(Guard(self.path, node.lineno, ast.unparse(node.test)))
        asked = ast.Call(ast.Name(SWITCH, ast.Load()), [ast.Constant(number), node.test], [])
        node.test = ast.copy_location(asked, node.test)
        return node


def _refuses(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Raise):
        return True
    call = statement.value if isinstance(statement, ast.Expr) else None
    return (
        isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "abort"
    )


def _is_sentence(statement: ast.stmt) -> bool:
    value = statement.value if isinstance(statement, ast.Return) else None
    return isinstance(value, ast.JoinedStr) or (
        isinstance(value, ast.Constant) and isinstance(value.value, str)
    )


def compiled(board: Switchboard, path: Path) -> CodeType:
    """Return a module's code with a switch at each of its guards."""
    tree = Switches(board, path).visit(ast.parse(path.read_bytes()))
    return compile(ast.fix_missing_locations(tree), str(path), "exec", dont_inherit=True)


class _Loader(SourceFileLoader):
    code: CodeType

    def get_code(self, _fullname: str) -> CodeType:
        return self.code


class Finder(MetaPathFinder):
    """Hands out the modules with switches in place of those on disk."""

    def __init__(self, codes: dict[Path, CodeType]) -> None:
        self.codes = codes

    def find_spec(self, name: str, path: Any, _target: Any = None) -> ModuleSpec | None:
        """Return the spec of a module of ours that has switches."""
        if not name.startswith("ledger."):
            return None
        spec = PathFinder.find_spec(name, path)
        if spec is None or spec.origin is None or Path(spec.origin) not in self.codes:
            return None
        spec.loader = _Loader(name, spec.origin)
        spec.loader.code = self.codes[Path(spec.origin)]
        return spec


class Run:
    """Runs each test once, then those again that a guard's absence could change."""

    def __init__(self, board: Switchboard, seconds: float) -> None:
        self.board = board
        self.seconds = seconds
        self.failed = False
        # Guard → the test that fails without it; None: none does; no key: there was no time.
        self.held_by: dict[int, str | None] = {}
        self.broken: list[str] = []

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Remember that a part of a test failed."""
        self.failed = self.failed or report.failed

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run every test once, then those that a guard's absence could change."""
        durations: dict[str, float] = {}
        for item in session.items:
            began = time.monotonic()
            self.board.test = item.nodeid
            if not self._passes(session, item):
                self.broken.append(item.nodeid)
            self.board.test = ""
            durations[item.nodeid] = time.monotonic() - began
        print(f"{len(durations)} tests in {sum(durations.values()):.0f} s", file=sys.stderr)
        self._switch_off(session, durations)
        session._setupstate.teardown_exact(None)
        return True

    def _switch_off(self, session: pytest.Session, durations: dict[str, float]) -> None:
        items = {item.nodeid: item for item in session.items}
        until = time.monotonic() + self.seconds
        for number, tests in sorted(self.board.refused_in.items()):
            if time.monotonic() > until:
                return
            self.board.off = number
            self.held_by[number] = next(
                (
                    name
                    for name in sorted(tests - set(self.broken), key=durations.__getitem__)
                    if not self._passes(session, items[name])
                ),
                None,
            )
            self.board.off = None

    def _passes(self, session: pytest.Session, item: pytest.Item) -> bool:
        """Run one test; what its module and session share stays for the next."""
        session._setupstate.teardown_exact(item)
        place = session.items.index(item)
        beside = next(iter(session.items[place - 1 : place] or session.items[1:2]), None)
        self.failed = False
        signal.setitimer(signal.ITIMER_REAL, TEST_SECONDS)
        try:
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=beside)
        except TimeoutError:
            self.failed = True
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        return not self.failed


def modules(wanted: Sequence[str]) -> list[Path]:
    """Return the modules under ``ledger`` that are named, or those of the three rooms."""
    found: list[Path] = []
    for name in wanted or ROOMS:
        path = ROOT / "ledger" / name
        if not path.exists():
            raise SystemExit(f"There is no ledger/{name}.")
        found.extend([path] if path.is_file() else sorted(path.rglob("*.py")))
    return list(dict.fromkeys(found))


def tests_of(paths: Iterable[Path]) -> list[str]:
    """Return the test files that import a module or are named after it, or all of its room."""
    files = {file: _imports(file) for file in sorted((ROOT / "tests").rglob("test_*.py"))}
    chosen: set[Path] = set()
    for path in paths:
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        own = {
            file
            for file, imported in files.items()
            if name in imported or file.stem == f"test_{path.stem}"
        }
        room = ROOT / "tests" / path.relative_to(ROOT).parts[1]
        chosen |= own or {file for file in files if room in file.parents}
    return [str(file) for file in sorted(chosen)]


def _imports(file: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def verdict(run: Run, number: int) -> str:
    """Say what holds a guard, or in which way it survives."""
    if number not in run.board.reached:
        return "SURVIVES: never reached"
    if number not in run.board.refused_in:
        return "SURVIVES: never refused anything"
    if number not in run.held_by:
        return "not tried: no time left"
    holder = run.held_by[number]
    return f"held by {holder}" if holder else "SURVIVES: no test minds"


def show(run: Run, *, everything: bool) -> int:
    """Print the table of the survivors, or of all guards; return how many survive."""
    rows = [(guard, verdict(run, n)) for n, guard in enumerate(run.board.guards)]
    survivors = [row for row in rows if not row[1].startswith("held")]
    print("| guard | asks | what holds it |\n|---|---|---|")
    for guard, said in rows if everything else survivors:
        text = guard.text.replace("|", "\\|")
        short = text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 1]}…"
        print(f"| {guard.place} | `{short}` | {said} |")
    print(f"\n{len(rows)} guards, {len(survivors)} that no test holds")
    for name in run.broken:
        print(f"red before any guard was off, and left out: {name}")
    return len(survivors)


def run_tests(paths: Sequence[Path], tests: Sequence[str], seconds: float) -> Run:
    """Compile the modules with switches and run the tests."""
    board = Switchboard()
    setattr(builtins, SWITCH, board.ask)
    sys.meta_path.insert(0, Finder({path: compiled(board, path) for path in paths}))
    run = Run(board, seconds)
    signal.signal(signal.SIGALRM, _too_long)
    options = ["-o", "addopts=", "--import-mode=importlib", "-p", "no:terminal", "-p", "no:xdist"]
    chosen = ["-k", "not postgresql", "-m", "not long and not browser", "-p", "no:cacheprovider"]
    pytest.main([*options, *chosen, *tests], plugins=[run])
    return run


def _too_long(_number: int, _frame: FrameType | None) -> None:
    raise TimeoutError("this test hangs")


def main() -> int:
    """Read the command line, run, and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--only", nargs="+", default=[], help="modules or folders under ledger/")
    parser.add_argument("--tests", nargs="+", default=[], help="test files in place of the mapping")
    parser.add_argument("--seconds", type=float, default=900, help="for switching off; then stop")
    parser.add_argument("--all", action="store_true", help="list the guards that are held as well")
    given = parser.parse_args()
    os.chdir(ROOT)
    paths = modules(given.only)
    run = run_tests(paths, given.tests or tests_of(paths), given.seconds)
    return 1 if show(run, everything=given.all) else 0


if __name__ == "__main__":
    raise SystemExit(main())
