"""The journal of another ledger (hledger, beancount, GnuCash …): a treasurer sends a file, says
what its accounts are, looks at what would come in, and imports it, as ``poolbook import journal``
does.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Mapping as Table
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from flask import Blueprint, flash
from flask_babel import gettext as _
from flask_babel import ngettext

from ledger.db import Session
from ledger.errors import Invalid, PoolbookError
from ledger.importers import FORMATS, LEAVABLE, History, Mapping, read_history
from ledger.importers.mapping import is_ours, target_of
from ledger.models.books import Book
from ledger.queries.books.books import account_names, fund_by_code, own_funds
from ledger.schemas.fields import asked
from ledger.schemas.ledgers import ACCOUNT, UNIT, ledger_names, ledger_reading
from ledger.services.importing import ledgers
from ledger.web.importing.drafts import Draft, Flow, Looked, register
from ledger.web.site.context import here, now, read_form, reading
from ledger.web.site.forms import Errors, Form, errors_of

pages = Blueprint("ledgers", __name__)

TRANSACTIONS_SHOWN = 10
LONGEST_NAME = 100
# More would make a form that no browser should be asked to send.
MOST_NAMES = 500
# What the fields of accounts and units begin with.
NAMES = (ACCOUNT, UNIT)


@dataclass(frozen=True, slots=True)
class Named:
    """An account or a unit of a file: its field, its name there, what the file counts on it, and
    what it is called here once it is opened."""

    field: str
    name: str
    sums: tuple[str, ...] = ()
    opens: bool = False


def _check(_book: Book, file_name: str, data: bytes) -> History:
    history = _history(file_name, data, "auto", ())
    if len(history.accounts()) + len(history.places()) > MOST_NAMES:
        raise Invalid(
            _("This file has more accounts than fit on a page. Import it on the command line."),
            place="file",
        )
    return history


def _propose(draft: Draft) -> Looked:
    values = {"format": "auto", "fund": ""}
    try:
        history = _history(draft.file_name, draft.data, "auto", ())
        mapping = _proposed(draft.book, history, "")
    except PoolbookError as refusal:
        return Looked(values, _errors_of(refusal), _shown(draft.book))
    values |= {"fund": mapping.fund, **_answers(mapping)}
    return Looked(values, {}, _shown(draft.book, history, mapping))


def _answer(draft: Draft, values: dict[str, str]) -> Looked:
    history = mapping = None
    try:
        said = read_form(
            ledger_reading(),
            {name: text for name, text in values.items() if not name.startswith(NAMES)},
        )
        leave_out = tuple(part for part, left in said.leave_out.items() if left)
        history = _history(draft.file_name, draft.data, said.format, leave_out)
        mapping = _proposed(draft.book, history, said.fund)
        names = {name: text for name, text in values.items() if name.startswith(NAMES)}
        values = _answers(mapping) | values
        mapping = _said_of(draft.book, mapping, names)
        preview = _previewed(draft.book, history, mapping)
    except PoolbookError as refusal:
        return Looked(values, _errors_of(refusal), _shown(draft.book, history, mapping))
    chosen, found = history, mapping

    def keep(session: Session) -> ledgers.HistoryImported:
        ledgers.check_begins(session, draft.book)
        return ledgers.import_history(
            session, book=draft.book, history=chosen, mapping=found, now=now()
        )

    shown = _shown(draft.book, history, mapping)
    warnings = (*history.warnings, *preview.warnings)
    return Looked(values, {}, {**shown, "preview": preview, "warnings": warnings}, keep)


def _said(_book: Book, done: ledgers.HistoryImported) -> None:
    parts = (
        ngettext("%(num)s entry imported", "%(num)s entries imported", done.entries),
        _("%(known)s already there", known=done.duplicates),
        ngettext("%(num)s new account", "%(num)s new accounts", len(done.opened)),
    )
    flash(f"{', '.join(map(str, parts))}.")
    for warning in done.warnings:
        flash(warning)


def _errors_of(refusal: PoolbookError) -> Errors:
    return errors_of(refusal, only=("fund",), tell=True)


def _form(shown: dict[str, Any], values: dict[str, str], errors: Errors) -> Form:
    more = {one.field: asked(one.name) for one in shown["accounts"]}
    more |= {one.field: asked(one.name or _("amounts without one")) for one in shown["units"]}
    return Form(ledger_reading(), values=values, errors=errors, more=more)


def _history(file_name: str, data: bytes, file_format: str, leave_out: tuple[str, ...]) -> History:
    """Read a file by itself: in a folder of its own, it can include no other."""
    # Its end tells the format; a folder takes no name of more than 255 bytes.
    name = re.sub(r"[^A-Za-z0-9_.-]+", "_", file_name)[-LONGEST_NAME:].lstrip(".") or "ledger"
    with TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        return read_history(path, file_format, frozenset(leave_out))


def _proposed(book: Book, history: History, fund: str) -> Mapping:
    with reading() as session:
        if fund:
            fund_by_code(session, book.id, fund)
        return ledgers.propose_mapping(session, book=book, history=history, fund=fund or None)


def _said_of(book: Book, proposed: Mapping, names: dict[str, str]) -> Mapping:
    """Return a mapping with what the form says. Raises Invalid, naming fields."""
    accounts = {_key(name): name for name in proposed.accounts}
    units = {_key(unit): unit for unit in proposed.commodities}
    said = read_form(ledger_names(accounts, units), names)
    with reading() as session:
        chart = account_names(session, book.id)
    problems: Errors = {}
    found = dict(proposed.accounts)
    for key, name in accounts.items():
        number = int(said.accounts[key] or 0) or found[name].number
        if not number:
            problems[f"{ACCOUNT}{key}"] = [_("Choose an account.")]
        elif number != found[name].number:
            found[name] = replace(
                found[name], number=number, name=None if number in chart else name
            )
    codes = dict(proposed.commodities)
    for key, unit in units.items():
        code = said.units[key].upper() or codes[unit].code
        if not is_ours(code):
            problems[f"{UNIT}{key}"] = [_("Enter a commodity code, like EUR or MIN.GEN.")]
        elif code != codes[unit].code:
            codes[unit] = target_of(code)
    if problems:
        raise Invalid(_("Check the answers marked below."), messages=problems)
    return replace(proposed, accounts=found, commodities=codes)


def _previewed(book: Book, history: History, mapping: Mapping) -> ledgers.HistoryImported:
    """Do what an import does and keep nothing of it."""
    return here().db.run(
        lambda session: ledgers.preview_history(
            session, book=book, history=history, mapping=mapping, now=now()
        )
    )


def _answers(mapping: Mapping) -> dict[str, str]:
    answers = {
        f"{ACCOUNT}{_key(name)}": str(target.number or "")
        for name, target in mapping.accounts.items()
    }
    return answers | {
        f"{UNIT}{_key(unit)}": target.code for unit, target in mapping.commodities.items()
    }


def _key(name: str) -> str:
    """Return how a field is called after an account or unit; it stays when another reading finds
    other names."""
    return hashlib.sha256(name.encode()).hexdigest()[:16]


def _shown(
    book: Book, history: History | None = None, mapping: Mapping | None = None
) -> dict[str, Any]:
    with reading() as session:
        chart = account_names(session, book.id)
        funds = own_funds(session, book.id)
    sums = _sums(history) if history else {}
    return {
        "formats": FORMATS,
        "leavable": LEAVABLE,
        "funds": [(fund.code, fund.name) for fund in funds],
        "accounts": [
            Named(
                f"{ACCOUNT}{_key(name)}",
                name,
                sums.get(name, ()),
                target.name is not None and target.number not in chart,
            )
            for name, target in (mapping.accounts if mapping else {}).items()
        ],
        "units": [
            Named(f"{UNIT}{_key(unit)}", unit) for unit in (mapping.commodities if mapping else {})
        ],
        "samples": history.transactions[:TRANSACTIONS_SHOWN] if history else (),
        "transactions": len(history.transactions) if history else 0,
        "warnings": (),
    }


def _sums(history: History) -> Table[str, tuple[str, ...]]:
    """Return what a file comes to on each of its accounts, as the file writes it."""
    found: defaultdict[str, defaultdict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for transaction in history.transactions:
        for leg in transaction.legs:
            found[leg.account][leg.figure.unit] += leg.figure.number
    return {
        name: tuple(f"{number:f} {unit}".strip() for unit, number in sorted(sums.items()))
        for name, sums in found.items()
    }


register(
    Flow(
        pages,
        purpose="ledger",
        action="book_manual_entries",
        templates=("importing/choose_ledger.html", "importing/ledger.html"),
        leads_to="manual_entries.index",
        check=_check,
        propose=_propose,
        answer=_answer,
        said=_said,
        form=_form,
        errors_of=_errors_of,
    ),
    "ledgers",
)
