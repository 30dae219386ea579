"""Templates are indented for those who read them; pages are sent without it."""

from pathlib import Path

import pytest
from jinja2 import Environment

from ledger.web import UnindentedLoader


def test_indentation_is_not_sent_and_what_people_typed_keeps_its_own(tmp_path: Path) -> None:
    source = (
        "<ul>\n  {% for one in rows %}\n    <li><pre>{{ one }}</pre></li>\n  {% endfor %}\n</ul>\n"
    )
    (tmp_path / "list.html").write_text(source)
    page = Environment(loader=UnindentedLoader(tmp_path), trim_blocks=True, autoescape=True)
    shown = page.get_template("list.html").render(rows=["a\n  b", "\tc"])
    rows = " <li><pre>a\n  b</pre></li>\n  <li><pre>\tc</pre></li>\n"
    assert shown == f"<ul>\n {rows} </ul>"


def test_the_only_space_between_two_words_is_kept(tmp_path: Path) -> None:
    (tmp_path / "title.html").write_text(
        "<p>\n  {{ one }}\n  {%- if one %}\n    · {{ one }}{% endif %}"
    )
    page = Environment(loader=UnindentedLoader(tmp_path), trim_blocks=True, autoescape=True)
    assert "2 · 2" in page.get_template("title.html").render(one=2)


@pytest.mark.parametrize("path", sorted(Path("ledger/web").glob("*/templates/*.html")), ids=str)
def test_no_template_shows_text_of_its_own_in_a_pre_or_a_textarea(path: Path) -> None:
    """There the indentation would show."""
    for kind in ("<pre", "<textarea"):
        for part in path.read_text().split(kind)[1:]:
            within = part.split(">", 1)[1].split("</", 1)[0]
            assert "\n" not in within, within
