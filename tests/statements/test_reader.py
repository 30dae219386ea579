"""Reading bank files: exact amounts, every line, and a refusal that names the place."""

import re
import time
from datetime import date
from pathlib import Path

import pytest

from ledger.bank_files import (
    MAX_BYTES,
    StatementFile,
    chain_warnings,
    decimal_text,
    line_base,
    line_fingerprint,
    read_statement,
)
from ledger.core.currencies import EXPONENTS, exponent
from ledger.errors import Invalid

DATA = Path(__file__).parent / "data"
CAMT = (DATA / "hall_march.xml").read_text()
PAGES = (DATA / "hall_two_pages.sta").read_text()
YEN = (DATA / "yen.sta").read_text()


def read(text: str) -> StatementFile:
    return read_statement(text.encode())


def refusal(text: str | bytes, file_format: str = "auto") -> Invalid:
    with pytest.raises(Invalid) as caught:
        read_statement(text.encode() if isinstance(text, str) else text, file_format)
    return caught.value


def test_camt_lines_carry_amount_days_names_and_text() -> None:
    file = read(CAMT)
    (statement,) = file.statements
    assert file.format == "camt.053.001.08"
    assert (statement.opening, statement.closing, statement.balanced) == (10_000, 63_400, True)
    assert statement.warnings == ()
    payout, gift, charge = statement.lines
    assert (payout.amount, payout.booked_on, payout.value_on) == (
        48_000,
        date(2026, 3, 3),
        date(2026, 3, 4),
    )
    assert payout.end_to_end_id is None
    assert payout.remittance == "STRIPE HALL TRACE 0042"
    assert (payout.counterparty_name, payout.counterparty_account) == (
        "Stripe Payments",
        "XX00STRP0000000009",
    )
    assert (payout.bank_reference, payout.code) == ("HB-1", "PMNT-RCDT-ESCT")
    assert (gift.end_to_end_id, gift.remittance, gift.booked_on) == (
        "E2E-7",
        "ROOF",
        date(2026, 3, 3),
    )
    assert (charge.amount, charge.code) == (-600, "ACMT-MDOP-CHRG")


@pytest.mark.parametrize("version", ["02", "03", "07", "08", "13", "27"])
def test_every_version_of_camt_053_is_read(version: str) -> None:
    text = CAMT.replace("053.001.08", f"053.001.{version}")
    if version < "07":
        text = text.replace("<Sts><Cd>BOOK</Cd></Sts>", "<Sts>BOOK</Sts>")
    file = read(text)
    assert file.format == f"camt.053.001.{version}"
    assert len(file.statements[0].lines) == 3


def test_an_entry_that_is_not_booked_is_left_out_and_named() -> None:
    text = CAMT.replace("<Sts><Cd>BOOK</Cd></Sts>", "<Sts><Cd>PDNG</Cd></Sts>", 1)
    (statement,) = read(text).statements
    assert len(statement.lines) == 2
    assert not statement.balanced
    assert statement.warnings == ("Stmt[1]/Ntry[1]/Sts is PDNG, not BOOK: it is left out.",)


