"""Logs: lines that machines read, and nothing in them that people typed."""

import json
import logging
import subprocess
import sys
from pathlib import Path
from uuid import UUID

import pytest
from click.testing import CliRunner

from ledger import config, logs
from ledger.cli import cli
from ledger.errors import Invalid

ROOT = Path(__file__).parents[1]
TYPED = "Dora <dora@example.org>\n2026-01-01 ERROR forged"
NUMBER = UUID("018f0000-0000-7000-8000-000000000001")


def record(
    message: str, *args: object, name: str = "poolbook.web", error: BaseException | None = None
) -> logging.LogRecord:
    told = (type(error), error, error.__traceback__) if error else None
    return logging.LogRecord(name, logging.ERROR, "x.py", 1, message, args, told)


def raised() -> Exception:
    """An error with what somebody typed in its message, in its cause's, and in a variable."""
    typed = TYPED
    try:
        try:
            int(typed)
        except ValueError as error:
            raise KeyError(typed) from error
    except KeyError as error:
        return error
    raise AssertionError("what was typed is no number")


def test_a_line_of_text_names_its_fields() -> None:
    line = record("request")
    line.poolbook_fields = {"status": 200, "route": "books.show", "user": NUMBER, "book": None}
    text = logs.Text().format(line)
    assert text.split(" ", 1)[1] == (
        f"ERROR poolbook.web request status=200 route=books.show user={NUMBER}"
    )


def test_a_line_of_json_is_one_object() -> None:
    line = record("request")
    line.poolbook_fields = {"status": 200, "user": NUMBER}
    found = json.loads(logs.Json().format(line))
    assert found.pop("at").endswith("Z")
    assert found == {
        "level": "error",
        "logger": "poolbook.web",
        "message": "request",
        "status": 200,
        "user": str(NUMBER),
    }


@pytest.mark.parametrize("form", [logs.Text, logs.Json])
def test_nothing_begins_a_line_of_its_own(form: type[logs.Line]) -> None:
    line = record("one\ntwo\u2028three %s", "four\r\n")
    line.poolbook_fields = {"stderr": "five\nsix = seven"}
    assert len(form().format(line).splitlines()) == 1


@pytest.mark.parametrize("form", [logs.Text, logs.Json])
def test_an_error_is_told_by_its_frames_alone(form: type[logs.Line]) -> None:
    error = raised()
    text = form().format(record("went wrong", error=error))
    assert "KeyError < tests/test_logs.py:" in text
    assert "from ValueError < tests/test_logs.py:" in text
    assert "raised" in text
    assert "dora" not in text.lower()
    # The control: the usual form of a log repeats what was typed.
    assert "dora" in logging.Formatter().format(record("went wrong", error=error)).lower()


def test_a_trace_is_bounded() -> None:
    def deeper(depth: int) -> None:
        if depth == 0:
            raise ValueError(TYPED)
        deeper(depth - 1)

    with pytest.raises(ValueError, match="Dora") as caught:
        deeper(200)
    assert logs.trace(caught.value).count(" < ") == logs.MOST_FRAMES


def test_of_a_library_the_fixed_part_and_the_numbers_are_kept() -> None:
    line = record("Exception while serving %s after %d", f"/gift/{TYPED}", 3, name="waitress")
    assert logs.Text().message(line) == "Exception while serving … after 3"
    # Where an argument is needed as a number, or by name, the words stand alone.
    assert logs.Text().message(record("%d of it", TYPED, name="x")) == "%d of it"
    named = record("%(what)s", name="x")
    named.args = {"what": TYPED}
    assert logs.Text().message(named) == "%(what)s"
    # The control: our own lines are written whole.
    assert logs.Text().message(record("%s is not posted", "txn_1")) == "txn_1 is not posted"


def test_lines_carry_the_id_of_the_work_they_belong_to() -> None:
    with logs.during(job=NUMBER):
        assert f"job={NUMBER}" in logs.Text().format(record("tried"))
    assert "job=" not in logs.Text().format(record("tried"))


def written(form: str, level: str, what: str) -> list[str]:
    """What a process writes that logs in a form and at a level."""
    program = f"import logging; from ledger import logs; logs.configure({form!r}, {level!r}); "
    done = subprocess.run(
        [sys.executable, "-c", program + what], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == ""
    return done.stderr.splitlines()


def test_a_process_begins_with_its_version_and_the_databases() -> None:
    started = "logs.started(logging.getLogger('poolbook.start'), 'serve', '0051', 'sqlite')"
    (line,) = written("json", "info", started)
    found = json.loads(line)
    assert found["version"]
    assert {"process": "serve", "revision": "0051", "engine": "sqlite"}.items() <= found.items()
    assert written("text", "warning", started) == []


def test_a_failing_library_is_reported_through_the_same_lines() -> None:
    failing = "logging.getLogger('waitress').error('serving %s', 'dora@example.org')"
    (line,) = written("text", "warning", failing)
    assert line.split(" ", 1)[1] == "ERROR waitress serving …"


def test_what_ends_a_process_is_told_without_its_message() -> None:
    ends = "import sys; sys.excepthook = logs.tell_crash; int('dora@example.org')"
    done = subprocess.run(
        [sys.executable, "-c", f"from ledger import logs; {ends}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("ValueError: ValueError < <string>:1 <module>")
    assert "dora" not in done.stderr


@pytest.mark.parametrize("name", ["POOLBOOK_LOG_FORMAT", "POOLBOOK_LOG_LEVEL"])
def test_a_setting_that_is_no_choice_is_refused_by_name(name: str, tmp_path: Path) -> None:
    environ = {"POOLBOOK_DATA": str(tmp_path)}
    with pytest.raises(Invalid, match=name) as refused:
        config.from_environment({**environ, name: "loud"})
    assert refused.value.place == name
    chosen = {"POOLBOOK_LOG_FORMAT": "json", "POOLBOOK_LOG_LEVEL": "warning"}
    settings = config.from_environment({**environ, **chosen})
    assert (settings.log_format, settings.log_level) == ("json", "warning")


def test_the_command_line_says_which_version_it_is() -> None:
    answer = CliRunner().invoke(cli, ["--version"], prog_name="poolbook")
    assert (answer.exit_code, answer.output.split()[0]) == (0, "poolbook")
