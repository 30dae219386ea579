"""A table of a bank that nobody knows: said once what its columns are, imported, remembered."""

import io
import re
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from ledger.bank_files import read_statement
from ledger.models.statements import BankLine
from ledger.models.tables import TableDraft, TableMapping
from ledger.queries.books.books import book_by_code
from ledger.services.importing.tables import remembered_for
from ledger.services.statements import statements
from ledger.stripe.checkout.daily_charges import keep_schedules
from tests.conftest import NOW
from tests.worlds.town import Town

TABLE = (
    "Klub;Konto\nWann;Wer;Wohin;Wieviel;Extra\n03.04.2026;Ada;rein;1.020,50;=1+1\n"
    "04.04.2026;<b>Bo</b>;raus;5,00;\n"
)
SAID = {
    "heading_line": "2",
    "day_format": "dmy",
    "decimal_mark": "",
    "encoding": "",
    "currency": "USD",
    "opening": "",
    "money_out": "raus",
    "booked": "",
    "column-1": "day",
    "column-2": "counterparty",
    "column-3": "sign",
    "column-4": "amount",
    "column-5": "texts",
}


def sent(town: Town, text: str, where: str = "/books/A/statements") -> TestResponse:
    return town.client("treasurer").post(
        where,
        data={"file": (io.BytesIO(text.encode()), "../club <1>.csv")},
        content_type="multipart/form-data",
    )


def said(town: Town, where: str, **answers: str) -> TestResponse:
    return town.client("treasurer").post(where, data={**SAID, **answers})


def lines(town: Town) -> int:
    with town.db.snapshot() as session:
        return session.scalar(select(func.count()).select_from(BankLine)) or 0


def test_a_table_is_said_previewed_imported_and_remembered(town: Town) -> None:
    before = lines(town)
    led = sent(town, TABLE)
    assert led.status_code == 303
    shown = town.client("treasurer").get(led.location)
    assert (shown.status_code, "club &lt;1&gt;.csv" in shown.text) == (200, True)
    assert "No row holds headings that we know" in shown.text
    assert "<b>Bo</b>" not in shown.text
    assert '<button name="action" value="import">' not in shown.text
    preview = said(town, led.location, action="preview")
    assert preview.status_code == 200
    for part in ("1,020.50", "-5.00", "1,015.50", "2 new lines, 0 already known."):
        assert part in preview.text
    assert lines(town) == before
    done = said(town, led.location, action="import")
    assert (done.status_code, done.location) == (303, "/books/A/statements")
    assert lines(town) == before + 2
    assert town.client("treasurer").get(led.location).status_code == 404
    # The next one with these headings needs nobody, with more lines above them or fewer.
    later = (
        TABLE.replace("Klub;Konto\n", "").replace("03.04.", "05.04.").replace("04.04.", "06.04.")
    )
    assert sent(town, later).location == "/books/A/statements"
    assert lines(town) == before + 4
    assert sent(town, later).location == "/books/A/statements"
    assert lines(town) == before + 4
    # Somebody can still say it anew.
    again = sent(town, later, "/books/A/statements/tables")
    shown = town.client("treasurer").get(again.location)
    assert re.search(
        r'name="column-4"[^>]*>(?:(?!</select>).)*<option value="amount" selected>',
        shown.text,
        re.DOTALL,
    )
    assert 'value="raus"' in shown.text
    assert '<button name="action" value="import">' in shown.text


def test_the_page_the_command_and_the_dry_run_read_the_same(town: Town) -> None:
    led = sent(town, TABLE.replace("Extra", "Rest"))
    said(town, led.location, action="import")
    text = TABLE.replace("Extra", "Rest").encode()
    with town.db.snapshot() as session:
        book = book_by_code(session, "A")
        known = remembered_for(session, book_id=book.id, account=1010)
        file = read_statement(text, currency="USD", remembered=known)
        tried = statements.preview_statement(session, book=book, account=1010, file=file)
    assert (tried.new, tried.duplicates) == (0, 2)
    assert tried.statements[0]["credits"] == 102_050


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        (
            {"column-4": ""},
            "Choose the column of the amount, or the two columns of amounts paid out and paid in",
        ),
        ({"column-1": ""}, "Choose the column of the date"),
        ({"column-5": "amount"}, "Two different columns cannot be the same:"),
        ({"money_out": ""}, "does not say whether the money came in or went out"),
        ({"day_format": "ymd"}, "line 3, Wann: "),
        ({"decimal_mark": "."}, "line 3, Wieviel: "),
        ({"currency": "ABC"}, "is not a currency"),
        ({"opening": "much"}, "is not an amount"),
        ({"heading_line": "99"}, "Choose the line with the headings"),
        ({"column-5": "balance"}, "line 3, Extra: "),
        ({"currency": "EUR"}, "the book in USD"),
    ],
)
def test_what_cannot_be_read_so_is_said_and_nothing_is_imported(
    quick_town: Town, answers: dict[str, str], words: str
) -> None:
    where = sent(quick_town, TABLE.replace("Wer", "Von wem")).location
    before = lines(quick_town)
    answered = said(quick_town, where, **{"action": "import", **answers})
    assert answered.status_code == 422
    assert words in answered.text
    assert lines(quick_town) == before


