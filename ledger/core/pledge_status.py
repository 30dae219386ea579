"""What is true of a pledge, in one sentence for its giver.

Pages, the API and messages all say the sentence that is chosen here, so that none of them tells
another story. ``docs/pledge-states.md`` lists every status. Quantities are integers in the pledge's
smallest unit. Must not know the database, a page or a language: whoever shows a sentence writes its
figures and translates it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date

from ledger.core.pledge_sentences import MEANINGS, Status, Tone
from ledger.core.vocabulary import (
    OPEN_PLEDGES,
    AttemptKind,
    AttemptState,
    CampaignState,
    LegalNature,
    MandateState,
    PledgeState,
)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a pledge; quantities in its smallest unit.

    ``arrived`` is what made it good, payments that a bank sent back left out; ``refunded`` went
    back later and opened nothing; ``disputed`` is what a bank holds, asked about or took.
    ``moving`` has left the giver and is not in the books; ``is_gone`` tells that all of what came
    by Stripe, and nothing else came, has gone again.
    """

    kind: str
    commodity: str
    state: PledgeState
    legal_nature: LegalNature
    quantity: int
    today: date
    arrived: int = 0
    refunded: int = 0
    arrived_on: date | None = None
    was_returned: bool = False
    is_gone: bool = False
    refund_sent: int = 0
    refund_failed: int = 0
    dispute: str = ""
    disputed: int = 0
    # The unit of ``disputed``, where a bank counts in another one.
    disputed_in: str = ""
    attempt: AttemptState | None = None
    attempt_kind: AttemptKind | None = None
    asked: int = 0
    moving: int = 0
    card: MandateState | None = None
    has_card_failed: bool = False
    next_charge_on: date | None = None
    due: int = 0
    due_on: date | None = None
    parts: int = 0
    parts_paid: int = 0
    next_part: int = 0
    campaign: CampaignState | None = None
    logged: int = 0
    # Of hours and things: whose word is still missing, "giver" or "organiser"; "declined" where
    # the organiser said no.
    acceptance: str = ""
    # Whether the giver is back from a payment page and its provider gave no answer.
    is_unsure: bool = False

    @property
    def open(self) -> int:
        """What is still promised."""
        if self.state not in OPEN_PLEDGES:
            return 0
        return max(0, self.quantity - self.arrived)

    @property
    def rest(self) -> int:
        """What of the pledge did not arrive."""
        return max(0, self.quantity - self.arrived)

    @property
    def kept(self) -> int:
        """What stays given after refunds and what a bank took back."""
        lost = self.disputed if self.dispute == "lost" else 0
        if lost and self.disputed_in not in ("", self.commodity):
            lost = self.arrived if self.is_gone else 0
        return max(0, self.arrived - self.refunded - lost)


@dataclass(frozen=True, slots=True)
class Standing:
    """The status of one pledge, with the figures of its sentence."""

    status: Status
    facts: Facts
    days: Mapping[str, date] = field(default_factory=dict)

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
        """Return the sentence, its quantities and days written by whoever shows it."""
        facts = self.facts
        quantities = {
            "quantity": facts.quantity,
            "arrived": facts.arrived,
            "refunded": facts.refunded,
            "kept": facts.kept,
            "open": facts.open,
            "rest": facts.rest,
            "more": facts.arrived - facts.quantity,
            "refund": facts.refund_sent or facts.refund_failed,
            "asked": facts.asked,
            "moving": facts.moving,
            "due": facts.due,
            "next": facts.next_part,
            "logged": facts.logged,
        }
        sentence = translate(MEANINGS[self.status].sentence)
        # Only what the sentence names: to write a figure takes longer than all the rest.
        figures = {
            name: write(value, facts.commodity)
            for name, value in quantities.items()
            if f"%({name})s" in sentence
        }
        if "%(disputed)s" in sentence:
            figures["disputed"] = write(facts.disputed, facts.disputed_in or facts.commodity)
        counts = {"parts": str(facts.parts), "paid": str(facts.parts_paid)}
        days = {name: write_day(value) for name, value in self.days.items()}
        return sentence % {**figures, **counts, **days}


def standing_of(facts: Facts) -> Standing:
    """Return what is true of a pledge: the first of the functions below that answers."""
    if facts.kind != "money":
        return _at(facts, _of_offer(facts), day=facts.arrived_on)
    status = _of_money_back(facts) or _under_way(facts) or _of_ended(facts)
    if status is not None:
        return _at(facts, status, day=facts.arrived_on)
    if facts.open:
        return _of_open(facts)
    return _at(facts, _of_arrived(facts), day=facts.arrived_on)


def _at(facts: Facts, status: Status, *, day: date | None = None) -> Standing:
    return Standing(status, facts, {"day": day or facts.today})


def _of_money_back(facts: Facts) -> Status | None:
    """What a bank contests comes first, then what we send back."""
    if facts.dispute == "open":
        return Status.DISPUTE_OPEN
    if facts.dispute == "inquiry":
        return Status.DISPUTE_INQUIRY
    if facts.refund_sent:
        return Status.REFUND_ON_ITS_WAY
    if facts.refund_failed:
        return Status.REFUND_FAILED
    if facts.dispute == "lost" and facts.disputed:
        return Status.CHARGED_BACK_PART if facts.kept else Status.CHARGED_BACK
    if facts.refunded:
        if facts.open:
            return Status.REFUNDED_PART_OPEN
        return Status.REFUNDED_PART if facts.kept else Status.REFUNDED
    if facts.is_gone and not facts.open:
        return Status.TAKEN_BACK
    if facts.dispute == "won" and not facts.open:
        return Status.DISPUTE_WON
    return None


