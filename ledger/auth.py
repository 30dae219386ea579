"""Who may do what: the permission matrix of domain section 11, as data.

Roles are held per book and for a time. Nobody may hold two roles at once that would let one
person authorise and record the same money. Must not open transactions or know Flask.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from ledger.core.vocabulary import Role
from ledger.db import ReadSession
from ledger.errors import NotAllowed, NotFound
from ledger.queries.people.factors import missing_factors
from ledger.queries.people.people import roles_of

__all__ = ["PERMISSIONS", "can", "require"]

NEEDS_FACTOR = (
    "Your role requires a second factor, and you have none. You can read; to change anything, set "
    "up a passkey or an app on the page Protect your role."
)
# Action → roles that may do it in a book of theirs. What is not listed nobody may do.
PERMISSIONS: dict[str, frozenset[str]] = {
    "log_hours": frozenset({"member", "treasurer"}),
    "confirm_hours": frozenset({"member", "treasurer", "approver"}),
    "receive_things": frozenset({"member", "treasurer", "approver"}),
    "value_things": frozenset({"member", "treasurer"}),
    "lend_things": frozenset({"member", "treasurer"}),
    "read_books": frozenset({"treasurer", "approver", "auditor"}),
    "read_desk": frozenset({"treasurer"}),
    "import_statement": frozenset({"treasurer"}),
    "match": frozenset({"treasurer"}),
    "record_cash": frozenset({"treasurer"}),
    "book_manual_entries": frozenset({"treasurer"}),
    "propose_refund": frozenset({"treasurer"}),
    "propose_correction": frozenset({"treasurer"}),
    "propose_transfer": frozenset({"treasurer"}),
    "read_evidence": frozenset({"treasurer", "approver", "auditor"}),
    "attach_evidence": frozenset({"treasurer"}),
    "read_agreements": frozenset({"member", "treasurer", "approver", "auditor"}),
    "ask_spending": frozenset({"member", "treasurer"}),
    "carry_out": frozenset({"treasurer"}),
    "edit_campaigns": frozenset({"treasurer"}),
    "propose_sponsor": frozenset({"treasurer"}),
    "propose_closing": frozenset({"treasurer"}),
    "propose_pool": frozenset({"treasurer"}),
    "propose_allocation": frozenset({"treasurer"}),
    "preview_allocation": frozenset({"member", "treasurer", "approver", "auditor"}),
    "settle_allocation": frozenset({"treasurer"}),
    "decide": frozenset({"approver"}),
    "decide_rights": frozenset({"approver", "admin"}),
    "read_queue": frozenset({"approver", "auditor", "admin"}),
    "read_people": frozenset({"auditor", "admin"}),
    "read_statements": frozenset({"treasurer", "approver", "auditor"}),
    "read_donors": frozenset({"treasurer", "approver"}),
    "export_journal": frozenset({"treasurer", "approver", "auditor"}),
    "issue_report": frozenset({"treasurer", "approver"}),
    "read_report": frozenset({"treasurer", "approver", "auditor"}),
    "post_entries": frozenset({"treasurer"}),
    "make_pledges": frozenset(Role),
    "manage_roles": frozenset({"admin"}),
    "change_settings": frozenset({"admin"}),
    "read_rights_log": frozenset({"auditor", "admin"}),
    "change_approval_rules": frozenset({"admin"}),
    "read_approval_rules": frozenset({"treasurer", "approver", "auditor", "admin"}),
}


def can(roles: Iterable[str], action: str) -> bool:
    """Tell whether any of the roles may do the action. KeyError for an unknown action."""
    return not PERMISSIONS[action].isdisjoint(roles)


def require(
    session: ReadSession,
    *,
    person_id: UUID | None,
    book_id: UUID,
    action: str,
    now: datetime,
    writes: bool = False,
) -> frozenset[str]:
    """Return the person's roles in the book when they allow the action.

    ``writes``: whether something is to be changed, which a role without the second factor that its
    book requires may not do. Raises NotAllowed for somebody not signed in or without the right
    role, and NotFound for somebody who has no role in this book at all: another community's books
    do not exist for them.
    """
    if person_id is None:
        raise NotAllowed("Please sign in first.")
    roles = roles_of(session, person_id=person_id, book_id=book_id, now=now)
    check(roles, action)
    if writes:
        missing = missing_factors(session, person_id=person_id, now=now)
        held_back = {row.role for row in missing if row.is_held_back and row.book_id == book_id}
        if not can(roles - held_back, action):
            raise NotAllowed(NEEDS_FACTOR)
    return roles


def check(roles: frozenset[str], action: str) -> None:
    """Refuse what roles in a book do not allow. Raises as ``require``."""
    if can(roles, action):
        return
    if not roles:
        raise NotFound("This page does not exist, or you don't have access to it.")
    raise NotAllowed("Your role in this book does not allow this.")
