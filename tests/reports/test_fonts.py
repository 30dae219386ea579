"""Names in any script print: every sign has a shape, from the fonts that set-up installs."""

import io
import subprocess
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader
from pypdf.generic import ContentStream, TextStringObject

from ledger.db import Database
from reports import render
from reports.build import build, scope_of_book
from reports.model import Report
from reports.render import HERE
from tests.conftest import NOW
from tests.factories import make_book, make_fund
from tests.reports.test_transparency import YEAR

NAMES = {
    "Chinese": "河流社区",
    "Japanese": "川のコミュニティ",
    "Korean": "강 공동체",
    "Arabic": "مجتمع النهر",
    "Hebrew": "קהילת הנהר",
    "Thai": "ชุมชนแม่น้ำ",
    "Devanagari": "नदी समुदाय",
    "Cyrillic": "Річкова громада",
    "Greek": "Κοινότητα",
    "emoji": "🌊🤝",
}


def fonts_of(pdf: bytes) -> dict[str, bool]:
    """Return the fonts of a PDF, and whether each has a shape for all that it draws.

    A sign without a shape gets a number past the font's last glyph, and a table of its own that
    leads to glyph 0, the empty box; without one, numbers are glyphs as they stand.
    """
    found: dict[str, bool] = {}
    for page in PdfReader(io.BytesIO(pdf)).pages:
        resources: Any = page["/Resources"]
        fonts = resources["/Font"]
        current: Any = None
        for operands, operator in ContentStream(page.get_contents(), page.pdf).operations:
            if operator == b"Tf":
                current = fonts[operands[0]]
                name = str(current["/BaseFont"])
                whole = current["/Encoding"] == "/Identity-H"
                found[name] = found.get(name, True) and whole
            for part in operands[0] if operator == b"TJ" else ():
                if isinstance(part, (TextStringObject, bytes)):
                    raw = part if isinstance(part, bytes) else part.original_bytes
                    drawn = {int.from_bytes(raw[n : n + 2]) for n in range(0, len(raw), 2)}
                    found[name] = found[name] and 0 not in drawn
    return found


@pytest.fixture(scope="module")
def report(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Report:
    """A report of a book that is named in every script, with a fund for each."""
    path = tmp_path_factory.mktemp("fonts") / "fonts.db"
    path.write_bytes(sqlite_template.read_bytes())
    db = Database(f"sqlite:///{path}")
    with db.transaction() as session:
        book = make_book(session, "A")
        book.name = " ".join(NAMES.values())
        make_fund(session, book)
    with db.snapshot() as session:
        scope = scope_of_book(session, "A")
        return build(session, scope=scope, edition="public", now=NOW, **YEAR)


@pytest.fixture(scope="module")
def pdf(report: Report) -> bytes:
    return render.render_pdf(report).pdf


def test_every_sign_of_every_script_has_a_shape(pdf: bytes) -> None:
    fonts = fonts_of(pdf)
    assert all(fonts.values()), f"a sign is printed as an empty box: {fonts}"
    for name in ("CJK", "Arabic", "Hebrew", "Thai", "Devanagari", "Emoji"):
        assert any(name in font for font in fonts), (name, sorted(fonts))


def test_the_text_can_be_copied_out_again(pdf: bytes, tmp_path: Path) -> None:
    file = tmp_path / "scripts.pdf"
    file.write_bytes(pdf)
    text = subprocess.run(
        ["pdftotext", "-f", "1", "-l", "1", str(file), "-"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    lost = [name for name in NAMES if not set(NAMES[name]) - {" "} <= set(text)]
    assert lost == []


def test_only_our_fonts_and_notos_are_seen() -> None:
    """So that a report looks the same wherever it is made."""
    listed = subprocess.run(
        ["fc-list", ":", "file"],
        capture_output=True,
        text=True,
        check=True,
        env={"FONTCONFIG_FILE": str(HERE / "fonts" / "fonts.conf")},
    ).stdout.splitlines()
    assert listed
    assert [line for line in listed if "/noto/Noto" not in line] == []


def test_a_sign_without_a_shape_is_noticed(
    report: Report, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The control: with our own font alone, these names are empty boxes."""
    alone = tmp_path / "fonts.conf"
    alone.write_text("<fontconfig><cachedir prefix='xdg'>fontconfig</cachedir></fontconfig>")
    style = (HERE / "styles" / "report.css").read_text()
    html = f"<title>x</title><style>{style}</style>Latin 河"
    monkeypatch.setattr(render, "render_html", lambda *_given, **_more: html)
    monkeypatch.setattr(render, "FONTS", alone)
    fonts = fonts_of(render.render_pdf(report).pdf)
    assert fonts
    assert not all(fonts.values())
