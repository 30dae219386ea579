"""Commands about people: erase somebody who asks for it."""

from datetime import UTC, datetime

import click

from ledger.cli.console import Console, cli, command, pass_console
from ledger.services.erasures import erase


@command(cli, "erase")
@click.argument("email")
@pass_console
def erase_somebody(console: Console, email: str) -> None:
    """Erase a person: name, address, messages and free text; the books stay as they are."""
    now, database = datetime.now(UTC), console.database()
    done = database.run(lambda session: erase(session, email=email, now=now, on=now.date()))
    if not database.flush_log():
        click.echo("Others are reading: the log still holds old pages for a while.", err=True)
    console.answer(
        {"parties": done.parties, "pledges": done.pledges, "texts": done.texts},
        f"Erased; {done.pledges} pledges stay without a name. Backups made before still hold it.",
    )
