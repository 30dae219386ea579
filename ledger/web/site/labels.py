"""What fields are called, for the summary of what is wrong: it names each, and stands before them.

Whoever writes the summary leaves a mark for each name, and the page is finished when all fields
have been written. Text that people typed cannot hold a mark, for it is escaped.
"""

from typing import Any

from flask import Flask, g
from markupsafe import Markup, escape

FLAG = "<!--label {}-->"


def register(app: Flask) -> None:
    """Let the parts of every page use them."""
    app.jinja_env.globals.update(labelled=labelled, label_later=label_later)


def labelled(name: str, label: Any) -> Any:
    """Return a field's label, and remember it for the summary."""
    g.setdefault("labels", {})[name] = label
    return label


def label_later(name: str) -> Markup:
    """Return a mark where a field's label will stand."""
    names: list[str] = g.setdefault("named", [])
    names.append(name)
    return Markup(FLAG.format(len(names) - 1))  # noqa: S704 (a number)


def with_labels(html: str) -> str:
    """Return a page with labels in place of the marks; nothing for a field that has none."""
    labels = g.get("labels", {})
    for number, name in enumerate(g.get("named", [])):
        label = f"{escape(labels[name])}: " if name in labels else ""
        html = html.replace(FLAG.format(number), label)
    return html
