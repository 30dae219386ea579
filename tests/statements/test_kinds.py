"""Bank files as banks really write them: nothing is lost in silence, and refusals name the cure."""

import io
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from ledger.bank_files import Statement, StatementFile, read_statement
from ledger.errors import Invalid
from ledger.services.statements.statements import describe
from tests.statements.bank_files import (
    GIFT,
    IBAN,
    OFX_HEAD,
    OTHER_IBAN,
    balance,
    camt,
    day_of_gifts,
    entry,
    ofx,
    ofx_of,
    ofx_part,
    payment,
    row,
    sta,
    statement_part,
)

CASES = Path(__file__).parents[3] / "shared" / "cases"


def read(text: str | bytes, currency: str | None = None) -> StatementFile:
    data = text if isinstance(text, bytes) else text.encode()
    return read_statement(data, currency=currency)


def one(text: str | bytes, currency: str | None = None) -> Statement:
    (statement,) = read(text, currency).statements
    return statement


def amounts(statement: Statement) -> list[int]:
    return [line.amount for line in statement.lines]


def refusal(text: str | bytes) -> Invalid:
    with pytest.raises(Invalid) as caught:
        read(text)
    return caught.value


# MT940: every line of a file has its place.


@pytest.mark.parametrize(
    "after",
    [
        "-\n:61:2403040304C119,00NTRFNONREF\n:86:Late",
        ":61:2403040304C119,00NTRFNONREF",
        ":64:C240304EUR120,00\n:61:2403040304C119,00NTRFNONREF",
        "{5:}\n:61:2403040304C119,00NTRFNONREF",
        "-}{5:}\n:61:2403040304C119,00NTRFNONREF",
    ],
)
def test_a_movement_after_the_closing_balance_is_refused_by_line(after: str) -> None:
    text = sta(GIFT).removesuffix("-\n") + after
    refused = refusal(text)
    assert refused.message.startswith("There is a line after :62F:")
    assert (refused.place or "").endswith(
        f"line {text[: text.index(',00NTRF', 130)].count(chr(10)) + 1}"
    )


@pytest.mark.parametrize("after", ["120,00 more", "C119,00NTRFNONREF"])
def test_text_after_a_balance_belongs_to_no_field(after: str) -> None:
    refused = refusal(sta(GIFT).removesuffix("-\n") + after)
    assert "a line after :62F:" in refused.message
    assert "line 8" in (refused.place or "")


def test_a_second_statement_without_its_reference_is_read() -> None:
    second = sta(":61:2403050305C5,00NTRFNONREF", opening="C240304EUR120,00",
                 closing="C240305EUR125,00", head="")  # fmt: skip
    for between in ("", "-\n"):
        file = read(sta(GIFT).removesuffix("-\n") + between + second)
        assert [amounts(found) for found in file.statements] == [[2000], [500]]
        assert [found.balanced for found in file.statements] == [True, True]


def test_a_movement_before_any_statement_is_refused() -> None:
    assert ":61:" in refusal(":61:2403040304C9,00NTRFNONREF\n" + sta(GIFT)).message


def test_an_unknown_field_is_named_and_the_lines_stand() -> None:
    statement = one(sta(GIFT, ":77A:Of the bank's own"))
    assert amounts(statement) == [2000]
    (warning,) = statement.warnings
    assert ":77A:" in warning
    assert "Line 7" in warning


def test_a_closing_balance_without_a_currency_is_in_that_of_the_opening() -> None:
    statement = one(sta(GIFT, opening="C240304DEM100,00", closing="C240304120,00"))
    assert (statement.currency, statement.closing, statement.balanced) == ("DEM", 12_000, True)


@pytest.mark.parametrize(
    ("mark", "amount"), [("C", 2000), ("CR", 2000), ("RD", 2000), ("D", -2000), ("RC", -2000),
                         ("DR", -2000), ("RDR", 2000), ("RCR", -2000), ("EC", 2000), ("ED", -2000)]
)  # fmt: skip
def test_every_mark_has_its_sign(mark: str, amount: int) -> None:
    closing = 10_000 + amount
    statement = one(
        sta(f":61:2403040304{mark}20,00NTRFNONREF", closing=f"C240304EUR{closing // 100},00")
    )
    assert (amounts(statement), statement.balanced) == ([amount], True)


