"""PDF documents: refused when they could do anything but show pages. Runs in the child process."""

import io
from collections.abc import Iterator
from typing import Any

from pypdf import PdfReader
from pypdf.errors import PyPdfError
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject

from ledger.errors import Invalid
from ledger.evidence_files.pictures import damaged

MAGIC, END = b"%PDF-", b"%%EOF"
MAX_PAGES = 200
MAX_OBJECTS = 200_000
# End of central directory: what a ZIP archive is recognised by, from the end of a file.
ZIP_END, ZIP_END_BYTES, LONGEST_COMMENT = b"PK\x05\x06", 22, 65_535
HEAD_BYTES = 1024
MARKUP = (b"<html", b"<script", b"<svg", b"<!doctype", b"<?php")
BLANK = b" \t\r\n\0\x0c\x1a"
# Keys and kinds of action with which a PDF runs, opens, fetches or carries something.
ACTIVE = {
    **dict.fromkeys(("/JS", "/JavaScript"), "This PDF contains JavaScript."),
    **dict.fromkeys(
        ("/Launch", "/SubmitForm", "/ImportData", "/GoToE"),
        "This PDF opens other programs or files.",
    ),
    **dict.fromkeys(
        ("/EmbeddedFile", "/EmbeddedFiles", "/EF", "/Collection"),
        "This PDF contains embedded files.",
    ),
    **dict.fromkeys(
        ("/RichMedia", "/XFA", "/Movie", "/Sound", "/Rendition"),
        "This PDF contains media or active forms.",
    ),
}
CURE = "{why} Print it to a new PDF and send that."


def read_pdf(data: bytes) -> int:
    """Return how many pages a PDF has. Raises Invalid."""
    _check_ends(data)
    try:
        reader = PdfReader(io.BytesIO(data), strict=False)
        if reader.is_encrypted:
            raise Invalid("This PDF is encrypted. Save it without a password.", place="file")
        pages = len(reader.pages)
        if pages > MAX_PAGES:
            raise Invalid("This PDF has more than 200 pages.", place="file")
        if pages < 1:
            raise damaged()
        for found in _objects(reader):
            _check_object(found)
    except (PyPdfError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise damaged() from error
    return pages


def _check_ends(data: bytes) -> None:
    """Refuse what stands behind the end, and a second kind of file in the same bytes."""
    end = data.rfind(END)
    if end < 0:
        raise damaged()
    if data[end + len(END) :].strip(BLANK):
        raise Invalid("This PDF holds more behind its end. Print it to a new PDF.", place="file")
    if any(word in data[:HEAD_BYTES].lower() for word in MARKUP) or _is_archive(data):
        raise Invalid("This PDF is another kind of file as well.", place="file")


def _is_archive(data: bytes) -> bool:
    tail = data[-(ZIP_END_BYTES + LONGEST_COMMENT) :]
    place = tail.find(ZIP_END)
    while place >= 0:
        comment = int.from_bytes(tail[place + 20 : place + 22], "little")
        if place + ZIP_END_BYTES + comment <= len(tail) and b"PK\x01\x02" in data:
            return True
        place = tail.find(ZIP_END, place + 1)
    return False


def _objects(reader: PdfReader) -> Iterator[Any]:
    """Yield every object of the file, used or not, and the trailer."""
    yield reader.trailer
    numbers = {
        (number, generation)
        for generation, known in reader.xref.items()
        for number in known
        if number
    } | {(number, 0) for number in reader.xref_objStm}
    if len(numbers) > MAX_OBJECTS:
        raise Invalid("This PDF has too many parts. Print it to a new PDF.", place="file")
    for number, generation in sorted(numbers):
        yield reader.get_object(IndirectObject(number, generation, reader))


def _check_object(found: Any) -> None:
    """Look through one object. What it refers to is looked at on its own."""
    waiting = [found]
    while waiting:
        one = waiting.pop()
        if isinstance(one, DictionaryObject):
            for name, value in dict.items(one):
                _refuse(str(name))
                if str(name) in ("/S", "/Type", "/Subtype", "/FT"):
                    _refuse(str(value))
                waiting.append(value)
        elif isinstance(one, ArrayObject):
            waiting.extend(list.__iter__(one))


def _refuse(name: str) -> None:
    if name in ACTIVE:
        raise Invalid(CURE, place="file", why=ACTIVE[name])
