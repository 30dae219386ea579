"""The contract of the command line: names, JSON keys, exit codes, and doing things twice."""

import hashlib
import json
from pathlib import Path

import pytest
from sqlalchemy import func, select

from ledger.db import Database
from ledger.models.statements import BankStatement
from reports.verify import Refused, verify
from tests.cli.conftest import Run
from tests.factories import make_book, make_fund
from tests.queries.damage import break_agency_fund
from tests.statements.bank_files import IBAN, OTHER_IBAN, balance, camt, entry, statement_part
from tests.statements.test_reader import DATA as STATEMENTS

PERIOD = ("--from", "2026-01-01", "--to", "2026-12-31")


def open_books(run: Run) -> None:
    opened = ("--kind", "community", "--currency", "USD")
    assert run("book", "create", "A", "--name", "Ashgrove", *opened).code == 0
    assert run("fund", "create", "A", "GEN", "--class", "unrestricted").code == 0


def gift(day: str, amount: int) -> str:
    legs = [(1010, amount), (4010, -amount)]
    return json.dumps(
        {
            "book": "A",
            "accounting_date": day,
            "event_type": "cash_received",
            "external_ref": day,
            "postings": [
                {"account": account, "fund": "GEN", "commodity": "USD", "quantity": quantity}
                for account, quantity in legs
            ],
        }
    )


def test_a_fresh_database_is_opened_by_init_and_init_again_changes_nothing(run: Run) -> None:
    first = run("init", "--json")
    assert (first.code, list(first.json)) == (0, ["revision"])
    assert run("--json", "init").json == first.json


