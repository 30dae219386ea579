"""Spending, expenses, grants, loans and purchases as kinds of agreement: how each is asked for, and
its steps. What a step means stands in the services.
"""

from collections.abc import Callable
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as later

from ledger.core.iban import in_groups
from ledger.core.states import AgreementKind
from ledger.core.vocabulary import FundClass
from ledger.core.written import format_day, format_quantity
from ledger.db import ReadSession, Session
from ledger.errors import Invalid
from ledger.models.agreements import Agreement
from ledger.models.books import Account, Fund
from ledger.queries.books.books import book_by_code, commodities, fund_by_code, open_funds
from ledger.schemas.agreements import (
    AmountDone,
    ClaimAsked,
    Dated,
    InService,
    LoanAsked,
    MoneyAsked,
    PurchaseAsked,
    ReferenceDone,
    SpendingAsked,
    SumDone,
)
from ledger.services.approvals.agreements import MoneyRequest
from ledger.services.spending import expenses, grants, loans, purchases, spending
from ledger.services.spending.bills import Bill
from ledger.web.approvals.agreement_kinds import (
    AgreementPage,
    Asking,
    Facts,
    Requested,
    Step,
    Taken,
    register,
)
from ledger.web.site.locale import chosen


def _money(asked: MoneyAsked) -> MoneyRequest:
    return MoneyRequest(amount=asked.amount, title=asked.title, reason=asked.reason)


def _spending(session: Session, asked: Requested[SpendingAsked]) -> Agreement:
    return spending.request_spending(
        session,
        book=asked.book,
        fund=asked.fund,
        request=spending.SpendingRequest(
            amount=asked.answers.amount,
            title=asked.answers.title,
            reason=asked.answers.reason,
            account=asked.answers.account,
            function=asked.answers.function,
            bill=Bill(
                asked.answers.payee,
                asked.answers.bill_number,
                asked.answers.due_on,
                asked.answers.iban,
            ),
        ),
        made_by=asked.by,
        now=asked.now,
    )


def _bill(session: Session, taken: Taken[AmountDone]) -> None:
    spending.book_bill(
        session,
        spending_id=taken.agreement_id,
        amount=taken.answers.amount,
        by=taken.by,
        on=taken.on,
        now=taken.now,
    )


class _OfPayment(Protocol):
    """A step of a payment, which the outside world knows by a reference."""

    def __call__(
        self,
        session: Session,
        *,
        spending_id: UUID,
        reference: str,
        by: UUID,
        on: date,
        now: datetime,
    ) -> None: ...


def _of_payment(command: _OfPayment) -> Callable[[Session, Taken[ReferenceDone]], None]:
    def take(session: Session, taken: Taken[ReferenceDone]) -> None:
        command(
            session,
            spending_id=taken.agreement_id,
            reference=taken.answers.reference,
            by=taken.by,
            on=taken.on,
            now=taken.now,
        )

    return take


def _cancel(session: Session, taken: Taken[Dated]) -> None:
    spending.cancel_spending(
        session, spending_id=taken.agreement_id, by=taken.by, on=taken.on, now=taken.now
    )


def _expense(session: Session, asked: Requested[ClaimAsked]) -> Agreement:
    return expenses.claim_expense(
        session,
        book=asked.book,
        fund=asked.fund,
        request=_money(asked.answers),
        claimed_by=asked.by,
        now=asked.now,
        bill=Bill(asked.answers.payee, asked.answers.bill_number, iban=asked.answers.iban),
    )


def _reimburse(session: Session, taken: Taken[Dated]) -> None:
    expenses.reimburse(
        session, expense_id=taken.agreement_id, by=taken.by, on=taken.on, now=taken.now
    )


def _waive(session: Session, taken: Taken[Dated]) -> None:
    expenses.waive(session, expense_id=taken.agreement_id, by=taken.by, on=taken.on, now=taken.now)


def _grant(session: Session, asked: Requested[MoneyAsked]) -> None:
    grants.award_grant(
        session,
        book=asked.book,
        fund=asked.fund,
        amount=asked.answers.amount,
        title=asked.answers.title,
        by=asked.by,
        on=asked.now.date(),
        now=asked.now,
    )


def _outside_grant(session: Session, asked: Requested[MoneyAsked]) -> None:
    grants.propose_outside_grant(
        session,
        book=asked.book,
        fund=asked.fund,
        request=_money(asked.answers),
        made_by=asked.by,
        now=asked.now,
    )


class _OfGrant(Protocol):
    """A step of a grant: so much of it, under a reference."""

    def __call__(
        self,
        session: Session,
        *,
        grant_id: UUID,
        amount: int,
        reference: str,
        by: UUID,
        on: date,
        now: datetime,
    ) -> None: ...


