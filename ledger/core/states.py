"""Which move is allowed from which state, for everything that is agreed first and done in steps.

One table per kind of agreement (domain sections 2.2 to 2.5). Must not know the database.
"""

from enum import StrEnum

from ledger.errors import Conflict


class AgreementKind(StrEnum):
    """What is agreed first and done in steps."""

    SPENDING = "spending"
    EXPENSE = "expense"
    GRANT = "grant"
    OUTSIDE_GRANT = "outside_grant"
    LOAN = "loan"
    REFUNDABLE = "refundable"
    CONDITIONAL_ALLOCATION = "conditional_allocation"
    PROMISE = "promise"
    SPONSOR = "sponsor"
    DEPRECIATION = "depreciation"
    PURCHASE = "purchase"
    BANK_DEBIT = "bank_debit"


class AgreementState(StrEnum):
    """How an agreement stands; which of these its kind has, ``MOVES`` says."""

    SUBMITTED = "submitted"
    APPROVED = "approved"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    BILLED = "billed"
    RELEASED = "released"
    CLEARED = "cleared"
    REIMBURSED = "reimbursed"
    WAIVED = "waived"
    ACTIVE = "active"
    CLOSED = "closed"
    PAID = "paid"
    LENT = "lent"
    REPAID = "repaid"
    HELD = "held"
    RETURNED = "returned"
    DUE = "due"
    DONE = "done"
    LAPSED = "lapsed"
    OWED = "owed"
    WRITTEN_OFF = "written_off"
    WORN_OUT = "worn_out"
    ENDED = "ended"
    IN_SERVICE = "in_service"
    PENDING = "pending"
    FAILED = "failed"


class Move(StrEnum):
    """What is done about an agreement, and the name of the step that says so."""

    APPROVE = "approve"
    REJECT = "reject"
    CANCEL = "cancel"
    BILL = "bill"
    RELEASE = "release"
    CLEAR = "clear"
    RETURN = "return"
    REIMBURSE = "reimburse"
    WAIVE = "waive"
    RECEIVE = "receive"
    EARN = "earn"
    CLAIM = "claim"
    CLOSE = "close"
    PAY = "pay"
    COMPLETE = "complete"
    REPAY = "repay"
    EXIT = "exit"
    REACH = "reach"
    WORK = "work"
    LAPSE = "lapse"
    INCREASE = "increase"
    UNWIND = "unwind"
    WRITE_OFF = "write_off"
    MATCH = "match"
    UNMATCH = "unmatch"
    WEAR = "wear"
    END = "end"
    SERVE = "serve"
    FAIL = "fail"


