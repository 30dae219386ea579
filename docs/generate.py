"""Write the parts of the documentation that follow from the code: ``make docs``.

A part stands between ``<!-- generated: NAME -->`` and ``<!-- end -->``; everything else is
written by hand. ``tests/test_domain.py`` fails while a part is out of date.
"""

import ast
import json
import re
import sys
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from docs import draw
from ledger.auth import PERMISSIONS
from ledger.core.accounts import BY_NUMBER, CHART, Acct
from ledger.core.currencies import exponent
from ledger.core.policies import PROFILES
from ledger.core.states import MOVES
from ledger.core.vocabulary import Role
from ledger.environment import FILE, VARIABLES
from ledger.services.workflow.retention import KINDS

ROOT = Path(__file__).resolve().parents[1]
WORKED = ROOT / "tests" / "core"
PART = re.compile(r"(<!-- generated: ([a-z-]+) -->\n).*?(\n<!-- end -->)", re.DOTALL)


def chart_of_accounts() -> str:
    """Return the chart of accounts as a table."""
    names = {number: name for name, number in vars(Acct).items() if isinstance(number, int)}
    rows = [
        "| no. | name | in code | layer | type | names the other book |",
        "|---|---|---|---|---|---|",
    ]
    for row in CHART:
        kind = f"{row.kind} (loss)" if row.is_loss else row.kind
        cells = (row.number, row.name, f"`Acct.{names[row.number]}`", row.layer, kind)
        rows.append(f"| {' | '.join(map(str, cells))} | {'yes' if row.inter_book else ''} |")
    return "\n".join(rows)


def permissions() -> str:
    """Return the permission matrix as a table."""
    rows = [f"| action | {' | '.join(Role)} |", "|---" * (len(Role) + 1) + "|"]
    for action, allowed in PERMISSIONS.items():
        marks = ("yes" if role in allowed else "" for role in Role)
        rows.append(f"| `{action}` | {' | '.join(marks)} |")
    return "\n".join(rows)


