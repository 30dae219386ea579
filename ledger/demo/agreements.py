"""What the demo's communities agreed: a bill paid, one to come, a grant, a loan."""

from ledger.core import approval_rules
from ledger.demo import people
from ledger.demo.history import Year
from ledger.queries.books.books import fund_by_code
from ledger.services.approvals.agreements import MoneyRequest
from ledger.services.books.policies import choose_policy
from ledger.services.spending import expenses, grants, loans, spending


def agree(year: Year) -> None:
    """Tell what was asked for over the year, and how far each has come."""
    _paid_bill(year)
    _requests(year)
    _expense_given(year)
    _grant(year)
    _loan(year)


def _paid_bill(year: Year) -> None:
    """A scaffold for the roof: ordered, billed for a little less, paid, seen on the bank."""
    book, treasurer = year.books["ELDER"], year.people["treasurer"].id
    row = spending.request_spending(
        year.session,
        book=book,
        fund=fund_by_code(year.session, book.id, "ROOF"),
        request=spending.SpendingRequest(
            amount=64_000,
            title="Scaffold for the south side",
            reason="The cheaper of two offers; needed for three weeks.",
        ),
        made_by=year.people["member"].id,
        now=year.at(40),
    )
    year.approve("spending", str(row.id), 39)
    spending.book_bill(
        year.session,
        spending_id=row.id,
        amount=61_500,
        by=treasurer,
        on=year.at(24).date(),
        now=year.at(24),
    )
    for command, day in ((spending.release_payment, 20), (spending.see_payment, 18)):
        command(
            year.session,
            spending_id=row.id,
            reference="Transfer 2207",
            by=treasurer,
            on=year.at(day).date(),
            now=year.at(day),
        )


def _requests(year: Year) -> None:
    """An order that was agreed, one that waits for an approver, and one that waits for two."""
    book = year.books["ELDER"]
    choose_policy(
        year.session,
        book=book,
        key=approval_rules.KEY,
        value=f"0:1,{people.TWO_APPROVE_FROM}:2",
        valid_from_on=year.at(0).date(),
        now=year.at(0),
        made_by=year.people["admin"].id,
    )
    for title, amount, fund, days_ago, agreed in (
        ("Cable trays and junction boxes", 38_250, "ROOF", 9, True),
        ("Insurance for the work days", 12_400, "GEN", 2, False),
        ("Scaffold for the whole summer", 260_000, "GEN", 1, False),
    ):
        row = spending.request_spending(
            year.session,
            book=book,
            fund=fund_by_code(year.session, book.id, fund),
            request=spending.SpendingRequest(
                amount=amount, title=title, reason="As listed in the plan of the roof group."
            ),
            made_by=year.people["member"].id,
            now=year.at(days_ago),
        )
        if agreed:
            year.approve("spending", str(row.id), days_ago - 1)


def _expense_given(year: Year) -> None:
    """Fuel for the trailer, which the member gave in the end."""
    book, member = year.books["ELDER"], year.people["member"].id
    row = expenses.claim_expense(
        year.session,
        book=book,
        fund=fund_by_code(year.session, book.id, "GEN"),
        request=MoneyRequest(
            amount=2_780, title="Fuel for the trailer", reason="Receipt of the filling station."
        ),
        claimed_by=member,
        now=year.at(33),
    )
    year.approve("expense", str(row.id), 31)
    expenses.waive(
        year.session, expense_id=row.id, by=member, on=year.at(28).date(), now=year.at(28)
    )


def _grant(year: Year) -> None:
    """A grant for the cold store: half is here, a part of it earned."""
    book, treasurer = year.books["HOLM"], year.people["treasurer"].id
    row = grants.award_grant(
        year.session,
        book=book,
        fund=fund_by_code(year.session, book.id, "STORE"),
        amount=300_000,
        title="Valley Trust: cold store for the harvest",
        by=treasurer,
        on=year.at(130).date(),
        now=year.at(130),
    )
    for command, amount, reference, day in (
        (grants.receive_tranche, 150_000, "First half", 118),
        (grants.earn_grant, 90_000, "Report of October", 35),
    ):
        command(
            year.session,
            grant_id=row.id,
            amount=amount,
            reference=reference,
            by=treasurer,
            on=year.at(day).date(),
            now=year.at(day),
        )


def _loan(year: Year) -> None:
    """A loan from one community to another, a third of it repaid."""
    lender, borrower = year.books["ELDER"], year.books["FERRY"]
    row = loans.propose_loan(
        year.session,
        lender=lender,
        fund=fund_by_code(year.session, lender.id, "GEN"),
        borrower=borrower,
        borrower_fund=fund_by_code(year.session, borrower.id, "GEN"),
        request=MoneyRequest(
            amount=30_000,
            title="Bridging the workshop's rent",
            reason="Until the course fees come in; without interest.",
        ),
        made_by=year.people["treasurer"].id,
        now=year.at(75),
    )
    year.approve("loan", str(row.id), 74)
    loans.repay_loan(
        year.session,
        loan_id=row.id,
        amount=10_000,
        reference="First third",
        by=year.people["treasurer"].id,
        on=year.at(30).date(),
        now=year.at(30),
    )
