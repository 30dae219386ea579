"""Every option of every command says what it is for; choices are listed."""

from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

import wsgi  # noqa: F401 (registers the commands that start processes)
from ledger.cli import cli


def options(command: click.Command, path: str = "poolbook") -> Iterator[tuple[str, click.Option]]:
    """Every option below a command, with the words that lead to it."""
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            yield from options(below, f"{path} {name}")
    for one in command.params:
        if isinstance(one, click.Option):
            yield f"{path} {one.opts[-1]}", one


def unexplained(command: click.Command) -> list[str]:
    return [name for name, option in options(command) if not option.help]


def test_every_option_says_what_it_is_for() -> None:
    assert len(list(options(cli))) > 100
    assert unexplained(cli) == []
    # The control.
    bare = click.Command("bare", params=[click.Option(["--mute"])])
    assert unexplained(bare) == ["poolbook --mute"]


@pytest.mark.parametrize(
    ("arguments", "listed"),
    [
        ("fund create --help", "unrestricted|designated|purpose"),
        ("book create --help", "US_GAAP|UK_SORP_2026"),
        ("import statement --help", "auto|camt|mt940|ofx|csv"),
        ("role give a@example.org HALL boss", "'member', 'treasurer'"),
    ],
)
def test_what_can_be_chosen_is_listed(arguments: str, listed: str) -> None:
    told = CliRunner().invoke(cli, arguments.split()).output
    assert listed in "".join(told.split("\n")).replace(" ", "").replace("','", "', '")
    assert "''," not in told
