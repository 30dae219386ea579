"""Read beancount files: transactions, what is opened and closed, and balances that are asserted.

Our own reading of the language's core; the program itself is not needed. Plugins, included files,
padding and lots whose cost the file does not state are refused by line, because each of them
lets the program make amounts up.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from ledger.errors import Invalid
from ledger.histories.balancing import Draft, Rules, Running, Written, complete_one
from ledger.histories.figures import Numbers
from ledger.histories.folder import Folder
from ledger.histories.history import Figure, History, Transaction

_DATED = re.compile(r"([0-9]{4})[-/]([0-9]{1,2})[-/]([0-9]{1,2})\s+(\S+)\s*(.*)", re.DOTALL)
_ACCOUNT = re.compile(r"[A-Z][\w-]*(?::[\w][\w-]*)+")
_CURRENCY = re.compile(r"[A-Z](?:[A-Z0-9'._-]*[A-Z0-9])?(?![\w'.-])")
_EXPRESSION = re.compile(r"[0-9.,+\-*/() \t]+")
_META = re.compile(r"([a-z][A-Za-z0-9_-]*):(?:\s+(.*)|$)", re.DOTALL)
_FLAG = re.compile(r"(?:[!*&#?%PSTCURM]\s+)?")
_FLAGS = set("*!&#?%PSTCURM") | {"txn"}
_NO_EFFECT = {"price", "note", "document", "event", "query", "custom", "commodity"}
_ROOTS = {
    "name_assets": ("Assets", "asset"),
    "name_liabilities": ("Liabilities", "liability"),
    "name_equity": ("Equity", "equity"),
    "name_income": ("Income", "income"),
    "name_expenses": ("Expenses", "expense"),
}
_OPTION = re.compile(r'option\s+"([^"]*)"\s+"([^"]*)"')


@dataclass(slots=True)
class _Balance:
    """What an account is said to hold before a day."""

    line: int
    on: date
    account: str
    figure: Figure
    tolerance: Decimal


@dataclass(slots=True)
class _File:
    """What was read so far; accounts with the days between which they are open."""

    roots: dict[str, str] = field(default_factory=lambda: dict(_ROOTS.values()))
    opened: dict[str, date] = field(default_factory=dict)
    closed: dict[str, date] = field(default_factory=dict)
    dated: list[Written | _Balance] = field(default_factory=list)
    numbers: Numbers = field(default_factory=lambda: Numbers(decimal_mark="."))


def read(folder: Folder) -> History:
    """Read a file. Raises Invalid by line. Must run where decimals are not rounded."""
    file = _File()
    current: Written | None = None
    for number, line in logical_lines(folder.open().text):
        if not line.strip():
            current = None
        elif line[0] in " \t":
            if current is not None:
                _below(file, current, line.strip(), number)
        elif line[0].isascii() and line[0].isdigit():
            current = _dated(file, line, number)
        else:
            current = None
            _undated(file, line, number)
    return History("beancount", _completed(file), (), _kinds(file))


def logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield lines with their numbers, without comments; a text in quotes may span several."""
    number, start, quoted, skipping = 1, 1, False, False
    kept: list[str] = []
    escaped = False
    for sign in text:
        if sign == "\n":
            number += 1
            if quoted:
                kept.append(" ")
                continue
            yield start, "".join(kept).removesuffix("\r")
            kept, start, skipping = [], number, False
            continue
        if skipping:
            continue
        if sign == ";" and not quoted:
            skipping = True
            continue
        if sign == '"' and not escaped:
            quoted = not quoted
        escaped = quoted and sign == "\\" and not escaped
        kept.append(sign)
    if quoted:
        raise Invalid("A text in quotes does not end.", place=f"line {start}")
    yield start, "".join(kept).removesuffix("\r")


def _undated(file: _File, line: str, number: int) -> None:
    """Take a line that begins with neither a date nor a blank."""
    place = f"line {number}"
    word = line.split()[0]
    option = _OPTION.match(line)
    if word == "option" and option:
        if option[1] in _ROOTS:
            default, kind = _ROOTS[option[1]]
            file.roots.pop(default, None)
            file.roots[option[2]] = kind
    elif word in ("include", "plugin"):
        raise Invalid(
            "Included files are not read: put all into one file."
            if word == "include"
            else "Plugins are not run: write what they make into the file.",
            place=place,
        )
    elif word not in ("pushtag", "poptag", "pushmeta", "popmeta") and line[0] not in "*#:!&?%":
        raise Invalid(f"{line[:40]!r} is not understood here.", place=place)


def _dated(file: _File, line: str, number: int) -> Written | None:
    """Take a directive with a date; return the transaction that following lines belong to."""
    place = f"line {number}"
    found = _DATED.match(line)
    if found is None:
        raise Invalid(f"{line[:40]!r} is not understood here.", place=place)
    try:
        day = date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError as error:
        raise Invalid(f"{line[:10]} is not a date.", place=place) from error
    word, rest = found[4], found[5]
    if word in _FLAGS:
        written = Written(number, day)
        file.dated.append(written)
        return written
    if word == "open":
        account, _ = _account(rest, place)
        if account in file.opened:
            raise Invalid(f"{account} is opened twice.", place=place)
        file.opened[account] = day
    elif word == "close":
        account, _ = _account(rest, place)
        file.closed[account] = day
    elif word == "balance":
        file.dated.append(_balance(file, rest, day, number))
    elif word == "pad":
        raise Invalid(
            "A pad lets the program make an amount up: write the transaction.", place=place
        )
    elif word not in _NO_EFFECT:
        raise Invalid(f"{word[:40]!r} is not understood here.", place=place)
    return None


