"""A book cannot be changed unseen: neither its rows, nor a bundle, nor its history."""

import hashlib
import json
import random
import subprocess
import sys
from base64 import b64decode
from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Column, Connection, Enum, Row, Uuid, delete, literal, select, text, update

from ledger.core.entry import Entry as Written
from ledger.core.entry import Posting as Leg
from ledger.db import Database, ReadSession, Session
from ledger.demo import fill
from ledger.errors import Conflict, Invalid, NotFound
from ledger.ids import new_id
from ledger.models.base import Base
from ledger.models.books import Account, Book, Fund
from ledger.models.journal import Entry, Posting
from ledger.models.seals import Seal, Unsealed
from ledger.queries.books.books import book_by_code
from ledger.queries.books.seals import first_difference, log_size, root_text
from ledger.services.books import journal
from ledger.services.books.seals import make_checkpoint, seal_all, seal_book
from ledger.signing import Signer
from reports import verify
from reports.bundle import make_bundle
from reports.proofs import entry_proof, growth_proof
from tests.conftest import ENGINES, NOW, fresh_database
from tests.queries.damage import guards_off, posting

SIGNER = Signer("books.example", bytes(range(32)))
CHANGES = 150
Damage = Callable[[Connection], object]


@pytest.fixture(scope="module", params=ENGINES)
def town(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    """A filled and sealed database for all tests here; damage is rolled back."""
    with fresh_database(request, request.param, tmp_path_factory.mktemp("town")) as url:
        db = Database(url)
        fill(db, today=date(2026, 11, 2))
        with db.transaction() as session:
            seal_all(session)
        yield db
        db.dispose()


def bundle_of(db: Database, code: str = "ELDER") -> tuple[bytes, str]:
    """Return a bundle and the checkpoint in it."""
    with db.transaction() as session:
        book = book_by_code(session, code)
        row = make_checkpoint(session, book=book, signer=SIGNER, now=NOW)
        return make_bundle(session, book=book, checkpoint=row, signer=SIGNER), row.note


def one_more(db: Database, reference: str) -> None:
    legs = (Leg(1010, "GEN", "USD", 500), Leg(4010, "GEN", "USD", -500))
    with db.transaction() as session:
        journal.post(
            session,
            [Written("ELDER", legs)],
            event_type="gift",
            source="test",
            external_ref=reference,
            accounting_on=NOW.date(),
            now=NOW,
        )


def difference(db: Database, damage: Damage) -> str | None:
    """Return the first difference that the damage makes in any book."""
    with guards_off(db) as connection:
        damage(connection)
        session = ReadSession(connection, autoflush=False)
        for book_id in session.scalars(select(Book.id).order_by(Book.code)).all():
            found = first_difference(session, book_id)[1]
            if found:
                return found
    return None


def test_untouched_books_differ_in_nothing_and_sealing_again_adds_nothing(town: Database) -> None:
    with town.transaction() as session:
        seal_all(session)
    assert difference(town, lambda _connection: None) is None
    with town.transaction() as session:
        assert seal_all(session) == 0
        book = book_by_code(session, "ELDER")
        size = log_size(session, book.id)
    one_more(town, "new")
    with town.transaction() as session:
        assert seal_book(session, book_id=book.id) == 1
        assert log_size(session, book.id) == size + 1


def columns(table: type[Base]) -> list[tuple[type[Base], str]]:
    # A fund's purpose is free text, which has no place in a leaf. Closed funds and accounts can be
    # opened again, and a leaf is never written twice.
    skipped = {Fund: {"purpose", "closed_on"}, Account: {"closed_on"}}.get(table, set())
    made = Base.metadata.tables[table.__tablename__]
    return [(table, column.name) for column in made.columns if column.name not in skipped]


EVERY = [pair for table in (Entry, Posting, Account, Fund, Seal) for pair in columns(table)]


def test_a_change_to_any_column_is_found_and_its_place_named(town: Database) -> None:
    for table, column in EVERY:
        found = difference(town, changed(table, column))
        assert found, f"{table.__tablename__}.{column} was changed unseen"
        assert "seal" in found or "log" in found or "legs of entry" in found, found


def changed(table: type[Base], column: str, value: object = None) -> Damage:
    """Return the damage that changes one column of one row, its keys included."""
    made = Base.metadata.tables[table.__tablename__]

    def damage(connection: Connection) -> None:
        chosen = select(made).limit(1)
        if table is Seal:
            chosen = chosen.where(made.c.seq == 5)
        if table is Posting:
            chosen = chosen.where(made.c.account == 6540)
        row = connection.execute(chosen).one()
        key = [c == getattr(row, c.name) for c in made.primary_key]
        new = other(made.c[column], row) if value is None else value
        connection.execute(update(made).where(*key).values({column: new}))

    return damage


def other(column: Column[Any], row: Row[Any]) -> object:
    """Return a value of the column's type that the row does not have."""
    if isinstance(column.type, Enum) and column.type.enum_class is not None:
        return next(word for word in column.type.enum_class if word != getattr(row, column.name))
    kind = str(column.type.compile()).split("(")[0]
    if kind in ("BIGINT", "SMALLINT", "INTEGER"):
        return (getattr(row, column.name) or 0) + 900
    if kind == "DATE":
        return date(2020, 2, 2)
    if kind in ("DATETIME", "TIMESTAMP"):
        return NOW
    if kind == "BOOLEAN":
        return not getattr(row, column.name)
    if "CHAR(32)" in str(column.type.compile()) or kind == "CHAR":
        return new_id()
    return "other"


def test_an_empty_label_is_not_the_same_as_none(town: Database) -> None:
    for label in ("pledge", "asset", "grant", "valuation", "payment", "campaign", "party"):
        assert difference(town, changed(Posting, label, "")), label


def test_a_leg_in_another_books_fund_of_the_same_code_is_found(town: Database) -> None:
    def stray(connection: Connection) -> None:
        leg = connection.execute(select(posting).where(posting.c.account == 6540).limit(1)).one()
        code = connection.scalar(select(Fund.code).where(Fund.id == leg.fund_id))
        elsewhere = connection.scalar(
            select(Fund.id).where(Fund.code == code, Fund.book_id != leg.book_id).limit(1)
        )
        connection.execute(
            update(posting)
            .where(posting.c.entry_id == leg.entry_id, posting.c.line == leg.line)
            .values(fund_id=elsewhere)
        )

    assert "was changed" in str(difference(town, stray))


# What SQLite keeps and the program never writes, though it may read as the same.
WRITTEN_OTHERWISE = (
    ("entry", "recorded_at", "substr(recorded_at, 1, 19)"),
    ("entry", "recorded_at", "replace(recorded_at, ' ', 'T') || '+00:00'"),
    ("entry", "recorded_at", "recorded_at || 'x'"),
    ("entry", "recorded_at", "'never'"),
    ("entry", "accounting_on", "accounting_on || ' '"),
    ("entry", "transfer_group", "''"),
    ("entry", "made_by", "''"),
    ("entry", "event_type", "x'ff'"),
    ("entry", "event_type", "cast(x'ff' as text)"),
    ("entry", "id", "upper(id)"),
    ("posting", "counterparty_id", "''"),
    ("posting", "fund_id", "(select code from fund where fund.id = posting.fund_id)"),
    ("posting", "fund_id", "upper(fund_id)"),
    ("posting", "quantity", "quantity || 'x'"),
    ("posting", "quantity", "quantity + 0.5"),
    ("account", "is_loss", "2 + is_loss"),
    ("account", "inter_book", "'no'"),
    ("account", "name", "x'ff'"),
    ("seal", "entry_id", "upper(entry_id)"),
    ("seal", "entry_id", "'none'"),
    ("seal", "leaf_hash", "upper(leaf_hash)"),
    ("seal", "seq", "-1"),
)


def test_what_only_looks_the_same_is_found_on_sqlite(town: Database) -> None:
    if not town.is_sqlite:
        return  # PostgreSQL's types let none of it in.
    for table, column, value in WRITTEN_OTHERWISE:
        where = "rowid = (select max(rowid) from seal)" if table == "seal" else "rowid = 40"
        statement = f"update {table} set {column} = {value} where {where}"
        found = difference(town, partial(Connection.execute, statement=text(statement)))
        assert found, statement


def test_rows_taken_away_put_in_or_swapped_are_found(town: Database) -> None:
    def last_entry(connection: Connection) -> UUID:
        return connection.scalars(select(Entry.id).order_by(Entry.id.desc()).limit(1)).one()

    def entry_gone(connection: Connection) -> None:
        number = last_entry(connection)
        connection.execute(delete(Posting).where(Posting.entry_id == number))
        connection.execute(delete(Entry).where(Entry.id == number))

    def leg_gone(connection: Connection) -> None:
        connection.execute(
            delete(Posting).where(Posting.entry_id == last_entry(connection), Posting.line == 1)
        )

    def seal_gone(connection: Connection) -> None:
        connection.execute(delete(Seal).where(Seal.seq == 70))

    def entry_slipped_in(connection: Connection) -> None:
        connection.execute(
            text(
                "insert into entry (book_id, id, accounting_on, recorded_at, event_type, source,"
                " external_ref) select book_id, :id, accounting_on, recorded_at, event_type,"
                " source, 'slipped' from entry limit 1"
            ),
            {"id": "01a20b42f0747672" + "91a8ed64fb324eff"},
        )
        connection.execute(delete(Unsealed))

    def seals_swapped(connection: Connection) -> None:
        book = connection.scalar(select(Seal.book_id).where(Seal.seq == 90))
        hashes = {
            number: connection.scalar(
                select(Seal.leaf_hash).where(Seal.book_id == book, Seal.seq == number)
            )
            for number in (80, 81)
        }
        for number, swapped in ((80, 81), (81, 80)):
            connection.execute(
                update(Seal)
                .where(Seal.book_id == book, Seal.seq == number)
                .values(leaf_hash=hashes[swapped])
            )

    def legs_slipped_in(connection: Connection) -> None:
        one = posting.alias()
        names = [c.name for c in posting.columns]
        stray = literal(new_id(), Uuid())
        chosen = [stray if n == "entry_id" else one.c[n] for n in names]
        connection.execute(posting.insert().from_select(names, select(*chosen).limit(1)))

    def leg_added(connection: Connection) -> None:
        leg = connection.execute(select(posting).limit(1)).one()
        connection.execute(posting.insert().values({**leg._mapping, "line": 77}))

    def account_slipped_in(connection: Connection) -> None:
        made = Base.metadata.tables[Account.__tablename__]
        row = connection.execute(select(made).limit(1)).one()
        connection.execute(made.insert().values({**row._mapping, "number": 1999}))

    def seal_added(connection: Connection) -> None:
        made = Base.metadata.tables[Seal.__tablename__]
        last = connection.execute(select(made).order_by(made.c.seq.desc()).limit(1)).one()
        fresh = {"seq": last.seq + 1, "entry_id": new_id()}
        connection.execute(made.insert().values({**last._mapping, **fresh}))

    def entries_swapped(connection: Connection) -> None:
        first, second = connection.execute(select(Entry.book_id, Entry.id).limit(2)).all()
        days = {
            row.id: connection.scalar(select(Entry.event_type).where(Entry.id == row.id))
            for row in (first, second)
        }
        for row, twin in ((first, second), (second, first)):
            connection.execute(
                update(Entry).where(Entry.id == row.id).values(event_type=f"{days[twin.id]} x")
            )

    for damage in (
        entry_gone,
        leg_gone,
        seal_gone,
        entry_slipped_in,
        seals_swapped,
        legs_slipped_in,
        leg_added,
        account_slipped_in,
        seal_added,
        entries_swapped,
    ):
        assert difference(town, damage), damage.__name__


def test_a_tail_cut_off_with_its_seals_is_found_by_the_checkpoint(town: Database) -> None:
    bundle_of(town)

    def tail_gone(connection: Connection) -> None:
        book = connection.scalar(select(Book.id).where(Book.code == "ELDER"))
        last = connection.execute(
            select(Seal.seq, Seal.entry_id)
            .where(Seal.book_id == book)
            .order_by(Seal.seq.desc())
            .limit(1)
        ).one()
        connection.execute(delete(Seal).where(Seal.book_id == book, Seal.seq == last.seq))
        connection.execute(delete(Posting).where(Posting.entry_id == last.entry_id))
        connection.execute(delete(Entry).where(Entry.id == last.entry_id))

    assert "checkpoint" in str(difference(town, tail_gone))


def test_a_bundle_of_changed_books_is_not_made(town: Database) -> None:
    bundle_of(town)
    with guards_off(town) as connection:
        connection.execute(update(Account).where(Account.number == 1010).values(name="Purse"))
        session = Session(connection, autoflush=False, expire_on_commit=False)
        book = session.scalars(select(Book).where(Book.code == "ELDER")).one()
        row = make_checkpoint(session, book=book, signer=SIGNER, now=NOW)
        with pytest.raises(Conflict, match="account 1010 was changed"):
            make_bundle(session, book=book, checkpoint=row, signer=SIGNER)


def test_equal_books_give_equal_bundles_which_hold(town: Database) -> None:
    packed, note = bundle_of(town)
    assert bundle_of(town) == (packed, note)
    found = verify.verify(packed, key=SIGNER.key_line)
    assert found["size"] == int(note.split("\n")[1])
    assert bytes.fromhex(found["root"]) == b64decode(note.split("\n")[2])


def test_no_changed_byte_of_a_bundle_passes(town: Database) -> None:
    packed, _note = bundle_of(town)
    chance = random.Random(7)
    for _time in range(CHANGES):
        data = bytearray(packed)
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        assert not verify.answer(bytes(data))["ok"]
    for cut in (0, 1, 100, len(packed) - 1):
        assert not verify.answer(packed[:cut])["ok"]
    assert not verify.answer(packed + b"\0")["ok"]


def test_a_bundle_packed_anew_around_a_changed_line_names_the_line(town: Database) -> None:
    files = verify.unpack(bundle_of(town)[0])
    lines = files["log.jsonl"].split(b"\n")
    document = json.loads(lines[120])
    document["legs"][0][4] += 1
    lines[120] = verify.canonical(document)
    files["log.jsonl"] = b"\n".join(lines)
    found = verify.answer(verify.pack(files))
    assert found["first_difference"] == (
        f"log.jsonl: the first difference is line 121: entry {document['id']}"
    )
    # The list of hashes fits as well: the signed root still tells.
    hashes = [verify.leaf_hash(line) for line in lines[:-1]]
    files["hashes.txt"] = b"".join(h.hex().encode() + b"\n" for h in hashes)
    found = verify.answer(verify.pack(files))
    assert "the first difference is in lines 65 to 128" in found["first_difference"]


def test_a_changed_byte_in_the_log_names_the_line(town: Database) -> None:
    packed, _note = bundle_of(town)
    line = verify.unpack(packed)["log.jsonl"].split(b"\n")[120]
    place = packed.index(line) + line.index(b'"legs"') + 2
    data = bytearray(packed)
    data[place] ^= 1
    found = verify.answer(bytes(data))["first_difference"]
    assert found == f"log.jsonl or hashes.txt: line 121 was changed: {verify.subject(line)}"


def entry_of(db: Database, number: int = 7) -> tuple[str, str, str]:
    """Return an entry's id, its proof, and the checkpoint."""
    with db.transaction() as session:
        book = book_by_code(session, "ELDER")
        row = make_checkpoint(session, book=book, signer=SIGNER, now=NOW)
        entry_id = session.scalars(
            select(Entry.id)
            .where(Entry.book_id == book.id)
            .order_by(Entry.id)
            .offset(number)
            .limit(1)
        ).one()
        made = entry_proof(session, book=book, entry_id=entry_id, checkpoint=row, signer=SIGNER)
        return str(entry_id), made, row.note


def places(db: Database, size: int) -> range:
    """Return which bytes to change: a third on SQLite, a few on PostgreSQL, which adds nothing."""
    return range(0, size, 3 if db.is_sqlite else 97)


def test_one_entry_is_proven_without_the_book_and_no_changed_bit_passes(town: Database) -> None:
    entry_id, made, _note = entry_of(town)
    found = verify.answer(made.encode(), key=SIGNER.key_line)
    assert found["subject"]["id"] == entry_id
    assert entry_id in verify.sentence(found)
    assert "--key" in verify.answer(made.encode())["first_difference"]
    data = made.encode()
    for place in places(town, len(data)):
        forged = bytearray(data)
        forged[place] ^= 1 << place % 8
        assert not verify.answer(bytes(forged), key=SIGNER.key_line)["ok"], place


def test_an_entry_that_is_not_sealed_or_was_changed_is_not_proven(town: Database) -> None:
    with town.transaction() as session:
        book = book_by_code(session, "ELDER")
        row = make_checkpoint(session, book=book, signer=SIGNER, now=NOW)
        with pytest.raises(NotFound):
            entry_proof(session, book=book, entry_id=new_id(), checkpoint=row, signer=SIGNER)
    entry_id, _made, _note = entry_of(town)
    with guards_off(town) as connection:
        connection.execute(update(Entry).values(source=Entry.source + "x"))
        damaged = ReadSession(connection, autoflush=False)
        with pytest.raises(Conflict, match="differs from the sealed one"):
            entry_proof(damaged, book=book, entry_id=UUID(entry_id), checkpoint=row, signer=SIGNER)


def test_growth_is_proven_from_heads_alone_and_no_changed_bit_passes(town: Database) -> None:
    old, note = bundle_of(town)
    for number in range(5):
        one_more(town, f"grown {number} {note[-9:]}")
    with town.transaction() as session:
        book = book_by_code(session, "ELDER")
        row = make_checkpoint(session, book=book, signer=SIGNER, now=NOW)
        made = growth_proof(session, book=book, older=note, checkpoint=row, signer=SIGNER)
        with pytest.raises(Invalid):
            growth_proof(session, book=book, older=f"x{note}", checkpoint=row, signer=SIGNER)
    data, key = made.encode(), SIGNER.key_line
    assert verify.answer(data, since=note.encode(), key=key)["size"] == row.size
    assert verify.answer(data, since=old, key=key)["ok"]
    assert not verify.answer(data, since=row.note.encode(), key=key)["ok"]
    assert not verify.answer(data, key=key)["ok"]
    for place in places(town, len(data)):
        forged = bytearray(data)
        forged[place] ^= 1 << place % 8
        assert not verify.answer(bytes(forged), since=note.encode(), key=key)["ok"], place


def test_another_key_is_told_apart(town: Database) -> None:
    packed, _note = bundle_of(town)
    other = Signer("books.example", bytes(32))
    assert "another key" in str(verify.answer(packed, key=other.key_line)["first_difference"])
    with pytest.raises(Invalid):
        other.read(_note)


def test_an_older_checkpoint_and_an_older_bundle_are_beginnings(town: Database) -> None:
    old, note = bundle_of(town)
    one_more(town, "later")
    new, _note = bundle_of(town)
    assert verify.answer(new, since=note.encode())["ok"]
    assert verify.answer(new, since=old)["ok"]
    assert not verify.answer(old, since=new)["ok"]


def test_a_rewritten_history_is_refused_with_its_first_difference(town: Database) -> None:
    """The operator, who holds the key, writes the past anew and signs it."""
    old, note = bundle_of(town)
    files = verify.unpack(old)
    lines = files["log.jsonl"].split(b"\n")[:-1]
    document = json.loads(lines[150])
    document["accounting_on"] = "2020-01-01"
    lines[150] = verify.canonical(document)
    hashes = [verify.leaf_hash(line) for line in lines]
    origin, size, *_rest = note.split("\n")
    forged = {
        **files,
        "log.jsonl": b"".join(line + b"\n" for line in lines),
        "hashes.txt": b"".join(h.hex().encode() + b"\n" for h in hashes),
        "checkpoint.txt": SIGNER.sign(
            f"{origin}\n{size}\n{root_text(verify.root_of(hashes))}\n"
        ).encode(),
    }
    listed = "".join(
        f"{hashlib.sha256(forged[n]).hexdigest()}  {n}\n" for n in verify.NAMES if "manif" not in n
    )
    forged["manifest.txt"] = SIGNER.sign(listed).encode()
    packed = verify.pack(forged)
    assert verify.answer(packed)["ok"], "without an older copy nobody can tell"
    assert "lines 129 to" in str(
        verify.answer(packed, since=note.encode())["first_difference"]
    ) or "after line 128" in str(verify.answer(packed, since=note.encode())["first_difference"])
    assert "line 151: entry" in str(verify.answer(packed, since=old)["first_difference"])


def test_the_verifier_runs_alone(town: Database, tmp_path: Path) -> None:
    packed, note = bundle_of(town)
    (tmp_path / "b.zip").write_bytes(packed)
    (tmp_path / "old.txt").write_text(note)
    (tmp_path / "verify.py").write_bytes(verify.unpack(packed)["verify.py"])
    command = [sys.executable, "-I", "-S", "verify.py", "b.zip", "--since", "old.txt", "--json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True, env={})
    assert json.loads(done.stdout)["ok"] is True


def test_no_personal_data_is_in_a_bundle(town: Database) -> None:
    packed, _note = bundle_of(town)
    for word in (b"Piet", b"Halvers", b"rosa@", b"Dana", b"Whitlock", b"winter evenings"):
        assert word not in packed


def test_our_ed25519_agrees_with_the_library() -> None:
    chance = random.Random(3)
    for _time in range(20):
        key = Ed25519PrivateKey.from_private_bytes(chance.randbytes(32))
        words = chance.randbytes(40).hex()
        signature = bytearray(key.sign(words.encode()))
        public = key.public_key().public_bytes_raw()
        assert verify.signed(public, words, bytes(signature))
        assert not verify.signed(public, words + "x", bytes(signature))
        signature[chance.randrange(64)] ^= 1
        assert not verify.signed(public, words, bytes(signature))
