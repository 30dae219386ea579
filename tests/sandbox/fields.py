"""Which fields of Stripe's objects must be there, and which of them may be null.

The annotations of the Python SDK do not tell an absent field from a null one; the types of
stripe-node do. ``python -m tests.sandbox.fields FOLDER`` reads them from an unpacked package of
the same API version and writes ``fields.txt`` beside this file anew.
"""

import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("fields.txt")
# The release of stripe-node whose API version is that of the pinned Python SDK.
PACKAGE = "stripe@23.1.0"
HEAD = f"""\
# The fields of Stripe's objects by class, as the types of {PACKAGE} (npm) state them. Written by
# `python -m tests.sandbox.fields`; do not edit. A question mark: may be absent; |null: may be null.
"""
SOURCES = (
    "Accounts",
    "Balance",
    "BalanceTransactions",
    "Charges",
    "Checkout/Sessions",
    "Customers",
    "Disputes",
    "Events",
    "InvoiceLineItems",
    "InvoicePayments",
    "Invoices",
    "LineItems",
    "Mandates",
    "PaymentIntents",
    "PaymentMethods",
    "Payouts",
    "Plans",
    "Prices",
    "Products",
    "Refunds",
    "SetupIntents",
    "SubscriptionItems",
    "Subscriptions",
    "TestHelpers/TestClocks",
    "Topups",
    "WebhookEndpoints",
)
_OPENS = re.compile(r"(?:export )?(?:declare )?(interface|namespace|class) (\w+).*\{$")
# Parameters, and the types of single kinds of events.
_UNUSED = re.compile(r".*Params|\w+Event\b")
_FIELD = re.compile(r"(\w+)(\??): (.+);$")


def text(package: Path) -> str:
    """Return the file as an unpacked package has it."""
    rows = [HEAD]
    for source in SOURCES:
        rows += [f"{name}: {' '.join(marks)}\n" for name, marks in _classes(package, source)]
    return "".join(rows)


@cache
def fields() -> dict[str, dict[str, tuple[bool, bool]]]:
    """Return by class and field whether it may be absent, and whether it may be null."""
    found = {}
    for line in FILE.read_text().splitlines():
        if not line.startswith("#"):
            name, _, marks = line.partition(":")
            found[name] = {
                re.sub(r"\W.*", "", mark): ("?" in mark, mark.endswith("|null"))
                for mark in marks.split()
            }
    return found


def name_of(kind: type) -> str:
    """Return a class of the Python SDK as the file names it, say `checkout.Session` of stripe."""
    places = kind.__module__.split(".")[1:-1]
    return ".".join([*places, kind.__qualname__])


def _classes(package: Path, source: str) -> Iterator[tuple[str, list[str]]]:
    """Return the classes of one file of types with their fields, each with its marks."""
    folder = source.rpartition("/")[0]
    prefix = [re.sub(r"(?<!^)(?=[A-Z])", "_", folder).lower()] if folder else []
    nest: list[tuple[str, str, list[str]]] = []
    for line in (package / f"esm/resources/{source}.d.ts").read_text().splitlines():
        stripped = line.strip()
        opened = _OPENS.match(stripped)
        field = _FIELD.match(stripped)
        if opened:
            nest.append((opened[1], opened[2], []))
        elif stripped.endswith("{"):
            nest.append(("other", "", []))
        elif stripped in ("}", "};", "}>;", "}): void;"):
            kind, name, marks = nest.pop()
            full = ".".join([*prefix, *(part for _, part, _ in nest), name])
            if kind == "interface" and marks and not _UNUSED.match(full):
                # Every event has what their common part says.
                yield full.replace("EventBase", "Event"), marks
        elif field and nest and nest[-1][0] == "interface":
            null = "|null" if re.search(r"\| null$", field[3]) else ""
            nest[-1][2].append(f"{field[1]}{field[2]}{null}")


if __name__ == "__main__":
    FILE.write_text(text(Path(sys.argv[1])))
