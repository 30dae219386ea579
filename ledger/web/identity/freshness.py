"""How sure we are of who asks: what their session has shown, and how long ago."""

from ledger.queries.people import factors
from ledger.services.people import sessions
from ledger.services.people.factors import Answer
from ledger.web.site.context import now, reading, visitor

FACTORS = frozenset({"passkey", Answer.APP.value})


def is_fresh() -> bool:
    """Tell whether the visitor has shown who they are, as far as they can, in fifteen minutes."""
    row = visitor().session
    return row is not None and sessions.is_fresh(row, now())


def must_enrol() -> bool:
    """Tell whether this session began with a recovery code, and no factor was set up since."""
    row = visitor().session
    methods = set(row.methods.split()) if row is not None else set()
    return Answer.RECOVERY.value in methods and not methods & FACTORS


def may_enrol() -> bool:
    """Tell whether the visitor may add a factor now."""
    return is_fresh() or must_enrol()


def missing_factors() -> tuple[factors.Missing, ...]:
    """Return the visitor's roles that ask for a second factor, when they have none."""
    person = visitor().person
    if person is None:
        return ()
    with reading() as opened:
        return factors.missing_factors(opened, person_id=person.id, now=now())
