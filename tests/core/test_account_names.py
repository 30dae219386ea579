"""Accounts have one name each, and code says the name."""

import ast
from collections.abc import Iterator
from pathlib import Path

from ledger.core.accounts import CHART, Acct

ROOT = Path(__file__).parents[2]
NAMES = {name: number for name, number in vars(Acct).items() if not name.startswith("_")}
NUMBERS = frozenset(NAMES.values())
# The chart itself; the double of Stripe, which knows no accounts; the verifier, which ships alone.
LEFT_OUT = ("ledger/core/accounts.py", "ledger/sandbox/", "reports/verify.py")
FILES = sorted(
    path
    for folder in ("ledger", "reports")
    for path in (ROOT / folder).rglob("*.py")
    if not path.relative_to(ROOT).as_posix().startswith(LEFT_OUT)
)


def numbers_in(source: str) -> Iterator[int]:
    """Return the account numbers in a source; the bounds of a class of accounts are none."""
    tree = ast.parse(source)
    bounds = {
        id(argument)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "range"
        for argument in node.args
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or id(node) in bounds:
            continue
        if isinstance(node.value, int) and node.value in NUMBERS:
            yield node.value


def test_every_account_of_the_chart_has_one_name() -> None:
    assert sorted(NAMES.values()) == [account.number for account in CHART]


def test_code_says_the_name() -> None:
    found = {str(path): list(numbers_in(path.read_text())) for path in FILES}
    assert {path: numbers for path, numbers in found.items() if numbers} == {}


def test_a_number_is_noticed() -> None:
    assert list(numbers_in("BANK = 1010\nsum(range(1010, 1131))\npair(4010)")) == [1010, 4010]
