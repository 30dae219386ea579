"""Questions about matching sponsors: their terms, which gifts they match, what is left."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func, or_, select

from ledger.core.accounts import Acct
from ledger.core.match_gifts import Terms
from ledger.core.states import AgreementKind, AgreementState, Move
from ledger.db import ReadSession
from ledger.models.agreements import Agreement, Step
from ledger.models.books import Fund
from ledger.models.campaigns import Campaign
from ledger.models.journal import Posting
from ledger.models.parties import Party
from ledger.models.payments import BalanceTransaction
from ledger.models.pledges import Fulfilment, Pledge
from ledger.models.recurring import RecurringGift

KIND = AgreementKind.SPONSOR
SPAN = re.compile(r"(\d{4}-\d\d-\d\d)/(\d{4}-\d\d-\d\d)")
# Money that was given, and what of it went back.
CONTRIBUTIONS = (
    Acct.DONATIONS,
    Acct.RECURRING_DONATIONS,
    Acct.REFUNDS,
    Acct.RETURNED_PAYMENTS,
    Acct.DISPUTED_CONTRIBUTIONS,
    Acct.PRIOR_PERIOD_REFUNDS,
)


@dataclass(frozen=True, slots=True)
class Span:
    """Days from the first to the last, both counted."""

    since: date
    until: date

    @property
    def name(self) -> str:
        """What tells it apart."""
        return f"{self.since.isoformat()}/{self.until.isoformat()}"

    def meets(self, other: "Span") -> bool:
        """Tell whether a day is in both."""
        return self.since <= other.until and other.since <= self.until


@dataclass(frozen=True, slots=True)
class Gift:
    """A gift that has cleared; ``refunded`` is what went back of it; minor units."""

    reference: str
    amount: int
    refunded: int
    at: datetime


@dataclass(frozen=True, slots=True)
class SponsorRow:
    """A sponsor as people see it; minor units. Without a campaign, all contributions to ``fund``
    are matched, a span of days at a time."""

    id: UUID
    reference: str
    fund: str
    name: str
    consent: str
    state: str
    campaign_id: UUID | None
    commodity: str
    terms: Terms
    matched: int


def terms_of(row: Agreement) -> Terms:
    """Return what a sponsor agreed to."""
    return Terms(row.terms["basis_points"], row.terms.get("per_gift", 0), row.quantity)


def active_sponsors(session: ReadSession) -> list[Agreement]:
    """Return the sponsors whose terms are approved, the oldest first."""
    return list(
        session.scalars(
            select(Agreement)
            .where(Agreement.kind == KIND, Agreement.state == AgreementState.ACTIVE)
            .order_by(Agreement.created_at, Agreement.id)
        )
    )


def sponsors_of(
    session: ReadSession, *, book_id: UUID | None = None, campaign_id: UUID | None = None
) -> list[SponsorRow]:
    """Return sponsors of a book, or those whose terms are approved for a campaign."""
    query = (
        select(Agreement).where(Agreement.kind == KIND).order_by(Agreement.created_at, Agreement.id)
    )
    if book_id is None and campaign_id is not None:
        book_id = session.get_one(Campaign, campaign_id).book_id
    if book_id is not None:
        query = query.where(Agreement.book_id == book_id)
    rows = []
    for row in session.scalars(query):
        about = row.terms.get("campaign")
        if campaign_id is not None and (
            about != str(campaign_id) or row.state != AgreementState.ACTIVE
        ):
            continue
        party = session.get_one(Party, UUID(row.terms["party"]))
        rows.append(
            SponsorRow(
                row.id,
                row.reference,
                session.get_one(Fund, row.fund_id).name,
                party.name,
                party.consent,
                row.state,
                UUID(about) if about else None,
                row.commodity,
                terms_of(row),
                matched_of(session, row),
            )
        )
    return rows


def matched_of(session: ReadSession, row: Agreement) -> int:
    """Return what gifts have made a sponsor owe so far."""
    return sum(
        quantity if name == Move.MATCH else -quantity
        for name, quantity in session.execute(
            select(Step.name, func.sum(Step.quantity))
            .where(Step.agreement_id == row.id, Step.name.in_((Move.MATCH, Move.UNMATCH)))
            .group_by(Step.name)
        )
    )


def shares_of(session: ReadSession, row: Agreement) -> dict[str, tuple[int, int]]:
    """Return by gift what was matched, and what of that was taken back."""
    found: dict[str, tuple[int, int]] = {}
    for name, reference, quantity in session.execute(
        select(Step.name, Step.reference, Step.quantity)
        .where(Step.agreement_id == row.id, Step.name.in_((Move.MATCH, Move.UNMATCH)))
        .order_by(Step.created_at, Step.id)
    ):
        key = reference.split("#", 1)[0]
        given, back = found.get(key, (0, 0))
        found[key] = (given + quantity, back) if name == Move.MATCH else (given, back + quantity)
    return found


def cleared_gifts(
    session: ReadSession,
    *,
    campaign_id: UUID,
    commodity: str,
    since: datetime | None = None,
    without: UUID | None = None,
) -> list[Gift]:
    """Return the gifts of money to a campaign that have cleared, the oldest first.

    ``without`` is a party that does not match itself, whichever of the parties of its address or
    person gave. What went back of a pledge is taken from its newest payments first.
    """
    own = _same_giver(session, without) if without else frozenset[UUID]()
    gifts = []
    rows = session.execute(
        select(Fulfilment, Pledge.id)
        .join(Pledge, Pledge.id == Fulfilment.pledge_id)
        .where(
            Pledge.campaign_id == campaign_id,
            Pledge.commodity == commodity,
            Pledge.party_id.not_in(own),
        )
        .order_by(Fulfilment.created_at, Fulfilment.id)
    ).all()
    back: dict[UUID, int] = {}
    for row, pledge_id in rows:
        if row.quantity < 0:
            back[pledge_id] = back.get(pledge_id, 0) - row.quantity
    for row, pledge_id in reversed(rows):
        if row.quantity > 0:
            gone = min(row.quantity, back.get(pledge_id, 0))
            back[pledge_id] = back.get(pledge_id, 0) - gone
            name = f"{row.source}/{row.source_ref}"
            gifts.append(Gift(name, row.quantity, gone, row.created_at))
    gifts.reverse()
    gifts += _recurring(session, campaign_id, own)
    gifts.sort(key=lambda gift: gift.at)
    return [gift for gift in gifts if since is None or gift.at >= since]


def contributed(
    session: ReadSession, *, fund: Fund, commodity: str, span: Span, without: str = ""
) -> int:
    """Return the contributions of money to a fund in a span of days, less what went back; minor
    units. ``without`` is a pledge that does not count, a sponsor's own."""
    query = select(func.sum(Posting.quantity)).where(
        Posting.book_id == fund.book_id,
        Posting.fund_id == fund.id,
        Posting.account.in_(CONTRIBUTIONS),
        Posting.commodity == commodity,
        Posting.accounting_on.between(span.since, span.until),
    )
    if without:
        query = query.where(func.coalesce(Posting.pledge, "") != without)
    return -int(session.scalar(query) or 0)


