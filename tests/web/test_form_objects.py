"""A form as an object: what its schema says of each field, and where each sentence stands."""

from typing import Any

import pytest
from marshmallow import Schema

from ledger.errors import Conflict, Invalid, NotFound
from ledger.schemas.fields import Count, Day, Line, Money, Text, asked, one_of
from ledger.web.site.forms import WHOLE, Form, errors_of


class Gift(Schema):
    """One field of each kind."""

    amount = Money(2, required=True, metadata=asked("Amount", "In dollars."))
    fund = Line(required=True, metadata=asked("Fund", widget="choice"))
    way = one_of(("a", "b"), "Choose a way.", metadata=asked("Way", options=[("a", "A")]))
    count = Count(load_default=1, metadata=asked("Number"))
    day = Day(load_default=None, metadata=asked("Day", needed=True))
    reason = Text(required=True, metadata=asked("Reason"))
    key = Line(required=True)


def test_the_kind_of_a_field_tells_how_it_is_drawn() -> None:
    form = Form(Gift())
    assert {one.name: one.widget for one in form} == {
        "amount": "money",
        "fund": "choice",
        "way": "choice",
        "count": "count",
        "day": "date",
        "reason": "text",
    }
    assert (form["amount"].inputmode, form["day"].type, form["key"].widget) == (
        "decimal",
        "date",
        "line",
    )
    assert [one.name for one in form if not one.required] == ["count"]


def test_a_field_is_bound_to_what_was_typed_and_what_is_wrong_with_it() -> None:
    form = Form(
        Gift(),
        values={"amount": "x"},
        errors={"amount": ["Enter an amount."]},
        options={"fund": [("GEN", "General")]},
        more={"reason": {"label": "Evidence"}, "weight-A": asked("A", widget="decimal")},
    )
    amount = form["amount"]
    assert (amount.value, amount.errors, amount.hint) == ("x", ["Enter an amount."], "In dollars.")
    assert form["fund"].options == [("GEN", "General")]
    assert form["way"].options == [("a", "A")]
    assert form["reason"].label == "Evidence"
    assert (form["weight-A"].label, form["weight-A"].inputmode) == ("A", "decimal")


def test_the_summary_names_fields_and_leaves_sentences_about_the_whole_form_alone() -> None:
    errors = {"fund": ["Unknown."], WHOLE: ["Closed."], "counts": ["None left."]}
    form = Form(Gift(), errors=errors)
    assert form.problems == [
        ("fund", "Fund", "Unknown."),
        ("", "", "Closed."),
        ("counts", "", "None left."),
    ]


@pytest.mark.parametrize(
    ("refusal", "options", "expected"),
    [
        (Invalid("No.", messages={"a": ["x"], "b": ["y"]}), {}, {"a": ["x"], "b": ["y"]}),
        (Invalid("No.", place="fund"), {}, {"fund": ["No."]}),
        (Conflict("No."), {}, {WHOLE: ["No."]}),
        (NotFound("No.", place="book"), {"named": {"book": "pool"}}, {"pool": ["No."]}),
        (Invalid("No.", messages={"USD": ["x"]}), {"named": {"USD": "money"}}, {"money": ["x"]}),
        (Invalid("No.", place="balances[2]"), {}, {"balances": ["No."]}),
        (Invalid("No.", place="needs[1]"), {"named": {"needs[1]": "need-4"}}, {"need-4": ["No."]}),
        (Invalid("No.", place="entry"), {"only": ("fund",)}, {WHOLE: ["No."]}),
        (Invalid("No.", place="fund"), {"only": ("fund",)}, {"fund": ["No."]}),
        (Invalid("No.", place="row 3"), {"only": (), "tell": True}, {WHOLE: ["row 3: No."]}),
        (Invalid("No.", place="file"), {"only": (), "tell": True}, {WHOLE: ["No."]}),
    ],
)
def test_every_refusal_has_one_way_to_its_field(
    refusal: Invalid | Conflict | NotFound, options: dict[str, Any], expected: object
) -> None:
    assert errors_of(refusal, **options) == expected
