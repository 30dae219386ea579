"""Whatever was done, in whatever order: the report of it ties, for everything and for each book."""

from datetime import timedelta

import pytest

from ledger.db import Database
from ledger.queries.books.books import all_books
from reports.build import Scope, draft
from tests.machines.machine import Machine
from tests.machines.stage import Stage
from tests.machines.test_machines import play_on
from tests.worlds.worked_events import DAY, START

SEED = 20_261_130
# Each sequence is reported from its first day and from the middle on.
SEQUENCES = 6
LONG = 600


class Reported(Machine):
    """A machine whose books are reported at the end of each sequence."""

    def teardown(self) -> None:
        """At the end, no rule stops the report of the books."""
        session = self.stage.session
        session.flush()
        books = tuple(all_books(session))
        now = START + timedelta(minutes=self.stage.minutes)
        middle = DAY + (self.stage.today - DAY) / 2
        kinds = {"community": "book", "pool": "pool"}
        scopes = [Scope("All", "all", books)]
        scopes += [Scope(book.name, kinds[book.kind], (book,)) for book in books]
        try:
            for scope in scopes:
                for since in (DAY, middle):
                    built = draft(
                        session,
                        scope=scope,
                        since=since,
                        until=self.stage.today,
                        edition="public",
                        now=now,
                    )
                    assert built.untied == (), (scope.title, since)
        finally:
            super().teardown()


def reported(db: Database) -> type[Reported]:
    """Return a machine that plays on a database."""
    stage = Stage(db)
    stage.set()
    return type("OnThis", (Reported,), {"stage": stage})


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_random_deeds_give_a_report_that_ties(db: Database) -> None:
    play_on(reported(db), SEQUENCES, SEED)


@pytest.mark.long
def test_six_hundred_random_sequences_give_reports_that_tie(db: Database) -> None:
    play_on(reported(db), LONG, SEED + 1)
