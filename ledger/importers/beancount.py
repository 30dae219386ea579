"""Read beancount files: transactions, what is opened and closed, pads and asserted balances.

Our own reading of the language's core; the program itself is not needed. Plugins that may change
amounts are refused by line, because each of them lets another program make amounts up. Files are
included from the same folder; as in beancount, their options and plugins do not count.
"""

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from ledger.errors import Invalid
from ledger.importers.beancount_book import Balance, Book, Event, Pad, Posting, completed
from ledger.importers.beancount_lots import Spec, divided
from ledger.importers.beancount_options import method_of
from ledger.importers.figures import Numbers
from ledger.importers.folder import Folder, Text
from ledger.importers.history import Figure, History, Transaction

_DATED = re.compile(r"([0-9]{4})[-/]([0-9]{1,2})[-/]([0-9]{1,2})\s+(\S+)\s*(.*)", re.DOTALL)
_ACCOUNT = re.compile(r"[A-Z][\w-]*(?::[\w][\w-]*)+")
_CURRENCY = re.compile(r"[A-Z](?:[A-Z0-9'._-]*[A-Z0-9])?(?![\w'.-])")
_EXPRESSION = re.compile(r"[0-9.,+\-*/() \t]+")
_META = re.compile(r"([a-z][A-Za-z0-9_-]*):(?:\s+(.*)|$)", re.DOTALL)
_FLAG = re.compile(r"(?:[!*&#?%PSTCURM]\s+)?")
_FLAGS = set("*!&#?%PSTCURM") | {"txn"}
_NO_EFFECT = {"price", "note", "document", "event", "query", "custom", "commodity"}
_OPTION = re.compile(r'option\s+"([^"]*)"\s+"([^"]*)"')
_PLUGIN = re.compile(r'plugin\s+"([^"]*)"')
_INCLUDE = re.compile(r'include\s+"([^"]*)"')
_METHOD = re.compile(r'.*"([A-Z_]*)"')
_DAY = re.compile(r"([0-9]{4})[-/]([0-9]{1,2})[-/]([0-9]{1,2})")
_NUMBERS = Numbers(decimal_mark=".")
MAX_LABEL = 200


def read(folder: Folder) -> History:
    """Read a file and what it includes. Raises Invalid by line. Must round no decimals."""
    book = Book()
    _read(folder, folder.open(), book)
    transactions = completed(book)
    return History("beancount", transactions, (), _kinds(book, transactions))


def _read(folder: Folder, text: Text, book: Book) -> None:
    current: Event | None = None
    for number, line in logical_lines(text.text, text.first):
        if not line.strip():
            current = None
        elif line[0] in " \t":
            if current is not None:
                _below(current, line.strip(), number)
        elif line[0].isascii() and line[0].isdigit():
            current = _dated(book, line, number)
        elif found := _INCLUDE.match(line):
            current = None
            for one in folder.included(text, found[1], f"line {number}"):
                _read(folder, one, book)
        else:
            current = None
            _undated(book, line, number, main=not text.above)


def logical_lines(text: str, first: int) -> Iterator[tuple[int, str]]:
    """Yield lines with their numbers, without comments; a text in quotes may span several."""
    number, start, quoted, skipping = first, first, False, False
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
        raise Invalid("A quoted text is not closed.", place=f"line {start}")
    yield start, "".join(kept).removesuffix("\r")


def _undated(book: Book, line: str, number: int, *, main: bool) -> None:
    """Take a line that begins with neither a date nor a blank; options count in the main file."""
    place = f"line {number}"
    word = line.split()[0]
    option, plugin = _OPTION.match(line), _PLUGIN.match(line)
    if word == "option" and option:
        if main:
            book.options.take(option[1], option[2], place)
    elif word == "plugin" and plugin:
        if main:
            book.options.plugin(plugin[1], place)
    elif word not in ("pushtag", "poptag", "pushmeta", "popmeta") and line[0] not in "*#:!&?%":
        raise Invalid("{line!r} is not valid here.", place=place, line=line[:40])


def _dated(book: Book, line: str, number: int) -> Event | None:
    """Take a directive with a date; return the transaction that following lines belong to."""
    place = f"line {number}"
    found = _DATED.match(line)
    if found is None:
        raise Invalid("{line!r} is not valid here.", place=place, line=line[:40])
    day = _date(line, place)
    word, rest = found[4], found[5]
    if word in _FLAGS:
        event = Event(number, day)
        book.dated.append(event)
        return event
    if word == "open":
        account, more = _account(rest, place)
        if account in book.opened:
            raise Invalid("{account} is opened twice.", place=place, account=account)
        book.opened[account] = day
        if method := _METHOD.match(more):
            book.methods[account] = method_of(method[1], place)
    elif word == "close":
        account, _ = _account(rest, place)
        book.closed[account] = day
    elif word == "balance":
        book.dated.append(_balance(rest, day, number))
    elif word == "pad":
        account, more = _account(rest, place)
        source, _ = _account(more, place)
        book.dated.append(Pad(number, day, account, source))
    elif word not in _NO_EFFECT:
        raise Invalid("{word!r} is not valid here.", place=place, word=word[:40])
    return None


def _date(text: str, place: str) -> date:
    found = _DAY.match(text)
    try:
        if found is None:
            raise ValueError(text)
        return date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError as error:
        raise Invalid("{value} is not a date.", place=place, value=text[:10]) from error


