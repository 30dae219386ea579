"""Commands for reports, exports and proofs; hung on the command line by the program's start."""

import click

from reports.cli.export import export
from reports.cli.proofs import proofs
from reports.cli.report import report


def register(cli: click.Group) -> None:
    """Hang the commands on the command line."""
    cli.add_command(report)
    cli.add_command(export)
    for one in proofs.commands.values():
        cli.add_command(one)
