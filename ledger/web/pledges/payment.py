"""The way to the payment page: every try is counted before the provider is asked anything."""

from uuid import UUID

from ledger.core.instalments import FeeEstimate
from ledger.core.vocabulary import AttemptState
from ledger.errors import PoolbookError
from ledger.models.payments import PaymentAttempt
from ledger.services.payments import payment_limits
from ledger.stripe.checkout import GatewayDown, look_up_attempt
from ledger.web.site.context import here, now, visitor, write
from ledger.web.site.visitors import came_from


def count_try(*, book_id: UUID, about: UUID, email: str) -> None:
    """Count a try at paying. Raises RateLimited when too many were begun and not finished.

    Somebody who is signed in with the address of the pledge has shown that it is theirs.
    """
    person = visitor().person
    write(
        lambda session: payment_limits.note_try(
            session,
            book_id=book_id,
            about=about,
            visitor=came_from(),
            email=email,
            key=here().settings.secret_key,
            now=now(),
            is_confirmed=person is not None and person.email == email,
        )
    )


def came_back(attempt: PaymentAttempt | None) -> bool:
    """Ask what became of a page that a visitor comes back from; a message may be slower.

    Return whether it is known now. Without an answer nothing is lost: the worker asks as well.
    """
    found = here().gateway
    if (
        found is None
        or attempt is None
        or attempt.state not in (AttemptState.OPEN, AttemptState.PROCESSING)
    ):
        return True
    try:
        look_up_attempt(here().db, found, attempt=attempt, now=now())
    except (GatewayDown, PoolbookError):
        return False
    return True


def estimate() -> FeeEstimate:
    """Return what a payment is thought to cost, as donors are told."""
    settings = here().settings
    return FeeEstimate(settings.fee_basis_points, settings.fee_fixed)
