"""How each event is undone: here by reversal, at its one place, or not at all, with the cure.

One table for every event type that the program can book; a test walks it and fails for one that
it does not hold. The sentences are refusals, so that they are raised and shown in the same words.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from ledger.core.states import MOVES, AgreementKind, Move
from ledger.errors import Conflict
from ledger.queries.payments.payments import FOLLOWED
from ledger.services.accounting.manual_entries import EVENT_TYPES
from ledger.services.undoing import resting, restoring, restoring_things
from ledger.services.undoing.resting import Finder
from ledger.services.undoing.restoring import Restore


class Page(StrEnum):
    """Where an event is undone, or where its cure is."""

    ENTRY = "entry"
    BANK_LINE = "bank_line"
    SUSPENSE = "suspense"
    REFUND = "refund"
    PAYMENTS = "payments"
    REPAY = "repay"
    NEW_PLEDGE = "new_pledge"
    AGREEMENT = "agreement"
    REVERSED = "reversed"
    FUNDS = "funds"


@dataclass(frozen=True, slots=True)
class Here:
    """Undone by reversal, with what rests on it; ``restore`` puts the rows back. ``agreed`` marks
    what two people decide without the entry saying so."""

    rests: Sequence[Finder] = ()
    restore: Sequence[Restore] = ()
    agreed: bool = False


@dataclass(frozen=True, slots=True)
class There:
    """Undone at its one place; ``how`` says what to do there. ``within`` is how it is undone
    together with what it rests on, None where it never is."""

    page: Page
    how: Conflict
    within: Here | None = None


@dataclass(frozen=True, slots=True)
class Never:
    """Not undone; ``why`` says the reason and the cure, which is found on a page."""

    page: Page
    why: Conflict


Way = Here | There | Never

_PLEDGES = restoring.fulfilments
_PLAIN = Here(restore=(_PLEDGES,))
_BANK = Here(
    (resting.on_deposit, resting.on_line, resting.owed_back),
    (_PLEDGES, restoring.gift_of_list, restoring.arrival),
)

_CHARGE = Never(
    Page.REFUND,
    Conflict("Stripe has taken this payment, so it stays in the books. Refund the donor instead."),
)
_BANK_DEBIT = Never(
    Page.PAYMENTS,
    Conflict(
        "The donor’s bank decides about this payment, and the books follow. Refund the donor once "
        "the payment has cleared."
    ),
)
_PAYOUT = Never(
    Page.PAYMENTS,
    Conflict(
        "Stripe has paid this out. If the payout fails, Stripe returns the money and this is "
        "reversed automatically."
    ),
)
_GOAL = Never(
    Page.FUNDS,
    Conflict(
        "This followed when its campaign ended. Move the money to another fund, or refund the "
        "donor."
    ),
)

_STRIPE: dict[str, Way] = {
    "payment_settled": _CHARGE,
    "gift_settled": _CHARGE,
    "money_held": _CHARGE,
    "promise_recovered": _CHARGE,
    "debit_started": _BANK_DEBIT,
    "bank_debit_clear": _BANK_DEBIT,
    "bank_debit_fail": _BANK_DEBIT,
    "debit_returned": _BANK_DEBIT,
    "refund_settled": Never(
        Page.PAYMENTS,
        Conflict("Stripe has returned this money to the donor. Ask the donor to contribute again."),
    ),
    "refund_bounced": Never(
        Page.REPAY,
        Conflict("This refund came back from Stripe. Pay the donor by bank transfer instead."),
    ),
    "dispute_moved": Never(
        Page.PAYMENTS,
        Conflict(
            "The donor’s bank has disputed this payment. Answer the dispute at Stripe; if you win "
            "it, the money is booked again."
        ),
    ),
    "payout_created": _PAYOUT,
    "payout_failed": _PAYOUT,
    "stripe_fee": Never(
        Page.PAYMENTS,
        Conflict("Stripe has charged this fee. If Stripe waives it, the credit is booked."),
    ),
    "balance_topped_up": Never(
        Page.PAYMENTS,
        Conflict("Stripe has taken this top-up from the bank. Pay it out again at Stripe."),
    ),
    "reserve_moved": Never(
        Page.PAYMENTS,
        Conflict("Stripe holds this money in reserve, and releases it on the day it has named."),
    ),
    "movement_suspended": There(
        Page.SUSPENSE,
        Conflict("This payment waits to be categorised. Say which fund it was for."),
    ),
    "suspense_named": Here(restore=(restoring.suspense,)),
    "refund_owed": Here(restore=(restoring.owed,)),
    "host_fee": Here(),
}

_BANKING: dict[str, Way] = {
    "transfer_received": _BANK,
    "gift_with_reclaim": _BANK,
    "reclaim_received": _BANK,
    "receipt_unidentified": _BANK,
    "receipt_identified": _BANK,
    "bank_charge": _BANK,
    "interest_received": _BANK,
    "own_transfer_sent": _BANK,
    "own_transfer_arrived": _BANK,
    "held_for_others": _BANK,
    "given_to_others": _BANK,
    "cost_paid_without_bill": _BANK,
    "cost_refunded": _BANK,
    "payout_arrived": _BANK,
    "owed_refund_repaid": Here(restore=(_PLEDGES, restoring.repaid)),
    "cash_received": _BANK,
    "cash_banked": Here((resting.on_deposit,), (restoring.deposit,)),
    "cheque_bounced": Here(restore=(_PLEDGES, restoring.bounce)),
}

_PROMISES: dict[str, Way] = {
    "pledge_made": Here((resting.on_pledge,), (restoring.pledge_made,)),
    "pledge_cancelled": Here(restore=(restoring.pledge_open,)),
    "pledge_lapsed": Never(
        Page.NEW_PLEDGE,
        Conflict("This pledge expired on its day. If the donor still intends to pay, record a "
                 "new pledge."),
    ),
    "pledge_kept_early": Never(
        Page.FUNDS,
        Conflict("This followed from the payment of the pledge. It goes back with the payment."),
    ),
    "condition_met": _GOAL,
    "goal_reached": _GOAL,
    "goal_missed": _GOAL,
    "allowance": Here(),
}  # fmt: skip

_THINGS: dict[str, Way] = {
    "items_received": Here((resting.on_things,), (_PLEDGES, restoring_things.received)),
    "small_gift_received": Here(
        (resting.on_things,), (restoring.valued, restoring_things.received)
    ),
    "items_valued": Here((resting.on_things,), (restoring_things.appraised,)),
    "item_lent": Here((resting.on_loan,), (restoring_things.lent,)),
    "item_returned": Here((resting.on_things,), (restoring_things.returned,)),
    "free_use": Here(restore=(restoring.valued,)),
    "damaged_return": Here((resting.on_things,), (restoring_things.came_back_damaged,)),
    "disposal": Here(restore=(restoring_things.let_go,)),
    "giving_on": Here((resting.on_things,), (restoring_things.given_on,)),
    "material_received": Here(restore=(restoring.valued,)),
    "material_used": Here(),
    "hours_confirmed": Here(
        (resting.on_hours,), (_PLEDGES, restoring.steps, restoring.hours)
    ),
    "hours_corrected": Here(),
}  # fmt: skip

_BOOKS: dict[str, Way] = {
    "opening_balances": Here((resting.on_things,), (restoring_things.opened,)),
    "release": Here(),
    "designation": Here(),
    "foreign_gift": Here(),
    "foreign_sold": Here(),
    "revaluation": Here(),
    "history": Here(),
    **{name: Here() for name in EVENT_TYPES},
    FOLLOWED: Never(
        Page.FUNDS,
        Conflict("This took money along that was moved to another fund. Move it back there."),
    ),
    "reversal": Never(
        Page.REVERSED,
        Conflict("A reversal stays. If it was wrong, book the original entry again."),
    ),
}

_BETWEEN: dict[str, Way] = {
    "grant_made": Here((resting.same_reference("grant_settled"),)),
    "grant_settled": Here(),
    "cost_paid": Here((resting.same_reference("cost_shared"),)),
    "cost_shared": Here(),
    "contribution_made": Here((resting.same_reference("contribution_settled"),)),
    "contribution_settled": Here(),
    "allocation_made": Here((resting.settled_shares,), (restoring.allocation,)),
    "allocation_settled": Here(restore=(restoring.share_paid,)),
    "allocations_settled": Here((resting.settlement_rounds,), (restoring.shares_paid,)),
    "allocation_returned": Here(),
    "grant_awarded": Here((resting.grant_steps,), (restoring.grant_award,)),
}

_STEP = Here((resting.steps_after,), (_PLEDGES, restoring.steps))
_WITH_PROMISE = There(
    Page.AGREEMENT,
    Conflict(
        "This is booked automatically for its agreement, and is undone together with it. Undo the "
        "approval of the agreement."
    ),
    _STEP,
)
_SPECIAL: dict[tuple[AgreementKind, Move], Way] = {
    (AgreementKind.PROMISE, Move.APPROVE): Here(
        (resting.steps_after, resting.on_pledge), (restoring.promise, restoring.steps)
    ),
    (AgreementKind.PROMISE, Move.INCREASE): Here(
        (resting.steps_after,), (restoring.increase, restoring.steps), agreed=True
    ),
    (AgreementKind.PROMISE, Move.WRITE_OFF): Here(
        (resting.steps_after,), (restoring.write_off, restoring.steps), agreed=True
    ),
    (AgreementKind.PROMISE, Move.UNWIND): _WITH_PROMISE,
    (AgreementKind.DEPRECIATION, Move.WEAR): Here(
        (resting.steps_after, resting.on_things), (restoring.steps,)
    ),
    (AgreementKind.SPONSOR, Move.MATCH): There(
        Page.AGREEMENT,
        Conflict(
            "The sponsor owes this because of other contributions. Undo or refund those, and the "
            "match is reduced."
        ),
        _STEP,
    ),
    (AgreementKind.SPONSOR, Move.UNMATCH): There(
        Page.AGREEMENT,
        Conflict("This followed when a matched contribution went back. It is not undone alone."),
        _STEP,
    ),
    (AgreementKind.BANK_DEBIT, Move.CLEAR): _BANK_DEBIT,
    (AgreementKind.BANK_DEBIT, Move.FAIL): _BANK_DEBIT,
}
# Moves that never book anything.
SILENT = (Move.REJECT, Move.COMPLETE, Move.END, Move.CLOSE, Move.LAPSE)

_STEPS: dict[str, Way] = {
    f"{kind}_{move}": _SPECIAL.get((kind, move), _STEP)
    for kind, moves in MOVES.items()
    for (_state, move) in moves
    if move not in SILENT
}

WAYS: dict[str, Way] = {
    **_STEPS,
    **_STRIPE,
    **_BANKING,
    **_PROMISES,
    **_THINGS,
    **_BOOKS,
    **_BETWEEN,
}
# Events of before the programs of today, and of other systems that came in with bulk imports.
OTHER = Here()
# Sources whose entries carry names that somebody else chose.
FOREIGN = ("import", "api")


def reversal_of(way: Way) -> Here | None:
    """Return how an event is reversed, None where it is not."""
    if isinstance(way, There):
        return way.within
    return way if isinstance(way, Here) else None


def way_of(event_type: str, source: str) -> Way:
    """Return how an event of this type is undone. Raises LookupError for one that is not listed:
    a fault of the program."""
    if source in FOREIGN and event_type not in WAYS:
        return OTHER
    return WAYS[event_type]
