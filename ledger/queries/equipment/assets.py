"""Questions about things: what is here, what waits for a value, what is out."""

from dataclasses import dataclass
from datetime import date
from operator import attrgetter
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, false, or_, select

from ledger.db import ReadSession
from ledger.models.assets import Asset, AssetLoan, Intake, Valuation, ValuationState
from ledger.models.books import Book
from ledger.paging import PAGE, Page, behind, cut


@dataclass(frozen=True, slots=True)
class LoanRow:
    """An item that is out."""

    id: UUID
    tag: str
    commodity: str
    description: str
    lender: str
    borrower: str
    purpose: str
    lent_on: date
    due_on: date


@dataclass(frozen=True, slots=True)
class IntakeRow:
    """A hand-over that has no approved value yet; ``proposed`` is in minor units."""

    id: UUID
    commodity: str
    quantity: int
    received_on: date
    proposed: int | None


def intakes_to_value(
    session: ReadSession, *, book_id: UUID, after: UUID | None = None
) -> Page[IntakeRow]:
    """Return a page of the hand-overs without an approved value, oldest first."""
    rows = session.scalars(
        select(Intake)
        .where(without_value(book_id), behind(session, after, Intake.received_on, Intake.id))
        .order_by(Intake.received_on, Intake.id)
        .limit(PAGE + 1)
    ).all()
    proposed = dict(
        iter(
            session.execute(
                select(Valuation.intake_id, Valuation.total).where(
                    Valuation.intake_id.in_([row.id for row in rows]),
                    Valuation.state == ValuationState.PROPOSED,
                )
            )
        )
    )
    waiting = [
        IntakeRow(row.id, row.commodity, row.quantity, row.received_on, proposed.get(row.id))
        for row in rows
    ]
    return cut(waiting, attrgetter("id"))


def without_value(book_id: UUID) -> ColumnElement[bool]:
    """Return the condition that a hand-over of a book has no approved value."""
    return and_(Intake.book_id == book_id, Intake.valued == false())


def has_value() -> ColumnElement[bool]:
    """Return the condition that valuations say so of a hand-over, for whoever checks it; one that
    was undone needs none."""
    approved = exists().where(
        Valuation.intake_id == Intake.id, Valuation.state == ValuationState.APPROVED
    )
    return or_(approved, Intake.withdrawn_at.is_not(None))


def assets_of(
    session: ReadSession, *, book_id: UUID, search: str = "", after: UUID | None = None
) -> Page[Asset]:
    """Return a page of the items a book owns, by tag.

    ``search`` leaves those whose tag begins with it, or whose description has it in it.
    """
    query = select(Asset).where(
        Asset.book_id == book_id, behind(session, after, Asset.tag, Asset.id)
    )
    if search:
        query = query.where(
            Asset.tag.istartswith(search, autoescape=True)
            | Asset.description.icontains(search, autoescape=True)
        )
    rows = session.scalars(query.order_by(Asset.tag, Asset.id).limit(PAGE + 1)).all()
    return cut(rows, attrgetter("id"))


def loans_out(session: ReadSession, *, book_id: UUID, after: UUID | None = None) -> Page[LoanRow]:
    """Return a page of the items that a book has lent, the first due first."""
    rows = _loans(
        session,
        AssetLoan.lender_id == book_id,
        AssetLoan.returned_on.is_(None),
        behind(session, after, AssetLoan.due_on, AssetLoan.id),
        limit=PAGE + 1,
    )
    return cut(rows, attrgetter("id"))


def loans_in(session: ReadSession, *, book_id: UUID) -> list[LoanRow]:
    """Return the items that a book has borrowed, those that are back as well, newest last."""
    return _loans(session, AssetLoan.borrower_id == book_id)


def _loans(
    session: ReadSession, *conditions: ColumnElement[bool], limit: int | None = None
) -> list[LoanRow]:
    borrower = select(Book.id, Book.code).subquery()
    query = (
        select(AssetLoan, Asset, Book.code, borrower.c.code)
        .join(Asset, Asset.id == AssetLoan.asset_id)
        .join(Book, Book.id == AssetLoan.lender_id)
        .join(borrower, borrower.c.id == AssetLoan.borrower_id)
        .where(*conditions)
        .order_by(AssetLoan.due_on, AssetLoan.id)
        .limit(limit)
    )
    return [
        LoanRow(
            loan.id,
            asset.tag,
            asset.commodity,
            asset.description,
            lender,
            to,
            loan.purpose,
            loan.lent_on,
            loan.due_on,
        )
        for loan, asset, lender, to in session.execute(query)
    ]


def approved_value(session: ReadSession, asset_id: UUID) -> Valuation | None:
    """Return the approved valuation of what an item came in with."""
    return session.scalar(
        select(Valuation)
        .join(Asset, Asset.intake_id == Valuation.intake_id)
        .where(Asset.id == asset_id, Valuation.state == ValuationState.APPROVED)
    )


def running_loan(session: ReadSession, asset_id: UUID) -> AssetLoan | None:
    """Return the loan that an item is out on."""
    return session.scalar(
        select(AssetLoan).where(AssetLoan.asset_id == asset_id, AssetLoan.returned_on.is_(None))
    )


def loans_of(session: ReadSession, asset_id: UUID) -> list[tuple[str, str, date, date | None]]:
    """Return where an item has been: borrower, purpose, from, back; newest first."""
    query = (
        select(Book.name, AssetLoan.purpose, AssetLoan.lent_on, AssetLoan.returned_on)
        .join(Book, Book.id == AssetLoan.borrower_id)
        .where(AssetLoan.asset_id == asset_id)
        .order_by(AssetLoan.lent_on.desc(), AssetLoan.id)
    )
    return [(name, why, lent, back) for name, why, lent, back in session.execute(query)]
