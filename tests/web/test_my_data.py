"""A donor takes along what is kept about them, and has it erased."""

from ledger.queries.people.people import person_by_email
from tests.worlds.town import Town


def test_a_donor_takes_along_what_is_kept_and_is_erased(town: Town) -> None:
    donor = town.client("donor")
    kept = donor.get("/my-data.json").get_json()
    assert kept["email"] in donor.get("/my-data").text
    assert kept["pledges"]
    wrong = donor.post("/my-data/erase", data={"email": "nobody@example.org"})
    assert wrong.status_code == 403
    assert "This is not the e-mail address you signed in with" in wrong.text
    done = donor.post("/my-data/erase", data={"email": kept["email"]})
    assert done.status_code == 303
    assert donor.get("/my-data").headers["Location"] == "/sign-in"
    with town.db.snapshot() as session:
        assert person_by_email(session, kept["email"]) is None


def test_who_holds_a_role_hears_why_they_are_not_erased(town: Town) -> None:
    treasurer = town.client("treasurer")
    address = treasurer.get("/my-data.json").get_json()["email"]
    refused = treasurer.post("/my-data/erase", data={"email": address})
    assert refused.status_code == 409
    assert "Your roles must end first" in refused.text
