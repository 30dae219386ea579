"""The page of the log of rights: who sees it, what it says, and what a spreadsheet gets."""

import csv
import io

from tests.worlds.town import Town, person_in

PAGE, FILE = "/books/A/rights", "/books/A/rights.csv"


def test_what_an_admin_does_about_rights_is_there_for_the_auditor(town: Town) -> None:
    admin = town.client("admin")
    new = {"name": "Nia <b>", "email": "nia@example.org", "role": "member"}
    assert admin.post("/books/A/people", data=new).status_code == 303
    assert admin.get("/my-data.json").status_code == 200
    treasurer = town.client("treasurer")
    assert treasurer.get("/books/A/export/csv").status_code == 200
    assert treasurer.get("/books/A/bundle.zip").status_code == 200
    shown = town.client("auditor").get(PAGE).text
    assert "Nia &lt;b&gt;" in shown
    assert "nia@example.org" not in shown
    for words in (
        "Granted a role",
        "role: member",
        "Downloaded personal data",
        "Exported data",
        "format: bundle",
        "Signed in",
    ):
        assert words in shown


def test_the_file_names_people_by_their_ids_and_its_download_is_logged(town: Town) -> None:
    auditor = town.client("auditor")
    rows = list(csv.DictReader(io.StringIO(auditor.get(FILE).text)))
    assert {row["kind"] for row in rows} >= {"role_granted", "signed_in"}
    granted = [row for row in rows if row["kind"] == "role_granted"]
    assert str(town.people["treasurer"]) in {row["person"] for row in granted}
    numbers = [int(row["number"]) for row in rows if row["number"]]
    assert numbers == list(range(1, len(numbers) + 1))
    again = list(csv.DictReader(io.StringIO(auditor.get(FILE).text)))
    assert again[len(rows)]["kind"] == "data_exported"
    assert again[len(rows)]["details"] == "format=rights.csv"
    assert again[len(rows)]["actor"] == str(person_in(town, auditor))


def test_long_logs_come_in_pages(town: Town) -> None:
    for _time in range(60):
        town.client("member")
    admin = town.client("admin")
    first = admin.get(PAGE).text
    assert first.count('data-label="When"') == 50
    way = first.split('class="more"')[1].split('href="')[1].split('"')[0].replace("&amp;", "&")
    second = admin.get(way).text
    assert second.count('data-label="When"') > 10
    assert "rights=" in way
