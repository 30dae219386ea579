"""One bank line: what it could be and why, and a form that makes it anything, in parts."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as later
from werkzeug.wrappers import Response

from ledger.core.currencies import exponent
from ledger.core.fitting_accounts import Use, fitting
from ledger.core.vocabulary import FundClass
from ledger.errors import Invalid, NotFound, PoolbookError
from ledger.models.books import Account, Book, Fund
from ledger.queries.banking import statements
from ledger.queries.books.books import accounts_of, own_funds
from ledger.queries.books.journal import EntryRow
from ledger.schemas import bank_lines as schemas
from ledger.services.approvals import previews
from ledger.services.banking.items import Item, item_by_id
from ledger.services.reconciliation import agreed, costs
from ledger.services.reconciliation.meanings import EITHER, IN, MEANINGS, OUT, Part
from ledger.services.reconciliation.scoring import Idea, chosen, ideas_for
from ledger.services.reconciliation.splitting import MOST_PARTS, book_parts
from ledger.web.site.context import (
    book_for,
    here,
    now,
    page,
    read_form,
    reading,
    signed_in,
    write,
)
from ledger.web.site.formatting import plain_decimal
from ledger.web.site.forms import WHOLE, Errors, Form, errors_of

pages = Blueprint("lines", __name__)

# What a person chooses from, by the way the money went; in the order of how often it is.
LABELS: Mapping[str, object] = {
    "gift": later("Contribution"),
    "pledge": later("Pledge"),
    "unidentified": later("Not known yet"),
    "tranche": later("Grant instalment received"),
    "interest": later("Interest"),
    "gift_with_reclaim": later("Contribution with Gift Aid"),
    "reclaim": later("Gift Aid reclaim received"),
    "cost_refund": later("Refund from a supplier"),
    "bill": later("Approved bill, claim or grant"),
    "charge": later("Bank fee"),
    "cost": later("Payment without a bill (asks an approver)"),
    "repaid": later("Repayment to a donor"),
    "returned": later("Returned cheque"),
    "own_transfer": later("Transfer between our own accounts"),
    "not_ours": later("Not ours: held for others"),
    "payout": later("Stripe payout"),
    "entry": later("Existing journal entry"),
}
FIELDS = ("meaning", "amount", "target", "fund", "account", "note")
# Places that services name → the field of a part.
PLACES = {"reference": "target", "entry": "target", "owed": "target", "payout": "target"}


@pages.get("/books/<code>/bank/lines/<uuid:line_id>")
def show(code: str, line_id: UUID) -> Response:
    """Show one line or payment, and the form that says what it is."""
    return _page(code, line_id, _first_row() or None, {})


@pages.post("/books/<code>/bank/lines/<uuid:line_id>")
def book(code: str, line_id: UUID) -> Response:
    """Preview or book what somebody says a line is, or ask for one part more."""
    owner = book_for("match", code)
    person = signed_in()
    values = request.form.to_dict()
    with reading() as session:
        statements.line_by_id(session, book_id=owner.id, line_id=line_id)
    try:
        asked = {f"{name}-{number}" for number in _rows_of(values) for name in FIELDS}
        # What belongs to no part is read with the step, and refused there.
        step = read_form(
            schemas.StepForm(), {name: values[name] for name in values.keys() - asked}
        ).step
        if step == "more":
            return _page(code, line_id, values, {}, more=1)
        numbers, parts = _parts(owner)
    except Invalid as refusal:
        return _page(code, line_id, values, errors_of(refusal), status=422)
    try:
        if step == "preview":
            seen = here().db.run(
                lambda session: previews.trial(
                    session,
                    lambda trying: book_parts(
                        trying, line_id=line_id, parts=parts, by=person.id, now=now()
                    ),
                )
            )
            return _page(code, line_id, values, {}, seen=seen)
        write(
            lambda session: book_parts(
                session, line_id=line_id, parts=parts, by=person.id, now=now()
            )
        )
    except PoolbookError as refusal:
        status = 422 if isinstance(refusal, Invalid | NotFound) else 409
        return _page(code, line_id, values, _errors(refusal, numbers), status=status)
    return _after(owner, line_id, parts)


def _after(owner: Book, line_id: UUID, parts: Sequence[Part]) -> Response:
    """Redirect to the next line that waits."""
    if any(part.meaning == "cost" for part in parts):
        flash(_("Saved. The payment without a bill waits for an approver."))
    else:
        flash(_("Booked."))
    with reading() as session:
        line = statements.line_by_id(session, book_id=owner.id, line_id=line_id).line
        following = statements.next_open_line(session, after=line)
    if following is None:
        return redirect(url_for("statements.show", code=owner.code), 303)
    return redirect(url_for("lines.show", code=owner.code, line_id=following), 303)


def _first_row() -> dict[str, str]:
    """Return what the address says of the first part, as a suggestion's link does."""
    return {
        f"{name}-0": request.args[name][:64]
        for name in ("meaning", "target", "fund", "account")
        if name in request.args
    }


