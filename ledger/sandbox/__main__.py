"""Run the sandbox: ``python -m ledger.sandbox --port N --state FILE``."""

from pathlib import Path

import click

from ledger.sandbox.server import serve


@click.command()
@click.option("--port", type=int, required=True)
@click.option("--state", type=click.Path(dir_okay=False, path_type=Path), required=True)
@click.option("--webhook", default=None, help="Where messages go.")
@click.option("--webhook-secret", default=None, help="What signs them, whsec_…")
@click.option("--settle-seconds", type=float, default=1.0, show_default=True)
@click.option("--payout-seconds", type=int, default=86_400, show_default=True)
def main(
    port: int,
    state: Path,
    webhook: str | None,
    webhook_secret: str | None,
    settle_seconds: float,
    payout_seconds: int,
) -> None:
    """Speak Stripe's API on this machine; no real money moves."""
    serve(
        port,
        state,
        webhook=webhook,
        webhook_secret=webhook_secret,
        settle_seconds=settle_seconds,
        payout_seconds=payout_seconds,
    )


main()
