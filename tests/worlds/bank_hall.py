"""A community hall with money on its way: what the tests of bank lines start from."""

from datetime import date, timedelta

from ledger.core import bookkeeping
from ledger.core.line_history import history_key
from ledger.db import Session
from ledger.ids import new_id
from ledger.models.payments import Payout
from ledger.models.statements import BankAccount, BankLine, BankLinePart, BankStatement
from ledger.queries.books.balances import trial_balance
from ledger.services.banking import matching
from ledger.services.books import journal
from tests.conftest import NOW
from tests.factories import make_book, make_campaign, make_fund, make_party, make_pledge

DAY = date(2026, 3, 3)


class Hall:
    """A book with two funds, a campaign, a pledge of 60.00 and a statement for lines."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.book = make_book(session)
        make_fund(session, self.book)
        solar = make_fund(session, self.book, "SOLAR", "purpose")
        self.campaign = make_campaign(session, self.book, solar)
        self.party = make_party(session)
        self.pledge = make_pledge(session, self.campaign, self.party, quantity=6000)
        self.put_statement()

    def put_statement(self) -> None:
        """Put a statement of the operating account into the book."""
        account = BankAccount(book_id=self.book.id, account=1010, commodity="USD", name="X1")
        self.session.add(account)
        self.session.flush()
        self.statement = BankStatement(
            book_id=self.book.id,
            account=1010,
            bank_account_id=account.id,
            statement_ref="S",
            file_format="test",
            file_sha256="0" * 64,
            bank_account="X1",
            commodity="USD",
            opening=0,
            closing=0,
            opens_on=DAY,
            closes_on=DAY,
            imported_by=None,
            imported_at=NOW,
        )
        self.session.add(self.statement)
        self.session.flush()

    def line(
        self,
        amount: int,
        remittance: str = "",
        on: date = DAY,
        account: int = 1010,
        code: str | None = None,
        name: str | None = None,
        iban: str | None = None,
    ) -> BankLine:
        """Put a line on the statement."""
        made = BankLine(
            book_id=self.book.id,
            statement_id=self.statement.id,
            account=account,
            position=1,
            amount=amount,
            commodity="USD",
            booked_on=on,
            value_on=on,
            bank_reference=None,
            end_to_end_id=None,
            counterparty_name=name,
            counterparty_account=iban,
            remittance=remittance,
            history_key=history_key(amount, remittance, iban, name),
            code=code,
            fingerprint=str(new_id()),
            state="open",
        )
        self.session.add(made)
        self.session.flush()
        return made

    def batch(self, *payments: tuple[int, str]) -> tuple[BankLine, list[BankLinePart]]:
        """Put a line made of payments, each (amount, text), on the statement."""
        line = self.line(sum(amount for amount, _text in payments), "Batch")
        parts = [
            BankLinePart(
                book_id=self.book.id,
                bank_line_id=line.id,
                position=number,
                amount=amount,
                end_to_end_id=None,
                counterparty_name=None,
                counterparty_account=None,
                remittance=text,
                state="open",
            )
            for number, (amount, text) in enumerate(payments, start=1)
        ]
        self.session.add_all(parts)
        self.session.flush()
        return line, parts

    def payout(
        self,
        payout_id: str = "po_1",
        *,
        trace: str = "",
        descriptor: str = "STRIPE HALL",
        state: str = "paid",
    ) -> Payout:
        """Put 480.00 of two funds in transit, as a payout does."""
        funds = {"SOLAR": 30_000, "GEN": 18_000}
        journal.post(
            self.session,
            bookkeeping.payout_created(book="A", currency="USD", funds=funds, payout=payout_id),
            event_type="payout_created",
            source="stripe",
            external_ref=payout_id,
            accounting_on=DAY - timedelta(days=1),
            now=NOW,
        )
        row = Payout(
            stripe_payout_id=payout_id,
            book_id=self.book.id,
            amount=48_000,
            commodity="USD",
            state=state,
            arrival_on=DAY,
            descriptor=descriptor,
            trace=trace,
            created_at=NOW,
        )
        self.session.add(row)
        self.session.flush()
        return row

    def balance(self, account: int, fund: str | None = None) -> int:
        """What an account holds, in minor units."""
        rows = trial_balance(self.session, book_id=self.book.id)
        return sum(
            row.quantity
            for row in rows
            if row.account == account and row.commodity == "USD" and fund in (None, row.fund)
        )

    def rules(self, line: BankLine) -> list[tuple[str, str, bool]]:
        """The suggestions for a line, without their sentences."""
        return [
            (row.rule, row.target, row.certain) for row in matching.suggestions(self.session, line)
        ]

    def auto(self) -> int:
        """Match what is certain."""
        return matching.auto_match(self.session, book_id=self.book.id, now=NOW)
