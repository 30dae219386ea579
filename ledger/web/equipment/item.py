"""One thing and its life: what it is worth still, where it has been, and what may become of it."""

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from ledger.core.currencies import exponent
from ledger.core.vocabulary import BookKind, FundClass
from ledger.db import Session
from ledger.errors import Conflict, Invalid, NotFound
from ledger.models.assets import Asset, AssetState, Intake
from ledger.models.books import Book
from ledger.queries.books.books import all_books, book_by_code, fund_by_code, open_funds
from ledger.queries.equipment import assets
from ledger.schemas import things as schemas
from ledger.schemas.forms import Form as Shape
from ledger.schemas.forms import Made
from ledger.services.equipment import depreciation, disposals
from ledger.web.site.context import (
    now,
    page,
    read_form,
    reading,
    signed_in,
    visitor,
    write,
)
from ledger.web.site.forms import Errors, Form, errors_of

pages = Blueprint("items", __name__)
# What can be done with a piece → the shape of its form, of the decimals of the book's money.
SHAPES: dict[str, Callable[[int], Shape[Any]]] = {
    "let_go": schemas.letting_go,
    "give_on": lambda _places: schemas.GivingOnForm(),
    "plan_wear": lambda _places: schemas.WearForm(),
    "damage": schemas.damage,
}


@pages.get("/things/<uuid:asset_id>")
def show(asset_id: UUID) -> Response:
    """Show a thing, and what can be asked about it."""
    return _page(asset_id, request.args.get("do", ""), {}, {})


@pages.post("/things/<uuid:asset_id>/let-go")
def let_go(asset_id: UUID) -> Response:
    """Ask to sell, scrap, give back or write off a thing."""
    person = signed_in()

    def command(session: Session, answers: schemas.LettingGo) -> None:
        disposals.propose_disposal(
            session,
            asset_id=asset_id,
            way=answers.way,
            price=answers.price,
            reason=answers.reason,
            made_by=person.id,
            now=now(),
        )

    shape, asked = schemas.letting_go, _("Approval requested. An approver decides.")
    return _ask(asset_id, "let_go", shape, command, asked)


@pages.post("/things/<uuid:asset_id>/give-on")
def give_on(asset_id: UUID) -> Response:
    """Ask to give a thing to another community for good."""
    person = signed_in()

    def command(session: Session, answers: schemas.GivingOn) -> None:
        receiver = book_by_code(session, answers.receiver)
        disposals.propose_giving(
            session,
            asset_id=asset_id,
            receiver=receiver,
            fund=_free_fund(session, receiver, answers.fund),
            reason=answers.reason,
            made_by=person.id,
            now=now(),
        )

    asked = _("Approval requested. An approver decides.")
    return _ask(asset_id, "give_on", lambda _places: schemas.GivingOnForm(), command, asked)


@pages.post("/things/<uuid:asset_id>/wear")
def plan_wear(asset_id: UUID) -> Response:
    """Plan over how many months a thing wears."""
    person = signed_in()

    def command(session: Session, answers: schemas.Wear) -> None:
        valuation = assets.approved_value(session, asset_id)
        if valuation is None:
            raise Conflict(
                _("Only equipment with an approved value can be depreciated."), place="months"
            )
        depreciation.start_wear(
            session,
            valuation_id=valuation.id,
            months=answers.months,
            first=valuation.valued_on,
            by=person.id,
            now=now(),
            asset_id=asset_id if answers.scope == "one" else None,
        )

    return _ask(
        asset_id,
        "plan_wear",
        lambda _places: schemas.WearForm(),
        command,
        _("Depreciation planned. Each month is booked after it ends."),
    )


@pages.post("/things/<uuid:asset_id>/damage")
def damage(asset_id: UUID) -> Response:
    """Ask to take a lent thing back damaged."""
    person = signed_in()

    def command(session: Session, answers: schemas.Damage) -> None:
        loan = assets.running_loan(session, asset_id)
        if loan is None:
            raise Conflict(_("This equipment is not on loan."), place="impairment")
        disposals.propose_damage(
            session,
            loan_id=loan.id,
            impairment=answers.impairment,
            compensation=answers.compensation,
            reason=answers.reason,
            made_by=person.id,
            now=now(),
        )

    shape, asked = schemas.damage, _("Approval requested. An approver decides.")
    return _ask(asset_id, "damage", shape, command, asked)


