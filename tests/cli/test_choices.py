"""What a command lets one choose from is written as scripts write it: words, not names of code."""

import click

import wsgi  # noqa: F401 (its commands are those of the program)
from ledger.cli import cli


def choices(command: click.Command, path: str = "poolbook") -> dict[str, list[object]]:
    """Every choice of a command and of those below it, by where it is."""
    found: dict[str, list[object]] = {}
    for parameter in command.params:
        if isinstance(parameter.type, click.Choice):
            found[f"{path} {parameter.name}"] = list(parameter.type.choices)
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            found |= choices(below, f"{path} {name}")
    return found


def test_choices_are_plain_words() -> None:
    """Click takes members of an enumeration by their names in code, as TREASURER."""
    found = choices(cli)
    assert {type(word) for words in found.values() for word in words} == {str}
    assert "treasurer" in found["poolbook role give name"]
    assert "public" in found["poolbook report transparency edition"]