_K, _S = AgreementKind, AgreementState
# (state, move) -> the state after it. What is not here is refused.
MOVES: dict[AgreementKind, dict[tuple[AgreementState, Move], AgreementState]] = {
    _K.SPENDING: {
        (_S.SUBMITTED, Move.APPROVE): _S.APPROVED,
        (_S.SUBMITTED, Move.REJECT): _S.REJECTED,
        (_S.SUBMITTED, Move.CANCEL): _S.CANCELLED,
        (_S.APPROVED, Move.BILL): _S.BILLED,
        (_S.APPROVED, Move.CANCEL): _S.CANCELLED,
        (_S.BILLED, Move.RELEASE): _S.RELEASED,
        (_S.RELEASED, Move.CLEAR): _S.CLEARED,
        (_S.CLEARED, Move.RETURN): _S.BILLED,
    },
    _K.EXPENSE: {
        (_S.SUBMITTED, Move.APPROVE): _S.APPROVED,
        (_S.SUBMITTED, Move.REJECT): _S.REJECTED,
        (_S.SUBMITTED, Move.CANCEL): _S.CANCELLED,
        (_S.APPROVED, Move.REIMBURSE): _S.REIMBURSED,
        (_S.APPROVED, Move.WAIVE): _S.WAIVED,
    },
    _K.GRANT: {
        (_S.ACTIVE, Move.RECEIVE): _S.ACTIVE,
        (_S.ACTIVE, Move.EARN): _S.ACTIVE,
        (_S.ACTIVE, Move.CLAIM): _S.ACTIVE,
        (_S.ACTIVE, Move.RETURN): _S.ACTIVE,
        (_S.ACTIVE, Move.CLOSE): _S.CLOSED,
    },
    _K.OUTSIDE_GRANT: {
        (_S.SUBMITTED, Move.APPROVE): _S.APPROVED,
        (_S.SUBMITTED, Move.REJECT): _S.REJECTED,
        (_S.APPROVED, Move.PAY): _S.APPROVED,
        (_S.APPROVED, Move.COMPLETE): _S.PAID,
    },
    _K.LOAN: {
        (_S.SUBMITTED, Move.APPROVE): _S.LENT,
        (_S.SUBMITTED, Move.REJECT): _S.REJECTED,
        (_S.LENT, Move.REPAY): _S.LENT,
        (_S.LENT, Move.COMPLETE): _S.REPAID,
    },
    _K.REFUNDABLE: {
        (_S.SUBMITTED, Move.APPROVE): _S.HELD,
        (_S.SUBMITTED, Move.REJECT): _S.REJECTED,
        (_S.HELD, Move.EXIT): _S.RETURNED,
    },
    _K.CONDITIONAL_ALLOCATION: {
        (_S.SUBMITTED, Move.APPROVE): _S.APPROVED,
        (_S.SUBMITTED, Move.REJECT): _S.REJECTED,
        (_S.APPROVED, Move.REACH): _S.DUE,
        (_S.APPROVED, Move.WORK): _S.APPROVED,
        (_S.APPROVED, Move.COMPLETE): _S.DONE,
        (_S.APPROVED, Move.LAPSE): _S.LAPSED,
    },
    _K.PROMISE: {
        (_S.SUBMITTED, Move.APPROVE): _S.OWED,
        (_S.SUBMITTED, Move.REJECT): _S.REJECTED,
        (_S.OWED, Move.INCREASE): _S.OWED,
        (_S.OWED, Move.UNWIND): _S.OWED,
        (_S.OWED, Move.WRITE_OFF): _S.WRITTEN_OFF,
    },
    _K.SPONSOR: {
        (_S.SUBMITTED, Move.APPROVE): _S.ACTIVE,
        (_S.SUBMITTED, Move.REJECT): _S.REJECTED,
        (_S.ACTIVE, Move.MATCH): _S.ACTIVE,
        (_S.ACTIVE, Move.UNMATCH): _S.ACTIVE,
    },
    _K.DEPRECIATION: {
        (_S.ACTIVE, Move.WEAR): _S.ACTIVE,
        (_S.ACTIVE, Move.COMPLETE): _S.WORN_OUT,
        (_S.ACTIVE, Move.END): _S.ENDED,
    },
    _K.PURCHASE: {
        (_S.SUBMITTED, Move.APPROVE): _S.BILLED,
        (_S.SUBMITTED, Move.REJECT): _S.REJECTED,
        (_S.BILLED, Move.SERVE): _S.IN_SERVICE,
    },
    _K.BANK_DEBIT: {
        (_S.PENDING, Move.CLEAR): _S.CLEARED,
        (_S.PENDING, Move.FAIL): _S.FAILED,
    },
}


def after(kind: AgreementKind, state: AgreementState, move: Move) -> AgreementState:
    """Return the state after a move. Raises Conflict for a move that the state does not allow."""
    try:
        return MOVES[kind][state, move]
    except KeyError:
        words = move.replace("_", " ")
        raise Conflict(
            "You cannot do this now: “{words}” is not possible while the status is {value}.",
            place="state",
            value=state.replace("_", " "),
            words=words,
        ) from None


def allowed(kind: AgreementKind, state: AgreementState) -> list[Move]:
    """Return the moves that a state allows, in the order of the table."""
    return [move for (before, move) in MOVES[kind] if before == state]
