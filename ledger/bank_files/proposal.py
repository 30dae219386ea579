"""What a table says of itself: which column is what, told by headings and by what stands below.

A proposal is certain only where one reading fits every row; everything else is a problem, which
somebody has to decide. Must not read a row into a line.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ledger.bank_files.cells import (
    ORDERS,
    SYMBOLS,
    currency_of,
    days_of,
    marks_of,
    orders_of,
    read_amount,
)
from ledger.bank_files.grid import Grid, Row
from ledger.bank_files.layouts import LOOKED_AT, layout_of, plain
from ledger.bank_files.placing import Placed, place
from ledger.bank_files.profiles import AUTO, Profile
from ledger.bank_files.rows import amounts, data_rows
from ledger.bank_files.words import DAY_FIRST, GROSS, HEADINGS, IN, OF_GIFTS, OUT, PENDING
from ledger.core.currencies import EXPONENTS
from ledger.errors import Invalid

NAME = "table"
GIFTS = (
    "This looks like a list of contributions, not a bank statement. Import it under Import "
    "contributions, or with `poolbook import gifts`."
)
# How many cells of a column have to be of one kind.
MOST = 0.8
STATUS = HEADINGS["status"] | {"info", "buchungsstatus", "booked"}
_IN_CURRENCY = re.compile(
    r"\s*(?:[(\[]\s*([A-Z]{3}|[€£$¥₹])\s*[)\]]|\bin ([A-Z]{3})\b|\b([A-Z]{3}))$"
)
# What no known layout may leave to a profile that says nothing of it.
_MONEY = ("amount", "paid_out", "paid_in", "sign", "sign_out", "sign_in", "fee",
          "net", "fee_with_payment", "refunded", "payout", "currency_column", "currency_out",
          "counterparty_out")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Proposal:
    """A reading of a table, and why it is not certain; ``where`` is the row it is about."""

    profile: Profile
    problems: tuple[str, ...]
    where: str
    plausible: bool = True


def propose(
    grid: Grid, currency: str, layout: Profile | None = None, *, of_gifts: bool = False
) -> Proposal:
    """Return the best reading of a table, with the layout of its bank where that is known.

    ``currency`` is what the account holds, for a table that does not say it. In a list ``of_gifts``
    every amount came in.
    """
    if layout is not None:
        placed = place(grid, layout)
        where = grid.place(grid.rows[max(placed.first - 1, 0)])
        if layout.day_format != AUTO:
            return Proposal(layout, (), where)
        rows, _below = data_rows(grid, placed)
        order, problem = _order(rows, placed)
        told = (problem,) if problem else ()
        return Proposal(replace(layout, day_format=order), told, where)
    best: tuple[int, int, dict[str, list[str]]] = (0, 0, {})
    for index, row in enumerate(grid.rows[:LOOKED_AT]):
        named = _named(row)
        score = len(named) if "day" in named and _money_in(named) else 0
        if score > best[0]:
            best = (score, index, named)
    score, index, named = best
    if not score:
        return _without_headings(grid, currency)
    where = grid.place(grid.rows[index])
    profile, problems = _profile(named, currency)
    try:
        placed = place(grid, profile)
    except Invalid as error:
        return Proposal(profile, (error.message,), error.place or where)
    named_gifts = OF_GIFTS & {_bare(cell) for cell in grid.rows[index].cells}
    if named_gifts and not of_gifts and not profile.balance:
        problems = [GIFTS, *problems]
    strange = None if problems else _strange(grid, placed, currency)
    if strange is not None:
        return Proposal(profile, (strange.message,), strange.place or where)
    profile, more = _settled(grid, placed, currency, of_gifts)
    return Proposal(profile, (*problems, *more), where)


def _money_in(named: dict[str, list[str]]) -> bool:
    return "amount" in named or ("paid_out" in named and "paid_in" in named)


def _named(row: Row) -> dict[str, list[str]]:
    """Return which headings of a row mean what; a heading may mean one thing only."""
    found: dict[str, list[str]] = {}
    for index, cell in enumerate(row.cells):
        if not cell.strip():
            continue
        heading = _bare(cell)
        gross = heading in GROSS
        key = "amount" if gross else next((k for k, v in HEADINGS.items() if heading in v), "")
        if key:
            found.setdefault(key, []).append(_name(row, index))
    return found


def _bare(heading: str) -> str:
    """Return a heading without its currency, as the words are compared."""
    return plain(_IN_CURRENCY.sub("", heading.strip())).rstrip(".:")


def _profile(named: dict[str, list[str]], currency: str) -> tuple[Profile, list[str]]:
    problems = []
    both = "paid_out" in named and "paid_in" in named
    gross = [one for one in named.get("amount", []) if _bare(one) in GROSS][:1]
    amount = "" if both and not gross else (gross or named.get("amount", [""]))[0]
    if amount and len(gross or named["amount"]) > 1:
        told = " and ".join(map(repr, named["amount"][:2]))
        problems.append(f"Two columns may be the amount: {told:.120}.")
    if len(named["day"]) > 1:
        problems.append(f"Two columns may be the day: {' and '.join(named['day'][:2]):.120}.")
    paid_out, paid_in = (named["paid_out"][0], named["paid_in"][0]) if both else ("", "")
    if amount:
        paid_out = paid_in = ""
    single: dict[str, Any] = {
        key: named[key][0]
        for key in ("balance", "currency_column", "counterparty", "counterparty_account",
                    "reference", "end_to_end", "code", "value_day", "status", "account_column",
                    "sign", "email")
        if key in named
    }  # fmt: skip
    fee = named.get("fee", [""])[0]
    net = named.get("net", [""])[0] if fee else ""
    stated = _stated_currency(amount or paid_in)
    profile = Profile(
        name=NAME,
        day=named["day"][0],
        day_format=AUTO,
        amount=amount,
        paid_out=paid_out,
        paid_in=paid_in,
        currency="" if "currency_column" in named else stated,
        texts=tuple(named.get("texts", [])),
        fee=fee,
        net=net,
        **single,
    )
    if not (profile.currency_column or stated or currency):
        problems.append("Nothing in the table says which currency it is in.")
    return profile, problems


def _stated_currency(heading: str) -> str:
    found = _IN_CURRENCY.search(heading)
    code = next((one for one in found.groups() if one), "") if found else ""
    if code in EXPONENTS:
        return code
    meant = SYMBOLS.get(code, set())
    return next(iter(meant)) if len(meant) == 1 else ""


def _settled(
    grid: Grid, placed: Placed, currency: str, of_gifts: bool
) -> tuple[Profile, list[str]]:
    """Say day order, decimal mark and signs where all rows allow one reading only."""
    rows, _below = data_rows(grid, placed)
    profile, problems = placed.profile, []
    if not rows:
        return profile, ["The table has headings and no row."]
    order, problem = _order(rows, placed)
    problems += [problem] if problem else []
    mark, problem = _mark(rows, placed, currency)
    problems += [problem] if problem else []
    profile = replace(profile, day_format=order, decimal_mark=mark)
    placed = replace(placed, profile=profile)
    profile = replace(profile, **_directions(rows, placed, currency))  # type: ignore[arg-type]
    if of_gifts:
        return profile, problems
    if profile.amount and not profile.sign and not profile.balance and not profile.fee:
        found = _values(rows, placed, "amount", currency)
        if found and min(found) >= 0:
            problems.append(
                f"Every amount in {profile.amount!r:.60} is above zero, and no column says which "
                "way the money went."
            )
    return profile, problems


def _order(rows: Sequence[Row], placed: Placed) -> tuple[str, str]:
    days = [day for row in rows if (day := placed.cell(row, "day")).strip()]
    orders = orders_of(days)
    if len(orders) == 1:
        return orders[0], ""
    first_order = DAY_FIRST & {_bare(one) for one in placed.headings}
    if "dmy" in orders and first_order:
        return "dmy", ""
    if not orders:
        bad = next((day for day in days if not days_of(day)), days[0] if days else "")
        return ORDERS[
            0
        ], f"The column {placed.profile.day!r:.60} holds {bad!r:.30}, which is no day."
    meant = " or ".join(str(days_of(days[0])[order]) for order in orders)
    return orders[0], f"The day {days[0]!r:.30} can be read in two ways: {meant}."


def _strange(grid: Grid, placed: Placed, currency: str) -> Invalid | None:
    """Return why an amount can be read neither with a point nor with a comma, and where it is."""
    rows, _below = data_rows(grid, placed)
    found = [(row, text, _currency(placed, row, currency)) for row, text in amounts(rows, placed)]
    if marks_of([(text, named) for _row, text, named in found]):
        return None
    for row, text, named in found:
        if not marks_of([(text, named)]):
            try:
                read_amount(text, named, ".")
            except Invalid as error:
                column = next(one for one in placed.at if placed.under(row, one) == text)
                error.place = grid.place(row, column)
                return error
    return None


def _mark(rows: Sequence[Row], placed: Placed, currency: str) -> tuple[str, str]:
    texts = [(text, _currency(placed, row, currency)) for row, text in amounts(rows, placed)]
    marks = marks_of(texts)
    if len(marks) == 1:
        return marks[0], ""
    if not marks:
        return ".", "The amounts are not all written in one way."
    return marks[0], f"The amount {texts[0][0]!r:.40} can be read with a point or with a comma."


def _currency(placed: Placed, row: Row, currency: str) -> str:
    try:
        return currency_of(
            placed.cell(row, "currency_column") or placed.profile.currency or currency or "EUR"
        )
    except Invalid:
        return "EUR"


def _values(rows: Sequence[Row], placed: Placed, key: str, currency: str) -> list[int]:
    found = []
    for row in rows:
        text = placed.cell(row, key)
        if text.strip():
            try:
                mark = placed.profile.decimal_mark or "."
                found.append(read_amount(text, _currency(placed, row, currency), mark))
            except Invalid:
                continue
    return found


def _directions(rows: Sequence[Row], placed: Placed, currency: str) -> dict[str, object]:
    """Return the column that says which way money went, where no amount has a sign."""
    profile = placed.profile
    if profile.sign or not profile.amount:
        return {}
    if any(one < 0 for one in _values(rows, placed, "amount", currency)):
        return {}
    column = _sign_column(rows, placed)
    return {"sign": column} if column else {}


def _sign_column(rows: Sequence[Row], placed: Placed) -> str:
    """Return the one column in which every row says in or out, in words of banks."""
    taken = set(placed.profile.texts) | {placed.profile.amount, placed.profile.day}
    found = []
    for index, heading in enumerate(placed.headings):
        cells = {row.cells[index].strip().casefold() for row in rows if index < len(row.cells)}
        name = heading if placed.headings.count(heading) == 1 and heading else f"#{index + 1}"
        if cells and cells <= {*IN, *OUT} and name not in taken:
            found.append(name)
    return found[0] if len(found) == 1 else ""


def _without_headings(grid: Grid, currency: str) -> Proposal:
    """Return a reading of columns by what stands in them, for somebody to look over."""
    width = Counter(len(row.cells) for row in grid.rows).most_common(1)[0][0]
    first, kinds = 0, _kinds(grid.rows, width, currency)
    for index in range(1, min(len(grid.rows), LOOKED_AT)):
        if kinds["day"] and kinds["amount"]:
            break
        later = _kinds(grid.rows[index:], width, currency)
        if later["day"] and later["amount"]:
            first, kinds = index, later
    above = grid.rows[first - 1] if first else None

    def named(kind: str, number: int = 0, default: str = "") -> str:
        if len(kinds[kind]) <= number:
            return default
        return _name(above, kinds[kind][number])

    profile = Profile(
        name=NAME,
        heading_line=above.number if above else 0,
        day=named("day", default="#1"),
        day_format=AUTO,
        value_day=named("day", 1),
        amount=named("amount", default=f"#{min(2, width)}"),
        balance=named("amount", 1),
        texts=tuple(named("text", number) for number in range(len(kinds["text"]))),
        currency=currency,
        newest_first=False,
    )
    alike = sum(1 for row in grid.rows if len(row.cells) == width)
    told_by_cells = bool(kinds["day"] and kinds["amount"])
    return Proposal(
        profile,
        ("No row holds headings that we know, like Date and Amount.",),
        grid.place(above or grid.rows[0]),
        plausible=width > 1 and alike > 1 and (told_by_cells or alike >= MOST * len(grid.rows)),
    )


def _name(above: Row | None, index: int) -> str:
    """Return how a column is named: by its heading where only it has it, or by its number."""
    heading = above.cells[index].strip() if above and index < len(above.cells) else ""
    alone = above is not None and [plain(one) for one in above.cells].count(plain(heading)) == 1
    return heading if heading and alone else f"#{index + 1}"


def _kinds(rows: Sequence[Row], width: int, currency: str) -> dict[str, list[int]]:
    """Return the columns in which most cells are days, amounts, or words."""
    kinds: dict[str, list[int]] = {"day": [], "amount": [], "text": []}
    looked_at = rows[:LOOKED_AT]
    for index in range(width):
        cells = [row.cells[index] for row in looked_at if index < len(row.cells)]
        filled = [cell for cell in cells if cell.strip()]
        most = MOST * len(looked_at)
        if filled and sum(1 for cell in filled if days_of(cell)) >= MOST * len(filled):
            kinds["day"].append(index)
        elif sum(1 for cell in filled if marks_of([(cell, currency or "EUR")])) >= max(1, most):
            kinds["amount"].append(index)
        elif any(re.search(r"[^\W\d_]{3}", cell) for cell in filled):
            kinds["text"].append(index)
    return kinds


def completed(grid: Grid, placed: Placed, currency: str) -> tuple[Placed, list[str]]:
    """Return a placed profile with what it leaves unsaid and the table says beyond doubt.

    That is the way of each row where no amount has a sign, the fee where gross and fee give what
    the profile calls the amount, and which rows are not booked. The second part says what was
    added.
    """
    notes: list[str] = []
    layout = layout_of(grid)
    if layout is not None and _says_more(layout.profile, placed.profile):
        values = {key: getattr(layout.profile, key) for key in _MONEY}
        placed = place(grid, replace(placed.profile, **values))
        notes.append(f"This is a table of {layout.title}: its amounts are read as it writes them.")
    if not placed.profile.currency and not placed.profile.currency_column and currency:
        notes.append(f"The table names no currency; it is taken to be in {currency}.")
    rows, _below = data_rows(grid, placed)
    marked = placed
    if not placed.profile.decimal_mark:
        mark, _problem = _mark(rows, placed, currency)
        marked = replace(placed, profile=replace(placed.profile, decimal_mark=mark))
    for found, note in (
        _sign(rows, marked, currency),
        _fee(rows, marked, currency),
        _status(rows, marked),
    ):
        if found:
            placed = place(grid, replace(placed.profile, **found))  # type: ignore[arg-type]
            notes += [note] if note else []
    return placed, notes


_Found = tuple[dict[str, str], str]


def _says_more(layout: Profile, profile: Profile) -> bool:
    """Tell whether a layout knows of signs or fees of which a profile says nothing."""
    return bool(layout.sign and not profile.sign) or bool(layout.fee and not profile.fee)


def _sign(rows: Sequence[Row], placed: Placed, currency: str) -> _Found:
    if not placed.profile.amount or placed.profile.sign:
        return {}, ""
    values = _values(rows, placed, "amount", currency)
    column = _sign_column(rows, placed) if values and min(values) >= 0 else ""
    if not column:
        return {}, ""
    return {"sign": column}, f"The column {column!r:.60} says which way the money went."


def _fee(rows: Sequence[Row], placed: Placed, currency: str) -> _Found:
    """Return gross and fee where together they are what is called the amount in every row."""
    profile = placed.profile
    if not profile.amount or profile.fee:
        return {}, ""
    for fee in placed.headings:
        for gross in placed.headings:
            fits = _bare(fee) in HEADINGS["fee"] and _bare(gross) in GROSS | HEADINGS["amount"]
            if fits and gross != profile.amount and _adds_up(rows, placed, gross, fee, currency):
                note = f"{profile.amount!r:.60} is {gross!r:.60} less the column {fee!r:.60}."
                return {"amount": gross, "fee": fee, "net": profile.amount}, note
    return {}, ""


def _adds_up(rows: Sequence[Row], placed: Placed, gross: str, fee: str, currency: str) -> bool:
    trial = replace(placed, profile=replace(placed.profile, net=placed.profile.amount,
                                            amount=gross, fee=fee))  # fmt: skip
    at = {name: index for index, name in enumerate(placed.headings)}
    trial = replace(trial, at={**placed.at, gross: at[gross], fee: at[fee]})
    some = False
    for row in rows:
        found = [_values([row], trial, key, currency) for key in ("amount", "fee", "net")]
        if not found[0] or not found[2]:
            return False
        taken = found[1][0] if found[1] else 0
        if abs(found[2][0] - found[0][0]) != abs(taken):
            return False
        some = some or bool(taken)
    return some


def _status(rows: Sequence[Row], placed: Placed) -> _Found:
    """Return the column that says of some rows that they are pending."""
    if placed.profile.status:
        return {}, ""
    for index, heading in enumerate(placed.headings):
        if _bare(heading) in STATUS and placed.headings.count(heading) == 1:
            cells = [row.cells[index].strip() for row in rows if index < len(row.cells)]
            if any(PENDING.fullmatch(cell) for cell in cells):
                return {"status": heading}, ""
    return {}, ""
