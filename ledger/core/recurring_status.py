"""What is true of a regular gift, in one sentence for its giver; as ``pledge_status`` for pledges.

Amounts are minor units. Nothing that is to come is ever owed, and the sentences say so.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from ledger.core.pledge_sentences import Meaning, Tone
from ledger.core.vocabulary import RecurringState


class GiftStatus(StrEnum):
    """Every state that a regular gift can be in for its giver."""

    NOT_STARTED = "gift_not_started"
    STARTING = "gift_starting"
    FIRST_ON_ITS_WAY = "gift_first_on_its_way"
    ACTIVE = "gift_active"
    PAST_DUE = "gift_past_due"
    PAUSED = "gift_paused"
    PAUSED_UNTIL = "gift_paused_until"
    STOPPED = "gift_stopped"
    STOPPED_UNPAID = "gift_stopped_unpaid"


MEANINGS: Mapping[GiftStatus, Meaning] = {
    GiftStatus.NOT_STARTED: Meaning(
        Tone.NOT_PAID, "Your recurring contribution has not started; nothing was taken."
    ),
    GiftStatus.STARTING: Meaning(Tone.ON_ITS_WAY, "Your recurring contribution is being set up."),
    GiftStatus.FIRST_ON_ITS_WAY: Meaning(
        Tone.ON_ITS_WAY, "Your first payment of %(amount)s is on its way into the books."
    ),
    GiftStatus.ACTIVE: Meaning(
        Tone.ARRIVED, "%(given)s given so far; the next %(amount)s is taken on %(day)s."
    ),
    GiftStatus.PAST_DUE: Meaning(
        Tone.NEEDS_YOU,
        "Your bank refused %(amount)s; you owe nothing, and it is tried again.",
    ),
    GiftStatus.PAUSED: Meaning(
        Tone.RECORDED, "Paused; nothing is taken until you resume it. %(given)s given so far."
    ),
    GiftStatus.PAUSED_UNTIL: Meaning(
        Tone.RECORDED, "Paused until %(day)s. %(given)s given so far."
    ),
    GiftStatus.STOPPED: Meaning(
        Tone.ENDED, "This gift has ended and nothing more is taken; %(given)s stays given."
    ),
    GiftStatus.STOPPED_UNPAID: Meaning(
        Tone.ENDED, "This gift ended because payments kept failing; %(given)s stays given."
    ),
}


@dataclass(frozen=True, slots=True)
class GiftFacts:
    """What is known of a regular gift; ``is_asked`` once its payment page was finished."""

    commodity: str
    amount: int
    state: RecurringState
    given: int
    today: date
    is_asked: bool = False
    has_paid: bool = False
    has_failed: bool = False
    next_on: date | None = None
    resumes_on: date | None = None


@dataclass(frozen=True, slots=True)
class GiftStanding:
    """The status of one regular gift, with the figures of its sentence."""

    status: GiftStatus
    facts: GiftFacts

    @property
    def tone(self) -> Tone:
        """What it means at a glance."""
        return MEANINGS[self.status].tone

    def words(
        self,
        write: Callable[[int, str], str],
        write_day: Callable[[date], str],
        translate: Callable[[str], str] = str,
    ) -> str:
        """Return the sentence, its amounts and days written by whoever shows it."""
        facts = self.facts
        day = facts.resumes_on if self.status is GiftStatus.PAUSED_UNTIL else facts.next_on
        return translate(MEANINGS[self.status].sentence) % {
            "amount": write(facts.amount, facts.commodity),
            "given": write(facts.given, facts.commodity),
            "day": write_day(day or facts.today),
        }


def gift_standing(facts: GiftFacts) -> GiftStanding:
    """Return what is true of a regular gift."""
    return GiftStanding(_status(facts), facts)


def _status(facts: GiftFacts) -> GiftStatus:
    match facts.state:
        case RecurringState.ASKED:
            return GiftStatus.STARTING if facts.is_asked else GiftStatus.NOT_STARTED
        case RecurringState.PAST_DUE:
            return GiftStatus.PAST_DUE
        case RecurringState.PAUSED:
            return GiftStatus.PAUSED_UNTIL if facts.resumes_on else GiftStatus.PAUSED
        case RecurringState.STOPPED:
            return GiftStatus.STOPPED_UNPAID if facts.has_failed else GiftStatus.STOPPED
    return GiftStatus.ACTIVE if facts.has_paid else GiftStatus.FIRST_ON_ITS_WAY
