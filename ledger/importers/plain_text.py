"""Read hledger and ledger files: the core that both share, and nothing silently.

What would change balances and is not read here (automated and periodic transactions, expressions)
is refused by line; what cannot change them is passed over. Virtual postings, automated and
periodic transactions can be left out when that is asked for. Included files are read from the
same folder, and postings may fall on days of their own.
"""

import re
from collections.abc import Callable, Set
from dataclasses import replace
from datetime import date
from functools import partial

from ledger.errors import Invalid
from ledger.importers import time_logs
from ledger.importers.balancing import Rules, Running, Written, complete, complete_by_day
from ledger.importers.days import hledger_day, ledger_day, read_day
from ledger.importers.declarations import REFUSED, TAKEN, declarations_of
from ledger.importers.folder import Folder, Text
from ledger.importers.history import History
from ledger.importers.posting_lines import LEDGER, Dialect, read_posting, split_comment, tags_of

# What may be left out on request: it is not what happened, but what somebody derived from it.
LEAVABLE = ("automated", "periodic", "virtual")
_DIRECTIVE = re.compile(r"[@!]?([^\s;]+)\s*(.*)")
_WITHOUT_EFFECT = {"payee", "tag", "P", "N", "assert", "check", "expr"}
# ledger takes what stands behind a payee for a note when there is a gap before it.
_NOTE = re.compile(r"\s*\S.*?(?:\s{2}|\t);(.*)")
_PREFIX = re.compile(r"(hledger|journal|timeclock|timedot):")


def read(folder: Folder, dialect: Dialect, leave_out: Set[str]) -> History:
    """Read a file and what it includes. Raises Invalid by line. Must round no decimals."""
    reader = _Reader(folder, dialect, leave_out)
    reader.read(folder.open())
    rules, running = Rules(), Running()
    if dialect is LEDGER:
        # ledger looks at what it has read so far, hledger at the whole file by date.
        done = complete(reader.written, rules, running)
    else:
        done = complete_by_day(reader.written, rules, running)
    done.sort(key=lambda one: one.on)
    return History(dialect.name, tuple(done), tuple(reader.warnings), reader.declared.kinds)


