"""Commands about pools: opened with the community that holds the money, and joined."""

from datetime import UTC, datetime
from typing import Any

import click

from ledger.cli.console import Console, cli, command, pass_console
from ledger.db import Session
from ledger.errors import Invalid
from ledger.queries.books.books import book_by_code, fund_by_code
from ledger.queries.pools.pools import pool_by_code
from ledger.services.pools import pools


@cli.group("pool")
def pool() -> None:
    """Manage pools shared by several communities."""


@command(pool, "create")
@click.argument("code")
@click.option("--name", required=True, help="Name of the pool.")
@click.option("--currency", required=True, help="ISO 4217 code, the same as its host's.")
@click.option(
    "--host",
    required=True,
    metavar="BOOK/FUND",
    help="The book and fund that hold the money, like HALL/POOL.",
)
@click.option("--fund", "own_fund", default="POOL", show_default=True, help="The pool's own fund.")
@click.option("--fee", default=0, help="The host's fee on payments, in basis points.")
@click.option("--time-zone", default="", help="For example Europe/Berlin. Default: the host's.")
@click.option("--member", "members", multiple=True, metavar="BOOK/FUND", help="Can be repeated.")
@pass_console
def pool_create(
    console: Console,
    /,
    code: str,
    host: str,
    own_fund: str,
    fee: int,
    members: tuple[str, ...],
    **given: str,
) -> None:
    """Create a pool. Its host holds the money in an agency fund."""

    def command(session: Session) -> dict[str, Any]:
        host_code, held = _pair(host, "host")
        holder = book_by_code(session, host_code)
        pools.create_pool(
            session,
            new=pools.NewPool(
                code=code,
                fund=own_fund,
                fee_basis_points=fee,
                members=[_pair(member, "member") for member in members],
                **given,
            ),
            host=holder,
            held_fund=fund_by_code(session, holder.id, held),
            now=datetime.now(UTC),
        )
        return {"pool": code, "host": host_code, "members": len(members)}

    console.answer(console.database().run(command), f"Created pool {code}.")


@command(pool, "join")
@click.argument("code")
@click.argument("member", metavar="BOOK/FUND")
@pass_console
def pool_join(console: Console, code: str, member: str) -> None:
    """Add a community to a pool, with the fund that receives its share."""
    book, fund = _pair(member, "member")

    def command(session: Session) -> None:
        found, _book = pool_by_code(session, code)
        pools.add_member(session, pool=found, book_code=book, fund_code=fund)

    console.database().run(command)
    console.answer({"pool": code, "member": book}, f"{book} is a member of {code}.")


def _pair(text: str, place: str) -> tuple[str, str]:
    book, slash, fund = text.partition("/")
    if not slash or not book or not fund:
        raise Invalid("Enter a book and its fund, like HALL/GEN.", place=place)
    return book, fund
