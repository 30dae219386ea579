"""Run the command line: a refusal is one plain sentence and exit code 1, never a trace."""

import io
import sys

import click
from sqlalchemy.exc import (
    ArgumentError,
    DataError,
    DBAPIError,
    IntegrityError,
    InternalError,
    NoSuchModuleError,
    ProgrammingError,
)

from ledger.cli.console import cli
from ledger.errors import PoolbookError

UNDEFINED = ("42P01", "42703")  # a table or a column, in PostgreSQL's words


def main() -> None:
    """Run the command line; a refusal is one plain sentence and exit code 1."""
    for stream in (sys.stdout, sys.stderr):
        # What was done is done: a terminal that cannot show a sign must not make it a failure.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        cli.main(standalone_mode=False)
    except PoolbookError as refusal:
        _refuse(f"{refusal.place}: {refusal.message}" if refusal.place else refusal.message)
    except UnicodeEncodeError:
        _refuse("One of the arguments is not UTF-8.")
    except (ArgumentError, NoSuchModuleError):
        _refuse(
            "The database URL is not valid. It must look like sqlite:///books.db or "
            "postgresql://host/name.",
        )
    except DBAPIError as error:
        _refuse(_database_trouble(error))
    except OSError as error:
        _refuse(f"{error.filename or 'The system'}: {error.strerror}.")
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as wrong:
        wrong.show()
        sys.exit(wrong.exit_code)


def _refuse(sentence: str) -> None:
    click.echo(" ".join(sentence.split()), err=True)
    sys.exit(1)


def _database_trouble(error: DBAPIError) -> str:
    """Say in a sentence what is wrong with the database; a fault of ours is raised again."""
    told = str(error.orig)
    if "no such " in told or getattr(error.orig, "sqlstate", None) in UNDEFINED:
        return "The database is not set up or not up to date. Run `poolbook init` first."
    if isinstance(error, (DataError, IntegrityError, InternalError, ProgrammingError)):
        raise error
    return (
        f"The database rejected the request: {told.splitlines()[0] if told else 'no reason given'}."
    )