def test_what_the_bank_only_expects_is_left_out_where_its_balance_says_so() -> None:
    statement = one(sta(GIFT, ":61:2403050305EC7,00NTRFNONREF"))
    assert (amounts(statement), statement.balanced) == ([2000], True)
    assert "only expected" in statement.warnings[0]


def test_an_mt942_is_named_and_the_cure() -> None:
    text = (
        ":20:INTRADAY\n:25:NL91\n:28C:1/1\n:34F:EUR0,00\n:13D:2403041230+0100\n"
        ":61:2403040304C20,00NTRFNONREF\n:86:Gift\n:90C:1EUR20,00\n-\n"
    )
    message = refusal(text).message
    assert "MT942" in message
    assert "MT940" in message


def test_a_reference_longer_than_the_standard_is_kept_whole() -> None:
    line = one(sta(":61:2403040304C20,00NTRFPI-dvT1FzfMqvzF5HaU4oetlH7SGRkonU//B-123456789012345678"
                   "\n:86:Gift")).lines[0]  # fmt: skip
    assert "PI-dvT1FzfMqvzF5HaU4oetlH7SGRkonU" in line.remittance.split()
    assert line.bank_reference == "B-123456789012345678"


def test_a_text_after_a_filled_up_reference_is_no_part_of_it() -> None:
    line = one(sta(":61:240304C20,00N060733959555       T-MOBILE NETHERLANDS BV")).lines[0]
    assert line.remittance == "733959555 T-MOBILE NETHERLANDS BV"


@pytest.mark.parametrize(
    ("details", "name", "account", "end_to_end", "text"),
    [
        ("/ORDP//NAME/Ada Lane/REMI/Roof gift/ISDT/2024-03-04", "Ada Lane", None, None,
         "Roof gift"),
        ("/TRTP/SEPA/IBAN/NL72RABO0104510633/BIC/RABONL2U/NAME/Ada Lane/EREF/E2E-1-LONGER-THAN-"
         "SIXTEEN/REMI/Roof", "Ada Lane", "NL72RABO0104510633", "E2E-1-LONGER-THAN-SIXTEEN",
         "Roof"),
        ("/EREF/E2E-2//CNTP/NL72RABO0104510633/RABONL2U/Ada Lane/UTRECHT//REMI/USTD//Roof/",
         "Ada Lane", "NL72RABO0104510633", "E2E-2", "Roof"),
        ("/EREF/NOTPROVIDED/ORDP//NAME/Pay Service/ULTD//NAME/Ada Lane/REMI/Roof", "Ada Lane",
         None, None, "Roof"),
        ("166?00GUTSCHRIFT?20EREF+E2E-3?21SVWZ+Dach?31DE40500105174675974588?32Ada?33 Lane",
         "Ada Lane", "DE40500105174675974588", "E2E-3", "Dach"),
        ("166>00GUTSCHRIFT>20SVWZ+Dach>32Ada Lane", "Ada Lane", None, None, "Dach"),
        ("166?00X?20SVWZ+DachABWA+Ada Lane?32Zahldienst", "Ada Lane", None, None, "Dach"),
    ],
)  # fmt: skip
def test_names_accounts_and_references_are_found_in_the_text(
    details: str, name: str, account: str | None, end_to_end: str | None, text: str
) -> None:
    line = one(sta(f":61:2403040304C20,00NTRFNONREF\n:86:{details}")).lines[0]
    assert (line.counterparty_name, line.counterparty_account) == (name, account)
    assert (line.end_to_end_id, line.remittance) == (end_to_end, text)


def test_an_account_below_the_movement_is_the_giver_s() -> None:
    line = one(sta(":61:240304C20,00N541NONREF\nNL72RABO0104510633\n:86:Gift")).lines[0]
    assert (line.counterparty_account, line.remittance) == ("NL72RABO0104510633", "Gift")


