"""Command: examine the installation and say what to mend."""

import sys
from datetime import UTC, datetime

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
    """Return what was found, whatever state the settings and the database are in."""
    try:
        settings = console.settings()
    except Invalid as refusal:
        # Nothing else can be looked at before.
        return [Finding("settings", False, refusal.place or "", refusal.message)]
    gateway = StripeGateway(settings) if settings.stripe_key else None
    return examine(Patient(settings, console.any_database(), gateway, datetime.now(UTC)))


def lines(found: list[Finding]) -> list[str]:
    """Return the findings for people, a line each, with the cure below what is not well."""
    told = []
    for row in found:
        told.append(f"{'well' if row.ok else 'MEND'}  {row.part:<9} {row.told}")
        if not row.ok:
            told.append(f"                {row.cure}")
    return told
