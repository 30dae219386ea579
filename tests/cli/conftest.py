"""Run the command line in this process, as the console script does."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

import wsgi


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON document on standard output."""
        return json.loads(self.out)


Run = Callable[..., Ran]


@pytest.fixture
def run(
    database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Run a command against a fresh database and return what it printed."""
    monkeypatch.setenv("POOLBOOK_DATABASE_URL", database_url)

    def call(*arguments: str) -> Ran:
        monkeypatch.setattr(sys, "argv", ["poolbook", *arguments])
        capsys.readouterr()
        code = 0
        try:
            wsgi.main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        printed = capsys.readouterr()
        return Ran(code, printed.out, printed.err)

    return call
