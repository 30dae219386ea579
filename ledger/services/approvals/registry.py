"""The kinds of request that approvers decide on; each service registers its own.

A kind says what its request carries and what an approver's yes or no sets in motion. This
module knows no capability: ``services.workflow.approval_kinds`` names the modules that register.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, Generic, TypeVar
from uuid import UUID

from ledger.core.payloads import from_document
from ledger.db import Session
from ledger.errors import Conflict, Invalid
from ledger.models.approval_requests import ApprovalRequest

Payload = TypeVar("Payload")


@dataclass(frozen=True, slots=True)
class Decision:
    """Who said yes or no and why; ``on`` is the day where the request's book is kept.

    ``confirmed``: they were shown what is there twice, and said that it is right.
    """

    by: UUID
    on: date
    now: datetime
    note: str = ""
    confirmed: bool = False


@dataclass(frozen=True, slots=True)
class ApprovalKind(Generic[Payload]):
    """One kind of request. ``payload`` is a frozen dataclass (see ``core.payloads``).

    ``approve`` and ``reject`` run inside the transaction of the decision and raise as services do;
    ``lock`` is taken before that transaction reads anything. ``books_nothing`` marks kinds whose
    approval posts no entry by itself, so that there is nothing to preview.
    """

    name: str
    payload: type[Payload]
    approve: Callable[[Session, ApprovalRequest, Payload, Decision], object]
    reject: Callable[[Session, ApprovalRequest, Payload, Decision], object] | None = None
    books_nothing: bool = False
    lock: Callable[[Session], None] | None = None


_kinds: dict[str, ApprovalKind[Any]] = {}


def register(kind: ApprovalKind[Any]) -> None:
    """Make a kind known. Raises ValueError for a second one of the same name."""
    if kind.name in _kinds:
        raise ValueError(f"the approval kind {kind.name} is registered twice")
    _kinds[kind.name] = kind


def registered() -> Mapping[str, ApprovalKind[Any]]:
    """Return every kind by its name."""
    return MappingProxyType(_kinds)


def kind_of(name: str) -> ApprovalKind[Any]:
    """Return a kind by its name. Raises Conflict where this program does not know it: a later
    version may have written the request."""
    kind = _kinds.get(name)
    if kind is None:
        raise Conflict(
            "This version of Poolbook cannot handle requests of the kind “{name}”.",
            place="proposal",
            name=name,
        )
    return kind


def payload_of(kind: str, document: Mapping[str, object]) -> Any:
    """Return what a stored request of a kind carries. Raises Conflict for an unknown kind or a
    document that does not fit it."""
    try:
        return from_document(kind_of(kind).payload, document)
    except Invalid as error:
        raise Conflict(
            "This request cannot be read: {reason}", place="proposal", reason=error.message
        ) from error
