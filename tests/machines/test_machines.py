"""Random sequences of deeds leave the books as a small model of them says."""

import hypothesis
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from ledger.db import Database
from tests.machines.machine import Machine
from tests.machines.stage import Stage

# Sequences in `make test`; PostgreSQL plays fewer, for a step there takes longer.
SEQUENCES = {"sqlite": 40, "postgresql": 8}
LONG = 5_000
# Of so many sequences one ends by comparing pages, API, command and report, which takes as long
# as the sequence: ten in `make test`, a thousand in the long run.
EVERY = 4
CHUNKS = 10
STEPS = 25
SEED = 20_261_102


def machine(db: Database, every: int = EVERY) -> type[Machine]:
    """Return a machine that plays on a database."""
    stage = Stage(db, every)
    stage.set()
    return type("OnThis", (Machine,), {"stage": stage})


def play(
    db: Database, sequences: int, seed: int, *, shrink: bool = True, every: int = EVERY
) -> None:
    """Play sequences; a failure prints the deeds that lead to it, and the seed."""
    play_on(machine(db, every), sequences, seed, shrink=shrink)


def play_on(machine: type[Machine], sequences: int, seed: int, *, shrink: bool = True) -> None:
    """Play sequences on a machine."""
    print(f"seed {seed}")
    run_state_machine_as_test(
        hypothesis.seed(seed)(machine),
        settings=settings(
            max_examples=sequences,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            derandomize=False,
            suppress_health_check=list(HealthCheck),
            phases=(Phase.generate, Phase.shrink) if shrink else (Phase.generate,),
            report_multiple_bugs=False,
            print_blob=True,
        ),
    )


def test_random_deeds_leave_the_books_as_the_model_says(db: Database) -> None:
    play(db, SEQUENCES[db.engine.dialect.name], SEED)


@pytest.mark.long
@pytest.mark.parametrize("chunk", range(CHUNKS))
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_five_thousand_random_sequences(db: Database, chunk: int) -> None:
    play(db, LONG // CHUNKS, SEED + 1 + chunk)


@pytest.mark.long
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_all_that_is_shown_agrees_after_a_thousand_sequences(db: Database, chunk: int) -> None:
    play(db, 1_000 // CHUNKS, SEED + 100 + chunk, every=1)
