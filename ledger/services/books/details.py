"""Say who stands behind a book and where its bank transfers go."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ledger.core.bounds import LONGEST_LINE, LONGEST_TEXT, check_text
from ledger.core.iban import read_bic, read_iban
from ledger.db import Session
from ledger.errors import Invalid
from ledger.models.book_details import BookDetails
from ledger.models.books import Book
from ledger.models.rights_log import RightsKind
from ledger.services.people.rights_log import record

MONTHS = 12


@dataclass(frozen=True, slots=True)
class LegalEntity:
    """The entity behind a book; ``fiscal_month`` is 1 for a year that begins in January."""

    legal_name: str
    registration_number: str
    postal_address: str
    fiscal_month: int


@dataclass(frozen=True, slots=True)
class BankDetails:
    """The account that donors send bank transfers to; all empty for none."""

    account_holder: str = ""
    iban: str = ""
    bic: str = ""


def set_entity(
    session: Session, *, book: Book, entity: LegalEntity, made_by: UUID | None, now: datetime
) -> None:
    """Say who stands behind a book. Raises Invalid at the field that is wrong."""
    for place in ("legal_name", "registration_number"):
        check_text(getattr(entity, place), longest=LONGEST_LINE, place=place)
    check_text(entity.postal_address, longest=LONGEST_TEXT, place="postal_address")
    if not 1 <= entity.fiscal_month <= MONTHS:
        raise Invalid("Choose a month.", place="fiscal_month")
    _change(
        session,
        book,
        {
            "legal_name": entity.legal_name,
            "registration_number": entity.registration_number,
            "postal_address": entity.postal_address,
            "fiscal_month": entity.fiscal_month,
        },
        made_by=made_by,
        now=now,
    )


def checked(bank: BankDetails) -> BankDetails:
    """Return bank details as they are kept. Raises Invalid at the field that is wrong.

    Either all is empty, or there is an IBAN and whose account it is.
    """
    if not (bank.account_holder or bank.iban or bank.bic):
        return bank
    if not bank.account_holder.strip():
        raise Invalid("Enter the name of the account holder.", place="account_holder")
    check_text(bank.account_holder, longest=LONGEST_LINE, place="account_holder")
    return BankDetails(bank.account_holder.strip(), read_iban(bank.iban), read_bic(bank.bic))


def set_bank(
    session: Session, *, book: Book, bank: BankDetails, made_by: UUID | None, now: datetime
) -> None:
    """Say where donors send bank transfers. Raises as ``checked``."""
    bank = checked(bank)
    _change(
        session,
        book,
        {"account_holder": bank.account_holder, "iban": bank.iban, "bic": bank.bic},
        made_by=made_by,
        now=now,
    )


def _change(
    session: Session,
    book: Book,
    values: dict[str, str | int],
    *,
    made_by: UUID | None,
    now: datetime,
) -> None:
    row = session.get(BookDetails, book.id)
    if row is None:
        row = BookDetails(
            book_id=book.id,
            legal_name="",
            registration_number="",
            postal_address="",
            fiscal_month=1,
            account_holder="",
            iban="",
            bic="",
            changed_at=now,
        )
        session.add(row)
    for setting, value in values.items():
        if getattr(row, setting) != value:
            setattr(row, setting, value)
            row.changed_at = now
            # That it changed, not to what: an address may be somebody's home.
            record(
                session,
                kind=RightsKind.SETTING_CHANGED,
                actor=made_by,
                book=book.id,
                about={"setting": setting},
                now=now,
            )
    session.flush()
