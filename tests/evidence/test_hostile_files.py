"""What people attack with is refused, or what is dangerous about it does not get in."""

import io
import zipfile

import pytest
from PIL import Image
from pypdf import PdfReader, PdfWriter

from ledger.errors import Conflict, Invalid
from ledger.evidence_files import MAX_BYTES, inspect
from ledger.evidence_files.child import read
from tests.evidence.files import GPS, MODEL, ORIENTATION, chunk, jpeg, pdf, png, png_bomb, zipped


def encrypted() -> bytes:
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    writer.encrypt("secret", algorithm="AES-256")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def compressed_script() -> bytes:
    """A script in a compressed stream of objects, where no search for its name finds it."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(SCRIPT)))
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


SCRIPT = pdf(b"<</S/JavaScript/JS(app.alert(1))>>", catalog=b"/OpenAction 1000 0 R")
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
NO_JPEG = b"\xff\xd8\xff\xe0"
BESIDE = "holds a second file"
DAMAGED = "damaged or incomplete"
WRONG_KIND = "Only JPEG and PNG pictures and PDF documents"

REFUSED: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "Choose a file"),
    "an SVG with a script": (SVG, WRONG_KIND),
    "a page of HTML": (b"<html><script>alert(1)</script></html>", WRONG_KIND),
    "a program": (b"\x7fELF" + bytes(100), WRONG_KIND),
    "an archive that is called receipt.pdf": (zipped(), WRONG_KIND),
    "a GIF, which no receipt is": (b"GIF89a" + bytes(100), WRONG_KIND),
    "a PDF behind other bytes": (b"MZ" + pdf(), WRONG_KIND),
    "a photo with an archive behind it": (jpeg() + zipped(), BESIDE),
    "a photo with a document behind it": (jpeg() + pdf(), BESIDE),
    "a photo with a script in its comment": (jpeg(more=b"<script>alert(1)</script>"), BESIDE),
    "a screenshot with an archive behind it": (png() + zipped(), BESIDE),
    "a screenshot with a page in a text": (
        png()[:33] + chunk(b"tEXt", b"Comment\0<HTML onload=x>") + png()[33:],
        BESIDE,
    ),
    "a photo cut short": (jpeg()[:-40], DAMAGED),
    "a photo of which there is the start only": (NO_JPEG, DAMAGED),
    "a photo whose size is a lie": (
        jpeg().replace(b"\0\x3c\0\x50", b"\xf0\0\xf0\0"),
        "more than 50 megapixels",
    ),
    "a screenshot cut short": (png()[:-15], DAMAGED),
    "a screenshot with a wrong checksum": (png()[:-1] + b"x", DAMAGED),
    "a bomb of 900 megapixels": (png_bomb(), "more than 50 megapixels"),
    "fifty-one megapixels": (png(8_000, 6_400, "1"), "more than 50 megapixels"),
    "a document with a script": (SCRIPT, "contains JavaScript"),
    "a document with a hidden script": (compressed_script(), "contains JavaScript"),
    "a script under an escaped name": (
        pdf(b"<</S/Java#53cript/J#53(x)>>"),
        "contains JavaScript",
    ),
    "a document that starts a program": (
        pdf(b"<</S/Launch/F(cmd.exe)>>", catalog=b"/OpenAction 1000 0 R"),
        "opens other programs",
    ),
    "a document with a file in it": (
        pdf(b"<</Type/EmbeddedFile>>", catalog=b"/Names<</EmbeddedFiles<<>>>>"),
        "embedded files",
    ),
    "a document with an active form": (pdf(catalog=b"/AcroForm<</XFA 1 0 R>>"), "active forms"),
    "an encrypted document": (encrypted(), "is encrypted"),
    "a document with an archive behind it": (pdf(tail=zipped()), "behind its end"),
    "a document in an archive": (
        pdf(zipped() + b"", tail=b"PK\x05\x06" + bytes(16) + b"\x06\0\n%%EOF"),
        "another kind of file",
    ),
    "a document that is a page as well": (
        pdf().replace(b"%PDF-1.7\n", b"%PDF-1.7\n%<script>alert(1)</script>\n"),
        "another kind of file",
    ),
    "a document of 201 pages": (pdf(pages=201), "more than 200 pages"),
    "a document without pages": (pdf(pages=0), DAMAGED),
    "a document cut short": (pdf()[:-60], DAMAGED),
    "the name of a document only": (b"%PDF-1.7\n%%EOF", DAMAGED),
}


def refusal_of(data: bytes) -> str:
    """Why a file is refused; what is refused before it is read says so at once."""
    if not data.startswith((b"\xff\xd8\xff", b"\x89PNG", b"%PDF-")):
        with pytest.raises(Invalid) as refused:
            inspect(data)
        return refused.value.message
    answer, kept = read(data)
    assert kept == b""
    return str(answer["refusal"])


@pytest.mark.parametrize("name", REFUSED)
def test_what_could_do_harm_is_refused(name: str) -> None:
    data, sentence = REFUSED[name]
    assert sentence in refusal_of(data)


def test_there_are_more_than_twenty_five_hostile_files() -> None:
    assert len(REFUSED) > 25


def test_a_photo_keeps_its_pixels_and_loses_where_it_was_taken() -> None:
    data = jpeg(orientation=6)
    answer, both = read(data)
    kept, preview = both[: int(answer["kept"])], both[int(answer["kept"]) :]
    assert answer["type"] == "image/jpeg"
    before, after = Image.open(io.BytesIO(data)), Image.open(io.BytesIO(kept))
    assert before.tobytes() == after.tobytes()
    # The control: the photo that was sent says both.
    assert before.getexif()[MODEL] == "A telltale phone"
    assert before.getexif().get_ifd(GPS)
    assert dict(after.getexif()) == {ORIENTATION: 6}
    assert b"telltale" not in kept
    assert b"a remark" not in kept
    small = Image.open(io.BytesIO(preview))
    # Lying on its side as it was taken, it stands upright in the preview.
    assert small.size == (60, 80)
    assert not small.getexif()


def test_what_stands_behind_a_photo_is_cut_off() -> None:
    """Some phones write a video or notes of their own behind a photo."""
    plain, _rest = read(jpeg())
    answer, kept = read(jpeg() + b"a film of two seconds")
    assert answer == plain
    assert b"a film" not in kept


def test_a_screenshot_keeps_its_pixels_and_loses_its_texts() -> None:
    data = png()[:33] + chunk(b"tEXt", b"Author\0Ann Lee") + png()[33:]
    answer, both = read(data)
    assert answer["type"] == "image/png"
    assert both.startswith(png())
    assert b"Ann Lee" not in both


def test_a_plain_document_is_kept_as_it_is() -> None:
    answer, kept = read(pdf(pages=200))
    assert answer == {"type": "application/pdf", "pages": 200, "kept": len(kept)}
    assert kept == pdf(pages=200)


def test_the_child_process_answers_as_its_reader_does() -> None:
    found = inspect(jpeg())
    assert (found.media_type, found.pages, found.is_scanned) == ("image/jpeg", 1, False)
    assert found.data + found.preview == read(jpeg())[1]
    with pytest.raises(Invalid, match="contains JavaScript"):
        inspect(SCRIPT)


def test_a_file_of_more_than_ten_megabytes_is_refused_unread() -> None:
    with pytest.raises(Invalid, match="larger than 10 MB"):
        inspect(b"\xff\xd8\xff" + bytes(MAX_BYTES))


def test_what_the_scanner_says_counts() -> None:
    assert inspect(pdf(), scanner="cat").is_scanned
    with pytest.raises(Invalid, match="scanner refused"):
        inspect(pdf(), scanner="false")
    with pytest.raises(Conflict, match="could not be asked"):
        inspect(pdf(), scanner="/nonexistent/scanner")


def test_the_archive_of_the_controls_is_one() -> None:
    assert zipfile.is_zipfile(io.BytesIO(jpeg() + zipped()))
