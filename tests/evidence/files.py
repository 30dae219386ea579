"""Pictures and documents for the tests of evidence: good ones, and what people attack with."""

import io
import struct
import zlib

from PIL import Image

GPS, ORIENTATION, MODEL = 0x8825, 0x0112, 0x0110


def jpeg(width: int = 80, height: int = 60, *, orientation: int = 1, more: bytes = b"") -> bytes:
    """A photo as a phone takes it: it says which way up, with what and where it was taken."""
    image = Image.linear_gradient("L").resize((width, height)).convert("RGB")
    notes = Image.Exif()
    notes[ORIENTATION], notes[MODEL] = orientation, "A telltale phone"
    notes.get_ifd(GPS)[1] = "N"
    notes.get_ifd(GPS)[2] = (52.0, 31.0, 12.0)
    out = io.BytesIO()
    image.save(out, "JPEG", exif=notes, comment=b"a remark" + more)
    return out.getvalue()


def png(width: int = 80, height: int = 60, mode: str = "RGB") -> bytes:
    """A screenshot."""
    out = io.BytesIO()
    Image.new(mode, (width, height)).save(out, "PNG")
    return out.getvalue()


def chunk(kind: bytes, body: bytes) -> bytes:
    """One chunk of a PNG."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_bomb(side: int = 30_000) -> bytes:
    """Little to send, 900 megapixels to draw."""
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    packer = zlib.compressobj(9)
    row = bytes(1 + side // 8)
    body = b"".join(packer.compress(row) for _ in range(200)) + packer.flush()
    start = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
    return start + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def pdf(*objects: bytes, pages: int = 1, catalog: bytes = b"", tail: bytes = b"") -> bytes:
    """A document written by hand; further objects have the numbers from 100 on."""
    kids = b" ".join(b"%d 0 R" % (10 + number) for number in range(pages))
    numbered = {
        1: b"<</Type/Catalog/Pages 2 0 R%s>>" % catalog,
        2: b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, pages),
        **{10 + number: PAGE for number in range(pages)},
        **{1000 + number: body for number, body in enumerate(objects)},
    }
    out = bytearray(b"%PDF-1.7\n")
    table = {}
    for number, body in numbered.items():
        table[number] = len(out)
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 1\n0000000000 65535 f \n"
    for number, place in table.items():
        out += b"%d 1\n%010d 00000 n \n" % (number, place)
    size = max(table) + 1
    out += b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (size, start)
    return bytes(out) + tail


PAGE = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 100]>>"


def zipped(name: str = "a.txt", data: bytes = b"hello") -> bytes:
    """A small archive."""
    import zipfile

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(name, data)
    return out.getvalue()
