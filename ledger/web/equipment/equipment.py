"""Things: receive them, propose what they are worth, lend them and take them back."""

from uuid import UUID

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as later
from werkzeug.wrappers import Response

from ledger.core.currencies import exponent
from ledger.core.vocabulary import BookKind, CommodityKind
from ledger.db import Session
from ledger.errors import Conflict, Invalid, NotFound, PoolbookError
from ledger.models.assets import Asset, AssetLoan, Intake
from ledger.models.books import Book, Fund
from ledger.models.pledges import Pledge
from ledger.queries.books.books import (
    all_books,
    book_by_code,
    commodities,
    fund_by_code,
    funds_of_books,
)
from ledger.queries.books.policies import capitalised_from
from ledger.queries.equipment import assets
from ledger.queries.pledges import pledges
from ledger.schemas import things as schemas
from ledger.services.equipment import assets as asset_services
from ledger.web.site.context import (
    book_for,
    now,
    page,
    read_form,
    reading,
    require_anywhere,
    row_asked,
    signed_in,
    today,
    today_here,
    visitor,
    write,
)
from ledger.web.site.forms import Form, errors_of

pages = Blueprint("things", __name__)
# Manual entries about equipment, by the task in their address.
MANUAL_ENTRIES = (
    ("small-gift", later("Low-value items")),
    ("material", later("Supplies received")),
    ("material-used", later("Supplies used")),
    ("free-use", later("Contributed use of assets")),
)


@pages.get("/things")
def show() -> Response:
    """Show what was promised, what is here, and what is on loan."""
    books = require_anywhere("receive_things")
    asked = request.args.get("book", "")
    book = next((book for book in books if book.code == asked), books[0])
    search = request.args.get("search", "").strip()
    with reading() as session:
        promised = pledges.open_equipment(session, book_id=book.id, after=row_asked("promised"))
        to_value = assets.intakes_to_value(session, book_id=book.id, after=row_asked("to_value"))
        items = assets.assets_of(session, book_id=book.id, search=search, after=row_asked("items"))
        out = assets.loans_out(session, book_id=book.id, after=row_asked("out"))
    return page(
        "equipment/equipment.html",
        entries=MANUAL_ENTRIES,
        books=books,
        book=book,
        search=search,
        promised=promised,
        to_value=to_value,
        items=items,
        out=out,
    )


@pages.get("/things/receive")
def receive_form() -> Response:
    """Show the hand-over form, for a pledge when one is named."""
    values = {"received_on": today_here().isoformat(), **request.args.to_dict()}
    return _receive_page(values, {})


@pages.post("/things/receive")
def receive() -> Response:
    """Take things into the books."""
    person = signed_in()
    try:
        answers = read_form(schemas.HandOverForm())
        book = book_for("receive_things", answers.book)

        def command(session: Session) -> Intake:
            pledge, fund, commodity = _what(session, book, answers)
            return asset_services.receive_things(
                session,
                book=book,
                fund=fund,
                receipt=asset_services.Receipt(
                    commodity=commodity,
                    quantity=answers.quantity,
                    description=answers.description,
                    condition=answers.condition,
                    received_on=answers.received_on,
                    pledge=pledge,
                    campaign_id=pledge.campaign_id if pledge else None,
                ),
                received_by=person.id,
                now=now(),
            )

        intake = write(command)
    except (Invalid, NotFound, Conflict) as refusal:
        return _receive_page(request.form.to_dict(), errors_of(refusal), _status(refusal))
    flash(_("Equipment received. Enter its value when you know it."))
    return redirect(url_for("things.value_form", intake_id=intake.id), 303)


@pages.get("/things/<uuid:intake_id>/value")
def value_form(intake_id: UUID) -> Response:
    """Ask what received things are worth."""
    return _value_page(intake_id, {}, {})


@pages.post("/things/<uuid:intake_id>/value")
def value(intake_id: UUID) -> Response:
    """Propose a value; somebody else approves it."""
    person = signed_in()
    intake, book = _intake(intake_id)
    try:
        answers = read_form(schemas.valuation(exponent(book.commodity)))
        write(
            lambda session: asset_services.propose_valuation(
                session,
                intake_id=intake.id,
                appraisal=asset_services.Appraisal(
                    currency=book.commodity,
                    total=answers.total,
                    method=answers.method,
                    evidence=answers.evidence,
                    valued_on=today(book),
                ),
                valued_by=person.id,
                now=now(),
            )
        )
    except (Invalid, Conflict) as refusal:
        return _value_page(intake_id, request.form.to_dict(), errors_of(refusal), _status(refusal))
    flash(_("Approval requested. The value is booked once an approver agrees."))
    return redirect(url_for("things.show"), 303)


@pages.get("/things/<uuid:asset_id>/lend")
def lend_form(asset_id: UUID) -> Response:
    """Ask to whom a thing goes."""
    return _lend_page(asset_id, {}, {})


