"""A table as a form: its columns with examples, and what a person says that each of them is."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from flask import redirect, request, url_for
from flask_babel import gettext as _
from marshmallow import Schema
from werkzeug.wrappers import Response

from ledger.bank_files import MAX_BYTES, Grid, Profile, Reading, order_of, place, profile_from
from ledger.core.accounts import Acct
from ledger.errors import Invalid
from ledger.models.books import Book
from ledger.schemas.fields import asked
from ledger.schemas.tables import COLUMN, MEANINGS, Table
from ledger.services.importing.tables import draft_by_id, keep_draft
from ledger.web.site.context import now, reading, signed_in, write
from ledger.web.site.forms import Errors, Form

# The fields besides those of the columns.
FIELDS = ("heading_line", "day_format", "decimal_mark", "encoding", "currency", "opening")
# The page that asks for what is missing.
ASKS = {
    "statement": "bank_tables.show",
    "gifts": "gift_lists.show",
    "ledger": "ledgers.show",
}
EXAMPLES = 3
EXAMPLE_LENGTH = 40
LINES_OFFERED = 40
# What stays as it was while the columns mean the same: no field of the form asks for it.
_KEPT = ("name", "newest_first", "fee_with_payment", "currency_out", "counterparty_out")


@dataclass(frozen=True, slots=True)
class Column:
    """A column with its heading, what stands in its first rows, and the name of its field."""

    field: str
    heading: str
    examples: tuple[str, ...]


def sent_file() -> tuple[str, bytes]:
    """Return name and content of the file that a form brings. Raises Invalid for none."""
    sent = request.files.get("file")
    data = sent.read() if sent is not None else b""
    if sent is None or not sent.filename or not data:
        raise Invalid(_("Choose a file first."), place="file")
    if len(data) > MAX_BYTES:
        raise Invalid(_("The file is larger than 10 MB."), place="file")
    return sent.filename, data


def to_mapping(book: Book, purpose: str, file_name: str, data: bytes) -> Response:
    """Keep a table that somebody has to say more of, and lead to its page."""
    person = signed_in()
    draft_id = write(
        lambda session: keep_draft(
            session,
            book=book,
            account=Acct.BANK,
            purpose=purpose,
            file_name=file_name,
            data=data,
            by=person.id,
            now=now(),
        )
    )
    return redirect(url_for(ASKS[purpose], code=book.code, draft_id=draft_id), 303)


def draft_of(book: Book, draft_id: UUID, purpose: str) -> tuple[str, bytes]:
    """Return name and content of a file that waits. Raises NotFound."""
    with reading() as session:
        draft, data = draft_by_id(session, book_id=book.id, draft_id=draft_id, purpose=purpose)
    return draft.file_name, data


def width_of(grid: Grid) -> int:
    """Return how many columns a table has, in its widest row."""
    return max(len(row.cells) for row in grid.rows)


def columns_of(found: Reading) -> list[Column]:
    """Return the columns of a table that hold anything, with examples below the headings."""
    first = found.placed.first if found.placed is not None else 0
    above = found.grid.rows[first - 1].cells if first else ()
    rows = found.grid.rows[first : first + EXAMPLES * 4]
    columns = []
    for index in range(width_of(found.grid)):
        cells = [row.cells[index].strip() for row in rows if index < len(row.cells)]
        filled = [cell[:EXAMPLE_LENGTH] for cell in cells if cell]
        heading = above[index].strip() if index < len(above) else ""
        if heading or filled:
            columns.append(
                Column(
                    f"{COLUMN}{index + 1}",
                    heading or _("Column %(number)s", number=index + 1),
                    tuple(dict.fromkeys(filled))[:EXAMPLES],
                )
            )
    return columns


def shown_of(found: Reading) -> dict[str, Any]:
    """Return what the page of a table shows of a reading of it."""
    return {"columns": columns_of(found), "lines": heading_lines(found.grid), "asked": None}


def form_of(
    shape: Schema, shown: Mapping[str, Any], values: Mapping[str, Any], errors: Errors
) -> Form:
    """Return the form of a table; ``shown`` holds its columns and the lines of its headings."""
    return Form(
        shape,
        values=values,
        errors=errors,
        options={"heading_line": shown["lines"]},
        more={one.field: asked(one.heading) for one in shown["columns"]},
    )


def heading_lines(grid: Grid) -> list[tuple[str, str]]:
    """Return the lines that may hold the headings, with how each begins."""
    offered = [("0", _("No headings"))]
    for row in grid.rows[:LINES_OFFERED]:
        begins = " · ".join(cell.strip() for cell in row.cells if cell.strip())
        offered.append((str(row.number), f"{row.number}: {begins[:60]}"))
    return offered


def values_of(found: Reading, currency: str, meanings: Sequence[str] = MEANINGS) -> dict[str, str]:
    """Return a reading as the answers of its form; ``currency`` is the book's."""
    profile, placed = found.profile, found.placed
    headings = found.grid.rows[placed.first - 1].number if placed and placed.first else 0
    headless = placed is not None and placed.headings[:1] == ("#1",)
    values = {
        "heading_line": "0" if headless else str(headings),
        "day_format": order_of(profile.day_format) or profile.day_format,
        "decimal_mark": profile.decimal_mark,
        "encoding": profile.encoding,
        "currency": profile.currency or ("" if profile.currency_column else currency),
        "money_out": ", ".join(profile.sign_out),
        "booked": ", ".join(profile.booked),
    }
    for key in meanings:
        for name in _named(profile, key):
            if placed is not None and name in placed.at:
                values[f"{COLUMN}{placed.at[name] + 1}"] = key
    return values


