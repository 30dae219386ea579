"""Read the texts of a ledger: the file that is given, and those it includes from its folder.

What lies outside that folder is never opened, whatever path or link leads there. How much is read
in all is bounded. Must not know any format.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from ledger.errors import Invalid
from ledger.importers.history import SPAN, place_in

MAX_BYTES = 64 * 1024 * 1024
MAX_LINE = 10_000
MAX_FILES = 1_000
MAX_NESTED = 20
MAX_LOOKED_AT = 20_000
_WILD = frozenset("*?[")


class _TooManyError(Exception):
    """A pattern makes us look at more names than any ledger has files."""


@dataclass(frozen=True, slots=True)
class Text:
    """One file: its lines are numbered from ``first``, so that a number names file and line."""

    path: Path
    text: str
    first: int
    above: tuple[Path, ...] = ()


@dataclass(slots=True)
class Folder:
    """The folder of the file that is read, and what was read in it so far."""

    main: Path
    includes: list[str] = field(default_factory=list)
    _bytes: int = 0

    @property
    def root(self) -> Path:
        """The folder that nothing may lie outside of."""
        return self.main.parent.resolve()

    def open(self) -> Text:
        """Read the file that was given. Raises Invalid by line for what is no text."""
        return Text(self.root / self.main.name, self._read(self.main, 0, "file"), 1)

    def included(self, text: Text, pattern: str, place: str) -> Iterator[Text]:
        """Read the files that a text includes by name or pattern, in order of their names.

        Raises Invalid for a file outside the folder, one that is missing, and a circle.
        """
        above = (*text.above, text.path)
        if len(above) > MAX_NESTED:
            raise Invalid("Included files are nested too deeply.", place=place)
        for path in self._paths(text, pattern, place):
            if path in above:
                raise Invalid("{name} includes itself.", place=place, name=path.name)
            if len(self.includes) >= MAX_FILES:
                raise Invalid(
                    "More than {max_files} files are included.", place=place, max_files=MAX_FILES
                )
            self.includes.append(str(path.relative_to(self.root)))
            base = len(self.includes) * SPAN
            yield Text(path, self._read(path, base, place), base + 1, above)

    def place(self, place: str) -> str:
        """Return a place that a reader told by its number with the file it is in."""
        word, _, number = place.partition(" ")
        if word == "line" and number.isdigit():
            return place_in(self.includes, int(number))
        return place

    def _paths(self, text: Text, pattern: str, place: str) -> list[Path]:
        shown = repr(pattern[:80])
        parts = pattern.split("/")
        if not pattern or pattern.startswith(("/", "~")) or "\\" in pattern or "\0" in pattern:
            raise Invalid(
                "{shown} cannot be read. Give the path of an included file relative to the "
                "file that includes it, within the same folder.",
                place=place,
                shown=shown,
            )
        wild = bool(_WILD & set(pattern))
        looked_at = iter(range(MAX_LOOKED_AT))
        try:
            found = sorted(set(_matching(text.path.parent, parts, looked_at)))
        except OSError as error:
            raise Invalid("{shown} cannot be found.", place=place, shown=shown) from error
        except _TooManyError as error:
            raise Invalid("{shown} matches too many files.", place=place, shown=shown) from error
        inside: list[Path] = []
        for path in found:
            real = path.resolve()
            if not real.is_relative_to(self.root):
                raise Invalid(
                    "{shown} is outside the folder of the file. Put it in that folder or below.",
                    place=place,
                    shown=shown,
                )
            if real.is_file() and not (wild and real == text.path):
                inside.append(real)
        if not inside:
            raise Invalid(
                "There is no file {shown}. Put it in the folder of the file that includes it.",
                place=place,
                shown=shown,
            )
        return inside

    def _read(self, path: Path, base: int, place: str) -> str:
        if path.stat().st_size + self._bytes > MAX_BYTES:
            raise Invalid("The file is larger than 64 MB.", place=place)
        data = path.read_bytes()
        self._bytes += len(data)
        return text_of(data, base)


def _matching(base: Path, parts: list[str], looked_at: Iterator[int]) -> Iterator[Path]:
    """Yield the paths that match a pattern's parts; ``**`` stands for folders at any depth."""
    if not parts:
        yield base
        return
    head, rest = parts[0], parts[1:]
    if not _WILD & set(head):
        yield from _matching(base / head, rest, looked_at)
        return
    if head == "**":
        yield from _matching(base, rest, looked_at)
    if not base.is_dir():
        return
    with os.scandir(base) as entries:
        for entry in sorted(entries, key=lambda one: one.name):
            if next(looked_at, None) is None:
                raise _TooManyError
            if entry.name.startswith("."):
                continue
            if head == "**":
                if entry.is_dir(follow_symlinks=False):
                    yield from _matching(base / entry.name, parts, looked_at)
            elif fnmatchcase(entry.name, head):
                yield from _matching(base / entry.name, rest, looked_at)


def text_of(data: bytes, base: int = 0) -> str:
    """Return a file's text. Raises Invalid by line, counted from ``base``, for what is none."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Invalid("The file is UTF-16. Save it as UTF-8.", place=f"line {base + 1}")
    lines = data.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    for number, line in enumerate(lines, start=base + 1):
        if len(line) > MAX_LINE:
            raise Invalid("The line is too long.", place=f"line {number}")
        if b"\x00" in line:
            raise Invalid(
                "The line contains a NUL character, so this is not a text file.",
                place=f"line {number}",
            )
        try:
            line.decode()
        except UnicodeDecodeError as error:
            raise Invalid(
                "The line is not UTF-8. Save the file as UTF-8.", place=f"line {number}"
            ) from error
    return b"\n".join(lines).decode()
