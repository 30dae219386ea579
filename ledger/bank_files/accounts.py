"""Tell whether two names that files use are one account at a bank.

A camt file says the IBAN, an MT940 file "bank code/number", an OFX file the bare number, a table
whatever its heading is. Must not know the database.
"""

import re

IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
# Fewer digits than these say too little to tell accounts apart.
TELLING = 6
SHOWN_OF_MASKED = 4
# Some countries put check digits behind the account number.
_CHECK_DIGITS = 3
_MASKED = re.compile(r"[X*x•.]{2,}\D*(\d{4,})$")


def same_account(one: str, other: str) -> bool:
    """Tell whether two names are surely one account."""
    first, second = bare(one), bare(other)
    if first == second:
        return True
    for short, long in ((one, second), (other, first)):
        masked = _MASKED.search(short.strip())
        if masked and len(masked[1]) >= SHOWN_OF_MASKED and long.endswith(masked[1]):
            return True
    if is_iban(first) and not is_iban(second):
        return _within(other, first[4:])
    if is_iban(second) and not is_iban(first):
        return _within(one, second[4:])
    numbers, others = _numbers(one), _numbers(other)
    return bool(numbers and others) and numbers[-1] == others[-1] and len(numbers[-1]) >= TELLING


def surely_other(one: str, other: str) -> bool:
    """Tell whether two names are surely two accounts: both say a number, and not the same."""
    if same_account(one, other):
        return False
    return (is_telling(one) and is_telling(other)) or _numbered_apart(one, other)


def two_ibans(one: str, other: str) -> bool:
    """Tell whether two names are two IBANs, which are never one account."""
    first, second = bare(one), bare(other)
    return first != second and is_iban(first) and is_iban(second)


def _numbered_apart(one: str, other: str) -> bool:
    """Tell whether two names of one kind differ in their number: "12345" and "99999", "Hall/1" and
    "Hall/2"."""
    if is_iban(bare(one)) or is_iban(bare(other)):
        return False
    first, second = _numbers(one), _numbers(other)
    if not first or not second or first[-1] == second[-1]:
        return False
    alike = re.sub(r"[\d ./-]", "", one.upper()) == re.sub(r"[\d ./-]", "", other.upper())
    return alike or min(len(first[-1]), len(second[-1])) >= SHOWN_OF_MASKED


def is_telling(name: str) -> bool:
    """Tell whether a name says an account's number, or is only a label ("Girokonto")."""
    return is_iban(bare(name)) or any(len(number) >= TELLING for number in _numbers(name))


def is_iban(name: str) -> bool:
    """Tell whether a name has the shape of an IBAN."""
    return IBAN.fullmatch(name) is not None


def bare(name: str) -> str:
    """Return a name without blanks and signs, in capitals."""
    return "".join(sign for sign in name.upper() if sign.isalnum())


def _numbers(name: str) -> list[str]:
    """Return the numbers in a name, without dots and leading zeros: bank code, then account."""
    joined = re.sub(r"(?<=\d)[ .-](?=\d)", "", name)
    return [digits.lstrip("0") for digits in re.findall(r"\d+", joined) if digits.strip("0")]


def _within(name: str, national: str) -> bool:
    """Tell whether a local number is the account of an IBAN's national part."""
    numbers = _numbers(name)
    if not numbers:
        return False
    account, banks = numbers[-1], numbers[:-1]
    for behind in range(_CHECK_DIGITS + 1):
        rest = national[: len(national) - behind]
        before = rest[: -len(account)]
        if not rest.endswith(account):
            continue
        if any(bank in before for bank in banks):
            return True
        # A whole number: zeros or the bank's letters stand before it, or it is long enough.
        if len(account) >= TELLING and (len(account) > TELLING + 1 or not before[-1:].isdigit()
                                        or before.endswith("0")):  # fmt: skip
            return True
    return False
