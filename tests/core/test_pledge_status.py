"""One true sentence for each state of a pledge; docs/pledge-states.md lists the same."""

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.core.amount import plain_text
from ledger.core.pledge_sentences import MEANINGS, Status, Tone
from ledger.core.pledge_status import Facts, standing_of
from ledger.core.recurring_status import MEANINGS as GIFT_MEANINGS
from ledger.core.recurring_status import GiftFacts, GiftStatus, gift_standing
from ledger.core.vocabulary import (
    AttemptKind,
    AttemptState,
    CampaignState,
    LegalNature,
    MandateState,
    PledgeState,
    RecurringState,
)

TODAY, LATER, BEFORE = date(2026, 11, 2), date(2026, 11, 9), date(2026, 10, 1)
OPEN = Facts("money", "USD", PledgeState.OPEN, LegalNature.INTENTION, 6000, TODAY)
PAID = replace(OPEN, state=PledgeState.FULFILLED, arrived=6000, arrived_on=BEFORE)
PART = replace(OPEN, state=PledgeState.PART_FULFILLED, arrived=4000, arrived_on=BEFORE)
GATED = replace(OPEN, legal_nature=LegalNature.CONDITIONAL, campaign=CampaignState.LIVE)
PARTS = replace(OPEN, parts=12, next_part=500, due_on=LATER)
THINGS = Facts("things", "EQP.LADDER", PledgeState.OPEN, LegalNature.INTENTION, 3, TODAY)
HOURS = Facts("hours", "MIN.ELEC", PledgeState.OPEN, LegalNature.INTENTION, 360, TODAY)
# Status → facts of a pledge in it, and its sentence.
CASES: dict[Status, tuple[Facts, str]] = {
    Status.DISPUTE_OPEN: (
        replace(PAID, dispute="open", disputed=6000),
        "Your bank holds 60.00 USD while it decides about this payment.",
    ),
    Status.DISPUTE_INQUIRY: (
        replace(PAID, dispute="inquiry", disputed=6000),
        "Your bank asked about 60.00 USD; nothing has moved.",
    ),
    Status.DISPUTE_WON: (
        replace(PAID, dispute="won", disputed=6000),
        "Your bank decided: your gift of 60.00 USD stands.",
    ),
    Status.CHARGED_BACK: (
        replace(PAID, state=PledgeState.CHARGED_BACK, dispute="lost", disputed=6000, is_gone=True),
        "Your bank decided: 60.00 USD went back to you.",
    ),
    Status.CHARGED_BACK_PART: (
        replace(PAID, dispute="lost", disputed=2500),
        "Your bank took 25.00 USD back; 35.00 USD stays given.",
    ),
    Status.REFUND_ON_ITS_WAY: (
        replace(PAID, refund_sent=6000),
        "60.00 USD is on its way back to you.",
    ),
    Status.REFUND_FAILED: (
        replace(PAID, refunded=6000, refund_failed=6000, is_gone=True),
        "We could not return 60.00 USD to you and still hold it. Please write to us.",
    ),
    Status.REFUNDED: (
        replace(PAID, refunded=6000, is_gone=True),
        "60.00 USD went back to you; nothing of this gift is left with us.",
    ),
    Status.REFUNDED_PART: (
        replace(PAID, refunded=2000),
        "60.00 USD arrived and 20.00 USD went back to you; 40.00 USD stays given.",
    ),
    Status.REFUNDED_PART_OPEN: (
        replace(PART, refunded=1000),
        "40.00 USD arrived and 10.00 USD went back to you; 20.00 USD is still open.",
    ),
    Status.TAKEN_BACK: (
        replace(PAID, is_gone=True),
        "Your bank took the payment back; nothing of this gift is left with us.",
    ),
    Status.PROCESSING: (
        replace(OPEN, attempt=AttemptState.PROCESSING, moving=6000),
        "Your bank is moving 60.00 USD; it counts once it has arrived.",
    ),
    Status.RECORDING: (
        replace(OPEN, attempt=AttemptState.SUCCEEDED, moving=6000),
        "Your payment of 60.00 USD went through; we are recording it.",
    ),
    Status.SAVING_CARD: (
        replace(
            GATED,
            attempt=AttemptState.SUCCEEDED,
            attempt_kind=AttemptKind.SETUP,
            card=MandateState.ASKED,
        ),
        "Your card is being saved.",
    ),
    Status.FULFILLED: (PAID, "Your 60.00 USD arrived on 2026-10-01."),
    Status.ALL_PARTS: (
        replace(PAID, parts=12, parts_paid=12),
        "All 12 instalments arrived: 60.00 USD.",
    ),
    Status.OVER_FULFILLED: (
        replace(PAID, state=PledgeState.OVER_FULFILLED, arrived=7000),
        "70.00 USD arrived, 10.00 USD more than you pledged.",
    ),
    Status.NOT_REACHED: (
        replace(GATED, state=PledgeState.LAPSED, campaign=CampaignState.FAILED),
        "The campaign did not reach what it needs. Nothing was charged.",
    ),
    Status.NOT_REACHED_PART: (
        replace(GATED, state=PledgeState.LAPSED, campaign=CampaignState.FAILED, arrived=4000),
        "The campaign did not reach what it needs. 40.00 USD had arrived; the remaining "
        "20.00 USD is not charged.",
    ),
    Status.NO_CARD_AT_THE_END: (
        replace(
            GATED,
            state=PledgeState.LAPSED,
            campaign=CampaignState.SUCCEEDED,
            card=MandateState.ASKED,
        ),
        "The campaign ended before a card was saved. Nothing was charged.",
    ),
    Status.EXPIRED: (
        replace(OPEN, state=PledgeState.LAPSED),
        "Your pledge of 60.00 USD has expired; you owe nothing.",
    ),
    Status.EXPIRED_PART: (
        replace(PART, state=PledgeState.LAPSED),
        "40.00 USD arrived; the remaining 20.00 USD has expired, and you owe nothing.",
    ),
    Status.CANCELLED: (
        replace(OPEN, state=PledgeState.CANCELLED),
        "Your pledge of 60.00 USD is cancelled; you owe nothing.",
    ),
    Status.CANCELLED_PART: (
        replace(PART, state=PledgeState.CANCELLED),
        "40.00 USD arrived and stays given; the remaining 20.00 USD is cancelled.",
    ),
    Status.WRITTEN_OFF: (
        replace(OPEN, state=PledgeState.WRITTEN_OFF),
        "We no longer expect the 60.00 USD that you pledged.",
    ),
    Status.WRITTEN_OFF_PART: (
        replace(PART, state=PledgeState.WRITTEN_OFF),
        "40.00 USD arrived; we no longer expect the remaining 20.00 USD.",
    ),
    Status.PAYMENT_RETURNED: (
        replace(OPEN, was_returned=True, attempt=AttemptState.POSTED),
        "Your bank sent the payment back, so 60.00 USD is open again.",
    ),
    Status.CARD_NEEDS_YOU: (
        replace(OPEN, card=MandateState.NEEDS_DONOR, has_card_failed=True, due=6000),
        "Your bank refused 60.00 USD and needs you; it was not taken.",
    ),
    Status.CARD_RETRIES: (
        replace(
            OPEN, card=MandateState.SAVED, has_card_failed=True, due=6000, next_charge_on=LATER
        ),
        "Your bank refused 60.00 USD; it was not taken. We try again on 2026-11-09.",
    ),
    Status.REFUSED: (
        replace(OPEN, attempt=AttemptState.FAILED, asked=6000),
        "Your bank refused 60.00 USD; it was not taken.",
    ),
    Status.ASKING: (
        replace(OPEN, attempt=AttemptState.OPEN, asked=6000, is_unsure=True),
        "We are asking the payment provider what became of your 60.00 USD.",
    ),
    Status.NO_CARD: (
        replace(GATED, card=MandateState.ASKED),
        "No card is saved, so your 60.00 USD does not count yet; nothing was taken.",
    ),
    Status.NO_CARD_FOR_PARTS: (
        replace(PARTS, card=MandateState.ASKED),
        "No card is saved for your 12 parts; nothing was taken.",
    ),
    Status.CARD_SAVED: (
        replace(GATED, card=MandateState.SAVED),
        "Your card is charged 60.00 USD only if the campaign reaches everything it needs.",
    ),
    Status.CONDITIONAL: (
        GATED,
        "We ask you for 60.00 USD only if the campaign reaches everything it needs.",
    ),
    Status.CARD_IS_CHARGED: (
        replace(
            OPEN,
            campaign=CampaignState.SUCCEEDED,
            card=MandateState.SAVED,
            due=6000,
            next_charge_on=TODAY,
        ),
        "Your card is charged 60.00 USD on 2026-11-02.",
    ),
    Status.PARTS_LATE: (
        replace(PARTS, arrived=500, parts_paid=1, due=500, due_on=BEFORE),
        "5.00 USD of your parts fell due on 2026-10-01 and has not arrived.",
    ),
    Status.PARTS_RUNNING: (
        replace(PARTS, arrived=500, parts_paid=1),
        "1 of 12 instalments arrived; the next 5.00 USD is due on 2026-11-09.",
    ),
    Status.PART_ARRIVED: (PART, "40.00 USD arrived; 20.00 USD is open."),
    Status.OVERDUE: (
        replace(OPEN, due_on=BEFORE),
        "Your 60.00 USD was due on 2026-10-01 and has not arrived.",
    ),
    Status.ABANDONED: (
        replace(OPEN, attempt=AttemptState.EXPIRED, asked=6000),
        "The payment of 60.00 USD was not finished; nothing was taken.",
    ),
    Status.NOT_PAID: (
        replace(OPEN, attempt=AttemptState.OPEN, asked=6000),
        "Your 60.00 USD is not paid yet; nothing was taken.",
    ),
    Status.OPEN: (OPEN, "Your 60.00 USD has not arrived yet."),
    Status.CONDITIONAL_OFFER: (
        replace(THINGS, legal_nature=LegalNature.CONDITIONAL, campaign=CampaignState.LIVE),
        "Offered: 3 ladder. It is needed only if the campaign reaches everything it needs.",
    ),
    Status.OFFER_NOT_REACHED: (
        replace(
            HOURS,
            state=PledgeState.LAPSED,
            legal_nature=LegalNature.CONDITIONAL,
            campaign=CampaignState.FAILED,
        ),
        "The campaign did not reach what it needs; your offer of 6 h has ended.",
    ),
    Status.OFFER_UNCONFIRMED: (
        replace(HOURS, acceptance="giver"),
        "Offered; confirm your address to count.",
    ),
    Status.OFFER_WAITING: (
        replace(THINGS, acceptance="organiser"),
        "Offered; awaiting the organiser.",
    ),
    Status.OFFER_DECLINED: (
        replace(HOURS, state=PledgeState.CANCELLED, acceptance="declined"),
        "Not needed this time.",
    ),
    Status.THINGS_OFFERED: (THINGS, "Offered: 3 ladder. The hand-over is still to come."),
    Status.THINGS_PART: (
        replace(THINGS, state=PledgeState.PART_FULFILLED, arrived=2),
        "2 ladder received; 1 ladder still to come.",
    ),
    Status.THINGS_RECEIVED: (
        replace(THINGS, state=PledgeState.FULFILLED, arrived=3, arrived_on=BEFORE),
        "3 ladder received on 2026-10-01.",
    ),
    Status.HOURS_OFFERED: (HOURS, "Offered: 6 h; none is confirmed yet."),
    Status.HOURS_LOGGED: (
        replace(HOURS, state=PledgeState.PART_FULFILLED, arrived=120, logged=90),
        "1 h 30 min waits for confirmation; 2 h is confirmed.",
    ),
    Status.HOURS_PART: (
        replace(HOURS, state=PledgeState.PART_FULFILLED, arrived=120),
        "2 h confirmed; 4 h still to come.",
    ),
    Status.HOURS_CONFIRMED: (
        replace(HOURS, state=PledgeState.FULFILLED, arrived=360, arrived_on=BEFORE),
        "6 h confirmed on 2026-10-01.",
    ),
}
GIFT = GiftFacts("USD", 1000, RecurringState.ACTIVE, 3000, TODAY, has_paid=True, next_on=LATER)
GIFTS: dict[GiftStatus, tuple[GiftFacts, str]] = {
    GiftStatus.NOT_STARTED: (
        replace(GIFT, state=RecurringState.ASKED, given=0, has_paid=False),
        "Your recurring contribution has not started; nothing was taken.",
    ),
    GiftStatus.STARTING: (
        replace(GIFT, state=RecurringState.ASKED, is_asked=True, has_paid=False),
        "Your recurring contribution is being set up.",
    ),
    GiftStatus.FIRST_ON_ITS_WAY: (
        replace(GIFT, given=0, has_paid=False),
        "Your first payment of 10.00 USD is on its way into the books.",
    ),
    GiftStatus.ACTIVE: (
        GIFT,
        "30.00 USD given so far; the next 10.00 USD is taken on 2026-11-09.",
    ),
    GiftStatus.PAST_DUE: (
        replace(GIFT, state=RecurringState.PAST_DUE, has_failed=True),
        "Your bank refused 10.00 USD; you owe nothing, and it is tried again.",
    ),
    GiftStatus.PAUSED: (
        replace(GIFT, state=RecurringState.PAUSED, next_on=None),
        "Paused; nothing is taken until you resume it. 30.00 USD given so far.",
    ),
    GiftStatus.PAUSED_UNTIL: (
        replace(GIFT, state=RecurringState.PAUSED, resumes_on=LATER),
        "Paused until 2026-11-09. 30.00 USD given so far.",
    ),
    GiftStatus.STOPPED: (
        replace(GIFT, state=RecurringState.STOPPED, next_on=None),
        "This gift has ended and nothing more is taken; 30.00 USD stays given.",
    ),
    GiftStatus.STOPPED_UNPAID: (
        replace(GIFT, state=RecurringState.STOPPED, has_failed=True),
        "This gift ended because payments kept failing; 30.00 USD stays given.",
    ),
}