@pages.post("/things/<uuid:asset_id>/lend")
def lend(asset_id: UUID) -> Response:
    """Lend a thing to another community."""
    person = signed_in()
    owner = _book(_asset(asset_id).book_id)
    try:
        answers = read_form(schemas.LoanForm())
        write(
            lambda session: asset_services.lend(
                session,
                asset_id=asset_id,
                borrower_id=book_by_code(session, answers.borrower).id,
                purpose=answers.purpose,
                lent_on=today(owner),
                due_on=answers.due_on,
                by=person.id,
                now=now(),
            )
        )
    except (Invalid, NotFound, Conflict) as refusal:
        return _lend_page(
            asset_id,
            request.form.to_dict(),
            errors_of(refusal, {"book": "borrower"}),
            _status(refusal),
        )
    flash(_("Lent. Both books show the loan."))
    return redirect(url_for("things.show"), 303)


@pages.post("/things/loans/<uuid:loan_id>/return")
def take_back(loan_id: UUID) -> Response:
    """Take a lent thing back."""
    person = signed_in()
    with reading() as session:
        loan = session.get(AssetLoan, loan_id)
    if loan is None or not visitor().may("lend_things", loan.lender_id):
        raise NotFound(_("This loan does not exist, or you don't have access to it."))
    day = today(_book(loan.lender_id))
    write(
        lambda session: asset_services.return_thing(
            session, loan_id=loan_id, on=day, by=person.id, now=now()
        )
    )
    flash(_("The equipment has been returned."))
    return redirect(url_for("things.show"), 303)


def _what(
    session: Session, book: Book, answers: schemas.HandOver
) -> tuple[Pledge | None, Fund, str]:
    if answers.pledge:
        pledge = pledges.pledge_by_reference(session, book.id, answers.pledge)
        if pledge is None:
            raise NotFound(_("This pledge does not exist."), place="pledge")
        return pledge, pledges.fund_of(session, pledge), pledge.commodity
    if not answers.commodity:
        raise Invalid(_("Choose the equipment that was received."), place="commodity")
    # Only what the form offers: a new kind of thing is not made by a typing error.
    if answers.commodity not in commodities(session):
        raise Invalid(_("There is no such kind of equipment here."), place="commodity")
    return None, fund_by_code(session, book.id, answers.fund), answers.commodity


def _status(refusal: PoolbookError) -> int:
    return 409 if isinstance(refusal, Conflict) else 422


def _intake(intake_id: UUID) -> tuple[Intake, Book]:
    with reading() as session:
        intake = session.get(Intake, intake_id)
        book = session.get(Book, intake.book_id) if intake else None
    if intake is None or book is None or not visitor().may("value_things", book.id):
        raise NotFound(
            _("This receipt of equipment does not exist, or you don't have access to it.")
        )
    return intake, book


def _book(book_id: UUID) -> Book:
    with reading() as session:
        return session.get_one(Book, book_id)


def _asset(asset_id: UUID) -> Asset:
    with reading() as session:
        asset = session.get(Asset, asset_id)
    if asset is None or not visitor().may("lend_things", asset.book_id):
        raise NotFound(_("This equipment does not exist, or you don't have access to it."))
    return asset


def _receive_page(
    values: dict[str, str], errors: dict[str, list[str]], status: int = 200
) -> Response:
    books = require_anywhere("receive_things")
    with reading() as session:
        funds = funds_of_books(session, [book.id for book in books])
        kinds = [
            item
            for item in commodities(session).values()
            if item.kind in (CommodityKind.ITEM, CommodityKind.BULK)
        ]
    return page(
        "equipment/receive.html",
        status,
        books=books,
        funds=[fund for found in funds.values() for fund in found],
        kinds=kinds,
        form=Form(schemas.HandOverForm(), values=values, errors=errors),
    )


def _value_page(
    intake_id: UUID, values: dict[str, str], errors: dict[str, list[str]], status: int = 200
) -> Response:
    intake, book = _intake(intake_id)
    with reading() as session:
        threshold = capitalised_from(session, book, today(book))
    return page(
        "equipment/value.html",
        status,
        intake=intake,
        threshold=threshold,
        book=book,
        methods=schemas.METHODS,
        form=Form(schemas.valuation(exponent(book.commodity)), values=values, errors=errors),
    )


def _lend_page(
    asset_id: UUID, values: dict[str, str], errors: dict[str, list[str]], status: int = 200
) -> Response:
    asset = _asset(asset_id)
    with reading() as session:
        others = [
            book
            for book in all_books(session)
            if book.id != asset.book_id and book.kind == BookKind.COMMUNITY
        ]
    return page(
        "equipment/lend.html",
        status,
        asset=asset,
        others=others,
        form=Form(schemas.LoanForm(), values=values, errors=errors),
    )
