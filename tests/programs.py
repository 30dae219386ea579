"""What other people's programs for books make of a file: every balance, by account and commodity.

Strict where they can be: an undeclared account, an exchange without a price or a tag nobody knows
is a failure. Balances are added up here, from exact figures, because the programs round for show.
"""

import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal
from pathlib import Path

Balances = dict[tuple[str, str], Decimal]


def printed(*command: str) -> str:
    """Run a program and return what it printed; it must succeed."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def added(rows: Iterable[tuple[str, str, Decimal]]) -> Balances:
    """Add up figures; what is zero is dropped."""
    found: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for account, unit, number in rows:
        found[account, unit] += number
    return {key: value for key, value in found.items() if value}


def hledger(file: Path, *, strict: bool = True) -> Balances:
    """Return the balances by hledger."""
    if strict:
        printed("hledger", "-f", str(file), "check", "--strict")
        checks = ("accounts", "commodities", "balancednoautoconversion", "payees", "ordereddates")
        printed("hledger", "-f", str(file), "check", *checks)
    transactions = json.loads(printed("hledger", "-f", str(file), "print", "-x", "-O", "json"))
    return added(
        (
            posting["paccount"],
            amount["acommodity"],
            Decimal(amount["aquantity"]["decimalMantissa"]).scaleb(
                -amount["aquantity"]["decimalPlaces"]
            ),
        )
        for transaction in transactions
        for posting in transaction["tpostings"]
        for amount in posting["pamount"]
    )


def ledger(file: Path, *, strict: bool = True) -> Balances:
    """Return the balances by ledger."""
    text = printed(
        *("ledger", "-f", str(file), "register", "--no-pager"),
        *(("--strict", "--pedantic", "--check-payees") if strict else ()),
        *("--format", "%(account)\t%(quantity(amount))\t%(commodity(amount))\n"),
    )
    rows = (row.split("\t") for row in text.splitlines())
    return added((account, unit.strip('"'), Decimal(figure)) for account, figure, unit in rows)


def hledger_before(file: Path, day: date) -> Balances:
    """Return the balances by hledger of all that happened before a day."""
    report = printed(
        *("hledger", "-f", str(file), "balance", "--flat", "--no-elide", "-O", "json"),
        *("-e", day.isoformat()),
    )
    return added(
        (
            name,
            amount["acommodity"],
            Decimal(amount["aquantity"]["decimalMantissa"]).scaleb(
                -amount["aquantity"]["decimalPlaces"]
            ),
        )
        for name, _full_name, _depth, amounts in json.loads(report)[0]
        for amount in amounts
    )


def ledger_before(file: Path, day: date) -> Balances:
    """Return the balances by ledger of all that happened before a day."""
    text = printed(
        *("ledger", "-f", str(file), "register", "--no-pager", "-e", day.isoformat()),
        *("--format", "%(account)\t%(quantity(amount))\t%(commodity(amount))\n"),
    )
    rows = (row.split("\t") for row in text.splitlines())
    return added((account, unit.strip('"'), Decimal(figure)) for account, figure, unit in rows)


def bean_check(file: Path) -> None:
    """Run ``bean-check``: it validates as ``beancount`` below does, and must like the file."""
    printed(str(Path(sys.executable).with_name("bean-check")), str(file))


def beancount(file: Path, before: date | None = None) -> Balances:
    """Return the balances by beancount, of all or of what happened before a day."""
    from beancount import loader
    from beancount.core.data import Transaction

    entries, errors, _options = loader.load_file(str(file))
    assert not errors
    # A file that was loaded without an error has no posting left whose units are missing.
    return added(
        (leg.account, leg.units.currency, leg.units.number)
        for one in entries
        if isinstance(one, Transaction) and (before is None or one.date < before)
        for leg in one.postings
        if leg.units is not None and leg.units.number is not None
    )


PROGRAMS: dict[str, Callable[[Path], Balances]] = {
    "hledger": hledger,
    "ledger": ledger,
    "beancount": beancount,
}
