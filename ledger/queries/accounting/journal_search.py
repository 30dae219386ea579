"""Finding entries: by amount, words, reference, person or donor, and what those found come to.

Each condition looks entries up by an index of its own table; words are looked for in every text of
the book. Quantities in the smallest unit.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, or_, select

from ledger.core.leaf import commit_to
from ledger.db import ReadSession
from ledger.models.books import Book, Fund
from ledger.models.journal import Annotation, Entry, Posting
from ledger.models.parties import Party
from ledger.models.people import Membership, Person
from ledger.models.pledges import Pledge
from ledger.models.statements import BankLine, Match
from ledger.queries.books.journal import JournalFilter, of_amount

# Donors of one name are few; a single letter would find them all.
MOST_DONORS = 50
MEMO = 9000


def is_search(wanted: JournalFilter) -> bool:
    """Tell whether anything is looked for that the journal is not in order of."""
    return bool(
        wanted.amount is not None
        or wanted.words
        or wanted.reference
        or wanted.maker
        or wanted.donor
    )


def conditions(
    session: ReadSession, *, book: Book, wanted: JournalFilter, sees_donors: bool
) -> list[ColumnElement[bool]]:
    """Return the conditions that entries meet besides the filter of the journal.

    Donors are found only by who may know them.
    """
    found: list[ColumnElement[bool]] = []
    found += [_with_word(book.id, word, sees_donors) for word in wanted.words.split()]
    if wanted.reference:
        label = wanted.reference.strip()
        found.append(
            or_(
                Entry.external_ref.icontains(label, autoescape=True),
                Entry.id.in_(_on_pledges(book.id, [label.upper()])),
            )
        )
    if wanted.maker:
        found.append(or_(Entry.made_by == wanted.maker, Entry.approved_by == wanted.maker))
    if wanted.donor and sees_donors:
        found.append(_of_donor(session, book.id, wanted.donor))
    return found


def totals(
    session: ReadSession,
    *,
    book_id: UUID,
    wanted: JournalFilter,
    also: Sequence[ColumnElement[bool]],
) -> list[tuple[str, int]]:
    """Return what all entries found come to by unit, not only those of a page.

    Of one account the sum of its postings, debits positive; else the sum of all debits.
    """
    if wanted.amount is not None:
        also = [*also, Posting.entry_id.in_(of_amount(book_id, wanted.amount))]
    query = (
        select(Posting.commodity, func.sum(Posting.quantity))
        .join(Entry, (Entry.book_id == Posting.book_id) & (Entry.id == Posting.entry_id))
        .where(Posting.book_id == book_id, *_bounds(wanted), *also)
    )
    if wanted.account is not None:
        query = query.where(Posting.account == wanted.account)
    else:
        # Not by the indexes of amounts and accounts, which lead to half of all postings.
        query = query.where(Posting.quantity + 0 > 0, Posting.account + 0 < MEMO)
    if wanted.fund:
        fund = select(Fund.id).where(Fund.book_id == book_id, Fund.code == wanted.fund)
        query = query.where(Posting.fund_id == fund.scalar_subquery())
    rows = session.execute(query.group_by(Posting.commodity).order_by(Posting.commodity))
    return [(unit, int(total)) for unit, total in rows]


def makers_of(session: ReadSession, *, book_id: UUID) -> list[tuple[str, str]]:
    """Return who has or had a role in a book, by name: (id, name). Nobody else makes entries."""
    ids = select(Membership.person_id).where(Membership.book_id == book_id)
    rows = session.execute(
        select(Person.id, Person.name).where(Person.id.in_(ids)).order_by(Person.name, Person.id)
    )
    return [(str(person_id), name) for person_id, name in rows]


def _bounds(wanted: JournalFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.event_type:
        found.append(Entry.event_type == wanted.event_type)
    if wanted.since is not None:
        found.append(Posting.accounting_on >= wanted.since)
    if wanted.until is not None:
        found.append(Posting.accounting_on <= wanted.until)
    if wanted.known_at is not None:
        found.append(Entry.recorded_at <= wanted.known_at)
    return found


def _with_word(book_id: UUID, word: str, sees_donors: bool) -> ColumnElement[bool]:
    notes = select(Annotation.entry_id).where(
        Annotation.book_id == book_id, Annotation.text.icontains(word, autoescape=True)
    )
    texts = [BankLine.remittance, *([BankLine.counterparty_name] if sees_donors else [])]
    lines = (
        select(Match.entry_id)
        .join(BankLine, BankLine.id == Match.bank_line_id)
        .where(
            Match.book_id == book_id,
            Match.holds(),
            or_(*(text.icontains(word, autoescape=True) for text in texts)),
        )
    )
    return or_(
        Entry.external_ref.icontains(word, autoescape=True),
        Entry.event_type.icontains(word.replace(" ", "_"), autoescape=True),
        Entry.id.in_(notes),
        Entry.id.in_(lines),
    )


def _on_pledges(book_id: UUID, references: Sequence[str]) -> Select[UUID]:
    return select(Posting.entry_id).where(
        Posting.book_id == book_id, Posting.pledge.in_(references)
    )


def _of_donor(session: ReadSession, book_id: UUID, name: str) -> ColumnElement[bool]:
    """Return the condition that an entry is about a donor of the book, by name or address.

    Entries name nobody: what ties them to a donor is the pledge, or the salted hash.
    """
    rows = session.execute(
        select(Party.id, Party.reference, Party.salt)
        .where(
            or_(
                Party.name.icontains(name.strip(), autoescape=True),
                Party.email == name.strip().lower(),
            ),
            Party.erased_at.is_(None),
        )
        .order_by(Party.name, Party.id)
        .limit(MOST_DONORS)
    ).all()
    hashes = [commit_to(salt, reference) for _id, reference, salt in rows if salt]
    pledges = session.scalars(
        select(Pledge.reference).where(
            Pledge.book_id == book_id, Pledge.party_id.in_([row[0] for row in rows])
        )
    ).all()
    by_hash = select(Posting.entry_id).where(Posting.book_id == book_id, Posting.party.in_(hashes))
    return or_(Entry.id.in_(_on_pledges(book_id, pledges)), Entry.id.in_(by_hash))
