"""Command: examine the installation and say what to mend."""

import sys
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.engine import make_url

from ledger import environment
from ledger.cli.console import Console, cli, command, pass_console
from ledger.doctor import Finding, Patient, examine
from ledger.errors import Invalid
from ledger.gateway import StripeGateway


@command(cli, "doctor")
@pass_console
def doctor(console: Console) -> None:
    """Check every part of the installation. Exit code 1 if there are problems."""
    found = examined(console)
    ok = all(row.ok for row in found)
    console.answer(
        {
            "ok": ok,
            "parts": [
                {
                    "part": row.part,
                    "ok": row.ok,
                    "told": row.told,
                    "cure": "" if row.ok else row.cure,
                }
                for row in found
            ],
        },
        "\n".join(lines(found)),
    )
    if not ok:
        sys.exit(1)


def examined(console: Console) -> list[Finding]:
    """Return what was found, whatever state the settings and the database are in.

    To look at an installation that is not there yet must not make its folders.
    """
    try:
        missing = _missing_folder(console)
        if missing is not None:
            name, folder = missing
            return [
                Finding(
                    "files",
                    False,
                    f"{folder} does not exist",
                    f"Run `poolbook setup`, or correct {name}.",
                )
            ]
        settings = console.settings()
    except Invalid as refusal:
        # Nothing else can be looked at before.
        return [Finding("settings", False, refusal.place or "", refusal.message)]
    gateway = StripeGateway(settings) if settings.stripe_key else None
    return examine(Patient(settings, console.any_database(), gateway, datetime.now(UTC)))


def _missing_folder(console: Console) -> tuple[str, Path] | None:
    """Return the first folder that the program would make, and the setting that names it. Raises
    Invalid for a setting that cannot be used."""
    given = environment.read(console.environ())
    keeps_keys = not (given["POOLBOOK_SECRET_KEY"] and given["POOLBOOK_SIGNING_SEED"])
    url = given["POOLBOOK_DATABASE_URL"]
    file = make_url(url).database if url.startswith("sqlite") else ""
    folders = [("POOLBOOK_DATA", Path(given["POOLBOOK_DATA"]))] if keeps_keys or not url else []
    if file and file != ":memory:":
        folders.append(("POOLBOOK_DATABASE_URL", Path(file).parent))
    return next((one for one in folders if not one[1].exists()), None)


def lines(found: list[Finding]) -> list[str]:
    """Return the findings for people, a line each, with the cure below what is not well."""
    told = []
    for row in found:
        told.append(f"{'well' if row.ok else 'MEND'}  {row.part:<9} {row.told}")
        if not row.ok:
            told.append(f"                {row.cure}")
    return told