def said(facts: Facts) -> str:
    return standing_of(facts).words(plain_text, date.isoformat)


@pytest.mark.parametrize("status", list(Status))
def test_each_status_has_one_sentence(status: Status) -> None:
    facts, sentence = CASES[status]
    assert (standing_of(facts).status, said(facts)) == (status, sentence)


@pytest.mark.parametrize("status", list(GiftStatus))
def test_each_status_of_a_regular_gift_has_one_sentence(status: GiftStatus) -> None:
    facts, sentence = GIFTS[status]
    found = gift_standing(facts)
    assert (found.status, found.words(plain_text, date.isoformat)) == (status, sentence)


def rows_of_the_document() -> dict[str, tuple[str, str]]:
    """Status → (tone, sentence) as docs/pledge-states.md says."""
    text = Path("docs/pledge-states.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \| ([^|]+) \| [^|]+ \|$", text, re.MULTILINE)
    return {status: (tone.strip(), sentence.strip()) for status, tone, sentence in rows}


def test_the_document_lists_every_status_with_its_sentence() -> None:
    told = [*MEANINGS.items(), *GIFT_MEANINGS.items()]
    assert rows_of_the_document() == {
        status.value: (
            meaning.tone.value.replace("_", " "),
            re.sub(r"%\((\w+)\)s", r"{\1}", meaning.sentence),
        )
        for status, meaning in told
    }


