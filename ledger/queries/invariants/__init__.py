"""Every rule of the books, counted over the live data (domain section 7).

Each check is a few aggregates in the database, never a loop over all entries. What the triggers
already refuse is checked all the same: a check that trusts its guard proves nothing. Rules that
are not about what is stored are proven elsewhere:

======  =========================================================================================
I-30    the sum of all parts, over random events: ``tests/machines``
I-40    permuted members, floor and ceiling: ``tests/core/test_allocation.py``
I-42    capped shares: ``tests/core/test_allocation.py``; each run is computed again by I-40
I-43    matching: ``tests/core/test_allocation.py``, one party's gifts: ``tests/services``
I-62    figures of a report are sums of named legs: ``tests/reports``
I-63    replay: every worked event by import and by service: ``tests/oracle``
I-64    names are nowhere in journal and log: ``tests/services/test_parties.py``
I-65    what the public sees of givers: ``tests/web``
I-66    exports read by the real programs: ``tests/reports``
======  =========================================================================================
"""

from ledger.db import ReadSession
from ledger.queries.invariants import (
    allocations,
    between_books,
    closing,
    entries,
    files,
    funds,
    in_kind,
    money,
    promises,
    shown,
)
from ledger.queries.invariants.result import Check, Result
from ledger.stored_files import StoredFiles

__all__ = ["CHECKS", "Result", "check"]


def check(session: ReadSession, stored: StoredFiles | None = None) -> list[Result]:
    """Run every check and return the results in order; ``stored`` is where attached files lie.

    Without it, what is stored outside of the database (I-70) is not looked at.
    """
    results = []
    for name, title, run in CHECKS:
        checked, violation = run(session)
        results.append(Result(name, title, violation is None, checked, violation))
    if stored is not None:
        checked, violation = files.sealed(session, stored)
        results.append(Result(*OF_FILES, violation is None, checked, violation))
    return results


OF_FILES = ("I-70", "attached files are what was sealed")
CHECKS: tuple[tuple[str, str, Check], ...] = (
    ("I-01", "every entry balances by fund, layer and commodity", entries.balanced),
    ("I-02", "value legs are money, quantity legs are not", entries.kinds),
    ("I-03", "entries have 2 to 500 postings, postings an entry", entries.sizes),
    ("I-04", "journal and log are guarded against change", entries.guarded),
    ("I-05", "books are what their sealed logs say", entries.sealed),
    ("I-06", "every event is in the books once", entries.once),
    ("I-07", "a reversal negates its target, once", entries.reversals),
    ("I-08", "entries are dated in a period that was open", entries.dated),
    ("I-09", "nobody approves what they made", entries.decided),
    ("I-10", "accounts between books name the other book, costs their function", entries.labelled),
    ("I-11", "the sheet of every fund balances", funds.sheets),
    ("I-12", "agency funds have no net assets", funds.agency),
    ("I-13", "what one fund releases another gets", funds.transfers),
    ("I-14", "no fund ends a day below zero unasked", funds.limits),
    ("I-15", "restricted money is spent on its purpose", funds.purposes),
    ("I-16", "endowments are kept", funds.endowments),
    ("I-20", "current accounts mirror each other", between_books.current_accounts),
    ("I-21", "what one book gave, the other received", between_books.pairs),
    ("I-22", "what is lent is borrowed", between_books.loans),
    ("I-23", "events of several books are whole", between_books.groups),
    ("I-24", "accounts between books vanish when combined", between_books.combined),
    ("I-25", "hosts hold what they owe their pools", between_books.hosts),
    ("I-30", "promised is fulfilled, open or given up", promises.states),
    ("I-31", "pledges are open as far as the journal says", promises.booked),
    ("I-32", "only what is owed is a receivable", promises.natures),
    ("I-33", "closed periods left nothing undecided", closing.decided),
    ("I-34", "the Stripe account agrees with Stripe", money.clearing),
    ("I-35", "payouts are what they contain", money.payouts),
    ("I-36", "no more goes back than came in", money.refunds),
    ("I-37", "grants are received, earned and returned in full", promises.grants),
    ("I-38", "bank statements add up", money.statements),
    ("I-39", "no more is doubted than owed", promises.contras),
    ("I-40", "allocations add up and can be computed again", allocations.exact),
    ("I-41", "no more was allocated than there was", allocations.within),
    ("I-44", "no allocation is approved by its beneficiary alone", allocations.disinterested),
    ("I-50", "every thing is in one place", in_kind.custody),
    ("I-51", "things come from somewhere", in_kind.owned),
    ("I-52", "values are what was found", in_kind.worth),
    ("I-53", "time applied is time confirmed", in_kind.time),
    ("I-54", "hours are confirmed by somebody else", in_kind.confirmed),
    ("I-55", "nothing is worn more than it cost", in_kind.wear),
    ("I-60", "positions are worth nothing at closing rates", closing.positions),
    ("I-61", "closed periods are what was signed", closing.unchanged),
    ("I-67", "figures are what the journal says", shown.sums),
    ("I-68", "promises count once they are confirmed", shown.confirmed),
    ("I-69", "what waits is marked as waiting", shown.marked),
)