def spans_of(session: ReadSession, row: Agreement) -> list[Span]:
    """Return the spans of days whose contributions a sponsor has matched."""
    names = session.scalars(
        select(Step.reference).where(Step.agreement_id == row.id, Step.name == Move.MATCH)
    )
    return [span for span in map(span_named, names) if span is not None]


def span_named(name: str) -> Span | None:
    """Return the span of days that a step is named by; None for a step that names a gift."""
    found = SPAN.fullmatch(name)
    return found and Span(date.fromisoformat(found[1]), date.fromisoformat(found[2]))


def _same_giver(session: ReadSession, party_id: UUID) -> frozenset[UUID]:
    party = session.get_one(Party, party_id)
    same = [Party.id == party_id]
    if party.email:
        same.append(Party.email == party.email)
    if party.person_id is not None:
        same.append(Party.person_id == party.person_id)
    return frozenset(session.scalars(select(Party.id).where(or_(*same))))


def _recurring(session: ReadSession, campaign_id: UUID, own: frozenset[UUID]) -> list[Gift]:
    rows = session.execute(
        select(BalanceTransaction, RecurringGift.party_id)
        .join(RecurringGift, RecurringGift.id == BalanceTransaction.recurring_id)
        .where(
            RecurringGift.campaign_id == campaign_id,
            BalanceTransaction.amount > 0,
            BalanceTransaction.posted_at.is_not(None),
        )
    )
    return [
        Gift(f"recurring/{txn.stripe_txn_id}", txn.amount, 0, txn.posted_at or txn.created_at)
        for txn, party_id in rows
        if party_id not in own
    ]
