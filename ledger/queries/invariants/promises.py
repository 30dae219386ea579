"""Promises: what is open, in the rows and in the journal alike (I-30 to I-32, I-37, I-39)."""

from collections import Counter
from typing import Any
from uuid import UUID

from sqlalchemy import Subquery, and_, case, func, or_, select

from ledger.core.accounts import Acct
from ledger.core.states import AgreementKind, AgreementState, Move
from ledger.core.vocabulary import OPEN_PLEDGES, LegalNature, PledgeState
from ledger.db import ReadSession
from ledger.models.agreements import Agreement, Step
from ledger.models.books import Fund
from ledger.models.journal import Posting
from ledger.models.pledges import Fulfilment, Pledge
from ledger.queries.invariants.result import Finding, count, first, on

PROMISES = (Acct.PLEDGES_RECEIVABLE, Acct.INTENTIONS, Acct.CONDITIONAL_PLEDGES)
GOING = (*OPEN_PLEDGES, PledgeState.FULFILLED)


def states(session: ReadSession) -> Finding:
    """I-30: promised is fulfilled, open, or given up; and an owed promise is what was agreed."""
    done = _discharged()
    made_good = func.coalesce(done.c.quantity, 0)
    fits = or_(
        and_(Pledge.state == PledgeState.OPEN, made_good == 0),
        and_(
            Pledge.state == PledgeState.PART_FULFILLED, made_good > 0, made_good < Pledge.quantity
        ),
        and_(Pledge.state == PledgeState.FULFILLED, made_good == Pledge.quantity),
        and_(Pledge.state == PledgeState.OVER_FULFILLED, made_good > Pledge.quantity),
        and_(
            Pledge.state.in_((PledgeState.LAPSED, PledgeState.CANCELLED, PledgeState.WRITTEN_OFF)),
            made_good < Pledge.quantity,
        ),
        Pledge.state == PledgeState.CHARGED_BACK,
    )
    query = (
        select(Pledge.reference, Pledge.state, made_good, Pledge.quantity)
        .outerjoin(done, done.c.pledge_id == Pledge.id)
        .where(~fits)
        .limit(1)
    )
    found = first(session, query, "pledge {0} is {1} with {2} of {3} made good")
    return count(session, Pledge), found or _increases(session)


def booked(session: ReadSession) -> Finding:
    """I-31: what is open of a pledge is what the journal says is promised or owed."""
    done = _discharged()
    legs = (
        select(
            Posting.book_id,
            Posting.pledge,
            Posting.commodity,
            func.sum(Posting.quantity).label("quantity"),
        )
        .where(Posting.account.in_(PROMISES), Posting.pledge.is_not(None))
        .group_by(Posting.book_id, Posting.pledge, Posting.commodity)
        .subquery()
    )
    rest = Pledge.quantity - func.coalesce(done.c.quantity, 0)
    still_open = case((and_(Pledge.state.in_(GOING), rest > 0), rest), else_=0)
    query = (
        select(Pledge.reference, still_open, func.coalesce(legs.c.quantity, 0))
        .outerjoin(done, done.c.pledge_id == Pledge.id)
        .outerjoin(
            legs,
            and_(
                legs.c.book_id == Pledge.book_id,
                legs.c.pledge == Pledge.reference,
                legs.c.commodity == Pledge.commodity,
            ),
        )
        .where(still_open != func.coalesce(legs.c.quantity, 0))
        .limit(1)
    )
    return count(session, Pledge), first(session, query, "pledge {0}: {1} open, {2} in the journal")


def natures(session: ReadSession) -> Finding:
    """I-32: only what is owed stands on a value account, and it stands nowhere else.

    A sponsor's promise is owed as far as gifts were matched.
    """
    sums = (
        select(
            Posting.book_id,
            Posting.pledge,
            on(Acct.PLEDGES_RECEIVABLE).label("owed"),
            on(Acct.INTENTIONS).label("intended"),
            on(Acct.CONDITIONAL_PLEDGES).label("conditional"),
        )
        .where(Posting.account.in_(PROMISES), Posting.pledge.is_not(None))
        .group_by(Posting.book_id, Posting.pledge)
        .subquery()
    )
    wrong = or_(
        and_(
            Pledge.legal_nature == LegalNature.UNCONDITIONAL,
            sums.c.intended + sums.c.conditional != 0,
        ),
        and_(Pledge.legal_nature == LegalNature.INTENTION, sums.c.owed + sums.c.conditional != 0),
        and_(Pledge.legal_nature == LegalNature.CONDITIONAL, sums.c.owed + sums.c.intended != 0),
    )
    query = (
        select(Pledge.id, Pledge.reference, Pledge.legal_nature)
        .join(sums, and_(sums.c.book_id == Pledge.book_id, sums.c.pledge == Pledge.reference))
        .where(wrong)
    )
    sponsors = set(_terms(session, "sponsor", "pledge"))
    for pledge_id, reference, nature in session.execute(query):
        if pledge_id not in sponsors:
            return count(session, Pledge), f"pledge {reference} is {nature} and booked otherwise"
    return count(session, Pledge), None