def _filled(owner: Book, ideas: Sequence[Idea]) -> dict[str, str]:
    """Return the form as a suggestion fills it in: the one that was asked for, else the one that
    is sure enough."""
    number = request.args.get("idea", "")
    known = number.isascii() and number.isdigit() and 1 <= int(number[:2]) <= len(ideas)
    idea = ideas[int(number[:2]) - 1] if known else chosen(ideas)
    if idea is None:
        return {}
    return {
        f"{name}-{row}": text
        for row, part in enumerate(idea.parts)
        for name, text in (
            ("meaning", part.meaning),
            ("amount", plain_decimal(part.amount or 0, owner.commodity)),
            ("target", part.target),
            ("fund", part.fund),
            ("account", str(part.account or "")),
        )
        if text
    }


def _rows_of(values: Mapping[str, str]) -> list[int]:
    """Return the numbers of the rows that a form has."""
    return [
        number
        for number in range(MOST_PARTS)
        if any(f"{name}-{number}" in values for name in FIELDS)
    ]


def _parts(owner: Book) -> tuple[list[int], list[Part]]:
    """Return the rows that say something and what they say. Raises Invalid by row and field."""
    values = request.form.to_dict()
    shape = schemas.part(exponent(owner.commodity))
    numbers: list[int] = []
    parts: list[Part] = []
    errors: Errors = {}
    for number in _rows_of(values):
        row = {name: values.get(f"{name}-{number}", "") for name in FIELDS}
        if not any(row[name].strip() for name in ("meaning", "amount", "target", "note")):
            continue
        if row["amount"].strip() == "=":
            row["amount"] = ""
        try:
            said = read_form(shape, row)
        except Invalid as refusal:
            errors |= {f"{name}-{number}": texts for name, texts in refusal.messages.items()}
            continue
        numbers.append(number)
        parts.append(
            Part(said.meaning, said.amount, said.target, said.fund, said.account, said.note)
        )
    if errors:
        raise Invalid("Check the answers marked below.", messages=errors)
    return numbers, parts


def _errors(refusal: PoolbookError, numbers: Sequence[int]) -> Errors:
    """Return a refusal at the field of the row that its place names, else above the form."""
    position, _dot, name = (refusal.place or "").partition(".")
    if not numbers:
        return {"meaning-0": [refusal.message]}
    if not position.isdigit() or int(position) >= len(numbers):
        return {WHOLE: [refusal.message]}
    name = PLACES.get(name, name)
    field = name if name in FIELDS else "meaning"
    return {f"{field}-{numbers[int(position)]}": [refusal.message]}


def _page(
    code: str,
    line_id: UUID,
    values: Mapping[str, str] | None,
    errors: Errors,
    *,
    more: int = 0,
    seen: tuple[tuple[str, EntryRow], ...] | None = None,
    status: int = 200,
) -> Response:
    owner = book_for("match", code)
    with reading() as session:
        row = statements.line_by_id(session, book_id=owner.id, line_id=line_id)
        item = item_by_id(session, line_id)
        waits = item.line.state == item.state == "open" and not (item.part is None and row.begun)
        ideas = ideas_for(session, [item])[item.id] if waits else []
        funds = own_funds(session, owner.id)
        accounts = fitting(Use.SPENDING, accounts_of(session, owner.id)) if waits else []
        payable = agreed.waiting(session, book_id=owner.id, out=item.amount < 0) if waits else []
        asked = costs.asked_of(session, [item.id, *(one.part.id for one in row.parts)])
    shown = _filled(owner, ideas) if values is None else dict(values)
    rows = max(1, len(_rows_of(shown))) + more
    general = next((one.code for one in funds if one.fund_class == FundClass.UNRESTRICTED), "")
    for number in range(rows):
        shown.setdefault(f"fund-{number}", general)
    return page(
        "banking/line.html",
        status,
        book=owner,
        row=row,
        item=item,
        waits=waits,
        ideas=ideas,
        payable=payable,
        asked=asked,
        seen=seen,
        rows=range(min(rows, MOST_PARTS)),
        asks={name: sorted(found.asks) for name, found in MEANINGS.items()},
        form=_form(owner, item, shown, errors, rows, (funds, accounts)),
    )


def _form(
    owner: Book,
    item: Item,
    values: Mapping[str, str],
    errors: Errors,
    rows: int,
    choices: tuple[Sequence[Fund], Sequence[Account]],
) -> Form:
    """Return the rows as one form: the fields of each are those of the schema, by number."""
    funds, accounts = choices
    shape = schemas.part(exponent(owner.commodity))
    way = IN if item.amount > 0 else OUT
    first = [name for name in LABELS if MEANINGS[name].direction in (way, EITHER)]
    others = [name for name in LABELS if name not in first]
    reclaims = owner.commodity == "GBP"
    options = {
        "meaning": [
            ("", _("Choose")),
            *(
                (name, LABELS[name])
                for name in (*first, *others)
                if reclaims or name not in ("gift_with_reclaim", "reclaim")
            ),
        ],
        "fund": [(fund.code, f"{fund.code} · {fund.name}") for fund in funds],
        "account": [
            ("", _("None")),
            *((str(one.number), f"{one.number} {one.name}") for one in accounts),
        ],
    }
    return Form(
        values=values,
        errors=errors,
        options={
            f"{name}-{number}": found for number in range(rows) for name, found in options.items()
        },
        more={
            f"{name}-{number}": {
                **shape.fields[name].metadata,
                # Which of them are asked for depends on the meaning.
                "needed": name not in ("amount", "note"),
                "widget": shape.fields[name].metadata.get("widget")
                or ("money" if name == "amount" else "line"),
            }
            for number in range(rows)
            for name in FIELDS
        },
    )
