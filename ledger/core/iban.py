"""Whether a bank account number can be one (ISO 13616): its form and its two check digits."""

import re

from ledger.errors import Invalid

_FORM = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
_BIC = re.compile(r"[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?")


def read_iban(text: str) -> str:
    """Return an IBAN without spaces. Raises Invalid for one whose check digits are wrong.

    The first four signs go to the end, letters count from A = 10, and the number leaves the
    remainder 1 when it is divided by 97 (ISO 7064).
    """
    bare = re.sub(r"\s", "", text).upper()
    if not _FORM.fullmatch(bare):
        raise Invalid("Enter an IBAN like DE89 3704 0044 0532 0130 00.", place="iban")
    digits = "".join(str(int(sign, 36)) for sign in bare[4:] + bare[:4])
    if int(digits) % 97 != 1:
        raise Invalid(
            "The check digits of this IBAN are wrong. Compare it with your bank's letter.",
            place="iban",
        )
    return bare


def read_bic(text: str) -> str:
    """Return a bank's code (ISO 9362) in capitals, empty for none. Raises Invalid."""
    bare = re.sub(r"\s", "", text).upper()
    if bare and not _BIC.fullmatch(bare):
        raise Invalid("Enter a BIC of 8 or 11 characters, like COBADEFFXXX.", place="bic")
    return bare


def in_groups(iban: str) -> str:
    """Write an IBAN as banks print it, in groups of four; empty for none."""
    return " ".join(iban[start : start + 4] for start in range(0, len(iban), 4))
