"""Money between a community's own funds, as two kinds of agreement that are decided once."""

from collections.abc import Callable
from typing import Any

from flask_babel import lazy_gettext as later

from ledger.db import Session
from ledger.models.books import Book, Fund
from ledger.queries.books.books import fund_by_code
from ledger.services.accounting import fund_transfers
from ledger.web.approvals.agreement_kinds import AgreementPage, Ask, Asking, register


def _between(command: Callable[..., Any]) -> Ask:
    def ask(session: Session, book: Book, fund: Fund, answers: dict[str, Any]) -> Any:
        to_fund = fund_by_code(session, book.id, answers.pop("to_fund"))
        return command(session, from_fund=fund, to_fund=to_fund, **answers)

    return ask


register(
    fund_transfers.RELEASE,
    AgreementPage(
        later("Release of an expired restriction"),
        Asking(
            later("Releases money of a fund whose time restriction has ended."),
            "propose_transfer",
            _between(fund_transfers.propose_release),
        ),
        listed=False,
    ),
)
register(
    fund_transfers.DESIGNATION,
    AgreementPage(
        later("Interfund transfer"),
        Asking(
            later("Designates unrestricted money, or covers a deficit of another fund."),
            "propose_transfer",
            _between(fund_transfers.propose_designation),
        ),
        listed=False,
    ),
)
