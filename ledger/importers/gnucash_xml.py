"""Read GnuCash books that are kept as XML, plain or compressed: the way GnuCash saves by default.

Scheduled transactions stand in the file as templates; they are plans and are left alone. What a
small file unpacks to is bounded, and so is how deep its elements are nested.
"""

import zlib
from collections.abc import Iterator
from gzip import BadGzipFile, GzipFile
from pathlib import Path
from typing import IO, cast
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException

from ledger.bounded_xml import Bounded, events
from ledger.errors import Invalid
from ledger.importers.gnucash import AccountRow, SplitRow, TransactionRow, day_of_digits, history_of
from ledger.importers.history import History

PACKED = b"\x1f\x8b"
ROOT = b"<gnc-v2"
MAX_UNPACKED = 256 * 1024 * 1024
TOO_LARGE = "The file unpacks to more than 256 MB."
MAX_ELEMENTS = 8_000_000
START = 4096
_BAD_PACKING = (BadGzipFile, EOFError, zlib.error)
_NOT_PACKED = "The compressed file is damaged and cannot be unpacked."


def start_of(path: Path) -> bytes:
    """Return the first bytes of a file, unpacked. Raises Invalid for damaged compression."""
    with path.open("rb") as file:
        start = file.read(START)
        if not start.startswith(PACKED):
            return start
        file.seek(0)
        try:
            return GzipFile(fileobj=file).read(START)
        except _BAD_PACKING as error:
            raise Invalid(_NOT_PACKED, place="file") from error


def read(path: Path) -> History:
    """Read a file. Raises Invalid, naming line or transaction, for what is no book of GnuCash."""
    with path.open("rb") as file:
        packed = file.read(len(PACKED)) == PACKED
        file.seek(0)
        stream = cast(IO[bytes], GzipFile(fileobj=file)) if packed else file
        bounded = Bounded(stream, max_bytes=MAX_UNPACKED, too_large=TOO_LARGE)
        accounts: dict[str, AccountRow] = {}
        transactions: list[TransactionRow] = []
        try:
            for kind, element in _elements(bounded):
                if kind == "account":
                    guid, account = _account(element)
                    accounts[guid] = account
                else:
                    transactions.append(_transaction(element, len(transactions) + 1))
        except _BAD_PACKING as error:
            raise Invalid(_NOT_PACKED, place="file") from error
        except ParseError as error:
            line = error.position[0]
            raise Invalid(
                "This XML cannot be read: {msg}", place=f"line {line}", msg=error.msg
            ) from error
        except DefusedXmlException as error:
            raise Invalid(
                "The XML declares entities. GnuCash files do not contain these.", place="file"
            ) from error
        except (ValueError, LookupError) as error:
            raise Invalid("This XML cannot be read: {error}", place="file", error=error) from error
    return history_of(accounts, transactions)


def _elements(stream: Bounded) -> Iterator[tuple[str, Element]]:
    """Yield the accounts and transactions of the book itself, and forget what was read."""
    above: list[Element] = []
    for event, element in events(stream, max_elements=MAX_ELEMENTS):
        if event == "start":
            above.append(element)
            if len(above) == 1 and element.tag != "gnc-v2":
                raise Invalid(
                    "This XML is not a GnuCash book: it begins with <{tag}>.",
                    place="file",
                    tag=element.tag[:40],
                )
            continue
        above.pop()
        parent = above[-1] if above else None
        if parent is not None and _local(parent) == "book":
            kind = _local(element)
            if kind in ("account", "transaction"):
                yield kind, element
            parent.remove(element)


def _local(element: Element) -> str:
    """Return an element's name without its namespace."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _child(element: Element, name: str) -> Element | None:
    return next((below for below in element if _local(below) == name), None)


def _text(element: Element | None, *names: str) -> str:
    """Return the text at a path of names below an element, ``""`` where there is none."""
    for name in names:
        element = _child(element, name) if element is not None else None
    return (element.text or "").strip() if element is not None else ""


def _account(element: Element) -> tuple[str, AccountRow]:
    guid = _text(element, "id")
    if not guid:
        raise Invalid("An account has no ID.", place="accounts")
    return guid, AccountRow(
        name=_text(element, "name"),
        kind=_text(element, "type"),
        parent=_text(element, "parent") or None,
        space=_text(element, "commodity", "space"),
        unit=_text(element, "commodity", "id"),
    )


def _transaction(element: Element, number: int) -> TransactionRow:
    place = f"transaction {number}"
    splits = _child(element, "splits")
    return TransactionRow(
        number,
        # The instant is written with the offset of the place where the book is kept.
        day_of_digits(_posted(element) or _text(element, "date-posted", "date"), place),
        tuple(
            SplitRow(
                _text(split, "account"),
                _fraction(_text(split, "quantity"), place),
                _fraction(_text(split, "value"), place),
            )
            for split in (splits if splits is not None else ())
        ),
    )


def _posted(element: Element) -> str:
    """Return the day that the transaction keeps apart from its instant, ``""`` without one."""
    slots = _child(element, "slots")
    for slot in slots if slots is not None else ():
        if _text(slot, "key") == "date-posted":
            return _text(slot, "value", "gdate")
    return ""


def _fraction(text: str, place: str) -> tuple[int, int]:
    """Read ``-2000/100``. Raises Invalid."""
    number, _, over = text.partition("/")
    whole = number.removeprefix("-")
    parts = (whole, over or "1")
    if not all(part.isascii() and part.isdigit() and len(part) <= 20 for part in parts):
        raise Invalid("{value!r} is not a quantity.", place=place, value=text[:40])
    return int(number), int(over or "1")
