"""Entries and their legs: balanced, whole, unchanged, made once and approved (I-01 to I-10)."""

from sqlalchemy import and_, exists, func, or_, select, text

from ledger.core.accounts import Acct
from ledger.db import ReadSession
from ledger.models.approval_requests import ApprovalRequest
from ledger.models.books import Account, Book, Fund
from ledger.models.journal import Entry, Posting
from ledger.models.periods import Period
from ledger.queries.books.seals import first_difference
from ledger.queries.invariants.result import Finding, count, first, layer

COSTS = (5000, 6999)
# Moves between a book's own funds are no costs.
MOVES = (Acct.RELEASED_OUT, Acct.FUND_TRANSFERS_OUT)
# What two people decide; entries of other systems bring their own decisions along.
DECIDED = (
    "allocation_made",
    "contribution_made",
    "damaged_return",
    "designation",
    "disposal",
    "free_use",
    "giving_on",
    "hours_corrected",
    "items_valued",
    "material_received",
    "release",
)
# The triggers that keep journal and log as they are, by engine (migrations 0006, 0007, 0013).
GUARDS = {
    "sqlite": {
        "checkpoint_no_delete",
        "checkpoint_no_update",
        "entry_closes",
        "entry_no_delete",
        "entry_no_update",
        "entry_waits",
        "period_is_open",
        "posting_no_delete",
        "posting_no_update",
        "posting_opens",
        "rights_log_no_delete",
        "rights_log_no_update",
        "seal_no_delete",
        "seal_no_update",
    },
    "postgresql": {
        "checkpoint_only_grows",
        "entries_close",
        "entry_only_grows",
        "posting_only_grows",
        "postings_open",
        "rights_log_only_grows",
        "seal_only_grows",
    },
}
PRESENT = {
    "sqlite": "select name from sqlite_master where type = 'trigger'",
    "postgresql": "select tgname from pg_trigger where not tgisinternal and tgenabled <> 'D'",
}


def balanced(session: ReadSession) -> Finding:
    """I-01: every entry is zero for each fund, layer and commodity."""
    query = (
        select(Posting.entry_id, Posting.commodity, func.sum(Posting.quantity))
        .group_by(Posting.book_id, Posting.entry_id, Posting.fund_id, layer(), Posting.commodity)
        .having(func.sum(Posting.quantity) != 0)
        .limit(1)
    )
    return count(session, Entry), first(session, query, "entry {0} is off by {2} {1}")


def kinds(session: ReadSession) -> Finding:
    """I-02: value is money, quantity is not, and account and fund are the book's own."""
    is_money = or_(func.length(Posting.commodity) == 3, Posting.commodity.like("UNT%"))
    fin = Posting.account < 8000
    qty = and_(Posting.account >= 8000, Posting.account < 9000)
    mixed = (
        select(Posting.entry_id, Posting.account, Posting.commodity)
        .where(or_(and_(fin, ~is_money), and_(qty, is_money)))
        .limit(1)
    )
    strange = (
        select(Posting.entry_id, Posting.account)
        .where(
            or_(
                ~exists().where(
                    Account.book_id == Posting.book_id, Account.number == Posting.account
                ),
                ~exists().where(Fund.id == Posting.fund_id, Fund.book_id == Posting.book_id),
            )
        )
        .limit(1)
    )
    found = first(session, mixed, "entry {0}: {2} on account {1}") or first(
        session, strange, "entry {0}: account {1} or its fund is of another book"
    )
    return count(session, Posting), found


def sizes(session: ReadSession) -> Finding:
    """I-03: no leg is zero, and an entry has 2 to 500 of them."""
    legs = (
        select(Posting.entry_id, func.count().label("legs"))
        .group_by(Posting.book_id, Posting.entry_id)
        .having(or_(func.count() < 2, func.count() > 500))
        .limit(1)
    )
    lone = (
        select(Entry.id)
        .where(~exists().where(Posting.book_id == Entry.book_id, Posting.entry_id == Entry.id))
        .limit(1)
    )
    orphan = (
        select(Posting.entry_id)
        .where(~exists().where(Entry.book_id == Posting.book_id, Entry.id == Posting.entry_id))
        .limit(1)
    )
    empty = select(Posting.entry_id, Posting.line).where(Posting.quantity == 0).limit(1)
    found = (
        first(session, legs, "entry {0} has {1} postings")
        or first(session, lone, "entry {0} has no postings")
        or first(session, orphan, "postings of {0} have no entry")
        or first(session, empty, "entry {0}: posting {1} is zero")
    )
    return count(session, Entry), found


def guarded(session: ReadSession) -> Finding:
    """I-04: the triggers that refuse every change of journal and log are in place."""
    engine = session.get_bind().dialect.name
    present = set(session.scalars(text(PRESENT[engine])))
    missing = sorted(GUARDS[engine] - present)
    return len(GUARDS[engine]), f"the guard {missing[0]} is off" if missing else None


def sealed(session: ReadSession) -> Finding:
    """I-05: each book is what its log says, and each checkpoint given out is its beginning."""
    checked = 0
    for book_id, code in session.execute(select(Book.id, Book.code).order_by(Book.code)).all():
        agreed, difference = first_difference(session, book_id)
        checked += agreed
        if difference is not None:
            return checked, f"book {code}: {difference}"
    return checked, None


