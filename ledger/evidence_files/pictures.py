"""Photos and scans: reduced to the picture itself, checked, and a small preview of them.

Nothing that draws the picture is changed: what is left out is what a camera or a program wrote
beside it (where it was taken, with what, thumbnails, comments), and what stands behind its end.
Runs in the child process.
"""

import io
import struct
import zlib
from dataclasses import dataclass

from PIL import Image, ImageFile, ImageOps

from ledger.errors import Invalid

JPEG_MAGIC, PNG_MAGIC = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"
MAX_PIXELS = 50_000_000
PREVIEW_PIXELS = 720
PREVIEW_QUALITY = 75
# Segments of a JPEG: start and end of image, start of scan, application data, comment.
SOI, EOI, SOS, COM = 0xD8, 0xD9, 0xDA, 0xFE
# JFIF, the colour profile and Adobe's colour transform: without them colours would be others.
KEPT_APPLICATION = {0xE0: b"JFIF\0", 0xE2: b"ICC_PROFILE\0", 0xEE: b"Adobe"}
EXIF, ORIENTATION = b"Exif\0\0", 0x0112
RESTARTS = range(0xD0, 0xD8)
KEPT_CHUNKS = frozenset(
    {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB"}
    | {b"pHYs", b"bKGD"}
)
# What begins or holds another kind of file; looked for in what is not the picture.
SECOND_MAGIC = (
    *(b"pk\x03\x04", b"pk\x05\x06", b"%pdf-", b"rar!\x1a", b"7z\xbc\xaf\x27\x1c", b"\x7felf"),
    *(b"<script", b"<html", b"<svg", b"<?php", b"<!doctype"),
)

# Our own bound is narrower, and is looked at before anything is drawn.
Image.MAX_IMAGE_PIXELS = None


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as it is kept, with its size in pixels and a small JPEG of it."""

    data: bytes
    width: int
    height: int
    preview: bytes


def read_jpeg(data: bytes) -> Picture:
    """Return a JPEG without what is no picture. Raises Invalid."""
    kept, beside = _jpeg_parts(data)
    _refuse_second(beside)
    return _picture(kept, "JPEG", _orientation(data))


def read_png(data: bytes) -> Picture:
    """Return a PNG without what is no picture. Raises Invalid."""
    kept, beside = _png_parts(data)
    _refuse_second(beside)
    return _picture(kept, "PNG", 1)


def _jpeg_parts(data: bytes) -> tuple[bytes, bytes]:
    """Return the picture, and what stands beside it."""
    kept, beside = bytearray(data[:2]), bytearray()
    place = 2
    while True:
        if data[place : place + 1] != b"\xff":
            raise damaged()
        while data[place : place + 2] == b"\xff\xff":
            place += 1
        marker = data[place + 1] if place + 1 < len(data) else EOI
        if marker == EOI:
            if data[place : place + 2] != b"\xff\xd9":
                raise damaged()
            kept += b"\xff\xd9"
            return bytes(kept), bytes(beside + data[place + 2 :])
        length = int.from_bytes(data[place + 2 : place + 4], "big")
        end = place + 2 + length
        if length < 2 or end > len(data):
            raise damaged()
        segment = data[place:end]
        if marker == COM or 0xE0 <= marker <= 0xEF:
            wanted = KEPT_APPLICATION.get(marker)
            (kept if wanted and segment[4:].startswith(wanted) else beside).extend(segment)
            if marker == 0xE2:
                # A colour profile is shown to nobody as text, but it could hold anything.
                beside += segment
        else:
            kept += segment
        place = end
        if marker == SOS:
            place = _end_of_scan(data, end)
            kept += data[end:place]


def _end_of_scan(data: bytes, place: int) -> int:
    """Return where the compressed data that starts at a place ends."""
    while True:
        place = data.find(b"\xff", place)
        if place < 0 or place + 1 >= len(data):
            raise damaged()
        following = data[place + 1]
        if following != 0 and following not in RESTARTS and following != 0xFF:
            return place
        place += 1 if following == 0xFF else 2


def _png_parts(data: bytes) -> tuple[bytes, bytes]:
    """Return the picture, and what stands beside it."""
    kept, beside = bytearray(PNG_MAGIC), bytearray()
    place = len(PNG_MAGIC)
    while True:
        length = int.from_bytes(data[place : place + 4], "big")
        end = place + 12 + length
        if place + 8 > len(data) or end > len(data):
            raise damaged()
        kind, body = data[place + 4 : place + 8], data[place + 8 : end - 4]
        if zlib.crc32(kind + body) != int.from_bytes(data[end - 4 : end], "big"):
            raise damaged()
        if kind in KEPT_CHUNKS:
            kept += data[place:end]
        elif kind[:1].isupper():
            raise damaged()
        else:
            beside += data[place:end]
        place = end
        if kind == b"IEND":
            return bytes(kept), bytes(beside + data[place:])


def _orientation(data: bytes) -> int:
    """Return which way up a photo is, as its camera noted it: 1 to 8."""
    with Image.open(io.BytesIO(data), formats=["JPEG", "MPO"]) as image:
        found = image.getexif().get(ORIENTATION, 1)
    return found if isinstance(found, int) and 1 <= found <= 8 else 1


def _with_orientation(kept: bytes, orientation: int) -> bytes:
    """Return a JPEG that says again which way up it is, and nothing else of its camera."""
    if orientation == 1:
        return kept
    note = struct.pack(">2sHLHHHLHHL", b"MM", 42, 8, 1, ORIENTATION, 3, 1, orientation, 0, 0)
    segment = EXIF + note
    return kept[:2] + b"\xff\xe1" + (len(segment) + 2).to_bytes(2, "big") + segment + kept[2:]


def _picture(kept: bytes, kind: str, orientation: int) -> Picture:
    """Draw the picture once, whole, and make its preview. Raises Invalid."""
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    if kind == "JPEG":
        kept = _with_orientation(kept, orientation)
    with Image.open(io.BytesIO(kept), formats=[kind]) as image:
        width, height = image.size
        if width * height > MAX_PIXELS:
            raise Invalid("This picture has more than 50 megapixels.", place="file")
        if kind == "JPEG":
            # Its decoder then draws an eighth, but still reads every part of the file.
            image.draft("RGB", (PREVIEW_PIXELS, PREVIEW_PIXELS))
        image.load()
        image.thumbnail((PREVIEW_PIXELS, PREVIEW_PIXELS))
        small = ImageOps.exif_transpose(image)
        if small.mode not in ("RGB", "L"):
            coloured = small.convert("RGBA")
            white = Image.new("RGBA", coloured.size, "white")
            small = Image.alpha_composite(white, coloured).convert("RGB")
        out = io.BytesIO()
        small.save(out, "JPEG", quality=PREVIEW_QUALITY, exif=b"", icc_profile=None)
    return Picture(kept, width, height, out.getvalue())


def _refuse_second(beside: bytes) -> None:
    lowered = beside.lower()
    if any(magic in lowered for magic in SECOND_MAGIC):
        raise Invalid(
            "This file holds a second file beside the picture. Take a new photo or screenshot "
            "of it.",
            place="file",
        )


def damaged() -> Invalid:
    """Return the error for a file that ends early or cannot be read."""
    return Invalid("This file is damaged or incomplete. Send it again.", place="file")