def test_books_and_funds_are_created_once(run: Run) -> None:
    opened = ("--kind", "community", "--currency", "USD")
    for _time in range(2):
        made = run("book", "create", "A", "--name", "Ashgrove", *opened, "--json")
        assert (made.code, made.json) == (0, {"book": "A"})
        fund = run("fund", "create", "A", "SOLAR", "--class", "purpose", "--json")
        assert (fund.code, fund.json) == (0, {"fund": "SOLAR"})
    other = run("book", "create", "A", "--name", "Elsewhere", *opened)
    assert (other.code, other.out) == (1, "")
    assert "A" in other.err
    assert run("fund", "create", "A", "SOLAR", "--class", "agency").code == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("book", "create", "A", "--name", "x", "--kind", "community", "--currency", "XXX!"),
        ("book", "create", "", "--name", "x", "--kind", "community", "--currency", "USD"),
        ("book", "create", "A B", "--name", "x", "--kind", "community", "--currency", "USD"),
        ("book", "create", "A", "--name", "", "--kind", "community", "--currency", "USD"),
        ("book", "create", "A" * 99, "--name", "x", "--kind", "community", "--currency", "USD"),
        ("fund", "create", "NONE", "GEN", "--class", "unrestricted"),
        ("trial-balance", "--book", "NONE"),
        ("export", "journal", "--book", "NONE", "--format", "csv", "-o", "/dev/null"),
        ("report", "transparency", "--book", "NONE", *PERIOD, "-o", "/dev/null"),
    ],
    ids=" ".join,
)
def test_what_cannot_be_done_is_refused_in_one_sentence(
    run: Run, arguments: tuple[str, ...]
) -> None:
    done = run(*arguments)
    assert (done.code, done.out) == (1, "")
    assert len(done.err.strip().splitlines()) == 1
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("book", "create"),
        ("book", "create", "A", "--name", "x", "--kind", "club", "--currency", "USD"),
        ("trial-balance",),
        ("trial-balance", "--book", "A", "--as-of", "2026-02-30"),
        ("trial-balance", "--book", "A", "--known-at", "yesterday"),
        ("import", "entries", "/does/not/exist"),
        ("export", "journal", "--book", "A", "--format", "xls", "-o", "x"),
        ("report", "transparency", *PERIOD, "-o", "x"),
    ],
    ids=" ".join,
)
def test_wrong_usage_is_two(run: Run, arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert (done.code, done.out) == (2, "")
    assert "Traceback" not in done.err


def test_the_trial_balance_can_be_asked_for_any_day(run: Run, tmp_path: Path) -> None:
    open_books(run)
    file = tmp_path / "in.jsonl"
    file.write_text(
        "\n".join(gift(day, amount) for day, amount in (("2026-01-31", 100), ("2026-02-28", 20)))
    )
    assert run("import", "entries", str(file)).code == 0

    def bank(*arguments: str) -> list[int]:
        rows = run("trial-balance", "--book", "A", "--json", *arguments).json["rows"]
        assert all(
            set(row) == {"account", "fund", "layer", "commodity", "quantity"} for row in rows
        )
        return [row["quantity"] for row in rows if row["account"] == 1010]

    assert bank() == [120]
    assert bank("--as-of", "2026-01-31") == [100]
    assert bank("--as-of", "2026-01-30") == []
    assert bank("--known-at", "2020-01-01T00:00:00+00:00") == []


def test_a_dry_run_reads_a_statement_and_keeps_nothing(
    db: Database, run: Run, tmp_path: Path
) -> None:
    with db.transaction() as session:
        make_fund(session, make_book(session))
    file = tmp_path / "bank.xml"
    file.write_bytes((STATEMENTS / "hall_march.xml").read_bytes())
    shown = run("import", "statement", str(file), "--account", "A/1010", "--dry-run", "--json")
    assert shown.code == 0, shown.err
    assert set(shown.json) == {"format", "statements", "new", "duplicates"}
    with db.snapshot() as session:
        assert session.scalar(select(func.count()).select_from(BankStatement)) == 0
    kept = run("import", "statement", str(file), "--account", "A/1010", "--json").json
    assert kept["new"] == shown.json["new"] > 0
    again = run("import", "statement", str(file), "--account", "A/1010", "--json").json
    assert (again["new"], again["duplicates"]) == (0, kept["new"])
    for place in ("A", "A/x", "A/"):
        assert run("import", "statement", str(file), "--account", place).code == 2
    assert run("import", "statement", str(file), "--account", "A/4010").code == 1


def test_a_file_of_several_accounts_is_taken_by_choice(
    db: Database, run: Run, tmp_path: Path
) -> None:
    with db.transaction() as session:
        make_fund(session, make_book(session, currency="EUR"))
    inside = balance("OPBD", "100.00") + balance("CLBD", "120.00") + entry("20.00")
    two = [statement_part(inside), statement_part(inside, account=OTHER_IBAN, name="S2")]
    file = tmp_path / "bank.xml"
    file.write_text(camt(parts=two))
    into = ("import", "statement", str(file), "--account", "A/1010", "--json")
    refused = run(*into)
    assert (refused.code, refused.out) == (1, "")
    assert "--bank-account" in refused.err
    dry = run(*into, "--dry-run")
    assert (dry.code, dry.json["new"], len(dry.json["statements"])) == (0, 0, 2)
    assert dry.json["refused"][0] in refused.err
    assert "The import would be rejected: The file holds" in dry.err
    taken = run(*into, "--bank-account", IBAN)
    assert (taken.code, taken.json["new"]) == (0, 1)
    assert "left out" in taken.err
    file.write_text(camt(inside.replace("2024-03-04", "2024-05-05"), account=OTHER_IBAN))
    assert "--further-account" in run(*into).err
    assert run(*into, "--same-as", "XX").code == 1
    assert run(*into, "--further-account").json["new"] == 1


def test_a_report_says_what_it_wrote(run: Run, tmp_path: Path) -> None:
    open_books(run)
    file = tmp_path / "report.pdf"
    done = run("report", "transparency", "--book", "A", *PERIOD, "-o", str(file), "--json")
    assert done.code == 0, done.err
    assert done.json["tied"] is True
    assert done.json["pdf_sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    late = ("--from", "2026-12-31", "--to", "2026-01-01")
    assert run("report", "transparency", "--book", "A", *late, "-o", str(file)).code == 1
    nowhere = str(tmp_path / "none" / "x.pdf")
    assert run("report", "transparency", "--book", "A", *PERIOD, "-o", nowhere).code == 1


def test_check_ends_with_one_when_a_rule_is_broken(db: Database, run: Run) -> None:
    assert run("check", "--json").code == 0
    with db.transaction() as session:
        book = make_book(session)
        make_fund(session, book, "HELD", "agency")
    break_agency_fund(db)
    done = run("check", "--json")
    assert done.code == 1
    broken = [row for row in done.json["invariants"] if not row["ok"]]
    assert broken
    assert all(row["first_violation"] for row in broken)


def test_the_first_admin_is_made_by_a_command_and_a_role_ends(run: Run) -> None:
    open_books(run)
    for new in (True, False):
        made = run("role", "give", "Ada@example.org", "A", "admin", "--name", "Ada", "--json")
        assert (made.code, made.json["new"]) == (0, new)
    assert run("role", "give", "ada@example.org", "A", "treasurer").code == 1
    assert run("role", "give", "ada@example.org", "NOWHERE", "admin").code == 1
    assert run("role", "end", "ada@example.org", "A", "admin").code == 0
    assert run("role", "end", "ada@example.org", "A", "admin").code == 1
    assert run("role", "give", "ada@example.org", "A", "treasurer").code == 0


def test_a_checkpoint_kept_in_a_file_proves_what_grew_since(run: Run, tmp_path: Path) -> None:
    open_books(run)
    key = run("checkpoint", "--book", "A", "--json").json["key"]
    # As a shell keeps it.
    kept = tmp_path / "last-year.txt"
    kept.write_text(run("checkpoint", "--book", "A").out)
    entries = tmp_path / "more.jsonl"
    entries.write_text(gift("2026-01-02", 500) + "\n")
    assert run("import", "entries", str(entries)).code == 0
    bundle = tmp_path / "A.zip"
    assert run("bundle", "--book", "A", "-o", str(bundle)).code == 0
    proven = verify(bundle.read_bytes(), since=kept.read_bytes(), key=key)
    assert proven["ok"], proven
    other = kept.read_bytes().replace(b"\nprefix 1 ", b"\nprefix 2 ", 1)
    with pytest.raises(Refused):
        verify(bundle.read_bytes(), since=other, key=key)
