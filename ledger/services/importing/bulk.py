"""Bulk load of entries, one JSON object a line; all or nothing; twice adds nothing.

Parsed strictly: whole numbers only, no unknown or doubled keys, and every refusal names line
and field. The caller opens the transaction.
"""

import json
import re
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, BinaryIO

from ledger.core.bounds import (
    LONGEST_CODE,
    LONGEST_REFERENCE,
    check_amount,
    check_day,
    is_storable_text,
)
from ledger.core.entry import Entry, Posting
from ledger.core.fitting_accounts import check_own_funds
from ledger.db import Session
from ledger.errors import Conflict, Invalid
from ledger.services.books.books import ensure_commodity
from ledger.services.books.journal import LABELS, Draft, Posted, post_batch

BATCH = 1000
MAX_LINE = 256 * 1024
A_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
SOURCE = "import"
ENTRY_KEYS = {"book", "accounting_date", "event_type", "external_ref", "postings"}
ENTRY_OPTIONS = {"source"}
LEG_KEYS = {"account", "fund", "commodity", "quantity"}
LEG_OPTIONS = {"counterparty", *LABELS}


@dataclass(frozen=True, slots=True)
class Imported:
    """How many entries and postings came in, and how many entries were there already."""

    entries: int
    postings: int
    duplicates: int


def lines_of(file: BinaryIO) -> Iterator[bytes]:
    """Yield the lines of a file; one without end is refused before it fills the memory."""
    number = 0
    while line := file.readline(MAX_LINE + 1):
        number += 1
        if len(line) > MAX_LINE:
            raise Invalid("The line is too long.", place=f"line {number}")
        yield line


def import_entries(
    session: Session, *, lines: Iterable[bytes], book: str | None, now: datetime
) -> Imported:
    """Load entries from JSON lines. Raises Invalid or Conflict, naming line and field."""
    entries = postings = duplicates = 0
    commodities: set[str] = set()
    for batch in _made_ahead(_batches(lines, book)):
        for line, draft in batch:
            for leg in draft.entry.postings:
                if leg.commodity not in commodities:
                    _known(session, leg.commodity, f"line {line}")
                    commodities.add(leg.commodity)
        posted = _post(session, batch, now)
        entries += len(batch) - posted.duplicates
        postings += posted.postings
        duplicates += posted.duplicates
    return Imported(entries, postings, duplicates)


Batch = list[tuple[int, Draft]]


def _batches(lines: Iterable[bytes], book: str | None) -> Iterator[Batch]:
    """Yield drafts with the number of their line; what stands before a bad line comes first."""
    batch: Batch = []
    try:
        for number, raw in enumerate(lines, start=1):
            # Some programs mark the beginning of a text; the mark is no part of it.
            line = raw.removeprefix(BOM_UTF8) if number == 1 else raw
            if not line.strip():
                continue
            batch.append((number, _draft(line, f"line {number}", book)))
            if len(batch) == BATCH:
                yield batch
                batch = []
    except Invalid:
        if batch:
            yield batch
        raise
    if batch:
        yield batch


def _made_ahead(batches: Iterator[Batch]) -> Iterator[Batch]:
    """Yield batches; the next is read while the database works on the one before."""
    with ThreadPoolExecutor(1) as reader:
        waiting = reader.submit(next, batches, None)
        while (batch := waiting.result()) is not None:
            waiting = reader.submit(next, batches, None)
            yield batch


def _post(session: Session, batch: Batch, now: datetime) -> Posted:
    """Post a batch; a refusal names the line."""
    places = [line for line, _draft in batch]
    try:
        return post_batch(session, [draft for _line, draft in batch], now=now)
    except Invalid as error:
        raise Invalid(error.message, place=_line_place(error.place, places)) from error
    except Conflict as error:
        # The place is the reference; of two lines with one, the later is at fault.
        told = [line for line, draft in batch if draft.external_ref == error.place]
        place = f"line {told[-1]}" if told else error.place
        raise Conflict(error.message, place=place) from error


def _draft(line: bytes, place: str, book: str | None) -> Draft:
    document = _document(line, place)
    options = ENTRY_OPTIONS if book is None else ENTRY_OPTIONS | {"book"}
    _check_keys(document, ENTRY_KEYS, options, place)
    code = _text(document.get("book", book), f"{place}: book")
    if book is not None and code != book:
        raise Invalid(
            "This entry is for book {code!r:.40}, not {book}.",
            place=f"{place}: book",
            code=code,
            book=book,
        )
    legs = document["postings"]
    if not isinstance(legs, list):
        raise Invalid("Postings must be a list.", place=f"{place}: postings")
    postings = tuple(_leg(leg, f"{place}: postings[{i}]") for i, leg in enumerate(legs))
    try:
        entry = Entry(code, postings)
        check_own_funds(postings)
    except Invalid as error:
        raise Invalid(error.message, place=f"{place}: {error.place}") from error
    return Draft(
        entry=entry,
        event_type=_text(document["event_type"], f"{place}: event_type", LONGEST_CODE),
        source=_text(document.get("source", SOURCE), f"{place}: source", LONGEST_CODE),
        external_ref=_text(document["external_ref"], f"{place}: external_ref"),
        accounting_on=_day(document["accounting_date"], f"{place}: accounting_date"),
    )


