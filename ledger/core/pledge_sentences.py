"""The statuses of a pledge, and the sentence and tone with which its giver is told each.

``core.pledge_status`` decides which one holds; ``docs/pledge-states.md`` lists them. Sentences have
places for figures: whoever shows one writes its figures and translates it. Must not know a page.
"""

from collections.abc import Mapping
from dataclasses import dataclass
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
