"""Columns of states and kinds hold closed sets of words, which the code names by their members."""

import ast
import csv
import io
import json
import re
from enum import StrEnum
from pathlib import Path

import pytest
import sqlalchemy as sa
from jinja2 import Environment
from sqlalchemy import Engine
from sqlalchemy.orm import Mapped, mapped_column

import migrations
from ledger.core.vocabulary import PledgeState
from ledger.db import Database
from ledger.errors import Conflict
from ledger.models.base import APPEND_ONLY, Base, Code, check_words
from tests.migrations import recording
from tests.migrations.test_upgrades import empty

__all__ = ["empty"]

ROOT = Path(__file__).parents[2]
# Short texts that are no closed set of words: names, references, and codes of others.
NAMES = {
    *("account_id", "asset", "campaign", "code", "commodity", "currency", "grant", "key", "label"),
    *("party", "payment", "pledge", "process", "reference", "salt", "slug", "tag", "time_zone"),
    *("challenge", "code_hash", "fingerprint", "form_key", "idempotency_key", "leaf_hash"),
    *("file_key", "nonce"),
    *("log_root", "valuation", "value"),
    # Hashes end like this.
    "sha256",
}
# Words whose list is open, each with its reason.
OPEN = {
    # A registry that modules extend (``services.approvals.registry``, ``services.jobs``).
    *("proposal.kind", "job.kind", "rate_event.kind", "cursor.name", "bank_statement.file_format"),
    # Stripe's own words: it may add one any day, and its message must be kept all the same.
    *("balance_transaction.kind", "balance_transaction.reporting_category"),
    *("dispute.reason", "dispute.status", "payout.state", "stripe_event.event_type"),
    # A right, which ``ledger.auth`` lists.
    "background_job.action",
    # Names of events, which docs/domain.md lists; entries are hashed and never change.
    *("entry.event_type", "entry.source", "balance_transaction.outcome"),
    *("posting.function", "posting.purpose"),
}


def words_of(metadata: sa.MetaData) -> dict[str, set[str]]:
    """Return the words of each column of a closed set that the database checks."""
    return {
        f"{table.name}.{column.name}": set(column.type.enums)
        for table in metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, sa.Enum) and not column.info.keys() & APPEND_ONLY.keys()
    }


def checked(engine: Engine) -> dict[str, set[str]]:
    """Return the words that the database lets each column be, by its constraints' names."""
    inspector = sa.inspect(engine)
    found = {}
    for table in inspector.get_table_names():
        for check in inspector.get_check_constraints(table):
            column = str(check["name"]).removeprefix(f"ck_{table}_")
            if words := set(re.findall(r"'([^']*)'", check["sqltext"])):
                found[f"{table}.{column}"] = words
    return found


def test_the_database_checks_the_words_of_the_models(db: Database) -> None:
    assert len(words_of(Base.metadata)) > 45
    assert checked(db.engine) == words_of(Base.metadata)


def test_another_word_in_a_model_is_told_apart(db: Database) -> None:
    """The control of the test above."""
    metadata = sa.MetaData()
    table = Base.metadata.tables["pledge"].to_metadata(metadata)
    table.c.state.type = sa.Enum("open", "forgotten", native_enum=False)
    changed = words_of(metadata)["pledge.state"]
    assert changed != checked(db.engine)["pledge.state"]


def loose(metadata: sa.MetaData) -> list[str]:
    """Return short texts that are neither of a closed set of words nor known as names."""
    return [
        f"{table.name}.{column.name}"
        for table in metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, sa.String)
        and column.type.length == 64
        and not isinstance(column.type, sa.Enum)
        and column.name not in NAMES
        and column.name.rpartition("_")[2] not in NAMES
        and f"{table.name}.{column.name}" not in OPEN
    ]


def test_every_column_of_states_and_kinds_has_a_closed_set_of_words() -> None:
    assert loose(Base.metadata) == []
    short = {f"{table.name}.{column.name}" for table in Base.metadata.tables.values()
             for column in table.columns if not isinstance(column.type, sa.Enum)}  # fmt: skip
    assert short >= OPEN


