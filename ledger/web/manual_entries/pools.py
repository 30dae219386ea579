"""Manual entries of pools, and those that set up a book; a table as in ``community``."""

from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as later

from ledger.errors import Invalid
from ledger.models.agreements import Agreement
from ledger.models.approval_requests import ApprovalRequest
from ledger.models.books import Fund
from ledger.models.pools import PoolMember
from ledger.queries.books.books import book_by_code
from ledger.schemas.fields import asked
from ledger.services.accounting import opening_balances
from ledger.services.pools import lifecycle
from ledger.services.volunteering import hours
from ledger.web.manual_entries import answers
from ledger.web.manual_entries.forms import Entered, EntryKind


def _refundable(told: Entered[answers.ShareInPool]) -> Agreement:
    return lifecycle.propose_refundable(
        told.session,
        pool=book_by_code(told.session, told.answers.pool),
        member=told.book,
        fund=told.fund(told.answers.fund),
        amount=told.answers.amount,
        reason=told.answers.reason,
        made_by=told.by,
        now=told.now,
    )


def _given_back(told: Entered[answers.GivenBack]) -> UUID:
    return lifecycle.return_unspent(
        told.session,
        pool=book_by_code(told.session, told.answers.pool),
        member=told.book,
        fund=told.fund(told.answers.fund),
        unspent=lifecycle.Unspent(amount=told.answers.amount, reference=told.answers.reference),
        by=told.by,
        on=told.answers.done_on,
        now=told.now,
    )


def _conditional(told: Entered[answers.OnCondition]) -> Agreement:
    member = book_by_code(told.session, told.answers.member)
    place = told.session.get(PoolMember, (told.book.id, member.id))
    if place is None:
        raise Invalid("This community is not a member of the pool.", place="member")
    return lifecycle.propose_conditional(
        told.session,
        pool=told.book,
        member=member,
        fund=told.session.get_one(Fund, place.fund_id),
        condition=lifecycle.Condition(told.answers.amount, told.answers.milestone),
        reason=told.answers.reason,
        made_by=told.by,
        now=told.now,
    )


def _opening(told: Entered[answers.Opening]) -> ApprovalRequest:
    balances = [
        opening_balances.Balance(account, fund, unit or told.book.commodity, quantity)
        for account, fund, unit, quantity in told.answers.balances
    ]
    return opening_balances.propose_opening(
        told.session,
        book=told.book,
        balances=balances,
        reason=told.answers.reason,
        made_by=told.by,
        now=told.now,
    )


def _hour_rate(told: Entered[answers.HourRate]) -> None:
    hours.set_rate(
        told.session,
        book=told.book,
        commodity=told.answers.skill,
        currency=told.book.commodity,
        rate_per_hour=told.answers.value,
        specialised=told.answers.specialised == "specialised",
        source=told.answers.reason,
        valid_from_on=told.answers.done_on,
    )


POOL_KINDS: dict[str, EntryKind[Any]] = {
    "share-in-pool": EntryKind(
        "pools",
        later("Refundable share in a pool"),
        later("Money put into a pool that remains yours. An approver agrees."),
        answers.ShareInPool,
        _refundable,
        asks=True,
    ),
    "given-back": EntryKind(
        "pools",
        later("Return of an allocation"),
        later("Unused money of an allocation that goes back to the pool."),
        answers.GivenBack,
        _given_back,
        tried=True,
    ),
    "on-condition": EntryKind(
        "pools",
        later("Conditional allocation"),
        later("Set aside for a member until a milestone is reached. An approver agrees."),
        answers.OnCondition,
        _conditional,
        asks=True,
        of="pool",
    ),
    "opening": EntryKind(
        "setup",
        later("Opening balances"),
        later(
            "The balances a book starts with, entered once. An approver compares them with "
            "the old books."
        ),
        answers.Opening,
        _opening,
        asks=True,
    ),
    "hour-rate": EntryKind(
        "setup",
        later("Hourly rate of a skill"),
        later("The value of an hour from a day on. Hours already confirmed do not change."),
        answers.HourRate,
        _hour_rate,
        words={
            "value": asked(later("Value per hour")),
            "reason": asked(later("Source of the rate")),
            "done_on": asked(later("From")),
        },
    ),
}