FACTS = st.builds(
    Facts,
    kind=st.just("money"),
    commodity=st.just("USD"),
    state=st.sampled_from(
        (
            *("open", "part_fulfilled", "fulfilled", "over_fulfilled"),
            *("lapsed", "cancelled", "written_off", "charged_back"),
        )
    ),
    legal_nature=st.sampled_from(("intention", "conditional", "unconditional")),
    quantity=st.integers(2, 9000),
    today=st.just(TODAY),
    arrived=st.integers(0, 9000),
    refunded=st.integers(0, 9000),
    was_returned=st.booleans(),
    is_gone=st.booleans(),
    refund_sent=st.integers(0, 3),
    refund_failed=st.integers(0, 3),
    dispute=st.sampled_from(("", "open", "inquiry", "won", "lost")),
    disputed=st.integers(0, 9000),
    attempt=st.sampled_from(
        ("", "created", "open", "processing", "succeeded", "failed", "expired")
    ),
    attempt_kind=st.sampled_from(("", "checkout", "setup", "off_session")),
    asked=st.integers(0, 9000),
    moving=st.integers(0, 9000),
    card=st.sampled_from(("", "asked", "saved", "needs_donor", "ended")),
    has_card_failed=st.booleans(),
    next_charge_on=st.sampled_from((None, TODAY, LATER)),
    due=st.integers(0, 9000),
    due_on=st.sampled_from((None, BEFORE, LATER)),
    parts=st.sampled_from((0, 12)),
    campaign=st.sampled_from(("", "live", "succeeded", "failed", "closed")),
)


