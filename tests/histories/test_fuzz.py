"""Whatever stands in a file, only a clear refusal comes out of the reader, or exact figures."""

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.errors import Invalid
from ledger.histories import FORMATS, read_history

DATA = Path(__file__).parent / "data"
SEEDS = {path.name: path.read_bytes() for path in sorted(DATA.iterdir())}
PIECES = [
    b"\n", b"\r", b"\t", b"  ", b";", b"@", b"@@", b"{", b"}", b"{{", b"(", b")", b"[", b"]", b"=",
    b"==*", b'"', b"'", b",", b".", b"-", b"+", b"*", b"/", b"~", b"!", b"|", b":", b"::", b"$",
    b"EUR", b"1E9", b"9" * 25, b"0", b"2024-02-30", b"comment\n", b"end", b"include x\n",
    b"C 1a=2b", b"apply account", b"Y2024", b"\x00", b"\xff", b"\xc3\xa9",
    b"\xe2\x80\xa8", b"\xe2\x80\xae",
    b"open ", b"balance ", b"pad ", b"option ", b"\\", b"~ 0.01", b"#", b"^",
]  # fmt: skip


@st.composite
def mutations(draw: st.DrawFn) -> bytes:
    """A ledger with pieces cut out, doubled or put in."""
    data = draw(st.sampled_from(sorted(SEEDS.values())))
    for _ in range(draw(st.integers(1, 5))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.sampled_from([0, 0, 1, 2, 5, 40])))
        piece = draw(
            st.one_of(st.sampled_from(PIECES), st.binary(max_size=6), st.just(data[start:end] * 2))
        )
        data = data[:start] + piece + data[end:]
    return data


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz") / "file"


def check(file: Path, data: bytes, file_format: str) -> None:
    """Read; a refusal says where, and what is read balances or is exchanged."""
    file.write_bytes(data)
    place = ""
    try:
        history = read_history(file, file_format)
    except Invalid as refusal:
        place = refusal.place or "nowhere"
    if place:
        assert place != "nowhere"
        return
    for transaction in history.transactions:
        assert transaction.legs
        assert all(type(leg.figure.number) is Decimal for leg in transaction.legs)
        assert all(leg.account.isprintable() for leg in transaction.legs)


@settings(max_examples=500, deadline=None, suppress_health_check=[*HealthCheck])
@given(mutations(), st.sampled_from([name for name in FORMATS if name != "auto"]))
def test_a_damaged_file_is_read_exactly_or_refused(file: Path, data: bytes, file_format: str):
    check(file, data, file_format)


@settings(max_examples=200, deadline=None, suppress_health_check=[*HealthCheck])
@given(st.text(max_size=80))
def test_any_text_in_a_payee_leaves_the_amounts_alone(file: Path, text: str):
    payee = text.replace("\n", " ")
    file.write_bytes(f"2024-01-01 x{payee}\n  A  1 EUR  ;{payee}\n  B\n".encode())
    if "\0" in text:
        with pytest.raises(Invalid, match="NUL"):
            read_history(file, "hledger")
        return
    history = read_history(file, "hledger")
    (transaction,) = history.transactions
    assert [leg.figure.number for leg in transaction.legs] == [1, -1]


def test_the_seeds_themselves_are_read():
    assert all(len(read_history(DATA / name).transactions) >= 4 for name in SEEDS)
