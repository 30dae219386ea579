"""`make test ROOM=…` and `make help`: what they find."""

import re
import subprocess
from pathlib import Path

import pytest

from tests import rooms

ROOT = Path(__file__).parents[1]


def test_the_tests_of_a_capability_are_found_by_import_and_by_name() -> None:
    found = {path.name for path in rooms.files_of("pools")}
    assert {"test_pool_life.py", "test_allocations.py"} <= found
    assert "test_passkeys.py" not in found


@pytest.mark.parametrize("room", sorted(rooms.rooms() - {"site", "public"}))
def test_every_capability_has_tests(room: str) -> None:
    assert rooms.files_of(room)


def test_a_capability_that_there_is_not_is_refused_with_a_list() -> None:
    with pytest.raises(SystemExit, match=r"There is no capability pond: .*pools"):
        rooms.files_of("pond")


def test_every_target_of_the_makefile_is_told_by_make_help() -> None:
    makefile = (ROOT / "Makefile").read_text()
    (phony,) = re.findall(r"^\.PHONY: (.*)$", makefile, re.M)
    told = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert set(re.findall(r"make ([a-z-]+)", told.stdout)) >= set(phony.split())
