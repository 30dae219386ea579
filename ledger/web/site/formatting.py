"""How figures look on pages: instants, spans, shares, and the geometry of a flow chart.

Integers in, text out; nothing passes through a float. Also used by the reports.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from babel.numbers import format_percent
from flask import Flask, g
from flask_babel import gettext
from flask_babel import lazy_gettext as later
from markupsafe import Markup, escape

from ledger.core.amount import UNKNOWN, decimals, kind_of
from ledger.core.pledge_sentences import Tone
from ledger.core.pledge_status import Standing
from ledger.core.recurring_status import GiftStanding
from ledger.core.written import format_day, format_figure, format_quantity
from ledger.queries.books.books import commodities
from ledger.web.site.context import reading
from ledger.web.site.locale import chosen
from ledger.web.site.tasks import task

# What a status is called beside its sentence.
TONES = {
    Tone.NEEDS_YOU: later("action needed"),
    Tone.NOT_PAID: later("not paid"),
    Tone.ON_ITS_WAY: later("on its way"),
    Tone.ARRIVED: later("arrived"),
    Tone.RECORDED: later("recorded"),
    Tone.RETURNED: later("returned"),
    Tone.ENDED: later("ended"),
}


def format_moment(instant: datetime, locale: str) -> str:
    """Write an aware instant to the minute: its day, and its time in UTC."""
    at = instant.astimezone(UTC)
    return f"{format_day(at.date(), locale)}, {at:%H:%M} UTC"


def _recorded(value: str, locale: str) -> str:
    """Write what a log holds as people read it: days, instants, and names without underscores."""
    if not _INSTANT.match(value):
        return value.replace("_", " ")
    if len(value) == len("2026-12-31"):
        return format_day(date.fromisoformat(value), locale)
    return format_moment(datetime.fromisoformat(value), locale)


def format_span(since: date, until: date, locale: str) -> str:
    """Write days from the first to the last: one day, or both with a dash between them."""
    first = format_day(since, locale)
    return first if since == until else f"{first} – {format_day(until, locale)}"


def format_share(basis_points: int, *, locale: str = "en") -> str:
    """Write hundredths of a percent: 5%, 2.5%."""
    share = Decimal(basis_points).scaleb(-4)
    return str(format_percent(share, format="#,##0.##%", locale=locale))


def plain_decimal(quantity: int, commodity: str) -> str:
    """Write a quantity for other programs: a plain decimal point, no grouping."""
    places = 0 if kind_of(commodity) == UNKNOWN else decimals(commodity)
    return f"{Decimal(quantity).scaleb(-places):f}"


def percent(part: int, whole: int) -> int:
    """Return the share in whole percent, rounded down, between 0 and 100."""
    if whole <= 0:
        return 0
    return max(0, min(100, part * 100 // whole))


_INSTANT = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d[\d:.]*[+-]\d\d:\d\d)?$")


@dataclass(frozen=True, slots=True)
class Box:
    """One station of a flow: where it stands and what it says."""

    label: str
    text: str
    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Band:
    """One stream between two stations; ``path`` is for an SVG."""

    path: str
    width: int
    label: str


@dataclass(frozen=True, slots=True)
class Flow:
    """A flow chart: boxes, bands and the size of the picture."""

    boxes: tuple[Box, ...]
    bands: tuple[Band, ...]
    width: int
    height: int


def flow_layout(
    columns: Sequence[Sequence[tuple[str, str, int]]],
    streams: Sequence[tuple[tuple[int, int], tuple[int, int], int]],
    *,
    picture: int = 720,
    row: int = 58,
    box_width: int = 170,
) -> Flow:
    """Lay out columns of (label, text, quantity) and streams between (column, row) places.

    Bands lie side by side where they leave and arrive, so that the widths at a box are its
    share of the largest box; at least one unit wide.
    """
    rows = max((len(column) for column in columns), default=0)
    height = max(rows, 1) * row
    gap = (picture - box_width) // max(len(columns) - 1, 1)
    boxes: dict[tuple[int, int], Box] = {}
    for c, column in enumerate(columns):
        top = (height - len(column) * row) // 2
        for r, (label, text, _quantity) in enumerate(column):
            boxes[c, r] = Box(label, text, c * gap, top + r * row + 5, box_width, row - 10)
    scale = (row - 14, max(*_sums(streams, 0), *_sums(streams, 1), 1))
    used: dict[tuple[str, tuple[int, int]], int] = {}
    bands = []
    for start, end, quantity in streams:
        a, b = boxes[start], boxes[end]
        width = max(1, quantity * scale[0] // scale[1])
        out = sum(max(1, q * scale[0] // scale[1]) for s, _e, q in streams if s == start)
        into = sum(max(1, q * scale[0] // scale[1]) for _s, e, q in streams if e == end)
        x1, x2 = a.x + a.width, b.x
        y1 = a.y + (a.height - out + width) // 2 + used.get(("out", start), 0)
        y2 = b.y + (b.height - into + width) // 2 + used.get(("in", end), 0)
        used["out", start] = used.get(("out", start), 0) + width
        used["in", end] = used.get(("in", end), 0) + width
        middle = (x1 + x2) // 2
        path = f"M{x1} {y1} C{middle} {y1} {middle} {y2} {x2} {y2}"
        bands.append(Band(path, width, f"{a.label} → {b.label}"))
    return Flow(tuple(boxes.values()), tuple(bands), picture, height)


def _sums(streams: Sequence[tuple[tuple[int, int], tuple[int, int], int]], side: int) -> list[int]:
    """Return what passes each place: 0 what leaves it, 1 what arrives."""
    totals: dict[tuple[int, int], int] = {}
    for start, end, quantity in streams:
        place = end if side else start
        totals[place] = totals.get(place, 0) + quantity
    return list(totals.values()) or [0]


def register_filters(app: Flask) -> None:
    """Give the templates their filters."""
    app.jinja_env.filters.update(
        quantity=_quantity,
        figure=lambda value, commodity: format_figure(value, commodity, locale=chosen()),
        share=lambda value: format_share(value, locale=chosen()),
        day=lambda value: format_day(value, chosen()),
        moment=lambda value: format_moment(value, chosen()),
        task=task,
        recorded=lambda value: _recorded(str(value), chosen()),
        words=lambda text: str(text).replace("_", " "),
        kind=kind_of,
        noun=noun,
        sentence=_sentence,
        tone=lambda tone: str(TONES[tone]),
        unit_pair=lambda commodity: (commodity, noun(commodity)),
        paragraphs=_paragraphs,
        pair=lambda row, value, text: (getattr(row, value), getattr(row, text)),
        pair_words=lambda text: (text, str(text).replace("_", " ")),
    )
    app.jinja_env.tests["of_kind"] = lambda commodity, kind: kind_of(commodity) == kind
    app.jinja_env.globals.update(percent=percent)


def _paragraphs(text: str) -> Markup:
    """Turn blank lines into paragraphs; everything else is escaped."""
    parts = [part.strip() for part in text.split("\n\n") if part.strip()]
    return Markup("").join(Markup("<p>{}</p>").format(part) for part in parts) or escape("")


def _sentence(standing: Standing | GiftStanding) -> str:
    """Say what is true of a pledge or a regular gift, in the visitor's language."""
    return standing.words(
        _quantity,
        lambda day: format_day(day, chosen()),
        lambda sentence: str(gettext(sentence)),
    )


def _quantity(value: int, commodity: str) -> str:
    # Money has no nouns to look up.
    nouns = {} if kind_of(commodity) == "money" else _nouns()
    return format_quantity(value, commodity, nouns=nouns, locale=chosen())


def noun(commodity: str) -> str:
    """Return what several of a commodity are called; money by its code."""
    if kind_of(commodity) == "money":
        return commodity
    return _nouns().get(commodity, (commodity, commodity))[1]


def _nouns() -> dict[str, tuple[str, str]]:
    if "nouns" not in g:
        with reading() as session:
            g.nouns = {
                code: (row.singular, row.plural) for code, row in commodities(session).items()
            }
    found: dict[str, Any] = g.nouns
    return found