def test_a_text_is_kept_to_its_end() -> None:
    words = [f"word{number:05}" for number in range(400)]
    line = one(sta(":61:240304C20,00NTRFNONREF\n:86:" + "\n".join(words))).lines[0]
    assert line.remittance.split() == words
    note = entry("20.00", details=payment(text=" ".join(words)))
    camt_line = one(camt(balance("OPBD", "100.00"), balance("CLBD", "120.00"), note)).lines[0]
    assert camt_line.remittance.split() == words


def test_sub_fields_of_several_payments_become_parts() -> None:
    details = (
        "166?00SAMMLER?20EREF+GIFT-A1?21OAMT+EUR 329,56?22SVWZ+Gift 1?32Ada Lane"
        "?20EREF+GIFT-B2?21OAMT+EUR 100,00?22SVWZ+Gift 2?32Bo Finch"
    )
    text = sta(f":61:2403040304C429,56NTRFNONREF\n:86:{details}", closing="C240304EUR529,56")
    parts = one(text).lines[0].parts
    assert [(part.amount, part.end_to_end_id, part.counterparty_name, part.remittance)
            for part in parts] == [(32_956, "GIFT-A1", "Ada Lane", "Gift 1"),
                                   (10_000, "GIFT-B2", "Bo Finch", "Gift 2")]  # fmt: skip
    coded = "/EREF/GIFT-A1/AMT/EUR329,56/NAME/Ada Lane/REMI/Gift 1/EREF/GIFT-B2/AMT/EUR100,00/NAME/Bo Finch/REMI/Gift 2"  # noqa: E501
    again = one(text.replace(details, coded)).lines[0].parts
    assert [(part.amount, part.counterparty_name) for part in again] == [
        (32_956, "Ada Lane"), (10_000, "Bo Finch")
    ]  # fmt: skip
    odd = one(text.replace("100,00?22", "99,00?22"))
    assert odd.lines[0].parts == ()
    assert "GIFT-A1" not in odd.warnings[0]
    assert ":61: number 1" in odd.warnings[0]
    assert "428.56 EUR" in odd.warnings[0]


# camt: every version, every envelope, batches and balances.


@pytest.mark.parametrize("version", ["01", "13", "99"])
def test_later_versions_are_read(version: str) -> None:
    assert amounts(one(day_of_gifts("20.00", version=version))) == [2000]


@pytest.mark.parametrize(
    "wrapped",
    [
        lambda text: "\ufeff" + text,
        lambda text: "\n  " + text,
        lambda text: text + "\x00\x1a\n",
        lambda text: '<Envelope xmlns="urn:bank">' + text.split("?>", 1)[1] + "</Envelope>",
        lambda text: text.replace("UTF-8", "UTF-16").encode("utf-16"),
        lambda text: text.replace("UTF-8", "windows-1252").encode("cp1252"),
    ],
)
def test_a_camt_file_is_read_in_whatever_it_is_wrapped(
    wrapped: Callable[[str], str | bytes],
) -> None:
    assert amounts(one(wrapped(day_of_gifts("20.00")))) == [2000]


@pytest.mark.parametrize("declaration", ['<?xml version="1.0" encoding="UTF-8"?>', ""])
def test_two_documents_in_one_file_are_read(declaration: str) -> None:
    first = day_of_gifts("20.00", declaration=declaration)
    second = day_of_gifts("5.00", opening="120.00", name="S2", declaration=declaration)
    assert [amounts(found) for found in read(first + "\n" + second).statements] == [[2000], [500]]


def test_an_archive_of_statements_is_read_in_the_order_of_days() -> None:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("b.xml", day_of_gifts("20.00"))
        later = day_of_gifts("5.00", opening="120.00", name="S2").replace(
            "2024-03-04", "2024-03-05"
        )
        archive.writestr("a/a.xml", later)
        archive.writestr("__MACOSX/._b.xml", "x")
    file = read(held.getvalue())
    assert (file.format, [amounts(found) for found in file.statements]) == (
        "camt.053.001.02",
        [[2000], [500]],
    )