def consistent(facts: Facts) -> Facts:
    """What a pledge of this state can have received."""
    arrived = {
        "open": 0,
        "part_fulfilled": facts.arrived % (facts.quantity - 1) + 1,
        "fulfilled": facts.quantity,
        "over_fulfilled": facts.quantity + 1,
        "charged_back": facts.quantity,
    }.get(facts.state, facts.arrived % facts.quantity)
    moving = facts.moving if facts.attempt in ("processing", "succeeded") else 0
    return replace(
        facts,
        arrived=arrived,
        refunded=min(facts.refunded, arrived),
        disputed=min(facts.disputed, arrived),
        dispute=facts.dispute if arrived else "",
        is_gone=facts.is_gone and arrived > 0,
        moving=moving,
    )


GONE = (Status.CHARGED_BACK, Status.REFUNDED, Status.TAKEN_BACK)


@given(facts=FACTS.map(consistent))
def test_no_sentence_says_what_the_facts_deny(facts: Facts) -> None:
    found = standing_of(facts)
    sentence = said(facts)
    # Nothing is left to fill in, and nothing is negative.
    assert "%(" not in sentence
    assert "-" not in sentence.replace("2026-", "").replace("-0", "").replace("-1", "")
    if "nothing was taken" in sentence or "Nothing was charged" in sentence:
        assert not facts.arrived
        assert not facts.moving
    if found.tone is Tone.ARRIVED:
        assert facts.arrived
        assert found.status not in GONE
    if found.status in (Status.FULFILLED, Status.ALL_PARTS, Status.OVER_FULFILLED):
        assert not facts.refunded
        assert not facts.is_gone
        assert facts.dispute not in ("open", "inquiry")
        assert facts.state not in ("lapsed", "cancelled", "written_off", "charged_back")
    if facts.state in ("lapsed", "cancelled", "written_off"):
        assert "is open" not in sentence
    if facts.open and not facts.arrived and not facts.refunded and not facts.dispute:
        assert "stays given" not in sentence