def _account(text: str, place: str) -> tuple[str, str]:
    found = _ACCOUNT.match(text)
    if found is None:
        raise Invalid(f"{text[:40]!r} is no account.", place=place)
    return found[0], text[found.end() :].strip()


def _balance(file: _File, rest: str, day: date, number: int) -> _Balance:
    place = f"line {number}"
    account, amount = _account(rest, place)
    tolerance = Decimal(0)
    if "~" in amount:
        before, _, after = amount.partition("~")
        loose = _EXPRESSION.match(after)
        if loose is None:
            raise Invalid(f"{amount[:40]!r} is not understood here.", place=place)
        tolerance = _number(file, loose[0], place)
        amount = f"{before} {after[loose.end() :]}"
    figure, left = _amount(file, amount, place)
    if left:
        raise Invalid(f"{left[:40]!r} is not understood here.", place=place)
    return _Balance(number, day, account, figure, tolerance)


def _number(file: _File, text: str, place: str) -> Decimal:
    figure, end = file.numbers.value(f"({text})", place)
    if end != len(text) + 2 or figure.unit:
        raise Invalid(f"{text.strip()[:40]!r} is not a number.", place=place)
    return figure.number


def _amount(file: _File, text: str, place: str) -> tuple[Figure, str]:
    """Read ``1,000.00 USD`` and return it with what follows."""
    number = _EXPRESSION.match(text)
    unit = _CURRENCY.match(text, number.end()) if number else None
    if number is None or unit is None:
        raise Invalid(f"{text[:40]!r} is not an amount with its currency; write both.", place=place)
    return Figure(_number(file, number[0], place), unit[0]), text[unit.end() :].strip()


def _below(file: _File, written: Written, text: str, number: int) -> None:
    """Take an indented line: a posting, or metadata of what stands above."""
    place = f"line {number}"
    meta = _META.match(text)
    if meta is not None:
        value = (meta[2] or "").strip().strip('"')
        if written.drafts and value:
            last = written.drafts[-1]
            tags = {**last.tags, meta[1]: value}
            written.drafts[-1] = Draft(number, last.account, last.figure, last.weight, tags=tags)
        elif value:
            written.tags[meta[1]] = value
        return
    if text[0] in "#^":
        return
    flag = _FLAG.match(text)
    account, rest = _account(text[flag.end() :] if flag else text, place)
    if not rest:
        written.drafts.append(Draft(number, account, None))
        return
    figure, rest = _amount(file, rest, place)
    cost: Figure | None = None
    price: Figure | None = None
    if rest.startswith("{"):
        cost, rest = _cost(file, rest, figure, place)
    if rest.startswith("@"):
        total = rest.startswith("@@")
        price, rest = _amount(file, rest.lstrip("@").strip(), place)
        if total:
            sign = 1 if figure.number >= 0 else -1
            price = Figure(abs(price.number) * sign, price.unit)
        else:
            price = Figure(price.number * figure.number, price.unit)
    if rest:
        raise Invalid(f"{rest[:40]!r} is not understood here.", place=place)
    # With a cost, the price is what the market paid and does not count.
    written.drafts.append(Draft(number, account, figure, cost or price))


def _cost(file: _File, text: str, of: Figure, place: str) -> tuple[Figure, str]:
    """Read ``{2.50 USD, 2024-01-31, "label"}`` or ``{{25.00 USD}}``; return the total cost."""
    total = text.startswith("{{")
    closing = "}}" if total else "}"
    inner, closed, rest = text.lstrip("{").partition(closing)
    if not closed:
        raise Invalid(f"A cost ends with {closing}.", place=place)
    amounts = [
        part.strip()
        for part in re.split(r",(?=\s)|,(?![0-9]{3})", inner)
        if not re.fullmatch(r'\s*(?:[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}|".*"|\*)?\s*', part)
    ]
    if len(amounts) != 1 or "#" in amounts[0]:
        raise Invalid(
            "This lot does not say what one of it cost: write {cost}, the cost of each.",
            place=place,
        )
    cost, left = _amount(file, amounts[0], place)
    if left:
        raise Invalid(f"{left[:40]!r} is not understood here.", place=place)
    if total:
        sign = 1 if of.number >= 0 else -1
        return Figure(abs(cost.number) * sign, cost.unit), rest.strip()
    return Figure(cost.number * of.number, cost.unit), rest.strip()


def _completed(file: _File) -> tuple[Transaction, ...]:
    """Complete transactions by date; a balance is checked before what happens on its day."""
    rules, running = Rules(exchanges=False, by_transaction=True), Running()
    done: list[Transaction] = []
    for item in sorted(file.dated, key=lambda one: (one.on, isinstance(one, Written))):
        if isinstance(item, _Balance):
            _check_open(file, item.account, item.on, f"line {item.line}")
            held = running.held(item.account, item.figure.unit, inclusive=True)
            if abs(held - item.figure.number) > item.tolerance:
                raise Invalid(
                    f"{item.account} is asserted to hold {item.figure.number:f} "
                    f"{item.figure.unit}, but holds {held:f} {item.figure.unit}.",
                    place=f"line {item.line}",
                )
            continue
        for draft in item.drafts:
            _check_open(file, draft.account, item.on, f"line {draft.line}")
        rules.see(item)
        one = complete_one(item, rules, running)
        if one is not None:
            done.append(one)
    return tuple(done)


def _check_open(file: _File, account: str, day: date, place: str) -> None:
    opened, closed = file.opened.get(account), file.closed.get(account)
    if opened is None or day < opened or (closed is not None and day >= closed):
        raise Invalid(f"{account} is not open on {day.isoformat()}.", place=place)


def _kinds(file: _File) -> dict[str, str]:
    return {
        account: file.roots[account.split(":")[0]]
        for account in file.opened
        if account.split(":")[0] in file.roots
    }