def test_a_stated_sum_that_the_entries_do_not_give_is_named() -> None:
    (statement,) = read(CAMT.replace("<Sum>540.00</Sum>", "<Sum>541.00</Sum>")).statements
    assert statement.balanced
    (warning,) = statement.warnings
    assert "TxsSummry/TtlCdtNtries/Sum is 541.00" in warning
    assert "540.00 USD" in warning


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ('<Amt Ccy="USD">60.00<', '<Amt Ccy="USD">60.005<', "Stmt[1]/Ntry[2]/Amt"),
        ('<Amt Ccy="USD">60.00<', '<Amt Ccy="USD">1e3<', "Stmt[1]/Ntry[2]/Amt"),
        ('<Amt Ccy="USD">60.00<', '<Amt Ccy="USD">NaN<', "Stmt[1]/Ntry[2]/Amt"),
        ('<Amt Ccy="USD">60.00<', '<Amt Ccy="USD">1_000<', "Stmt[1]/Ntry[2]/Amt"),
        ('<Amt Ccy="USD">60.00<', '<Amt Ccy="EUR">60.00<', "Stmt[1]/Ntry[2]/Amt/@Ccy"),
        ("<DtTm>2026-03-03T", "<DtTm>2026-13-03T", "Stmt[1]/Ntry[2]/BookgDt"),
        ("<CdtDbtInd>DBIT<", "<CdtDbtInd>BOTH<", "Stmt[1]/Ntry[3]/CdtDbtInd"),
        ("<Cd>OPBD</Cd>", "<Cd>ITBD</Cd>", "Stmt[1]/Bal"),
        ("<IBAN>XX00HALL0000000001</IBAN>", "", "Stmt[1]/Acct/Id"),
    ],
)
def test_a_broken_element_is_named(old: str, new: str, place: str) -> None:
    assert old in CAMT
    assert refusal(CAMT.replace(old, new, 1)).place == place


def test_a_cut_off_file_is_refused_by_line() -> None:
    refused = refusal(CAMT[: CAMT.index("<Ntry>")])
    assert re.fullmatch(r"line \d+", refused.place or "")


def bomb(declaration: str, use: str = "&a;") -> str:
    head = '<?xml version="1.0"?>'
    return CAMT.replace(
        '<?xml version="1.0" encoding="UTF-8"?>', f"{head}<!DOCTYPE d [{declaration}]>"
    ).replace("MARCH-03", use)


LAUGHS = '<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {name} "{f"&{before};" * 10}">'
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
ATTACKS = {
    "billion laughs": bomb(LAUGHS, "&i;"),
    "quadratic blow-up": bomb(f'<!ENTITY a "{"x" * 50_000}">', "&a;" * 2_000),
    "external entity": bomb('<!ENTITY a SYSTEM "file:///etc/hostname">'),
    "parameter entity": bomb('<!ENTITY % a SYSTEM "http://127.0.0.1:1/x.dtd"> %a;', "x"),
    "document type": CAMT.replace("?>", '?><!DOCTYPE d SYSTEM "http://127.0.0.1:1/x.dtd">', 1),
    "deep nesting": "<a>" * 200_000,
    "deep and closed": "<a>" * 200_000 + "</a>" * 200_000,
    "too large": " " * MAX_BYTES + CAMT,
}


@pytest.mark.parametrize("name", sorted(ATTACKS))
def test_hostile_xml_is_refused_at_once(name: str) -> None:
    # Own processor time: a blow-up would take minutes, a busy machine takes none of it.
    started = time.process_time()
    refused = refusal(ATTACKS[name])
    assert time.process_time() - started < 10
    assert "hostname" not in refused.message


def test_the_attacks_are_whole_files_but_for_their_declarations() -> None:
    control = bomb('<!ENTITY a "harmless">', "plain")
    refused = refusal(control)
    assert refused.place == "DOCTYPE"
    assert read(re.sub(r"<!DOCTYPE.*?]>", "", control)).statements[0].statement_id == "plain"


def test_pages_of_mt940_chain_and_a_reversed_credit_takes_money_out() -> None:
    file = read(PAGES)
    first, second = file.statements
    assert [line.amount for line in first.lines] == [6000, -1000]
    assert (first.balanced, second.balanced) == (True, True)
    assert chain_warnings(file.statements) == []
    assert first.statement_id != second.statement_id


def test_a_text_line_with_a_dash_does_not_end_the_message() -> None:
    line = read(PAGES).statements[0].lines[0]
    assert "Two equal gifts" in line.remittance
    assert "-from one giver" in line.remittance
    assert "ROOF" in line.remittance
    assert line.bank_reference == "HB-1"


def test_a_booking_day_may_lie_in_the_year_before_and_closing_notes_are_no_remittance() -> None:
    (line,) = read(PAGES).statements[1].lines
    assert (line.booked_on, line.value_on) == (date(2025, 12, 31), date(2026, 1, 2))
    assert line.remittance == ""
    assert line.code == "NCHG"


