"""Looks for what a page shows as machines write it: days and instants, and "1 hours".

A machine's place may hold them: attributes (``datetime``, addresses, values of fields), what is
set as code, names that other programs gave (``data-machine``), and what is typed into a field.
"""

import re
from html.parser import HTMLParser

DAY = re.compile(r"(?<![\w-])\d{4}-(0\d|1[0-2])-[0-3]\d(?![\w-]*\.)")
# "1 hours to confirm", but not "2.1 days" or "of 1 · Steps".
PLURAL = re.compile(r"(?<![\w.,-])1 (?:[a-z]+ ){0,2}?(?!is |was |has )[a-z]{2,}(?<!s)s\b")
# Their text is read by nobody, or is what somebody typed.
MACHINES = {"script", "style", "code", "pre", "textarea"}
# Examples of what is typed or of what a file holds.
EXAMPLES = {
    "Year, month, day (2026-12-31)",
    "One per line, starting with the date: 2026-12-31 250.00",
}


class _Texts(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.inside: list[str] = []
        self.found: list[str] = []
        self.read: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in MACHINES:
            self.inside.append(tag)
        for name, value in attrs:
            if name in ("title", "aria-label", "placeholder", "data-label") and value:
                self._note(value)

    def handle_endtag(self, tag: str) -> None:
        if self.inside and self.inside[-1] == tag:
            self.inside.pop()

    def handle_data(self, data: str) -> None:
        if not self.inside:
            self._note(data)
            self.read.append(data)

    def _note(self, text: str) -> None:
        said = " ".join(text.split())
        if DAY.search(said) and said not in EXAMPLES:
            self.found.append(said)


def raw_days(page: str) -> list[str]:
    """Return the texts of a page that hold such a day."""
    texts = _Texts()
    texts.feed(page)
    return texts.found


def wrong_plurals(page: str) -> list[str]:
    """Return where a page counts one of something and names several."""
    texts = _Texts()
    texts.feed(page)
    return PLURAL.findall(" ".join(" ".join(texts.read).split()))
