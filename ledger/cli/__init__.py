"""The command line, which scripts rely on: names, JSON keys and exit codes stay.

Exit codes: 0 done, 1 refused and nothing written, 2 wrong usage. With ``--json`` exactly one
JSON document goes to standard output. One file per group of commands; importing them here hangs
them on the command line.
"""

from ledger.cli import (
    backups,
    books,
    checks,
    doctor,
    figures,
    gifts,
    imports,
    jobs,
    mail,
    people,
    periods,
    pledges,
    pools,
    setup,
    stripe,
)
from ledger.cli.console import (
    OF_BOOK,
    Console,
    cli,
    command,
    parse_date,
    parse_instant,
    pass_console,
)
from ledger.cli.run import main

__all__ = [
    "OF_BOOK",
    "Console",
    "backups",
    "books",
    "checks",
    "cli",
    "command",
    "doctor",
    "figures",
    "gifts",
    "imports",
    "jobs",
    "mail",
    "main",
    "parse_date",
    "parse_instant",
    "pass_console",
    "people",
    "periods",
    "pledges",
    "pools",
    "setup",
    "stripe",
]