def zipped(name: str, content: bytes) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return held.getvalue()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (zipped("readme.txt", b"Hello"), "This is not a camt"),
        (zipped("[Content_Types].xml", b"<Types/>"), "spreadsheet"),
        (zipped("big.xml", b" " * 11_000_000), "larger than 10 MB"),
        (b"PK\x03\x04" + b"x" * 40, "damaged"),
        (b"!Type:Bank\nD01/02/24\nT20.00\n^\n", "QIF"),
        (b"!TRNS\tTRNSID\tTRNSTYPE\n", "IIF"),
        (b'<?xml version="1.0"?>\n<gnc-v2 xmlns:gnc="http://www.gnucash.org/XML/gnc">', "GnuCash"),
        (b"<!DOCTYPE html><html><title>Session &amp; expired</title>", "'Session & expired'"),
        (b"%PDF-1.7", "PDF"),
        (b"No transactions found for the selected period.", "'No transactions found"),
        (ofx_of("<STMTTRNRS><STATUS><CODE>2003<SEVERITY>ERROR<MESSAGE>Account not found</STATUS>"
                "</STMTTRNRS>").encode(), "2003 Account not found"),
        (b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.03"/>', "payment order"),
        (b"01,BANK,CUST,240304,0100,1,,,2/\n", "BAI2"),
    ],
)  # fmt: skip
def test_a_refusal_says_what_the_file_is(data: bytes, words: str) -> None:
    assert words in refusal(data).message


def batch(*payments: str, amount: str = "429.56", more: str = "") -> Statement:
    details = "<Btch><PmtInfId>BATCH-7</PmtInfId></Btch>" + "".join(payments)
    total = f"{100 + float(amount):.2f}"
    held = entry(amount, reference="REF1", details=details, more=more)
    return one(camt(balance("OPBD", "100.00"), balance("CLBD", total), held))


def test_a_batch_keeps_its_payments() -> None:
    statement = batch(
        payment("GIFT-A1", "329.56", "Ada Lane", "Gift 1"),
        payment("GIFT-B2", "100.00", "Bo Finch", "Gift 2"),
    )
    (line,) = statement.lines
    assert (line.amount, line.batch_reference, line.bank_reference) == (42_956, "BATCH-7", "REF1")
    assert [(part.position, part.amount, part.end_to_end_id, part.counterparty_name,
             part.remittance) for part in line.parts] == [
        (1, 32_956, "GIFT-A1", "Ada Lane", "Gift 1"),
        (2, 10_000, "GIFT-B2", "Bo Finch", "Gift 2"),
    ]  # fmt: skip
    assert statement.warnings == ()


def test_a_batch_that_does_not_add_up_is_one_line_and_says_where() -> None:
    statement = batch(payment("A", "329.56"), payment("B", "99.00"))
    assert statement.lines[0].parts == ()
    assert "Stmt[1]/Ntry[1]/NtryDtls" in statement.warnings[0]
    assert "428.56 EUR" in statement.warnings[0]
    silent = batch(payment("A", "329.56"), payment("B"))
    assert silent.lines[0].parts == ()
    assert "TxDtls[2] states no amount" in silent.warnings[0]


def test_what_the_bank_kept_of_a_batch_is_a_part_of_its_own() -> None:
    charges = '<Chrgs><Rcrd><Amt Ccy="EUR">1.50</Amt><CdtDbtInd>DBIT</CdtDbtInd></Rcrd></Chrgs>'
    statement = batch(payment("A", "329.56"), payment("B", "100.00"), amount="428.06", more=charges)
    assert [part.amount for part in statement.lines[0].parts] == [32_956, 10_000, -150]


def test_the_giver_behind_a_payment_service_is_the_giver() -> None:
    details = payment("E2", name="Pay Service Europe").replace(
        "</RltdPties>", "<UltmtDbtr><Nm>Ada Lane</Nm></UltmtDbtr></RltdPties>"
    )
    line = one(
        camt(balance("OPBD", "100.00"), balance("CLBD", "120.00"), entry("20.00", details=details))
    ).lines[0]
    assert (line.counterparty_name, line.through) == ("Ada Lane", "Pay Service Europe")


