"""Bulk load of entries, one JSON object a line; all or nothing; twice adds nothing.

Parsed strictly: whole numbers only, no unknown or doubled keys, and every refusal names line
and field. The door opens the transaction.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from ledger.core.entry import Entry, Posting
from ledger.db import Session
from ledger.errors import Invalid
from ledger.services.books import ensure_commodity
from ledger.services.journal import LABELS, Draft, post_batch

BATCH = 1000
MAX_LINE = 256 * 1024
MAX_TEXT = 200
SOURCE = "import"
ENTRY_KEYS = {"book", "accounting_date", "event_type", "external_ref", "postings"}
LEG_KEYS = {"account", "fund", "commodity", "quantity"}
LEG_OPTIONS = {"counterparty", *LABELS}


@dataclass(frozen=True, slots=True)
class Imported:
    """How many entries and postings came in, and how many entries were there already."""

    entries: int
    postings: int
    duplicates: int


def import_entries(
    session: Session, *, lines: Iterable[bytes], book: str | None, now: datetime
) -> Imported:
    """Load entries from JSON lines. Raises Invalid or Conflict, naming line and field."""
    entries = postings = duplicates = 0
    batch: list[Draft] = []
    places: list[int] = []
    commodities: set[str] = set()

    def flush() -> None:
        nonlocal entries, postings, duplicates
        try:
            posted = post_batch(session, batch, now=now)
        except Invalid as error:
            raise Invalid(error.message, place=_line_place(error.place, places)) from error
        entries += len(batch) - posted.duplicates
        postings += posted.postings
        duplicates += posted.duplicates
        batch.clear()
        places.clear()

    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        draft = _draft(line, f"line {number}", book)
        for leg in draft.entry.postings:
            if leg.commodity not in commodities:
                _known(session, leg.commodity, f"line {number}")
                commodities.add(leg.commodity)
        batch.append(draft)
        places.append(number)
        if len(batch) == BATCH:
            flush()
    if batch:
        flush()
    return Imported(entries, postings, duplicates)


def _draft(line: bytes, place: str, book: str | None) -> Draft:
    document = _document(line, place)
    _check_keys(document, ENTRY_KEYS, set() if book is None else {"book"}, place)
    code = document.get("book", book)
    if book is not None and code != book:
        raise Invalid(f"This entry is for book {code!r:.40}, not {book}.", place=f"{place}: book")
    legs = document["postings"]
    if not isinstance(legs, list):
        raise Invalid("Postings are a list.", place=f"{place}: postings")
    postings = tuple(_leg(leg, f"{place}: postings[{i}]") for i, leg in enumerate(legs))
    try:
        entry = Entry(_text(code, f"{place}: book"), postings)
    except Invalid as error:
        raise Invalid(error.message, place=f"{place}: {error.place}") from error
    return Draft(
        entry=entry,
        event_type=_text(document["event_type"], f"{place}: event_type"),
        source=SOURCE,
        external_ref=_text(document["external_ref"], f"{place}: external_ref"),
        accounting_on=_day(document["accounting_date"], f"{place}: accounting_date"),
    )


def _document(line: bytes, place: str) -> dict[str, Any]:
    if len(line) > MAX_LINE:
        raise Invalid("The line is too long.", place=place)
    try:
        document = json.loads(
            line.decode("utf-8"),
            object_pairs_hook=_no_doubles,
            parse_float=_no_fraction,
            parse_constant=_no_fraction,
        )
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise Invalid(
            f"The line is no JSON that can be loaded: {error}"[:200], place=place
        ) from error
    if not isinstance(document, dict):
        raise Invalid("Each line is one JSON object.", place=place)
    return document


def _leg(leg: Any, place: str) -> Posting:
    if not isinstance(leg, dict):
        raise Invalid("A posting is an object.", place=place)
    _check_keys(leg, LEG_KEYS, LEG_OPTIONS, place)
    for name in ("account", "quantity"):
        if type(leg[name]) is not int:
            raise Invalid("This is a whole number.", place=f"{place}.{name}")
    options = {
        name: _text(leg[name], f"{place}.{name}")
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


def _check_keys(found: dict[str, Any], needed: set[str], allowed: set[str], place: str) -> None:
    missing = sorted(needed - allowed - found.keys())
    if missing:
        raise Invalid(f"{missing[0]} is missing.", place=f"{place}: {missing[0]}")
    unknown = sorted(found.keys() - needed - allowed)
    if unknown:
        raise Invalid(f"{unknown[0]!r:.40} is not known here.", place=f"{place}: {unknown[0]:.40}")


def _text(value: Any, place: str) -> str:
    if not isinstance(value, str) or not value or len(value) > MAX_TEXT:
        raise Invalid(f"This is a text of 1 to {MAX_TEXT} characters.", place=place)
    if any(ord(sign) < 32 or sign == "\x7f" for sign in value):
        raise Invalid("This text holds control characters.", place=place)
    return value


def _day(value: Any, place: str) -> date:
    try:
        if not isinstance(value, str) or len(value) != 10:
            raise ValueError
        return date.fromisoformat(value)
    except ValueError as error:
        raise Invalid("This is a date like 2026-12-31.", place=place) from error


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


def _no_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _value in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {twice!r:.40} stands twice")
    return found


def _no_fraction(text: str) -> Any:
    raise ValueError(f"{text} is no whole number")