def test_a_column_without_one_is_noticed_and_one_with_it_is_checked() -> None:
    class Colour(StrEnum):
        RED = "red"
        BLUE = "blue"

    class Trial(Base):
        __tablename__ = "trial"
        id: Mapped[int] = mapped_column(primary_key=True)
        state: Mapped[Code]
        colour: Mapped[Colour]

    try:
        trial = Base.metadata.tables["trial"]
        assert loose(Base.metadata) == ["trial.state"]
        checks = [str(one.sqltext) for one in trial.constraints
                  if isinstance(one, sa.CheckConstraint)]  # fmt: skip
        assert checks == ["colour in ('red', 'blue')"]
        assert sa.event.contains(sa.Table, "after_parent_attach", check_words)
    finally:
        Base.metadata.remove(Base.metadata.tables["trial"])
        Base.registry._dispose_cls(Trial)


Words = dict[str, dict[str, set[str]]]


def models() -> Words:
    """Return the words of each model's columns of closed sets, by name."""
    return {
        mapper.class_.__name__: {
            attribute.key: set(attribute.columns[0].type.enums)
            for attribute in mapper.column_attrs
            if isinstance(attribute.columns[0].type, sa.Enum)
        }
        for mapper in Base.registry.mappers
    }


def bare(source: str, columns: Words) -> list[int]:
    """Return the lines where a text stands in for a word of a closed set.

    What is assigned to such a column, mypy looks at.
    """

    def words_in(node: ast.expr) -> set[str]:
        match node:
            case ast.Attribute(value=ast.Name(id=model), attr=name):
                return columns.get(model, {}).get(name, set())
        return set()

    def texts(words: set[str], nodes: list[ast.expr]) -> list[int]:
        return [
            inner.lineno
            for node in nodes
            for inner in ast.walk(node)
            if isinstance(inner, ast.Constant) and inner.value in words
        ]

    found: list[int] = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Compare(left=left, comparators=others):
                for part in (left, *others):
                    found += texts(words_in(part), [left, *others])
            case ast.Call(func=ast.Attribute(value=column, attr="in_" | "not_in"), args=args):
                found += texts(words_in(column), args)
            case ast.Call(func=ast.Name(id=model), keywords=keywords) if model in columns:
                for keyword in keywords:
                    words = columns[model].get(keyword.arg or "", set())
                    found += texts(words, [keyword.value])
    return sorted(found)


def test_columns_are_compared_with_members_and_made_of_them() -> None:
    columns = models()
    modules = [path for room in ("ledger", "reports") for path in (ROOT / room).rglob("*.py")]
    found = {
        str(path.relative_to(ROOT)): lines
        for path in modules
        if "sandbox" not in path.parts
        and "ledger.models" in (text := path.read_text())
        and (lines := bare(text, columns))
    }
    assert found == {}


@pytest.mark.parametrize(
    "source",
    [
        "Pledge.state == 'open'",
        "Pledge.state.in_(('open', PledgeState.LAPSED))",
        "Pledge(id=1, state='open')",
        "'open' != Pledge.state",
    ],
)
def test_a_text_instead_of_a_member_is_noticed(source: str) -> None:
    assert bare(source, models()) == [1]
    assert bare(source.replace("'open'", "PledgeState.OPEN"), models()) == []


def test_a_member_is_written_as_its_word() -> None:
    """Rows, files, answers and pages say the same as before the words had types."""
    state = PledgeState.PART_FULFILLED
    out = io.StringIO()
    csv.writer(out).writerow([state])
    page = Environment(autoescape=True).from_string(
        "{{ s }} {{ s == 'part_fulfilled' }} {{ {'part_fulfilled': 1}[s] }}"
    )
    assert f"{state} {state!s}" == "part_fulfilled part_fulfilled"
    assert json.dumps({state: state}) == '{"part_fulfilled": "part_fulfilled"}'
    assert out.getvalue() == "part_fulfilled\r\n"
    assert page.render(s=state) == "part_fulfilled True 1"


def test_a_row_with_another_word_stops_the_upgrade(empty: Database) -> None:
    migrations.upgrade(empty.engine, "0051")
    with empty.engine.begin() as connection:
        recording.fill_empty(connection, {})
        connection.execute(sa.text("update refund set state = 'mislaid'"))
    with pytest.raises(Conflict, match="refund has the state “mislaid”"):
        migrations.upgrade(empty.engine)
    with empty.engine.begin() as connection:
        assert migrations.revision_of(connection) == "0051"
        connection.execute(sa.text("update refund set state = 'sent'"))
    migrations.upgrade(empty.engine)
    with pytest.raises(sa.exc.IntegrityError), empty.engine.begin() as connection:
        connection.execute(sa.text("update refund set state = 'mislaid'"))
