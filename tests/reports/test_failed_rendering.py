"""A report that cannot be printed: what the child said is kept in the log, and nobody's name."""

import json
import logging
import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from ledger import logs
from ledger.errors import Conflict
from reports import render

ROOT = Path(__file__).parents[2]
TYPED = "dora.donor@example.org"
REQUEST = {
    "html": f"<style>{TYPED} {{ no: such }}</style><p>{TYPED}</p><img src='{TYPED}'>",
    "identifier": "0" * 64,
    "attachments": {},
}


def child(date: str) -> subprocess.CompletedProcess[str]:
    """Have a child print a page that is full of somebody's address, for a day that is none."""
    return subprocess.run(
        [sys.executable, "-m", "reports.render"],
        input=json.dumps({**REQUEST, "date": date}),
        cwd=ROOT,
        env={**os.environ, "FONTCONFIG_FILE": str(render.FONTS)},
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )


def test_a_child_that_fails_names_the_place_and_nobody() -> None:
    done = child(TYPED)
    assert done.returncode == 1
    assert "ValueError < reports/render.py:" in done.stderr
    assert TYPED not in done.stderr
    # The control: the error itself repeats the address.
    with pytest.raises(ValueError, match=TYPED):
        datetime.fromisoformat(TYPED)


def test_what_the_printer_warns_of_names_nobody() -> None:
    done = child("2026-01-01T00:00:00+00:00")
    assert done.returncode == 0
    assert "WARNING weasyprint" in done.stderr
    assert TYPED not in done.stderr


def test_what_a_child_said_is_kept_in_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    failing = tmp_path / "python"
    failing.write_text("#!/bin/sh\necho 'ValueError: x.py:1 main' >&2\nexit 1\n")
    failing.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(failing))
    with pytest.raises(Conflict, match="could not be rendered"):
        render.print_html("<p>x</p>", "0" * 64, "2026-01-01", {})
    (record,) = [one for one in caplog.records if one.levelno == logging.ERROR]
    line = logs.Text().format(record)
    assert 'why=CalledProcessError stderr="ValueError: x.py:1 main"' in line


def test_a_child_that_takes_too_long_is_in_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(render, "TIMEOUT_SECONDS", 0.01)
    with pytest.raises(Conflict, match="could not be rendered"):
        render.print_html("<p>x</p>", "0" * 64, "2026-01-01", {})
    assert "why=TimeoutExpired" in logs.Text().format(caplog.records[-1])
