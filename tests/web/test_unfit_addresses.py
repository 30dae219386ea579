"""What no database can hold is refused at the door: addresses, questions, bodies of programs."""

import json

import pytest

from tests.api.conftest import caller_of
from tests.worlds.town import Town

UNFIT = ("a%00", "%00")
WRITES = (
    ("/books/A/entries", {"external_ref": "\ud83d", "event_type": "\0"}),
    ("/books/A/entries", {"postings": [{"fund": "GEN\0"}]}),
    ("/books/A/entries", {"\udfff": 1}),
    ("/campaigns/solar-roof/pledges", {"name": "A\0da", "message": "\ud83d"}),
    ("/campaigns/solar-roof/pledges", {"lines": [{"commodity": "US\0"}]}),
)


def test_no_page_is_asked_with_a_nul(quick_town: Town) -> None:
    client = quick_town.client("treasurer")
    answers = {}
    for endpoint in quick_town.endpoints("GET"):
        path = quick_town.address(endpoint)
        for unfit in UNFIT:
            for query in (f"fund={unfit}", f"book={unfit}", f"{unfit}=1", f"x={unfit}"):
                answers[f"{path}?{query}"] = client.get(f"{path}?{query}").status_code
    assert {path: code for path, code in answers.items() if code != 422} == {}


def test_no_part_of_an_address_is_a_nul(quick_town: Town) -> None:
    client = quick_town.client("treasurer")
    for endpoint in quick_town.endpoints("GET"):
        rule = next(quick_town.app.url_map.iter_rules(endpoint))
        for name in rule.arguments:
            path = quick_town.address(endpoint)
            parts = path.split("/")
            for index in range(1, len(parts)):
                unfit = "/".join([*parts[:index], "a%00", *parts[index + 1 :]])
                assert client.get(unfit).status_code == 404, (name, unfit)


@pytest.mark.parametrize(("path", "body"), WRITES)
def test_no_program_writes_what_cannot_be_stored(
    quick_town: Town, path: str, body: dict[str, object]
) -> None:
    answer = caller_of(quick_town)(
        "post",
        path,
        key="a-key-of-ours",
        data=json.dumps(body),
        content_type="application/json",
    )
    assert answer.status_code == 422
    assert "cannot be stored" in answer.text
