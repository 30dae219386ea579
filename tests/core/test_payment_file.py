"""Payment files: what banks take, to the cent and to the letter."""

import io
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import sepaxml
import xmlschema
from defusedxml.ElementTree import fromstring

from ledger.core.payment_file import (
    NAMESPACE,
    Batch,
    Payment,
    as_csv,
    as_pain_001,
    in_decimals,
    latin,
)

SCHEMA = Path(sepaxml.__file__).parent / "schemas" / "pain.001.001.09.xsd"
PAYMENTS = (
    Payment(
        "C-AAAA-1111", "Müller & Søn <GmbH>", "DE89370400440532013000", 5_240, "R-17 für “Farbe”"
    ),
    Payment("C-BBBB-2222", "=Ann Lee", "FR1420041010050500013M02606", 7, "x" * 300),
)


def batch(bic: str = "COBADEFFXXX") -> Batch:
    return Batch(
        identifier="ELDER-20261201090000",
        holder="Elder Lane Commons e. V. " + "y" * 80,
        iban="DE02120300000000202051",
        bic=bic,
        pay_on=date(2026, 12, 3),
        made_at=datetime(2026, 12, 1, 9, tzinfo=UTC),
        payments=PAYMENTS,
    )


@pytest.mark.parametrize("bic", ["COBADEFFXXX", ""])
def test_the_file_is_true_to_the_schema_of_the_bank(bic: str) -> None:
    schema = xmlschema.XMLSchema(str(SCHEMA))
    data = as_pain_001(batch(bic))
    schema.validate(io.BytesIO(data))
    # The control: with a word that the schema does not know it is not.
    assert not schema.is_valid(io.BytesIO(data.replace(b">SLEV<", b">SOME<")))


def test_its_sums_and_texts_are_what_is_paid() -> None:
    found = fromstring(as_pain_001(batch()))
    names = {"p": NAMESPACE}

    def texts(path: str) -> list[str | None]:
        return [one.text for one in found.findall(f".//p:{path}", names)]

    assert texts("CtrlSum") == ["52.47", "52.47"]
    assert texts("NbOfTxs") == ["2", "2"]
    assert texts("InstdAmt") == ["52.40", "0.07"]
    assert texts("EndToEndId") == ["C-AAAA-1111", "C-BBBB-2222"]
    assert texts("Cdtr/p:Nm") == ["Muller Son GmbH", "Ann Lee"]
    first, second = texts("Ustrd")
    assert first == "C-AAAA-1111 R-17 fur Farbe"
    assert second is not None
    assert len(second) == 140


def test_letters_are_those_that_every_bank_takes() -> None:
    assert latin("Łódź Straße Æble", 70) == "odz Strasse AEble"
    assert latin("  a\tb\n", 70) == "a b"
    assert latin("\u202e<script>", 70) == "script"


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [(5_240, "EUR", "52.40"), (7, "EUR", "0.07"), (7, "JPY", "7"), (1_234, "KWD", "1.234")],
)
def test_amounts_are_written_without_a_fraction_lost(amount: int, currency: str, text: str) -> None:
    assert in_decimals(amount, currency) == text


def test_no_cell_of_the_table_is_a_formula() -> None:
    lines = as_csv(batch(), "USD").decode().splitlines()
    assert lines[0] == "reference,payee,iban,amount,currency,text"
    assert lines[1] == (
        "C-AAAA-1111,Müller & Søn <GmbH>,DE89370400440532013000,52.40,USD,R-17 für “Farbe”"
    )
    assert lines[2].startswith("C-BBBB-2222,'=Ann Lee,")
