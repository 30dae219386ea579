"""Static files are addressed by their content, kept by browsers and sent compressed."""

import gzip
import re
from pathlib import Path

import pytest
from flask import url_for

from ledger.web import ROOT
from tests.worlds.town import Town

STYLE = Path(ROOT) / "static" / "poolbook.css"


def address(town: Town, filename: str) -> str:
    """Return the address of a static file as pages have it."""
    with town.app.test_request_context():
        return url_for("static", filename=filename)


def test_a_page_names_the_content_of_its_files_which_a_browser_keeps(town: Town) -> None:
    page = town.client("nobody").get("/").text
    (found,) = re.findall(r'href="(/static/poolbook\.css[^"]*)"', page)
    assert found == address(town, "poolbook.css")
    answer = town.client("nobody").get(found)
    assert answer.data == STYLE.read_bytes()
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    for who in ("nobody", "treasurer"):
        assert "Set-Cookie" not in town.client(who).get(found).headers


@pytest.mark.parametrize("query", ["", "?v=", "?v=000000000000"])
def test_an_address_that_does_not_name_the_content_is_kept_for_a_day(
    town: Town, query: str
) -> None:
    answer = town.client("nobody").get("/static/poolbook.css" + query)
    assert answer.headers["Cache-Control"] == "public, max-age=86400"


def test_another_content_has_another_address(
    town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(town.app, "static_folder", str(tmp_path))
    (tmp_path / "a.css").write_text("a {}")
    before = address(town, "a.css")
    (tmp_path / "a.css").write_text("body {}")
    assert address(town, "a.css") != before


def test_texts_are_compressed_for_those_who_can_read_it(town: Town) -> None:
    path = address(town, "poolbook.css")
    packed = town.client("nobody").get(path, headers={"Accept-Encoding": "gzip, br"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == STYLE.read_bytes()
    assert len(packed.data) < STYLE.stat().st_size // 2
    assert packed.content_length == len(packed.data)
    plain = town.client("nobody").get(path, headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers
    assert plain.headers["Vary"] == packed.headers["Vary"] == "Accept-Encoding"
    assert plain.headers["ETag"] != packed.headers["ETag"]


def test_a_part_of_a_file_is_kept_like_the_whole(town: Town) -> None:
    path = address(town, "poolbook.css")
    whole = town.client("nobody").get(path)
    part = town.client("nobody").get(path, headers={"Range": "bytes=0-9"})
    assert (part.status_code, len(part.data)) == (206, 10)
    for header in ("Cache-Control", "Vary"):
        assert part.headers[header] == whole.headers[header]


def test_pages_and_files_that_are_not_there_are_sent_as_they_are(town: Town) -> None:
    """A compressed page would tell by its length about the secrets in it."""
    for path in ("/", "/static/no-such-file", "/static/../wsgi.py"):
        answer = town.client("nobody").get(path, headers={"Accept-Encoding": "gzip"})
        assert "Content-Encoding" not in answer.headers
        assert "max-age" not in answer.headers.get("Cache-Control", "")
