"""The layouts of banks' tables that we know, each in a TOML file beside this module.

A table is of a layout when every heading of its signature stands in one row; one without
headings, when its first rows have the layout's shape. Written from what banks publish about their
exports, never from anybody's file.
"""

import re
import tomllib
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

from ledger.bank_files.grid import Grid
from ledger.bank_files.profiles import Profile, profile_from

# Below what a bank writes above its headings.
LOOKED_AT = 60
SHAPED = 50


@dataclass(frozen=True, slots=True)
class Layout:
    """One bank's table: whose it is, by what it is known, and how it is read."""

    title: str
    signature: frozenset[str]
    shape: tuple[re.Pattern[str], ...]
    profile: Profile


@cache
def layouts() -> tuple[Layout, ...]:
    """Return every layout, the one with the longest signature first."""
    found = []
    for file in files("ledger.bank_files").joinpath("banks").iterdir():
        if file.name.endswith(".toml"):
            document = tomllib.loads(file.read_text(encoding="utf-8"))
            about = document.pop("layout")
            profile = profile_from({"name": file.name.removesuffix(".toml"), **document})
            found.append(
                Layout(
                    title=about["title"],
                    signature=frozenset(map(plain, about.get("signature", []))),
                    shape=tuple(re.compile(one, re.ASCII) for one in about.get("shape", [])),
                    profile=profile,
                )
            )
    return tuple(sorted(found, key=lambda one: (-len(one.signature), one.profile.name)))


def plain(heading: str) -> str:
    """Return a heading as it is compared: without capitals and doubled blanks."""
    return " ".join(heading.casefold().split())


def layout_of(grid: Grid) -> Layout | None:
    """Return the layout of a table, or None when no bank we know writes so."""
    for row in grid.rows[:LOOKED_AT]:
        there = {plain(cell) for cell in row.cells}
        for one in layouts():
            if one.signature and one.signature <= there:
                return replace(one, profile=_present(one.profile, there))
    return next((one for one in layouts() if one.shape and _has_shape(grid, one.shape)), None)


def _present(profile: Profile, there: set[str]) -> Profile:
    """Return a profile without the columns that not every version of the bank's table has."""
    absent = {
        key: ""
        for key in ("value_day", "counterparty", "counterparty_account", "reference", "end_to_end",
                    "code", "account_column", "balance", "status", "counterparty_out", "payout",
                    "currency_column")
        if (named := getattr(profile, key)) and not named.startswith("#")
        and plain(named) not in there
    }  # fmt: skip
    texts = tuple(one for one in profile.texts if one.startswith("#") or plain(one) in there)
    return replace(profile, texts=texts, **absent)  # type: ignore[arg-type]


def _has_shape(grid: Grid, shape: tuple[re.Pattern[str], ...]) -> bool:
    return all(
        len(row.cells) == len(shape)
        and all(one.fullmatch(cell.strip()) for one, cell in zip(shape, row.cells, strict=True))
        for row in grid.rows[:SHAPED]
    )
