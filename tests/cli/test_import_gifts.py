"""A list of gifts from the command line: tried, brought in, and once."""

from pathlib import Path

import pytest

from ledger.db import Database
from tests.cli.conftest import Run
from tests.factories import make_book, make_fund

LIST = "Name,Email,Gift,Date\nAda,ada@example.org,20.00,2026-03-04\nBo,,5.00,2026-03-05\n"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_list_is_tried_and_brought_in_once(db: Database, run: Run, tmp_path: Path) -> None:
    with db.transaction() as session:
        make_fund(session, make_book(session))
    file, profile = tmp_path / "gifts.csv", tmp_path / "p.toml"
    file.write_text(LIST)
    call = ("import", "gifts", str(file), "--book", "A", "--fund", "GEN")
    refused = run(*call)
    assert (refused.code, refused.err.startswith(f"{file}: line 3: ")) == (1, True)
    whole = (*call, "--without-email", "--json")
    tried = run(*whole, "--dry-run").json
    assert tried == {
        "gifts": 2, "duplicates": 0, "new_givers": 1, "total": 2_500, "commodity": "USD",
        "warnings": [],
    }  # fmt: skip
    assert run(*whole).json == tried
    assert run(*whole).json["duplicates"] == 2
    file.write_text(LIST.replace("Gift,Date", "How much,When"))
    unclear = run(*whole)
    assert (unclear.code, "--profile" in unclear.err) == (1, True)
    profile.write_text(
        'day = "When"\nday_format = "ymd"\namount = "How much"\ncounterparty = "Name"\n'
        'email = "Email"\n'
    )
    assert run(*whole, "--profile", str(profile)).json["duplicates"] == 2
    assert run("import", "gifts", str(file), "--book", "A").code == 1
