"""Disputes: inquiries, chargebacks, the answer to them, and how they end.

Opening a chargeback takes the money and a fee at once, an inquiry takes nothing. A returned
bank debit is a dispute that is lost at once. Whether a fee comes back when a dispute is won is
the setting ``won_returns_fee`` (nothing, ``inside`` the reversal, ``apart``): Stripe's own pages
differ. Must not decide who is right.
"""

from ledger.sandbox import balance, charges
from ledger.sandbox.errors import ApiError
from ledger.sandbox.events import emit, public
from ledger.sandbox.params import boolean, group, merged
from ledger.sandbox.store import Object, Store
from ledger.sandbox.supported import EVIDENCE

DAY = 86_400
ANSWER_SECONDS = 7 * DAY
OPEN = ("needs_response", "warning_needs_response")
ANSWERED = ("under_review", "warning_under_review")
# What the text of the evidence makes of a test dispute.
WORDS = {
    "winning_evidence": "won",
    "losing_evidence": "lost",
    "escalate_inquiry_evidence": "escalated",
}


def open_one(
    store: Store, charge: Object, reason: str, *, amount: int | None = None, inquiry: bool = False
) -> Object:
    """Dispute all or part of a charge. Raises ApiError beyond what was not refunded."""
    rest = charge["amount_captured"] - charge["amount_refunded"]
    wanted = rest if amount is None else amount
    if not charge["paid"] or charge["disputed"] or not 0 < wanted <= rest:
        raise ApiError("This charge cannot be disputed, or not to this amount.", param="charge")
    card = charge["payment_method_details"]["type"] == "card"
    if inquiry and not card:
        raise ApiError("A bank debit is disputed without an inquiry.", param="inquiry")
    made = store.add(
        "dispute", "dp" if card else "du", _fresh(store, charge, reason, wanted, inquiry=inquiry)
    )
    charge |= {"disputed": True, "_inquired": inquiry}
    store.save(charge)
    emit(store, "charge.dispute.created", made)
    if not inquiry:
        _withdraw(store, made)
    if not card:
        # A bank debit that its holder's bank returns cannot be contested.
        _end(store, made, "lost")
    return made


def follow_card(store: Store, charge_id: str, reason: str) -> bool:
    """Open the dispute that a test card brings about."""
    charge = store.get("charge", charge_id)
    if charge is None or charge["disputed"]:
        return False
    inquiry = reason == "inquiry"
    open_one(store, charge, "fraudulent" if inquiry else reason, inquiry=inquiry)
    return True


def update(store: Store, params: Object, dispute_id: str) -> Object:
    """Stage evidence or, unless ``submit`` is false, send it to the bank. Raises ApiError."""
    dispute = store.need("dispute", dispute_id, param="dispute")
    dispute["metadata"] = merged(dispute["metadata"], params)
    given = group(params, "evidence")
    if given and dispute["status"] not in OPEN:
        raise ApiError("This dispute takes no evidence any more.", code="resource_already_exists")
    dispute["evidence"] |= {name: value or None for name, value in given.items()}
    details = dispute["evidence_details"]
    details["has_evidence"] = any(dispute["evidence"][name] for name in EVIDENCE)
    if details["has_evidence"] and boolean({"submit": "true", **params}, "submit"):
        _submit(store, dispute)
    emit(store, "charge.dispute.updated", store.save(dispute))
    return dispute


def close(store: Store, _params: Object, dispute_id: str) -> Object:
    """Give in: the dispute is lost."""
    dispute = store.need("dispute", dispute_id, param="dispute")
    if dispute["status"] not in OPEN:
        raise ApiError("This dispute is closed or under review already.")
    return end(store, dispute, "warning_closed" if _warning(dispute) else "lost")


def end(store: Store, dispute: Object, outcome: str) -> Object:
    """Let a dispute be won or lost, an inquiry be closed (``warning_closed``) or escalated."""
    if dispute["status"] not in (*OPEN, *ANSWERED):
        raise ApiError(f"This dispute has ended: {dispute['status']}.", param="dispute")
    if outcome == "escalated":
        return _escalate(store, dispute)
    if outcome == "lost" and _warning(dispute):
        outcome = "warning_closed"
    if outcome not in ("won", "lost", "warning_closed") or (
        _warning(dispute) != (outcome == "warning_closed")
    ):
        raise ApiError(f"This dispute cannot end as {outcome}.", param="outcome")
    return _end(store, dispute, outcome)


def end_by_evidence(store: Store, dispute_id: str) -> bool:
    """End a test dispute as the words of its evidence say."""
    dispute = store.need("dispute", dispute_id)
    words = dispute["evidence"]["uncategorized_text"]
    if dispute["status"] not in ANSWERED or words not in WORDS:
        return False
    end(store, dispute, WORDS[words])
    return True


