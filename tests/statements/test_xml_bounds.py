"""Files that are made to keep a thread busy are refused after little work, counted in bytes
given to the parser and in elements that it told of; never in seconds."""

import io
import re
from collections.abc import Iterator

import pytest

from ledger import bounded_xml
from ledger.bank_files import camt, ofx
from ledger.bounded_xml import MAX_QUIET_BYTES, Bounded, events
from ledger.errors import Invalid

SIZE = 9 * 1024 * 1024
CHUNK = 64 * 1024
NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"


def attributes(count: int) -> bytes:
    return b" ".join(b'a%d=""' % n for n in range(count))


ONE_TAG = b"<Document " + attributes(SIZE // 12) + b"/>"
MANY_TAGS = b"<Document>" + (b"<a " + attributes(30) + b"/>") * 40_000 + b"</Document>"
FULL_TAG = b"<Document><a " + attributes(33) + b"/>" + b"<b/>" * 1_000_000 + b"</Document>"
DEEP = b"<Document>" + b"<a>" * 1_000_000
ELEMENTS = b"<Document>" + b"<a/>" * 1_000_000 + b"</Document>"
HOSTILE = {
    "one tag": (ONE_TAG, MAX_QUIET_BYTES, 0, "single part"),
    "many tags": (MANY_TAGS, 0, 100, "too many attributes"),
    "a full tag": (FULL_TAG, 0, 2, "too many attributes"),
    "deep": (DEEP, 0, 61, "nested too deep"),
    "elements": (ELEMENTS, 4 * 1_000, 1_000, "more than 1,000 elements"),
}


def work(data: bytes) -> tuple[int, int, str]:
    """How many bytes the parser was given, how many elements it told of, why it was stopped."""
    raw = io.BytesIO(data)
    started = 0
    try:
        for event, _ in events(Bounded(raw, max_bytes=len(data), too_large=""), max_elements=1_000):
            started += event == "start"
    except Invalid as refusal:
        return raw.tell(), started, refusal.message
    return raw.tell(), started, ""


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_xml_is_refused_after_little_work(name: str) -> None:
    data, quiet, elements, why = HOSTILE[name]
    given, started, told = work(data)
    assert why in told
    assert started <= elements
    assert given <= quiet + 2 * CHUNK


def test_the_work_is_counted_where_nothing_bounds_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the bound on one part, all of the large tag reaches the parser."""
    monkeypatch.setattr(bounded_xml, "MAX_QUIET_BYTES", SIZE)
    data = b"<Document " + attributes(60_000) + b"/>"
    assert work(data)[0] == len(data) > MAX_QUIET_BYTES + 2 * CHUNK


@pytest.mark.parametrize("name", ["one tag", "many tags", "a full tag", "deep"])
def test_a_bank_file_is_refused_with_the_reason(name: str) -> None:
    data, _, _, why = HOSTILE[name]
    with pytest.raises(Invalid, match=re.escape(why)):
        camt.read(data)


def test_a_statement_of_many_lines_is_within_the_bounds() -> None:
    """Twenty thousand entries as banks write them stay clear of every bound."""
    entry = b'<Ntry><Amt Ccy="EUR">1.00</Amt><Sts>BOOK</Sts><AddtlNtryInf>x</AddtlNtryInf></Ntry>'
    data = b'<Document xmlns="%b">' % NAMESPACE.encode() + entry * 20_000 + b"</Document>"
    seen = sum(
        event == "start"
        for event, _ in events(
            Bounded(io.BytesIO(data), max_bytes=len(data), too_large=""),
            max_elements=camt.MAX_ELEMENTS,
        )
    )
    assert seen == 1 + 4 * 20_000


def test_blanks_between_the_lines_of_a_long_ofx_file_are_no_long_text() -> None:
    line = "<STMTTRN><DTPOSTED>20260102<TRNAMT>1.00<FITID>{}<NAME>x</STMTTRN>\n" + " " * 40
    data = (
        "<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>EUR<BANKACCTFROM><ACCTID>1</BANKACCTFROM>"
        "<BANKTRANLIST>"
        + "".join(line.format(n) for n in range(600))
        + "</BANKTRANLIST><LEDGERBAL><BALAMT>600.00<DTASOF>20260131</LEDGERBAL></STMTRS>"
        "</STMTTRNRS></BANKMSGSRSV1></OFX>"
    )
    assert ofx.MAX_TEXT < 600 * 41
    assert [len(one.lines) for one in ofx.read(data.encode())] == [600]


class Counted:
    """OFX's pattern, counting what it is asked for."""

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self.pattern, self.found = pattern, 0

    def finditer(self, text: str, start: int) -> Iterator[re.Match[str]]:
        for token in self.pattern.finditer(text, start):
            self.found += 1
            yield token


@pytest.mark.parametrize(
    ("body", "most"),
    [
        ("<" * 200_000, ofx.MAX_TEXT + 3),
        ('<MEMO a="1">' * 20_000, 2 * ofx.MAX_TEXT),
        ("<A></A>" * 40_000, 2_002),
    ],
    ids=["signs", "attributes", "tags"],
)
def test_ofx_of_signs_or_tags_without_end_is_refused_after_few_tokens(
    monkeypatch: pytest.MonkeyPatch, body: str, most: int
) -> None:
    counted = Counted(ofx._TOKEN)
    monkeypatch.setattr(ofx, "_TOKEN", counted)
    monkeypatch.setattr(ofx, "MAX_TOKENS", 2_000 if body.startswith("<A>") else ofx.MAX_TOKENS)
    with pytest.raises(
        Invalid, match="The file contains more tags or longer texts than a bank statement can have"
    ):
        ofx.read(f"<OFX>{body}</OFX>".encode())
    assert counted.found <= most


def test_openings_of_ofx_that_never_end_are_looked_at_once() -> None:
    """Each was once followed to the end of the file: twice as many took four times as long."""
    with pytest.raises(Invalid, match="The file contains no OFX"):
        ofx.read(b"<OFX " * 400_000)
