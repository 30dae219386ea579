"""Rules of a book: what a line is when it is like this; tried on past lines before they are kept.

A rule suggests. It books by itself only where it never decided otherwise than people did, and
when a second person agreed. It is never changed: another wording is another rule, and one that is
withdrawn names what it had booked. Amounts in minor units.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import exists, select

from ledger.core.accounts import Acct
from ledger.core.bounds import LONGEST_LINE, check_text
from ledger.core.vocabulary import RequestState
from ledger.db import ReadSession, Session
from ledger.errors import Conflict, Invalid, NotFound, PoolbookError
from ledger.models.approval_requests import ApprovalRequest
from ledger.models.bank_rules import BankRule, RuleMeaning
from ledger.models.books import Book
from ledger.models.statements import BankLine, BankLinePart, LineState, Match
from ledger.queries.banking.candidates import Decided, decisions_of
from ledger.queries.books.books import fund_by_code
from ledger.services.approvals.registry import ApprovalKind, Decision, register
from ledger.services.approvals.requests import propose
from ledger.services.banking.items import Item, were_undone
from ledger.services.banking.matching import auto_match_all, register_automatic
from ledger.services.banking.unmatching import last_match, undo_match
from ledger.services.books.books import check_own_fund
from ledger.services.reconciliation.meanings import HISTORY, MEANINGS, OUT, Doing, Part, book

KIND = "bank_rule"
PAST = timedelta(days=731)
# How often people must have decided as the rule does before it may book.
ENOUGH = 3
MOST_LINES, MOST_SHOWN, AT_ONCE = 20_000, 50, 200
# What a rule can say: what needs no reference. A cost needs an approver each time.
SAYABLE = tuple(RuleMeaning)
BOOKABLE = frozenset(RuleMeaning) - {RuleMeaning.COST}


@dataclass(frozen=True, slots=True)
class Terms:
    """Conditions and action of a rule that is not kept yet."""

    incoming: bool
    meaning: str
    fund: str
    account: int | None = None
    least: int | None = None
    most: int | None = None
    counterparty_account: str = ""
    words: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class RuleAsked:
    """A rule that is to book by itself, up to an amount in minor units."""

    rule: UUID
    quantity: int
    commodity: str


@dataclass(slots=True)
class DryRun:
    """What a rule would have said of the lines of the last two years, and of those that wait."""

    same: int = 0
    otherwise: list[tuple[BankLine, Decided]] = field(default_factory=list)
    others: int = 0
    waiting: list[BankLine] = field(default_factory=list)

    @property
    def hits(self) -> int:
        """How many past lines it fits."""
        return self.same + self.others

    @property
    def may_book(self) -> bool:
        """Whether people always decided as it would, and often enough."""
        return self.same >= ENOUGH and not self.others


def fits(terms: Terms | BankRule, item: Item) -> bool:
    """Tell whether a line is like a rule says."""
    size, about = abs(item.amount), item.about
    account = "".join((about.counterparty_account or "").split()).upper()
    wanted = "".join(terms.counterparty_account.split()).upper()
    return (
        (item.amount > 0) is terms.incoming
        and (terms.least is None or size >= terms.least)
        and (terms.most is None or size <= terms.most)
        and (not wanted or account == wanted)
        and all(word in item.words for word in terms.words.upper().split())
    )


def dry_run(session: ReadSession, *, book_id: UUID, terms: Terms, now: datetime) -> DryRun:
    """Say what a rule would have done with the lines of the last two years; nothing is changed."""
    lines = session.scalars(
        select(BankLine)
        .where(
            BankLine.book_id == book_id,
            BankLine.account == Acct.BANK,
            BankLine.booked_on >= (now - PAST).date(),
            BankLine.amount > 0 if terms.incoming else BankLine.amount < 0,
        )
        .order_by(BankLine.booked_on.desc(), BankLine.id.desc())
        .limit(MOST_LINES)
    ).all()
    like = [line for line in lines if fits(terms, Item(line))]
    found = DryRun(waiting=[line for line in like if line.state == LineState.OPEN])
    past = [line for line in like if line.state == LineState.MATCHED]
    for start in range(0, len(past), AT_ONCE):
        some = past[start : start + AT_ONCE]
        decided = decisions_of(session, book_id=book_id, line_ids=[line.id for line in some])
        for line in some:
            done = decided.get(line.id)
            if done is not None and _same(terms, done):
                found.same += 1
                continue
            found.others += 1
            if done is not None and len(found.otherwise) < MOST_SHOWN:
                found.otherwise.append((line, done))
    return found


def _same(terms: Terms, done: Decided) -> bool:
    if HISTORY.get(done.rule) != terms.meaning or done.fund != terms.fund:
        return False
    return "account" not in MEANINGS[terms.meaning].asks or done.account == terms.account


def keep(session: Session, *, owner: Book, terms: Terms, by: UUID, now: datetime) -> BankRule:
    """Keep a rule that suggests. Raises Invalid naming the field that is missing or wrong."""
    if terms.meaning not in SAYABLE:
        raise Invalid("A rule cannot say this.", place="meaning")
    meaning = MEANINGS[terms.meaning]
    if meaning.direction and (meaning.direction == OUT) is terms.incoming:
        raise Invalid("Money does not move in this direction with it.", place="meaning")
    check_own_fund(owner, fund_by_code(session, owner.id, terms.fund))
    if "account" in meaning.asks and not terms.account:
        raise Invalid("Choose an account for this cost.", place="account")
    if not (terms.words.strip() or terms.counterparty_account.strip()):
        raise Invalid("Enter words of the line, or the other side's account.", place="words")
    if terms.least and terms.most and terms.least > terms.most:
        raise Invalid("The smallest amount is above the largest.", place="least")
    for name in ("words", "counterparty_account", "note"):
        check_text(getattr(terms, name), longest=LONGEST_LINE, place=name)
    row = BankRule(
        book_id=owner.id,
        incoming=terms.incoming,
        least=terms.least,
        most=terms.most,
        counterparty_account=terms.counterparty_account.strip(),
        words=" ".join(terms.words.split()),
        meaning=RuleMeaning(terms.meaning),
        fund=terms.fund,
        account=terms.account if "account" in meaning.asks else None,
        note=terms.note.strip(),
        made_by=by,
        made_at=now,
    )
    session.add(row)
    session.flush()
    return row


def terms_of(row: BankRule) -> Terms:
    """Return what a kept rule says."""
    return Terms(
        incoming=row.incoming,
        meaning=row.meaning,
        fund=row.fund,
        account=row.account,
        least=row.least,
        most=row.most,
        counterparty_account=row.counterparty_account,
        words=row.words,
        note=row.note,
    )


def rule_by_id(session: ReadSession, *, book_id: UUID, rule_id: UUID) -> BankRule:
    """Return a rule of a book. Raises NotFound."""
    row = session.get(BankRule, rule_id)
    if row is None or row.book_id != book_id:
        raise NotFound("This book has no such rule.", place="rule")
    return row


def rules_of(session: ReadSession, *, book_id: UUID, all_of_them: bool = False) -> list[BankRule]:
    """Return the rules of a book, the oldest first: the first that fits decides."""
    query = select(BankRule).where(BankRule.book_id == book_id).order_by(BankRule.id)
    if not all_of_them:
        query = query.where(BankRule.withdrawn_at.is_(None))
    return list(session.scalars(query))


def ask_to_book(
    session: Session, *, book_id: UUID, rule_id: UUID, by: UUID, now: datetime
) -> ApprovalRequest:
    """Ask a second person to let a rule book by itself.

    Raises Conflict when it was withdrawn, books already or is asked for, has no largest amount,
    needs an approver each time, or ever decided otherwise than people did.
    """
    row = rule_by_id(session, book_id=book_id, rule_id=rule_id)
    _check_bookable(session, row, now)
    waits = exists().where(
        ApprovalRequest.kind == KIND,
        ApprovalRequest.state == RequestState.OPEN,
        ApprovalRequest.arguments["rule"].as_string() == str(row.id),
    )
    if session.scalar(select(waits)):
        raise Conflict("An approver has already been asked about this rule.", place="rule")
    owner = session.get_one(Book, book_id)
    return propose(
        session,
        book_id=book_id,
        kind=KIND,
        title="Let a bank rule book by itself",
        reason=row.note or "It always decided as people did.",
        payload=RuleAsked(row.id, row.most or 0, owner.commodity),
        made_by=by,
        now=now,
    )


def _check_bookable(session: ReadSession, row: BankRule, now: datetime) -> None:
    if row.withdrawn_at is not None:
        raise Conflict("This rule has been withdrawn.", place="rule")
    if row.books_from is not None:
        raise Conflict("This rule already books by itself.", place="rule")
    if row.meaning not in BOOKABLE:
        raise Conflict("An approver decides on each of these payments.", place="meaning")
    if row.most is None:
        raise Conflict("A rule books only up to a largest amount.", place="most")
    tried = dry_run(session, book_id=row.book_id, terms=terms_of(row), now=now)
    if not tried.may_book:
        raise Conflict(
            "People decided {same} lines the same and {others} otherwise. A rule books by itself "
            "after at least {enough} the same and none otherwise.",
            place="rule",
            same=tried.same,
            others=tried.others,
            enough=ENOUGH,
        )


def allow(
    session: Session, approval_request: ApprovalRequest, payload: RuleAsked, decision: Decision
) -> None:
    """Let a rule book from now on. Raises as ``ask_to_book``: lines may have come since."""
    row = rule_by_id(session, book_id=approval_request.book_id, rule_id=payload.rule)
    _check_bookable(session, row, decision.now)
    row.books_from, row.approved_by = decision.now, decision.by
    session.flush()


def withdraw(
    session: Session,
    *,
    book_id: UUID,
    rule_id: UUID,
    by: UUID,
    now: datetime,
    undo: str = "",
) -> int:
    """End a rule, and undo what it booked when a reason to ``undo`` is given; return how many
    lines were undone. Raises Conflict for a second time, and as undoing a match does."""
    row = rule_by_id(session, book_id=book_id, rule_id=rule_id)
    if row.withdrawn_at is not None:
        raise Conflict("This rule has been withdrawn.", place="rule")
    row.withdrawn_at, row.withdrawn_by = now, by
    session.flush()
    if not undo.strip():
        return 0
    booked = booked_by(session, rule_id=rule_id, limit=MOST_LINES)
    for _match, line in booked:
        undo_match(session, line_id=line.id, reason=undo, by=by, now=now)
    return len(booked)


def booked_by(
    session: ReadSession, *, rule_id: UUID, limit: int = MOST_SHOWN
) -> list[tuple[Match, BankLine]]:
    """Return what a rule booked and nobody has undone, the last first."""
    rows = session.execute(
        select(Match, BankLine)
        .join(BankLine, BankLine.id == Match.bank_line_id)
        .where(Match.bank_rule_id == rule_id, Match.holds())
        .order_by(Match.made_at.desc(), Match.id.desc())
        .limit(limit)
    )
    return [(match, line) for match, line in rows]


def part_of(row: BankRule, item: Item) -> Part:
    """Return what a rule says that a line is."""
    return Part(row.meaning, abs(item.amount), fund=row.fund, account=row.account, note=row.note)


def first_fitting(rules: Sequence[BankRule], item: Item) -> BankRule | None:
    """Return the first rule that a line is like."""
    return next((row for row in rules if fits(row, item)), None)


def apply_rules(session: Session, book_id: UUID, now: datetime) -> int:
    """Book the open lines that rules fit which may book; return how many.

    Lines of which somebody undid a match are left alone, interim and split ones as well. A line
    that its service refuses stays open.
    """
    rules = rules_of(session, book_id=book_id)
    if not any(row.books_from for row in rules):
        return 0
    split = exists().where(BankLinePart.bank_line_id == BankLine.id, BankLinePart.stands())
    lines = session.scalars(
        select(BankLine)
        .where(
            BankLine.book_id == book_id,
            BankLine.state == LineState.OPEN,
            BankLine.account == Acct.BANK,
            BankLine.interim.is_(False),
            ~split,
        )
        .order_by(BankLine.booked_on, BankLine.position, BankLine.id)
    ).all()
    done = 0
    for start in range(0, len(lines), AT_ONCE):
        here = lines[start : start + AT_ONCE]
        undone = were_undone(session, here)
        for line in here:
            row = first_fitting(rules, Item(line)) if line.id not in undone else None
            if row is not None and row.books_from is not None:
                done += _booked(session, row, Item(line), now)
    return done


def match_all(session: Session, *, now: datetime) -> int:
    """Match in every book what is certain, and what rules may book; return how many lines."""
    return auto_match_all(session, now=now)


def _booked(session: Session, row: BankRule, item: Item, now: datetime) -> bool:
    attempt = session.begin_nested()
    try:
        book(session, Doing(item.id, part_of(row, item), None, now))
    except PoolbookError:
        attempt.rollback()
        return False
    attempt.commit()
    match = last_match(session, item)
    if match is not None:
        match.bank_rule_id, match.note = row.id, row.note
        session.flush()
    return True


register(ApprovalKind(KIND, RuleAsked, allow, books_nothing=True))
register_automatic(apply_rules)
