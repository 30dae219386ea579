"""Fill a database with the most awkward values that its entry points let in.

Every free text becomes markup, script, a template, a formula, a format, the longest text or
nothing; every day one of the bounds; every amount the largest. What a constraint of the database
refuses stays as it was. The journal, which nobody changes, gets entries at the bounds.
"""

import random
from contextlib import suppress
from datetime import date
from html.parser import HTMLParser
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Connection,
    Date,
    String,
    Table,
    Text,
    UniqueConstraint,
    select,
)
from sqlalchemy.exc import IntegrityError

from ledger.core.bounds import (
    FIRST_DAY,
    LARGEST_AMOUNT,
    LAST_DAY,
    LONGEST_LINE,
    LONGEST_TEXT,
    check_text,
)
from ledger.core.entry import Entry, Posting
from ledger.db import Database
from ledger.ids import new_id
from ledger.models.base import Base
from ledger.services.books import journal
from ledger.services.books.books import ensure_commodity
from tests.conftest import NOW
from tests.migrations import recording

MARK = "data-hostile"
# What a template would make of the third text.
PRODUCT = str(41 * 1187)
TEXTS = (
    "",
    f"\"'><b {MARK}=1></title></textarea></option><script {MARK}>alert(1)</script><!--",
    "{{ 41 * 1187 }}${41 * 1187}#{41 * 1187}{% raw %}{#",
    '=HYPERLINK("http://x.example")',
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "%s %(name)s %(number)d 100% {0} {name}",
    "'; drop table posting; --\\",
    "\u202b\u05e9\u05dc\u05d5\u05dd\u2067 abc \u2069\u0627\u0644\u0639\u0631\u0628\u064a\u0629",
    "Z\u0351\u036b\u0343\u0363\u0351\u0310\u0346" * 40,
    "\U0001f469\u200d\U0001f469\u200d\U0001f467\U0001f3f4\u200d\u2620\ufe0f" * 20,
    "\u7530\u4e2d\u592a\u90ce \ud55c\uad6d\uc5b4 \u0e44\u0e17\u0e22 \u0939\u093f\u0928\u094d",
    "[link:pledge:00000000000000000000000000000000]",
    "x" * LONGEST_TEXT,
    "\u00fc " * (LONGEST_TEXT // 2),
)
# The bounds of today, and what versions without bounds let in.
DAYS = (FIRST_DAY, LAST_DAY, date.min, date.max)
# What only the program writes, or what has a form of its own: addresses, languages, documents.
MACHINE = {
    "api_token.scopes",
    "bank_statement.file_sha256",
    "campaign.currencies",
    "checkpoint.note",
    "edition_file.dataset",
    "edition_file.pdf",
    "fulfilment.source_ref",
    "job.key",
    "outbox_message.to_email",
    "party.email",
    "payment_attempt.checkout_url",
    "period.snapshot",
    "person.email",
    "sign_in_link.email",
    "stripe_event.body",
    "table_draft.content",
}
# Lists on pages; what stands in one row each time is met by fewer of the values.
LISTED = (
    "balance_transaction",
    "bank_line",
    "bank_statement",
    "dispute",
    "hours_entry",
    "outbox_message",
    "payout",
    "pledge",
    "pledge_line",
    "policy_choice",
    "proposal",
    "recurring_gift",
    "refund",
    "soft_close",
    "valuation",
)
COPIES = 4
# What we ask of Stripe is in currencies that the program knows; what Stripe tells may not be.
OF_STRIPE = ("balance_transaction", "dispute", "payout", "stripe_balance")
KNOWN = {name: {"commodity": "USDC"} for name in OF_STRIPE} | {
    "payment_attempt": {"commodity": "USD"}
}
CODES = ("USDC", "XYZ", "usdc", "USD", "JPY", "UNT2.GOLD", "MIN.ELEC")
# What only the program packs: files, and what a background job was asked by its kind.
WITHOUT_ROWS = {"background_job", "edition_file", "table_draft", "table_mapping"}
# Insert-only, or sums of it that the sealer keeps.
KEPT = {
    "annotation",
    "balance_day",
    "balance_month",
    "checkpoint",
    "entry",
    "figure_day",
    "figure_giver",
    "figure_total",
    "posting",
    "seal",
    "unsealed",
}


def multiply(db: Database) -> None:
    """Put a row into every table that has none, and more into those that pages list."""
    with db.engine.begin() as connection:
        recording.fill_empty(connection, KNOWN, leave=recording.COMPUTED | KEPT | WITHOUT_ROWS)
        for name in LISTED:
            table = Base.metadata.tables[name]
            for row in connection.execute(select(table).limit(2)).mappings().all():
                for copy in range(COPIES):
                    told = {"commodity": CODES[copy]} if name in OF_STRIPE else {}
                    _copy(connection, table, {**row, **told}, f"-{copy}")


def _copy(connection: Connection, table: Table, row: dict[str, Any], suffix: str) -> None:
    names = {column.name for column in table.primary_key.columns}
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint):
            names |= {column.name for column in constraint.columns}
    for name in names:
        column = table.c[name]
        if name == "id":
            row[name] = new_id()
        elif isinstance(column.type, String) and row[name] and not column.foreign_keys:
            longest = column.type.length or LONGEST_LINE
            row[name] = row[name][: longest - len(suffix)] + suffix
    with suppress(IntegrityError), connection.begin_nested():
        connection.execute(table.insert().values(row))