def once(session: ReadSession) -> Finding:
    """I-06: an event is in the books once, and so is each movement that Stripe tells of."""
    key = (Entry.book_id, Entry.source, Entry.external_ref, Entry.event_type)
    told = (
        select(Entry.external_ref, Entry.event_type, func.count())
        .group_by(*key)
        .having(func.count() > 1)
        .limit(1)
    )
    # A correction moves the same movement to another fund; the host's fee does so with a part.
    moved = (
        select(Posting.payment, func.count(Posting.entry_id.distinct()))
        .join(Entry, and_(Entry.book_id == Posting.book_id, Entry.id == Posting.entry_id))
        .where(
            Posting.account == Acct.STRIPE_BALANCE,
            Posting.payment.is_not(None),
            Entry.reverses.is_(None),
            Entry.source != "correction",
            Entry.event_type != "host_fee",
        )
        .group_by(Posting.book_id, Posting.payment)
        .having(func.count(Posting.entry_id.distinct()) > 1)
        .limit(1)
    )
    found = first(session, told, "{1} {0} is in the books {2} times") or first(
        session, moved, "Stripe's {0} is in the books {1} times"
    )
    return count(session, Entry), found


def reversals(session: ReadSession) -> Finding:
    """I-07: a reversal negates its target leg by leg, once, and is not reversed itself."""
    twice = (
        select(Entry.reverses, func.count())
        .where(Entry.reverses.is_not(None))
        .group_by(Entry.book_id, Entry.reverses)
        .having(func.count() > 1)
        .limit(1)
    )
    made = select(Entry.book_id, Entry.id, Entry.reverses).where(Entry.reverses.is_not(None))
    both = made.subquery()
    again = (
        select(both.c.id)
        .join(Entry, and_(Entry.book_id == both.c.book_id, Entry.id == both.c.reverses))
        .where(Entry.reverses.is_not(None))
        .limit(1)
    )
    legs = (
        select(both.c.id, Posting.account, func.sum(Posting.quantity))
        .join(
            Posting,
            and_(
                Posting.book_id == both.c.book_id,
                Posting.entry_id.in_((both.c.id, both.c.reverses)),
            ),
        )
        .group_by(both.c.id, Posting.account, Posting.fund_id, Posting.commodity)
        .having(func.sum(Posting.quantity) != 0)
        .limit(1)
    )
    found = (
        first(session, twice, "entry {0} is reversed {1} times")
        or first(session, again, "{0} reverses a reversal")
        or first(session, legs, "reversal {0} leaves {2} on account {1}")
    )
    return count(session, Entry, Entry.reverses.is_not(None)), found


def dated(session: ReadSession) -> Finding:
    """I-08: an entry's day was open when the entry was recorded."""
    query = (
        select(Entry.id, Entry.accounting_on)
        .join(
            Period,
            and_(
                Period.book_id == Entry.book_id,
                Entry.accounting_on <= Period.until_on,
                Entry.recorded_at > Period.closed_at,
                or_(Period.reopened_at.is_(None), Entry.recorded_at < Period.reopened_at),
            ),
        )
        .limit(1)
    )
    return count(session, Entry), first(
        session, query, "entry {0} is dated {1}, which was closed by then"
    )


def decided(session: ReadSession) -> Finding:
    """I-09: an entry has a source; what two people decide, two people decided."""
    sourceless = select(Entry.id).where(or_(Entry.source == "", Entry.external_ref == "")).limit(1)
    own = select(Entry.id).where(Entry.made_by == Entry.approved_by).limit(1)
    alone = (
        select(Entry.id, Entry.event_type)
        .where(
            Entry.source.not_in(("import", "history")),
            or_(Entry.made_by.is_(None), Entry.approved_by.is_(None)),
            or_(Entry.event_type.in_(DECIDED), Entry.event_type.like("%\\_approve", escape="\\")),
        )
        .limit(1)
    )
    approval_requests = (
        select(ApprovalRequest.id)
        .where(ApprovalRequest.made_by == ApprovalRequest.decided_by)
        .limit(1)
    )
    found = (
        first(session, sourceless, "entry {0} has no source")
        or first(session, own, "entry {0} was approved by its maker")
        or first(session, alone, "entry {0}, {1}, was not decided by two people")
        or first(session, approval_requests, "proposal {0} was decided by its maker")
    )
    return count(session, Entry) + count(session, ApprovalRequest), found


def labelled(session: ReadSession) -> Finding:
    """I-10: accounts between books name the other book; costs name what they were for."""
    nobody = (
        select(Posting.entry_id, Posting.account)
        .join(
            Account,
            and_(Account.book_id == Posting.book_id, Account.number == Posting.account),
        )
        .where(
            Account.inter_book,
            or_(Posting.counterparty_id.is_(None), Posting.counterparty_id == Posting.book_id),
        )
        .limit(1)
    )
    aimless = (
        select(Posting.entry_id, Posting.account)
        .join(Account, and_(Account.book_id == Posting.book_id, Account.number == Posting.account))
        .join(Entry, and_(Entry.book_id == Posting.book_id, Entry.id == Posting.entry_id))
        .where(
            # What other systems knew no function of has none here either.
            Entry.source.not_in(("import", "history")),
            Posting.account.between(*COSTS),
            Posting.account.not_in(MOVES),
            ~Account.is_loss,
            Posting.function.is_(None),
        )
        .limit(1)
    )
    found = first(session, nobody, "entry {0}: account {1} without a counterparty") or first(
        session, aimless, "entry {0}: a cost on account {1} without a function"
    )
    return count(session, Posting), found
