"""Seal books: append what is new to each book's log and sums, and sign size and root."""

from collections import Counter
from datetime import datetime
from uuid import UUID

from sqlalchemy import Text, cast, exists, select

from ledger.core.merkle import leaf_hash, roots_at
from ledger.db import Session
from ledger.models.books import Book
from ledger.models.evidence import Evidence
from ledger.models.seals import Checkpoint, Seal, Unsealed
from ledger.queries.books.figure_lines import FigureLines
from ledger.queries.books.leaves import (
    EntryLeaves,
    Leaf,
    Totals,
    account_leaves,
    evidence_leaves,
    fund_leaves,
    head_leaf,
)
from ledger.queries.books.seals import log_hashes, log_size, root_text
from ledger.queries.people.rights_log import last_of_book
from ledger.services.books import seal_rows, sums
from ledger.signing import Signer

BATCH = 500
IS_SEALED = exists().where(Seal.book_id == Evidence.book_id, Seal.evidence_id == Evidence.id)


def seal_book(session: Session, *, book_id: UUID, limit: int | None = None) -> int:
    """Append what is not in the log yet and return how many leaves came in.

    The lock keeps two sealers apart and hinders no posting: entries need the book's key only.
    """
    book = session.scalars(
        select(Book).where(Book.id == book_id).with_for_update(key_share=True)
    ).one()
    size = log_size(session, book_id)
    fresh = [*_new_chart(session, book, size), *_new_evidence(session, book_id)]
    most = limit or BATCH * 1000
    waiting = session.scalars(
        select(cast(Unsealed.entry_id, Text))
        .where(Unsealed.book_id == book_id)
        .order_by(Unsealed.entry_id)
        .limit(most)
    ).all()
    totals: Totals = Counter()
    figures = FigureLines(session, book_id)
    reader = EntryLeaves(session, book_id, totals, figures)
    own = book_id.hex
    seal_rows.append(session, [_row(own, seq, leaf) for seq, leaf in enumerate(fresh, size)])
    size += len(fresh)
    for start in range(0, len(waiting), BATCH):
        ids = waiting[start : start + BATCH]
        found = reader.data_of(ids)
        seal_rows.append(
            session,
            [
                (own, seq, "entry", None, None, entry_id, None, leaf_hash(found[entry_id]).hex())
                for seq, entry_id in enumerate(ids, size)
            ],
        )
        size += len(ids)
        seal_rows.take_out(session, book_id, ids)
    sums.add(session, book_id, totals)
    sums.add_figures(session, book_id, figures)
    return len(fresh) + len(waiting)


def seal_all(session: Session) -> int:
    """Seal every book that has something new."""
    books = {
        *session.scalars(select(Unsealed.book_id).distinct()),
        *session.scalars(select(Evidence.book_id).where(~IS_SEALED).distinct()),
    }
    return sum(seal_book(session, book_id=book_id) for book_id in sorted(books))


def make_checkpoint(session: Session, *, book: Book, signer: Signer, now: datetime) -> Checkpoint:
    """Seal a book and return the signed statement of its log; the same size, the same note.

    Lines after the root say the roots of shorter logs (sizes of powers of two), so that a log
    that was rewritten can be told where it first differs. The last line says how many events the
    book's log of rights has and the chain over them, which this signature covers as well.
    """
    seal_book(session, book_id=book.id)
    size = log_size(session, book.id)
    known = session.get(Checkpoint, (book.id, size))
    if known is not None:
        return known
    shorter = [1 << power for power in range((size - 1).bit_length())]
    roots = roots_at(log_hashes(session, book.id), {size, *shorter})
    lines = [
        f"{signer.name}/{book.code}",
        str(size),
        root_text(roots[size]),
        *(f"prefix {step} {root_text(roots[step])}" for step in shorter),
    ]
    last = last_of_book(session, book.id)
    if last is not None:
        lines.append(f"rights {last.seq} {last.chain_sha256}")
    row = Checkpoint(
        book_id=book.id,
        size=size,
        note=signer.sign("\n".join(lines) + "\n"),
        made_at=now,
    )
    session.add(row)
    session.flush()
    return row


def _new_chart(session: Session, book: Book, size: int) -> list[Leaf]:
    """Return the head, accounts and funds that are not in the log yet."""
    known = select(Seal.account, Seal.fund_id).where(
        Seal.book_id == book.id, Seal.entry_id.is_(None)
    )
    accounts, funds = set(), set()
    for account, fund_id in session.execute(known):
        accounts.add(account)
        funds.add(fund_id)
    head = None if size else head_leaf(session, book.id)
    fresh = [head] if head is not None else []
    chart = account_leaves(session, book.id).items()
    fresh += [leaf for number, leaf in chart if number not in accounts]
    slices = fund_leaves(session, book.id).items()
    fresh += [leaf for fund_id, leaf in slices if fund_id not in funds]
    return fresh


def _new_evidence(session: Session, book_id: UUID) -> list[Leaf]:
    """Return what was attached since, in the order of its ids, which is that of time."""
    ids = session.scalars(
        select(Evidence.id).where(Evidence.book_id == book_id, ~IS_SEALED).order_by(Evidence.id)
    ).all()
    found = evidence_leaves(session, book_id, ids)
    return [found[one] for one in ids]


def _row(own: str, seq: int, leaf: Leaf) -> seal_rows.Row:
    """Return the seal of something of the chart, or of evidence."""
    fund = leaf.fund_id.hex if leaf.fund_id else None
    evidence = leaf.evidence_id.hex if leaf.evidence_id else None
    return own, seq, leaf.kind, leaf.account, fund, None, evidence, leaf.sha256
