"""Turn the bytes of a bank file into text without garbling it.

Banks write UTF-8, UTF-16 or the code page of an old system, and seldom say which. A code page is
taken only where its letters make sense; where two do, the reader is told which was taken.
Statistical guessers fail here: a file of one umlaut comes out as Chinese.
"""

import codecs
import unicodedata

from ledger.errors import Invalid

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# In the order in which banks use them: Windows, central Europe, DOS, old Macs.
# The number is how much more sense a rarer one has to make.
CODE_PAGES = {"cp1252": 0, "cp1250": 1, "cp850": 2, "mac_roman": 4}
NAMES = {"cp1252": "Windows-1252", "cp1250": "Windows-1250", "cp850": "CP850 (DOS)",
         "mac_roman": "Mac Roman"}  # fmt: skip
_LETTERS = frozenset(
    "äöüÄÖÜßéèêëÉÈÊËàâáãåæÀÂÁÃÅÆçÇîïíìÎÏÍÌôóòõøœÔÓÒÕØŒûúùÛÚÙñÑýÿÝðÐþÞšžŠŽ"
    "ąćęłńóśźżĄĆĘŁŃÓŚŹŻčďěňřťůČĎĚŇŘŤŮľĺŕĽĹŔőűŐŰăâîșțşţĂȘȚŞŢđĐ"
)
# Where two code pages both make letters, the one that makes more usual ones is taken.
_USUAL = frozenset("äöüÄÖÜßéèêëàâáçîïíóúôùûñåøæãõÉÀÅØ")
_APART = frozenset("€£§°«»–—‘’“”„‚…·ºª²³½¼¿¡©®™\u00a0\u202f´`•¢¥µ±×÷")
_NUL_SHARE = 4
NEWLINE = b"\n"


def decode(data: bytes, declared: str = "") -> tuple[str, list[str]]:
    """Return the text and what the reader should know of how it was read.

    ``declared`` is an encoding that somebody says it has. Raises Invalid for bytes that are no
    text, or whose letters can be read in no way that we know.
    """
    for mark, name in _MARKS:
        if data.startswith(mark):
            return _strict(data[len(mark) :] if name == "utf-8" else data, name), []
    if declared:
        return _strict(data, declared), []
    wide = _wide(data)
    if wide:
        return _strict(data, wide), []
    try:
        return data.decode("utf-8"), []
    except UnicodeDecodeError:
        _check_surrogates(data)
        return _from_code_page(data)


def _strict(data: bytes, name: str) -> str:
    try:
        return data.decode(name)
    except (UnicodeDecodeError, LookupError) as error:
        raise Invalid(
            "The file is not encoded as {name}. Save it as UTF-8 and upload it again.",
            place="file",
            name=name,
        ) from error


def _check_surrogates(data: bytes) -> None:
    """Raise Invalid for UTF-8 with half a surrogate pair, which would look like a code page."""
    try:
        text = data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return
    first = next(index for index, sign in enumerate(text) if 0xD800 <= ord(sign) < 0xE000)
    raise Invalid(
        "This line contains an incomplete character, which cannot be stored.",
        place=f"line {text.count(chr(10), 0, first) + 1}",
    )


def _wide(data: bytes) -> str:
    """Tell UTF-16 without a mark by the NUL in every other byte."""
    start = data[:2000]
    half = max(1, len(start) // _NUL_SHARE)
    if start[1::2].count(0) > half and start[0::2].count(0) == 0:
        return "utf-16-le"
    if start[0::2].count(0) > half and start[1::2].count(0) == 0:
        return "utf-16-be"
    return ""


def _from_code_page(data: bytes) -> tuple[str, list[str]]:
    sound: dict[str, str] = {}
    for name in CODE_PAGES:
        try:
            text = data.decode(name)
        except UnicodeDecodeError:
            continue
        if _makes_sense(text):
            sound[name] = text
    if not sound:
        raise Invalid(
            "The character encoding of this file is unclear. Save it as UTF-8 and upload it again.",
            place=_place(data),
        )
    costs = {name: CODE_PAGES[name] + 2 * _unusual(text) for name, text in sound.items()}
    name = min(costs, key=lambda one: costs[one])
    text = sound[name]
    if len(set(sound.values())) == 1 or costs[name] == 0:
        return text, []
    return text, [f"The file does not say how its letters are written; it was read as "
                  f"{NAMES[name]}. Check the names."]  # fmt: skip


def _unusual(text: str) -> int:
    return sum(1 for sign in text if sign in _LETTERS and sign not in _USUAL)


def _makes_sense(text: str) -> bool:
    """Tell whether letters beyond ASCII stand where letters stand, and signs where signs stand."""
    plain = beyond = 0
    for index, sign in enumerate(text):
        if sign.isascii():
            plain += sign.isalpha()
            continue
        before, after = text[index - 1 : index], text[index + 1 : index + 2]
        if sign in _LETTERS:
            beyond += 1
            # "JÜrg": a capital does not follow a small letter.
            if sign.isupper() and before.islower() and after.islower():
                return False
        elif sign not in _APART or (sign != "’" and before.isalpha() and after.isalpha()):
            return False
    return beyond <= plain


def _place(data: bytes) -> str:
    first = next((index for index, byte in enumerate(data) if byte > 127), 0)
    return f"line {data.count(NEWLINE, 0, first) + 1}"


def printable(text: str) -> str:
    """Return one line of what can be shown: control signs and surrogates become blanks."""
    return " ".join("".join(sign if _shown(sign) else " " for sign in text).split())


def _shown(sign: str) -> bool:
    return sign.isprintable() or unicodedata.category(sign) == "Zs"
