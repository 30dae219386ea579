"""Read the dates of hledger and ledger files: of transactions, and of single postings.

A posting may fall on another day than its transaction: ``; date:2024-01-04`` in hledger,
``; [2024-01-03]`` in both. Secondary dates (``=2024-01-05``) are passed over, as both programs do
unless they are told otherwise. Rules: hledger's manual, "Posting dates"; ledger's, "Auxiliary
dates".
"""

import re
from datetime import date

from ledger.errors import Invalid

_DATE = re.compile(r"(?:([0-9]{4})([-/.]))?([0-9]{1,2})([-/.])([0-9]{1,2})")
# hledger: the first of a tag named exactly ``date`` and of brackets with nothing but a date.
_TOLD = re.compile(r"(?:^|(?<=\s)|(?<=,\s))date:\s*(?P<tag>[^\s,]*)|\[(?P<inside>[0-9/.=-]+)\]")
_IN_BRACKETS = re.compile(r"\[([0-9=][^\]]*)\]")


def read_day(text: str, year: int | None, place: str) -> tuple[date, int] | None:
    """Return the date that a text begins with and where it ends; None where there is none.

    ``year`` counts where the date has none. Raises Invalid for a day that is not.
    """
    found = _DATE.match(text)
    if found is None:
        return None
    if found[2] is not None and found[2] != found[4]:
        raise Invalid("{found} is not a date.", place=place, found=found[0])
    counted = int(found[1]) if found[1] else year
    if counted is None:
        raise Invalid("This date has no year.", place=place)
    try:
        return date(counted, int(found[3]), int(found[5])), found.end()
    except ValueError as error:
        raise Invalid("{found} is not a date.", place=place, found=found[0]) from error


def hledger_day(comment: str, year: int, place: str) -> date | None:
    """Return the day that a posting's comment gives it in hledger. Raises Invalid."""
    for found in _TOLD.finditer(comment):
        told = found["tag"] if found["inside"] is None else found["inside"].partition("=")[0]
        inside = found["inside"]
        if inside is not None and not (re.search("[0-9]", inside) and re.search("[-/.]", inside)):
            continue
        if inside is not None and not told:
            continue
        day = read_day(told, year, place)
        if day is None or (inside is not None and day[1] != len(told)):
            raise Invalid("{told!r} is not a date.", place=place, told=told[:20])
        return day[0]
    return None


def ledger_day(comment: str, year: int | None, place: str) -> date | None:
    """Return the day that a comment in brackets gives in ledger. Raises Invalid."""
    start = comment.find("[")
    found = _IN_BRACKETS.match(comment, start) if start >= 0 and ":" not in comment else None
    told = found[1].partition("=")[0] if found else ""
    if not told:
        return None
    day = read_day(told, year, place)
    if day is None or day[1] != len(told):
        raise Invalid("{told!r} is not a date.", place=place, told=told[:20])
    return day[0]
