"""Read hledger and ledger files: the core that both share, and nothing silently.

What would change balances and is not read here (included files, automated and periodic
transactions, aliases, time clocks) is refused by line; what cannot change them is passed over.
Virtual postings, automated and periodic transactions can be left out when that is asked for.
"""

import re
from collections.abc import Callable, Set
from dataclasses import replace
from datetime import date

from ledger.errors import Invalid
from ledger.histories.balancing import Rules, Running, Written, complete
from ledger.histories.figures import TIMES, Numbers, unit_name
from ledger.histories.history import History
from ledger.histories.posting_lines import (
    LEDGER,
    Dialect,
    check_name,
    read_posting,
    split_comment,
    tags_of,
)

# What may be left out on request: it is not what happened, but what somebody derived from it.
LEAVABLE = ("automated", "periodic", "virtual")
_DATE = re.compile(r"(?:([0-9]{4})([-/.]))?([0-9]{1,2})([-/.])([0-9]{1,2})")
_DIRECTIVE = re.compile(r"[@!]?([^\s;]+)\s*(.*)")
_WITHOUT_EFFECT = {"payee", "tag", "P", "N", "apply", "end", "assert", "check", "expr"}
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
_REFUSED = {
    "include": "Included files are not read: put all into one file.",
    "alias": "Aliases are not read: write the accounts in full.",
    "A": "A default account is not read: write both postings.",
    "bucket": "A default account is not read: write both postings.",
    "capture": "Captured accounts are not read: write the accounts in full.",
    "define": "Definitions are not read: write the amounts.",
    "def": "Definitions are not read: write the amounts.",
    "eval": "Expressions are not read.",
    "python": "Programs in the file are not run.",
    "import": "Programs in the file are not run.",
    "value": "Expressions are not read.",
    "i": "Time clocks are not read: write the times as postings.",
    "o": "Time clocks are not read: write the times as postings.",
    "O": "Time clocks are not read: write the times as postings.",
    "h": "Time clocks are not read: write the times as postings.",
    "b": "Time clocks are not read: write the times as postings.",
}


def read(text: str, dialect: Dialect, leave_out: Set[str]) -> History:
    """Read a file. Raises Invalid by line. Must run where decimals are not rounded."""
    reader = _Reader(dialect, leave_out)
    # Only a line feed ends a line: other signs that could are text of somebody.
    for number, line in enumerate(text.split("\n"), start=1):
        reader.take(line.removesuffix("\r"), number)
    written = sorted(reader.written, key=lambda one: one.on)
    rules, running = Rules(), Running()
    if dialect is LEDGER:
        # ledger looks at what it has read so far, hledger at the whole file by date.
        done = complete(reader.written, rules, running)
        done.sort(key=lambda one: one.on)
    else:
        for one in written:
            rules.see(one)
        done = complete(written, rules, running)
    return History(dialect.name, tuple(done), tuple(reader.warnings), reader.kinds)