def test_line_ends_and_encodings_make_no_difference() -> None:
    want = read(PAGES).statements
    text = PAGES.replace("Two equal", "Zwei schöne")
    assert read_statement(PAGES.replace("\n", "\r\n").encode()).statements == want
    assert read_statement(b"\xef\xbb\xbf" + PAGES.encode()).statements == want
    assert read_statement(text.encode("cp1252")).statements == read(text).statements


def test_yen_have_no_decimals_and_dinars_three() -> None:
    (statement,) = read(YEN).statements
    assert (statement.opening, statement.closing, statement.lines[0].amount) == (1000, 1500, 500)
    (statement,) = read(YEN.replace("JPY", "KWD")).statements
    assert (statement.opening, statement.closing) == (1_000_000, 1_500_000)
    assert refusal(YEN.replace("C500,NTRF", "C500,50NTRF")).place == (
        "message 1 at line 1, :61: number 1"
    )


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        (":62F:C260303JPY1500,", "", ":62F:"),
        (":60F:C260303JPY1000,", "", ":60F:"),
        ("JPY1500", "EUR1500", "message 1"),
        ("JPY", "QQQ", "message 1"),
        (":25:HALLBANK/0002\n", "", ":25:"),
        (":61:260303C", ":61:26x303C", "message 1"),
    ],
)
def test_a_broken_mt940_message_is_refused_by_place(old: str, new: str, part: str) -> None:
    assert old in YEN
    assert part in (refusal(YEN.replace(old, new)).place or "")


def test_the_second_message_is_named_with_its_line() -> None:
    refused = refusal(PAGES.replace(":62F:C260303USD149,50", ""))
    assert (refused.place or "").startswith("message 2 at line 14")


def test_a_line_without_a_type_code_is_a_line_of_its_own() -> None:
    # The library alone would put these two together and lose one.
    text = YEN.replace(":62F:", ":61:260303C1,\n:61:260303D1,NTRFNONREF\n:62F:")
    assert [line.amount for line in read(text).statements[0].lines] == [500, 1, -1]


@pytest.mark.parametrize("data", [b"", b"  \n", b"hello", b"\x00\xff\xfe", b"%PDF-1.7", b"<a/>"])
def test_what_is_no_bank_file_is_refused(data: bytes) -> None:
    assert refusal(data).place


def test_an_unknown_format_is_refused() -> None:
    assert refusal(CAMT, "xls").place == "format"


def test_two_lines_that_look_the_same_have_fingerprints_of_their_own() -> None:
    text = YEN.replace(":62F:C260303JPY1500,", ":61:260303C500,NTRFNONREF\n:62F:C260303JPY2000,")
    first, second = read(text).statements[0].lines
    base = line_base("X", "JPY", first)
    assert line_base("X", "JPY", second) == base
    assert line_fingerprint(base, 1) != line_fingerprint(base, 2)


def test_a_gap_between_statements_is_named() -> None:
    text = PAGES.replace(":60M:C260303USD150,00", ":60M:C260303USD151,00").replace(
        ":62F:C260303USD149,50", ":62F:C260303USD150,50"
    )
    (warning,) = chain_warnings(read(text).statements)
    assert "opens with 151.00 USD" in warning
    assert "closed with 150.00 USD" in warning


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (-4559, "EUR", "-45.59 EUR"),
        (5, "EUR", "0.05 EUR"),
        (-5, "KWD", "-0.005 KWD"),
        (1500, "JPY", "1500 JPY"),
    ],
)
def test_minor_units_are_written_as_people_read_them(amount: int, currency: str, text: str) -> None:
    assert decimal_text(amount, currency) == text


def test_the_currencies_of_old_statements_are_known() -> None:
    assert [exponent(code) for code in ("DEM", "ITL", "PLN", "JPY", "KWD", "CLF")] == [
        2,
        0,
        2,
        0,
        3,
        4,
    ]
    assert all(len(code) == 3 and code.isupper() for code in EXPONENTS)
    with pytest.raises(Invalid):
        exponent("QQQ")
