"""Names of the actions that ask for a fresh sign-in: the words after "Confirm it's you to".

A test holds this list against the pages that are guarded with ``sessions.fresh_needed``.
"""

from typing import Any
from uuid import UUID

from flask import session
from flask_babel import lazy_gettext as later

from ledger.db import ReadSession
from ledger.models.approval_requests import ApprovalRequest
from ledger.queries.approvals.requests import RequestRow, requests_for
from ledger.web.site.context import visitor

WHAT: dict[str, Any] = {
    "queue.decide": later("decide on a request"),
    "approvals.change": later("change how many people must approve"),
    "manual_entries.do": later("make a manual entry"),
    "offline.record": later("record cash"),
    "payouts.refund": later("refund a donor"),
    "payouts.retry": later("send a refund again"),
    "transfers.propose": later("transfer money"),
    "payment_files.make": later("make a payment file"),
    "agreements.carry_out": later("carry out a step of an agreement"),
    "pools.settle": later("settle with a pool"),
    "pools.settle_all": later("settle with a pool"),
    "journal.correct": later("correct an entry"),
    "undo.ask": later("undo an entry"),
    "periods.lift": later("reopen a period"),
    "periods.reopen": later("reopen a period"),
    "people.give": later("give a role"),
    "people.end": later("end a role"),
    "people.pause": later("change the waiting period of a role"),
    "installation_books.create": later("open a book"),
    "bank_settings.request_details": later("change the bank details that donors see"),
    "policy_settings.choose": later("change a policy"),
    "skill_settings.set_rate": later("change what an hour of a skill is worth"),
    "tokens.create": later("create a token"),
    "my_data.erase": later("erase your data"),
    "factor_policy.set_demand": later("choose who needs a second factor"),
    "factor_policy.reset": later("reset second factors"),
    "factors.unlock": later("change your second factors"),
    "factors.add_passkey": later("add a passkey"),
    "factors.begin_app": later("set up an authenticator app"),
    "factors.confirm_app": later("set up an authenticator app"),
    "factors.remove_passkey": later("remove a passkey"),
    "factors.remove_app": later("remove your authenticator app"),
    "factors.renew_codes": later("create recovery codes"),
}


def asked_for(opened: ReadSession) -> tuple[Any, RequestRow | None]:
    """Return what the visitor was about to do, and the request they were about to decide."""
    endpoint, request_id = session.get("asked_for", (None, None))
    row = opened.get(ApprovalRequest, UUID(request_id)) if request_id else None
    if row is None or not visitor().may("decide", row.book_id):
        return WHAT.get(endpoint), None
    (shown,) = requests_for(opened, book_ids=[row.book_id], only=row.id)
    return WHAT.get(endpoint), shown