def grants(session: ReadSession) -> Finding:
    """I-37: of a grant, received less earned and returned is the advance, and what is neither
    earned nor returned of the award is still conditional.
    """
    names = ("receive", "earn", "claim", "return")
    steps = (
        select(
            Step.agreement_id,
            *(
                func.sum(case((Step.name == name, Step.quantity), else_=0)).label(f"of_{name}")
                for name in names
            ),
        )
        .group_by(Step.agreement_id)
        .subquery()
    )
    received, earned, claimed, returned = (
        func.coalesce(steps.c[f"of_{name}"], 0) for name in names
    )
    sums = (
        select(
            Posting.book_id,
            Posting.grant,
            on(Acct.REFUNDABLE_ADVANCES).label("advance"),
            on(Acct.CONDITIONAL_GRANTS_AWARDED).label("awarded"),
        )
        .where(
            Posting.account.in_((Acct.REFUNDABLE_ADVANCES, Acct.CONDITIONAL_GRANTS_AWARDED)),
            Posting.grant.is_not(None),
        )
        .group_by(Posting.book_id, Posting.grant)
        .subquery()
    )
    advance, awarded = (func.coalesce(sums.c[name], 0) for name in ("advance", "awarded"))
    query = (
        select(Agreement.reference, -advance, awarded)
        .outerjoin(steps, steps.c.agreement_id == Agreement.id)
        .outerjoin(
            sums, and_(sums.c.book_id == Agreement.book_id, sums.c.grant == Agreement.reference)
        )
        .where(
            Agreement.kind == AgreementKind.GRANT,
            # A grant whose award was undone was never one.
            Agreement.state != AgreementState.REJECTED,
            or_(
                received - earned - returned != -advance,
                Agreement.quantity - earned - claimed - returned != awarded,
                received - earned - returned < 0,
            ),
        )
        .limit(1)
    )
    return count(session, Agreement, Agreement.kind == AgreementKind.GRANT), first(
        session, query, "grant {0}: {1} held and {2} conditional in the journal"
    )


def contras(session: ReadSession) -> Finding:
    """I-39: of what is owed to a fund, no more is doubted or discounted than there is."""
    owed, doubted, discount = (
        on(Acct.PLEDGES_RECEIVABLE),
        on(Acct.PLEDGE_ALLOWANCE, sign=-1),
        on(Acct.PLEDGE_DISCOUNT, sign=-1),
    )
    accounts = (Acct.PLEDGES_RECEIVABLE, Acct.PLEDGE_DISCOUNT, Acct.PLEDGE_ALLOWANCE)
    query = (
        select(Fund.code, owed, doubted, discount)
        .join(Posting, and_(Posting.book_id == Fund.book_id, Posting.fund_id == Fund.id))
        .where(Posting.account.in_(accounts))
        .group_by(Fund.id, Fund.code, Posting.commodity)
        .having(or_(doubted < 0, discount < 0, doubted > owed))
        .limit(1)
    )
    return count(session, Posting, Posting.account.in_(accounts)), first(
        session, query, "fund {0}: {2} doubted and {3} discounted of {1} owed"
    )


def _discharged() -> Subquery:
    return (
        select(Fulfilment.pledge_id, func.sum(Fulfilment.quantity).label("quantity"))
        .where(Fulfilment.counts())
        .group_by(Fulfilment.pledge_id)
        .subquery()
    )


def _increases(session: ReadSession) -> str | None:
    """Compare each promise on paper with what was agreed and added to it."""
    added: Counter[UUID] = Counter()
    for promise_id, quantity in session.execute(
        select(Step.agreement_id, func.sum(Step.quantity))
        .where(Step.name == Move.INCREASE)
        .group_by(Step.agreement_id)
    ):
        added[promise_id] = int(quantity)
    agreed = _terms(session, "promise", "pledge")
    if not agreed:
        return None
    promised = dict(
        iter(
            session.execute(
                # On paper, whether the policy calls them owed or only notes them.
                select(Pledge.id, Pledge.quantity).where(Pledge.campaign_id.is_(None))
            )
        )
    )
    for pledge_id, row in agreed.items():
        if promised.get(pledge_id) != row.quantity + added[row.id]:
            return f"promise {row.reference} is not what was agreed and added"
    return None


def _terms(session: ReadSession, kind: str, name: str) -> dict[UUID, Any]:
    """Return the commitments of a kind by a row that their terms name."""
    rows = session.execute(
        select(Agreement.id, Agreement.reference, Agreement.quantity, Agreement.terms).where(
            Agreement.kind == kind
        )
    )
    return {UUID(row.terms[name]): row for row in rows if name in row.terms}
