"""One bank account stays one, whatever files call it, and each of its lines is kept once."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import func, select

from ledger.bank_files import read_statement
from ledger.bank_files.accounts import same_account, surely_other
from ledger.db import Session
from ledger.errors import Conflict, Invalid, NotFound
from ledger.ids import new_id
from ledger.models.books import Book
from ledger.models.statements import BankAccount, BankLine, BankLinePart, BankStatement
from ledger.queries.banking.statements import agreement, lines_of, statements_of
from ledger.services.statements.bank_accounts import join_accounts, known_accounts
from ledger.services.statements.statements import (
    Choice,
    Imported,
    SeveralAccounts,
    import_statement,
    preview_statement,
)
from tests.conftest import NOW
from tests.factories import make_book, make_fund
from tests.statements.bank_files import (
    IBAN,
    OTHER_IBAN,
    balance,
    camt,
    entry,
    ofx,
    ofx_of,
    ofx_part,
    payment,
    row,
    sta,
    statement_part,
)


@pytest.fixture
def book(session: Session) -> Book:
    made = make_book(session, currency="EUR")
    make_fund(session, made)
    return made


def keep(session: Session, book: Book, text: str, account: int = 1010, **choice: Any) -> Imported:
    return import_statement(
        session,
        book=book,
        account=account,
        file=read_statement(text.encode(), currency="EUR"),
        imported_by=None,
        now=NOW,
        choice=Choice(**choice),
    )


def seen(session: Session, book: Book, text: str, **choice: Any) -> Imported:
    return preview_statement(
        session, book=book, account=1010, file=read_statement(text.encode(), currency="EUR"),
        choice=Choice(**choice),
    )  # fmt: skip


def kept(session: Session) -> list[int]:
    return list(session.scalars(select(BankLine.amount).order_by(BankLine.booked_on, BankLine.id)))


def bank_says(session: Session, book: Book) -> int | None:
    found = agreement(session, book_id=book.id)
    assert found is not None
    return found.bank


CAMT = camt(
    balance("OPBD", "100.00"),
    balance("CLBD", "115.00"),
    entry("20.00", reference="R1"),
    entry("-5.00", reference="R2"),
)
TABLE = (
    "Booking Date,Value Date,Partner Name,Partner Iban,Type,Payment Reference,Account Name,"
    "Amount (EUR),Original Amount,Original Currency,Exchange Rate\n"
    "2024-03-04,2024-03-04,Ada Lane,,Income,Roof gift,Girokonto,20.00,,,\n"
    "2024-03-04,2024-03-04,Shop,,Payment,Nails,Girokonto,-5.00,,,\n"
)
OFX = ofx(row("20.00", "F1"), row("-5.00", "F2"), ledger="115.00", account="417164300")
STA = sta(
    ":61:2403040304C20,00NTRFNONREF//B1",
    ":61:2403040304D5,00NTRFNONREF//B2",
    closing="C240304EUR115,00",
    account="ABNANL2A/0417164300",
)


@pytest.mark.parametrize(
    "files",
    [
        (CAMT, TABLE, OFX, STA),
        (OFX, CAMT, STA, TABLE),
        (TABLE, OFX, STA, CAMT),
        (STA, TABLE, CAMT, OFX),
    ],
)
def test_one_account_in_four_formats_is_kept_once_and_closes_once(
    session: Session, book: Book, files: tuple[str, ...]
) -> None:
    counts = [keep(session, book, text) for text in files]
    assert [(done.new, done.duplicates) for done in counts] == [(2, 0), (0, 2), (0, 2), (0, 2)]
    assert sorted(kept(session)) == [-500, 2000]
    assert session.scalar(select(func.count()).select_from(BankAccount)) == 1
    assert bank_says(session, book) == 11_500
    (account,) = known_accounts(session, book.id)
    assert account.name == IBAN
    # Every statement shows its own lines, whichever file brought them first.
    shown = statements_of(session, book_id=book.id).rows
    assert [one.lines for one in shown] == [2, 2, 2, 2]
    for one in shown:
        found = lines_of(session, statement_id=one.statement.id).rows
        assert sum(line.line.amount for line in found) == 1500


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (IBAN, "NL91 ABNA 0417 1643 00"),
        (IBAN, "0417164300"),
        (IBAN, "417164300"),
        (IBAN, "04.17.16.43.00 EUR"),
        (IBAN, "XXXX4300"),
        ("DE95870520000123456789", "87052000/123456789"),
        ("DE95870520000123456789", "123456789"),
        ("FR1420041010050500013M02606", "FR14 2004 1010 0505 0001 3M02 606"),
        ("87052000/123456789", "0123456789"),
    ],
)
def test_names_of_one_account(one: str, other: str) -> None:
    assert same_account(one, other)
    assert same_account(other, one)
    assert not surely_other(one, other)


@pytest.mark.parametrize(
    ("one", "other", "surely"),
    [
        (IBAN, OTHER_IBAN, True),
        (IBAN, "0123456789", True),
        (IBAN, "Girokonto", False),
        (IBAN, "12345", False),
        ("87052000/123456789", "87052000/123456780", True),
        ("n26", "12345", False),
        ("12345", "99999", True),
        ("HALLBANK/0001", "HALLBANK/0002", True),
        ("Girokonto", "Tagesgeld", False),
    ],
)
def test_names_of_two_accounts(one: str, other: str, surely: bool) -> None:
    assert not same_account(one, other)
    assert surely_other(one, other) == surely


def test_a_label_that_says_nothing_is_taken_for_the_account_that_is_known(
    session: Session, book: Book
) -> None:
    keep(session, book, CAMT)
    done = keep(session, book, ofx(row("7.00", "F9", day="20240305"), first="20240305",
                                   last="20240305", ledger="122.00"))  # fmt: skip
    assert (done.new, bank_says(session, book)) == (1, 12_200)
    assert any("taken for" in told for told in done.statements[0]["warnings"])


def test_another_account_is_refused_until_somebody_says_what_it_is(
    session: Session, book: Book
) -> None:
    keep(session, book, CAMT)
    other = camt(balance("OPBD", "7.00", "2024-05-01"), balance("CLBD", "8.00", "2024-05-01"),
                 entry("1.00", "2024-05-01"), account=OTHER_IBAN, name="O1")  # fmt: skip
    with pytest.raises(SeveralAccounts, match=r"--same-as.*--further-account") as refusal:
        keep(session, book, other)
    assert (refusal.value.accounts, refusal.value.known) == ((OTHER_IBAN,), (IBAN,))
    assert seen(session, book, other).refused == (refusal.value.message,)
    assert kept(session) == [2000, -500] or kept(session) == [-500, 2000]
    keep(session, book, other, further=True)
    # A further account under the same ledger account: both balances count.
    assert bank_says(session, book) == 11_500 + 800
    with pytest.raises(SeveralAccounts):
        keep(session, book, ofx(row("1.00", "F1", day="20240601"), ledger="9.00", last="20240601"))
    with pytest.raises(Invalid, match="no bank account nobody"):
        keep(session, book, OFX.replace("417164300", "999888777"), same_as="nobody")


def test_an_account_that_changed_its_number_stays_one(session: Session, book: Book) -> None:
    keep(session, book, CAMT)
    moved = camt(balance("OPBD", "40.00", "2024-06-01"), balance("CLBD", "41.00", "2024-06-01"),
                 entry("1.00", "2024-06-01"), account=OTHER_IBAN, name="O1")  # fmt: skip
    keep(session, book, moved, same_as=IBAN)
    assert (len(known_accounts(session, book.id)), bank_says(session, book)) == (1, 4_100)


def test_a_number_that_continues_the_balance_is_of_the_same_account(
    session: Session, book: Book
) -> None:
    keep(session, book, CAMT)
    after = camt(balance("OPBD", "115.00", "2024-03-05"), balance("CLBD", "116.00", "2024-03-05"),
                 entry("1.00", "2024-03-05"), account=OTHER_IBAN, name="O1")  # fmt: skip
    # Two IBANs are two accounts, however well their balances fit; a bare number may be either.
    with pytest.raises(SeveralAccounts):
        keep(session, book, after)
    local = after.replace(f"<IBAN>{OTHER_IBAN}</IBAN>", "<Othr><Id>987654321</Id></Othr>")
    assert keep(session, book, local).new == 1
    assert len(known_accounts(session, book.id)) == 1


INSIDE = balance("OPBD", "100.00") + balance("CLBD", "120.00") + entry("20.00", reference="R1")
SECOND = balance("OPBD", "10.00") + balance("CLBD", "17.00") + entry("7.00", reference="R9")


def test_of_a_file_of_several_accounts_the_known_one_is_taken(session: Session, book: Book) -> None:
    file = camt(parts=[statement_part(INSIDE),
                       statement_part(SECOND, account=OTHER_IBAN, name="S2")])  # fmt: skip
    with pytest.raises(SeveralAccounts, match=f"{OTHER_IBAN}, {IBAN}.*--bank-account"):
        keep(session, book, file)
    assert kept(session) == []
    assert keep(session, book, file, only=(IBAN,)).new == 1
    again = keep(session, book, file)
    assert (again.new, again.duplicates) == (0, 1)
    assert "left out" in again.statements[1]["warnings"][0]
    # The other one has a ledger account of its own; then each file finds its way.
    assert keep(session, book, file, 1020, only=(OTHER_IBAN,)).new == 1
    alone = camt(SECOND, account=OTHER_IBAN, name="S3")
    with pytest.raises(Invalid, match="--account A/1020"):
        keep(session, book, alone)
    parts = ofx_of(ofx_part(row("20.00", "F1")), ofx_part(row("7.00", "G7"), account="99999"))
    with pytest.raises(SeveralAccounts, match="12345, 99999"):
        keep(session, make_other(session), parts)


def make_other(session: Session) -> Book:
    made = make_book(session, "B", currency="EUR")
    make_fund(session, made)
    return made


def test_of_one_account_in_several_currencies_the_book_s_is_taken(
    session: Session, book: Book
) -> None:
    dollars = statement_part(SECOND.replace("EUR", "USD"), currency="USD", name="S2")
    file = camt(parts=[statement_part(INSIDE), dollars])
    done = keep(session, book, file)
    assert (done.new, kept(session)) == (1, [2000])
    assert any("in USD" in told for told in done.statements[1]["warnings"])
    assert keep(session, book, file, 1020, only=(f"{IBAN}/USD",)).new == 1


def test_a_second_download_with_other_texts_brings_nothing(session: Session, book: Book) -> None:
    first = ofx(row("20.00", "F1", more="<NAME>Ada<MEMO>PENDING"))
    keep(session, book, first)
    again = keep(session, book, ofx(row("20.00", "F1", more="<NAME>ADA LANE<MEMO>ROOF GIFT"),
                                    last="20240310"))  # fmt: skip
    assert (again.new, again.duplicates) == (0, 1)


def test_another_id_on_the_same_day_is_another_gift(session: Session, book: Book) -> None:
    keep(session, book, ofx(row("5.00", "F1")))
    done = keep(session, book, ofx(row("5.00", "F1"), row("5.00", "F2"), ledger="125.00"))
    assert (done.new, done.duplicates, kept(session)) == (1, 1, [500, 500])
    # A download of only what is new since then.
    more = keep(session, book, ofx(row("5.00", "F3"), ledger="130.00", first="20240304"))
    assert (more.new, len(kept(session))) == (1, 3)


def test_a_bank_that_changes_its_ids_is_believed_by_its_balances(
    session: Session, book: Book
) -> None:
    twice = entry("5.00", reference="A1") + entry("5.00", reference="A2")
    keep(session, book, camt(balance("OPBD", "100.00"), balance("CLBD", "110.00"), twice))
    week = camt(
        balance("OPBD", "100.00"), balance("CLBD", "113.00", "2024-03-08"),
        entry("5.00", reference="B1"), entry("5.00", reference="B2"),
        entry("3.00", "2024-03-06", reference="B3"), name="W1",
    )  # fmt: skip
    done = keep(session, book, week)
    assert (done.new, done.duplicates, sorted(kept(session))) == (1, 2, [300, 500, 500])
    assert done.statements[0]["warnings"] == []


def test_ids_that_differ_are_two_lines_where_the_balances_say_so(
    session: Session, book: Book
) -> None:
    keep(session, book, camt(balance("OPBD", "100.00"), balance("CLBD", "105.00"),
                             entry("5.00", reference="A1")))  # fmt: skip
    twice = entry("5.00", reference="A1") + entry("5.00", reference="A2")
    noon = camt(balance("OPBD", "100.00"), balance("CLBD", "110.00"), twice, name="S2")
    assert (keep(session, book, noon).new, kept(session)) == (1, [500, 500])


def test_a_second_format_with_a_gift_more_keeps_it(session: Session, book: Book) -> None:
    keep(session, book, CAMT)
    done = keep(session, book, ofx(row("20.00", "F1"), row("-5.00", "F2"), row("20.00", "F3"),
                                   ledger="135.00", account="417164300"))  # fmt: skip
    assert (done.new, sorted(kept(session))) == (1, [-500, 2000, 2000])


REPORT = camt(entry("20.00", reference="I1"), entry("-5.00", reference="I2"), kind="052")


def test_interim_lines_are_marked_until_a_statement_confirms_them(
    session: Session, book: Book
) -> None:
    first = keep(session, book, REPORT)
    assert (first.new, first.duplicates) == (2, 0)
    assert set(session.scalars(select(BankLine.interim))) == {True}
    assert keep(session, book, REPORT).duplicates == 2
    done = keep(session, book, CAMT)
    assert (done.new, done.duplicates) == (0, 2)
    assert done.statements[0]["warnings"] == []
    assert set(session.scalars(select(BankLine.interim))) == {False}
    assert bank_says(session, book) == 11_500
    # The next day's report is no gap between statements.
    tomorrow = REPORT.replace("2024-03-04", "2024-03-05").replace("<Id>S1<", "<Id>S8<")
    told = keep(session, book, tomorrow).statements[0]["warnings"]
    assert not any("missing" in sentence for sentence in told)
    found = agreement(session, book_id=book.id)
    assert found is not None
    assert (found.bank, found.later) == (11_500, 1_500)
    assert keep(session, book, CAMT).statements[0]["warnings"] == []
    # A report that comes after its statement adds nothing and marks nothing.
    late = keep(session, book, REPORT.replace("<Id>S1<", "<Id>S9<"))
    on = BankLine.booked_on == date(2024, 3, 4)
    assert (late.new, set(session.scalars(select(BankLine.interim).where(on)))) == (0, {False})


def test_an_interim_line_that_no_statement_confirms_is_named(session: Session, book: Book) -> None:
    keep(session, book, REPORT.replace("20.00", "21.00"))
    done = keep(session, book, CAMT)
    assert (done.new, done.duplicates) == (1, 1)
    assert any("€21.00" in told for told in done.statements[0]["warnings"])


def test_a_line_valued_later_is_counted_once_when_it_comes_again(
    session: Session, book: Book
) -> None:
    first = camt(
        balance("OPBD", "100.00"), balance("CLBD", "120.00"), entry("20.00", reference="R1"),
        entry("15.00", valued="2024-03-05", reference="R2"),
    )  # fmt: skip
    keep(session, book, first)
    found = agreement(session, book_id=book.id)
    assert found is not None
    assert (found.bank, found.later, found.open_lines) == (12_000, 1_500, 3_500)
    again = camt(balance("OPBD", "120.00", "2024-03-05"), balance("CLBD", "135.00", "2024-03-05"),
                 entry("15.00", "2024-03-05", reference="R2"), name="S2")  # fmt: skip
    done = keep(session, book, again)
    assert (done.new, done.duplicates, done.statements[0]["warnings"]) == (0, 1, [])
    found = agreement(session, book_id=book.id)
    assert found is not None
    assert (found.bank, found.later) == (13_500, 0)


def test_the_bank_says_nothing_where_no_file_states_a_balance(session: Session, book: Book) -> None:
    keep(session, book, ofx(row("20.00", "F1"), ledger=""))
    assert bank_says(session, book) is None
    keep(session, book, CAMT, same_as="12345")
    # What comes after the last stated balance is counted to it.
    keep(session, book, ofx(row("4.00", "F7", day="20240309"), ledger="", last="20240309"),
         same_as="12345")  # fmt: skip
    found = agreement(session, book_id=book.id)
    assert found is not None
    assert (found.bank, found.later, found.open_lines) == (11_500, 400, 1_900)


def test_details_that_come_later_give_a_batch_its_payments(session: Session, book: Book) -> None:
    plain = camt(balance("OPBD", "100.00"), balance("CLBD", "529.56"),
                 entry("429.56", reference="REF1"))  # fmt: skip
    both = payment("GIFT-A1", "329.56", "Ada Lane", "Gift 1")
    both += payment("GIFT-B2", "100.00", "Bo Finch", "Gift 2")
    details = camt(entry("429.56", reference="REF1", details=both), kind="054")
    with pytest.raises(Invalid, match=r"camt\.053 first"):
        keep(session, book, details)
    keep(session, book, plain)
    done = keep(session, book, details)
    assert (done.new, done.duplicates) == (0, 0)
    assert any("payments of 1 lines" in told for told in done.statements[0]["warnings"])
    found = session.execute(
        select(BankLinePart.amount, BankLinePart.counterparty_name).order_by(BankLinePart.position)
    ).all()
    assert [tuple(one) for one in found] == [(32_956, "Ada Lane"), (10_000, "Bo Finch")]
    # Once is enough, and the sum is still one line's.
    keep(session, book, details)
    assert session.scalar(select(func.count()).select_from(BankLinePart)) == 2
    assert kept(session) == [42_956]


def test_a_batch_known_from_another_format_gets_its_payments(session: Session, book: Book) -> None:
    keep(session, book, sta(":61:2403040304C429,56NTRFNONREF", closing="C240304EUR529,56"))
    both = payment("A", "329.56") + payment("B", "100.00")
    keep(session, book, camt(balance("OPBD", "100.00"), balance("CLBD", "529.56"),
                             entry("429.56", reference="REF1", details=both)))  # fmt: skip
    assert kept(session) == [42_956]
    assert session.scalar(select(func.sum(BankLinePart.amount))) == 42_956


@pytest.mark.parametrize("text", [CAMT, TABLE, OFX, STA, REPORT, CAMT.replace("115.00", "116.00")])
def test_a_dry_run_says_what_an_import_does(session: Session, book: Book, text: str) -> None:
    for _time in range(2):
        wanted = seen(session, book, text)
        if wanted.refused:
            with pytest.raises(Invalid) as refusal:
                keep(session, book, text)
            assert refusal.value.message in wanted.refused
            return
        assert keep(session, book, text).as_json() == wanted.as_json()


def test_a_name_that_a_bank_uses_for_every_statement_does_not_refuse_the_next(
    session: Session, book: Book
) -> None:
    keep(session, book, CAMT)
    later = CAMT.replace("2024-03-04", "2024-03-05").replace(">115.00<", ">130.00<")
    later = later.replace(">100.00<", ">115.00<")
    for _time in range(2):
        keep(session, book, later)
    assert session.scalar(select(func.count()).select_from(BankStatement)) == 2
    assert len(kept(session)) == 4


def test_accounts_kept_apart_in_the_past_can_be_joined(session: Session, book: Book) -> None:
    keep(session, book, CAMT)
    keep(session, book, OFX.replace("417164300", "999888777"), further=True)
    assert bank_says(session, book) == 23_000
    one, other = known_accounts(session, book.id)
    for wrong in (new_id(), one.id):
        with pytest.raises((NotFound, Conflict)):
            join_accounts(session, book_id=book.id, account_id=one.id, into_id=wrong)
    join_accounts(session, book_id=book.id, account_id=other.id, into_id=one.id)
    (left,) = known_accounts(session, book.id)
    assert left.is_called("999888777")
    assert bank_says(session, book) == 11_500
    assert date(2024, 3, 4) in set(session.scalars(select(BankLine.booked_on)))
