"""Read hours that were clocked (timeclock) or dotted (timedot), as hledger reads both.

Volunteer hours are counted in whole minutes. A clock's seconds are dropped at both ends, so that
sessions that follow one another still add up. Rules: hledger's manual, "Timeclock format" and
"Timedot format". Time has no other side in these files; where it comes from is for the mapping.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from ledger.errors import Invalid
from ledger.importers.balancing import ALONE, Draft, Rules, Running, Written, complete
from ledger.importers.days import read_day
from ledger.importers.folder import Folder, Text
from ledger.importers.history import Figure, History
from ledger.importers.mapping import MINUTES
from ledger.importers.posting_lines import check_name, split_comment

_CLOCK = re.compile(
    r"(?P<what>[bhioO])\s+(?P<day>\S+)\s+(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})"
    r"(?::(?P<second>[0-9]{2}))?(?:[+-][0-9]{4})?(?:\s+(?P<rest>.*))?"
)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400, "": 3600}
_QUANTITY = re.compile(r"([0-9]+(?:\.[0-9]+)?|\.[0-9]+)\s*([a-z]*)")
# A time behind a single blank is taken for a part of the name, and so would be lost.
_ONE_BLANK = re.compile(r"[0-9.]+[smhdw]?")
_DOT_MINUTES = 15


@dataclass(slots=True)
class Times:
    """What a file of times holds; the clock-in that no clock-out followed yet."""

    written: list[Written] = field(default_factory=list)
    # Lines whose seconds were dropped.
    cut: list[int] = field(default_factory=list)
    begun: tuple[int, datetime, str] | None = None

    def add(self, line: int, on: date, account: str, minutes: Decimal) -> None:
        """Add time that was spent on something on a day."""
        check_name(account, f"line {line}")
        figure = Figure(minutes, MINUTES)
        self.written.append(Written(line, on, [Draft(line, account, figure, group=ALONE)]))


def read(folder: Folder, kind: str) -> History:
    """Read a file of times. Raises Invalid by line. Must run where decimals are not rounded."""
    times = READERS[kind](folder.open())
    done = complete(times.written, Rules(), Running())
    done.sort(key=lambda one: one.on)
    return History(kind, tuple(done), tuple(warnings_of(times, folder)))


def warnings_of(times: Times, folder: Folder) -> list[str]:
    """Return what to tell about times that were not taken as they are written."""
    if not times.cut:
        return []
    first = folder.place(f"line {times.cut[0]}")
    return [
        f"{first}: time is counted in whole minutes; the seconds of {len(times.cut)} "
        f"{'lines were' if len(times.cut) > 1 else 'line were'} dropped."
    ]


def _timeclock(text: Text) -> Times:
    times = Times()
    for number, line in enumerate(text.text.split("\n"), start=text.first):
        line = line.rstrip()
        if line and line[0] not in ";#* \t":
            _clock(times, line, number)
    if times.begun is not None:
        raise Invalid(
            "This clock-in has no clock-out. Write when the work ended.",
            place=f"line {times.begun[0]}",
        )
    return times


def _clock(times: Times, line: str, number: int) -> None:
    place = f"line {number}"
    found = _CLOCK.fullmatch(line)
    if found is None or found["what"] in "bh":
        raise Invalid(
            "{line!r} is not a clock-in (i) or clock-out (o).", place=place, line=line[:40]
        )
    read = read_day(found["day"], None, place)
    if read is None or read[1] != len(found["day"]):
        raise Invalid("{found!r} is not a date.", place=place, found=found["day"][:20])
    try:
        clock = time(int(found["hour"]), int(found["minute"]), int(found["second"] or 0))
    except ValueError as error:
        raise Invalid("This is not a time of day.", place=place) from error
    if clock.second:
        times.cut.append(number)
    instant = datetime.combine(read[0], clock.replace(second=0))
    if found["what"] == "i":
        if times.begun is not None:
            raise Invalid(
                "The clock-in of line {begun} has no clock-out yet.",
                place=place,
                begun=times.begun[0],
            )
        account = re.split(r"\s{2,}|\t", split_comment(found["rest"] or "")[0].strip())[0]
        if not account:
            raise Invalid("Enter after the clock-in what the time was spent on.", place=place)
        times.begun = (number, instant, account)
        return
    if times.begun is None:
        raise Invalid("There is no clock-in before this clock-out.", place=place)
    line_in, start, account = times.begun
    if instant < start:
        raise Invalid("This is before the clock-in above.", place=place)
    times.begun = None
    while start.date() < instant.date():
        midnight = datetime.combine(start.date() + timedelta(days=1), time())
        times.add(line_in, start.date(), account, _minutes(midnight - start))
        start = midnight
    times.add(line_in, start.date(), account, _minutes(instant - start))


def _minutes(span: timedelta) -> Decimal:
    return Decimal(span // timedelta(minutes=1))


def _timedot(text: Text) -> Times:
    times, day = Times(), None
    for number, line in enumerate(text.text.split("\n"), start=text.first):
        place = f"line {number}"
        # Headings of an outline may hold dates and accounts.
        plain = re.sub(r"^\*+\s+", "", line.rstrip())
        if not plain.strip() or plain.lstrip()[0] in ";#":
            continue
        found = read_day(plain, None, place)
        if found is not None and plain[found[1] :][:1] in ("", " ", "\t"):
            day = found[0]
        elif day is None and line[0] != "*":
            raise Invalid("This line is before the first date.", place=place)
        elif day is not None:
            written = split_comment(plain.strip())[0].strip()
            account, *rest = re.split(r"\s{2,}|\t", written, maxsplit=1)
            if rest:
                times.add(number, day, account, _dotted(rest[0].strip(), place))
            elif " " in written and _ONE_BLANK.fullmatch(written.split()[-1]):
                raise Invalid("Write two spaces between the activity and its time.", place=place)
    return times


def _dotted(text: str, place: str) -> Decimal:
    """Read ``.... ..`` (quarters of an hour), ``1.5h``, ``90m`` or hours alone, as minutes."""
    dots = text.replace(" ", "")
    if dots and not dots.strip("."):
        return Decimal(len(dots) * _DOT_MINUTES)
    found = _QUANTITY.fullmatch(text)
    if found is None or found[2] not in _SECONDS:
        raise Invalid(
            "{value!r} is not a duration. Write dots for quarters of an hour, or 90m, 1.5h.",
            place=place,
            value=text[:40],
        )
    return Decimal(found[1]) * _SECONDS[found[2]] / 60


READERS: dict[str, Callable[[Text], Times]] = {"timeclock": _timeclock, "timedot": _timedot}
