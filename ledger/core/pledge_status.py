"""What is true of a pledge, in one sentence for its giver.

Pages, the API and messages all say the sentence that is chosen here, so that none of them tells
another story. ``docs/pledge-states.md`` lists every status. Quantities are integers in the pledge's
smallest unit. Must not know the database, a page or a language: whoever shows a sentence writes its
figures and translates it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum


class Tone(StrEnum):
    """What a status means for its giver at a glance; most pressing first."""

    NEEDS_YOU = "needs_you"
    NOT_PAID = "not_paid"
    ON_ITS_WAY = "on_its_way"
    ARRIVED = "arrived"
    RECORDED = "recorded"
    RETURNED = "returned"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Meaning:
    """How a status is told: its tone, and its sentence with places for figures."""

    tone: Tone
    sentence: str


class Status(StrEnum):
    """Every state that a pledge of money, things or hours can be in for its giver."""

    # What a bank contests, and money that goes back.
    DISPUTE_OPEN = "dispute_open"
    DISPUTE_INQUIRY = "dispute_inquiry"
    DISPUTE_WON = "dispute_won"
    CHARGED_BACK = "charged_back"
    CHARGED_BACK_PART = "charged_back_part"
    REFUND_ON_ITS_WAY = "refund_on_its_way"
    REFUND_FAILED = "refund_failed"
    REFUNDED = "refunded"
    REFUNDED_PART = "refunded_part"
    REFUNDED_PART_OPEN = "refunded_part_open"
    TAKEN_BACK = "taken_back"
    # Money under way.
    PROCESSING = "processing"
    RECORDING = "recording"
    SAVING_CARD = "saving_card"
    # Arrived.
    FULFILLED = "fulfilled"
    ALL_PARTS = "all_parts"
    OVER_FULFILLED = "over_fulfilled"
    # Ended before all of it arrived.
    NOT_REACHED = "not_reached"
    NOT_REACHED_PART = "not_reached_part"
    NO_CARD_AT_THE_END = "no_card_at_the_end"
    EXPIRED = "expired"
    EXPIRED_PART = "expired_part"
    CANCELLED = "cancelled"
    CANCELLED_PART = "cancelled_part"
    WRITTEN_OFF = "written_off"
    WRITTEN_OFF_PART = "written_off_part"
    # Open.
    PAYMENT_RETURNED = "payment_returned"
    CARD_NEEDS_YOU = "card_needs_you"
    CARD_RETRIES = "card_retries"
    REFUSED = "refused"
    ASKING = "asking"
    NO_CARD = "no_card"
    NO_CARD_FOR_PARTS = "no_card_for_parts"
    CARD_SAVED = "card_saved"
    CONDITIONAL = "conditional"
    CARD_IS_CHARGED = "card_is_charged"
    PARTS_LATE = "parts_late"
    PARTS_RUNNING = "parts_running"
    PART_ARRIVED = "part_arrived"
    OVERDUE = "overdue"
    ABANDONED = "abandoned"
    NOT_PAID = "not_paid"
    OPEN = "open"
    # Things and hours.
    CONDITIONAL_OFFER = "conditional_offer"
    OFFER_NOT_REACHED = "offer_not_reached"
    OFFER_UNCONFIRMED = "offer_unconfirmed"
    OFFER_WAITING = "offer_waiting"
    OFFER_DECLINED = "offer_declined"
    THINGS_OFFERED = "things_offered"
    THINGS_PART = "things_part"
    THINGS_RECEIVED = "things_received"
    HOURS_OFFERED = "hours_offered"
    HOURS_LOGGED = "hours_logged"
    HOURS_PART = "hours_part"
    HOURS_CONFIRMED = "hours_confirmed"


MEANINGS: Mapping[Status, Meaning] = {
    Status.DISPUTE_OPEN: Meaning(
        Tone.RETURNED, "Your bank holds %(disputed)s while it decides about this payment."
    ),
    Status.DISPUTE_INQUIRY: Meaning(
        Tone.ARRIVED, "Your bank asked about %(disputed)s; nothing has moved."
    ),
    Status.DISPUTE_WON: Meaning(Tone.ARRIVED, "Your bank decided: your gift of %(kept)s stands."),
    Status.CHARGED_BACK: Meaning(
        Tone.RETURNED, "Your bank decided: %(disputed)s went back to you."
    ),
    Status.CHARGED_BACK_PART: Meaning(
        Tone.RETURNED, "Your bank took %(disputed)s back; %(kept)s stays given."
    ),
    Status.REFUND_ON_ITS_WAY: Meaning(Tone.RETURNED, "%(refund)s is on its way back to you."),
    Status.REFUND_FAILED: Meaning(
        Tone.NEEDS_YOU,
        "We could not return %(refund)s to you and still hold it. Please write to us.",
    ),
    Status.REFUNDED: Meaning(
        Tone.RETURNED, "%(refunded)s went back to you; nothing of this gift is left with us."
    ),
    Status.REFUNDED_PART: Meaning(
        Tone.ARRIVED, "%(arrived)s arrived and %(refunded)s went back to you; %(kept)s stays given."
    ),
    Status.REFUNDED_PART_OPEN: Meaning(
        Tone.RECORDED,
        "%(arrived)s arrived and %(refunded)s went back to you; %(open)s is still open.",
    ),
    Status.TAKEN_BACK: Meaning(
        Tone.RETURNED, "Your bank took the payment back; nothing of this gift is left with us."
    ),
    Status.PROCESSING: Meaning(
        Tone.ON_ITS_WAY, "Your bank is moving %(moving)s; it counts once it has arrived."
    ),
    Status.RECORDING: Meaning(
        Tone.ON_ITS_WAY, "Your payment of %(moving)s went through; we are recording it."
    ),
    Status.SAVING_CARD: Meaning(Tone.ON_ITS_WAY, "Your card is being saved."),
    Status.FULFILLED: Meaning(Tone.ARRIVED, "Your %(arrived)s arrived on %(day)s."),
    Status.ALL_PARTS: Meaning(Tone.ARRIVED, "All %(parts)s instalments arrived: %(arrived)s."),
    Status.OVER_FULFILLED: Meaning(
        Tone.ARRIVED, "%(arrived)s arrived, %(more)s more than you pledged."
    ),
    Status.NOT_REACHED: Meaning(
        Tone.ENDED, "The campaign did not reach what it needs. Nothing was charged."
    ),
    Status.NOT_REACHED_PART: Meaning(
        Tone.ENDED,
        "The campaign did not reach what it needs. %(arrived)s had arrived; the remaining %(rest)s "
        "is not charged.",
    ),
    Status.NO_CARD_AT_THE_END: Meaning(
        Tone.ENDED, "The campaign ended before a card was saved. Nothing was charged."
    ),
    Status.EXPIRED: Meaning(
        Tone.ENDED, "Your pledge of %(quantity)s has expired; you owe nothing."
    ),
    Status.EXPIRED_PART: Meaning(
        Tone.ENDED, "%(arrived)s arrived; the remaining %(rest)s has expired, and you owe nothing."
    ),
    Status.CANCELLED: Meaning(
        Tone.ENDED, "Your pledge of %(quantity)s is cancelled; you owe nothing."
    ),
    Status.CANCELLED_PART: Meaning(
        Tone.ENDED, "%(arrived)s arrived and stays given; the remaining %(rest)s is cancelled."
    ),
    Status.WRITTEN_OFF: Meaning(
        Tone.ENDED, "We no longer expect the %(quantity)s that you pledged."
    ),
    Status.WRITTEN_OFF_PART: Meaning(
        Tone.ENDED, "%(arrived)s arrived; we no longer expect the remaining %(rest)s."
    ),
    Status.PAYMENT_RETURNED: Meaning(
        Tone.NOT_PAID, "Your bank sent the payment back, so %(open)s is open again."
    ),
    Status.CARD_NEEDS_YOU: Meaning(
        Tone.NEEDS_YOU, "Your bank refused %(due)s and needs you; it was not taken."
    ),
    Status.CARD_RETRIES: Meaning(
        Tone.NEEDS_YOU, "Your bank refused %(due)s; it was not taken. We try again on %(day)s."
    ),
    Status.REFUSED: Meaning(Tone.NEEDS_YOU, "Your bank refused %(asked)s; it was not taken."),
    Status.NO_CARD: Meaning(
        Tone.NOT_PAID, "No card is saved, so your %(open)s does not count yet; nothing was taken."
    ),
    Status.NO_CARD_FOR_PARTS: Meaning(
        Tone.NOT_PAID, "No card is saved for your %(parts)s parts; nothing was taken."
    ),
    Status.CARD_SAVED: Meaning(
        Tone.RECORDED,
        "Your card is charged %(open)s only if the campaign reaches everything it needs.",
    ),
    Status.CONDITIONAL: Meaning(
        Tone.RECORDED,
        "We ask you for %(open)s only if the campaign reaches everything it needs.",
    ),
    Status.CARD_IS_CHARGED: Meaning(Tone.RECORDED, "Your card is charged %(due)s on %(day)s."),
    Status.PARTS_LATE: Meaning(
        Tone.NOT_PAID, "%(due)s of your parts fell due on %(day)s and has not arrived."
    ),
    Status.PARTS_RUNNING: Meaning(
        Tone.RECORDED,
        "%(paid)s of %(parts)s instalments arrived; the next %(next)s is due on %(day)s.",
    ),
    Status.PART_ARRIVED: Meaning(Tone.RECORDED, "%(arrived)s arrived; %(open)s is open."),
    Status.OVERDUE: Meaning(Tone.NOT_PAID, "Your %(open)s was due on %(day)s and has not arrived."),
    Status.ABANDONED: Meaning(
        Tone.NOT_PAID, "The payment of %(open)s was not finished; nothing was taken."
    ),
    Status.ASKING: Meaning(
        Tone.ON_ITS_WAY, "We are asking the payment provider what became of your %(open)s."
    ),
    Status.NOT_PAID: Meaning(Tone.NOT_PAID, "Your %(open)s is not paid yet; nothing was taken."),
    Status.OPEN: Meaning(Tone.RECORDED, "Your %(open)s has not arrived yet."),
    Status.CONDITIONAL_OFFER: Meaning(
        Tone.RECORDED,
        "Offered: %(open)s. It is needed only if the campaign reaches everything it needs.",
    ),
    Status.OFFER_NOT_REACHED: Meaning(
        Tone.ENDED, "The campaign did not reach what it needs; your offer of %(rest)s has ended."
    ),
    Status.OFFER_UNCONFIRMED: Meaning(Tone.RECORDED, "Offered; confirm your address to count."),
    Status.OFFER_WAITING: Meaning(Tone.RECORDED, "Offered; awaiting the organiser."),
    Status.OFFER_DECLINED: Meaning(Tone.ENDED, "Not needed this time."),
    Status.THINGS_OFFERED: Meaning(
        Tone.RECORDED, "Offered: %(open)s. The hand-over is still to come."
    ),
    Status.THINGS_PART: Meaning(Tone.RECORDED, "%(arrived)s received; %(open)s still to come."),
    Status.THINGS_RECEIVED: Meaning(Tone.ARRIVED, "%(arrived)s received on %(day)s."),
    Status.HOURS_OFFERED: Meaning(Tone.RECORDED, "Offered: %(open)s; none is confirmed yet."),
    Status.HOURS_LOGGED: Meaning(
        Tone.ON_ITS_WAY, "%(logged)s waits for confirmation; %(arrived)s is confirmed."
    ),
    Status.HOURS_PART: Meaning(Tone.RECORDED, "%(arrived)s confirmed; %(open)s still to come."),
    Status.HOURS_CONFIRMED: Meaning(Tone.ARRIVED, "%(arrived)s confirmed on %(day)s."),
}


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
    state: str
    legal_nature: str
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
    attempt: str = ""
    attempt_kind: str = ""
    asked: int = 0
    moving: int = 0
    card: str = ""
    has_card_failed: bool = False
    next_charge_on: date | None = None
    due: int = 0
    due_on: date | None = None
    parts: int = 0
    parts_paid: int = 0
    next_part: int = 0
    campaign: str = ""
    logged: int = 0
    # Of hours and things: whose word is still missing, "giver" or "organiser"; "declined" where
    # the organiser said no.
    acceptance: str = ""
    # Whether the giver is back from a payment page and its provider gave no answer.
    is_unsure: bool = False

    @property
    def open(self) -> int:
        """What is still promised."""
        if self.state not in ("open", "part_fulfilled"):
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
        return Status.PROCESSING if facts.attempt == "processing" else Status.RECORDING
    finished = facts.attempt_kind == "setup" and facts.attempt in ("processing", "succeeded")
    return Status.SAVING_CARD if facts.open and finished and facts.card == "asked" else None


def _of_ended(facts: Facts) -> Status | None:
    arrived = bool(facts.arrived)
    if facts.state == "lapsed":
        if facts.campaign == "failed":
            return Status.NOT_REACHED_PART if arrived else Status.NOT_REACHED
        if facts.campaign == "succeeded" and facts.legal_nature == "conditional" and not arrived:
            return Status.NO_CARD_AT_THE_END
        return Status.EXPIRED_PART if arrived else Status.EXPIRED
    if facts.state == "cancelled":
        return Status.CANCELLED_PART if arrived else Status.CANCELLED
    if facts.state == "written_off":
        return Status.WRITTEN_OFF_PART if arrived else Status.WRITTEN_OFF
    if facts.state == "charged_back":
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
    if facts.due and facts.card == "needs_donor":
        return _at(facts, Status.CARD_NEEDS_YOU)
    if facts.due and facts.card == "saved" and facts.has_card_failed and facts.next_charge_on:
        return _at(facts, Status.CARD_RETRIES, day=facts.next_charge_on)
    if facts.legal_nature == "conditional":
        waiting = {"asked": Status.NO_CARD, "saved": Status.CARD_SAVED}
        return _at(facts, waiting.get(facts.card, Status.CONDITIONAL))
    if facts.card == "saved" and facts.due and facts.next_charge_on:
        return _at(facts, Status.CARD_IS_CHARGED, day=max(facts.next_charge_on, facts.today))
    if facts.attempt == "failed" and facts.asked:
        return _at(facts, Status.REFUSED)
    if facts.is_unsure and facts.attempt in ("created", "open"):
        return _at(facts, Status.ASKING)
    if facts.parts:
        return _of_parts(facts)
    if facts.arrived:
        return _at(facts, Status.PART_ARRIVED)
    if facts.due_on is not None and facts.due_on < facts.today:
        return _at(facts, Status.OVERDUE, day=facts.due_on)
    unpaid = {
        "created": Status.NOT_PAID,
        "open": Status.NOT_PAID,
        "expired": Status.ABANDONED,
    }
    return _at(facts, unpaid.get(facts.attempt, Status.OPEN))


def _of_parts(facts: Facts) -> Standing:
    if facts.card == "asked" and not facts.arrived:
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
    if facts.open and facts.legal_nature == "conditional":
        return Status.CONDITIONAL_OFFER
    if not facts.open:
        return Status.HOURS_CONFIRMED if hours else Status.THINGS_RECEIVED
    if facts.arrived:
        return Status.HOURS_PART if hours else Status.THINGS_PART
    return Status.HOURS_OFFERED if hours else Status.THINGS_OFFERED
