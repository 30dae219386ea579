"""Questions about things: what is here, what waits for a value, what is out."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, select

from ledger.db import ReadSession
from ledger.models.assets import Asset, AssetLoan, Intake, Valuation
from ledger.models.books import Book


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


def intakes_to_value(session: ReadSession, *, book_id: UUID) -> list[IntakeRow]:
    """Return hand-overs without an approved value, oldest first."""
    states: dict[UUID, dict[str, int]] = {}
    for intake_id, state, total in session.execute(
        select(Valuation.intake_id, Valuation.state, Valuation.total).where(
            Valuation.book_id == book_id, Valuation.intake_id.is_not(None)
        )
    ):
        if intake_id is not None:
            states.setdefault(intake_id, {})[state] = total
    rows = session.scalars(
        select(Intake).where(Intake.book_id == book_id).order_by(Intake.received_on, Intake.id)
    )
    return [
        IntakeRow(
            row.id,
            row.commodity,
            row.quantity,
            row.received_on,
            states.get(row.id, {}).get("proposed"),
        )
        for row in rows
        if "approved" not in states.get(row.id, {})
    ]


def assets_of(session: ReadSession, *, book_id: UUID) -> list[Asset]:
    """Return the items a book owns, by tag."""
    return list(session.scalars(select(Asset).where(Asset.book_id == book_id).order_by(Asset.tag)))


def loans_out(session: ReadSession, *, book_id: UUID) -> list[LoanRow]:
    """Return the items that a book has lent, the first due first."""
    return _loans(session, AssetLoan.lender_id == book_id, AssetLoan.returned_on.is_(None))


def loans_in(session: ReadSession, *, book_id: UUID) -> list[LoanRow]:
    """Return the items that a book has borrowed, those that are back as well, newest last."""
    return _loans(session, AssetLoan.borrower_id == book_id)


def _loans(session: ReadSession, *conditions: ColumnElement[bool]) -> list[LoanRow]:
    borrower = select(Book.id, Book.code).subquery()
    query = (
        select(AssetLoan, Asset, Book.code, borrower.c.code)
        .join(Asset, Asset.id == AssetLoan.asset_id)
        .join(Book, Book.id == AssetLoan.lender_id)
        .join(borrower, borrower.c.id == AssetLoan.borrower_id)
        .where(*conditions)
        .order_by(AssetLoan.due_on)
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
        .where(Asset.id == asset_id, Valuation.state == "approved")
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