class _Reader:
    """Where in the file we are, and what was declared so far."""

    def __init__(self, dialect: Dialect, leave_out: Set[str]) -> None:
        self.written: list[Written] = []
        self.warnings: list[str] = []
        self.kinds: dict[str, str] = {}
        self._dialect = dialect
        self._leave_out = leave_out
        self._numbers = Numbers(
            commas_group=dialect is LEDGER,
            spaces_group=dialect is not LEDGER,
            conversions=dict(TIMES) if dialect is LEDGER else {},
        )
        self._year: int | None = None
        self._prefixes: list[str] = []
        self._applied: list[str] = []
        self._until: str | None = None
        self._below: Callable[[str, int], None] = self._nothing
        self._directives: dict[str, Callable[[str, int], None]] = {
            "account": self._account,
            "apply": self._apply,
            "end": self._end,
            "C": self._conversion,
            "commodity": self._commodity,
            "D": self._default_commodity,
            "decimal-mark": self._decimal_mark,
            "Y": self._default_year,
            "year": self._default_year,
            "comment": self._block,
            "test": self._block,
        }

    def take(self, line: str, number: int) -> None:
        """Read one line. Raises Invalid."""
        if self._until is not None:
            self._until = None if line.strip() == self._until else self._until
        elif not line.strip():
            self._below = self._nothing
        elif line[0] in " \t":
            self._below(line, number)
        elif line[0] not in ";#*|%":
            self._top(line, number)

    def _top(self, line: str, number: int) -> None:
        self._below = self._nothing
        if line[0].isascii() and line[0].isdigit():
            self._transaction(line, number)
        elif line[0] in "=~":
            kind = "automated" if line[0] == "=" else "periodic"
            if kind not in self._leave_out:
                raise Invalid(
                    f"This {kind} transaction is a rule or a plan, not what happened. Write what "
                    f"it makes as transactions and leave it out with --leave-out {kind}.",
                    place=f"line {number}",
                )
            self.warnings.append(f"line {number}: this {kind} transaction is left out.")
            self._below = self._left_out
        else:
            self._directive(line, number)

    def _directive(self, line: str, number: int) -> None:
        found = _DIRECTIVE.match(line)
        word, rest = (found[1], found[2]) if found else (line, "")
        if re.fullmatch(r"Y[0-9]{4}", word):
            word, rest = "Y", word[1:]
        if word in _REFUSED:
            raise Invalid(_REFUSED[word], place=f"line {number}")
        if word in self._directives:
            self._directives[word](rest.strip(), number)
        elif word not in _WITHOUT_EFFECT:
            raise Invalid(f"{word[:40]!r} is not understood here.", place=f"line {number}")

    def _transaction(self, line: str, number: int) -> None:
        place = f"line {number}"
        found = _DATE.match(line)
        if found is None:
            raise Invalid(f"{line[:20]!r} is not a date.", place=place)
        rest = line[found.end() :]
        if rest[:1] not in ("", " ", "\t", "="):
            raise Invalid(f"{line.split()[0][:20]!r} is not a date.", place=place)
        _payee, comment = split_comment(rest.replace('"', ""))
        self.written.append(Written(number, self._day(found, place), [], tags_of(comment)))
        self._below = self._posting

    def _day(self, found: re.Match[str], place: str) -> date:
        year = int(found[1]) if found[1] else self._year
        if year is None:
            raise Invalid("This date has no year.", place=place)
        if found[2] is not None and found[2] != found[4]:
            raise Invalid(f"{found[0]} is not a date.", place=place)
        try:
            return date(year, int(found[3]), int(found[5]))
        except ValueError as error:
            raise Invalid(f"{found[0]} is not a date.", place=place) from error

    def _posting(self, line: str, number: int) -> None:
        text = line.strip()
        transaction = self.written[-1]
        if text[0] == ";":
            # Above the postings it speaks of the transaction, below one of that.
            if not transaction.drafts:
                transaction.tags.update(tags_of(text[1:]))
            elif tags := tags_of(text[1:]):
                last = transaction.drafts[-1]
                transaction.drafts[-1] = replace(last, tags={**last.tags, **tags})
            return
        prefix = "".join(f"{name}:" for name in self._prefixes)
        draft = read_posting(line, number, self._numbers, self._dialect, prefix)
        if draft.group:
            if "virtual" not in self._leave_out:
                raise Invalid(
                    f"{draft.account} is a virtual posting. Write it as a real one, or leave "
                    "virtual postings out with --leave-out virtual.",
                    place=f"line {number}",
                )
            self.warnings.append(f"line {number}: this virtual posting is left out.")
            return
        transaction.drafts.append(draft)

    def _left_out(self, line: str, number: int) -> None:
        """Pass over what belongs to something that is left out."""

    def _nothing(self, line: str, number: int) -> None:
        if line.strip()[0] not in ";#":
            raise Invalid("This line belongs to nothing above it.", place=f"line {number}")

    def _account(self, rest: str, number: int) -> None:
        written, comment = split_comment(rest)
        name = re.split(r"\s{2,}|\t", written.strip())[0]
        name = "".join(f"{part}:" for part in self._prefixes) + name
        check_name(name, f"line {number}")
        self._below = self._below_account
        self._last_account = name
        self._kind(comment)

    def _below_account(self, line: str, number: int) -> None:
        text = line.strip()
        if text.startswith(";"):
            self._kind(text[1:])
        elif text.split()[0] == "alias":
            raise Invalid(_REFUSED["alias"], place=f"line {number}")

    def _kind(self, comment: str) -> None:
        told = tags_of(comment).get("type", "")
        kind = _TYPES.get(told) or _TYPE_WORDS.get(told.lower(), told.lower())
        if kind in _TYPES.values():
            self.kinds[self._last_account] = kind

    def _apply(self, rest: str, number: int) -> None:
        what, _, name = rest.partition(" ")
        self._applied.append(what)
        if what == "account":
            check_name(name.strip(), f"line {number}")
            self._prefixes.append(name.strip())
        elif what == "year":
            self._default_year(name, number)
        elif what != "tag":
            raise Invalid(f"apply {what[:20]} is not read.", place=f"line {number}")

    def _end(self, rest: str, number: int) -> None:
        what = rest.removeprefix("apply").strip() or (self._applied[-1:] or [""])[0]
        if not self._applied or self._applied.pop() != what:
            raise Invalid("Nothing of this kind is open here.", place=f"line {number}")
        if what == "account":
            self._prefixes.pop()

    def _conversion(self, rest: str, number: int) -> None:
        place = f"line {number}"
        if self._dialect is not LEDGER:
            raise Invalid(
                "Units that are converted are read in ledger files only: hledger does not "
                "convert them. Say --format ledger if this is one.",
                place=place,
            )
        if self.written:
            raise Invalid("Units are converted before the first transaction.", place=place)
        left, equals, right = split_comment(rest)[0].partition("=")
        if not equals:
            raise Invalid("A conversion says 1 of this = so many of that.", place=place)
        larger, _ = self._numbers.figure(left, place)
        smaller, _ = self._numbers.figure(right, place)
        self._numbers.convert(larger, smaller, place)

    def _commodity(self, rest: str, number: int) -> None:
        unit = self._format(split_comment(rest)[0].strip(), number)
        if self._dialect is LEDGER and self._numbers.unit_marks.get(unit) == ",":
            raise Invalid(
                "ledger learns this from a line `format` below the commodity.",
                place=f"line {number}",
            )
        self._below = self._below_commodity

    def _below_commodity(self, line: str, number: int) -> None:
        word, _, rest = line.strip().partition(" ")
        if word == "format":
            self._format(split_comment(rest)[0].strip(), number)
        elif word == "alias":
            raise Invalid(_REFUSED["alias"], place=f"line {number}")

    def _default_commodity(self, rest: str, number: int) -> None:
        unit = self._format(split_comment(rest)[0].strip(), number)
        if self._dialect is not LEDGER:
            # For ledger this is about how totals are shown.
            self._numbers.default_unit = unit
            self._numbers.default_mark = self._numbers.unit_marks.get(unit)

    def _format(self, text: str, number: int) -> str:
        """Learn from ``1.000,00 EUR`` how amounts of a unit are written; return the unit."""
        place = f"line {number}"
        digits = re.search(r"[0-9](?:[0-9.,' \u00a0\u202f]*[0-9.,])?", text)
        if digits is None:
            return ""
        if re.fullmatch(r"[0-9]{1,3},[0-9]{3}", digits[0]):
            raise Invalid("Write the format with its decimal mark, like 1,000.00", place=place)
        mark = re.sub(r"[0-9' \u00a0\u202f]", "", digits[0])[-1:]
        before, after = text[: digits.start()].strip(), text[digits.end() :].strip()
        unit = unit_name(before.strip("+- ") or after, place)
        if mark:
            self._numbers.unit_marks[unit] = mark
        return unit

    def _decimal_mark(self, rest: str, number: int) -> None:
        mark = rest[:1]
        if mark not in (".", ","):
            raise Invalid("A decimal mark is . or ,", place=f"line {number}")
        if self._dialect is LEDGER and mark == ",":
            raise Invalid(
                "ledger does not know this line: write a `format` for each commodity.",
                place=f"line {number}",
            )
        self._numbers.decimal_mark = mark

    def _default_year(self, rest: str, number: int) -> None:
        if not re.fullmatch(r"[0-9]{4}", rest.strip()):
            raise Invalid("A year has four digits.", place=f"line {number}")
        self._year = int(rest)

    def _block(self, _rest: str, _number: int) -> None:
        self._until = "end comment"
