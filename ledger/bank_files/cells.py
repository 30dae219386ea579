"""What stands in one cell of a table: an amount, a day, a currency, in the ways people write them.

Amounts come back in minor units, days within the bounds of the books. Must not guess: what can be
read in two ways is read as the table's profile says, or refused.
"""

import re
from datetime import date, datetime
from functools import lru_cache

from babel import Locale

from ledger.bank_files.statement import minor
from ledger.core.bounds import check_day
from ledger.core.currencies import EXPONENTS
from ledger.errors import Invalid


class Number(str):
    """A cell that a workbook holds as a number, in plain decimal digits.

    ``day`` is what it would be, had somebody formatted it as a day.
    """

    day: date | None = None


class Day(str):
    """A cell that a workbook holds as a day, in ISO form."""

    __slots__ = ()


# No amount is longer, and long texts would keep the expressions below busy.
LONGEST = 60
ORDERS = ("dmy", "mdy", "ymd")
MARKS = (".", ",")
OTHER_MARK = {".": ",", ",": "."}
SYMBOLS = {
    "€": {"EUR"},
    "EURO": {"EUR"},
    "£": {"GBP", "EGP", "GIP", "FKP", "SHP"},
    "¥": {"JPY", "CNY"},
    "₹": {"INR"},
    "RS": {"INR", "PKR", "LKR", "NPR", "MUR"},
    "RS.": {"INR", "PKR", "LKR", "NPR", "MUR"},
    "KR": {"SEK", "NOK", "DKK", "ISK"},
    "KR.": {"SEK", "NOK", "DKK", "ISK"},
    "ZŁ": {"PLN"},
    "KČ": {"CZK"},
    "FT": {"HUF"},
    "FR.": {"CHF"},
    "R$": {"BRL"},
    "US$": {"USD"},
    "C$": {"CAD"},
    "A$": {"AUD"},
    "$": {code for code in EXPONENTS if code.endswith("D")} | {"MXN", "ARS", "CLP", "COP", "UYU"},
}
_MINUS = dict.fromkeys(map(ord, "−–‒﹣－"), "-")
_BLANKS = dict.fromkeys(map(ord, "\u00a0\u202f\u2009\u2007\t"), " ")
_PARTS = re.compile(
    r"(?P<open>\()?\s*(?P<before>[^0-9,()]*?(?<![^\W\d_])|[^0-9,()]*?[^\W\d_]\.?)\s*"
    r"(?P<number>[.,]?[0-9](?:[0-9.,'’ ]*[0-9])?(?:[.,](?:--?)?)?)"
    r"\s*(?P<after>[^0-9.,()]*(?:\.(?=\s*$|\s*\)))?)\s*(?P<close>\))?"
)
_SIDES = {"DR": -1, "D": -1, "S": -1, "CR": 1, "C": 1, "H": 1}
_WHOLE = {
    ".": r"[0-9]+|[0-9]{1,3}(?P<group>[,'’ ])[0-9]{3}(?:(?P=group)[0-9]{3})*"
    r"|[0-9]{1,2}(?:,[0-9]{2})+,[0-9]{3}",
    ",": r"[0-9]+|[0-9]{1,3}(?P<group>[.'’ ])[0-9]{3}(?:(?P=group)[0-9]{3})*",
}
_WRITTEN = {
    mark: re.compile(rf"(?P<whole>{whole})?(?:{re.escape(mark)}(?P<part>[0-9]+|--?)?)?")
    for mark, whole in _WHOLE.items()
}
USUAL_DECIMALS = 2
_PLAIN = {
    mark: re.compile(rf"-?[0-9]{{1,12}}{re.escape(mark)}[0-9]{{2}}", re.ASCII) for mark in MARKS
}
_CLOCK = r"(?:[T ,]\s*(?:[0-2]?[0-9][:.][0-9]{2}.*)?)?"
_NUMERIC = re.compile(rf"(\d{{1,4}})([./-]|\. ?)(\d{{1,2}})\2(\d{{1,4}}){_CLOCK}", re.ASCII)
_SOLID = re.compile(r"\d{8}", re.ASCII)
_NAMED = re.compile(rf"(\d{{1,2}}|[^\W\d_]{{3,12}})\.?[ ./-]+(\d{{1,2}}|[^\W\d_]{{3,12}})"
                    rf"[., /-]+(\d{{2}}|\d{{4}}){_CLOCK}")  # fmt: skip