def _account(text: str, place: str) -> tuple[str, str]:
    found = _ACCOUNT.match(text)
    if found is None:
        raise Invalid("{value!r} is not an account.", place=place, value=text[:40])
    return found[0], text[found.end() :].strip()


def _balance(rest: str, day: date, number: int) -> Balance:
    place = f"line {number}"
    account, amount = _account(rest, place)
    tolerance: Decimal | None = None
    if "~" in amount:
        before, _, after = amount.partition("~")
        loose = _EXPRESSION.match(after)
        if loose is None:
            raise Invalid("{amount!r} is not valid here.", place=place, amount=amount[:40])
        tolerance = _number(loose[0], place)
        amount = f"{before} {after[loose.end() :]}"
    figure, left = _amount(amount, place)
    if left:
        raise Invalid("{left!r} is not valid here.", place=place, left=left[:40])
    return Balance(number, day, account, figure, tolerance)


def _number(text: str, place: str) -> Decimal:
    figure, end = _NUMBERS.value(f"({text})", place)
    if end != len(text) + 2 or figure.unit:
        raise Invalid("{value!r} is not a number.", place=place, value=text.strip()[:40])
    return figure.number


def _amount(text: str, place: str) -> tuple[Figure, str]:
    """Read ``1,000.00 USD`` and return it with what follows."""
    number = _EXPRESSION.match(text)
    unit = _CURRENCY.match(text, number.end()) if number else None
    if number is None or unit is None:
        raise Invalid(
            "{value!r} must be an amount with its currency.",
            place=place,
            value=text[:40],
        )
    return Figure(_number(number[0], place), unit[0]), text[unit.end() :].strip()


def _below(event: Event, text: str, number: int) -> None:
    """Take an indented line: a posting, or metadata of what stands above."""
    place = f"line {number}"
    meta = _META.match(text)
    if meta is not None:
        value = (meta[2] or "").strip().strip('"')
        if value:
            (event.postings[-1].tags if event.postings else event.tags)[meta[1]] = value
        return
    if text[0] in "#^":
        return
    flag = _FLAG.match(text)
    account, rest = _account(text[flag.end() :] if flag else text, place)
    posting = Posting(number, account, None)
    event.postings.append(posting)
    if not rest:
        return
    posting.units, rest = _amount(rest, place)
    if rest.startswith("{"):
        posting.spec, rest = _cost(rest, place)
    if rest.startswith("@"):
        in_all = rest.startswith("@@")
        price, rest = _amount(rest.lstrip("@").strip(), place)
        number_of = posting.units.number
        posting.price = price
        if in_all:
            posting.price_in_all = Figure(abs(price.number).copy_sign(number_of), price.unit)
            posting.price = (
                Figure(divided(abs(price.number), abs(number_of)), price.unit)
                if number_of
                else None
            )
    if rest:
        raise Invalid("{rest!r} is not valid here.", place=place, rest=rest[:40])


def _cost(text: str, place: str) -> tuple[Spec, str]:
    """Read ``{2.50 USD, 2024-01-31, "label"}``, ``{{25.00 USD}}``, ``{2 # 5 USD}`` or ``{}``."""
    in_all = text.startswith("{{")
    closing = "}}" if in_all else "}"
    inner, closed, rest = text.lstrip("{").partition(closing)
    if not closed:
        raise Invalid("A cost must end with {closing}.", place=place, closing=closing)
    found: dict[str, date | str] = {}
    costs: list[str] = []
    for part in (one.strip() for one in re.split(r",(?=\s)|,(?![0-9]{3})", inner)):
        if _DAY.fullmatch(part):
            found["on"] = _date(part, place)
        elif part.startswith('"'):
            found["label"] = part.strip('"')[:MAX_LABEL]
        elif part == "*":
            raise Invalid("Merged lots are not supported.", place=place)
        elif part:
            costs.append(part)
    if len(costs) > 1:
        raise Invalid("{inner!r} is not valid here.", place=place, inner=inner[:40])
    on, label = found.get("on"), found.get("label")
    spec = Spec(
        on=on if isinstance(on, date) else None, label=label if isinstance(label, str) else None
    )
    return _priced(spec, costs[0], place, in_all=in_all) if costs else spec, rest.strip()


def _priced(spec: Spec, text: str, place: str, *, in_all: bool) -> Spec:
    """Return what is said of a lot with its cost: of one, in all, or ``one # in all``."""
    if found := _CURRENCY.fullmatch(text):
        return Spec(None, None, found[0], spec.on, spec.label)
    of_one, mark, more = text.partition("#")
    figure, left = _amount(more.strip() if mark else text, place)
    if left:
        raise Invalid("{left!r} is not valid here.", place=place, left=left[:40])
    if mark:
        per = _number(of_one, place) if of_one.strip() else None
        return Spec(per, figure.number, figure.unit, spec.on, spec.label)
    if in_all:
        return Spec(None, abs(figure.number), figure.unit, spec.on, spec.label)
    return Spec(figure.number, None, figure.unit, spec.on, spec.label)


def _kinds(book: Book, transactions: tuple[Transaction, ...]) -> dict[str, str]:
    names = {leg.account for one in transactions for leg in one.legs} | book.opened.keys()
    roots = book.options.roots
    return {name: roots[root] for name in names if (root := name.split(":")[0]) in roots}
