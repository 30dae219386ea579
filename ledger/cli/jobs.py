"""The command with which the worker does a background job in a process of its own."""

from datetime import UTC, datetime
from uuid import UUID

import click

from ledger import background_work, logs
from ledger.cli.console import Console, cli, command, pass_console
from ledger.services.reconciliation import rules  # noqa: F401

# Jobs are done here: every kind has to be known.
from ledger.services.statements import import_jobs  # noqa: F401
from ledger.signing import signer_of


@command(cli, "job")
@click.argument("job_id", type=click.UUID)
@pass_console
def job(console: Console, job_id: UUID) -> None:
    """Do a background job that was asked for on a page, as the worker does."""
    settings = console.settings()
    logs.configure(settings.log_format, settings.log_level)
    with logs.during(job=job_id):
        background_work.perform(
            console.database(),
            signer_of(settings.origin, settings.signing_seed),
            settings.data,
            job_id,
            clock=lambda: datetime.now(UTC),
        )
    console.answer({"job": str(job_id)}, f"Job {job_id} is done.")
