"""What every check shares: its result, and how a query becomes a count or a sentence."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Executable, case, func, literal, select

from ledger.db import ReadSession
from ledger.models.journal import Posting

# How many rows were looked at, and the first that breaks the rule.
Finding = tuple[int, str | None]
Check = Callable[[ReadSession], Finding]


@dataclass(frozen=True, slots=True)
class Result:
    """One rule: how many rows were looked at, and the first that breaks it."""

    id: str
    title: str
    ok: bool
    checked: int
    first_violation: str | None


def first(session: ReadSession, query: Executable, sentence: str) -> str | None:
    """Return the sentence filled with the first row of a query; None when there is none."""
    row = session.execute(query).first()
    return None if row is None else sentence.format(*row)


def count(session: ReadSession, table: type, *conditions: ColumnElement[bool]) -> int:
    """Return how many rows of a table fulfil the conditions."""
    query = select(func.count(literal(1))).select_from(table).where(*conditions)
    return int(session.scalar(query) or 0)


def layer() -> Any:
    """Return the layer of a leg, by its account."""
    return case(
        (Posting.account / 1000 == 8, "QTY"), (Posting.account / 1000 == 9, "MEMO"), else_="FIN"
    )


def on(*accounts: int, sign: int = 1) -> Any:
    """Return the sum of legs on some accounts, as a column."""
    return func.sum(case((Posting.account.in_(accounts), sign * Posting.quantity), else_=0))