_LANGUAGES = ("en", "de", "fr", "nl", "es", "it", "pt", "sv", "da", "pl")
# As strptime decides it.
_CENTURY_TURNS = 69


def _months() -> dict[str, int]:
    found: dict[str, int] = {}
    for language in _LANGUAGES:
        for width in ("abbreviated", "wide"):
            for number, name in Locale(language).months["format"][width].items():
                found.setdefault(name.strip(".").casefold(), number)
                found.setdefault(name.strip(".").casefold()[:3], number)
    return found


MONTHS = _months()


def currency_of(text: str) -> str:
    """Return the code of a currency that a cell names. Raises Invalid for what is none."""
    named = text.strip().upper()
    if named in EXPONENTS:
        return named
    meant = SYMBOLS.get(named, set())
    if len(meant) == 1:
        return next(iter(meant))
    raise Invalid("{value!r} is not a currency.", value=text[:10])


def read_amount(text: str, currency: str, mark: str) -> int:
    """Return an amount in minor units; ``mark`` is what stands before its decimals.

    Read are 5.00-, (5.00), −5, 5.00 DR, 1,50,000.00 and 20,- as well. Raises Invalid for what is
    no amount, or one of another currency.
    """
    if isinstance(text, Number):
        return minor(str(text), currency, "")
    # What nearly every cell looks like needs no closer look.
    if _PLAIN[mark].fullmatch(text) and EXPONENTS.get(currency) == USUAL_DECIMALS:
        return int(text.replace(mark, ""))
    refused = Invalid("{value!r} is not an amount.", value=text[:40])
    if len(text) > LONGEST or _PLAIN[OTHER_MARK[mark]].fullmatch(text):
        raise refused
    parts = _PARTS.fullmatch(text.translate(_MINUS).translate(_BLANKS).strip())
    if parts is None or bool(parts["open"]) != bool(parts["close"]):
        raise refused
    signs = [-1] if parts["open"] else []
    for name in ("before", "after"):
        signs += _around(parts[name], name == "after", currency, text)
    written = _WRITTEN[mark].fullmatch(parts["number"])
    if len(signs) > 1 or written is None or not (written["whole"] or written["part"]):
        raise refused
    whole = re.sub(r"[^0-9]", "", written["whole"] or "") or "0"
    part = (written["part"] or "").strip("-") or "0"
    found = minor(f"{whole}.{part}", currency, "")
    return -found if signs == [-1] else found


def _around(text: str, behind: bool, currency: str, whole: str) -> list[int]:
    """Return the signs beside a number, once its currency is known to be the row's."""
    signs = []
    rest = text.strip()
    for sign, value in (("-", -1), ("+", 1)):
        signs += [value] * rest.count(sign)
        rest = rest.replace(sign, "", 1).strip()
    words = rest.upper().split()
    if behind and words and words[-1] in _SIDES:
        signs.append(_SIDES[words.pop()])
    named = "".join(words)
    if named and named != currency and currency not in SYMBOLS.get(named, set()):
        if named in EXPONENTS or named in SYMBOLS:
            raise Invalid(
                "{whole!r} is not in {currency}.",
                whole=whole[:40],
                currency=currency,
            )
        raise Invalid("{whole!r} is not an amount.", whole=whole[:40])
    return signs


def marks_of(texts: list[tuple[str, str]]) -> list[str]:
    """Return the decimal marks with which all amounts can be read; each comes with its currency.

    Where both give the same amounts it does not matter, and the first is returned alone.
    """
    sound = {}
    different = list(dict.fromkeys(texts))
    for mark in MARKS:
        try:
            sound[mark] = [read_amount(text, currency, mark) for text, currency in different]
        except Invalid:
            continue
    if len(sound) > 1 and sound["."] == sound[","]:
        return ["."]
    return list(sound)


