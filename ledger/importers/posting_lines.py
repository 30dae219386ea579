"""Read one posting of an hledger or ledger file: account, amount, price, what is asserted.

What is virtual or has a lot is told, not judged: the reader of the file decides.
"""

import re
from dataclasses import dataclass, replace

from ledger.errors import Invalid
from ledger.importers.balancing import Assertion, Draft
from ledger.importers.figures import Numbers
from ledger.importers.history import Figure

_STATUS = re.compile(r"[*!]\s*")
_GAP = re.compile(r"\s{2,}|\t")
_TAG = re.compile(r"(?:^|(?<=[\s,]))([^\s:,]+):(?=\s|$)\s*([^,]*)")
_ASSERTION = re.compile(r"(==?)(\*?)")
MAX_NAME = 200


@dataclass(frozen=True, slots=True)
class Dialect:
    """Which of the two programs the file is for."""

    name: str
    # A lot's price {…} counts, not the price it is sold at; hledger leaves lots aside.
    lots_count: bool
    # Who is asserted to hold nothing, holds nothing of anything.
    nothing_is_all: bool


HLEDGER = Dialect("hledger", lots_count=False, nothing_is_all=False)
LEDGER = Dialect("ledger", lots_count=True, nothing_is_all=True)


def split_comment(text: str) -> tuple[str, str]:
    """Return what stands before the first semicolon outside quotes, and what stands after."""
    quoted = False
    for index, sign in enumerate(text):
        if sign == '"':
            quoted = not quoted
        elif sign == ";" and not quoted:
            return text[:index], text[index + 1 :]
    return text, ""


def tags_of(comment: str) -> dict[str, str]:
    """Return the tags of a comment: ``fund: GEN, counterparty: B``."""
    return {name: value.strip() for name, value in _TAG.findall(comment) if value.strip()}


def read_posting(text: str, line: int, numbers: Numbers, dialect: Dialect) -> Draft:
    """Read an indented line that is no comment. Raises Invalid by line."""
    place = f"line {line}"
    written, comment = split_comment(text.strip())
    written = _STATUS.sub("", written, count=1) if _STATUS.match(written) else written
    name, _, rest = _cut(written.strip())
    group = ""
    for opening, closing in ("()", "[]"):
        if name.startswith(opening) and name.endswith(closing):
            group, name = opening, name[1:-1].strip()
    if name.startswith("<"):
        raise Invalid("Deferred postings are not supported.", place=place)
    tags = tags_of(comment)
    if not rest:
        return Draft(line, name, None, group=group, tags=tags)
    figure, weight, assertion = _amount(rest, numbers, dialect, place)
    return Draft(line, name, figure, weight, assertion, group, tags)


def check_name(name: str, place: str) -> None:
    """Refuse an account's name that is empty, endless, or holds what cannot be seen."""
    if not name or len(name) > MAX_NAME or not name.isprintable() or "" in name.split(":"):
        raise Invalid("{name!r} is not a valid account name.", place=place, name=name[:40])


def _cut(text: str) -> tuple[str, str, str]:
    found = _GAP.search(text)
    if found is None:
        return text, "", ""
    return text[: found.start()], found[0], text[found.end() :].strip()


def _amount(
    text: str, numbers: Numbers, dialect: Dialect, place: str
) -> tuple[Figure | None, Figure | None, Assertion | None]:
    """Read amount, price and assertion; each in the smallest unit that the file knows."""
    written: Figure | None = None
    end = 0
    if not text.startswith("="):
        written, end = numbers.value(text, place)
    lot: Figure | None = None
    price: Figure | None = None
    assertion: Assertion | None = None
    while rest := text[end:].strip():
        start = len(text) - len(text[end:].lstrip())
        if rest.startswith("="):
            assertion, end = _assertion(text, start, numbers, place)
        elif written is None:
            raise Invalid("{rest!r} is not valid here.", place=place, rest=rest[:40])
        elif rest.startswith("{"):
            lot, end = _braced(text, start, written, numbers, place)
        elif rest.startswith(("@", "(@")):
            found, end = _priced(text, start, written, numbers, place)
            # hledger takes a price after an assertion as well, and does nothing with it.
            price = price if assertion is not None else found
        elif rest.startswith("[") and "]" in rest:
            end = text.index("]", start) + 1
        elif rest.startswith("(") and ")" in rest:
            end = text.index(")", start) + 1
        else:
            raise Invalid("{rest!r} is not valid here.", place=place, rest=rest[:40])
    # What is given a price is exchanged for it. A lot that moves without one stays what it is.
    weight = price
    if price and lot and lot.unit == price.unit and dialect.lots_count:
        weight = lot
    if assertion and not assertion.figure.number and dialect.nothing_is_all:
        assertion = replace(assertion, sole=True)
    return numbers.smallest(written) if written is not None else None, weight, assertion


def _assertion(text: str, start: int, numbers: Numbers, place: str) -> tuple[Assertion, int]:
    found = _ASSERTION.match(text, start)
    assert found is not None
    figure, end = numbers.value(text, place, found.end())
    figure = numbers.smallest(figure)
    return Assertion(figure, inclusive=bool(found[2]), sole=found[1] == "=="), end


def _braced(text: str, start: int, of: Figure, numbers: Numbers, place: str) -> tuple[Figure, int]:
    """Read ``{price}`` or ``{{total}}`` of a lot; return the total in the sign of the amount."""
    total = text.startswith("{{", start)
    opening, closing = ("{{", "}}") if total else ("{", "}")
    begin = start + len(opening)
    if text[begin:].lstrip().startswith("="):
        begin = text.index("=", begin) + 1
    price, end = numbers.value(text, place, begin)
    rest = text[end:].lstrip()
    if not rest.startswith(closing):
        raise Invalid("A lot must end with {closing}.", place=place, closing=closing)
    end = len(text) - len(rest) + len(closing)
    return _weight(numbers.smallest(price), of, total=total), end


def _priced(text: str, start: int, of: Figure, numbers: Numbers, place: str) -> tuple[Figure, int]:
    """Read ``@ price`` or ``@@ total``; return the total in the sign of the amount."""
    found = re.compile(r"\(?(@@?)\)?").match(text, start)
    assert found is not None
    price, end = numbers.value(text, place, found.end())
    if price.number < 0:
        raise Invalid("A price cannot be negative.", place=place)
    return _weight(numbers.smallest(price), of, total=found[1] == "@@"), end


def _weight(price: Figure, of: Figure, *, total: bool) -> Figure:
    if total:
        return Figure(abs(price.number) if of.number >= 0 else -abs(price.number), price.unit)
    return Figure(price.number * of.number, price.unit)
