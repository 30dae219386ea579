"""Templates are indented for those who read them; pages are sent without it."""

from pathlib import Path

import pytest
from jinja2 import Environment

from ledger.web import UnindentedLoader
from ledger.web.site.formatting import flow_layout
from tests.worlds.town import Town


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


def test_a_long_name_stays_in_its_box_of_a_flow_chart(town: Town) -> None:
    """Boxes have one width; the whole name is their title."""
    name = "The Association of Friends of the Old Mill"
    chart = flow_layout(
        [[(name, "$1.00", 100)], [("A pool", "$1.00", 100)]], [((0, 0), (1, 0), 100)]
    )
    with town.app.test_request_context():
        parts = vars(town.app.jinja_env.get_template("site/parts.html").module)
        shown = parts["flow"](chart, "Flow")
    assert f"<title>{name}</title>" in shown
    assert ">The Association of Fr…</text>" in shown
