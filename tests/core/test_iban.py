"""Numbers of bank accounts: their form and check digits."""

import pytest

from ledger.core.iban import in_groups, read_bic, read_iban
from ledger.errors import Invalid

# Examples of the registry of ISO 13616.
REGISTERED = (
    "DE89 3704 0044 0532 0130 00",
    "GB29 NWBK 6016 1331 9268 19",
    "FR14 2004 1010 0505 0001 3M02 606",
    "NO93 8601 1117 947",
    "MT84 MALT 0110 0001 2345 MTLC AST0 01S",
)


@pytest.mark.parametrize("text", REGISTERED)
def test_a_registered_example_is_read_without_its_spaces(text: str) -> None:
    assert read_iban(text.lower()) == text.replace(" ", "")
    assert in_groups(read_iban(text)) == text


@pytest.mark.parametrize("text", REGISTERED)
def test_one_wrong_digit_or_two_that_changed_places_are_seen(text: str) -> None:
    bare = text.replace(" ", "")
    for place in range(4, len(bare)):
        if bare[place].isdigit():
            wrong = bare[:place] + str((int(bare[place]) + 1) % 10) + bare[place + 1 :]
            with pytest.raises(Invalid, match="check digits"):
                read_iban(wrong)
        if place > 4 and bare[place] != bare[place - 1]:
            swapped = bare[: place - 1] + bare[place] + bare[place - 1] + bare[place + 1 :]
            with pytest.raises(Invalid, match="check digits"):
                read_iban(swapped)


@pytest.mark.parametrize("text", ["", "DE", "1234", "DE89-3704", "DE89" + "1" * 31, "DÉ8937040044"])
def test_what_has_not_the_form_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="Enter an IBAN"):
        read_iban(text)


def test_a_bic_has_eight_or_eleven_signs_or_none() -> None:
    assert [read_bic(text) for text in ("", "cobadeff", "COBADEFF XXX")] == [
        *("", "COBADEFF", "COBADEFFXXX")
    ]
    with pytest.raises(Invalid, match="BIC"):
        read_bic("COBADEFFX")
