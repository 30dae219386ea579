"""Keywords that tests hand to several commands at once, with the types these ask for."""

from datetime import date, datetime
from typing import TypedDict
from uuid import UUID

from ledger.models.books import Book, Fund


class By(TypedDict):
    """Who does it, and when."""

    by: UUID | None
    now: datetime


class Place(TypedDict):
    """Whose money it is."""

    book: Book
    fund: Fund


class Period(TypedDict):
    """The days that a report is about."""

    since: date
    until: date
