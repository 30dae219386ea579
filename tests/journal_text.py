"""Entries as plain text that reads like an accountant's page, so that tests read like one.

One line per leg: side, account, counterparty, quantity, commodity. Quantities are integers in
the smallest unit. Must not be used as an exchange format: ``reports.exports`` writes those.
"""

from collections.abc import Iterable

from ledger.core.entry import Entry, Posting


def format_entry(item: Entry) -> str:
    """Return the entry with its legs in order, grouped by book and fund as they stand."""
    return "\n".join([item.book, *(_leg(posting) for posting in item.postings)])


def format_entries(items: Iterable[Entry]) -> str:
    """Return several entries, a blank line between them."""
    return "\n\n".join(format_entry(item) for item in items)


def _leg(posting: Posting) -> str:
    side = "Dr" if posting.quantity > 0 else "Cr"
    account = (
        f"{posting.account}→{posting.counterparty}"
        if posting.counterparty
        else str(posting.account)
    )
    return f"  {posting.fund} {side} {account} {abs(posting.quantity)} {posting.commodity}"