def _document(line: bytes, place: str) -> dict[str, object]:
    if len(line) > MAX_LINE:
        raise Invalid("The line is too long.", place=place)
    try:
        document = _decode(line.decode("utf-8"))
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        reason = str(error)
        if isinstance(error, json.JSONDecodeError):  # It would count lines of its own.
            reason = f"{error.msg}, at character {error.pos + 1}"
        raise Invalid(
            f"The line is no JSON that can be loaded: {reason}"[:200], place=place
        ) from error
    if not isinstance(document, dict):
        raise Invalid("Each line must be one JSON object.", place=place)
    return document


def _leg(leg: Any, place: str) -> Posting:
    if not isinstance(leg, dict):
        raise Invalid("A posting must be an object.", place=place)
    _check_keys(leg, LEG_KEYS, LEG_OPTIONS, place)
    for name in ("account", "quantity"):
        if type(leg[name]) is not int:
            raise Invalid("This must be a whole number.", place=f"{place}.{name}")
    check_amount(leg["quantity"], place=f"{place}.quantity")
    options = {}
    if len(leg) > len(LEG_KEYS):
        options = {
            name: _text(leg[name], f"{place}.{name}", LONGEST_CODE)
            for name in LEG_OPTIONS & leg.keys()
            if leg[name] is not None
        }
    return Posting(
        account=leg["account"],
        fund=_text(leg["fund"], f"{place}.fund"),
        commodity=_text(leg["commodity"], f"{place}.commodity"),
        quantity=leg["quantity"],
        **options,
    )


def _check_keys(
    found: Mapping[str, object], needed: set[str], allowed: set[str], place: str
) -> None:
    # Nearly always these and no others; to add and subtract sets takes longer than the rest.
    if found.keys() == needed or needed - allowed <= found.keys() <= needed | allowed:
        return
    missing = sorted(needed - allowed - found.keys())
    if missing:
        raise Invalid("{missing} is missing.", place=f"{place}: {missing[0]}", missing=missing[0])
    unknown = sorted(found.keys() - needed - allowed)
    if unknown:
        raise Invalid(
            "{unknown!r:.40} is not a known field.",
            place=f"{place}: {unknown[0]:.40}",
            unknown=unknown[0],
        )


def _text(value: Any, place: str, longest: int = LONGEST_REFERENCE) -> str:
    # Nearly every text is plain; to look at each sign would cost a third of the load.
    if type(value) is str and len(value) <= longest and value.isprintable() and value.strip():
        return value
    if not isinstance(value, str) or not value.strip() or len(value) > longest:
        raise Invalid(
            "This must be text of 1 to {longest} characters.", place=place, longest=longest
        )
    # JSON can name half of a surrogate pair; no database can store it.
    if not is_storable_text(value.replace("\x00", "")):
        raise Invalid("This text contains an incomplete character.", place=place)
    if any(ord(sign) < 32 or sign == "\x7f" for sign in value):
        raise Invalid("This text contains control characters.", place=place)
    return value


def _day(value: Any, place: str) -> date:
    try:
        if not isinstance(value, str) or not A_DAY.fullmatch(value):
            raise ValueError
        day = date.fromisoformat(value)
    except ValueError as error:
        raise Invalid("This must be a date like 2026-12-31.", place=place) from error
    return check_day(day, place=place)


def _known(session: Session, commodity: str, place: str) -> None:
    try:
        ensure_commodity(session, commodity)
    except Invalid as error:
        raise Invalid(error.message, place=f"{place}: commodity") from error


def _line_place(place: str | None, places: list[int]) -> str:
    """Turn ``entries[3].fund`` of a batch into the line of the file."""
    text = place or ""
    if text.startswith("entries["):
        index, _, rest = text.removeprefix("entries[").partition("]")
        return f"line {places[int(index)]}: {rest.lstrip('.')}"
    return text


def _no_doubles(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _value in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {twice!r:.40} stands twice")
    return found


def _no_fraction(text: str) -> Any:
    raise ValueError(f"{text} is no whole number")


# Made once: a decoder with settings of its own is costly to make for each line.
_decode = json.JSONDecoder(
    object_pairs_hook=_no_doubles, parse_float=_no_fraction, parse_constant=_no_fraction
).decode
