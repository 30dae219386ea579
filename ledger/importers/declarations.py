"""Keep what an hledger or ledger file declares: accounts, aliases, units, years, prefixes.

Directives change how the lines after them are read, and nothing else. What would need another
program to run, or changes amounts in a way that is not read here, is refused by line.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from ledger.errors import Invalid
from ledger.importers.figures import TIMES, Numbers, unit_name
from ledger.importers.posting_lines import LEDGER, Dialect, check_name, split_comment, tags_of

_TYPES = {
    "A": "asset",
    "C": "asset",
    "L": "liability",
    "E": "equity",
    "R": "income",
    "X": "expense",
    "V": "trading",
}
_TYPE_WORDS = {"cash": "asset", "revenue": "income", "conversion": "trading"}
_CAPTURED = "Captured accounts are not read: write the accounts in full."
_DEFAULT_ACCOUNT = "A default account is not read: write both postings."
_DEFINED = "Definitions are not read: write the amounts."
_EXPRESSION = "Expressions are not read."
_PROGRAM = "Programs in the file are not run."
_CLOCK = "Times are read in a timeclock file of their own, or include one from an hledger file."
REFUSED = {
    "A": _DEFAULT_ACCOUNT,
    "bucket": _DEFAULT_ACCOUNT,
    "capture": _CAPTURED,
    "define": _DEFINED,
    "def": _DEFINED,
    "eval": _EXPRESSION,
    "value": _EXPRESSION,
    "python": _PROGRAM,
    "import": _PROGRAM,
    **dict.fromkeys(("i", "o", "O", "h", "b"), _CLOCK),
}
_BELOW_ACCOUNT = {"payee": _CAPTURED, "default": _DEFAULT_ACCOUNT}
Below = Callable[[str, int], None]


@dataclass(slots=True)
class Declarations:
    """What was declared so far, and how the lines below a directive are taken."""

    dialect: Dialect
    numbers: Numbers
    year: int | None = None
    kinds: dict[str, str] = field(default_factory=dict)
    prefixes: list[str] = field(default_factory=list)
    # Old and new names: the latest first in hledger, the latest last in ledger.
    aliases: list[tuple[str, str]] = field(default_factory=list)
    # Set by the first transaction, after which units are no longer defined.
    begun: bool = False
    _applied: list[str] = field(default_factory=list)
    _last_account: str = ""

    def take(self, word: str, rest: str, number: int) -> Below | None:
        """Take a directive; return what takes the lines below it. Raises Invalid."""
        place = f"line {number}"
        if word == "account":
            return self._account(rest, number)
        if word == "commodity":
            return self._commodity(rest, number)
        directives: dict[str, Callable[[str, str], None]] = {
            "alias": self._alias,
            "apply": self._apply,
            "end": self._end,
            "C": self._conversion,
            "D": self._default_commodity,
            "decimal-mark": self._decimal_mark,
            "Y": self._default_year,
            "year": self._default_year,
        }
        directives[word](rest, place)
        return None

    def reading_included(self, read: Callable[[], None]) -> None:
        """Read an included file: what it declares ends with it, but for units and kinds.

        In ledger aliases stay as well.
        """
        numbers, aliases = self.numbers, list(self.aliases)
        kept = (self.year, list(self.prefixes), list(self._applied))
        written = (numbers.decimal_mark, numbers.default_unit, numbers.default_mark)
        read()
        self.year, self.prefixes, self._applied = kept
        numbers.decimal_mark, numbers.default_unit, numbers.default_mark = written
        if self.dialect is not LEDGER:
            self.aliases = aliases

    def named(self, name: str, place: str) -> str:
        """Return an account's name with prefix and aliases applied. Raises Invalid."""
        if self.dialect is LEDGER:
            name = self._ledger_alias(name)
        else:
            name = self._prefix() + name
            for old, new in self.aliases:
                if name == old or name.startswith(f"{old}:"):
                    name = new + name[len(old) :]
        check_name(name, place)
        return name

    def _prefix(self) -> str:
        return "".join(f"{part}:" for part in self.prefixes)

    def _ledger_alias(self, name: str) -> str:
        """Return what ledger makes of a name: looked up whole, or else by its first part.

        An alias stands for an account in full, with the prefix where the alias was given.
        """
        known = dict(self.aliases)
        first, colon, below = name.partition(":")
        if name in known:
            return known[name]
        if colon and first in known:
            return f"{known[first]}:{below}"
        return self._prefix() + name

    def _account(self, rest: str, number: int) -> Below:
        written, comment = split_comment(rest)
        self._last_account = self.named(
            re.split(r"\s{2,}|\t", written.strip())[0], f"line {number}"
        )
        self._kind(comment)
        return self._below_account

    def _below_account(self, line: str, number: int) -> None:
        text = line.strip()
        word, _, rest = text.partition(" ")
        if text.startswith(";"):
            self._kind(text[1:])
        elif self.dialect is not LEDGER:
            return
        elif word == "alias":
            self.aliases.append((rest.strip(), self._last_account))
        elif word in _BELOW_ACCOUNT:
            raise Invalid(_BELOW_ACCOUNT[word], place=f"line {number}")

    def _kind(self, comment: str) -> None:
        told = tags_of(comment).get("type", "")
        kind = _TYPES.get(told) or _TYPE_WORDS.get(told.lower(), told.lower())
        if kind in _TYPES.values():
            self.kinds[self._last_account] = kind

    def _alias(self, rest: str, place: str) -> None:
        old, equals, new = (part.strip() for part in rest.partition("="))
        if rest.startswith("/"):
            raise Invalid(
                "Aliases with a pattern are not supported. Write an alias for each account.",
                place=place,
            )
        if not equals or not old or ";" in rest:
            raise Invalid("Write an alias as OLD = NEW, with nothing after it.", place=place)
        check_name(new, place)
        if self.dialect is LEDGER:
            self.aliases.append((old, self._prefix() + new))
        else:
            self.aliases.insert(0, (old, new))

    def _apply(self, rest: str, place: str) -> None:
        what, _, name = rest.partition(" ")
        self._applied.append(what)
        if what == "account":
            check_name(name.strip(), place)
            self.prefixes.append(name.strip())
        elif what == "year":
            self._default_year(name, place)
        elif what != "tag":
            raise Invalid("apply {what} is not supported.", place=place, what=what[:20])

    def _end(self, rest: str, place: str) -> None:
        if rest == "aliases" and self.dialect is not LEDGER:
            self.aliases.clear()
            return
        what = rest.removeprefix("apply").strip() or (self._applied[-1:] or [""])[0]
        if not self._applied or self._applied.pop() != what:
            raise Invalid("There is nothing to end here.", place=place)
        if what == "account":
            self.prefixes.pop()

    def _conversion(self, rest: str, place: str) -> None:
        if self.dialect is not LEDGER:
            raise Invalid(
                "Unit conversions are supported in ledger files only, because hledger does "
                "not convert units. Use --format ledger if this is a ledger file.",
                place=place,
            )
        if self.begun:
            raise Invalid("Unit conversions must come before the first transaction.", place=place)
        left, equals, right = split_comment(rest)[0].partition("=")
        if not equals:
            raise Invalid("Write a conversion as 1 of one unit = a number of another.", place=place)
        larger, _ = self.numbers.figure(left, place)
        smaller, _ = self.numbers.figure(right, place)
        self.numbers.convert(larger, smaller, place)

    def _commodity(self, rest: str, number: int) -> Below:
        place = f"line {number}"
        unit = self._format(split_comment(rest)[0].strip(), place)
        if self.dialect is LEDGER and self.numbers.unit_marks.get(unit) == ",":
            raise Invalid(
                "In ledger files, set this with a line `format` below the commodity.", place=place
            )
        return self._below_commodity

    def _below_commodity(self, line: str, number: int) -> None:
        word, _, rest = line.strip().partition(" ")
        if word == "format":
            self._format(split_comment(rest)[0].strip(), f"line {number}")
        elif word == "alias" and self.dialect is LEDGER:
            raise Invalid(
                "Aliases of commodities are not supported. Use one name.", place=f"line {number}"
            )

    def _default_commodity(self, rest: str, place: str) -> None:
        unit = self._format(split_comment(rest)[0].strip(), place)
        if self.dialect is not LEDGER:
            # For ledger this is about how totals are shown.
            self.numbers.default_unit = unit
            self.numbers.default_mark = self.numbers.unit_marks.get(unit)

    def _format(self, text: str, place: str) -> str:
        """Learn from ``1.000,00 EUR`` how amounts of a unit are written; return the unit."""
        digits = re.search(r"[0-9](?:[0-9.,' \u00a0\u202f]*[0-9.,])?", text)
        if digits is None:
            return ""
        if re.fullmatch(r"[0-9]{1,3},[0-9]{3}", digits[0]):
            raise Invalid("Write the format with its decimal mark, like 1,000.00", place=place)
        mark = re.sub(r"[0-9' \u00a0\u202f]", "", digits[0])[-1:]
        before, after = text[: digits.start()].strip(), text[digits.end() :].strip()
        unit = unit_name(before.strip("+- ") or after, place)
        if mark:
            self.numbers.unit_marks[unit] = mark
        return unit

    def _decimal_mark(self, rest: str, place: str) -> None:
        mark = rest[:1]
        if mark not in (".", ","):
            raise Invalid("A decimal mark must be . or ,", place=place)
        if self.dialect is LEDGER and mark == ",":
            raise Invalid(
                "ledger does not know this line. Write a `format` for each commodity.",
                place=place,
            )
        self.numbers.decimal_mark = mark

    def _default_year(self, rest: str, place: str) -> None:
        if not re.fullmatch(r"[0-9]{4}", rest.strip()):
            raise Invalid("A year must have four digits.", place=place)
        self.year = int(rest)


TAKEN = frozenset(
    ("account", "alias", "apply", "C", "commodity", "D", "decimal-mark", "end", "Y", "year")
)


def declarations_of(dialect: Dialect) -> Declarations:
    """Return what counts before the first line of a file."""
    return Declarations(
        dialect,
        Numbers(
            commas_group=dialect is LEDGER,
            spaces_group=dialect is not LEDGER,
            conversions=dict(TIMES) if dialect is LEDGER else {},
        ),
    )
