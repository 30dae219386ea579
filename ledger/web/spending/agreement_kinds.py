"""Spending, expenses, grants, loans and purchases as kinds of agreement: how each is asked for, and
its steps. What a step means stands in the services.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as later

from ledger.core.states import AgreementKind
from ledger.core.vocabulary import FundClass
from ledger.db import ReadSession, Session
from ledger.errors import Invalid
from ledger.models.agreements import Agreement
from ledger.models.books import Account, Book, Fund
from ledger.queries.books.books import book_by_code, commodities, fund_by_code, funds_of
from ledger.services.approvals.agreements import MoneyRequest
from ledger.services.spending import expenses, grants, loans, purchases, spending
from ledger.web.approvals.agreement_kinds import (
    AgreementPage,
    Ask,
    Asking,
    Facts,
    Step,
    register,
)
from ledger.web.site.formatting import format_quantity
from ledger.web.site.locale import chosen

_SUM = ("amount", "reference")


def _plain(command: Callable[..., Any], form: Callable[..., object]) -> Ask:
    """Return a request that is made of a book, a fund and what the form says."""

    def ask(session: Session, book: Book, fund: Fund, answers: dict[str, Any]) -> Any:
        asking = {name: answers.pop(name) for name in ("made_by", "now")}
        return command(session, book=book, fund=fund, request=form(**answers), **asking)

    return ask


def _expense(session: Session, book: Book, fund: Fund, answers: dict[str, Any]) -> Any:
    asking = {"claimed_by": answers.pop("made_by"), "now": answers.pop("now")}
    request = MoneyRequest(**answers)
    return expenses.claim_expense(session, book=book, fund=fund, request=request, **asking)


def _grant(session: Session, book: Book, fund: Fund, answers: dict[str, Any]) -> Any:
    return grants.award_grant(
        session,
        book=book,
        fund=fund,
        amount=answers["amount"],
        title=answers["title"],
        by=answers["made_by"],
        on=answers["now"].date(),
        now=answers["now"],
    )


def _loan(session: Session, book: Book, fund: Fund, answers: dict[str, Any]) -> Any:
    borrower = book_by_code(session, answers.pop("other"))
    wanted = answers.pop("other_fund")
    own = funds_of(session, borrower.id)
    free = next((item for item in own if item.fund_class == FundClass.UNRESTRICTED), None)
    chosen = fund_by_code(session, borrower.id, wanted) if wanted else free
    if chosen is None:
        raise Invalid("This community has no fund that can receive the loan.", place="other")
    return loans.propose_loan(
        session,
        lender=book,
        fund=fund,
        borrower=borrower,
        borrower_fund=chosen,
        made_by=answers.pop("made_by"),
        now=answers.pop("now"),
        request=MoneyRequest(**answers),
    )


def _use(session: ReadSession, row: Agreement) -> Facts:
    """Return what money is to be spent on: the account, and what it serves."""
    number = row.terms["account"]
    account = session.get(Account, (row.book_id, number))
    return [
        (_("Account"), f"{number} {account.name}" if account else str(number)),
        (_("Function"), str(row.terms["function"]).replace("_", " ")),
    ]


def _borrower(session: ReadSession, row: Agreement) -> Facts:
    fund = session.get_one(Fund, UUID(row.terms["borrower_fund"]))
    return [(_("To fund"), fund.name)]


def _bought(session: ReadSession, row: Agreement) -> Facts:
    known = commodities(session)[row.terms["thing"]]
    nouns = {known.code: (known.singular, known.plural)}
    items = format_quantity(row.terms["items"], known.code, nouns=nouns, locale=chosen())
    return [(_("Equipment"), items)]


register(
    AgreementKind.SPENDING,
    AgreementPage(
        later("Spending"),
        Asking(
            later("A future order or bill. The money is set aside once an approver agrees."),
            "ask_spending",
            _plain(spending.request_spending, spending.SpendingRequest),
        ),
        steps={
            "bill": Step(later("Record the bill"), ("amount",), spending.book_bill, "spending_id"),
            "release": Step(
                later("Record the payment"), ("reference",), spending.release_payment, "spending_id"
            ),
            "clear": Step(
                later("Match with the bank"), ("reference",), spending.see_payment, "spending_id"
            ),
            "return": Step(
                later("Record a returned payment"),
                ("reference",),
                spending.take_payment_back,
                "spending_id",
            ),
            "cancel": Step(
                later("Withdraw"), (), spending.cancel_spending, "spending_id", "ask_spending"
            ),
        },
        facts=_use,
    ),
)
register(
    AgreementKind.EXPENSE,
    AgreementPage(
        later("Expense claim of a member"),
        Asking(
            later("Money you spent for the community. You are reimbursed, or can waive the claim."),
            "ask_spending",
            _expense,
        ),
        steps={
            "reimburse": Step(later("Reimburse"), (), expenses.reimburse, "expense_id"),
            "waive": Step(
                later("Waive the claim"), (), expenses.waive, "expense_id", "ask_spending"
            ),
        },
    ),
)
register(
    AgreementKind.GRANT,
    AgreementPage(
        later("Grant received"),
        Asking(
            later("Awarded with conditions. It becomes income as the conditions are met."),
            "propose_transfer",
            _grant,
        ),
        steps={
            "receive": Step(
                later("Record money received"), _SUM, grants.receive_tranche, "grant_id"
            ),
            "earn": Step(later("Record conditions met"), _SUM, grants.earn_grant, "grant_id"),
            "claim": Step(later("Record a claim in arrears"), _SUM, grants.claim_grant, "grant_id"),
            "return": Step(later("Record a repayment"), _SUM, grants.return_grant, "grant_id"),
        },
    ),
)
register(
    AgreementKind.OUTSIDE_GRANT,
    AgreementPage(
        later("Grant to an outside group"),
        Asking(
            later("Owed once an approver agrees. Paid at once or in parts."),
            "propose_transfer",
            _plain(grants.propose_outside_grant, MoneyRequest),
        ),
        steps={
            "pay": Step(later("Record the payment"), _SUM, grants.pay_outside_grant, "grant_id"),
        },
    ),
)
register(
    AgreementKind.LOAN,
    AgreementPage(
        later("Loan to another community"),
        Asking(
            later("Interest-free. Both books show the amount still on loan."),
            "propose_transfer",
            _loan,
        ),
        steps={
            "repay": Step(later("Record a repayment"), _SUM, loans.repay_loan, "loan_id"),
        },
        facts=_borrower,
    ),
)
register(
    AgreementKind.PURCHASE,
    AgreementPage(
        later("Equipment purchase"),
        Asking(
            later("The bill and the equipment are booked once an approver agrees."),
            "propose_transfer",
            _plain(purchases.propose_purchase, purchases.PurchaseRequest),
        ),
        steps={
            "serve": Step(
                later("Place in service"),
                ("to_fund", "terms"),
                purchases.place_in_service,
                "purchase_id",
            ),
        },
        facts=_bought,
    ),
)