def _ask(
    asset_id: UUID,
    name: str,
    shape: Callable[[int], Shape[Made]],
    command: Callable[[Session, Made], None],
    said: str,
) -> Response:
    asset, book = _asset(asset_id, "lend_things")
    try:
        answers = read_form(shape(exponent(book.commodity)))
        write(lambda session: command(session, answers))
    except (Invalid, Conflict, NotFound) as refusal:
        status = 409 if isinstance(refusal, Conflict) else 422
        return _page(
            asset_id, name, request.form.to_dict(), errors_of(refusal, {"book": "receiver"}), status
        )
    flash(said)
    return redirect(url_for("items.show", asset_id=asset.id), 303)


def _form(
    book: Book, chosen: str, values: dict[str, str], errors: Errors, *, together: int
) -> Form:
    shape = SHAPES.get(chosen)
    shapes = [shape(exponent(book.commodity))] if shape else []
    scopes = [
        ("one", _("Only this item")),
        ("all", _("All %(count)s that were valued together", count=together)),
    ]
    return Form(*shapes, values=values, errors=errors, options={"scope": scopes})


def _free_fund(session: Session, book: Book, wanted: str) -> Any:
    if wanted:
        return fund_by_code(session, book.id, wanted)
    free = [
        fund for fund in open_funds(session, book.id) if fund.fund_class == FundClass.UNRESTRICTED
    ]
    if not free:
        raise Invalid(_("This community has no fund that can receive the loan."), place="receiver")
    return free[0]


def _asset(asset_id: UUID, action: str) -> tuple[Asset, Book]:
    with reading() as session:
        asset = session.get(Asset, asset_id)
        book = session.get(Book, asset.book_id) if asset else None
    if asset is None or book is None or not visitor().may(action, book.id):
        raise NotFound(_("This equipment does not exist, or you don't have access to it."))
    return asset, book


def _page(
    asset_id: UUID,
    chosen: str,
    values: dict[str, str],
    errors: dict[str, list[str]],
    status: int = 200,
) -> Response:
    asset, book = _asset(asset_id, "receive_things")
    with reading() as session:
        value = assets.approved_value(session, asset_id)
        plan = depreciation.plan_with(session, asset)
        intake = session.get(Intake, asset.intake_id) if asset.intake_id else None
        others = [
            other
            for other in all_books(session)
            if other.id != book.id and other.kind == BookKind.COMMUNITY
        ]
        worth = disposals.carrying(session, asset)
        loans = assets.loans_of(session, asset_id)
        out = assets.running_loan(session, asset_id) is not None
    together = intake.quantity if intake else 1
    actions = []
    if visitor().may("lend_things", book.id):
        actions = _actions(asset, out=out, worn=plan is not None, valued=value is not None)
    return page(
        "equipment/item.html",
        status,
        asset=asset,
        book=book,
        others=others,
        ways=tuple(disposals.WAYS),
        worth=worth,
        loans=loans,
        kept=out or asset.state in disposals.PLACES,
        together=together,
        months=plan.terms["months"] if plan else None,
        first=date.fromisoformat(plan.terms["first"]) if plan else None,
        actions=actions,
        chosen=chosen if chosen in actions else "",
        form=_form(book, chosen, values, errors, together=together),
    )


def _actions(asset: Asset, *, out: bool, worn: bool, valued: bool) -> list[str]:
    """Return what can be asked about a thing as it is now."""
    if out:
        return ["damage"] if asset.cost else []
    if asset.state not in disposals.PLACES:
        return []
    found = ["plan_wear"] if valued and asset.cost and not worn else []
    if asset.state == AssetState.IN_CUSTODY:
        found.append("give_on")
    return [*found, "let_go"]