def test_a_table_without_headings_is_said_by_number(town: Town) -> None:
    where = sent(town, "2026-05-03,20.00,Ada\n2026-05-04,-5.00,Bo\n").location
    shown = town.client("treasurer").get(where)
    assert re.search(
        r'name="column-2"[^>]*>(?:(?!</select>).)*<option value="amount" selected>',
        shown.text,
        re.DOTALL,
    )
    answers = {
        "heading_line": "0", "day_format": "ymd", "column-1": "day", "column-2": "amount",
        "column-3": "texts", "money_out": "", "action": "import",
    }  # fmt: skip
    del SAID["column-4"], SAID["column-5"]
    before = lines(town)
    try:
        assert said(town, where, **answers).status_code == 303
    finally:
        SAID.update({"column-4": "amount", "column-5": "texts"})
    assert lines(town) == before + 2


def test_a_table_of_another_bank_account_is_asked_about(quick_town: Town) -> None:
    heading = "Konto;Wann;Wieviel\n"
    answers = {
        "heading_line": "1", "column-1": "account_column", "column-2": "day",
        "column-3": "amount", "money_out": "", "action": "import",
    }  # fmt: skip
    said_all = {key: value for key, value in SAID.items() if key not in ("column-4", "column-5")}
    treasurer = quick_town.client("treasurer")
    asked = None
    for iban in ("DE89370400440532013000", "NL91ABNA0417164300"):
        row = f"{iban};07.05.2026;-{iban[2]},00\n"
        where = sent(quick_town, heading + row, "/books/A/statements/tables").location
        asked = treasurer.post(where, data={**said_all, **answers})
        if asked.status_code == 303:
            continue
        previewed = treasurer.post(where, data={**said_all, **answers, "action": "preview"})
        for page in (asked.text, previewed.text):
            # The page said what the command says.
            assert "Which bank account is this?" in page
            assert 'value="further"' in page
            assert "--same-as" not in page
            assert "--further-account" not in page
        before = lines(quick_town)
        further = {"bank_account": iban, "known_as": "further"}
        done = treasurer.post(where, data={**said_all, **answers, **further})
        assert done.status_code == 303
        assert lines(quick_town) == before + 1
    assert asked is not None
    assert asked.status_code == 422


def test_a_file_is_thrown_away_or_forgotten_after_a_day(town: Town) -> None:
    where = sent(town, TABLE.replace("Wer", "Name")).location
    assert said(town, where, action="drop").location == "/books/A/statements"
    assert town.client("treasurer").get(where).status_code == 404
    where = sent(town, TABLE.replace("Wer", "Name")).location
    keep_schedules(town.db, None, now=NOW + timedelta(hours=23))
    assert town.client("treasurer").get(where).status_code == 200
    keep_schedules(town.db, None, now=NOW + timedelta(hours=25))
    assert town.client("treasurer").get(where).status_code == 404
    with town.db.snapshot() as session:
        assert session.scalar(select(func.count()).select_from(TableDraft)) == 0


def test_what_was_said_last_is_what_is_remembered(town: Town) -> None:
    text = TABLE.replace("Wer", "Wen")
    for column in ("texts", ""):
        where = sent(town, text, "/books/A/statements/tables").location
        assert said(town, where, action="import", **{"column-5": column}).status_code == 303
    with town.db.snapshot() as session:
        rows = session.scalars(select(TableMapping)).all()
        mine = [row.profile for row in rows if "Wen" in row.headings]
    assert [profile.get("texts", []) for profile in mine] == [[]]