@pytest.mark.parametrize(
    ("back", "told"),
    [
        ("<RtrInf><Rsn><Cd>AM04</Cd></Rsn><AddtlInf>Not enough</AddtlInf></RtrInf>",
         "AM04 Not enough"),
        ("<RtrInf><Rsn><Cd>AM04</Cd></Rsn></RtrInf>", "AM04 insufficient funds"),
        ("<RtrInf><Rsn><Prtry>X1</Prtry></Rsn></RtrInf>", "X1"),
    ],
)  # fmt: skip
def test_a_returned_debit_says_why_and_whose_it_was(back: str, told: str) -> None:
    details = payment("SDD-75", name="Ada Lane", text="Monthly gift", more=back)
    held = entry("-10.00", details=details, more="<RvslInd>true</RvslInd>")
    line = one(camt(balance("OPBD", "100.00"), balance("CLBD", "90.00"), held)).lines[0]
    assert (line.returned, line.counterparty_name, line.end_to_end_id) == (
        told, "Ada Lane", "SDD-75"
    )  # fmt: skip


def test_available_balances_are_read_with_a_warning() -> None:
    statement = one(camt(balance("OPAV", "100.00"), balance("CLAV", "120.00"), entry("20.00")))
    assert (statement.opening, statement.closing, statement.balanced) == (10_000, 12_000, True)
    assert "only the available balance" in statement.warnings[0]


def test_the_closing_balance_of_the_day_before_is_the_opening_one() -> None:
    statement = one(
        camt(balance("PRCD", "100.00", "2024-03-03"), balance("CLBD", "120.00"), entry("20.00"))
    )
    assert (statement.opening, statement.balanced) == (10_000, True)


def test_what_is_valued_later_explains_the_difference() -> None:
    inside = (
        balance("FWAV", "135.00", "2024-03-05"),
        balance("OPBD", "100.00"),
        balance("CLBD", "120.00"),
        entry("20.00"),
    )
    statement = one(camt(*inside, entry("15.00", valued="2024-03-05")))
    assert (statement.forward, statement.difference, statement.balanced) == (1500, 0, True)
    assert "15.00 EUR" in statement.warnings[0]
    # Another difference is not explained away.
    text = camt(*inside, entry("15.00", valued="2024-03-05"))
    wrong = one(text.replace(">120.00<", ">121.00<"))
    assert (wrong.forward, wrong.balanced) == (0, False)


def test_booked_lines_of_an_interim_report_are_read_and_marked() -> None:
    whole = one(camt(balance("OPBD", "100.00"), balance("CLBD", "125.00"), entry("25.00"),
                     kind="052", version="08"))  # fmt: skip
    assert (whole.interim, whole.balanced, amounts(whole)) == (True, True, [2500])
    assert "camt.053" in whole.warnings[0]
    bare = one(camt(entry("25.00"), entry("5.00").replace("BOOK", "PDNG"), kind="052"))
    assert (bare.interim, bare.balanced, amounts(bare)) == (True, None, [2500])


def test_a_notification_only_gives_details() -> None:
    details = payment("A", "329.56") + payment("B", "100.00")
    notified = camt(entry("429.56", reference="REF1", details=details), kind="054")
    file = read(notified + day_of_gifts("429.56"))
    assert file.format == "camt.054.001.02+camt.053.001.02"
    assert [found.details for found in file.statements] == [False, True]
    assert [part.amount for part in file.statements[1].lines[0].parts] == [32_956, 10_000]


# OFX: what banks leave out and add.


@pytest.mark.parametrize("root", ["<OFX >", "<ofx>", '<OFX xmlns="x">'])
def test_the_first_tag_may_be_written_in_many_ways(root: str) -> None:
    head = '<?xml version="1.0" encoding="UTF-8"?><?OFX OFXHEADER="200" VERSION="220"?>'
    assert amounts(one(ofx_of(ofx_part(row("20.00", "F1")), head=head, root=root))) == [2000]


def test_two_ofx_documents_in_one_file_are_read() -> None:
    head = '<?xml version="1.0"?><?OFX OFXHEADER="200"?>'
    first = ofx_of(ofx_part(row("20.00", "F1")), head=head)
    second = ofx_of(ofx_part(row("5.00", "F2"), ledger="125.00"), head=head)
    assert [amounts(found) for found in read(first + second).statements] == [[2000], [500]]