def _of_grant(command: _OfGrant) -> Callable[[Session, Taken[SumDone]], None]:
    def take(session: Session, taken: Taken[SumDone]) -> None:
        command(
            session,
            grant_id=taken.agreement_id,
            amount=taken.answers.amount,
            reference=taken.answers.reference,
            by=taken.by,
            on=taken.on,
            now=taken.now,
        )

    return take


def _loan(session: Session, asked: Requested[LoanAsked]) -> None:
    borrower = book_by_code(session, asked.answers.other)
    wanted = asked.answers.other_fund
    own = open_funds(session, borrower.id)
    free = next((item for item in own if item.fund_class == FundClass.UNRESTRICTED), None)
    chosen = fund_by_code(session, borrower.id, wanted) if wanted else free
    if chosen is None:
        raise Invalid("This community has no fund that can receive the loan.", place="other")
    loans.propose_loan(
        session,
        lender=asked.book,
        fund=asked.fund,
        borrower=borrower,
        borrower_fund=chosen,
        request=_money(asked.answers),
        made_by=asked.by,
        now=asked.now,
    )


def _repay(session: Session, taken: Taken[SumDone]) -> None:
    loans.repay_loan(
        session,
        loan_id=taken.agreement_id,
        amount=taken.answers.amount,
        reference=taken.answers.reference,
        by=taken.by,
        on=taken.on,
        now=taken.now,
    )


def _purchase(session: Session, asked: Requested[PurchaseAsked]) -> None:
    purchases.propose_purchase(
        session,
        book=asked.book,
        fund=asked.fund,
        request=purchases.PurchaseRequest(
            commodity=asked.answers.commodity,
            items=asked.answers.items,
            amount=asked.answers.amount,
            title=asked.answers.title,
            reason=asked.answers.reason,
        ),
        made_by=asked.by,
        now=asked.now,
    )


def _serve(session: Session, taken: Taken[InService]) -> None:
    purchases.place_in_service(
        session,
        purchase_id=taken.agreement_id,
        to_fund=fund_by_code(session, taken.book.id, taken.answers.to_fund),
        terms=taken.answers.terms,
        by=taken.by,
        on=taken.on,
        now=taken.now,
    )


def _bill_facts(_session: ReadSession, row: Agreement) -> Facts:
    """Return what the bill or receipt says, as far as somebody has said."""
    due = row.terms.get("due_on")
    told = (
        (_("Paid to"), row.terms.get("payee")),
        (_("Number of the bill"), row.terms.get("bill_number")),
        (_("IBAN"), in_groups(str(row.terms.get("iban", "")))),
        (_("Due"), format_day(date.fromisoformat(due), chosen()) if due else None),
    )
    return [(label, text) for label, text in told if text]


def _use(session: ReadSession, row: Agreement) -> Facts:
    """Return who is paid, and what money is to be spent on: the account, and what it serves."""
    number = row.terms["account"]
    account = session.get(Account, (row.book_id, number))
    return [
        (_("Account"), f"{number} {account.name}" if account else str(number)),
        (_("Function"), str(row.terms["function"]).replace("_", " ")),
        *_bill_facts(session, row),
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
            SpendingAsked,
            _spending,
            takes_file=True,
        ),
        steps={
            "bill": Step(later("Record the bill"), AmountDone, _bill),
            "release": Step(
                later("Record the payment"), ReferenceDone, _of_payment(spending.release_payment)
            ),
            "clear": Step(
                later("Match with the bank"), ReferenceDone, _of_payment(spending.see_payment)
            ),
            "return": Step(
                later("Record a returned payment"),
                ReferenceDone,
                _of_payment(spending.take_payment_back),
            ),
            "cancel": Step(later("Withdraw"), Dated, _cancel, "ask_spending"),
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
            ClaimAsked,
            _expense,
            takes_file=True,
        ),
        facts=_bill_facts,
        steps={
            "reimburse": Step(later("Reimburse"), Dated, _reimburse),
            "waive": Step(later("Waive the claim"), Dated, _waive, "ask_spending"),
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
            MoneyAsked,
            _grant,
            words={"fund": {"label": later("Fund")}},
        ),
        steps={
            "receive": Step(
                later("Record money received"), SumDone, _of_grant(grants.receive_tranche)
            ),
            "earn": Step(later("Record conditions met"), SumDone, _of_grant(grants.earn_grant)),
            "claim": Step(
                later("Record a claim in arrears"), SumDone, _of_grant(grants.claim_grant)
            ),
            "return": Step(later("Record a repayment"), SumDone, _of_grant(grants.return_grant)),
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
            MoneyAsked,
            _outside_grant,
        ),
        steps={
            "pay": Step(later("Record the payment"), SumDone, _of_grant(grants.pay_outside_grant)),
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
            LoanAsked,
            _loan,
        ),
        steps={
            "repay": Step(later("Record a repayment"), SumDone, _repay),
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
            PurchaseAsked,
            _purchase,
        ),
        steps={
            "serve": Step(
                later("Place in service"),
                InService,
                _serve,
            ),
        },
        facts=_bought,
    ),
)
