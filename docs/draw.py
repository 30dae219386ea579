"""Draw ``docs/architecture.svg`` from the import contracts in ``pyproject.toml``.

One panel for each contract of layers, a row for each layer: a box may import what stands in the
rows below it, and boxes beside each other do not know each other. The same contracts always
give the same bytes.
"""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs" / "architecture.svg"
WIDTH = 960
MARGIN = 24
ROW = 34
GAP = 22
BETWEEN = 12
PADDING = 14
# Widths are a property of the picture, not of a font: about seven units a letter at 14 px.
LETTER = 7.6
TITLE = 34


@dataclass(frozen=True, slots=True)
class Panel:
    """One contract: its title and its rows of names, the highest first."""

    title: str
    rows: tuple[tuple[str, ...], ...]


def panels(contracts: Sequence[dict[str, object]]) -> list[Panel]:
    """Return a panel for each contract of layers; ``reports`` stand above the ledger's packages."""
    found = []
    above: list[tuple[str, ...]] = [("wsgi.py",)]
    for contract in contracts:
        if contract["type"] != "layers":
            continue
        layers = contract["layers"]
        assert isinstance(layers, list)
        rows = [_names(layer) for layer in layers]
        if "containers" not in contract:
            above += [row for row in rows if row != ("ledger",)]
            continue
        containers = contract["containers"]
        assert isinstance(containers, list)
        title = f"{', '.join(containers)}: {contract['name']}"
        found.append(Panel(title, (*above, *rows) if containers == ["ledger"] else tuple(rows)))
    return found


def _names(layer: str) -> tuple[str, ...]:
    return tuple(name.strip(" ()") for name in re.split(r"[|:]", layer))


def drawing(found: Sequence[Panel]) -> str:
    """Return the picture as SVG."""
    parts: list[str] = []
    top = MARGIN
    for panel in found:
        top = _panel(parts, panel, top)
    height = top + MARGIN
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'width="{WIDTH}" height="{height}" role="img" font-family="sans-serif" font-size="14">'
    )
    words = "; ".join(
        f"{panel.title}: {' above '.join(', '.join(row) for row in panel.rows)}" for panel in found
    )
    return "\n".join(
        [
            head,
            "<title>Who may import whom</title>",
            f"<desc>{escape(words)}</desc>",
            f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
            *parts,
            "</svg>\n",
        ]
    )


def _panel(parts: list[str], panel: Panel, top: int) -> int:
    """Draw one panel and return where the next one begins."""
    parts.append(
        f'<text x="{MARGIN}" y="{top + 14}" font-weight="bold" fill="#1a1a1a">'
        f"{escape(panel.title)}</text>"
    )
    top += TITLE
    for number, row in enumerate(panel.rows):
        if number:
            parts.append(_arrow(top))
            top += GAP
        for index, line in enumerate(_broken(row)):
            top += BETWEEN // 2 if index else 0
            _boxes(parts, line, top)
            top += ROW
    return top + GAP


def _broken(row: tuple[str, ...]) -> list[list[str]]:
    """Return a row in as many lines as it needs."""
    lines: list[list[str]] = [[]]
    for name in row:
        if lines[-1] and _width([*lines[-1], name]) > WIDTH - 2 * MARGIN:
            lines.append([])
        lines[-1].append(name)
    return lines


def _width(names: Sequence[str]) -> int:
    return sum(_box(name) for name in names) + BETWEEN * (len(names) - 1)


def _box(name: str) -> int:
    return round(len(name) * LETTER) + 2 * PADDING


def _boxes(parts: list[str], names: Sequence[str], top: int) -> None:
    left = (WIDTH - _width(names)) // 2
    for name in names:
        width = _box(name)
        parts.append(
            f'<rect x="{left}" y="{top}" width="{width}" height="{ROW}" rx="6" '
            'fill="#eef3fa" stroke="#3b5b85"/>'
        )
        parts.append(
            f'<text x="{left + width / 2:g}" y="{top + 22}" text-anchor="middle" '
            f'fill="#1a1a1a">{escape(name)}</text>'
        )
        left += width + BETWEEN


def _arrow(top: int) -> str:
    middle = WIDTH // 2
    tip = top + GAP - 3
    return (
        f'<path d="M{middle} {top + 3}V{tip}M{middle - 5} {tip - 6}L{middle} {tip}L{middle + 5} '
        f'{tip - 6}" fill="none" stroke="#3b5b85" stroke-width="1.5"/>'
    )


def picture() -> str:
    """Return the picture of the contracts as they are now."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return drawing(panels(settings["tool"]["importlinter"]["contracts"]))