def test_a_balance_derived_from_itself_proves_nothing() -> None:
    statement = one(ofx(row("20.00", "F1")))
    assert (statement.opening, statement.closing, statement.balanced) == (10_000, 12_000, None)
    assert (statement.opening_derived, statement.closing_derived) == (True, False)
    assert "prove nothing" in statement.warnings[0]
    (shown,) = describe(read(ofx(row("20.00", "F1"))))
    assert shown["balanced"] is None


def test_an_ofx_file_without_a_balance_is_read() -> None:
    statement = one(ofx(row("20.00", "F1"), ledger=""))
    assert (amounts(statement), statement.closing_derived, statement.balanced) == (
        [2000],
        True,
        None,
    )
    assert "LEDGERBAL" in statement.warnings[0]


def test_a_balance_of_a_later_day_than_the_lines_is_said() -> None:
    told = one(ofx(row("20.00", "F1"), as_of="20240315")).warnings
    assert any("2024-03-15" in warning for warning in told)


@pytest.mark.parametrize(
    ("amount", "want"), [("1,020.00", 102_000), ("1.020,00", 102_000), ("1020,00", 102_000),
                         ("-1,234,567.89", -123_456_789), ("20.000", 2000), ("+20", 2000)]
)  # fmt: skip
def test_thousands_are_read_where_nothing_is_in_doubt(amount: str, want: int) -> None:
    assert amounts(one(ofx(row(amount, "F1")))) == [want]


def test_an_amount_with_two_readings_is_refused() -> None:
    assert "'1,020' is ambiguous" in refusal(ofx(row("1,020", "F1"))).message


def test_a_line_in_the_account_s_own_currency_is_read() -> None:
    more = "<CURRENCY><CURRATE>1.0<CURSYM>EUR</CURRENCY>"
    assert amounts(one(ofx(row("20.00", "F1", more=more)))) == [2000]
    assert (
        "The line is in a different currency from the account"
        in refusal(ofx(row("20.00", "F1", more=more.replace("EUR", "USD")))).message
    )


def test_days_of_zeros_are_none() -> None:
    statement = one(ofx(row("20.00", "F1", day="00000000"+"<DTAVAIL>20240304"), first="00000000",
                        last="00000000000000"))  # fmt: skip
    assert (statement.opens_on, statement.closes_on) == (date(2024, 3, 4), date(2024, 3, 4))
    assert statement.lines[0].booked_on == date(2024, 3, 4)


def test_a_file_without_a_currency_is_in_that_of_the_books() -> None:
    text = ofx(row("20.00", "F1"), currency="")
    assert one(text, currency="SEK").currency == "SEK"
    assert "SEK is taken" in one(text, currency="SEK").warnings[0]
    assert "The file does not name a currency" in refusal(text).message


@pytest.mark.parametrize(
    "name",
    [
        *("Saldo Anterior", "Saldo do dia", "SALDO FINAL", "Saldo disponível"),
        *("Opening Balance", "Kontostand", "Nouveau solde"),
    ],
)
def test_rows_that_only_name_a_balance_are_no_income(name: str) -> None:
    statement = one(ofx(row("100.00", "", more=f"<NAME>{name}<MEMO>"), row("20.00", "F1")))
    assert amounts(statement) == [2000]
    assert any("no movement" in warning for warning in statement.warnings)


@pytest.mark.parametrize(
    ("fitid", "name"), [("F0", "Saldo Anterior"), ("", "Saldo fattura 12 Rossi")]
)
def test_a_payment_of_a_balance_is_a_payment(fitid: str, name: str) -> None:
    assert amounts(one(ofx(row("100.00", fitid, more=f"<NAME>{name}")))) == [10_000]


# Letters and days, in every format.


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "latin-1", "cp850", "cp437", "utf-16",
                                      "utf-8-sig", "utf-16-le"])  # fmt: skip
def test_letters_come_out_whatever_their_encoding(encoding: str) -> None:
    text = sta(":61:2403040304C20,00NTRFNONREF\n:86:166?00GUTSCHRIFT?20SVWZ+Spende für Köln"
               "?32Jörg Müßig")  # fmt: skip
    line = one(text.encode(encoding)).lines[0]
    assert (line.counterparty_name, line.remittance) == ("Jörg Müßig", "Spende für Köln")