def profile_of(base: Reading, said: Table) -> Profile:
    """Return the profile that what was said of a table makes. Raises Invalid, naming a field."""
    number = said.heading_line
    above = next((row for row in base.grid.rows if row.number == number), None)
    if number and above is None:
        raise Invalid(_("Choose the line with the headings."), messages={
            "heading_line": [_("Choose the line with the headings.")]})  # fmt: skip
    headings = [cell.strip() for cell in above.cells] if above else []
    columns: dict[str, list[str]] = {}
    for column, meaning in said.columns.items():
        if meaning:
            columns.setdefault(meaning, []).append(_name(headings, int(column)))
    _check_enough(columns)
    for meaning, names in columns.items():
        if meaning != "texts" and len(names) > 1:
            sentence = _(
                "Two different columns cannot be the same: %(names)s.", names=", ".join(names)
            )
            raise Invalid(sentence, messages={"form": [sentence]})
    document: dict[str, Any] = {
        key: names if key == "texts" else names[0] for key, names in columns.items()
    }
    written = {
        "day_format": said.day_format,
        "decimal_mark": said.decimal_mark,
        "encoding": said.encoding,
        "currency": said.currency.upper(),
    }
    document |= {key: text for key, text in written.items() if text}
    same = all(_named(base.profile, key) == columns.get(key, []) for key in MEANINGS if key)
    if same:
        document |= {key: getattr(base.profile, key) for key in _KEPT}
    profile = profile_from({"name": base.profile.name, **document, "heading_line": number})
    return _found_by_itself(base.grid, profile)


def _check_enough(columns: dict[str, list[str]]) -> None:
    both = "paid_out" in columns and "paid_in" in columns
    sentence = ""
    if "day" not in columns:
        sentence = _("Choose the column of the date.")
    elif ("amount" in columns) == both or ("paid_out" in columns) != ("paid_in" in columns):
        sentence = _(
            "Choose the column of the amount, or the two columns of amounts paid out and paid in."
        )
    if sentence:
        raise Invalid(sentence, messages={"form": [sentence]})


def _found_by_itself(grid: Grid, profile: Profile) -> Profile:
    """Leave out the line of the headings where they are found without it: next time there may be
    more lines above them."""
    loose = replace(profile, heading_line=None)
    try:
        first = place(grid, loose).first
    except Invalid:
        return profile
    return loose if first and grid.rows[first - 1].number == profile.heading_line else profile


def _named(profile: Profile, key: str) -> list[str]:
    value = getattr(profile, key) if key else ""
    names = list(value) if isinstance(value, tuple) else [value]
    return [name for name in names if name]


def _name(headings: list[str], number: int) -> str:
    """Return a column's heading where it is the only one, or else its number."""
    heading = headings[number - 1] if number <= len(headings) else ""
    return heading if heading and Counter(headings)[heading] == 1 else f"#{number}"
