"""Which move is allowed from which state, for everything that is agreed first and done in steps.

One table per kind of commitment (domain sections 2.2 to 2.5). Must not know the database.
"""

from ledger.errors import Conflict

# (state, move) -> the state after it. What is not here is refused.
MOVES: dict[str, dict[tuple[str, str], str]] = {
    "spending": {
        ("submitted", "approve"): "approved",
        ("submitted", "reject"): "rejected",
        ("submitted", "cancel"): "cancelled",
        ("approved", "bill"): "billed",
        ("approved", "cancel"): "cancelled",
        ("billed", "release"): "released",
        ("released", "clear"): "cleared",
        ("cleared", "return"): "billed",
    },
    "expense": {
        ("submitted", "approve"): "approved",
        ("submitted", "reject"): "rejected",
        ("submitted", "cancel"): "cancelled",
        ("approved", "reimburse"): "reimbursed",
        ("approved", "waive"): "waived",
    },
    "grant": {
        ("active", "receive"): "active",
        ("active", "earn"): "active",
        ("active", "claim"): "active",
        ("active", "return"): "active",
        ("active", "close"): "closed",
    },
    "outside_grant": {
        ("submitted", "approve"): "approved",
        ("submitted", "reject"): "rejected",
        ("approved", "pay"): "approved",
        ("approved", "complete"): "paid",
    },
    "loan": {
        ("submitted", "approve"): "lent",
        ("submitted", "reject"): "rejected",
        ("lent", "repay"): "lent",
        ("lent", "complete"): "repaid",
    },
    "refundable": {
        ("submitted", "approve"): "held",
        ("submitted", "reject"): "rejected",
        ("held", "exit"): "returned",
    },
    "conditional_allocation": {
        ("submitted", "approve"): "approved",
        ("submitted", "reject"): "rejected",
        ("approved", "reach"): "due",
        ("approved", "work"): "approved",
        ("approved", "complete"): "done",
        ("approved", "lapse"): "lapsed",
    },
    "promise": {
        ("submitted", "approve"): "owed",
        ("submitted", "reject"): "rejected",
        ("owed", "increase"): "owed",
        ("owed", "unwind"): "owed",
        ("owed", "write_off"): "written_off",
    },
    "sponsor": {
        ("submitted", "approve"): "active",
        ("submitted", "reject"): "rejected",
        ("active", "match"): "active",
        ("active", "unmatch"): "active",
    },
    "depreciation": {
        ("active", "wear"): "active",
        ("active", "complete"): "worn_out",
        ("active", "end"): "ended",
    },
    "purchase": {
        ("submitted", "approve"): "billed",
        ("submitted", "reject"): "rejected",
        ("billed", "serve"): "in_service",
    },
    "bank_debit": {
        ("pending", "clear"): "cleared",
        ("pending", "fail"): "failed",
    },
}


def after(kind: str, state: str, move: str) -> str:
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


def allowed(kind: str, state: str) -> list[str]:
    """Return the moves that a state allows, in the order of the table."""
    return [move for (before, move) in MOVES[kind] if before == state]
