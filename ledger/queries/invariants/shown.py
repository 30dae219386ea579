"""What people are shown: figures are what the journal says (I-67 to I-69)."""

from sqlalchemy import ColumnElement, or_, select, true

from ledger.db import ReadSession
from ledger.models.assets import Intake
from ledger.models.pledges import Pledge
from ledger.models.statements import BankLine
from ledger.queries.banking.statements import holds_parked
from ledger.queries.equipment.assets import has_value
from ledger.queries.invariants.result import Finding, count
from ledger.queries.pledges.figure_drift import first_drift
from ledger.queries.pledges.pledges import unconfirmed


def sums(session: ReadSession) -> Finding:
    """I-67: the sums of figures are what the sealed postings come to."""
    return first_drift(session)


def confirmed(session: ReadSession) -> Finding:
    """I-68: a promise waits for its donor as far as pages, cards and gifts say."""
    waits = unconfirmed()
    wrong = _differ(Pledge.unconfirmed == true(), waits)
    found = session.execute(
        select(Pledge.reference, Pledge.unconfirmed).where(wrong).order_by(Pledge.id).limit(1)
    ).first()
    checked = count(session, Pledge)
    if found is None:
        return checked, None
    said = "waiting for its donor" if found[1] else "promised"
    return checked, f"pledge {found[0]} is counted as {said}, and is not"


def marked(session: ReadSession) -> Finding:
    """I-69: bank lines and hand-overs wait as far as their matches and valuations say."""
    checked = count(session, BankLine) + count(session, Intake)
    line = session.execute(
        select(BankLine.booked_on, BankLine.amount)
        .where(_differ(BankLine.parked == true(), holds_parked()))
        .order_by(BankLine.id)
        .limit(1)
    ).first()
    if line is not None:
        return (
            checked,
            f"a bank line of {line[0]} over {line[1]} is marked as its matches do not say",
        )
    intake_id = session.scalar(
        select(Intake.id)
        .where(_differ(Intake.valued == true(), has_value()))
        .order_by(Intake.id)
        .limit(1)
    )
    if intake_id is None:
        return checked, None
    return checked, f"hand-over {intake_id} is not marked as its valuations say"


def _differ(mark: ColumnElement[bool], said: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return the condition that a mark and what it stands for are not the same."""
    return or_(mark & ~said, ~mark & said)