def spoil(db: Database, seed: int, *, numbers: bool = True) -> int:
    """Make the rows of a database hostile and return how many values were changed."""
    chance = random.Random(seed)
    changed = 0
    with db.engine.begin() as connection:
        for table in Base.metadata.sorted_tables:
            if table.name not in KEPT:
                changed += _spoil_table(connection, table, chance, numbers=numbers)
    return changed


def post_at_the_bounds(db: Database) -> None:
    """Post entries of the first and the last day and of the largest amounts, without decimals,
    with three, and of a holding."""
    with db.transaction() as session:
        for n, commodity in enumerate(("USD", "JPY", "KWD", "EUR", "UNT6.GOLD")):
            ensure_commodity(session, commodity)
            for day in (FIRST_DAY, NOW.date(), LAST_DAY):
                for sign in (1, -1):
                    legs = (
                        Posting(1020, "GEN", commodity, sign * LARGEST_AMOUNT),
                        Posting(4010, "GEN", commodity, -sign * LARGEST_AMOUNT),
                    )
                    journal.post(
                        session,
                        [Entry("A", legs)],
                        event_type=TEXTS[1][:64] if sign > 0 else "gift",
                        source="import",
                        external_ref=f"{TEXTS[n % 8]}{day}{sign}"[:200],
                        accounting_on=day,
                        now=NOW,
                    )


def _spoil_table(
    connection: Connection, table: Table, chance: random.Random, *, numbers: bool
) -> int:
    keys = list(table.primary_key.columns)
    columns = [column for column in table.columns if _is_free(table, column)]
    changed = 0
    for row in connection.execute(select(table)).mappings().all():
        where = [key == row[key.name] for key in keys]
        values = {
            column.name: _worst(column, row[column.name], chance)
            for column in columns
            if numbers or not isinstance(column.type, BigInteger | Date)
        }
        # Each on its own: what one constraint refuses must not keep the others.
        for name, value in values.items():
            if value == row[name]:
                continue
            try:
                with connection.begin_nested():
                    connection.execute(table.update().where(*where).values({name: value}))
                changed += 1
            except IntegrityError:
                continue
    return changed


def _is_free(table: Table, column: Column[Any]) -> bool:
    if column.foreign_keys or column.primary_key or f"{table.name}.{column.name}" in MACHINE:
        return False
    if any(column.name in key.columns for key in table.foreign_key_constraints):
        return False
    return isinstance(column.type, Text | JSON | BigInteger | Date)


def _worst(column: Column[Any], value: Any, chance: random.Random) -> Any:
    if isinstance(column.type, Date):
        return chance.choice((*DAYS, value))
    if isinstance(column.type, BigInteger):
        if column.name in ("account", "position", "size", "log_size"):
            return value
        return chance.choice((LARGEST_AMOUNT, -LARGEST_AMOUNT, 0, value))
    if isinstance(column.type, Text):
        return check_text(chance.choice(TEXTS))
    return _worst_document(value, chance)


def _worst_document(value: Any, chance: random.Random) -> Any:
    """Return a JSON document with its sentences changed; names, ids and codes have no spaces."""
    if isinstance(value, dict):
        return {key: _worst_document(inner, chance) for key, inner in value.items()}
    if isinstance(value, list):
        return [_worst_document(inner, chance) for inner in value]
    return chance.choice(TEXTS) if isinstance(value, str) and " " in value else value


class Strict(HTMLParser):
    """Reads a page as written: each element is closed in order, and nothing was let in."""

    VOID = frozenset({"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "wbr"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.problems: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element; none may carry the mark or a handler of its own."""
        for name, _value in attrs:
            if name == MARK or name.startswith("on"):
                self.problems.append(f"{tag} with {name} at {self.getpos()}")
        if tag == "script" and not any(name in ("src", "type") for name, _value in attrs):
            self.problems.append(f"a script at {self.getpos()}")
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element that closes itself, as those of drawings do."""
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        """Close the innermost element; any other is a mistake."""
        if not self.open or self.open[-1] != tag:
            self.problems.append(f"</{tag}> at {self.getpos()} in {self.open[-3:]}")
        if tag in self.open:
            while self.open.pop() != tag:
                pass


def wrong_in(text: str) -> list[str]:
    """Return what is wrong with a page: broken elements, markup let in, a template that ran."""
    parser = Strict()
    parser.feed(text)
    parser.close()
    found = parser.problems + [f"<{tag}> is not closed" for tag in parser.open]
    return found + ([f"{PRODUCT} was computed"] if PRODUCT in text else [])