def days_of(text: str) -> dict[str, date]:
    """Return the days that a cell can mean, by the order in which it is read."""
    if isinstance(text, Day):
        return dict.fromkeys(ORDERS, date.fromisoformat(text[:10]))
    if isinstance(text, Number) and text.day is not None:
        return dict.fromkeys(ORDERS, text.day)
    bare = text.strip()
    return _days_of(bare) if len(bare) <= LONGEST else {}


# A table names the same days again and again.
@lru_cache(maxsize=4_096)
def _days_of(bare: str) -> dict[str, date]:
    if _SOLID.fullmatch(bare):
        pieces = {"ymd": (bare[:4], bare[4:6], bare[6:]), "dmy": (bare[4:], bare[2:4], bare[:2])}
        pieces["mdy"] = (bare[4:], bare[:2], bare[2:4])
    elif found := _NUMERIC.fullmatch(bare):
        one, mark, two, three = found.groups()
        pieces = {"dmy": (three, two, one), "mdy": (three, one, two), "ymd": (one, two, three)}
        if len(one) > 2 or (mark == "-" and len(three) < 2):
            pieces = {"ymd": pieces["ymd"]}
        elif len(three) in (1, 3):
            return {}
        elif len(three) > 2:
            del pieces["ymd"]
    elif found := _NAMED.fullmatch(bare):
        one, two, three = found.groups()
        day, month = (one, two) if one.isdigit() else (two, one)
        number = MONTHS.get(month.casefold(), MONTHS.get(month.casefold()[:3]))
        if number is None or not day.isdigit():
            return {}
        pieces = dict.fromkeys(ORDERS, (three, str(number), day))
    else:
        return {}
    return {order: day for order, piece in pieces.items() if (day := _day(*piece)) is not None}


def _day(year: str, month: str, day: str) -> date | None:
    if len(year) == 2:
        year = str(int(year) + (1900 if int(year) >= _CENTURY_TURNS else 2000))
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def orders_of(texts: list[str]) -> list[str]:
    """Return the orders in which every cell is a day; alone what is usual where days have dots."""
    found = [days_of(text) for text in dict.fromkeys(texts)]
    orders = [order for order in ORDERS if all(order in one for one in found)]
    readings = {tuple(one[order] for one in found) for order in orders}
    if orders and len(readings) == 1:
        return orders[:1]
    dotted = all(re.match(r"\d{1,2}\.", text.strip(), re.ASCII) for text in texts)
    return ["dmy"] if dotted and "dmy" in orders else orders


def read_day(text: str, written: str) -> date:
    """Return the day of a cell; ``written`` is an order of ``ORDERS`` or a format of strptime.

    With a format, a day of one digit, a year of two or four and a time behind it are read too.
    Raises Invalid for what is no day, or one out of bounds.
    """
    refused = Invalid("{value!r} is not a date.", value=text[:20])
    if isinstance(text, Day):
        return check_day(date.fromisoformat(text[:10]))
    if isinstance(text, Number) and text.day is not None:
        return check_day(text.day)
    if written in ORDERS:
        found = days_of(text).get(written)
        if found is None:
            raise refused
        return check_day(found)
    try:
        return check_day(datetime.strptime(text.strip(), written).date())
    except ValueError as error:
        found = days_of(text).get(order_of(written))
        if found is None or _marks(text) != _marks(written):
            raise refused from error
        return check_day(found)


def order_of(written: str) -> str:
    """Return the order of a format of strptime: ``%d.%m.%Y`` is ``dmy``."""
    names = {"b": "m", "B": "m", "h": "m", "Y": "y"}
    letters = [names.get(one, one) for one in re.findall(r"%-?([dmbBhyY])", written)]
    return "".join(letters[:3])


def _marks(text: str) -> str:
    """Return what stands between the parts of a day: ``..`` or ``//``."""
    return "".join(re.findall(r"(?<=\w)[./-](?=[\w%])", text.strip().split(" ")[0].split("T")[0]))
