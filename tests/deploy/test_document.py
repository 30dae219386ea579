"""``docs/deploy.md`` and what runs it say the same; the long walk itself is ``.ci/deploy``."""

import re
import shlex
import tomllib
from pathlib import Path

from ledger.config import from_environment
from tests.deploy.document import DOCUMENT, FILES, ORDER, ROOT, Place, steps
from tests.deploy.stand_ins import NAMES, read_unit

BUILT_IN = {"cat", "cp", "rm", "set", "chmod", "END", "openssl", "uv"}


def test_the_walk_takes_every_step_in_the_order_of_the_document() -> None:
    assert tuple(steps()) == ORDER
    # Each block of commands of that chapter is a step of the walk.
    chapter = DOCUMENT.read_text().split("\n## ")[1]
    assert chapter.count("```sh") == len(ORDER)


def test_each_command_is_there_or_has_its_stand_in() -> None:
    """Otherwise the walk would try it out on the machine of the tests."""
    for name, commands in steps().items():
        script = re.sub(r"<<'END'.*?\nEND\n", "\n", commands, flags=re.DOTALL)
        for line in script.replace("\\\n", " ").splitlines():
            first = line.split(" ", 1)[0]
            assert first in BUILT_IN | set(NAMES), f"{name}: {line}"


def test_the_files_beside_the_document_are_named_in_it() -> None:
    text = DOCUMENT.read_text()
    for path in FILES.iterdir():
        assert path.name in text or f"{path.stem.split('-')[0]}-*{path.suffix}" in text, path.name
    for name in ("Containerfile", "compose.yaml"):
        assert name in text
        assert (ROOT / name).exists()


def test_the_environment_of_the_document_is_accepted(tmp_path: Path) -> None:
    lines = steps()["settings"].split("<<'END'\n")[1].split("\nEND")[0].splitlines()
    environ = dict(line.split("=", 1) for line in lines)
    settings = from_environment({**environ, "POOLBOOK_DATA": str(tmp_path)})
    assert settings.is_public
    assert settings.sends_mail
    assert settings.trusted_proxies == 1


def test_units_run_the_program_that_was_installed() -> None:
    installed = "/srv/poolbook/bin/poolbook"
    units = sorted(FILES.glob("*.service"))
    assert len(units) == 3
    for path in units:
        unit = read_unit(path)
        assert shlex.split(unit["ExecStart"])[0] == installed
        assert unit["EnvironmentFile"] in steps()["settings"]
        assert unit["ReadWritePaths"] in steps()["settings"]
    assert all(path.with_suffix(".service") in units for path in FILES.glob("*.timer"))


def test_names_and_ports_of_the_document_are_exchanged() -> None:
    place = Place(Path("/w"), "postgresql://x", 1, 2, 3, 4, 5)
    said = place.here(" ".join(steps().values()) + (FILES / "nginx.conf").read_text())
    for left in (":8000", ":8001", " /etc/", " /var/lib", " /srv/", "listen 443", "listen 80;"):
        assert left not in said


def test_the_wheel_carries_the_program_alone() -> None:
    """By exact paths: as patterns they took ``tests/reports`` along. The walk opens the wheel."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel["only-include"] == ["ledger", "reports", "migrations", "wsgi.py"]
    assert "include" not in wheel
    assert "artifacts" not in wheel
    assert "force-include" not in wheel