def _under_way(facts: Facts) -> Status | None:
    if facts.moving:
        return Status.PROCESSING if facts.attempt == AttemptState.PROCESSING else Status.RECORDING
    finished = facts.attempt_kind == AttemptKind.SETUP and facts.attempt in (
        AttemptState.PROCESSING,
        AttemptState.SUCCEEDED,
    )
    return (
        Status.SAVING_CARD if facts.open and finished and facts.card == MandateState.ASKED else None
    )


def _of_ended(facts: Facts) -> Status | None:
    arrived = bool(facts.arrived)
    if facts.state == PledgeState.LAPSED:
        if facts.campaign == CampaignState.FAILED:
            return Status.NOT_REACHED_PART if arrived else Status.NOT_REACHED
        if (
            facts.campaign == CampaignState.SUCCEEDED
            and facts.legal_nature == LegalNature.CONDITIONAL
            and not arrived
        ):
            return Status.NO_CARD_AT_THE_END
        return Status.EXPIRED_PART if arrived else Status.EXPIRED
    if facts.state == PledgeState.CANCELLED:
        return Status.CANCELLED_PART if arrived else Status.CANCELLED
    if facts.state == PledgeState.WRITTEN_OFF:
        return Status.WRITTEN_OFF_PART if arrived else Status.WRITTEN_OFF
    if facts.state == PledgeState.CHARGED_BACK:
        return Status.TAKEN_BACK
    return None


def _of_arrived(facts: Facts) -> Status:
    if facts.arrived > facts.quantity:
        return Status.OVER_FULFILLED
    return Status.ALL_PARTS if facts.parts else Status.FULFILLED


def _of_open(facts: Facts) -> Standing:
    """Say what an open pledge of money waits for."""
    if facts.was_returned and not facts.arrived:
        return _at(facts, Status.PAYMENT_RETURNED)
    if facts.due and facts.card == MandateState.NEEDS_DONOR:
        return _at(facts, Status.CARD_NEEDS_YOU)
    if (
        facts.due
        and facts.card == MandateState.SAVED
        and facts.has_card_failed
        and facts.next_charge_on
    ):
        return _at(facts, Status.CARD_RETRIES, day=facts.next_charge_on)
    if facts.legal_nature == LegalNature.CONDITIONAL:
        waiting: dict[MandateState | None, Status] = {
            MandateState.ASKED: Status.NO_CARD,
            MandateState.SAVED: Status.CARD_SAVED,
        }
        return _at(facts, waiting.get(facts.card, Status.CONDITIONAL))
    if facts.card == MandateState.SAVED and facts.due and facts.next_charge_on:
        return _at(facts, Status.CARD_IS_CHARGED, day=max(facts.next_charge_on, facts.today))
    if facts.attempt == AttemptState.FAILED and facts.asked:
        return _at(facts, Status.REFUSED)
    if facts.is_unsure and facts.attempt in (AttemptState.CREATED, AttemptState.OPEN):
        return _at(facts, Status.ASKING)
    if facts.parts:
        return _of_parts(facts)
    if facts.arrived:
        return _at(facts, Status.PART_ARRIVED)
    if facts.due_on is not None and facts.due_on < facts.today:
        return _at(facts, Status.OVERDUE, day=facts.due_on)
    unpaid: dict[AttemptState | None, Status] = {
        AttemptState.CREATED: Status.NOT_PAID,
        AttemptState.OPEN: Status.NOT_PAID,
        AttemptState.EXPIRED: Status.ABANDONED,
    }
    return _at(facts, unpaid.get(facts.attempt, Status.OPEN))


def _of_parts(facts: Facts) -> Standing:
    if facts.card == MandateState.ASKED and not facts.arrived:
        return _at(facts, Status.NO_CARD_FOR_PARTS)
    if facts.due and facts.due_on is not None and facts.due_on < facts.today:
        return _at(facts, Status.PARTS_LATE, day=facts.due_on)
    return _at(facts, Status.PARTS_RUNNING, day=facts.due_on)


# Whose word an offer waits for → what its giver is told.
MISSING = {"giver": Status.OFFER_UNCONFIRMED, "organiser": Status.OFFER_WAITING}


def _of_offer(facts: Facts) -> Status:
    """Say what is true of things or hours."""
    ended = _of_ended(facts)
    if ended in (Status.CANCELLED, Status.CANCELLED_PART) and facts.acceptance == "declined":
        return Status.OFFER_DECLINED
    if ended in (Status.NOT_REACHED, Status.NOT_REACHED_PART, Status.NO_CARD_AT_THE_END):
        return Status.OFFER_NOT_REACHED
    if ended is not None:
        return ended
    hours = facts.kind == "hours"
    if hours and facts.logged:
        return Status.HOURS_LOGGED
    if facts.open and not facts.arrived and facts.acceptance in MISSING:
        return MISSING[facts.acceptance]
    if facts.open and facts.legal_nature == LegalNature.CONDITIONAL:
        return Status.CONDITIONAL_OFFER
    if not facts.open:
        return Status.HOURS_CONFIRMED if hours else Status.THINGS_RECEIVED
    if facts.arrived:
        return Status.HOURS_PART if hours else Status.THINGS_PART
    return Status.HOURS_OFFERED if hours else Status.THINGS_OFFERED
