"""Whatever stands in a file, only a clear refusal comes out of the reader, or exact figures."""

from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.errors import Invalid
from ledger.importers import FORMATS, read_history
from tests.histories.gnucash_files import as_xml, packed, sqlite_book
from tests.histories.samples import HLEDGER
from tests.histories.test_beancount import BUY, GIFT, OPEN, PAD, sale
from tests.histories.test_csv_journal import GNUCASH
from tests.histories.test_time_logs import CLOCKED, DOTTED

DATA = Path(__file__).parent / "data"


def _books() -> dict[str, bytes]:
    """Return books of GnuCash in its three forms, and the other formats by example."""
    gifts = [(f"2014-12-2{day} 23:00:00", f"2015010{day + 1}", 2000 + day) for day in range(4)]
    rows = GNUCASH.partition("\n")[2]
    with TemporaryDirectory() as folder:
        tables = sqlite_book(Path(folder) / "x", *gifts, page_size=512)
        text = as_xml(tables)
        return {
            "tables": tables.read_bytes(),
            "text": text.encode(),
            "packed": packed(text),
            "clock": CLOCKED.encode(),
            "dots": DOTTED.encode(),
            "table": (GNUCASH + rows.replace("a1", "a3").replace("a2", "a4")).encode(),
            "days": HLEDGER["postings on days of their own"]["x.journal"].encode(),
            "lots": f"{OPEN}{BUY}{PAD}{sale('-15 X {}')}{GIFT}2024-03-05 balance "
            "Assets:A 21 EUR\n".encode(),
        }


SEEDS = {path.name: path.read_bytes() for path in sorted(DATA.iterdir())} | _books()
PIECES = [
    b"\n", b"\r", b"\t", b"  ", b";", b"@", b"@@", b"{", b"}", b"{{", b"(", b")", b"[", b"]", b"=",
    b"==*", b'"', b"'", b",", b".", b"-", b"+", b"*", b"/", b"~", b"!", b"|", b":", b"::", b"$",
    b"EUR", b"1E9", b"9" * 25, b"0", b"2024-02-30", b"comment\n", b"end", b"include x\n",
    b"C 1a=2b", b"apply account", b"Y2024", b"\x00", b"\xff", b"\xc3\xa9",
    b"\xe2\x80\xa8", b"\xe2\x80\xae",
    b"date:2024-01-04", b"[2024-01-03]", b"[1/2", b"alias a=b\n", b"include **/*\n", b"==* 0",
    b"<slot>", b"</", b"&a;", b"<!DOCTYPE x [", b"{}", b"{{1 # 2 EUR}}", b"i 2024/01/01 09:00 a\n",
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


@settings(max_examples=700, deadline=None, suppress_health_check=[*HealthCheck])
@given(mutations(), st.sampled_from(FORMATS))
def test_a_damaged_file_is_read_exactly_or_refused(
    file: Path, data: bytes, file_format: str
) -> None:
    check(file, data, file_format)


@settings(max_examples=200, deadline=None, suppress_health_check=[*HealthCheck])
@given(st.text(max_size=80))
def test_any_text_in_a_payee_leaves_the_amounts_alone(file: Path, text: str) -> None:
    payee = text.replace("\n", " ")
    file.write_bytes(f"2024-01-01 x{payee}\n  A  1 EUR  ;{payee}\n  B\n".encode())
    if "\0" in text:
        with pytest.raises(Invalid, match="NUL"):
            read_history(file, "hledger")
        return
    history = read_history(file, "hledger")
    (transaction,) = history.transactions
    assert [leg.figure.number for leg in transaction.legs] == [1, -1]


def test_the_seeds_themselves_are_read(file: Path) -> None:
    formats = {"dots": "timedot", "days": "hledger"}
    for name, data in SEEDS.items():
        file.write_bytes(data)
        known = DATA / name if (DATA / name).exists() else file
        assert len(read_history(known, formats.get(name, "auto")).transactions) >= 4, name
