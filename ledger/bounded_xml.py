"""Read XML of strangers with bounds on the work it makes: a file must not hold a thread for long.

Entities, external references and document types are refused by defusedxml before anything is
expanded. What is counted is work, not seconds, so that the same file is refused everywhere.
"""

from collections.abc import Iterator
from typing import IO
from xml.etree.ElementTree import Element

from defusedxml.ElementTree import iterparse

from ledger.errors import Invalid

# What banks and GnuCash write stays far below: 12 levels, two attributes an element.
MAX_DEPTH = 60
MAX_ATTRIBUTES = 32
# On average over the file; a few to begin with.
ATTRIBUTES_PER_ELEMENT, FIRST_ATTRIBUTES = 2, 1_000
# A tag, text or comment may be this long: the parser tells of a tag only once it has all of it.
MAX_QUIET_BYTES = 256 * 1024


class Bounded:
    """A stream that refuses to go on when it has given too much, in all or within one element."""

    def __init__(self, stream: IO[bytes], *, max_bytes: int, too_large: str) -> None:
        self._stream = stream
        self._max_bytes = max_bytes
        self._too_large = too_large
        self._given = self._heard_at = 0

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes. Raises Invalid beyond a bound."""
        data = self._stream.read(size if size >= 0 else self._max_bytes + 1)
        self._given += len(data)
        if self._given > self._max_bytes:
            raise Invalid(self._too_large, place="file")
        if data and self._given - self._heard_at > MAX_QUIET_BYTES + len(data):
            raise Invalid(
                "A single part of the file, such as a tag with its attributes, is "
                "larger than {max_quiet_bytes} KB.",
                place="file",
                max_quiet_bytes=MAX_QUIET_BYTES // 1024,
            )
        return data

    def heard(self) -> None:
        """Note that the parser has told of an element since it was given the last bytes."""
        self._heard_at = self._given


def events(stream: Bounded, *, max_elements: int) -> Iterator[tuple[str, Element]]:
    """Yield ``start`` and ``end`` of each element. Raises Invalid for a file beyond the bounds.

    Raises DefusedXmlException, ParseError, ValueError and LookupError as the parser does.
    """
    depth = elements = attributes = 0
    for event, element in iterparse(stream, events=("start", "end"), forbid_dtd=True):
        stream.heard()
        if event == "start":
            depth += 1
            elements += 1
            attributes += len(element.attrib)
            if depth > MAX_DEPTH:
                raise Invalid("The elements of the file are nested too deeply.", place="file")
            if elements > max_elements:
                raise Invalid(
                    "The file has more than {max_elements:,} elements.",
                    place="file",
                    max_elements=max_elements,
                )
            if (
                len(element.attrib) > MAX_ATTRIBUTES
                or attributes > elements * ATTRIBUTES_PER_ELEMENT + FIRST_ATTRIBUTES
            ):
                raise Invalid(
                    "The elements of the file have too many attributes.",
                    place=f"element {elements}",
                )
        else:
            depth -= 1
        yield event, element