@pytest.mark.parametrize(
    ("charset", "encoding"), [("1252", "cp1252"), ("1252", "utf-8"), ("850", "cp850"),
                              ("ISO-8859-1", "latin-1"), ("1252", "cp850")]
)  # fmt: skip
def test_a_declared_encoding_counts_unless_the_bytes_say_otherwise(
    charset: str, encoding: str
) -> None:
    text = ofx(row("20.00", "F1", more="<NAME>Jörg Müßig"))
    text = text.replace("CHARSET:1252", f"CHARSET:{charset}")
    assert one(text.encode(encoding)).lines[0].counterparty_name == "Jörg Müßig"


def test_a_camt_file_in_another_encoding_than_it_declares_is_not_garbled() -> None:
    text = camt(balance("OPBD", "100.00"), balance("CLBD", "120.00"),
                entry("20.00", details=payment(name="Jörg Müßig")))  # fmt: skip
    statement = one(text.encode("latin-1"))
    assert statement.lines[0].counterparty_name == "Jörg Müßig"
    assert "check the names" in statement.warnings[0]


@pytest.mark.parametrize(
    "text",
    [
        sta(":61:240230C20,00NTRFNONREF\n:86:Gift"),
        camt(balance("OPBD", "100.00"), balance("CLBD", "120.00"), entry("20.00", "2024-02-30")),
        ofx(row("20.00", "F1", day="20240230")),
    ],
)
def test_the_thirtieth_of_february_is_flagged_and_the_line_kept(text: str) -> None:
    statement = one(text)
    assert statement.lines[0].booked_on == date(2024, 2, 29)
    assert any("2024-02-30" in told and "2024-02-29" in told for told in statement.warnings)


@pytest.mark.parametrize("day", ["1969-12-31", "2200-01-01", "9999-12-31", "0001-01-01"])
def test_days_on_which_no_bank_books_are_refused(day: str) -> None:
    inside = balance("OPBD", "100.00") + balance("CLBD", "120.00")
    for text in (
        camt(inside, entry("20.00", day)),
        camt(inside, entry("20.00", valued=day)),
        ofx(row("20.00", "F1", day=day.replace("-", ""))),
    ):
        assert "are not supported" in refusal(text).message


def test_years_of_two_digits_may_lie_in_the_last_century() -> None:
    text = sta(":61:9903040304C20,00NTRFNONREF", opening="C990304EUR100,00",
               closing="C990304EUR120,00")  # fmt: skip
    assert one(text).lines[0].booked_on == date(1999, 3, 4)


def test_several_accounts_and_currencies_are_told_apart() -> None:
    inside = balance("OPBD", "100.00") + balance("CLBD", "120.00") + entry("20.00")
    other = inside.replace("EUR", "USD")
    file = read(camt(parts=[statement_part(inside), statement_part(inside, account=OTHER_IBAN),
                            statement_part(other, currency="USD")]))  # fmt: skip
    assert [(found.account, found.currency) for found in file.statements] == [
        (IBAN, "EUR"),
        (OTHER_IBAN, "EUR"),
        (IBAN, "USD"),
    ]


@pytest.mark.skipif(not CASES.is_dir(), reason="the cases of ../shared/cases are not here")
def test_every_case_of_others_is_read_or_refused_with_its_cure() -> None:
    refused = {}
    for path in sorted((*CASES.glob("[DMO]*.xml"), *CASES.glob("M*.sta"), *CASES.glob("O*.ofx"))):
        try:
            read(path.read_bytes())
        except Invalid as error:
            refused[path.stem] = error.message
    assert set(refused) == {"M11", "M19"}
    assert "MT942" in refused["M11"]
    assert "after :62F:" in refused["M19"]


def test_the_header_of_an_ofx_file_is_no_text_of_it() -> None:
    assert OFX_HEAD.startswith("OFXHEADER")
    assert "OFXHEADER" not in one(ofx(row("20.00", "F1"))).lines[0].remittance
