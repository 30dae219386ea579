"""Questions about who stands behind a book and where its bank transfers go."""

from dataclasses import dataclass
from uuid import UUID

from ledger.core.iban import in_groups
from ledger.db import ReadSession
from ledger.models.book_details import BookDetails


@dataclass(frozen=True, slots=True)
class Details:
    """What is known of the legal entity behind a book; empty where nothing was entered."""

    legal_name: str = ""
    registration_number: str = ""
    postal_address: str = ""
    fiscal_month: int = 1
    account_holder: str = ""
    iban: str = ""
    bic: str = ""

    @property
    def iban_in_groups(self) -> str:
        """The IBAN as it is printed, in groups of four."""
        return in_groups(self.iban)


def details_of(session: ReadSession, book_id: UUID) -> Details:
    """Return the details of a book."""
    row = session.get(BookDetails, book_id)
    if row is None:
        return Details()
    return Details(
        row.legal_name,
        row.registration_number,
        row.postal_address,
        row.fiscal_month,
        row.account_holder,
        row.iban,
        row.bic,
    )