def end_state() -> str:
    """Return the end balances of the worked events in USD, by account and book, as a table."""
    books = ("A", "B", "C", "P")
    sums: defaultdict[int, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in json.loads((WORKED / "end_balances.json").read_text()):
        if row["commodity"] == "USD" and row["account"] < 8000:
            sums[row["account"]][row["book"]] += row["quantity"]
    rows = ["| account | A | B | C | P |", "|---|--:|--:|--:|--:|"]
    for account in sorted(sums):
        amounts = [sums[account][book] for book in books]
        if any(amounts):
            cells = [shown(amount, "USD") if amount else "" for amount in amounts]
            rows.append(f"| {account} | {' | '.join(cells)} |")
    return "\n".join(rows)


def entries_of(event: dict[str, Any]) -> str:
    """Return the worked postings of an event, one a line, a blank line between entries."""
    blocks = []
    for entry in event["entries"]:
        lines = [f"({entry['note']})"] if "note" in entry else []
        for leg in entry["postings"]:
            side = "Dr" if leg["quantity"] > 0 else "Cr"
            other = f" → {leg['counterparty']}" if leg.get("counterparty") else ""
            amount = f"{shown(abs(leg['quantity']), leg['commodity']):>9} {leg['commodity']:<10}"
            name = f"{BY_NUMBER[leg['account']].name}{other}"
            place = f"{entry['book']} {leg['fund']:<6}"
            lines.append(f"{place} {side} {leg['account']} {amount} {name}")
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def shown(quantity: int, commodity: str) -> str:
    """Return a quantity in the smallest unit as people write it."""
    if len(commodity) != 3:
        return f"{quantity:,}"
    digits = exponent(commodity)
    whole, rest = divmod(abs(quantity), 10**digits)
    return f"{'-' if quantity < 0 else ''}{whole:,}.{rest:0{digits}}"


def policies() -> str:
    """Return every policy's value in each profile as a table."""
    rows = [f"| key | {' | '.join(PROFILES)} |", "|---" * (len(PROFILES) + 1) + "|"]
    documents = [profile.document() for profile in PROFILES.values()]
    for key in documents[0]:
        rows.append(f"| `{key}` | {' | '.join(_value(each[key]) for each in documents)} |")
    return "\n".join(rows)


def _value(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(_value(part) for part in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else str(value)


def agreements() -> str:
    """Return the states of every kind of agreement and the steps between them as a table."""
    rows = ["| agreement | state | step | state after it |", "|---|---|---|---|"]
    for kind, moves in MOVES.items():
        for (state, step), after in moves.items():
            rows.append(f"| {kind} | {state} | {step} | {after} |".replace("_", " "))
    return "\n".join(rows)


def folders() -> str:
    """Return the folders of the ledger with the first sentence of each, as a table."""
    return _folders(ROOT / "ledger")


def capabilities() -> str:
    """Return the capability folders of services, queries and pages as a table."""
    packages = ("services", "queries", "web", "stripe")
    return _folders(*(ROOT / "ledger" / package for package in packages))


def _folders(*places: Path) -> str:
    rows = ["| folder | holds |", "|---|---|"]
    for place in places:
        for path in sorted(place.glob("*/__init__.py")):
            text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
            name = path.parent.relative_to(ROOT / "ledger").as_posix()
            rows.append(f"| `{name}/` | {' '.join(text.partition(chr(10) * 2)[0].split())} |")
    return "\n".join(rows)


def retention() -> str:
    """Return how long each kind of row is kept as a table."""
    rows = ["| what | days | counted from |", "|---|--:|---|"]
    rows += [f"| {kind.name} | {kind.days} | {kind.after} |" for kind in KINDS]
    return "\n".join(rows)


def settings() -> str:
    """Return every setting as a table."""
    rows = ["| variable | kind | default | from a file | meaning |", "|---|---|---|---|---|"]
    for row in VARIABLES:
        default = row.shown or (f"`{row.default}`" if row.default else "none")
        file = f"`{row.name}{FILE}`" if row.secret else ""
        rows.append(f"| `{row.name}` | {row.kind} | {default} | {file} | {row.meaning} |")
    return "\n".join(rows)


PARTS: dict[str, Callable[[], str]] = {
    "chart-of-accounts": chart_of_accounts,
    "permissions": permissions,
    "end-state": end_state,
    "policies": policies,
    "agreements": agreements,
    "folders": folders,
    "capabilities": capabilities,
    "retention": retention,
    "settings": settings,
}


def up_to_date(text: str) -> str:
    """Return a document with each of its generated parts made anew, worked entries included."""
    text = PART.sub(lambda found: found[1] + PARTS[found[2]]() + found[3], text)
    events = json.loads((WORKED / "worked_events.json").read_text())["events"]
    sections = re.split(r"(?m)^(?=#### )", text)
    for event in events:
        for number, section in enumerate(sections):
            if section.startswith(f"#### {event['code']} ·"):
                entries = f"```text\n{entries_of(event)}\n```"
                sections[number] = re.sub(
                    r"```text\n.*?\n```", lambda _found, new=entries: new, section, flags=re.DOTALL
                )
    return "".join(sections)


def documents() -> list[Path]:
    """Return the documents that may have generated parts."""
    return [*sorted((ROOT / "docs").glob("*.md")), ROOT / "ledger" / "README.md"]


def main() -> None:
    """Bring every document and the picture up to date and say which changed."""
    draw.PICTURE.write_text(draw.picture(), encoding="utf-8")
    for path in documents():
        before = path.read_text(encoding="utf-8")
        after = up_to_date(before)
        if after != before:
            path.write_text(after, encoding="utf-8")
            sys.stdout.write(f"{path.relative_to(ROOT)} is up to date now.\n")


if __name__ == "__main__":
    main()