class _Reader:
    """Where in the file we are, and what was declared so far."""

    def __init__(self, folder: Folder, dialect: Dialect, leave_out: Set[str]) -> None:
        self.written: list[Written] = []
        self.warnings: list[str] = []
        self.declared = declarations_of(dialect)
        self._folder = folder
        self._dialect = dialect
        self._leave_out = leave_out
        # What ends the lines that are passed over.
        self._until: tuple[str, ...] = ()
        # The posting above was left out, and so are comments below it.
        self._passed_over = False
        self._below: Callable[[str, int], None] = self._nothing

    def read(self, text: Text) -> None:
        """Read all lines of a file. Raises Invalid."""
        # Only a line feed ends a line: other signs that could are text of somebody.
        for number, line in enumerate(text.text.split("\n"), start=text.first):
            self._take(text, line.removesuffix("\r"), number)
        self._until, self._below = (), self._nothing

    def _take(self, text: Text, line: str, number: int) -> None:
        if self._until:
            self._until = () if line.strip() in self._until else self._until
        elif not line.strip():
            self._below = self._nothing
        elif line[0] in " \t":
            self._below(line, number)
        elif line[0] not in ";#*|%":
            self._top(text, line, number)

    def _top(self, text: Text, line: str, number: int) -> None:
        self._below = self._nothing
        if line[0].isascii() and line[0].isdigit():
            self._transaction(line, number)
        elif line[0] in "=~":
            kind = "automated" if line[0] == "=" else "periodic"
            if kind not in self._leave_out:
                raise Invalid(
                    "This {kind} transaction is a rule or a plan, not an actual transaction. "
                    "Write its results as transactions and leave it out with --leave-out "
                    "{kind}.",
                    place=f"line {number}",
                    kind=kind,
                )
            self.warnings.append(f"{self._place(number)}: this {kind} transaction is left out.")
            self._below = self._left_out
        else:
            self._directive(text, line, number)

    def _directive(self, text: Text, line: str, number: int) -> None:
        found = _DIRECTIVE.match(line)
        word, rest = (found[1], found[2].strip()) if found else (line, "")
        if re.fullmatch(r"Y[0-9]{4}", word):
            word, rest = "Y", word[1:]
        if word in REFUSED:
            raise Invalid(REFUSED[word], place=f"line {number}")
        if word == "include":
            self._include(text, rest, number)
        elif word == "comment" or (word == "test" and self._dialect is LEDGER):
            self._until = ("end comment", "end test")
        elif word in TAKEN:
            self._below = self.declared.take(word, rest, number) or self._nothing
        elif word not in _WITHOUT_EFFECT:
            raise Invalid("{word!r} is not valid here.", place=f"line {number}", word=word[:40])

    def _include(self, text: Text, pattern: str, number: int) -> None:
        """Read files as if they stood here; hledger reads times by a file's prefix or ending."""
        prefix = _PREFIX.match(pattern) if self._dialect is not LEDGER else None
        pattern = pattern[prefix.end() :] if prefix else pattern
        for one in self._folder.included(text, pattern, f"line {number}"):
            kind = prefix[1] if prefix else one.path.suffix.removeprefix(".").lower()
            if kind in time_logs.READERS and self._dialect is not LEDGER:
                times = time_logs.READERS[kind](one)
                self.written += times.written
                self.warnings += time_logs.warnings_of(times, self._folder)
            else:
                self.declared.reading_included(partial(self.read, one))

    def _transaction(self, line: str, number: int) -> None:
        place = f"line {number}"
        found = read_day(line, self.declared.year, place)
        if found is None:
            raise Invalid("{line!r} is not a date.", place=place, line=line[:20])
        day, end = found
        rest = line[end:]
        if rest[:1] not in ("", " ", "\t", "="):
            raise Invalid("{line!r} is not a date.", place=place, line=line.split()[0][:20])
        _payee, comment = split_comment(rest.replace('"', ""))
        self.declared.begun = True
        if self._dialect is LEDGER and (note := _NOTE.match(rest)):
            day = ledger_day(note[1], self.declared.year, place) or day
        self.written.append(Written(number, day, [], tags_of(comment)))
        self._below, self._passed_over = self._posting, False

    def _posting(self, line: str, number: int) -> None:
        text = line.strip()
        transaction = self.written[-1]
        if text[0] == ";":
            self._comment(transaction, text[1:], number)
            return
        draft = read_posting(line, number, self.declared.numbers, self._dialect)
        draft = replace(
            draft,
            account=self.declared.named(draft.account, f"line {number}"),
            on=self._day(split_comment(text)[1], transaction, number),
        )
        if draft.group:
            if "virtual" not in self._leave_out:
                raise Invalid(
                    "{account} is a virtual posting. Write it as a real one, or leave "
                    "virtual postings out with --leave-out virtual.",
                    place=f"line {number}",
                    account=draft.account,
                )
            self.warnings.append(f"{self._place(number)}: this virtual posting is left out.")
            self._passed_over = True
            return
        self._passed_over = False
        transaction.drafts.append(draft)

    def _comment(self, transaction: Written, comment: str, number: int) -> None:
        """Take a comment line: above the postings of the transaction, below one of that."""
        tags = tags_of(comment)
        if not transaction.drafts:
            transaction.tags.update(tags)
            # In ledger it is the day of all its postings, in hledger a comment like any other.
            day = self._day(comment, transaction, number) if self._dialect is LEDGER else None
            transaction.on = day or transaction.on
        elif not self._passed_over:
            last = transaction.drafts[-1]
            day = self._day(comment, transaction, number)
            # The first day that it is given counts in hledger, the last in ledger.
            day = (day or last.on) if self._dialect is LEDGER else (last.on or day)
            transaction.drafts[-1] = replace(last, tags={**last.tags, **tags}, on=day)

    def _day(self, comment: str, transaction: Written, number: int) -> date | None:
        """Return the day that a comment gives the posting it belongs to."""
        place = f"line {number}"
        if self._dialect is LEDGER:
            return ledger_day(comment, self.declared.year, place)
        return hledger_day(comment, transaction.on.year, place)

    def _place(self, number: int) -> str:
        return self._folder.place(f"line {number}")

    def _left_out(self, line: str, number: int) -> None:
        """Pass over what belongs to something that is left out."""

    def _nothing(self, line: str, number: int) -> None:
        if line.strip()[0] not in ";#":
            raise Invalid(
                "This line does not belong to any transaction above it.", place=f"line {number}"
            )
