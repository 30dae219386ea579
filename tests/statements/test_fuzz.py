"""Whatever stands in a file, only a clear refusal comes out of the reader."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.bank_files import Statement, read_statement
from ledger.errors import Invalid

DATA = Path(__file__).parent / "data"
SEEDS = {path.name: path.read_bytes() for path in sorted(DATA.iterdir())}
# What makes the formats go astray: their own tags, marks, digits, and bytes of other encodings.
PIECES = [
    b":61:", b":86:", b":62F:", b":20:", b":NS:", b"\n", b"-", b"-}", b"C", b"RD", b",", b"9" * 20,
    b"<", b">", b"</Ntry>", b"<Amt/>", b"&", b"]]>", b"<?x?>", b"<!-- -->", b'Ccy="', b"BOOK",
    b":62M:", b":61:2403040304C5,00NTRF", b"<?xml ", b"</Document>",
    b"\x00", b"\xff", b"\xc3\xa9", b"\xe2\x80\xa8", b"99991399", b"0000", b"+", b"?20", b"//",
    b"<STMTTRN>", b"</STMTTRN>", b"<TRNAMT>", b"<BALAMT>", b"<![CDATA[", b'"', b'""', b";", b"$",
]  # fmt: skip


FILES = sorted(SEEDS.values())
TABLES = [path.read_bytes() for path in sorted((DATA.parent / "banks").iterdir())]
TABLE_PIECES = [
    b",", b";", b"\t", b"|", b"\n", b"\r", b'"', b"()", b"-", b"#1", b"=1+1", b"sep=;", b"USD",
    b"99/99/9999", b"31.02.2024", b"\xe2\x88\x92", b"Saldo", b"Total", b"pending", b"\x00", b"\xff",
]  # fmt: skip


@st.composite
def mutations(draw: st.DrawFn, seeds: list[bytes] = FILES, pieces: list[bytes] = PIECES) -> bytes:
    """A bank file with pieces cut out, doubled or put in."""
    data = draw(st.sampled_from(seeds))
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.sampled_from([0, 0, 1, 2, 5, 40])))
        piece = draw(
            st.one_of(st.sampled_from(pieces), st.binary(max_size=6), st.just(data[start:end] * 2))
        )
        data = data[:start] + piece + data[end:]
    return data


def check(data: bytes) -> None:
    """Read; a refusal says where, and what is read is exact."""
    refused = ""
    try:
        file = read_statement(data)
    except Invalid as refusal:
        refused = refusal.place or "nowhere"
    if refused:
        assert refused != "nowhere"
        return
    for statement in file.statements:
        assert isinstance(statement, Statement)
        assert all(type(line.amount) is int for line in statement.lines)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(mutations())
def test_a_damaged_file_is_read_exactly_or_refused(data: bytes) -> None:
    check(data)


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(mutations(TABLES, TABLE_PIECES))
def test_a_damaged_table_is_read_exactly_or_refused(data: bytes) -> None:
    check(data)


@settings(max_examples=150, deadline=None)
@given(
    st.binary(max_size=400),
    st.sampled_from([b"", b"<", b":20:X\n", b"<Document>", b"\xff\xfe<\x00"]),
)
def test_noise_is_refused(data: bytes, start: bytes) -> None:
    check(start + data)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=60), st.text(max_size=60))
def test_any_text_in_a_remittance_leaves_the_amounts_alone(first: str, second: str) -> None:
    # A line that begins with a colon is a tag of the format; ours begin with a letter.
    note = " ".join(f"x{part}" for part in "\n".join((first, second)).splitlines())
    data = SEEDS["yen.sta"].replace(b":62F:", f":86:{note}\n:62F:".encode(errors="replace"))
    (statement,) = read_statement(data).statements
    assert statement.balanced
    assert [line.amount for line in statement.lines] == [500]


def test_the_seeds_themselves_are_read() -> None:
    assert {len(read_statement(data).statements) for data in SEEDS.values()} == {1, 2}
    with pytest.raises(Invalid):
        read_statement(SEEDS["yen.sta"][:40])