def _fresh(store: Store, charge: Object, reason: str, amount: int, *, inquiry: bool) -> Object:
    details = charge["payment_method_details"]
    made: Object = {
        "amount": amount,
        "balance_transactions": [],
        "intended_submission_method": None,
        "charge": charge["id"],
        "created": store.now(),
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {"enhanced_evidence": {}, **dict.fromkeys(EVIDENCE)},
        "evidence_details": {
            "due_by": store.now() + ANSWER_SECONDS,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
            "submission_method": "not_submitted",
        },
        "is_charge_refundable": inquiry,
        "livemode": False,
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "reason": reason,
        "status": "warning_needs_response" if inquiry else "needs_response",
    }
    if details["type"] == "card":
        brand = details["card"]["brand"]
        made["payment_method_details"] = {
            "type": "card",
            "card": {
                "brand": brand,
                "case_type": "inquiry" if inquiry else "chargeback",
                "network": brand,
                "network_reason_code": "83",
            },
        }
    return made


def _withdraw(store: Store, dispute: Object) -> None:
    charges.settle(store, dispute["charge"])
    amount, currency, rate = balance.settled(store, dispute["amount"], dispute["currency"])
    txn = balance.transaction(
        store,
        move=balance.Move(
            kind="adjustment",
            category="dispute",
            fee_description="Dispute fee",
            rate=rate,
            description=f"Chargeback withdrawal for {dispute['charge']}",
        ),
        amount=-amount,
        fee=balance.flat_fee(store, "dispute"),
        currency=currency,
        source=dispute["id"],
    )
    dispute["balance_transactions"].append(public(txn))
    emit(store, "charge.dispute.funds_withdrawn", store.save(dispute))


def _submit(store: Store, dispute: Object) -> None:
    warning = _warning(dispute)
    dispute["evidence_details"] |= {"submission_count": 1, "submission_method": "manual"}
    dispute["status"] = "warning_under_review" if warning else "under_review"
    fee = balance.flat_fee(store, "countered")
    if fee and not warning:
        stand_alone_fee(
            store, _settlement(dispute), fee, f"Dispute countered fee for {dispute['id']}"
        )
    store.wake("end_dispute", dispute["id"], 0)


def stand_alone_fee(store: Store, currency: str, amount: int, description: str) -> Object:
    """Take a fee that belongs to no payment; below zero, give one back."""
    return balance.transaction(
        store,
        move=balance.Move(kind="stripe_fee", category="fee", description=description),
        amount=-amount,
        fee=0,
        currency=currency,
        source=None,
    )


def _settlement(dispute: Object) -> str:
    txns = dispute["balance_transactions"]
    return str(txns[0]["currency"] if txns else dispute["currency"])


def _escalate(store: Store, dispute: Object) -> Object:
    if not _warning(dispute):
        raise ApiError("Only an inquiry can become a chargeback.", param="outcome")
    dispute |= {
        "status": "needs_response",
        "is_charge_refundable": False,
        "evidence_details": {
            **dispute["evidence_details"],
            "due_by": store.now() + ANSWER_SECONDS,
            "submission_count": 0,
            "submission_method": "not_submitted",
        },
    }
    dispute["payment_method_details"]["card"]["case_type"] = "chargeback"
    charge = store.need("charge", dispute["charge"])
    charge["_inquired"] = False
    store.save(charge)
    # What was refunded during the inquiry is not taken a second time.
    dispute["amount"] = min(
        dispute["amount"], charge["amount_captured"] - charge["amount_refunded"]
    )
    emit(store, "charge.dispute.updated", store.save(dispute))
    _withdraw(store, dispute)
    return dispute


def _end(store: Store, dispute: Object, outcome: str) -> Object:
    dispute["status"] = outcome
    dispute["evidence_details"]["due_by"] = None
    if outcome == "won":
        _reinstate(store, dispute)
    if outcome == "warning_closed":
        charge = store.need("charge", dispute["charge"])
        charge["disputed"] = False
        store.save(charge)
    emit(store, "charge.dispute.closed", store.save(dispute))
    return dispute


def _reinstate(store: Store, dispute: Object) -> None:
    taken = dispute["balance_transactions"][0]
    returns = store.control("won_returns_fee")
    txn = balance.transaction(
        store,
        move=balance.Move(
            kind="adjustment",
            category="dispute_reversal",
            fee_description="Dispute fee refund",
            rate=str(taken["exchange_rate"]) if taken["exchange_rate"] else None,
            description=f"Chargeback reversal for {dispute['charge']}",
        ),
        amount=-taken["amount"],
        fee=-taken["fee"] if returns == "inside" else 0,
        currency=taken["currency"],
        source=dispute["id"],
    )
    dispute["balance_transactions"].append(public(txn))
    if returns == "apart":
        words = f"Dispute fee refund for {dispute['id']}"
        stand_alone_fee(store, taken["currency"], -taken["fee"], words)
    emit(store, "charge.dispute.funds_reinstated", store.save(dispute))


def _warning(dispute: Object) -> bool:
    return str(dispute["status"]).startswith("warning_")
